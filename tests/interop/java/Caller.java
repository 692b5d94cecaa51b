// Prints the caller's ARN as the AWS SDK for Java 2 has it, of the profile in AWS_PROFILE.

import software.amazon.awssdk.services.sts.StsClient;

public class Caller {
    public static void main(String[] arguments) {
        try (StsClient sts = StsClient.create()) {
            System.out.println(sts.getCallerIdentity().arn());
        } catch (Exception error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }
}
