//! Add-ons: those that are there are well and fit the cluster, and the wanted ones are there.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Addon, AddonIssueCode, AddonStatus};

use futures::FutureExt;

use super::each::each;
use super::finding::{Asking, Finding, Question, issues};
use super::kinds::{self, Kind};
use super::updates::{Of, last_errors};
use crate::cluster::aws::{AwsFailure, FailureKind};

/// What add-ons have to be, on which cluster.
#[derive(Clone, Copy)]
pub(in crate::cluster) struct Wanted<'a> {
    /// Those that have to be there.
    pub(in crate::cluster) names: &'a [String],
    /// The version of the control plane.
    pub(in crate::cluster) version: &'a str,
    /// Whether the pods of add-ons may still get nodes.
    pub(in crate::cluster) nodes_come: bool,
}

/// One finding an add-on; wanted ones fail where they are missing or not answered.
pub(in crate::cluster) async fn addons(asking: &Asking<'_>, wanted: Wanted<'_>) -> Vec<Finding> {
    let listed = asking
        .eks
        .list_addons()
        .cluster_name(asking.cluster)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let mut names: BTreeSet<String> = wanted.names.iter().cloned().collect();
    let mut findings = Vec::new();
    match listed {
        Ok(listed) => names.extend(listed),
        Err(error) => {
            let question = Question::new("addons", "add-ons are ACTIVE");
            findings.push(question.unanswered(&AwsFailure::from(error), "eks:ListAddons", false));
        }
    }
    findings.extend(each(names, |name| async move { addon(asking, &name, wanted).await }.boxed()).await);
    findings
}

async fn addon(asking: &Asking<'_>, name: &str, all: Wanted<'_>) -> Finding {
    let wanted = all.names.iter().any(|wanted| wanted == name);
    let question = Question::new(format!("addon.{name}"), format!("add-on {name} is ACTIVE"));
    let request = asking.eks.describe_addon().cluster_name(asking.cluster).addon_name(name);
    let (answer, fitting) = futures::join!(request.send(), fitting(asking, name, all.version));
    let failure = match answer {
        Ok(answer) => match answer.addon() {
            Some(addon) => {
                let said =
                    Judged { asking, question: &question, addon, name, wanted, nodes_come: all.nodes_come };
                let finding = said.judge().await;
                return if finding.check.code.is_none() {
                    said.fits(finding, &fitting.unwrap_or_default())
                } else {
                    finding
                };
            }
            None => AwsFailure::failed("the answer holds no add-on"),
        },
        Err(error) => AwsFailure::from(error),
    };
    if failure.kind == FailureKind::NotFound {
        let help = format!(
            "add \"{name}\" to the cluster unit's add-ons, or take it out of `verify {{ addons }}` in slipway.hcl"
        );
        // Nobody installs it while we wait: what installs add-ons has run before.
        return question
            .fail(&kinds::ADDON_MISSING, "not installed", help)
            .expected(format!("{name} is installed and ACTIVE"))
            .command(asking.eks_command("create-addon", &format!("--addon-name {name}")));
    }
    question.unanswered(&failure, "eks:DescribeAddon", wanted)
}

/// The versions of an add-on that EKS has for a version of Kubernetes, the newest first, each with whether it is the default.
pub(in crate::cluster) async fn fitting(
    asking: &Asking<'_>,
    name: &str,
    version: &str,
) -> Result<Vec<(String, bool)>, AwsFailure> {
    let request = asking.eks.describe_addon_versions().addon_name(name).kubernetes_version(version);
    let answer = request.send().await?;
    let mut found = Vec::new();
    for info in answer.addons().iter().flat_map(aws_sdk_eks::types::AddonInfo::addon_versions) {
        let fits = info.compatibilities().iter().find(|fits| fits.cluster_version() == Some(version));
        if let (Some(fits), Some(version)) = (fits, info.addon_version()) {
            found.push((version.to_owned(), fits.default_version()));
        }
    }
    Ok(found)
}

/// The version that one would take: the default, or the newest.
pub(in crate::cluster) fn best(fitting: &[(String, bool)]) -> Option<&str> {
    let default = fitting.iter().find(|(_, default)| *default).or_else(|| fitting.first());
    default.map(|(version, _)| version.as_str())
}

