// Prints the caller's ARN as the AWS SDK for Go v2 has it: `caller PROFILE`.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	background := context.Background()
	settings, err := config.LoadDefaultConfig(background, config.WithSharedConfigProfile(os.Args[1]))
	if err == nil {
		var caller *sts.GetCallerIdentityOutput
		if caller, err = sts.NewFromConfig(settings).GetCallerIdentity(background, nil); err == nil {
			fmt.Println(*caller.Arn)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
