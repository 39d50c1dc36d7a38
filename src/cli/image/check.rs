//! `slipway image check`.

use clap::Args;
use serde_json::json;

use super::holding::HoldArgs;
use super::repository::{RepositoryArgs, failed, open};
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::gitops::{CheckLevel, Finding, ManifestRule, Reach, check_manifests};
use crate::launch::CommandError;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct CheckArgs {
    /// The applications [default: all of them]
    #[arg(value_name = "APP")]
    apps: Vec<String>,

    #[command(flatten)]
    hold: HoldArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Tells what is wrong; what would refuse a change fails the command.
pub(super) async fn check(ui: Ui, global: &Global, args: &CheckArgs) -> Result<Exit, CommandError> {
    let (workspace, repository) =
        open(ui, global, &args.repository, args.hold.asks_cluster(), Reach::Newest).await?;
    let (level, repository) =
        Box::pin(args.hold.hold(&workspace, repository, &args.repository, None)).await?;
    if level == CheckLevel::Off {
        return Err(CommandError::usage(
            "manifests are not to be checked",
            "leave --check-manifests off out",
        ));
    }
    let root = &args.repository.manifests;
    let findings = check_manifests(&repository, root, &args.apps).await.map_err(failed)?;
    let fails =
        |one: &Finding| level == CheckLevel::Require || one.is_certain && one.rule != ManifestRule::Held;
    let severity = |one: &Finding| if fails(one) { "error" } else { "warning" };
    if ui.format() == Format::Json {
        let finding = |one: &Finding| {
            json!({
                "rule": one.rule.name(), "code": one.rule.code(), "file": one.file, "line": one.line, "problem": one.problem,
                "severity": severity(one),
            })
        };
        ui.json(&findings.iter().map(finding).collect::<Vec<_>>())?;
    } else {
        let line = |one: &Finding| {
            let text = format!("{}[{}]: {one}", severity(one), one.rule.code());
            format!("{}\n", shown::name(&text))
        };
        ui.answer(&findings.iter().map(line).collect::<String>())?;
    }
    match findings.iter().filter(|one| fails(one)).count() {
        0 => Ok(Exit::Done),
        1 => Err(CommandError::failed("1 mistake in the manifests", None)),
        count => Err(CommandError::failed(format!("{count} mistakes in the manifests"), None)),
    }
}