/// An add-on that is there, as it is looked at.
struct Judged<'a> {
    asking: &'a Asking<'a>,
    question: &'a Question,
    addon: &'a Addon,
    name: &'a str,
    wanted: bool,
    nodes_come: bool,
}

impl Judged<'_> {
    async fn judge(&self) -> Finding {
        let Self { asking, question, addon, name, .. } = *self;
        let status = addon.status().map_or("UNKNOWN", AddonStatus::as_str);
        let version = addon.addon_version().unwrap_or("version unknown");
        let listed = addon.health().map(aws_sdk_eks::types::AddonHealth::issues).unwrap_or_default();
        let found =
            issues(listed.iter().map(|issue| (issue.code().map(AddonIssueCode::as_str), issue.message())));
        let seen = match &found {
            Some(found) => format!("status is {status} ({found})"),
            None => format!("status is {status}, {version}"),
        };
        let codes: Vec<&AddonIssueCode> = listed.iter().filter_map(|issue| issue.code()).collect();
        match addon.status() {
            Some(AddonStatus::Active) if found.is_none() => question.pass(seen),
            Some(AddonStatus::Active) => question.warn(&kinds::ADDON_DEGRADED, seen, self.advice(&codes)),
            Some(AddonStatus::CreateFailed) => {
                let help = "conflicts with what is installed already: apply the add-on with \
                            `resolve_conflicts_on_create = \"OVERWRITE\"`; other issues are mended first";
                self.fail(
                    &kinds::ADDON_FAILED,
                    seen,
                    if codes.is_empty() { help.to_owned() } else { self.advice(&codes) },
                )
                .command(asking.eks_command("delete-addon", &format!("--addon-name {name} --preserve")))
                .command(asking.eks_command(
                    "create-addon",
                    &format!("--addon-name {name} --addon-version {version} --resolve-conflicts OVERWRITE"),
                ))
            }
            Some(AddonStatus::DeleteFailed) => self
                .fail(
                    &kinds::ADDON_FAILED,
                    seen,
                    "take it away again; what is left of it in the cluster stays with --preserve",
                )
                .command(asking.eks_command("delete-addon", &format!("--addon-name {name} --preserve"))),
            Some(AddonStatus::UpdateFailed) => {
                let errors = last_errors(asking, Of::Addon(name)).await;
                let seen =
                    errors.map_or_else(|| seen.clone(), |errors| format!("{seen}; the update: {errors}"));
                let help = if codes.is_empty() {
                    "the version from before runs on: update it again, keeping what others have set (PRESERVE) or taking \
                     it over (`resolve_conflicts_on_update = \"OVERWRITE\"`)"
                        .to_owned()
                } else {
                    self.advice(&codes)
                };
                self.fail(&kinds::ADDON_UPDATE_FAILED, seen, help).command(asking.eks_command(
                    "update-addon",
                    &format!("--addon-name {name} --addon-version {version} --resolve-conflicts PRESERVE"),
                ))
            }
            Some(AddonStatus::Deleting) => self.fail(
                &kinds::ADDON_NOT_ACTIVE,
                seen,
                "somebody takes it away: apply the cluster unit again after that",
            ),
            Some(AddonStatus::Degraded) => self.degraded(seen, &codes),
            _ => self.not_yet(
                &kinds::ADDON_NOT_ACTIVE,
                seen,
                "it takes some minutes: wait, or look at its pods in kube-system".to_owned(),
            ),
        }
    }

    fn degraded(&self, seen: String, codes: &[&AddonIssueCode]) -> Finding {
        let help = self.advice(codes);
        let short = !codes.is_empty()
            && codes.iter().all(|code| **code == AddonIssueCode::InsufficientNumberOfReplicas);
        let stays = codes.iter().any(|code| {
            matches!(
                code,
                AddonIssueCode::AccessDenied
                    | AddonIssueCode::AddonPermissionFailure
                    | AddonIssueCode::AddonSubscriptionNeeded
                    | AddonIssueCode::AdmissionRequestDenied
                    | AddonIssueCode::ConfigurationConflict
                    | AddonIssueCode::UnsupportedAddonModification
            )
        });
        let kind = if short { &kinds::ADDON_SHORT } else { &kinds::ADDON_DEGRADED };
        let pods = format!("kubectl -n kube-system get pods -o wide | grep {}", self.name);
        let finding = if stays || (short && !self.nodes_come) {
            self.fail(kind, seen, help)
        } else {
            self.not_yet(kind, seen, help)
        };
        finding.command(pods)
    }

    /// What mends the issues; of several each says its own.
    fn advice(&self, codes: &[&AddonIssueCode]) -> String {
        let mut ways: Vec<String> = codes.iter().map(|code| self.repair(code)).collect();
        ways.dedup();
        if ways.is_empty() {
            ways.push("look at the add-on's pods in kube-system".to_owned());
        }
        ways.join("; ")
    }

    fn repair(&self, code: &AddonIssueCode) -> String {
        let name = self.name;
        match code {
            AddonIssueCode::InsufficientNumberOfReplicas if self.nodes_come => format!(
                "pods of {name} do not run: without nodes they stay Pending until some are ready (`kubernetes.nodes`); where \
                 there are nodes, look at taints, requests and images of its pods"
            ),
            AddonIssueCode::InsufficientNumberOfReplicas => format!(
                "pods of {name} have no node, and none is to come: add a node group, or raise `verify {{ min_ready_nodes }}` \
                 if there is one"
            ),
            AddonIssueCode::AccessDenied | AddonIssueCode::AddonPermissionFailure => format!(
                "give {name} a role that may do its work (`service_account_role_arn` or a pod identity), trusted by the \
                 cluster's OIDC issuer"
            ),
            AddonIssueCode::AddonSubscriptionNeeded => format!("subscribe to {name} in the AWS Marketplace"),
            AddonIssueCode::AdmissionRequestDenied => {
                "an admission webhook or policy of the cluster refuses its objects: exempt kube-system".to_owned()
            }
            AddonIssueCode::ConfigurationConflict | AddonIssueCode::UnsupportedAddonModification => {
                "somebody changed its objects: put the change into `configuration_values`, or take the fields over with \
                 `resolve_conflicts_on_update = \"OVERWRITE\"`"
                    .to_owned()
            }
            AddonIssueCode::K8SResourceNotFound => {
                "somebody deleted an object of it: update the add-on to the version it has, which makes it again".to_owned()
            }
            AddonIssueCode::ClusterUnreachable => {
                "EKS does not reach the API server: look at admission webhooks and at the control plane's security groups"
                    .to_owned()
            }
            _ => format!("look at the pods of {name} in kube-system"),
        }
    }

    fn fits(&self, finding: Finding, fitting: &[(String, bool)]) -> Finding {
        let version = self.addon.addon_version().unwrap_or_default();
        let Some(best) = best(fitting) else { return finding };
        if fitting.iter().any(|(fits, _)| fits == version) {
            return finding;
        }
        let seen = format!("{}, which EKS does not list for the cluster's version", finding.check.detail);
        self.question
            .warn(&kinds::ADDON_UNFIT, seen, format!("update it to {best}"))
            .expected(format!(
                "one of {}",
                fitting.iter().map(|(version, _)| version.as_str()).collect::<Vec<_>>().join(", ")
            ))
            .command(self.asking.eks_command(
                "update-addon",
                &format!("--addon-name {} --addon-version {best} --resolve-conflicts PRESERVE", self.name),
            ))
    }

    /// A failure of an add-on that is wanted; of another one a warning, since it must not hold a run up.
    fn fail(&self, kind: &'static Kind, seen: String, help: impl Into<String>) -> Finding {
        if self.wanted { self.question.fail(kind, seen, help) } else { self.question.warn(kind, seen, help) }
    }

    fn not_yet(&self, kind: &'static Kind, seen: String, help: String) -> Finding {
        if self.wanted {
            self.question.not_yet(kind, seen, help)
        } else {
            self.question.warn(kind, seen, help)
        }
    }
}
