//! `verify`: ask all checks, and wait for those that time may cure.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eks::types::Cluster;
use tokio::time::Instant;

use super::ClusterError;
use super::checks::{self, Asking, Check, CheckStatus, Finding};
use super::context;
use super::eks::{ClusterFacts, describe_cluster, region};
use super::spec::VerifySpec;
use super::verified_in_context::{kubernetes_alone, proven_in_context};
use crate::project::KubeContext;
use crate::support::progress::Said;

/// How long a probe's pod may take, where nothing longer is waited for: a node is made for it first.
const PROBE: Duration = Duration::from_mins(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Listener for one line of progress; each says what is being waited for, and comes only where that changes.
pub type ProgressFn<'a> = &'a (dyn Fn(String) + Send + Sync);

/// The answers about one cluster.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The cluster as EKS described it last.
    pub cluster: ClusterFacts,
    /// The version that it is asked to be ready for; none where the question is whether it is usable.
    pub target: Option<String>,
    /// All checks, in the order in which a person would ask.
    pub checks: Vec<Check>,
    /// Name of the Argo CD that EKS manages on it, where one is ACTIVE: then none may be installed.
    pub managed_argocd: Option<String>,
    /// Time spent.
    pub waited: Duration,
}

impl Verification {
    /// Whether the cluster is usable: no check failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.status == CheckStatus::Fail)
    }

    /// One sentence: "cluster "dev" is usable: …" or what is not ready and what to do.
    pub fn summary(&self) -> String {
        let name = &self.cluster.name;
        let good =
            self.target.as_ref().map_or_else(|| "usable".to_owned(), |target| format!("ready for {target}"));
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        let failures: Vec<String> = self
            .failures()
            .map(|check| {
                let help = if check.help.is_empty() { String::new() } else { format!(" ({})", check.help) };
                format!("{}: {}{help}", check.id, check.detail)
            })
            .collect();
        if failures.is_empty() {
            return format!(
                "cluster \"{name}\" is {good}: {} checks pass, {} warn, {} not answered",
                count(CheckStatus::Pass),
                count(CheckStatus::Warn),
                count(CheckStatus::NotAnswered)
            );
        }
        format!("cluster \"{name}\" is not {good}: {}", failures.join("; "))
    }
}

/// Ask all checks about a cluster and wait, at most `spec.timeout`, for those that may pass later.
///
/// Stops waiting at once where something failed for good (a status of `FAILED`, another version). A cluster that is
/// not usable is an answer and no error. Dropping the future ends it; nothing is left behind.
pub async fn verify(
    spec: &VerifySpec,
    aws: &SdkConfig,
    progress: ProgressFn<'_>,
) -> Result<Verification, ClusterError> {
    if let Some(context) = &spec.context {
        return Box::pin(in_context(spec, context, progress)).await;
    }
    let started = Instant::now();
    let region = region(aws)?;
    let eks = aws_sdk_eks::Client::new(aws);
    let asking = Asking { aws, eks: &eks, cluster: &spec.cluster, region: &region };
    let mut cluster = describe_cluster(&eks, &spec.cluster, &region).await?;
    let (mut findings, mut advice) = Box::pin(everything(&asking, spec, &cluster)).await;
    let mut pause = spec.poll;
    let mut said = Said::default();
    let mut has_waited = false;
    loop {
        let left = spec.timeout.saturating_sub(started.elapsed());
        if !worth_waiting(&findings) || left.is_zero() {
            break;
        }
        has_waited = true;
        said.tell(waiting_line(&spec.cluster, &findings), progress);
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        match describe_cluster(&eks, &spec.cluster, &region).await {
            Ok(described) => cluster = described,
            // It answered before: AWS having a bad minute must not end a wait of twenty.
            Err(
                error @ (ClusterError::Aws { .. }
                | ClusterError::AwsUnreachable { .. }
                | ClusterError::Throttled { .. }),
            ) => progress(error.to_string()),
            Err(error) => return Err(error),
        }
        findings = Box::pin(checks::essentials(&asking, &spec.wanted, &cluster)).await;
    }
    if has_waited {
        say_how_long(&mut findings, started.elapsed());
    }
    // Where something is missing already, a pod would say it with fewer words.
    if spec.wanted.probe && checks::serves(&cluster) && !findings.iter().any(Finding::failed) {
        progress(format!("cluster {}: having a pod run", spec.cluster));
        let left = spec.timeout.saturating_sub(started.elapsed()).max(PROBE);
        findings
            .push(Box::pin(checks::prove(&asking, &cluster, spec.wanted.probe_image.as_deref(), left)).await);
    }
    if has_waited && checks::serves(&cluster) {
        advice = Box::pin(checks::advice(&asking, &spec.wanted, &cluster)).await;
    }
    let (advice, managed_argocd) = advice;
    findings.extend(advice);
    Ok(Verification {
        cluster: ClusterFacts::of(&cluster, &region),
        target: None,
        checks: findings.into_iter().map(|finding| finding.check).collect(),
        managed_argocd,
        waited: started.elapsed(),
    })
}

