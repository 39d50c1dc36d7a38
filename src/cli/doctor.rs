//! `slipway doctor`: is everything here that a run needs.

use std::path::Path;

use clap::Args;
use console::style;
use serde::Serialize;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::engine::terragrunt::find_terragrunt;
use crate::engine::tool::Tool;
use crate::estate::Needs;
use crate::support::process;

/// Check that everything a run needs is here
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The tofu or terraform to look at
    #[arg(long, value_name = "BIN", env = "SLIPWAY_TF_PATH")]
    tf_path: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Optional,
    Missing,
}

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    detail: String,
}

/// Looks, and says what it found; what is needed and missing makes it fail.
pub fn cmd_doctor(ui: Ui, global: &Global, args: &DoctorArgs) -> Result<Exit, CliError> {
    let mut findings = vec![git(), tool(args.tf_path.as_deref()), terragrunt()];
    findings.extend(configuration(global));
    if ui.format() == Format::Json {
        ui.json(&findings)?;
    } else {
        ui.answer(&findings.iter().map(line).collect::<String>())?;
    }
    let missing = findings.iter().any(|finding| finding.verdict == Verdict::Missing);
    Ok(if missing { Exit::Failed } else { Exit::Done })
}

fn line(finding: &Finding) -> String {
    let sign = match finding.verdict {
        Verdict::Ok => style("✓").green(),
        Verdict::Optional => style("-").dim(),
        Verdict::Missing => style("✗").red(),
    };
    format!("{sign} {:<14} {}\n", finding.what, finding.detail)
}

fn git() -> Finding {
    let version = process::answer("git", &["version"]);
    match version {
        Ok(version) => Finding { what: "git", verdict: Verdict::Ok, detail: version },
        Err(_) => {
            Finding { what: "git", verdict: Verdict::Missing, detail: "not on PATH; install Git".to_owned() }
        }
    }
}

fn tool(named: Option<&Path>) -> Finding {
    let what = "tofu/terraform";
    match Tool::find(named) {
        Ok(tool) => {
            let detail = format!("{} {} ({})", tool.name, tool.version, tool.path.display());
            Finding { what, verdict: Verdict::Ok, detail }
        }
        Err(error) => {
            let advice = error.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
            Finding { what, verdict: Verdict::Missing, detail: format!("{error}{advice}") }
        }
    }
}

fn terragrunt() -> Finding {
    let what = "terragrunt";
    match find_terragrunt(None) {
        Some(path) => Finding {
            what,
            verdict: Verdict::Ok,
            detail: format!("{}: --engine auto uses it", path.display()),
        },
        None => Finding {
            what,
            verdict: Verdict::Optional,
            detail: "not on PATH: --engine auto uses the native engine".to_owned(),
        },
    }
}

/// The project, and the folder that runs are kept in where that is in a bad way.
fn configuration(global: &Global) -> Vec<Finding> {
    let missing =
        |what, error: &CliError| Finding { what, verdict: Verdict::Missing, detail: error.to_string() };
    let what = "slipway.hcl";
    match Workspace::open(global, Needs::NOTHING) {
        Ok(workspace) => {
            let project = Finding { what, verdict: Verdict::Ok, detail: workspace.describe() };
            let home = workspace.look_at_home().err().map(|error| missing(".slipway", &error));
            std::iter::once(project).chain(home).collect()
        }
        Err(error) => vec![missing(what, &error)],
    }
}
