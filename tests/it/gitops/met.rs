//! What users of other tools ran into, once and in more of its kinds: tags that look older and are not, files that cannot take an
//! edit, settings of the user's Git, branches that nobody named.

use std::path::Path;

use slipway::gitops::{BumpOptions, GitOpsError, promote, promote_all};

use super::remote::{Remote, deployment};
use super::set;
use crate::support::slipway::Slipway;

const FILE: &str = "manifests/web/deployment.yaml";

/// A repository with `web` at a tag.
fn at(tag: &str) -> Remote {
    let remote = Remote::new();
    remote.commit("web", &[(FILE, &deployment("web", &image(tag)))]);
    remote
}

fn image(tag: &str) -> String {
    format!("registry.example/web:{tag}")
}

/// Sets the second tag over the first; and back, which is refused where the second is known to be newer.
async fn set_and_back(pairs: &[(&str, &str)], is_newer: bool) {
    for (old, new) in pairs {
        let remote = at(old);
        let mut repository = remote.open().await;
        let done = set(&mut repository, &format!("web={}", image(new))).await;
        assert!(done.is_ok_and(|done| done.changed), "{old} → {new}");
        assert_eq!(remote.file(FILE), deployment("web", &image(new)));
        let back = set(&mut repository, &format!("web={}", image(old))).await;
        let is_refused = matches!(back, Err(GitOpsError::Older { .. }));
        assert_eq!(is_refused, is_newer, "{new} → {old}: {back:?}");
        assert_eq!(remote.file(FILE), deployment("web", &image(if is_newer { new } else { old })));
    }
}

#[tokio::test]
async fn a_later_candidate_is_set_over_an_earlier_one_however_they_are_spelled() {
    let pairs = [
        ("v2.4.1-rc9", "v2.4.1-rc10"),
        ("3.0.0-beta.8", "3.0.0-beta.21"),
        ("v5.1.0-RC-2", "v5.1.0-rc.11"),
        ("1.0.0-alpha19", "1.0.0-rc2"),
    ];
    set_and_back(&pairs, true).await;
}

#[tokio::test]
async fn what_git_describe_counts_after_a_release_is_set_over_it() {
    let pairs = [
        ("v7.0.2", "v7.0.2-5-g0a1b2c3"),
        ("0.14.0-8-gdeadbee", "0.14.0-12-gc0ffee1"),
        ("1.4-rc3", "1.4-rc3-1-gfeedbee"),
        ("v7.0.2-5-g0a1b2c3", "v7.0.3"),
    ];
    set_and_back(&pairs, true).await;
}

#[tokio::test]
async fn a_later_rebuild_of_one_version_is_set_over_an_earlier_one() {
    let pairs = [
        ("16.3.0-debian-12-r9", "16.3.0-debian-12-r11"),
        ("9.4-ubi-9", "9.4-ubi-10"),
        ("2.1.0-20251231", "2.1.0-20260101"),
        ("3.12.1-alpine3.9", "3.12.1-alpine3.20"),
    ];
    set_and_back(&pairs, true).await;
}

#[tokio::test]
async fn another_variant_of_one_version_is_set_and_set_back() {
    let pairs = [
        ("1.27.2-bookworm", "1.27.2-alpine"),
        ("21.0.3-jre", "21.0.3-jdk"),
        ("8.2.1", "8.2.1-slim"),
        ("4.0.0-debian-12-r7", "4.0.0-debian-11-r9"),
    ];
    set_and_back(&pairs, false).await;
}

#[tokio::test]
async fn another_build_of_one_version_by_its_commit_is_set_and_set_back() {
    let pairs = [
        ("2.0.1-9c41d07", "2.0.1-0f3e2aa"),
        ("2.0.1-7654321", "2.0.1-1234567"),
        ("v3-deadbeef", "v3-00ff00ff"),
        ("main-9f8e7d6", "main-1a2b3c4"),
    ];
    set_and_back(&pairs, false).await;
}

#[tokio::test]
async fn what_sops_signs_as_a_whole_is_refused_in_every_kind_of_file() {
    let signature = |more: &str| {
        format!(
            "sops:\n  lastmodified: '2026-01-05T10:00:00Z'\n  mac: ENC[AES256_GCM,data:eA==,type:str]\n{more}"
        )
    };
    let manifest = deployment("web", &image("v1"));
    let values =
        "image: {repository: registry.example/web, tag: v1}\npassword: ENC[AES256_GCM,data:eQ==,type:str]\n";
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n  values:\n    image: registry.example/web:v1\n";
    let chart = ("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    for (file, text) in [
        (FILE, manifest.as_str()),
        ("manifests/web/values.yaml", values),
        ("manifests/web/release.yaml", release),
    ] {
        for (more, is_signed) in [
            ("  encrypted_regex: ^(password|value)$\n", true),
            ("  unencrypted_suffix: _plain\n", true),
            ("  mac_only_encrypted: true\n", false),
        ] {
            let remote = Remote::new();
            let text = format!("{text}{}", signature(more));
            let files = if file.ends_with("values.yaml") { vec![chart] } else { Vec::new() };
            remote.commit("signed", &[&files[..], &[(file, text.as_str())]].concat());
            let done = set(&mut remote.open().await, "web=registry.example/web:v2").await;
            let edited = text.replace("web:v1", "web:v2").replace("tag: v1", "tag: v2");
            assert_eq!(remote.file(file), if is_signed { text } else { edited });
            match done {
                Err(error) => {
                    let said = error.to_string();
                    assert!(
                        is_signed && said.contains("SOPS signs every value") && said.starts_with(file),
                        "{said}"
                    );
                }
                Ok(done) => assert!(!is_signed && done.changed, "{file} {more}"),
            }
        }
    }
}

