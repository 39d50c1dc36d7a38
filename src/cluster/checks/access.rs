//! Who people are: authentication mode, access entries, and what is said to whoever is refused.

use aws_sdk_eks::types::{AuthenticationMode, Cluster};

use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::AwsFailure;
use crate::cluster::caller::caller;

/// The policy that makes an administrator.
const ADMIN_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// How the caller comes into the cluster, as far as AWS tells.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Access {
    /// Whether access entries count; none where the mode is not known.
    entries_count: Option<bool>,
    /// The identity that a cluster would know the caller by: a role's for its sessions.
    principal: Option<String>,
    /// Whether there is an access entry for it, where the entries could be listed.
    has_entry: Option<bool>,
    /// The names of the policies of that entry.
    policies: Vec<String>,
}

/// The finding, and what is known of the caller.
pub(in crate::cluster) async fn access(
    asking: &Asking<'_>,
    cluster: &Cluster,
    wanted: Option<&str>,
) -> (Finding, Access) {
    let question = Question::new("access.entries", "access is by access entries");
    let mode = cluster.access_config().and_then(|access| access.authentication_mode());
    let entries_count = mode.map(|mode| *mode != AuthenticationMode::ConfigMap);
    let listed = async {
        if entries_count == Some(false) {
            return None;
        }
        let pages = asking.eks.list_access_entries().cluster_name(asking.cluster).into_paginator();
        Some(pages.items().send().collect::<Result<Vec<String>, _>>().await.map_err(AwsFailure::from))
    };
    let (listed, caller) = futures::join!(listed, caller(asking.aws));
    let mut access = Access { entries_count, ..Access::default() };
    let arn = caller.ok().map(|caller| caller.arn);
    access.principal = arn.as_deref().map(principal);
    if let (Some(Ok(entries)), Some(arn)) = (&listed, &arn) {
        let own = entries.iter().find(|entry| is_of(entry, arn));
        access.has_entry = Some(own.is_some());
        if let Some(own) = own {
            access.principal = Some(own.clone());
            access.policies = policies(asking, own).await;
        }
    }
    let shown = mode.map_or("unknown", AuthenticationMode::as_str);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != shown) {
        let finding = question
            .fail(
                &kinds::AUTHENTICATION_MODE,
                format!("authentication mode is {shown}"),
                "set `authentication_mode` in the cluster unit: a mode goes from CONFIG_MAP to API_AND_CONFIG_MAP to API and \
                 never back",
            )
            .expected(format!("authentication mode {wanted}"))
            .command(mode_command(asking, wanted));
        return (finding, access);
    }
    let finding = match listed {
        None => question
            .warn(
                &kinds::CONFIG_MAP_ACCESS,
                "authentication mode is CONFIG_MAP",
                "set `authentication_mode = \"API_AND_CONFIG_MAP\"`: the aws-auth ConfigMap is deprecated and locks out by a typo",
            )
            .command(mode_command(asking, "API_AND_CONFIG_MAP")),
        Some(Ok(entries)) => {
            let own = match (access.has_entry, access.policies.as_slice()) {
                (Some(true), []) => "; the caller has one, without policies".to_owned(),
                (Some(true), policies) => format!("; the caller has one, with {}", policies.join(", ")),
                _ => String::new(),
            };
            question.pass(format!("authentication mode is {shown}, {} entries{own}", entries.len()))
        }
        Some(Err(failure)) => question.unanswered(&failure, "eks:ListAccessEntries", false),
    };
    (finding, access)
}

fn mode_command(asking: &Asking<'_>, mode: &str) -> String {
    asking.eks_command("update-cluster-config", &format!("--access-config authenticationMode={mode}"))
}

/// The names of the policies; none where they cannot be listed, which only makes an explanation shorter.
async fn policies(asking: &Asking<'_>, principal: &str) -> Vec<String> {
    let request =
        asking.eks.list_associated_access_policies().cluster_name(asking.cluster).principal_arn(principal);
    let Ok(answer) = request.send().await else { return Vec::new() };
    let named = answer.associated_access_policies().iter().filter_map(|policy| policy.policy_arn());
    named.map(|arn| arn.rsplit('/').next().unwrap_or(arn).to_owned()).collect()
}

