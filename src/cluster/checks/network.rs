//! The cluster's subnets and its security group, as EC2 has them.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Cluster, VpcConfigResponse};

use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::{AwsFailure, FailureKind};
use crate::cluster::ec2::{SecurityGroup, Subnet, security_group, subnets};

/// What EKS may need for itself when a cluster is upgraded.
pub(in crate::cluster) const ADDRESSES_OF_AN_UPGRADE: u32 = 5;

const ROLES: [&str; 2] = ["kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"];

/// Subnets there, with addresses, in two zones, tagged; the security group there and open to itself. `free_addresses` is what
/// slipway.hcl wants of each subnet.
pub(in crate::cluster) async fn network(
    asking: &Asking<'_>,
    cluster: &Cluster,
    free_addresses: Option<u32>,
) -> Vec<Finding> {
    let Some(vpc) = cluster.resources_vpc_config() else { return Vec::new() };
    if vpc.subnet_ids().is_empty() {
        return Vec::new();
    }
    let group = vpc.cluster_security_group_id().filter(|group| !group.is_empty());
    let (around, group) = futures::join!(of_cluster(asking, vpc), async {
        match group {
            Some(group) => Some((group, security_group(asking.aws, group).await)),
            None => None,
        }
    });
    let mut findings = match around {
        Ok(around) => of_subnets(vpc, &around, free_addresses),
        Err(failure) => {
            let question = Question::new("network.subnets", "the cluster's subnets are there");
            vec![question.unanswered(&failure, "ec2:DescribeSubnets", free_addresses.is_some())]
        }
    };
    findings.extend(group.map(|(id, answer)| of_group(asking, id, answer)));
    findings
}

/// The subnets of the cluster's VPC, or the cluster's own where the VPC is not told.
pub(in crate::cluster) async fn of_cluster(
    asking: &Asking<'_>,
    vpc: &VpcConfigResponse,
) -> Result<Vec<Subnet>, AwsFailure> {
    match vpc.vpc_id().filter(|id| !id.is_empty()) {
        Some(id) => subnets(asking.aws, "vpc-id", &[id.to_owned()]).await,
        None => subnets(asking.aws, "subnet-id", vpc.subnet_ids()).await,
    }
}

fn of_subnets(vpc: &VpcConfigResponse, around: &[Subnet], wanted: Option<u32>) -> Vec<Finding> {
    let ids: BTreeSet<&str> = vpc.subnet_ids().iter().map(String::as_str).collect();
    let own: Vec<&Subnet> = around.iter().filter(|subnet| ids.contains(subnet.id.as_str())).collect();
    let gone: Vec<&str> =
        ids.iter().copied().filter(|id| own.iter().all(|subnet| subnet.id != *id)).collect();
    let there = Question::new("network.subnets", "the cluster's subnets are there");
    let there = if gone.is_empty() {
        there.pass(format!("{} subnets", own.len()))
    } else {
        there.fail(
            &kinds::SUBNET_MISSING,
            format!("EC2 has no {}", gone.join(", ")),
            "bring the subnets back, or give the cluster others of its VPC with `update-cluster-config` (apply the cluster unit)",
        )
    };
    if own.is_empty() {
        return vec![there];
    }
    vec![there, addresses(&own, wanted), zones(&own), tags(around)]
}