/// The same of a cluster that is reached by a context: what the API server itself knows.
async fn in_context(
    spec: &VerifySpec,
    context: &KubeContext,
    progress: ProgressFn<'_>,
) -> Result<Verification, ClusterError> {
    let started = Instant::now();
    let (client, endpoint) = context::in_context(context).await?;
    let mut pause = spec.poll;
    let (mut said, mut has_waited) = (Said::default(), false);
    let (mut findings, version) = loop {
        let (findings, version) = kubernetes_alone(&client, &endpoint, spec).await;
        let left = spec.timeout.saturating_sub(started.elapsed());
        if !worth_waiting(&findings) || left.is_zero() {
            break (findings, version);
        }
        has_waited = true;
        said.tell(waiting_line(&spec.cluster, &findings), progress);
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    };
    if has_waited {
        say_how_long(&mut findings, started.elapsed());
    }
    if spec.wanted.probe && !findings.iter().any(Finding::failed) {
        progress(format!("cluster {}: having a pod run", spec.cluster));
        let left = spec.timeout.saturating_sub(started.elapsed()).max(PROBE);
        findings.push(Box::pin(proven_in_context(&client, &endpoint, spec, left)).await);
    }
    let cluster = ClusterFacts {
        name: spec.cluster.clone(),
        arn: String::new(),
        region: String::new(),
        status: String::new(),
        version,
        endpoint,
        certificate_authority: String::new(),
        oidc_issuer: None,
    };
    let checks = findings.into_iter().map(|finding| finding.check).collect();
    let waited = started.elapsed();
    Ok(Verification { cluster, target: None, checks, managed_argocd: None, waited })
}

type Advice = (Vec<Finding>, Option<String>);

/// All checks at once: what is asked takes as long as the longest chain of calls, and not as all of them.
async fn everything(asking: &Asking<'_>, spec: &VerifySpec, cluster: &Cluster) -> (Vec<Finding>, Advice) {
    let advice = async {
        if checks::serves(cluster) {
            checks::advice(asking, &spec.wanted, cluster).await
        } else {
            Advice::default()
        }
    };
    futures::join!(checks::essentials(asking, &spec.wanted, cluster), advice)
}

fn worth_waiting(findings: &[Finding]) -> bool {
    let mut failed = findings.iter().filter(|finding| finding.failed()).peekable();
    failed.peek().is_some() && failed.all(|finding| finding.check.may_pass_later)
}

fn waiting_line(cluster: &str, findings: &[Finding]) -> String {
    let waiting: Vec<String> = findings
        .iter()
        .filter(|finding| finding.failed())
        .map(|finding| format!("{}: {}", finding.check.id, finding.check.detail))
        .collect();
    format!("cluster {cluster}: waiting for {}", waiting.join("; "))
}

fn say_how_long(findings: &mut [Finding], waited: Duration) {
    for finding in findings.iter_mut().filter(|finding| finding.failed() && finding.check.may_pass_later) {
        finding.check.detail = format!("{} after {}", finding.check.detail, human(waited));
    }
}

fn human(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_only_where_everything_that_failed_may_still_pass() {
        let coming = Finding::for_test(CheckStatus::Fail, true);
        let broken = Finding::for_test(CheckStatus::Fail, false);
        let warned = Finding::for_test(CheckStatus::Warn, false);
        assert!(worth_waiting(&[coming.clone(), warned.clone()]));
        assert!(!worth_waiting(&[coming, broken]));
        assert!(!worth_waiting(&[warned]));
    }

    #[test]
    fn a_failure_says_how_long_it_was_waited_for() {
        let mut findings = [Finding::for_test(CheckStatus::Fail, true)];
        say_how_long(&mut findings, Duration::from_mins(20));
        assert_eq!(findings[0].check.detail, "detail after 20 min");
    }
}
