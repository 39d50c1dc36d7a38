//! The clusters of slipway.hcl: is each there, where its name can be known without a run.

use futures::StreamExt;

use super::asking::{AT_ONCE, Asks, BOUND};
use super::estate::{Here, Known};
use super::finding::{Finding, Verdict};
use crate::cluster::{ClusterError, ClusterFacts, describe, look_at_aws};
use crate::engine::{EngineError, StateLook};
use crate::hcl::diagnostic::Diagnostic;
use crate::project::{Cluster, Whereabouts};
use crate::terragrunt::outputs::Outputs;

const WHAT: &str = "cluster";
/// What a cluster is called that will not be one, or is none any more.
const GONE: [&str; 2] = ["DELETING", "FAILED"];

/// Asks for each of them, several at once.
pub async fn findings(asks: Asks, here: &Here) -> Vec<Finding> {
    let Some(known) = &here.known else { return Vec::new() };
    let look = StateLook::default();
    let ask = |cluster| bounded(asks, known, &look, cluster);
    futures::stream::iter(&known.workspace.project.clusters).map(ask).buffered(AT_ONCE).collect().await
}

async fn bounded(asks: Asks, known: &Known, look: &StateLook, cluster: &Cluster) -> Finding {
    let found = tokio::time::timeout(2 * BOUND, finding(asks, known, look, cluster)).await;
    let late = |_| Finding::missing(WHAT, format!("no answer within {} s", 2 * BOUND.as_secs()));
    found.unwrap_or_else(late).named(&cluster.label)
}

/// What its unit has put out.
enum Unit {
    /// It has none.
    None,
    /// It was never applied, or its bucket is not even there.
    NeverApplied,
    /// It was applied.
    Applied(Outputs),
    /// Nobody but the tool can say.
    Untold(String),
}

async fn finding(asks: Asks, known: &Known, look: &StateLook, cluster: &Cluster) -> Finding {
    if let Some(missing) = known.workspace.project.missing_cluster_unit(cluster, &known.reader) {
        return of_diagnostic(Verdict::Missing, &missing);
    }
    if let Some(not_asked) = asks.nobody() {
        return Finding::new(WHAT, Verdict::Optional, not_asked);
    }
    if cluster.has_context() {
        let detail = "it is reached by a context of a kubeconfig, which is not asked here";
        return Finding::new(WHAT, Verdict::Unknown, detail).help(verify(cluster));
    }
    let unit = unit_of(known, look, cluster).await;
    let outputs = if let Unit::Applied(outputs) = &unit { Some(outputs) } else { None };
    let found = match (cluster.whereabouts(outputs), &unit) {
        (Ok(found), _) => found,
        (Err(error), Unit::NeverApplied) => return not_there_yet(&error),
        (Err(_), Unit::Untold(why)) => {
            let detail = format!("its name is not known: {why}");
            return Finding::new(WHAT, Verdict::Unknown, detail).help(verify(cluster));
        }
        (Err(_), Unit::None) if !known.needs.clusters => {
            let detail = "its unit rests on a program, and none is started here";
            return Finding::new(WHAT, Verdict::Unknown, detail).help(verify(cluster));
        }
        (Err(error), Unit::None | Unit::Applied(_)) => return of_diagnostic(Verdict::Missing, &error),
    };
    let Whereabouts { name: Some(name), region } = found else {
        let detail = "its name rests on a program, and none is started here";
        return Finding::new(WHAT, Verdict::Unknown, detail).help(verify(cluster));
    };
    let aws = look_at_aws(region.as_deref()).await;
    match describe(&aws, &name).await {
        Ok(facts) => of_cluster(cluster, &facts),
        Err(error) => of_error(&error, &unit),
    }
}

async fn unit_of(known: &Known, look: &StateLook, cluster: &Cluster) -> Unit {
    let Some(dir) = known.workspace.project.unit_dir(cluster) else { return Unit::None };
    let Some(config) = known.look.config(&dir) else {
        return Unit::Untold("its unit cannot be read".to_owned());
    };
    let runs_in = known.workspace.runs_in(&config.dir, config.source());
    match look.outputs(config, &runs_in).await {
        Ok(Some(outputs)) if outputs.is_empty() => Unit::NeverApplied,
        Ok(Some(outputs)) => Unit::Applied(outputs),
        Err(EngineError::BucketMissing { .. }) => Unit::NeverApplied,
        Ok(None) => Unit::Untold("only the tool can read the state of its unit".to_owned()),
        Err(error) => Unit::Untold(error.to_string()),
    }
}

fn of_cluster(cluster: &Cluster, facts: &ClusterFacts) -> Finding {
    let ClusterFacts { name, status, version, region, .. } = facts;
    let verdict = if GONE.contains(&status.as_str()) { Verdict::Missing } else { Verdict::Ok };
    let detail = format!("{name} in {region} is {status}, Kubernetes {version}");
    Finding::new(WHAT, verdict, detail).help(verify(cluster))
}

fn verify(cluster: &Cluster) -> String {
    format!("`slipway verify {}` checks whether it is usable", cluster.label)
}

/// A cluster whose unit was never applied need not be there.
fn of_error(error: &ClusterError, unit: &Unit) -> Finding {
    let may_come = matches!(unit, Unit::NeverApplied | Unit::Untold(_));
    match error {
        ClusterError::ClusterNotFound { name, region, .. } if may_come => {
            Finding::new(WHAT, Verdict::Optional, format!("not there yet: {name} in {region}"))
                .help("`slipway up` makes it")
        }
        error => Finding::missing(WHAT, error.to_string()),
    }
}

fn not_there_yet(error: &Diagnostic) -> Finding {
    Finding::new(WHAT, Verdict::Optional, format!("not there yet: {}", error.message))
        .perhaps_help(error.help.clone())
}

fn of_diagnostic(verdict: Verdict, diagnostic: &Diagnostic) -> Finding {
    Finding::new(WHAT, verdict, diagnostic.to_string()).perhaps_help(diagnostic.help.clone())
}