fn addresses(own: &[&Subnet], wanted: Option<u32>) -> Finding {
    let question = Question::new("network.addresses", "the cluster's subnets have free addresses");
    let least = wanted.unwrap_or(ADDRESSES_OF_AN_UPGRADE);
    let listed = |subnets: &[&Subnet]| {
        subnets
            .iter()
            .map(|subnet| format!("{}: {} free", subnet.id, subnet.free))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let short: Vec<&Subnet> = own.iter().copied().filter(|subnet| subnet.free < least).collect();
    if short.is_empty() {
        return question.pass(listed(own));
    }
    let help = "free addresses (unused network interfaces), use prefix delegation, or give the cluster larger subnets";
    let finding = if wanted.is_some() {
        question.fail(&kinds::FEW_ADDRESSES, listed(&short), help)
    } else {
        question.warn(&kinds::FEW_ADDRESSES, listed(&short), help)
    };
    finding.expected(format!("at least {least} free addresses in each subnet"))
}

fn zones(own: &[&Subnet]) -> Finding {
    let question = Question::new("network.zones", "the cluster spans two zones");
    let zones: BTreeSet<&str> = own.iter().map(|subnet| subnet.zone.as_str()).collect();
    let seen = zones.iter().copied().collect::<Vec<_>>().join(", ");
    if zones.len() > 1 {
        question.pass(seen)
    } else {
        question.warn(
            &kinds::ONE_ZONE,
            format!("all subnets are in {seen}"),
            "add a subnet in another zone to the cluster",
        )
    }
}

fn tags(around: &[Subnet]) -> Finding {
    let question = Question::new("network.tags", "load balancers find subnets");
    let tagged: Vec<String> = ROLES
        .iter()
        .filter_map(|role| {
            let count = around.iter().filter(|subnet| subnet.tags.iter().any(|(key, _)| key == role)).count();
            (count > 0).then(|| format!("{count} with {role}"))
        })
        .collect();
    if tagged.is_empty() {
        question.warn(
            &kinds::SUBNETS_UNTAGGED,
            "no subnet of the VPC has either tag",
            "tag public subnets `kubernetes.io/role/elb = 1` and private ones `kubernetes.io/role/internal-elb = 1` in the \
             networking unit",
        )
    } else {
        question.pass(tagged.join(", "))
    }
}

fn of_group(asking: &Asking<'_>, id: &str, answer: Result<Option<SecurityGroup>, AwsFailure>) -> Finding {
    let question = Question::new("network.security_group", "nodes and control plane may speak to each other");
    let gone = || {
        question.fail(
            &kinds::SECURITY_GROUP_MISSING,
            format!("EC2 has no {id}"),
            "EKS makes it with the cluster and nobody else can: have AWS support bring it back, or make the cluster anew",
        )
    };
    match answer {
        Err(failure) if failure.kind == FailureKind::NotFound => gone(),
        Err(failure) => question.unanswered(&failure, "ec2:DescribeSecurityGroups", false),
        Ok(None) => gone(),
        Ok(Some(group)) if group.lets_itself_in => question.pass(format!("{id} lets itself in")),
        Ok(Some(_)) => question
            .warn(
                &kinds::SECURITY_GROUP_CLOSED,
                format!("no rule of {id} lets all of {id} in"),
                "give it back the rule that EKS made: all traffic from itself; or see that other rules let through what the \
                 documentation of EKS asks for",
            )
            .command(format!(
                "aws ec2 authorize-security-group-ingress --group-id {id} --protocol -1 --source-group {id} --region {}",
                asking.region
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(id: &str, zone: &str, free: u32, tags: &[&str]) -> Subnet {
        Subnet {
            id: id.to_owned(),
            zone: zone.to_owned(),
            free,
            tags: tags.iter().map(|tag| ((*tag).to_owned(), "1".to_owned())).collect(),
        }
    }

    fn codes(ids: &[&str], around: &[Subnet], wanted: Option<u32>) -> Vec<(String, Option<&'static str>)> {
        let vpc = ids.iter().fold(VpcConfigResponse::builder(), |vpc, id| vpc.subnet_ids(*id)).build();
        let findings = of_subnets(&vpc, around, wanted);
        findings.into_iter().map(|finding| (finding.check.id, finding.check.code)).collect()
    }

    #[test]
    fn each_thing_that_is_wrong_with_subnets_is_found_by_itself() {
        let well = [
            subnet("a", "z1", 200, &["kubernetes.io/role/elb"]),
            subnet("b", "z2", 200, &["kubernetes.io/role/internal-elb"]),
        ];
        assert!(codes(&["a", "b"], &well, None).iter().all(|(_, code)| code.is_none()));
        let missing = codes(&["a", "b", "c"], &well, None);
        assert_eq!(missing[0].1, Some("cluster::subnet_missing"));
        assert!(missing[1..].iter().all(|(_, code)| code.is_none()), "{missing:?}");
        let short = [subnet("a", "z1", 4, &["kubernetes.io/role/elb"]), subnet("b", "z2", 5, &[])];
        assert_eq!(codes(&["a", "b"], &short, None)[1].1, Some("cluster::few_addresses"));
        assert_eq!(codes(&["b"], &short, None)[2].1, Some("cluster::one_zone"));
        assert_eq!(codes(&["a", "b"], &well, Some(201))[1].1, Some("cluster::few_addresses"));
        let bare = [subnet("a", "z1", 9, &[]), subnet("b", "z2", 9, &[])];
        assert_eq!(codes(&["a", "b"], &bare, None)[3].1, Some("cluster::subnets_untagged"));
        assert_eq!(codes(&["gone"], &bare, None).len(), 1);
    }
}
