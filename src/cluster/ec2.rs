//! The two questions that EC2 is asked: subnets and a security group.

use aws_config::SdkConfig;

use super::aws::AwsFailure;
use super::query::{Service, ask};

/// A region's own.
fn service(aws: &SdkConfig) -> Service {
    let region = aws.region().map(|region| region.as_ref().to_owned()).unwrap_or_default();
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Service {
        name: "ec2",
        version: "2016-11-15",
        endpoint_variable: "AWS_ENDPOINT_URL_EC2",
        endpoint: format!("https://ec2.{region}.{suffix}"),
        region,
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    /// How many addresses are free.
    pub(super) free: u32,
    pub(super) tags: Vec<(String, String)>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecurityGroup {
    /// Whether a rule lets all traffic in that comes from the group itself.
    pub(super) lets_itself_in: bool,
}

/// The subnets that a filter finds.
pub(super) async fn subnets(
    aws: &SdkConfig,
    filter: &str,
    values: &[String],
) -> Result<Vec<Subnet>, AwsFailure> {
    let mut parameters = vec![("Filter.1.Name".to_owned(), filter.to_owned())];
    let values = values.iter().enumerate();
    parameters
        .extend(values.map(|(number, value)| (format!("Filter.1.Value.{}", number + 1), value.clone())));
    let answer = ask(aws, &service(aws), "DescribeSubnets", &parameters).await?;
    let items = answer.child("subnetSet").into_iter().flat_map(|set| set.all("item"));
    Ok(items
        .map(|item| Subnet {
            id: item.text_of("subnetId"),
            zone: item.text_of("availabilityZone"),
            free: item.text_of("availableIpAddressCount").parse().unwrap_or_default(),
            tags: item
                .child("tagSet")
                .into_iter()
                .flat_map(|set| set.all("item"))
                .map(|tag| (tag.text_of("key"), tag.text_of("value")))
                .collect(),
        })
        .collect())
}

/// A security group; none where EC2 answers without it.
pub(super) async fn security_group(aws: &SdkConfig, id: &str) -> Result<Option<SecurityGroup>, AwsFailure> {
    let answer =
        ask(aws, &service(aws), "DescribeSecurityGroups", &[("GroupId.1".to_owned(), id.to_owned())]).await?;
    let mut groups = answer.child("securityGroupInfo").into_iter().flat_map(|set| set.all("item"));
    let Some(group) = groups.find(|group| group.text_of("groupId") == id) else { return Ok(None) };
    let mut rules = group.child("ipPermissions").into_iter().flat_map(|set| set.all("item"));
    let lets_itself_in = rules.any(|rule| {
        let mut sources = rule.child("groups").into_iter().flat_map(|set| set.all("item"));
        rule.text_of("ipProtocol") == "-1" && sources.any(|source| source.text_of("groupId") == id)
    });
    Ok(Some(SecurityGroup { lets_itself_in }))
}