#[tokio::test]
async fn what_has_neither_tag_nor_digest_is_promoted_from_no_kind_of_file() {
    let cases = [
        ("web/deployment.yaml", deployment("web", "registry.example/web"), deployment("web", &image("v1"))),
        ("web/values.yaml", "image: registry.example/web\n".to_owned(), "image: registry.example/web:v1\n".to_owned()),
        (
            "web/values.yaml",
            "image: {repository: registry.example/web, tag: ''}\n".to_owned(),
            "image: {repository: registry.example/web, tag: v1}\n".to_owned(),
        ),
        (
            "web/release.yaml",
            "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: web}\nspec:\n  valuesContent: |-\n    image: registry.example/web\n".to_owned(),
            "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: web}\nspec:\n  valuesContent: |-\n    image: registry.example/web:v1\n".to_owned(),
        ),
    ];
    for (file, from, to) in cases {
        let remote = Remote::new();
        let (staging, prod) = (format!("staging/{file}"), format!("prod/{file}"));
        remote.commit("both", &[(&staging, &from), (&prod, &to)]);
        let (before, options) = (remote.tip(), BumpOptions { allow_older: true, ..Default::default() });
        let mut repository = remote.open().await;
        let one = promote(&mut repository, "staging", "prod", &"web".parse().unwrap(), &options, None).await;
        let all = promote_all(&mut repository, "staging", "prod", &options, None).await;
        for said in [one.unwrap_err().to_string(), all.unwrap_err().to_string()] {
            // Values without a tag are no image at all, since something else may add one.
            assert!(said.contains("neither a tag") || said.contains("has no "), "{file}: {said}");
        }
        assert_eq!(remote.tip(), before, "{file}");
    }
}

#[test]
fn a_freeze_is_read_whatever_the_user_has_told_git() {
    for settings in [
        "[trailer]\n\tseparators = \"#\"\n",
        "[log]\n\tshowSignature = true\n\tdate = relative\n\tdecorate = full\n",
        "[i18n]\n\tlogOutputEncoding = ISO-8859-1\n\tcommitEncoding = ISO-8859-1\n",
        "[format]\n\tpretty = oneline\n[color]\n\tui = always\n[diff]\n\tnoprefix = true\n\trenames = false\n",
        "[core]\n\tcommentChar = S\n\tquotePath = false\n[commit]\n\tcleanup = strip\n",
    ] {
        let remote = Remote::new();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".gitconfig"), settings).unwrap();
        let slipway = |arguments: &[&str]| {
            let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
            slipway.env("SLIPWAY_MANIFESTS_URL", remote.url()).run(&[&["image"], arguments].concat())
        };
        slipway(&["set", "app-a=registry.example/app-a:v2"]).exits(0);
        slipway(&["rollback", "app-a"]).exits(0);
        let held = remote.tip();
        slipway(&["set", "app-a=registry.example/app-a:v3"]).exits(5).says("--unfreeze");
        slipway(&["freeze"]).exits(0).says("rolled back from registry.example/app-a:v2");
        assert_eq!(remote.tip(), held, "{settings}");
        slipway(&["set", "app-a=registry.example/app-a:v3", "--unfreeze"]).exits(0);
    }
}

#[test]
fn where_slipway_hcl_names_no_revision_the_branch_is_that_of_the_remotes_head() {
    for branch in ["master", "release/1.x", "main"] {
        let remote = Remote::new();
        if branch != "main" {
            remote.git(&["branch", "-m", "main", branch]);
            remote.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]);
            // Another one of the usual name is no reason to push there.
            remote.git(&["branch", "main", branch]);
        }
        let roots = [
            "",
            "    root {\n      path = \"manifests\"\n    }\n",
            "    root {\n      path     = \"manifests\"\n      revision = \"HEAD\"\n    }\n",
        ];
        for (number, root) in roots.into_iter().enumerate() {
            let home = tempfile::tempdir().unwrap();
            let project = format!(
                "cluster \"dev\" {{\n  name = \"dev\"\n  argocd {{\n    version = \"v3.6.1\"\n    repository {{\n      url = \"{}\"\n    }}\n{root}  }}\n}}\n",
                remote.url()
            );
            std::fs::write(home.path().join("slipway.hcl"), project).unwrap();
            let before = remote.git(&["rev-parse", branch]);
            let image = format!("app-a=registry.example/app-a:v{}", number + 2);
            let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
            slipway.run(&["image", "set", &image]).exits(0);
            assert_eq!(remote.git(&["rev-parse", &format!("{branch}~1")]), before, "{branch} {root}");
        }
    }
}
