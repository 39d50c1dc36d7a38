//! What a bump writes, and what it refuses to.

use slipway::gitops::{BumpOptions, GitOpsError, RecordKind, history, list_images};

use super::remote::{Remote, deployment};
use super::{set, set_with};

const FILE: &str = "manifests/app-a/deployment.yaml";

#[tokio::test]
async fn a_bump_is_one_pushed_commit_that_changes_one_value() {
    let remote = Remote::new();
    let before = remote.file(FILE);
    let options =
        BumpOptions { source: Some("https://ci.example.com/runs/7 by alice".into()), ..Default::default() };
    let outcome =
        set_with(&mut remote.open().await, "app-a=registry.example/app-a:v2", &options).await.unwrap();

    assert_eq!(outcome.commit, remote.tip());
    assert_eq!(remote.commits(), 2);
    assert_eq!(remote.file(FILE), before.replace("app-a:v1", "app-a:v2"));
    assert_eq!(remote.git(&["diff", "--stat", "--name-only", "main~1", "main"]), FILE);
    assert!(outcome.changed);
    assert_eq!((outcome.previous.as_str(), outcome.line), ("registry.example/app-a:v1", 13));
    assert_eq!(
        remote.git(&["log", "-1", "--format=%an <%ae>%n%B", "main"]),
        "CI <ci@example.com>\napp-a: registry.example/app-a:v1 → v2\n\n\
         Slipway-App: manifests/app-a\nSlipway-Container: Deployment/app-a/web\n\
         Slipway-Image: registry.example/app-a:v2\nSlipway-Previous: registry.example/app-a:v1\n\
         Slipway-Source: https://ci.example.com/runs/7 by alice"
    );
}

#[tokio::test]
async fn an_image_that_is_there_already_is_not_committed_again() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    let outcome = set(&mut repository, "app-a=registry.example/app-a:v1").await.unwrap();
    assert!(!outcome.changed);
    assert_eq!((outcome.commit, remote.commits()), (remote.tip(), 1));
}

#[tokio::test]
async fn a_file_with_windows_line_ends_comes_back_with_them() {
    let remote = Remote::new();
    let text = format!("\u{feff}{}", deployment("app-a", "registry.example/app-a:v1")).replace('\n', "\r\n");
    remote.commit("windows", &[(FILE, &text)]);
    set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(remote.file(FILE), text.replace("app-a:v1", "app-a:v2"));
}

#[tokio::test]
async fn an_older_image_is_set_only_when_asked_for() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    set(&mut repository, "app-a=registry.example/app-a:v10").await.unwrap();
    let refused = set(&mut repository, "app-a=registry.example/app-a:v9").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Older { .. }), "{refused}");
    let options = BumpOptions { allow_older: true, ..Default::default() };
    set_with(&mut repository, "app-a=registry.example/app-a:v9", &options).await.unwrap();
    assert!(remote.file(FILE).contains("app-a:v9"));
}

#[tokio::test]
async fn an_app_that_is_not_there_is_answered_with_those_that_are() {
    let remote = Remote::new();
    let error = set(&mut remote.open().await, "app-x=registry.example/app-x:v1").await.unwrap_err();
    assert_eq!(error.to_string(), "no manifests in manifests/app-x; the apps in manifests are app-a, app-b");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_left_out_and_the_bump_goes_on() {
    let remote = Remote::new();
    let utf16: Vec<u8> = "\u{feff}kind: Pod\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files: [(&str, &[u8]); 4] = [
        ("broken.yaml", b"apiVersion: v1\nkind: [Service\nx: y\n"),
        ("secret.yaml", b"\0GITCRYPT\0\x01\xff\x80"),
        ("wide.yaml", &utf16),
        ("template.yaml", b"kind: Service\n{{- if .Values.on }}\n  x: [\n"),
    ];
    for (name, bytes) in files {
        remote.write(format!("manifests/app-a/{name}"), bytes);
    }
    remote.commit("unreadable", &[]);
    let outcome = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    assert!(remote.file(FILE).contains("app-a:v2"));
    let expected = [
        "manifests/app-a/broken.yaml:3: not valid YAML",
        "manifests/app-a/secret.yaml:1: encrypted by git-crypt",
        "manifests/app-a/template.yaml:2: not valid YAML",
        "manifests/app-a/wide.yaml:1: UTF-16",
    ];
    assert_eq!(outcome.left_out.len(), expected.len(), "{:?}", outcome.left_out);
    for (said, expected) in outcome.left_out.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }
    let missing = set(&mut remote.open().await, "app-a/other=r.example/o:v2").await.unwrap_err().to_string();
    assert!(missing.contains("left out: manifests/app-a/secret.yaml:1: encrypted by git-crypt"), "{missing}");
}

