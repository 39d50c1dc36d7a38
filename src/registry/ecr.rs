//! ECR: Amazon's registries, one an account and a region, whose logins AWS gives for twelve hours.

use std::sync::LazyLock;

use aws_sdk_ecr::Client;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use super::error::RegistryError;
use super::login::{Login, LoginKind};
use crate::cluster::aws::AwsFailure;
use crate::cluster::load_aws;
use crate::support::secret::Secret;

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, China's `.cn`, FIPS, and the hosts with two stacks.
static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^[0-9]{12}\.(?:dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|dkr-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))$",
    )
    .ok()
});

/// The region of a registry of ECR's; none of another one.
pub(super) fn region(registry: &str) -> Option<&str> {
    let found = HOST.as_ref()?.captures(registry)?;
    found.get(1).or(found.get(2)).map(|region| region.as_str())
}

/// The login that AWS gives for it, by the credentials of the environment, the profile or the instance.
pub(super) async fn login(registry: &str, region: &str) -> Result<Login, RegistryError> {
    let config = load_aws(Some(region)).await;
    let failed = |error: AwsFailure| RegistryError::Aws {
        registry: registry.to_owned(),
        source: Box::new(error.into_error("GetAuthorizationToken", "ecr:GetAuthorizationToken", region)),
    };
    let answer = Client::new(&config).get_authorization_token().send().await;
    let answer = answer.map_err(|error| failed(error.into()))?;
    let unusable = || RegistryError::Login {
        registry: registry.to_owned(),
        from: FROM.to_owned(),
        cause: "AWS gave no usable token; try aws ecr get-login-password".to_owned(),
    };
    let given = answer
        .authorization_data()
        .first()
        .and_then(|data| data.authorization_token())
        .ok_or_else(unusable)?;
    let given = Secret::new(given);
    let text = STANDARD.decode(given.expose()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(unusable)?;
    let (user, password) = text.split_once(':').ok_or_else(unusable)?;
    let kind = LoginKind::Password { user: user.to_owned(), password: Secret::new(password) };
    Ok(Login { kind, from: FROM.to_owned() })
}

const FROM: &str = "AWS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ecrs_own_hosts_get_a_login_of_aws() {
        for (host, expected) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        ] {
            assert_eq!(region(host), Some(expected), "{host}");
        }
        for host in [
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443",
            "evil.123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.eu.west.amazonaws.com",
            "public.ecr.aws",
            "123.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1xamazonaws.com",
        ] {
            assert_eq!(region(host), None, "{host}");
        }
    }
}
