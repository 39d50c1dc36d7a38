//! Repositories as people lay them out: overlays, links, names in other encodings.

use std::os::unix::ffi::OsStrExt;

use slipway::gitops::{BumpOptions, GitOpsError, history, list_images, promote, rollback, set_images};

use super::remote::{Remote, deployment};
use super::set;

const WEB: &str = "registry.example/web:v1";

/// What is said of a bump that is refused; nothing is pushed.
async fn refused(remote: &Remote, assignment: &str) -> String {
    let before = remote.tip();
    let error = set(&mut remote.open().await, assignment).await.unwrap_err();
    assert_eq!(remote.tip(), before, "{assignment}");
    error.to_string()
}

#[tokio::test]
async fn a_base_that_an_overlay_of_another_app_replaces_is_refused_with_the_overlays_place() {
    let remote = Remote::new();
    let overlay = "resources: [../base]\nimages:\n- name: registry.example/web\n  newTag: v1\n";
    remote.commit(
        "overlay",
        &[
            ("manifests/base/kustomization.yaml", "resources: [d.yaml]\n"),
            ("manifests/base/d.yaml", &deployment("web", WEB)),
            ("manifests/prod/kustomization.yaml", overlay),
        ],
    );
    let said = refused(&remote, "base=registry.example/web:v2").await;
    assert!(
        said.starts_with("manifests/prod/kustomization.yaml:3: Kustomize replaces this image here"),
        "{said}"
    );
    let outcome = set(&mut remote.open().await, "prod=registry.example/web:v2").await.unwrap();
    assert_eq!((outcome.container.as_str(), outcome.line), ("Kustomization/prod/web", 4));
    assert_eq!(outcome.deployed[0].image, "registry.example/web:v2");
    assert_eq!(remote.file("manifests/prod/kustomization.yaml"), overlay.replace("v1", "v2"));
}

#[tokio::test]
async fn an_image_whose_registry_only_is_replaced_is_set_and_its_new_name_is_what_runs() {
    let remote = Remote::new();
    let kustomization =
        "resources: [d.yaml]\nimages: [{name: registry.example/web, newName: mirror.example/web}]\n";
    remote.commit(
        "mirror",
        &[
            ("manifests/web/kustomization.yaml", kustomization),
            ("manifests/web/d.yaml", &deployment("web", WEB)),
        ],
    );
    let outcome = set(&mut remote.open().await, "web=registry.example/web:v2").await.unwrap();
    assert_eq!(outcome.image, "registry.example/web:v2");
    assert_eq!(outcome.deployed[0].image, "mirror.example/web:v2");
    assert!(remote.file("manifests/web/d.yaml").contains(&WEB.replace("v1", "v2")));
}

#[tokio::test]
async fn what_is_already_there_and_replaced_above_is_refused_all_the_same() {
    let remote = Remote::new();
    let patch =
        "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: registry.example/web:v9\n";
    remote.commit(
        "patch",
        &[
            (
                "manifests/web/kustomization.yaml",
                "resources: [d.yaml]\npatches: [{path: ../../p.yaml, target: {name: web}}]\n",
            ),
            ("manifests/web/d.yaml", &deployment("web", WEB)),
            ("p.yaml", patch),
        ],
    );
    let said = refused(&remote, "web=registry.example/web:v1").await;
    assert!(said.starts_with("p.yaml:2: Kustomize patches this image here"), "{said}");
    // Nor is it what the app runs, for a promotion.
    remote.commit("prod", &[("prod/web/d.yaml", &deployment("web", WEB))]);
    let target = "web".parse().unwrap();
    let (mut repository, options) = (remote.open().await, BumpOptions::default());
    let error = promote(&mut repository, "manifests", "prod", &target, &options, None).await.unwrap_err();
    assert!(error.to_string().starts_with("p.yaml:2"), "the overlay decides: {error}");
}

#[tokio::test]
async fn a_patch_beside_its_base_is_told_and_each_can_be_named() {
    let remote = Remote::new();
    remote.commit(
        "patch",
        &[
            ("manifests/web/base/d.yaml", &deployment("web", WEB)),
            ("manifests/web/prod/patch.yaml", &deployment("web", "registry.example/web:v1-prod")),
            (
                "manifests/web/prod/kustomization.yaml",
                "resources: [../base/d.yaml]\npatches: [{path: patch.yaml}]\n",
            ),
        ],
    );
    let said = refused(&remote, "web=registry.example/web:v2").await;
    assert!(
        said.ends_with("like web/Deployment/web/web@prod/patch.yaml=IMAGE"),
        "what shows is advised: {said}"
    );
    let said = refused(&remote, "web@base/d.yaml=registry.example/web:v2").await;
    assert!(said.starts_with("manifests/web/prod/patch.yaml:13: Kustomize patches"), "{said}");
    set(&mut remote.open().await, "web@prod/patch.yaml=registry.example/web:v2").await.unwrap();
}

