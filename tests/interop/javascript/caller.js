// Prints the caller's ARN as the AWS SDK for JavaScript 3 has it, of a profile or of whatever it finds:
// `node caller.js [PROFILE]`. `node caller.js "" KEYS` goes on, with the id of each new access key that AWS takes, until
// there were so many.
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const [profile, keys] = process.argv.slice(2);
const client = new STSClient(profile ? { profile } : {});

async function main() {
  for (let last, left = Number(keys); ; ) {
    const { accessKeyId } = await client.config.credentials();
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    if (!keys) return console.log(Arn);
    if (accessKeyId !== last) {
      console.log((last = accessKeyId));
      if (--left <= 0) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
