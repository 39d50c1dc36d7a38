//! Images that are written elsewhere than in a manifest: in kustomizations, in values of charts, in Applications.

use slipway::gitops::{BumpOptions, list_images, promote, rollback};

use super::remote::{Remote, deployment};
use super::set;

const WEB: &str = "registry.example/web:v1";
const WANTED: &str = "web=registry.example/web:v2";

/// Sets `web` to `v2` among some files, of which one is expected to change, and takes that back.
async fn set_and_taken_back(files: &[(&str, &str)], changes: &str, from: &str, to: &str) {
    let remote = Remote::new();
    remote.commit("files", files);
    let mut repository = remote.open().await;
    let (_, before) = *files.iter().find(|(path, _)| *path == changes).unwrap();
    assert_eq!(before.matches(from).count(), 1, "{from} in {before}");
    let listed = list_images(&repository, "manifests").await.unwrap();
    let outcome = set(&mut repository, WANTED).await.unwrap();
    assert_eq!((outcome.file.as_str(), remote.file(changes)), (changes, before.replace(from, to)));
    let found = listed.images.iter().find(|image| (&image.file, image.line) == (&outcome.file, outcome.line));
    let found = found.expect("what is set is listed");
    assert_eq!(format!("{}/{}/{}", found.kind, found.workload, found.container), outcome.container);
    let touched = remote.git(&["diff", "--name-only", "main~1", "main"]);
    assert_eq!(touched, changes);
    let taken = rollback(&mut repository, "manifests", &"web".parse().unwrap(), None).await.unwrap();
    assert_eq!((remote.file(changes).as_str(), taken.image), (before, outcome.previous));
    // A freeze holds what is written here as well.
    let frozen = set(&mut repository, WANTED).await.unwrap_err();
    assert!(frozen.to_string().contains("is frozen"), "{frozen}");
}

#[tokio::test]
async fn an_entry_of_a_kustomization_is_set_and_not_the_manifest_that_it_hides() {
    let manifest = deployment("web", WEB);
    for entry in [
        "images:\n- name: registry.example/web\n  newTag: v1\n",
        "imageTags:\n- name: registry.example/web\n  newTag: v1\n",
        "images:\n- name: registry.example/.*\n  newName: registry.example/web\n  newTag: \"v1\" # by the pipeline\n",
    ] {
        let kustomization = format!("resources: [d.yaml]\n{entry}");
        let files = [
            ("manifests/web/kustomization.yaml", kustomization.as_str()),
            ("manifests/web/d.yaml", manifest.as_str()),
        ];
        set_and_taken_back(&files, "manifests/web/kustomization.yaml", "v1", "v2").await;
    }
}

#[tokio::test]
async fn a_json_patch_that_decides_the_image_is_where_it_is_set() {
    let patch = "resources: [d.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: registry.example/web:v1\n";
    let manifest = deployment("web", WEB);
    let files = [("manifests/web/kustomization.yaml", patch), ("manifests/web/d.yaml", manifest.as_str())];
    set_and_taken_back(&files, "manifests/web/kustomization.yaml", "v1", "v2").await;
    let file =
        "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: registry.example/web:v1\n";
    let by_file = "resources: [d.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n";
    let files = [
        ("manifests/web/kustomization.yaml", by_file),
        ("manifests/web/d.yaml", manifest.as_str()),
        ("manifests/web/p.yaml", file),
    ];
    set_and_taken_back(&files, "manifests/web/p.yaml", "v1", "v2").await;
}

#[tokio::test]
async fn values_of_a_chart_and_of_an_application_are_set() {
    let chart = ("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    let values = "image:\n  repository: registry.example/web\n  tag: v1\n";
    set_and_taken_back(
        &[chart, ("manifests/web/values.yaml", values)],
        "manifests/web/values.yaml",
        "v1",
        "v2",
    )
    .await;
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    repoURL: https://git.example/charts.git\n    path: web\n    helm:\n      parameters:\n        - {name: image.tag, value: v1}\n      values: |-\n        image:\n          repository: registry.example/web\n          tag: v0\n";
    let file = "manifests/web/app.yaml";
    set_and_taken_back(&[(file, application)], file, "value: v1", "value: v2").await;
    let beside = "manifests/web/.argocd-source-web.yaml";
    let text = "kustomize:\n  images:\n  - registry.example/web:v1\n";
    set_and_taken_back(&[(beside, text)], beside, "v1", "v2").await;
}

/// What is said of a bump that is refused; nothing is pushed.
async fn refused(files: &[(&str, &str)], assignment: &str) -> String {
    let remote = Remote::new();
    remote.commit("files", files);
    let before = remote.tip();
    let error = set(&mut remote.open().await, assignment).await.unwrap_err();
    assert_eq!(remote.tip(), before, "{assignment}");
    error.to_string()
}

#[tokio::test]
async fn an_entry_that_changes_nothing_of_what_is_built_is_refused() {
    let manifest = deployment("web", WEB);
    let base = ("manifests/base/d.yaml", manifest.as_str());
    let of_base = ("manifests/base/kustomization.yaml", "resources: [d.yaml]\n");
    let entry = "resources: [../base]\nimages: [{name: registry.example/web, newTag: v1}]\n";
    // Nothing is called so.
    let other = entry.replace("registry.example/web", "registry.example/other");
    let files = [base, of_base, ("manifests/web/kustomization.yaml", other.as_str())];
    let said = refused(&files, "web=registry.example/other:v2").await;
    assert!(
        said.starts_with("manifests/web/kustomization.yaml:2: nothing that Kustomize builds here"),
        "{said}"
    );
    // Another kustomization says it again.
    let above = "resources: [../web]\nimages: [{name: registry.example/web, newTag: v7}]\n";
    let files = [
        base,
        of_base,
        ("manifests/web/kustomization.yaml", entry),
        ("manifests/top/kustomization.yaml", above),
    ];
    let said = refused(&files, WANTED).await;
    assert!(said.starts_with("manifests/top/kustomization.yaml:2: Kustomize replaces this image"), "{said}");
    // An Application says it again.
    let remote = Remote::new();
    let application = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n  source:\n    repoURL: file://{}\n    path: manifests/web\n    kustomize: {{images: ['registry.example/web:v7']}}\n",
        remote.bare().display()
    );
    let files = [base, of_base, ("manifests/web/kustomization.yaml", entry), ("apps/web.yaml", &application)];
    remote.commit("files", &files);
    let said = set(&mut remote.open().await, WANTED).await.unwrap_err().to_string();
    assert!(said.starts_with("apps/web.yaml:8: Argo CD replaces this image"), "{said}");
    // What comes from elsewhere may well be called so.
    let remote = Remote::new();
    let elsewhere = other.replace("../base", "https://git.example/base.git?ref=v1");
    remote.commit("remote", &[("manifests/web/kustomization.yaml", &elsewhere)]);
    set(&mut remote.open().await, "web=registry.example/other:v2").await.unwrap();
}

