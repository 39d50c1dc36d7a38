//! `slipway doctor`: is everything here that a run needs, and what would it run with.
//!
//! Nothing that the repository names is started, and nothing is written. What looks at the world is the library's; here
//! is only what is asked, and how an answer is told.

mod asking;
mod aws;
mod clusters;
mod estate;
mod finding;
mod states;
mod tools;

use std::sync::Arc;

use clap::Args;

use self::asking::{Asks, blocking};
use self::estate::Here;
use self::finding::{Finding, Verdict};
use super::exit::Exit;
use super::global::{Global, ToolArgs};
use crate::launch::CommandError;
use crate::ui::{Format, Ui};

/// Check that everything a run needs is here
///
/// Looks at the tools and says which of them a run uses and why, at slipway.hcl and the units, at the credentials, the places of
/// the states and the clusters. It starts nothing that the repository names, changes nothing, and ends within seconds.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Ask nothing outside of this machine
    #[arg(long, env = "SLIPWAY_OFFLINE")]
    offline: bool,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Looks, and says what it found; what is needed and missing makes it fail.
pub async fn cmd_doctor(ui: Ui, global: &Global, args: &DoctorArgs) -> Result<Exit, CommandError> {
    let asks = match (global.untrusted, args.offline) {
        (true, _) => Asks::Nobody("--untrusted"),
        (false, true) => Asks::Nobody("--offline"),
        (false, false) => Asks::Aws,
    };
    let of_project = global.clone();
    let looked = blocking(move || Here::look(ui, &of_project, asks));
    let (here, tools) = tokio::join!(looked, tools::Found::look(&args.tools));
    let (here, tools) = (Arc::new(here?), Arc::new(tools));
    let needs_aws = here.needs_aws();
    let (tools, aws, states, clusters) = tokio::join!(
        tools::findings(&tools, &args.tools, &here),
        aws::findings(asks, needs_aws),
        states::findings(asks, &here),
        clusters::findings(asks, &here),
    );
    let findings: Vec<Finding> =
        [tools, here.findings.clone(), aws, states, clusters].into_iter().flatten().collect();
    if ui.format() == Format::Json {
        ui.json(&findings)?;
    } else {
        ui.answer(&findings.iter().map(Finding::line).collect::<String>())?;
    }
    let is_missing = findings.iter().any(|finding| finding.verdict == Verdict::Missing);
    Ok(if is_missing { Exit::Failed } else { Exit::Done })
}
