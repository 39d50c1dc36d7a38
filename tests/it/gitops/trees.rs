//! Kustomizations in every notation in which one sets an image: what Kustomize builds after an edit differs in that image only.

use std::path::Path;

use super::remote::{Remote, deployment};
use super::{kustomize, set};

const BASE: &str = "resources: [d.yaml]\n";
const OVER: &str = "resources: [../base]\n";
const IMAGE: &str = "/spec/template/spec/containers/0/image";

/// What the real Kustomize builds of a folder.
fn built(folder: &Path) -> String {
    let output = kustomize(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The kustomizations of an overlay, and what stands beside it.
fn overlays() -> Vec<(String, Vec<(&'static str, String)>)> {
    let merge = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'registry.example/web:v1'}]}}}\n";
    let operation = format!("- op: replace\n  path: {IMAGE}\n  value: registry.example/web:v1\n");
    let indented = |text: &str| text.trim_end().replace('\n', "\n    ");
    let alone = |text: String| (format!("{OVER}{text}"), Vec::new());
    let mut all = Vec::new();
    for quote in ["", "'", "\""] {
        let tag = format!("{quote}v1{quote}");
        for name in ["registry.example/web", "registry.example/w.*", "registry.example/(web|api)"] {
            // What a regular expression replaces says its new name itself.
            let new = if name == "registry.example/web" { "" } else { "  newName: registry.example/web\n" };
            all.push(alone(format!("images:\n- name: {name}\n{new}  newTag: {tag} # the tag\n")));
        }
        all.push(alone(format!(
            "images: [{{newName: registry.example/web, name: registry.example/web, newTag: {tag}}}]\n"
        )));
        all.push(alone(format!(
            "namePrefix: eu-\nnameSuffix: -one\nnamespace: prod\nimages:\n- newTag: {tag}\n  name: registry.example/web\n"
        )));
        all.push(alone(format!(
            "images:\n- name: registry.example/web\n  newTag: v0\n- name: registry.example/web\n  newTag: {tag}\n"
        )));
        let value = format!("{quote}registry.example/web:v1{quote}");
        let operation = operation.replace("registry.example/web:v1", &value);
        all.push(alone(format!(
            "patches:\n- target: {{kind: Deployment}}\n  patch: |-\n    {}\n",
            indented(&operation)
        )));
        all.push((
            format!("{OVER}patches: [{{path: p.yaml, target: {{name: web}}}}]\n"),
            vec![("p.yaml", operation.clone())],
        ));
        all.push((
            format!("{OVER}patchesJson6902: [{{path: p.yaml, target: {{group: apps, version: v1, kind: Deployment, name: web}}}}]\n"),
            vec![("p.yaml", operation)],
        ));
    }
    all.push((format!("{OVER}patches: [{{path: p.yaml}}]\n"), vec![("p.yaml", merge.to_owned())]));
    all.push((format!("{OVER}components: [../c]\n"), Vec::new()));
    all
}

#[tokio::test]
async fn what_is_built_after_an_edit_differs_in_the_wanted_image_only() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{name: registry.example/web, newTag: v1}]\n";
    let remote = Remote::new();
    // The base is at another version, so that who decides is seen.
    let base = deployment("web", "registry.example/web:v0");
    let overlays = overlays();
    for (number, (overlay, beside)) in overlays.iter().enumerate() {
        let write =
            |path: &str, text: &str| remote.write(format!("manifests/t{number}/{path}"), text.as_bytes());
        write("base/kustomization.yaml", BASE);
        write("base/d.yaml", &base);
        write("top/kustomization.yaml", overlay);
        if overlay.contains("../c") {
            write("c/kustomization.yaml", component);
        }
        for (name, text) in beside {
            write(&format!("top/{name}"), text);
        }
    }
    remote.commit("trees", &[]);
    let colleague = remote.root.path().join("colleague");
    let top = |number: usize| colleague.join(format!("manifests/t{number}/top"));
    let before: Vec<String> = (0..overlays.len()).map(|number| built(&top(number))).collect();
    let mut repository = remote.open().await;
    for (number, (overlay, _)) in overlays.iter().enumerate() {
        // A patch that is a manifest is called like its base: the file says which.
        let place = if overlay.contains("{path: p.yaml}]") { "@top/p.yaml" } else { "" };
        let outcome = set(&mut repository, &format!("t{number}{place}=registry.example/web:v2")).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}\n{overlay}"));
        assert!(!outcome.file.ends_with("d.yaml"), "{overlay}");
    }
    remote.commit("done", &[("note.txt", "built below\n")]);
    for (number, (overlay, _)) in overlays.iter().enumerate() {
        let (before, after) = (&before[number], built(&top(number)));
        assert_eq!(before.matches("image: registry.example/web:v1\n").count(), 1, "{overlay}\n{before}");
        assert_eq!(after, before.replace("web:v1\n", "web:v2\n"), "{overlay}");
    }
}
