//! Kustomize itself is the judge: an edit is made where it shows in what Kustomize builds, and refused where it does not.

use std::path::Path;

use super::remote::{Remote, deployment};
use super::{kustomize, set};

const BASE: &str = "manifests/base/d.yaml";

/// The images of `web` in what the real Kustomize builds of a folder, and the names of the workloads.
fn built(folder: &Path) -> Vec<(String, String)> {
    let output = kustomize(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |document: &str, key: &str| {
        let mut values =
            document.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(key));
        values.next().map(|value| value.trim().to_owned())
    };
    let workload = |document: &str| {
        let name = document.lines().find_map(|line| line.strip_prefix("  name: "))?.to_owned();
        Some((name, line(document, "image:")?))
    };
    text.split("\n---\n").filter_map(workload).collect()
}

#[tokio::test]
async fn an_edit_is_made_where_kustomize_shows_it_and_refused_where_it_does_not() {
    let image = "/spec/template/spec/containers/0/image";
    let merge = "apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: web, ";
    let replacement = |index: u8| {
        format!(
            "resources: [../base, c.yaml]\nreplacements:\n- source: {{kind: ConfigMap, name: c, fieldPath: data.v}}\n  targets:\n  - select: {{kind: Deployment}}\n    fieldPaths: ['spec.template.spec.containers.[name=web].image']\n    options: {{delimiter: ':', index: {index}}}\n"
        )
    };
    let selecting = |target: &str, shows: bool| {
        let overlay = format!(
            "resources: [../base]\npatches:\n- target: {{{target}}}\n  patch: |-\n    - {{op: replace, path: {image}, value: x}}\n"
        );
        (shows, overlay)
    };
    let layouts = [
        (true, "resources: [../base]\n".to_owned()),
        (false, "resources: [../base]\nimages: [{name: r.example/web, newTag: v9}]\n".to_owned()),
        (true, "resources: [../base]\nimages: [{name: r.example/web, newName: m.example/web}]\n".to_owned()),
        (true, "resources: [../base]\nimages: [{name: m.example/web, newTag: v9}]\n".to_owned()),
        (true, "resources: [../base]\nnamePrefix: eu-\nnameSuffix: -one\n".to_owned()),
        (
            true,
            "resources: [../base]\ncomponents: [../c]\nimages: [{name: r.example/web, newTag: v9}]\n"
                .to_owned(),
        ),
        (
            false,
            "resources: [../base]\ncomponents: [../c]\nimages: [{name: c.example/web, newTag: v9}]\n"
                .to_owned(),
        ),
        (
            false,
            format!(
                "resources: [../base]\npatches:\n- target: {{kind: Dep.*}}\n  patch: |-\n    - {{op: replace, path: {image}, value: x}}\n"
            ),
        ),
        (
            true,
            format!(
                "resources: [../base]\npatches:\n- target: {{kind: Job}}\n  patch: |-\n    - {{op: replace, path: {image}, value: x}}\n"
            ),
        ),
        (false, format!("resources: [../base]\npatches:\n- patch: |-\n    {merge}image: x}}]}}}}}}\n")),
        (true, format!("resources: [../base]\npatches:\n- patch: |-\n    {merge}env: []}}]}}}}}}\n")),
        (true, replacement(0)),
        (false, replacement(1)),
        selecting("labelSelector: app=other", true),
        selecting("labelSelector: 'app=web'", false),
        selecting("labelSelector: 'app in (x, web), !gone'", false),
        selecting("labelSelector: 'app notin (x), tier!=web'", false),
        selecting("labelSelector: 'app notin (x, web)'", true),
        selecting("annotationSelector: 'note'", true),
        selecting("annotationSelector: 'owner in (me)'", false),
        selecting("group: apps", false),
        selecting("group: batch", true),
        selecting("version: v1.*", false),
        selecting("version: v2", true),
        selecting("namespace: default", false),
        selecting("namespace: other", true),
    ];
    for (shows, overlay) in layouts {
        let remote = Remote::new();
        let labelled = |image: &str| {
            let labels = "  labels: {app: web, tier: front}\n  annotations: {owner: me}\nspec:\n";
            deployment("web", image).replacen("spec:\n", labels, 1)
        };
        let after = labelled("r.example/web:v2");
        let files = [
            ("manifests/base/kustomization.yaml", "resources: [d.yaml]\n"),
            (BASE, &labelled("r.example/web:v1")),
            (
                "manifests/c/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{name: r.example/web, newName: c.example/web}]\n",
            ),
            ("manifests/top/kustomization.yaml", &overlay),
            ("manifests/top/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: v6}\n"),
        ];
        remote.commit("layout", &files);
        let outcome = set(&mut remote.open().await, "base/web=r.example/web:v2").await;
        assert_eq!(outcome.is_ok(), shows, "{overlay}\n{outcome:?}");
        // What Kustomize makes of the edit, made or not.
        remote.write(BASE, after.as_bytes());
        let built = built(&remote.root.path().join("colleague/manifests/top"));
        let is_shown = built.iter().all(|(_, image)| image.ends_with(":v2"));
        assert_eq!((is_shown, built.len()), (shows, 1), "{overlay}\n{built:?}");
        // A name that comes from elsewhere is not known.
        if let Some(outcome) = outcome.ok().filter(|_| !overlay.contains("replacements")) {
            let deployed = outcome.deployed.iter().map(|one| (one.workload.clone(), one.image.clone()));
            assert_eq!(deployed.collect::<Vec<_>>(), built, "{overlay}");
        }
    }
}
