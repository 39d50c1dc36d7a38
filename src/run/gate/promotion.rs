//! The gate before a cluster that waits for others: are they green, and at which commit.
//!
//! Where the others are in the run, their own gates have said so. Where they are not, or an earlier process has said it, they
//! are looked at as they are now: nothing is asked of Argo CD for that, and nothing is waited for.

use std::sync::Arc;

use async_trait::async_trait;

use super::argocd::repository_spec;
use super::context::{GateContext, GateError, WithArgoCd, until_stopped};
use super::greens::Greens;
use super::history::History;
use crate::argocd::{self, ArgoCdError, Wanted};
use crate::gitops::{Reach, Repository};
use crate::run::event::{Green, Outcome};
use crate::run::node::{Reporter, Work};
use crate::support::counted::listed;
use crate::support::git::short;
use crate::support::interrupt::Stop;

/// So many Applications are named that are not green.
const NAMES: usize = 8;

/// Lets nothing of a cluster begin before others are green.
pub struct PromotionGate {
    /// The label of the cluster that waits.
    pub label: String,
    /// Those that it waits for.
    pub before: Vec<GateContext>,
    /// What is known of them.
    pub greens: Arc<Greens>,
}

/// What a look at a cluster says.
enum Seen {
    Green(Green),
    /// Why not, and the way out.
    NotGreen(String, String),
}

#[async_trait]
impl Work for PromotionGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        until_stopped(reporter, Stop::Drain, self.look(reporter)).await
    }
}

impl PromotionGate {
    async fn look(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        let (mut green, mut reasons, mut ways) = (Vec::new(), Vec::new(), Vec::new());
        for context in &self.before {
            let label = &context.cluster.label;
            let known = self.greens.get(label);
            if let Some(known) = known.as_ref().filter(|known| known.now) {
                green.push(format!("{label} is green at {}", short(&known.green.commit)));
                continue;
            }
            reporter.doing(&format!("looking at the applications of {label}"));
            match look_at(context, known.map(|known| known.green.commit), reporter).await? {
                Seen::Green(seen) => {
                    green.push(format!("{label} is green at {}", short(&seen.commit)));
                    self.greens.tell(seen, reporter);
                }
                Seen::NotGreen(why, way_out) => {
                    reasons.push(why);
                    ways.push(way_out);
                }
            }
        }
        if reasons.is_empty() {
            return Ok(Outcome::Passed { note: green.join(", ") });
        }
        let message = format!("{} waits: {}", self.label, reasons.join("; "));
        Ok(Outcome::Failed { message, advice: Some(ways.join("; ")) })
    }
}

/// Looks at a cluster as it is: at the commit that it was green at earlier in this run, or else at the one that it follows now.
async fn look_at(
    context: &GateContext,
    commit: Option<String>,
    reporter: &Reporter,
) -> Result<Seen, GateError> {
    let label = context.cluster.label.clone();
    let bring_up = format!("bring {label} up first, or in one run with what waits for it: `slipway up`");
    let WithArgoCd { argocd, client } = match context.with_argocd(reporter).await {
        Ok(Ok(there)) => there,
        Ok(Err(_)) => return Ok(Seen::NotGreen(format!("cluster {label} is not there"), bring_up)),
        Err(error) => return Err(GateError::Before { label, cause: Box::new(error) }),
    };
    let Some(spec) = repository_spec(&argocd) else {
        let why = format!("cluster {label} follows no repository");
        return Ok(Seen::NotGreen(why, "name it in the `repository` of its argocd block".to_owned()));
    };
    let untold = |cause: GateError| GateError::Before { label: label.clone(), cause: Box::new(cause) };
    let repository =
        Repository::open_kept(spec, None, Reach::Newest).await.map_err(|error| untold(error.into()))?;
    let url = repository.url().to_owned();
    let which = match &commit {
        Some(_) => "at which it was green earlier in this run".to_owned(),
        None => format!("the newest of {}", repository.branch()),
    };
    let commit = commit.unwrap_or_else(|| repository.tip().to_owned());
    let timeout = std::time::Duration::ZERO;
    let wanted = Wanted { left_out: &argocd.leave_out, ..Wanted::at(&url, &commit, timeout) };
    let reasons = argocd::not_green(client, &argocd.namespace, &wanted, &History::new(repository)).await;
    let reasons = match reasons {
        Err(ArgoCdError::NotInstalled { .. }) => {
            return Ok(Seen::NotGreen(format!("cluster {label} has no Argo CD"), bring_up));
        }
        Err(error) => return Err(untold(error.into())),
        Ok(reasons) => reasons,
    };
    if reasons.is_empty() {
        return Ok(Seen::Green(Green {
            node: reporter.node.clone(),
            cluster: label,
            repository: url,
            commit,
        }));
    }
    for reason in &reasons {
        reporter.log(&format!("{label}: {reason}"));
    }
    let why =
        format!("{label} is not green at {}, {which}: {}", short(&commit), listed(reasons.iter(), NAMES));
    let way_out = format!("`slipway argocd wait {label}` waits until it is, and says more");
    Ok(Seen::NotGreen(why, way_out))
}
