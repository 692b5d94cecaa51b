// Prints the caller's ARN as the AWS SDK for Go v2 has it, of a profile or of whatever it finds: `caller [PROFILE]`.
// `caller "" KEYS` goes on, with the id of each new access key that AWS takes, until there were so many.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	profile, keys := "", 0
	if len(os.Args) > 1 {
		profile = os.Args[1]
	}
	if len(os.Args) > 2 {
		keys, _ = strconv.Atoi(os.Args[2])
	}
	background := context.Background()
	settings, err := config.LoadDefaultConfig(background, config.WithSharedConfigProfile(profile))
	for last := ""; err == nil; time.Sleep(200 * time.Millisecond) {
		var now aws.Credentials
		if now, err = settings.Credentials.Retrieve(background); err != nil {
			break
		}
		var caller *sts.GetCallerIdentityOutput
		if caller, err = sts.NewFromConfig(settings).GetCallerIdentity(background, nil); err != nil {
			break
		}
		if len(os.Args) < 3 {
			fmt.Println(*caller.Arn)
			return
		}
		if now.AccessKeyID != last {
			last = now.AccessKeyID
			fmt.Println(last)
			if keys--; keys <= 0 {
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
