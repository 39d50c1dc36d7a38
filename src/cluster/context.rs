//! Clusters that are reached by a context of a kubeconfig: EKS is not asked, and its user comes in as kubectl would.

use aws_config::SdkConfig;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::ClusterError;
use super::aws::{install_tls_provider, load_aws};
use super::eks::managed_argocd;
use super::kube::{CONNECT_TIMEOUT, READ_TIMEOUT, connect};
use crate::project::{KubeContext, ResolvedCluster};
use crate::support::causes::innermost;
use crate::support::environment;
use crate::support::web::proxy_for;

/// The way to a cluster's AWS; one that is reached by a context has none.
pub async fn aws_of(cluster: &ResolvedCluster) -> SdkConfig {
    match &cluster.context {
        Some(_) => SdkConfig::builder().build(),
        None => load_aws(cluster.region.as_deref()).await,
    }
}

/// A client for a cluster's API server, as its block says. Sends nothing to it yet.
pub async fn reach(aws: &SdkConfig, cluster: &ResolvedCluster) -> Result<Client, ClusterError> {
    match &cluster.context {
        Some(context) => Ok(in_context(context).await?.0),
        None => Ok(connect(aws, &cluster.name).await?.client),
    }
}

/// The name of the Argo CD that EKS manages on a cluster, where EKS is asked and one is ACTIVE.
pub async fn argocd_of_eks(
    aws: &SdkConfig,
    cluster: &ResolvedCluster,
) -> Result<Option<String>, ClusterError> {
    if cluster.context.is_some() { Ok(None) } else { managed_argocd(aws, &cluster.name).await }
}

/// A client for a context, and the address of the API server that it leads to.
pub(super) async fn in_context(context: &KubeContext) -> Result<(Client, String), ClusterError> {
    let unusable = |detail: String| ClusterError::Context { context: context.name.clone(), detail };
    let read = match &context.file {
        Some(file) => Kubeconfig::read_from(file),
        None => Kubeconfig::read(),
    };
    let mut kubeconfig = read.map_err(|error| unusable(innermost(&error)))?;
    if !kubeconfig.contexts.iter().any(|known| known.name == context.name) {
        let known: Vec<&str> = kubeconfig.contexts.iter().map(|known| known.name.as_str()).collect();
        let known = if known.is_empty() { "no context".to_owned() } else { known.join(", ") };
        return Err(unusable(format!("the kubeconfig does not have it; it has {known}")));
    }
    let withheld: Vec<String> =
        environment::withheld().into_iter().filter_map(|name| name.into_string().ok()).collect();
    for user in &mut kubeconfig.auth_infos {
        let exec = user.auth_info.as_mut().and_then(|user| user.exec.as_mut());
        if let Some(exec) = exec {
            // The token of the manifests repository is no business of the program that logs in, and nobody sits at its terminal.
            exec.drop_env = Some(withheld.clone());
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    install_tls_provider();
    let options = KubeConfigOptions { context: Some(context.name.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|error| unusable(innermost(&error)))?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    if config.proxy_url.is_none() {
        config.proxy_url = proxy_for(&config.cluster_url);
    }
    let server = config.cluster_url.to_string();
    let client = Client::try_from(config).map_err(|error| unusable(innermost(&error)))?;
    Ok((client, server))
}