#[tokio::test]
async fn a_kustomization_that_cannot_be_read_is_named_where_it_may_matter() {
    let remote = Remote::new();
    remote.commit(
        "broken",
        &[
            ("manifests/app-a/kustomization.yaml", "resources: [deployment.yaml\n"),
            ("other/kustomization.yaml", "a: [\n"),
        ],
    );
    let outcome = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(outcome.left_out.len(), 1, "{:?}", outcome.left_out);
    assert!(outcome.left_out[0].starts_with("manifests/app-a/kustomization.yaml:"), "{:?}", outcome.left_out);
}

#[tokio::test]
async fn a_file_that_a_link_brings_is_listed_and_set_where_it_is_nobody_elses() {
    let remote = Remote::new();
    remote.commit("shared", &[("shared/d.yaml", &deployment("web", WEB))]);
    remote.link("manifests/web/d.yaml", "../../shared/d.yaml");
    remote.link("manifests/web/lost.yaml", "nowhere.yaml");
    remote.link("manifests/web/out.yaml", "../../../../etc/passwd");
    remote.link("manifests/web/round.yaml", "round.yaml");
    remote.link("manifests/web/folder", "../../shared");
    remote.link("manifests/web/note.txt", "nowhere.txt");
    remote.commit("links", &[]);
    let listing = list_images(&remote.open().await, "manifests").await.unwrap();
    let web = listing.images.iter().find(|image| image.app == "web").unwrap();
    assert_eq!((web.file.as_str(), web.image.as_str()), ("shared/d.yaml", WEB));
    let problems: Vec<String> = listing.problems.iter().map(ToString::to_string).collect();
    let expected = [
        "manifests/web/folder:1: a link to a folder, which Argo CD does not look into",
        "manifests/web/lost.yaml:1: a link that leads to no file of the repository",
        "manifests/web/out.yaml:1: a link that leads to no file of the repository",
        "manifests/web/round.yaml:1: a link that leads to no file of the repository",
    ];
    assert_eq!(problems, expected);
    let outcome = set(&mut remote.open().await, "web=registry.example/web:v2").await.unwrap();
    assert_eq!((outcome.file.as_str(), outcome.left_out.len()), ("shared/d.yaml", 4));
    assert_eq!(remote.file("shared/d.yaml"), deployment("web", "registry.example/web:v2"));
    assert_eq!(remote.git(&["ls-tree", "main", "manifests/web/d.yaml"]).split(' ').next(), Some("120000"));
}

#[tokio::test]
async fn a_file_that_two_apps_have_by_a_link_is_refused_from_both_sides() {
    let remote = Remote::new();
    remote.link("manifests/web/d.yaml", "../app-a/deployment.yaml");
    remote.commit("links", &[]);
    for (app, other) in [
        ("web/web=registry.example/app-a:v2", "manifests/app-a/deployment.yaml"),
        ("app-a=registry.example/app-a:v2", "manifests/web/d.yaml"),
    ] {
        let said = refused(&remote, app).await;
        assert!(said.contains(other) && said.contains("one file by a link"), "{said}");
    }
}

