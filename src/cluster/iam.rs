//! The two questions that IAM is asked: its OIDC providers and the account's alias.

use aws_config::SdkConfig;

use super::aws::AwsFailure;
use super::query::{Element, Service, ask};

/// One for all regions of a partition, and in one of them.
fn service(aws: &SdkConfig) -> Service {
    let region = aws.region().map_or("", |region| region.as_ref());
    let (host, region) = if region.starts_with("cn-") {
        ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
    } else if region.starts_with("us-gov-") {
        ("iam.us-gov.amazonaws.com", "us-gov-west-1")
    } else {
        ("iam.amazonaws.com", "us-east-1")
    };
    Service {
        name: "iam",
        version: "2010-05-08",
        endpoint_variable: "AWS_ENDPOINT_URL_IAM",
        endpoint: format!("https://{host}"),
        region: region.to_owned(),
    }
}

/// The ARNs of the OIDC providers that the account trusts.
pub(super) async fn oidc_providers(aws: &SdkConfig) -> Result<Vec<String>, AwsFailure> {
    let answer = ask(aws, &service(aws), "ListOpenIDConnectProviders", &[]).await?;
    let listed = members(&answer, "ListOpenIDConnectProvidersResult", "OpenIDConnectProviderList");
    Ok(listed.map(|provider| provider.text_of("Arn")).collect())
}

/// The account's alias, where it has one: there is one at most.
pub(crate) async fn account_alias(aws: &SdkConfig) -> Result<Option<String>, AwsFailure> {
    let answer = ask(aws, &service(aws), "ListAccountAliases", &[]).await?;
    let alias = members(&answer, "ListAccountAliasesResult", "AccountAliases").next();
    Ok(alias.map(|alias| alias.text.trim().to_owned()))
}

fn members<'a>(answer: &'a Element, result: &str, list: &str) -> impl Iterator<Item = &'a Element> {
    let list = answer.child(result).and_then(|result| result.child(list));
    list.into_iter().flat_map(|list| list.all("member"))
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[test]
    fn each_partition_has_an_iam_of_its_own() {
        for (region, endpoint, signed_for) in [
            ("eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
            ("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ] {
            let service = service(&SdkConfig::builder().region(Region::new(region)).build());
            assert_eq!((&*service.endpoint, &*service.region), (endpoint, signed_for));
        }
    }
}
