//! What Argo CD's controller tells the repo-server with every question: its settings, and what the cluster can do.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::Api;
use kube::discovery::{Discovery, verbs};
use serde_json::{Map, Value, json};

use crate::argocd::ArgoCdError;

type Data = std::collections::BTreeMap<String, String>;

/// Reads the settings; the fields of a `ManifestRequest` that are the same for every Application, and whether the repo-server speaks
/// without TLS.
pub(super) async fn read(
    client: &Client,
    namespace: &str,
) -> Result<(Map<String, Value>, bool), ArgoCdError> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let read = async |name: &str| {
        let map = maps.get_opt(name).await.map_err(ArgoCdError::at("read", format!("ConfigMap {name}")))?;
        Ok::<Data, ArgoCdError>(map.and_then(|map| map.data).unwrap_or_default())
    };
    let parameters = read("argocd-cmd-params-cm").await?;
    let mut common = common(&read("argocd-cm").await?);
    let version = client.apiserver_version().await.map_err(ArgoCdError::at("read", "version"))?;
    common.insert("kubeVersion".to_owned(), Value::from(plain(&version.git_version)));
    common.insert("apiVersions".to_owned(), Value::from(served(client).await?));
    let is_plain = parameters.get("reposerver.disable.tls").is_some_and(|value| value == "true");
    Ok((common, is_plain))
}

fn common(settings: &Data) -> Map<String, Value> {
    let get = |name: &str| settings.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let enabled = |name: &str| get(name).is_none_or(|value| value == "true");
    let schemes = settings.get("helm.valuesFileSchemes").map_or("https,http", String::as_str);
    let schemes: Vec<&str> = schemes.split(',').map(str::trim).filter(|scheme| !scheme.is_empty()).collect();
    let mut versions: Map<String, Value> = Map::new();
    for (key, path) in settings {
        let named =
            ["kustomize.version.", "kustomize.path."].iter().find_map(|begin| key.strip_prefix(begin));
        if let Some(name) = named {
            let options = get(&format!("kustomize.buildOptions.{name}"));
            versions.insert(name.to_owned(), json!({ "name": name, "path": path, "buildOptions": options }));
        }
    }
    let common = json!({
        "appLabelKey": get("application.instanceLabelKey").unwrap_or("app.kubernetes.io/instance"),
        "trackingMethod": get("application.resourceTrackingMethod").unwrap_or("annotation"),
        "installationID": get("installationID"),
        "kustomizeOptions": {
            "buildOptions": get("kustomize.buildOptions"),
            "versions": versions.into_values().collect::<Vec<_>>(),
        },
        "helmOptions": { "valuesFileSchemes": schemes },
        "enabledSourceTypes": {
            "Kustomize": enabled("kustomize.enable"), "Helm": enabled("helm.enable"),
            "Directory": enabled("jsonnet.enable"), "Plugin": true,
        },
        // A branch is what its remote says now.
        "noRevisionCache": true,
    });
    match common {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A version without what clouds write behind it: `v1.33.1-eks-5678` is `v1.33.1`.
fn plain(version: &str) -> String {
    version.split(['-', '+']).next().unwrap_or_default().to_owned()
}

/// What charts ask for by `.Capabilities.APIVersions`: the groups with the version that each prefers, and their kinds.
async fn served(client: &Client) -> Result<Vec<String>, ArgoCdError> {
    let discovered = Discovery::new(client.clone()).run().await;
    let discovered = discovered.map_err(ArgoCdError::at("discovery", "its kinds"))?;
    let mut served = std::collections::BTreeSet::new();
    for group in discovered.groups() {
        for (resource, can) in group.versioned_resources(group.preferred_version_or_latest()) {
            if can.supports_operation(verbs::LIST) && can.supports_operation(verbs::WATCH) {
                served.insert(resource.api_version.clone());
                served.insert(format!("{}/{}", resource.api_version, resource.kind));
            }
        }
    }
    Ok(served.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_the_controller_reads_them() {
        let none = common(&Data::new());
        assert_eq!(none["appLabelKey"], "app.kubernetes.io/instance");
        assert_eq!(none["helmOptions"], json!({ "valuesFileSchemes": ["https", "http"] }));
        assert_eq!(none["enabledSourceTypes"]["Helm"], true);
        let some = [
            ("application.resourceTrackingMethod", "label"),
            ("helm.enable", "false"),
            ("helm.valuesFileSchemes", ""),
            ("kustomize.buildOptions", "--enable-helm"),
            ("kustomize.path.v5.0.0", "/custom/kustomize"),
            ("kustomize.buildOptions.v5.0.0", "--load-restrictor none"),
        ];
        let some = common(&some.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(
            (&some["trackingMethod"], &some["enabledSourceTypes"]["Helm"]),
            (&json!("label"), &json!(false))
        );
        assert_eq!(some["helmOptions"], json!({ "valuesFileSchemes": [] }));
        let version = json!({ "name": "v5.0.0", "path": "/custom/kustomize", "buildOptions": "--load-restrictor none" });
        assert_eq!(
            some["kustomizeOptions"],
            json!({ "buildOptions": "--enable-helm", "versions": [version] })
        );
        assert_eq!(plain("v1.33.1-eks-5678"), "v1.33.1");
    }
}
