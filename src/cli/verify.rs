//! `slipway verify`: is this EKS cluster usable.

use std::time::Duration;

use clap::Args;
use console::style;
use serde_json::json;

use super::exit::Exit;
use super::global::{Global, ToolArgs};
use crate::cluster::{CheckStatus, Verification, verify};
use crate::launch::{CommandError, Target, Workspace};
use crate::project::Needs;
use crate::run::gate::verify_spec;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Check whether an EKS cluster is usable
///
/// Asks EKS, IAM and the cluster itself, with a token minted here; no AWS CLI and no kubeconfig is needed.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// The cluster's label in slipway.hcl, by default the only one
    cluster: Option<String>,

    /// How long to wait for what may still come, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Verifies, and prints every check.
pub async fn cmd_verify(ui: Ui, global: &Global, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::CLUSTERS)?;
    let target = Target::find(&workspace, args.cluster.as_deref(), &args.tools.tools()).await?;
    let mut spec = verify_spec(&target.cluster);
    spec.timeout = Duration::from_secs(args.timeout);
    let progress = move |line: String| ui.say(&line);
    let verification = verify(&spec, &target.aws, &progress).await;
    let verification = verification.map_err(|error| CommandError::failed(error, None))?;
    match ui.format() {
        Format::Json => ui.json(&as_json(&verification))?,
        Format::Text => {
            ui.answer(&table(&verification))?;
            ui.say(&verification.summary());
        }
    }
    Ok(if verification.passed() { Exit::Done } else { Exit::Failed })
}

fn table(verification: &Verification) -> String {
    let width = verification.checks.iter().map(|check| check.title.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in &verification.checks {
        let sign = match check.status {
            CheckStatus::Pass => style("✓").green(),
            CheckStatus::Warn => style("!").yellow(),
            CheckStatus::Fail => style("✗").red(),
            CheckStatus::NotAnswered => style("?").dim(),
        };
        let line = format!("{:<width$}  {}", check.title, check.detail);
        text = format!("{text}{sign} {}\n", shown::name(&line));
        // Below, since it is longer than what is left of a line.
        if !check.help.is_empty() {
            text = format!("{text}    {}\n", shown::name(&check.help));
        }
    }
    text
}

fn as_json(verification: &Verification) -> serde_json::Value {
    let facts = &verification.cluster;
    let checks = verification.checks.iter().map(|check| {
        json!({
            "id": check.id, "title": check.title, "status": check.status.as_str(),
            "detail": check.detail, "help": check.help,
        })
    });
    json!({
        "cluster": {
            "name": facts.name, "arn": facts.arn, "region": facts.region, "status": facts.status,
            "version": facts.version, "endpoint": facts.endpoint, "oidc_issuer": facts.oidc_issuer,
        },
        "passed": verification.passed(),
        "checks": checks.collect::<Vec<_>>(),
    })
}
