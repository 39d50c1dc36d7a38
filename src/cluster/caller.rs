//! Who the credentials at hand belong to.

use std::path::PathBuf;

use aws_config::{Region, SdkConfig};

use super::ClusterError;
use super::aws::AwsFailure;

/// Any will do for STS, and it wants one.
const ANY_REGION: &str = "us-east-1";

/// Somebody, as STS knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The twelve digits of the account.
    pub account: String,
    /// `arn:aws:sts::…:assumed-role/…`, `arn:aws:iam::…:user/…`.
    pub arn: String,
}

/// Where the SDKs look for credentials, or for the way to some.
const VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];
/// The files of profiles, with the variables that name others.
const FILES: &[(&str, &str)] =
    &[("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), ("AWS_CONFIG_FILE", ".aws/config")];

/// Whether anything of this machine says that there are credentials. What a machine in AWS gets from its role is not
/// among it: to ask for that takes a while elsewhere.
pub fn credentials_are_set_up() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = std::env::home_dir().unwrap_or_default();
    let is_there = |(variable, file): &(&str, &str)| {
        set(variable).map_or_else(|| home.join(file), PathBuf::from).exists()
    };
    VARIABLES.iter().any(|name| set(name).is_some()) || FILES.iter().any(is_there)
}

/// Asks STS who calls, which needs no permission.
pub async fn caller(aws: &SdkConfig) -> Result<Caller, ClusterError> {
    let region = aws.region().cloned().unwrap_or(Region::from_static(ANY_REGION));
    let config = aws_sdk_sts::config::Builder::from(aws).region(region.clone()).build();
    let answer = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await;
    let answer = answer.map_err(|error| {
        let failure = AwsFailure::from(error);
        failure.into_error("GetCallerIdentity", "sts:GetCallerIdentity", region.as_ref())
    })?;
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Ok(Caller { account: text(answer.account()), arn: text(answer.arn()) })
}
