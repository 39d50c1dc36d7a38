//! `slipway token`: a token for a cluster, as kubectl takes it.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::exit::Exit;
use super::global::{Global, ToolArgs};
use crate::cluster::token::TokenSource;
use crate::cluster::{ClusterError, load_aws};
use crate::launch::{CommandError, Target, Workspace};
use crate::project::Needs;
use crate::ui::Ui;

/// Print a token for an EKS cluster, as kubectl asks for one
///
/// The answer is an `ExecCredential`. The token is signed with your AWS credentials here, without a request; it lives for 14 minutes, or until the credentials end. `slipway kubeconfig` writes an entry that calls this.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// The cluster's label in slipway.hcl, by default the only one
    #[arg(conflicts_with = "name")]
    cluster: Option<String>,

    #[command(flatten)]
    named: NamedArgs,

    #[command(flatten)]
    tools: ToolArgs,
}

/// A cluster that need not stand in slipway.hcl.
#[derive(Args, Clone, Debug)]
pub struct NamedArgs {
    /// The cluster's name in EKS, in the place of a label: slipway.hcl is not looked at then
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Its region [default: as in slipway.hcl, else the environment's]
    #[arg(long, value_name = "REGION", requires = "name")]
    pub region: Option<String>,
}

/// A cluster of EKS, and credentials to come to it.
pub struct Named {
    /// What slipway.hcl calls it; its name where it was named.
    pub label: String,
    /// Its name in EKS.
    pub name: String,
    /// The way to its AWS.
    pub aws: aws_config::SdkConfig,
}

impl NamedArgs {
    /// The cluster that is meant.
    pub async fn find(
        &self,
        ui: Ui,
        global: &Global,
        label: Option<&str>,
        tools: &ToolArgs,
    ) -> Result<Named, CommandError> {
        if let Some(name) = &self.name {
            let aws = load_aws(self.region.as_deref()).await;
            return Ok(Named { label: name.clone(), name: name.clone(), aws });
        }
        let workspace = Workspace::open(ui, &global.invocation(), Needs::CLUSTERS)?;
        let target = Target::find(&workspace, label, &tools.tools()).await?;
        if target.cluster.context.is_some() {
            let error = ClusterError::NotByEks { name: target.cluster.name, what: "a token" };
            return Err(CommandError::failed(error, None));
        }
        Ok(Named { label: target.cluster.label.clone(), name: target.cluster.name, aws: target.aws })
    }
}

/// Mints and prints.
pub async fn cmd_token(ui: Ui, global: &Global, args: &TokenArgs) -> Result<Exit, CommandError> {
    let named = args.named.find(ui, global, args.cluster.as_deref(), &args.tools).await?;
    let failed = |error: ClusterError| CommandError::failed(error, None);
    let region = named.aws.region().ok_or(ClusterError::NoRegion).map_err(failed)?;
    let credentials = named.aws.credentials_provider().ok_or_else(|| {
        failed(ClusterError::NoCredentials { detail: "no provider is configured".to_owned() })
    })?;
    let source = TokenSource::new(credentials, region.as_ref(), &named.name);
    let (token, until) = source.with_end().await.map_err(|error| failed(error.into()))?;
    let until = Timestamp::try_from(until).map_err(|error| CommandError::failed(error, None))?;
    ui.json(&json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {},
        "status": {
            "expirationTimestamp": format!("{until:.0}"),
            "token": token.reveal(),
        },
    }))?;
    Ok(Exit::Done)
}
