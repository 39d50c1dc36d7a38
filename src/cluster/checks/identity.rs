//! Who pods are: OIDC provider and pod identities.

use aws_sdk_eks::types::Cluster;

use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::{AwsFailure, FailureKind};
use crate::cluster::iam::oidc_providers;

/// Findings about identities of pods. `oidc_wanted`: `Some(true)` fails where IAM has no provider for the issuer,
/// `Some(false)` does not ask, `None` fails unless pod identities take its place.
pub(in crate::cluster) async fn identity(
    asking: &Asking<'_>,
    cluster: &Cluster,
    oidc_wanted: Option<bool>,
) -> Vec<Finding> {
    let (pods, providers) = futures::join!(pod_identities(asking), async {
        if oidc_wanted == Some(false) { None } else { Some(oidc_providers(asking.aws).await) }
    });
    let (pods, has_pod_identities) = pods;
    let required = oidc_wanted == Some(true) || !has_pod_identities;
    let oidc = providers.map(|providers| oidc(cluster, providers, required, oidc_wanted == Some(true)));
    oidc.into_iter().chain([pods]).collect()
}

/// `required`: a missing provider is a failure. `answer_required`: so is an endpoint that does not answer.
fn oidc(
    cluster: &Cluster,
    providers: Result<Vec<String>, AwsFailure>,
    required: bool,
    answer_required: bool,
) -> Finding {
    let question = Question::new("identity.oidc", "IAM trusts the cluster's OIDC issuer");
    let issuer = cluster.identity().and_then(|identity| identity.oidc()?.issuer());
    let Some(issuer) = issuer else {
        let seen = "the cluster has no OIDC issuer";
        return question.not_yet(&kinds::OIDC_MISSING, seen, "wait until the cluster is ACTIVE");
    };
    let providers = match providers {
        Ok(providers) => providers,
        Err(failure) => {
            return question.unanswered(&failure, "iam:ListOpenIDConnectProviders", answer_required);
        }
    };
    // IAM names the provider by the issuer's URL without its scheme.
    let suffix = format!(":oidc-provider/{}", issuer.trim_start_matches("https://"));
    if providers.iter().any(|arn| arn.ends_with(&suffix)) {
        return question.pass(issuer);
    }
    let help = "create an `aws_iam_openid_connect_provider` for the issuer in the cluster unit";
    let finding = if required {
        question.fail(&kinds::OIDC_MISSING, format!("IAM has no provider for {issuer}"), help)
    } else {
        let seen = format!("IAM has no provider for {issuer}; pod identities are in use");
        question.warn(&kinds::OIDC_MISSING, seen, help)
    };
    finding.command(format!(
        "aws iam create-open-id-connect-provider --url {issuer} --client-id-list sts.amazonaws.com"
    ))
}

async fn pod_identities(asking: &Asking<'_>) -> (Finding, bool) {
    let question = Question::new("identity.pods", "pod identities have their agent");
    let listed = asking.eks.list_pod_identity_associations().cluster_name(asking.cluster).into_paginator();
    let agent = asking.eks.describe_addon().cluster_name(asking.cluster).addon_name("eks-pod-identity-agent");
    let listed = listed.items().send().collect::<Result<Vec<_>, _>>();
    let (listed, agent) = futures::join!(listed, agent.send());
    let count = match listed {
        Ok(listed) => listed.len(),
        Err(error) => {
            return (question.unanswered(&error.into(), "eks:ListPodIdentityAssociations", false), false);
        }
    };
    let agent = match agent {
        Ok(_) => Ok(true),
        Err(error) => match AwsFailure::from(error) {
            failure if failure.kind == FailureKind::NotFound => Ok(false),
            failure => Err(failure),
        },
    };
    let finding = match (count, agent) {
        (0, _) => question.pass("no pod identities"),
        (count, Ok(true)) => question.pass(format!("{count} associations, the agent is installed")),
        (_, Err(failure)) => question.unanswered(&failure, "eks:DescribeAddon", false),
        (count, Ok(false)) => question
            .warn(
                &kinds::POD_IDENTITY_AGENT,
                format!("{count} associations and no agent: their pods get no credentials"),
                "add the add-on eks-pod-identity-agent to the cluster unit",
            )
            .command(asking.eks_command("create-addon", "--addon-name eks-pod-identity-agent")),
    };
    let has_both = count > 0 && finding.check.code.is_none();
    (finding, has_both)
}
