use super::*;

const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n";

/// What is found in files that are read as they are, each as `FILE:LINE RULE`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    found_in(Layout::Plain, files)
}

fn found_in(layout: Layout, files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<ManifestFile> = files
        .iter()
        .map(|(path, text)| {
            let (path, bytes) = ((*path).to_owned(), text.as_bytes().to_vec());
            ManifestFile { path, mode: String::new(), bytes, link: None }
        })
        .collect();
    let examined = |file| Examined { file, layout, is_edited: true, documents: file.documents() };
    let (findings, _) = examine(files.iter().map(examined).collect());
    findings.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.rule.name())).collect()
}

#[test]
fn what_argo_cd_would_ignore_is_found() {
    let without = |line: &str| DEPLOYMENT.replacen(&format!("{line}\n"), "", 1);
    assert_eq!(found(&[("a.yaml", &without("kind: Deployment"))]), ["a.yaml:1 kind"]);
    assert_eq!(found(&[("a.yaml", &without("apiVersion: apps/v1"))]), ["a.yaml:1 kind"]);
    assert_eq!(found(&[("a.yaml", &DEPLOYMENT.replace("kind:", "knd:"))]), ["a.yaml:1 kind"]);
    assert_eq!(found(&[("a.yaml", &DEPLOYMENT.replace("Deployment", "Deploymnet"))]), ["a.yaml:2 known"]);
    assert_eq!(found(&[("a.yaml", &DEPLOYMENT.replace("name: web", ""))]), ["a.yaml:1 name"]);
    let beside = format!("{DEPLOYMENT}---\nreplicas: 2\n");
    assert_eq!(found(&[("a.yaml", &beside)]), ["a.yaml:6 kind"]);
    let twice = DEPLOYMENT.replace("{replicas: 1}", "\n  replicas: 1\n  replicas: 2");
    assert_eq!(found(&[("a.yaml", &twice)]), ["a.yaml:6 keys"]);
    assert_eq!(found(&[("a.yaml", "a: b\nkind: [}\n")]), ["a.yaml:2 readable"]);
}

#[test]
fn an_object_that_is_there_twice_is_found_and_one_of_another_namespace_is_not() {
    let twice = format!("{DEPLOYMENT}---\n{DEPLOYMENT}");
    assert_eq!(found(&[("a.yaml", &twice)]), ["a.yaml:6 once"]);
    assert_eq!(found(&[("a.yaml", DEPLOYMENT), ("b.yaml", DEPLOYMENT)]), ["b.yaml:1 once"]);
    // Another folder may be another Application.
    assert_eq!(found(&[("x/a.yaml", DEPLOYMENT), ("y/a.yaml", DEPLOYMENT)]), [""; 0]);
    let elsewhere = DEPLOYMENT.replace("name: web", "name: web, namespace: eu");
    assert_eq!(found(&[("a.yaml", DEPLOYMENT), ("b.yaml", &elsewhere)]), [""; 0]);
    let generated = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: web-}\n";
    assert_eq!(found(&[("a.yaml", &format!("{generated}---\n{generated}"))]), [""; 0]);
}

#[test]
fn what_is_no_object_or_may_be_one_is_left_alone() {
    let fine = [
        "apiVersion: 1\ndatasources: []\n",
        "global: {scrape_interval: 15s}\nscrape_configs: []\n",
        "- op: replace\n  path: /spec\n",
        "# nothing\n",
        "---\n---\n",
        "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web}\n",
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n",
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n",
        "<<: &a {kind: Deployment}\napiVersion: apps/v1\nmetadata: {name: web}\n",
        "# +argocd:skip-file-rendering\nkind: X\nmetadata: {name: x}\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\"}}",
        "apiVersion: v1\nkind: Servce\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}\n",
    ];
    for text in fine {
        assert_eq!(found(&[("a.yaml", text)]), [""; 0], "{text}");
    }
    // Kustomize reads patches that say nothing but what they change.
    for text in ["metadata: {name: web}\nkind: Deployment\n", "kind: Deployment\napiVersion: apps/v1\n"] {
        assert_eq!(found_in(Layout::Kustomized, &[("a.yaml", text)]), [""; 0], "{text}");
    }
    let misspelt = DEPLOYMENT.replace("Deployment", "Deploymnet");
    assert_eq!(found_in(Layout::Kustomized, &[("a.yaml", &misspelt)]), ["a.yaml:2 known"]);
}
