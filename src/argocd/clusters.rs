//! The secrets by which Argo CD knows clusters: the one it is on, and others that it deploys to.
//!
//! They are also what generators of `ApplicationSets` read: labels to choose by, and the outputs of the infrastructure as
//! annotations.

use std::collections::BTreeMap;

use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::resources::{IN_CLUSTER, encoded, secret, secret_name};

/// Another cluster that Argo CD deploys to.
#[derive(Clone, Debug)]
pub struct OtherCluster {
    /// Its label in `slipway.hcl`.
    pub label: String,
    /// How it is reached; none where that is not known now, and its secret stays as it is.
    pub access: Option<Access>,
}

/// How a cluster of EKS is reached, and what generators may know of it.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its name in EKS, also for Applications.
    pub name: String,
    /// Its endpoint.
    pub server: String,
    /// The certificate of its authority, PEM in base64.
    pub certificate_authority: String,
    /// The role that Argo CD takes; its own where there is none.
    pub role_arn: Option<String>,
    /// The namespaces that are looked after; empty for all.
    pub namespaces: Vec<String>,
    /// The one project that may deploy to it.
    pub project: Option<String>,
    /// Labels of its secret.
    pub labels: BTreeMap<String, String>,
    /// The infrastructure's outputs; names begin with `slipway/`.
    pub annotations: BTreeMap<String, String>,
}

/// The cluster that Argo CD is on.
pub(super) fn own(
    namespace: &str,
    name: &str,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> Result<DynamicObject, serde_json::Error> {
    let config = json!({ "tlsClientConfig": { "insecure": false } }).to_string();
    let data = BTreeMap::from([
        ("name", encoded(name)),
        ("server", encoded(IN_CLUSTER)),
        ("config", encoded(&config)),
    ]);
    let object = secret(namespace, &secret_name("cluster", IN_CLUSTER), "cluster", annotations, &data)?;
    Ok(labelled(object, labels))
}

/// The name of another cluster's secret, which says nothing of where it is: that may not be known.
pub(super) fn name_of(label: &str) -> String {
    secret_name("cluster", &format!("label {label}"))
}

/// Another cluster, which Argo CD comes to with a token of EKS that it makes for itself: no login is in the secret.
pub(super) fn other(
    namespace: &str,
    label: &str,
    access: &Access,
) -> Result<DynamicObject, serde_json::Error> {
    let mut auth = json!({ "clusterName": access.name });
    if let (Some(role), Some(fields)) = (&access.role_arn, auth.as_object_mut()) {
        fields.insert("roleARN".to_owned(), Value::from(role.as_str()));
    }
    let config = json!({
        "awsAuthConfig": auth,
        "tlsClientConfig": { "insecure": false, "caData": access.certificate_authority },
    });
    let mut data = BTreeMap::from([
        ("name", encoded(&access.name)),
        ("server", encoded(&access.server)),
        ("config", encoded(&config.to_string())),
    ]);
    if !access.namespaces.is_empty() {
        data.insert("namespaces", encoded(&access.namespaces.join(",")));
    }
    data.extend(access.project.as_deref().map(|project| ("project", encoded(project))));
    let object = secret(namespace, &name_of(label), "cluster", &access.annotations, &data)?;
    Ok(labelled(object, &access.labels))
}

fn labelled(mut object: DynamicObject, labels: &BTreeMap<String, String>) -> DynamicObject {
    let own = object.metadata.labels.get_or_insert_default();
    for (name, value) in labels {
        // What makes it a cluster's secret is no choice.
        own.entry(name.clone()).or_insert_with(|| value.clone());
    }
    object
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn another_cluster_is_reached_by_a_role_and_known_by_labels_and_outputs() {
        let access = Access {
            name: "acme-prod".to_owned(),
            server: "https://prod.example".to_owned(),
            certificate_authority: "Q0E=".to_owned(),
            role_arn: Some("arn:aws:iam::1:role/argocd".to_owned()),
            namespaces: vec!["a".to_owned(), "b".to_owned()],
            project: None,
            labels: [("environment".to_owned(), "prod".to_owned())].into(),
            annotations: [("slipway/vpc_id".to_owned(), "vpc-1".to_owned())].into(),
        };
        let object = other("argocd", "prod", &access).unwrap();
        let labels = object.metadata.labels.clone().unwrap();
        assert_eq!((&*labels["environment"], labels.len()), ("prod", 2));
        assert_eq!(object.metadata.annotations.clone().unwrap()["slipway/vpc_id"], "vpc-1");
        let config = STANDARD.decode(object.data["data"]["config"].as_str().unwrap()).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(
            config["awsAuthConfig"],
            json!({"clusterName": "acme-prod", "roleARN": "arn:aws:iam::1:role/argocd"})
        );
        assert_eq!(config["tlsClientConfig"]["caData"], "Q0E=");
        assert_eq!(object.data["data"]["namespaces"], encoded("a,b"));
    }
}