/// A folder by a link is one app under two names: what is set, held or taken back by one is so by the other.
#[tokio::test]
async fn a_folder_that_is_a_link_is_edited_where_it_really_is_and_all_its_names_are_told() {
    let remote = Remote::new();
    remote.link("manifests/whole", "app-b");
    remote.link("clusters/eu", "../manifests");
    remote.link("manifests/out", "../../../etc");
    remote.commit("links", &[]);
    let file = "manifests/app-b/deployment.yaml";
    let names = ["clusters/eu/app-b", "clusters/eu/whole", "manifests/whole"];
    for (app, version) in [("whole", "v2"), ("app-b", "v3")] {
        let outcome = set(&mut remote.open().await, &format!("{app}=registry.example/app-b:{version}")).await;
        let outcome = outcome.unwrap();
        assert_eq!((outcome.app.as_str(), outcome.file.as_str()), (app, file));
        assert_eq!(outcome.reached_by, names);
        assert!(remote.file(file).contains(&format!("registry.example/app-b:{version}")));
        assert!(remote.git(&["log", "-1", "--format=%B", "main"]).contains("Slipway-App: manifests/app-b\n"));
    }
    let changed = remote.git(&["diff", "--name-only", "main~2", "main"]);
    assert_eq!(changed.trim(), file);
    for link in ["manifests/whole", "clusters/eu"] {
        assert_eq!(remote.git(&["ls-tree", "main", link]).split(' ').next(), Some("120000"));
    }
    // In one command it is one place, which cannot have two images.
    let both = ["whole=registry.example/app-b:v4", "app-b=registry.example/app-b:v5"];
    let both: Vec<_> = both.iter().map(|one| one.parse().unwrap()).collect();
    let twice = set_images(&mut remote.open().await, "manifests", &both, &BumpOptions::default()).await;
    assert!(matches!(twice, Err(GitOpsError::Twice { .. })), "{twice:?}");
    // What is taken back by one name is held under the other.
    rollback(&mut remote.open().await, "manifests", &"whole".parse().unwrap(), None).await.unwrap();
    assert!(remote.file(file).contains("registry.example/app-b:v2"));
    for app in ["whole", "app-b"] {
        let held = set(&mut remote.open().await, &format!("{app}=registry.example/app-b:v6")).await;
        assert!(matches!(held, Err(GitOpsError::Frozen { .. })), "{app}: {held:?}");
    }
    let records = history(&remote.open().await, "manifests", "whole", 10).await.unwrap();
    let same = history(&remote.open().await, "manifests", "app-b", 10).await.unwrap();
    assert_eq!(records.len(), same.len());
    assert_eq!(records[0].image, "registry.example/app-b:v2");
    let out = set(&mut remote.open().await, "out=registry.example/app-b:v7").await.unwrap_err();
    assert!(matches!(out, GitOpsError::NoApp { .. }), "{out}");
}

#[tokio::test]
async fn a_freeze_under_one_name_holds_under_all_of_them() {
    let remote = Remote::new();
    remote.link("prod/app-b", "../manifests/app-b");
    remote.commit("links", &[]);
    let message = "Freeze\n\nSlipway-Freezes: prod/app-b\nSlipway-Freeze-Reason: incident";
    remote.by_colleague(&["commit", "-q", "--allow-empty", "-m", message]);
    remote.by_colleague(&["push", "-q", "origin", "HEAD:main"]);
    let held = set(&mut remote.open().await, "app-b=registry.example/app-b:v2").await.unwrap_err();
    assert!(matches!(held, GitOpsError::Held { .. }), "{held}");
}

/// What reaches the folder by the link decides as what reaches it by its name.
#[tokio::test]
async fn an_overlay_that_reaches_a_folder_by_a_link_hides_its_images() {
    let remote = Remote::new();
    let kustomization = "resources:\n- deployment.yaml\n";
    let overlay = "resources:\n- ../linked\nimages:\n- name: registry.example/app-b\n  newTag: v9\n";
    remote.link("overlays/linked", "../manifests/app-b");
    let files = [
        ("manifests/app-b/kustomization.yaml", kustomization),
        ("overlays/prod/kustomization.yaml", overlay),
    ];
    remote.commit("an overlay", &files);
    let said = refused(&remote, "app-b=registry.example/app-b:v2").await;
    assert!(said.contains("overlays/prod/kustomization.yaml"), "{said}");
}

#[tokio::test]
async fn a_name_that_is_no_utf_8_is_in_nobodys_way_and_a_manifest_of_one_is_named() {
    let remote = Remote::new();
    let name = |name: &[u8]| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(name));
    remote.write(name(b"manifests/app-a/caf\xe9.png"), b"\x89PNG");
    remote.write(name(b"manifests/app-a/caf\xe9.yaml"), b"kind: Pod\n");
    remote.write(name(b"manifests/app-b/\xff\xfe.json"), b"{}");
    remote.commit("names", &[]);
    let outcome = set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    assert_eq!(outcome.left_out, ["manifests/app-a/caf\u{fffd}.yaml:1: its name is not UTF-8; rename it"]);
    let paths = remote.git(&["ls-tree", "-r", "--name-only", "main", "manifests/app-a"]);
    assert!(paths.contains("caf\\351.png"), "the others stay: {paths}");
    let missing = set(&mut remote.open().await, "app-x=r.example/x:v1").await.unwrap_err();
    assert!(matches!(missing, GitOpsError::NoApp { .. }), "{missing}");
}