#[tokio::test]
async fn every_image_is_listed_and_every_file_that_hides_some_is_named() {
    let remote = Remote::new();
    remote.commit(
        "more",
        &[
            ("manifests/app-b/job.yml", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: c, image: 'busybox:1.36'}]}}}\n"),
            ("manifests/app-c/broken.yaml", "kind: {{ .Kind }}\n  x: y\n"),
            ("README.md", "kind: Pod\n"),
        ],
    );
    let listing = list_images(&remote.open().await, "manifests").await.unwrap();
    let images: Vec<String> = listing
        .images
        .iter()
        .map(|image| {
            format!("{} {}/{} {}:{}", image.app, image.kind, image.container, image.image, image.line)
        })
        .collect();
    assert_eq!(
        images,
        [
            "app-a Deployment/web registry.example/app-a:v1:13",
            "app-b Deployment/web registry.example/app-b:v1:13",
            "app-b Job/c busybox:1.36:4",
        ]
    );
    let problems: Vec<String> = listing.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("manifests/app-c/broken.yaml:"), "{problems:?}");
}

#[tokio::test]
async fn history_is_what_git_remembers_newest_first() {
    let remote = Remote::new();
    let mut repository = remote.open().await;
    let options = BumpOptions { source: Some("alice".into()), ..Default::default() };
    let first = set_with(&mut repository, "app-a=registry.example/app-a:v2", &options).await.unwrap();
    set(&mut repository, "app-b=registry.example/app-b:v2").await.unwrap();
    let second = set(&mut repository, "app-a=registry.example/app-a:v3").await.unwrap();
    remote.commit(
        "mention app-a\n\nas in Slipway-App: manifests/app-a, said in passing",
        &[("README.md", "x")],
    );

    let records = history(&remote.open().await, "manifests", "app-a", 10).await.unwrap();
    let commits: Vec<&str> = records.iter().map(|record| record.commit.as_str()).collect();
    let start = remote.git(&["rev-list", "--max-parents=0", "main"]);
    assert_eq!(commits, [second.commit.as_str(), first.commit.as_str(), start.as_str()]);
    assert_eq!(
        (records[1].previous.as_str(), records[1].image.as_str()),
        ("registry.example/app-a:v1", "registry.example/app-a:v2")
    );
    assert_eq!(records[1].source.as_deref(), Some("alice"));
    assert_eq!(records[1].author, "CI <ci@example.com>");
    assert_eq!(records[1].kind, RecordKind::Bump);
    assert!(records[1].when.starts_with("20"), "{}", records[1].when);
}

#[tokio::test]
async fn the_manifests_of_this_repository_can_be_bumped() {
    let remote = Remote::empty();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let apps = ["app-a", "app-b"];
    for app in apps {
        for name in ["deployment.yaml", "service.yaml", "ingress.yaml"] {
            let path = format!("manifests/{app}/{name}");
            let text = std::fs::read_to_string(root.join(&path)).unwrap();
            remote.commit(&path, &[(&path, &text)]);
        }
    }
    let mut repository = remote.open().await;
    let listing = list_images(&repository, "manifests").await.unwrap();
    assert!(listing.problems.is_empty(), "{:?}", listing.problems);
    assert_eq!(listing.images.iter().map(|image| image.app.as_str()).collect::<Vec<_>>(), apps);
    let before = remote.file(FILE);
    let bump = set(&mut repository, "app-a=registry.example/app-a:v777").await.unwrap();
    assert_eq!(remote.file(FILE), before.replacen(&bump.previous, "registry.example/app-a:v777", 1));
}