/// The identity that access entries and aws-auth name: of a session its role.
fn principal(arn: &str) -> String {
    session(arn).map_or_else(
        || arn.to_owned(),
        |(partition, account, role)| format!("arn:{partition}:iam::{account}:role/{role}"),
    )
}

/// Partition, account and role of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
fn session(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (_, partition, service, _, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let role = parts.next()?.strip_prefix("assumed-role/")?.split('/').next()?;
    (service == "sts").then_some((partition, account, role))
}

/// Whether an entry is the caller's. A session does not tell the path of its role, and entries have it.
fn is_of(entry: &str, arn: &str) -> bool {
    let Some((partition, account, role)) = session(arn) else { return entry == arn };
    let beginning = format!("arn:{partition}:iam::{account}:role/");
    entry.strip_prefix(&beginning).is_some_and(|path| path.rsplit('/').next() == Some(role))
}

impl Access {
    /// Says to whoever is refused how to be let in.
    pub(in crate::cluster) fn explain(&self, asking: &Asking<'_>, finding: Finding) -> Finding {
        let refused = finding.check.code == Some(kinds::TOKEN_REFUSED.code);
        let short = [kinds::NOT_ADMIN.code, kinds::FORBIDDEN.code].map(Some).contains(&finding.check.code);
        if !refused && !short {
            return finding;
        }
        let who = self.principal.as_deref().unwrap_or("the identity that AWS knows you by");
        let arn = self.principal.as_deref().unwrap_or("ARN");
        let entry = asking.eks_command("create-access-entry", &format!("--principal-arn {arn}"));
        let policy = asking.eks_command(
            "associate-access-policy",
            &format!("--principal-arn {arn} --policy-arn {ADMIN_POLICY} --access-scope type=cluster"),
        );
        match (refused, self.entries_count, self.has_entry) {
            (true, Some(false), _) => finding
                .help(format!(
                    "this cluster reads the aws-auth ConfigMap only, and {who} is not in it: whoever created the cluster, or is \
                     in it, adds it to mapRoles or mapUsers in kube-system/aws-auth, or sets the mode API_AND_CONFIG_MAP and \
                     makes an access entry"
                ))
                .command(mode_command(asking, "API_AND_CONFIG_MAP"))
                .command(entry)
                .command(policy),
            (true, _, Some(true)) => finding.help(format!(
                "there is an access entry for {who}: it takes a minute to reach the API server; if it stays, look at this \
                 machine's clock (a token lives 15 minutes)"
            )),
            (true, ..) => finding
                .help(format!(
                    "create an access entry for {who} (`aws_eks_access_entry`), or add it to the aws-auth ConfigMap"
                ))
                .command(entry)
                .command(policy),
            (false, Some(false), _) => finding.help(format!(
                "associate {who} with the group system:masters in the aws-auth ConfigMap, or bind its groups to cluster-admin"
            )),
            (false, _, Some(false)) => finding
                .help(format!(
                    "{who} comes in by the aws-auth ConfigMap: bind its groups to cluster-admin, or make an access entry and \
                     associate AmazonEKSClusterAdminPolicy with it"
                ))
                .command(entry)
                .command(policy),
            (false, ..) => {
                let has = match self.policies.as_slice() {
                    [] => String::new(),
                    policies => format!(", which has {}", policies.join(", ")),
                };
                finding
                    .help(format!("associate AmazonEKSClusterAdminPolicy with the access entry of {who}{has}"))
                    .command(policy)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_role_whatever_path_the_role_has() {
        let session = "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com";
        assert_eq!(principal(session), "arn:aws:iam::111122223333:role/Admin");
        assert!(is_of("arn:aws:iam::111122223333:role/Admin", session));
        assert!(is_of("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Admin", session));
        assert!(!is_of("arn:aws:iam::111122223333:role/NotAdmin", session));
        assert!(!is_of("arn:aws:iam::999900001111:role/Admin", session));
        let user = "arn:aws:iam::111122223333:user/ada";
        assert_eq!(principal(user), user);
        assert!(is_of(user, user));
    }
}
