//! What the nodes of a cluster are.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use kube::{Client, Error};

/// Operating systems and architectures of the nodes, each pair once: `linux`, `arm64`.
pub async fn platforms(client: &Client) -> Result<BTreeSet<(String, String)>, Error> {
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await?;
    Ok(nodes.items.iter().filter_map(platform).collect())
}

fn platform(node: &Node) -> Option<(String, String)> {
    let label =
        |name: &str| node.metadata.labels.as_ref()?.get(name).filter(|value| !value.is_empty()).cloned();
    Some((label("kubernetes.io/os").unwrap_or_else(|| "linux".to_owned()), label("kubernetes.io/arch")?))
}
