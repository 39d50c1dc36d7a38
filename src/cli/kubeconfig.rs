//! `slipway kubeconfig`: an entry for a cluster in a kubeconfig, whose tokens `slipway token` mints.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::global::{Global, ToolArgs};
use super::token::NamedArgs;
use crate::cluster::kubeconfig::{KubeconfigEntry, default_file};
use crate::cluster::{ClusterError, describe};
use crate::launch::CommandError;
use crate::support::environment::variable;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Write an entry for an EKS cluster into a kubeconfig
///
/// Endpoint and CA come from EKS, tokens from `slipway token`: no AWS CLI is needed. What else is in the file stays as it is.
#[derive(Args, Clone, Debug)]
pub struct KubeconfigArgs {
    /// The cluster's label in slipway.hcl, by default the only one
    #[arg(conflicts_with = "name")]
    cluster: Option<String>,

    #[command(flatten)]
    named: NamedArgs,

    /// The kubeconfig [default: the first of KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// What the context is called [default: the cluster's label, or its name]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The proxy that the API server is reached through, such as `http://proxy:3128`
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// The AWS profile that tokens are signed with [default: `AWS_PROFILE`]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Leave the current context as it is
    #[arg(long)]
    keep_context: bool,

    /// Print the entry as a file of its own, and write nothing
    #[arg(long, conflicts_with = "file")]
    print: bool,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Writes, or prints.
pub async fn cmd_kubeconfig(ui: Ui, global: &Global, args: &KubeconfigArgs) -> Result<Exit, CommandError> {
    let named = args.named.find(ui, global, args.cluster.as_deref(), &args.tools).await?;
    let failed = |error: &dyn std::fmt::Display| CommandError::failed(error.to_string(), None);
    let facts = describe(&named.aws, &named.name).await.map_err(|error| failed(&error))?;
    if facts.endpoint.is_empty() || facts.certificate_authority.is_empty() {
        return Err(failed(&ClusterError::NoEndpoint { name: facts.name, status: facts.status }));
    }
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let entry = KubeconfigEntry {
        context: args.context.clone().unwrap_or(named.label),
        facts,
        program: program.to_string_lossy().into_owned(),
        profile: args.profile.clone().or_else(|| variable("AWS_PROFILE")),
        proxy: args.proxy.clone(),
        is_current: !args.keep_context,
    };
    if args.print {
        ui.answer(&entry.alone().map_err(|error| failed(&error))?)?;
        return Ok(Exit::Done);
    }
    let home = std::env::home_dir().unwrap_or_default();
    let file = args.file.clone().unwrap_or_else(|| default_file(variable("KUBECONFIG").as_deref(), &home));
    entry.write(&file).map_err(|error| failed(&error))?;
    match ui.format() {
        Format::Json => ui.json(&json!({
            "file": file, "context": entry.context, "cluster": entry.facts.arn, "server": entry.facts.endpoint,
        }))?,
        Format::Text => {
            let line = format!("context {} in {}", entry.context, file.display());
            ui.answer(&format!("{}\n", shown::name(&line)))?;
        }
    }
    Ok(Exit::Done)
}
