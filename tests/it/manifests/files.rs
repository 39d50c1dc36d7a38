//! Schemas in files: documents of a whole cluster, and folders with a file for each kind.

use std::path::Path;

use serde_json::json;
use slipway::gitops::{CheckLevel, ManifestRule, Repository};
use slipway::manifests::{FileSchemas, SchemaSource};

use super::{WEB, held, set};
use crate::support::bed::Bed;
use crate::support::manifests::{bare, head};
use crate::support::slipway::Slipway;

fn files(name: &str, folder: &Path) -> Vec<SchemaSource> {
    vec![SchemaSource::Files(FileSchemas::read(name, folder).unwrap())]
}

async fn found(text: &str, schemas: Vec<SchemaSource>) -> Result<Vec<ManifestRule>, String> {
    let (_remote, mut repository) = held(text, schemas).await;
    let told = set(&mut repository, "web").await;
    told.map(|told| told.iter().map(|one| one.rule).collect())
}

/// A JSON schema of Deployments as kubeconform has them, which says of their fields only some.
fn deployments(folder: &Path) {
    let schema = json!({
        "$schema": "http://json-schema.org/schema#",
        "type": "object",
        "description": "Deployment",
        "properties": {
            "apiVersion": {"type": ["string", "null"], "enum": ["apps/v1"]},
            "kind": {"type": ["string", "null"], "enum": ["Deployment"]},
            "metadata": {"type": ["object", "null"]},
            "spec": {
                "type": ["object", "null"],
                "required": ["selector", "template"],
                "properties": {
                    "replicas": {"type": ["integer", "null"], "format": "int32"},
                    "selector": {"type": ["object", "null"]},
                    "template": {"type": ["object", "null"]}
                }
            }
        }
    });
    std::fs::write(folder.join("deployment-apps-v1.json"), schema.to_string()).unwrap();
}

#[tokio::test]
async fn a_folder_has_a_file_for_each_kind_and_what_it_has_not_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    deployments(folder.path());
    let schemas = || files(".", folder.path());
    assert_eq!(found(WEB, schemas()).await.unwrap(), []);
    let wrong = found(&WEB.replace("replicas: 2", "replicas: two"), schemas()).await.unwrap_err();
    assert!(wrong.contains("all.yaml:7: spec.replicas has to be integer"), "{wrong}");
    let wrong = found(&WEB.replace("replicas: 2", "replica: 2"), schemas()).await.unwrap_err();
    assert!(
        wrong.contains("all.yaml:7: Deployment has no field spec.replica; did you mean replicas?"),
        "{wrong}"
    );

    let certificate =
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web}\nspec: {dnsName: a}\n";
    let text = format!("{WEB}---\n{certificate}");
    assert_eq!(found(&text, schemas()).await.unwrap(), [ManifestRule::Held]);
    std::fs::create_dir(folder.path().join("cert-manager.io")).unwrap();
    let schema = json!({"type": "object", "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "spec": {"type": "object", "properties": {"dnsNames": {"type": "array", "items": {"type": "string"}}}}
    }});
    let file = folder.path().join("cert-manager.io/certificate_v1.json");
    std::fs::write(&file, schema.to_string()).unwrap();
    let wrong = found(&text, schemas()).await.unwrap_err();
    assert!(
        wrong.contains("all.yaml:21: Certificate has no field spec.dnsName; did you mean dnsNames?"),
        "{wrong}"
    );
    // One that is broken is no verdict.
    std::fs::write(&file, "{\"type\": 7").unwrap();
    assert_eq!(found(&text, schemas()).await.unwrap(), [ManifestRule::Held]);
    // What is named by a manifest leads nowhere else.
    let elsewhere = "apiVersion: ../../x/v1\nkind: Deployment\nmetadata: {name: x}\n";
    assert_eq!(found(&format!("{WEB}---\n{elsewhere}"), schemas()).await.unwrap(), [ManifestRule::Held]);
}

