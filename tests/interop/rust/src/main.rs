//! Prints the caller's ARN as the AWS SDK for Rust has it: `caller PROFILE`.

use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let profile = std::env::args().nth(1).ok_or("usage: caller PROFILE")?;
    let client = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::from_env().profile_name(profile).http_client(client).load().await;
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await?;
    println!("{}", caller.arn().ok_or("no ARN")?);
    Ok(())
}
