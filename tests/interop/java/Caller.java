// Prints the caller's ARN as the AWS SDK for Java 2 has it, of the profile in AWS_PROFILE or of whatever it finds.
// `Caller KEYS` goes on, with the id of each new access key that AWS takes, until there were so many.

import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.services.sts.StsClient;

public class Caller {
    public static void main(String[] arguments) {
        try (DefaultCredentialsProvider credentials = DefaultCredentialsProvider.builder().build();
                StsClient sts = StsClient.builder().credentialsProvider(credentials).build()) {
            String last = "";
            for (int left = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 0; ; Thread.sleep(200)) {
                String key = credentials.resolveCredentials().accessKeyId();
                String arn = sts.getCallerIdentity().arn();
                if (arguments.length == 0) {
                    System.out.println(arn);
                    return;
                }
                if (!key.equals(last)) {
                    last = key;
                    System.out.println(key);
                    if (--left <= 0) {
                        return;
                    }
                }
            }
        } catch (Exception error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }
}