fn address(remote: &Remote) -> String {
    format!("file://{}", remote.bare().display())
}

/// An Application of a folder, with what it sets there.
fn application(address: &str, path: &str, kustomize: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n  source:\n    repoURL: {address}\n    path: {path}\n    kustomize:\n{kustomize}"
    )
}

#[tokio::test]
async fn an_image_that_an_application_of_the_repository_sets_is_refused_with_its_place() {
    let image = "      images:\n      - registry.example/side:v3\n      - registry.example/web=registry.example/web:v9\n";
    let patch = "      patches:\n      - target: {kind: Deployment}\n        patch: |-\n          - op: replace\n            path: /spec/template/spec/containers/0/image\n            value: registry.example/web:v9\n";
    let in_file = "      patches:\n      - {path: ../../shared/p.yaml}\n";
    let cases = [
        (image, "apps/web.yaml:11: Argo CD replaces this image by this file; change it in it"),
        (patch, "apps/web.yaml:13: Argo CD patches this image by this file; change it in it"),
        (in_file, "shared/p.yaml:7: Argo CD patches this image by this file; change it in it"),
    ];
    let p = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers: [{name: web, image: x}]\n";
    for (kustomize, expected) in cases {
        let remote = Remote::new();
        remote.commit(
            "application",
            &[
                ("manifests/web/kustomization.yaml", "resources: [d.yaml]\n"),
                ("manifests/web/d.yaml", &deployment("web", WEB)),
                ("shared/p.yaml", p),
                ("apps/web.yaml", &application(&address(&remote), "./manifests/web/", kustomize)),
            ],
        );
        assert_eq!(refused(&remote, "web=registry.example/web:v2").await, expected, "{kustomize}");
        set(&mut remote.open().await, "app-a=registry.example/app-a:v2").await.unwrap();
    }
}

#[tokio::test]
async fn applications_in_every_notation_count_and_those_of_others_do_not() {
    let images = "      images: ['registry.example/web:v9']\n";
    let many = |address: &str| {
        application(address, "manifests/web", images)
            .replace("  source:\n    repoURL", "  sources:\n  - repoURL")
    };
    let set_of_them = |address: &str| {
        let one = application(address, "manifests/web", images);
        one.replace("kind: Application\n", "kind: ApplicationSet\n")
            .replace("spec:\n", "spec:\n  template:\n    spec:\n")
            .replace("  source:", "      source:")
            .replace("    repoURL", "        repoURL")
            .replace("    path", "        path")
            .replace("    kustomize", "        kustomize")
            .replace("      images", "          images")
    };
    let json = |address: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\",\n\"spec\": {{\"source\": {{\"repoURL\": \"{address}\", \"path\": \"manifests/web\", \"kustomize\": {{\"images\": [\"registry.example/web:v9\"]}}}}}}}}]}}"
        )
    };
    let hidden = |file: &str, text: String| (file.to_owned(), text, true);
    let shown = |text: String| ("apps/web.yaml".to_owned(), text, false);
    let remote = Remote::new();
    let url = address(&remote);
    let renamed = "      images: ['registry.example/web=mirror.example/web']\n      commonLabels: {a: b}\n";
    let cases = [
        hidden("apps/web.yml", many(&url)),
        hidden("apps/set.yaml", set_of_them(&url)),
        hidden("apps/web.json", json(&url)),
        hidden("apps/web.yaml", application("'{{ .values.repo }}'", "manifests/web", images)),
        shown(application(&url, "manifests/other", images)),
        shown(application(&url, "manifests/web", "      images: ['registry.example/side:v9']\n")),
        shown(application(&url, "manifests/web", renamed)),
        shown(application(&url, "manifests/web", images).replace("argoproj.io/", "example.com/")),
        shown("{{ range .apps }}\nargoproj.io/ kustomize\n".to_owned()),
    ];
    for (file, text, is_hidden) in cases {
        let remote = Remote::new();
        let text = text.replace(&url, &address(&remote));
        remote.commit(
            "application",
            &[
                ("manifests/web/kustomization.yaml", "resources: [d.yaml]\n"),
                ("manifests/web/d.yaml", &deployment("web", WEB)),
                (&file, &text),
            ],
        );
        if is_hidden {
            let said = refused(&remote, "web=registry.example/web:v2").await;
            assert!(
                said.starts_with(&format!("{file}:")) && said.contains("Argo CD replaces"),
                "{text}: {said}"
            );
        } else {
            set(&mut remote.open().await, "web=registry.example/web:v2").await.unwrap();
        }
    }
}
