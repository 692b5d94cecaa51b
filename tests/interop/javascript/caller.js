// Prints the caller's ARN as the AWS SDK for JavaScript 3 has it: `node caller.js PROFILE`.
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const profile = process.argv[2];
new STSClient({ profile })
  .send(new GetCallerIdentityCommand({}))
  .then(({ Arn }) => console.log(Arn))
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