#[tokio::test]
async fn values_that_every_application_of_the_chart_overrides_are_refused_with_the_place() {
    let chart = ("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    let values = "image: {repository: registry.example/web, tag: v1}\n";
    let prod = "image: {tag: v1}\n";
    for (helm, shows, place) in [
        ("{}", true, ""),
        (
            "{valueFiles: [values-prod.yaml]}",
            false,
            "manifests/web/values-prod.yaml:1: Argo CD takes this value",
        ),
        ("{parameters: [{name: image.tag, value: v7}]}", false, "apps/web.yaml:8: Argo CD takes this value"),
        ("{valuesObject: {image: {tag: v7}}}", false, "apps/web.yaml:8: Argo CD takes this value"),
        ("{values: 'image: {tag: v7}'}", false, "apps/web.yaml:8: Argo CD takes this value"),
        ("{parameters: [{name: image.repository, value: x}]}", true, ""),
    ] {
        let remote = Remote::new();
        let application = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n  source:\n    repoURL: file://{}\n    path: manifests/web\n    helm: {helm}\n",
            remote.bare().display()
        );
        let files = [
            chart,
            ("manifests/web/values.yaml", values),
            ("manifests/web/values-prod.yaml", prod),
            ("apps/web.yaml", &application),
        ];
        remote.commit("chart", &files);
        let named = "web@values.yaml=registry.example/web:v2";
        let outcome = set(&mut remote.open().await, named).await;
        assert_eq!(outcome.is_ok(), shows, "{helm}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(error.to_string().starts_with(place), "{helm}: {error}");
            continue;
        }
        // A second Application, in which something else decides, leaves it worth an edit for the first.
        let other =
            application.replace("name: web", "name: two").replace(helm, "{valueFiles: [values-prod.yaml]}");
        remote.commit("two", &[("apps/two.yaml", &other)]);
        set(&mut remote.open().await, "web@values.yaml=registry.example/web:v3").await.unwrap();
    }
}

#[tokio::test]
async fn two_overlays_of_one_app_are_told_apart_by_their_names() {
    let manifest = deployment("web", WEB);
    let overlay = "resources: [../base]\nimages: [{name: registry.example/web, newTag: v1}]\n";
    let files = [
        ("manifests/web/base/d.yaml", manifest.as_str()),
        ("manifests/web/base/kustomization.yaml", "resources: [d.yaml]\n"),
        ("manifests/web/dev/kustomization.yaml", overlay),
        ("manifests/web/prod/kustomization.yaml", overlay),
    ];
    let said = refused(&files, WANTED).await;
    assert!(said.ends_with("name one, like web/Kustomization/dev/web=IMAGE"), "{said}");
    let remote = Remote::new();
    remote.commit("files", &files);
    set(&mut remote.open().await, "web/prod/web=registry.example/web:v2").await.unwrap();
    assert_eq!(remote.file("manifests/web/prod/kustomization.yaml"), overlay.replace("v1", "v2"));
    assert_eq!(remote.file("manifests/web/dev/kustomization.yaml"), overlay);
}

#[tokio::test]
async fn what_a_release_says_in_one_environment_is_promoted_to_the_next() {
    let release = |tag: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web}}\nspec:\n  values:\n    image: {{tag: {tag}}} # of the chart\n"
        )
    };
    let entry = |tag: &str| {
        format!("resources: [https://git.example/x.git]\nimages: [{{name: web, newTag: {tag}}}]\n")
    };
    let (file, kustomization) = ("web/release.yaml", "side/kustomization.yaml");
    let remote = Remote::new();
    let at = |environment: &str, file: &str| format!("{environment}/{file}");
    remote.commit(
        "both",
        &[
            (&at("staging", file), &release("v2")),
            (&at("prod", file), &release("v1")),
            (&at("staging", kustomization), &entry("v2")),
            (&at("prod", kustomization), &entry("v1")),
        ],
    );
    let options = BumpOptions::default();
    for (app, file, expected) in [("web", file, release("v2")), ("side", kustomization, entry("v2"))] {
        let target = app.parse().unwrap();
        let mut repository = remote.open().await;
        promote(&mut repository, "staging", "prod", &target, &options, None).await.unwrap();
        assert_eq!(remote.file(&at("prod", file)), expected);
        rollback(&mut repository, "prod", &target, None).await.unwrap();
        assert_eq!(
            remote.file(&at("prod", file)),
            expected.replace("tag: v2", "tag: v1").replace("Tag: v2", "Tag: v1")
        );
    }
}
