//! Who pods and people are: OIDC provider, pod identities, authentication mode, access entries.

use aws_config::SdkConfig;
use aws_sdk_eks::types::{AuthenticationMode, Cluster};

use super::finding::{Finding, Questions};
use crate::cluster::aws::AwsFailure;

const OIDC: (&str, &str) = ("identity.oidc", "IAM trusts the cluster's OIDC issuer");
const PODS: (&str, &str) = ("identity.pods", "pod identities have their agent");
const ACCESS: (&str, &str) = ("access.entries", "access is by access entries");

/// Findings about identities. `oidc_wanted`: `Some(true)` fails where IAM has no provider for the issuer,
/// `Some(false)` does not ask, `None` fails unless pod identities take its place.
pub(in crate::cluster) async fn identity(
    questions: &Questions<'_>,
    aws: &SdkConfig,
    cluster: &Cluster,
    oidc_wanted: Option<bool>,
) -> Vec<Finding> {
    let (pods, has_pod_identities) = pod_identities(questions).await;
    let mut findings = Vec::new();
    if oidc_wanted != Some(false) {
        let required = oidc_wanted == Some(true) || !has_pod_identities;
        findings.push(oidc_provider(aws, cluster, required, oidc_wanted == Some(true)).await);
    }
    findings.push(pods);
    findings.push(access(questions, cluster).await);
    findings
}

/// `required`: a missing provider is a failure. `answer_required`: so is an endpoint that does not answer.
async fn oidc_provider(aws: &SdkConfig, cluster: &Cluster, required: bool, answer_required: bool) -> Finding {
    let (id, title) = OIDC;
    let issuer = cluster.identity().and_then(|identity| identity.oidc()?.issuer());
    let Some(issuer) = issuer else {
        return Finding::fail(
            id,
            title,
            "the cluster has no OIDC issuer",
            "wait until the cluster is ACTIVE",
        );
    };
    let answer = match aws_sdk_iam::Client::new(aws).list_open_id_connect_providers().send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = AwsFailure::from(error);
            return Finding::unanswered(
                id,
                title,
                &failure,
                "iam:ListOpenIDConnectProviders",
                answer_required,
            );
        }
    };
    // IAM names the provider by the issuer's URL without its scheme.
    let suffix = format!(":oidc-provider/{}", issuer.trim_start_matches("https://"));
    let found = answer
        .open_id_connect_provider_list()
        .iter()
        .any(|provider| provider.arn().is_some_and(|arn| arn.ends_with(&suffix)));
    let help = "create an `aws_iam_openid_connect_provider` for the issuer in the cluster unit";
    if found {
        Finding::pass(id, title, issuer)
    } else if required {
        Finding::fail(id, title, format!("IAM has no provider for {issuer}"), help)
    } else {
        Finding::warn(id, title, format!("IAM has no provider for {issuer}; pod identities are in use"), help)
    }
}

async fn pod_identities(questions: &Questions<'_>) -> (Finding, bool) {
    let (id, title) = PODS;
    let request = questions.eks.list_pod_identity_associations().cluster_name(questions.cluster);
    let count = match request.send().await {
        Ok(answer) => answer.associations().len(),
        Err(error) => {
            let failure = AwsFailure::from(error);
            let finding = Finding::unanswered(id, title, &failure, "eks:ListPodIdentityAssociations", false);
            return (finding, false);
        }
    };
    let agent = questions
        .eks
        .describe_addon()
        .cluster_name(questions.cluster)
        .addon_name("eks-pod-identity-agent")
        .send()
        .await
        .is_ok();
    let finding = match (count, agent) {
        (0, false) => Finding::pass(id, title, "no pod identities"),
        (count, true) => Finding::pass(id, title, format!("{count} associations, the agent is installed")),
        (count, false) => Finding::warn(
            id,
            title,
            format!("{count} associations and no agent: their pods get no credentials"),
            "add the add-on eks-pod-identity-agent to the cluster unit",
        ),
    };
    (finding, count > 0 && agent)
}

async fn access(questions: &Questions<'_>, cluster: &Cluster) -> Finding {
    let (id, title) = ACCESS;
    let mode = cluster.access_config().and_then(|access| access.authentication_mode());
    if mode == Some(&AuthenticationMode::ConfigMap) {
        return Finding::warn(
            id,
            title,
            "authentication mode is CONFIG_MAP",
            "set `authentication_mode = \"API_AND_CONFIG_MAP\"`: the aws-auth ConfigMap is deprecated and locks out \
             by a typo",
        );
    }
    let mode = mode.map_or("unknown", AuthenticationMode::as_str);
    let listed = questions
        .eks
        .list_access_entries()
        .cluster_name(questions.cluster)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    match listed {
        Ok(entries) => {
            Finding::pass(id, title, format!("authentication mode is {mode}, {} entries", entries.len()))
        }
        Err(error) => Finding::unanswered(id, title, &error.into(), "eks:ListAccessEntries", false),
    }
}
