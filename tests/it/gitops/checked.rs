//! Manifests are held to rules before they are pushed: what Argo CD would ignore or delete is found while it is still here.

use slipway::gitops::{BumpOptions, CheckLevel, GitOpsError, ManifestRule, Repository, rollback};

use super::remote::{Remote, deployment};
use super::{set, set_with};

const FILE: &str = "manifests/app-a/deployment.yaml";
const SERVICE: &str = "manifests/app-a/service.yaml";
const V2: &str = "app-a=registry.example/app-a:v2";

/// A repository whose application has these files beside what it had.
async fn with(files: &[(&str, &str)]) -> (Remote, Repository) {
    let remote = Remote::new();
    remote.commit("by hand", files);
    let repository = remote.open().await;
    (remote, repository)
}

fn rules(repository: &Repository) -> Vec<(String, ManifestRule)> {
    repository.findings().iter().map(|one| (format!("{}:{}", one.file, one.line), one.rule)).collect()
}

#[tokio::test]
async fn a_misspelt_kind_is_refused_where_it_is_edited_and_told_where_it_is_not() {
    let misspelt = deployment("app-a", "registry.example/app-a:v1").replace("kind: Dep", "kind: Dpe");
    let (remote, mut repository) = with(&[(FILE, &misspelt)]).await;
    let refused = set(&mut repository, V2).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Manifests { .. }), "{refused:?}");
    let told = format!("{FILE}:2: apps has no kind Dpeloyment; did you mean Deployment? [manifests::known]");
    assert_eq!((refused.to_string(), remote.commits()), (told, 2));

    let other = "apiVersion: v1\nkind: Servcie\nmetadata: {name: app-a}\n";
    let (_remote, mut repository) = with(&[(SERVICE, other)]).await;
    set(&mut repository, V2).await.unwrap();
    assert_eq!(rules(&repository), [(format!("{SERVICE}:2"), ManifestRule::Known)]);
    // It is of another application, and nobody's concern here.
    set(&mut repository, "app-b=registry.example/app-b:v2").await.unwrap();
    assert_eq!(rules(&repository), []);
}

#[tokio::test]
async fn a_rollback_is_refused_for_what_is_wrong_only_where_that_is_asked_for() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, V2).await.unwrap();
    let forgotten = format!("{}---\nmetadata:\n  name: forgotten\n", remote.file(FILE));
    remote.commit("by hand", &[(FILE, &forgotten)]);
    let refused = set(&mut repository, "app-a=registry.example/app-a:v3").await.unwrap_err().to_string();
    let line = forgotten.lines().count() - 1;
    assert!(refused.starts_with(&format!("{FILE}:{line}: this document has no kind")), "{refused}");

    let mut strict = remote.open().await;
    strict.check_manifests(CheckLevel::Require, None);
    let back = async |repository: &mut Repository| {
        rollback(repository, "manifests", &"app-a".parse().unwrap(), None).await
    };
    let refused = back(&mut strict).await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Manifests { .. }), "{refused:?}");
    assert_eq!(back(&mut repository).await.unwrap().image, "registry.example/app-a:v1");
    assert_eq!(rules(&repository), [(format!("{FILE}:{line}"), ManifestRule::Kind)]);
}

#[tokio::test]
async fn what_lies_beside_refuses_a_change_where_all_has_to_be_right_and_nothing_does_where_none_has() {
    let nameless = "apiVersion: v1\nkind: Service\nmetadata: {labels: {app: app-a}}\n";
    let (remote, mut repository) = with(&[(SERVICE, nameless)]).await;
    repository.check_manifests(CheckLevel::Require, None);
    let refused = set(&mut repository, V2).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        format!("{SERVICE}:1: this Service has no metadata.name; give it one [manifests::name]")
    );
    assert_eq!(remote.commits(), 2);

    let twice = "replicas: 2\n  replicas: 3";
    let text = deployment("app-a", "registry.example/app-a:v1").replace("replicas: 2", twice);
    let (_remote, mut repository) = with(&[(FILE, &text)]).await;
    repository.only_rehearse();
    let refused = set(&mut repository, V2).await.unwrap_err().to_string();
    assert!(refused.starts_with(&format!("{FILE}:7: replicas is there twice")), "{refused}");
    repository.check_manifests(CheckLevel::Off, None);
    set(&mut repository, V2).await.unwrap();
    assert_eq!(rules(&repository), []);
}

#[tokio::test]
async fn what_kustomize_and_helm_read_is_judged_only_as_far_as_it_is_decided_there() {
    let files = [
        (
            "manifests/app-a/kustomization.yaml",
            "resources: [deployment.yaml]\npatches: [{path: patch.yaml}]\n",
        ),
        ("manifests/app-a/patch.yaml", "kind: Deployment\nmetadata: {name: app-a}\nspec: {replicas: 3}\n"),
        (
            "manifests/app-a/prefix.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: x}\n",
        ),
        ("manifests/app-a/chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("manifests/app-a/chart/templates/a.yaml", "kind: {{ .Values.kind }}\nmetadata: {name: x}\n"),
        ("manifests/app-a/chart/values.yaml", "kind: Deploymnet\nmetadata: {name: x}\n"),
    ];
    let (_remote, mut repository) = with(&files).await;
    set_with(&mut repository, V2, &BumpOptions::default()).await.unwrap();
    assert_eq!(rules(&repository), []);
}