#[tokio::test]
async fn kinds_of_kustomize_and_patterns_of_go_are_no_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let schema = json!({"components": {"schemas": {"x.Widget": {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
            "mode": {"type": "string", "pattern": "^(?i)(abort|warn)$"}
        },
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}]
    }}}});
    std::fs::write(folder.path().join("all.json"), schema.to_string()).unwrap();
    let widget =
        |text: &str| format!("{WEB}---\napiVersion: example.com/v1\nkind: {text}\nmetadata: {{name: x}}\n");
    let told =
        found(&widget("Widget").replace("x}", "x}\nmode: WARN"), files("all.json", folder.path())).await;
    assert_eq!(told.unwrap(), [ManifestRule::Held], "of the Deployment only");
    let (remote, _) = held(&widget("Gadget"), files("all.json", folder.path())).await;
    let mut repository = remote.open().await;
    let judge = || std::sync::Arc::new(slipway::manifests::Schemas::new(files("all.json", folder.path())));
    repository.check_manifests(CheckLevel::Warn, Some(judge()));
    assert!(
        set(&mut repository, "web").await.unwrap_err().contains("all.json has no Gadget of example.com/v1")
    );
    remote.commit("built", &[("manifests/web/kustomization.yaml", "resources: [all.yaml]\n")]);
    let mut repository = remote.open().await;
    repository.check_manifests(CheckLevel::Warn, Some(judge()));
    assert_eq!(set(&mut repository, "web").await.unwrap(), []);
}

#[tokio::test]
async fn a_document_of_a_whole_cluster_is_read_in_both_versions() {
    let bed = Bed::shared();
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in [("v2.json", "/openapi/v2"), ("v3.json", "/openapi/v3/apis/apps/v1")] {
        std::fs::write(folder.path().join(name), bed.kubectl(&["get", "--raw", path])).unwrap();
        let schemas = || files(name, folder.path());
        assert_eq!(found(WEB, schemas()).await.unwrap(), [], "{name}");
        let right = WEB
            .replace("cpu: 100m", "cpu: 1")
            .replace("  replicas: 2", "  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}");
        assert_eq!(found(&right, schemas()).await.unwrap(), [], "{name}");
        let wrong = found(&WEB.replace("containerPort", "containerport"), schemas()).await.unwrap_err();
        assert!(wrong.contains("all.yaml:15: Deployment has no field"), "{name}: {wrong}");
        let wrong = found(&WEB.replace("kind: Deployment", "kind: Deploymnet"), schemas()).await.unwrap_err();
        assert!(wrong.contains(&format!("{name} has no Deploymnet of apps/v1")), "{name}: {wrong}");
    }
}

#[tokio::test]
async fn what_cannot_be_held_to_a_schema_is_told_or_refused_as_it_is_asked() {
    let unreached = || vec![SchemaSource::Unreached("nobody answers".to_owned())];
    let (remote, mut repository) = held(WEB, unreached()).await;
    let told = set(&mut repository, "web").await.unwrap();
    assert_eq!(told[0].to_string(), "manifests/web/all.yaml:2: not held to a schema: nobody answers");
    let require = |repository: &mut Repository| {
        let judge = slipway::manifests::Schemas::new(unreached());
        repository.check_manifests(CheckLevel::Require, Some(std::sync::Arc::new(judge)));
    };
    require(&mut repository);
    let refused = set(&mut repository, "web").await.unwrap_err();
    assert!(refused.starts_with("not held: "), "{refused}");
    drop(remote);
}

#[test]
fn schemas_are_named_on_the_command_line_and_in_slipway_hcl() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schemas")).unwrap();
    deployments(&folder.path().join("schemas"));
    let bare = bare(folder.path(), &[("manifests/web/all.yaml", WEB.replace("replicas: 2", "replica: 2"))]);
    let before = head(&bare);
    let image = |arguments: &[&str]| {
        let repository = ["--repo", bare.to_str().unwrap(), "--check-image", "off"];
        let slipway = Slipway::new(folder.path(), Path::new("/nowhere/terraform"));
        slipway.run(&[&["image", "set", "web=registry.example/web:v2"], arguments, &repository].concat())
    };
    image(&["--schema", "schemas"])
        .exits(5)
        .says("all.yaml:7: Deployment has no field spec.replica; did you mean");
    image(&["--schema", "gone"]).exits(1).says("the schemas in gone cannot be read").says("or write cluster");
    image(&["--schema", "schemas,cluster"]).exits(64).says("there is no slipway.hcl");
    let project = folder.path().join("slipway.hcl");
    std::fs::write(&project, "apps {\n  schemas = [\"schemas\"]\n}\n").unwrap();
    image(&[]).exits(5).says("did you mean replicas?");
    image(&["--schema", "slipway.hcl"]).exits(1).says("has no schemas of Kubernetes");
    assert_eq!(head(&bare), before);
    image(&["--check-manifests", "off"]).exits(0);
}
