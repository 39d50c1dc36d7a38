//! Tokens: where they come from, and where they are not.

use std::process::Command;

use crate::support::forge::{Forge, Kind, TOKEN};

const SET: [&str; 4] = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];

#[test]
fn a_github_app_is_let_in_by_its_key_for_git_and_for_requests() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let key = forge.folder.path().join("app.pem");
    let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).arg("2048").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let folder = tempfile::tempdir().unwrap();
    let slipway = |key: &str| {
        forge
            .slipway(folder.path())
            .env_remove("SLIPWAY_MANIFESTS_TOKEN")
            .env("SLIPWAY_GITHUB_APP_ID", "99")
            .env("SLIPWAY_GITHUB_APP_PRIVATE_KEY", key)
    };
    let pem = std::fs::read_to_string(&key).unwrap();
    slipway(&pem).run(&SET).exits(0).says("opened");
    assert_eq!(forge.requests()[0]["author"], "slipway[bot]");
    // In one line, as some pipelines keep it, and for a push.
    let other = "app-a=registry.example/app-a:v3";
    slipway(&pem.trim().replace('\n', "\\n")).run(&["image", "set", other]).exits(0);
    slipway("canary-app-word").run(&SET).exits(1).says("private key of the GitHub App cannot be used");
}

#[test]
fn no_token_is_in_a_request_an_address_or_a_file() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let forge = Forge::start(kind, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        let address = forge.url().replace("http://", &format!("http://bot:{TOKEN}@"));
        let slipway = || forge.slipway(folder.path()).env_remove("SLIPWAY_MANIFESTS_TOKEN");
        slipway().env("SLIPWAY_MANIFESTS_URL", &address).run(&SET).exits(0);
        slipway().run(&SET).exits(1);
        for request in forge.requests() {
            assert!(!request.to_string().contains(TOKEN), "{request}");
        }
        assert!(!forge.asked().join("\n").contains(TOKEN));
        assert!(!forge.git(&["log", "--all", "--format=%B%an%ae%cn%ce"]).contains("canary"));
    }
}

#[test]
fn the_pipelines_token_is_for_its_own_host_only() {
    let forge = Forge::start(Kind::GitHub, &["app-a"]);
    let folder = tempfile::tempdir().unwrap();
    // Git's own login comes from the user's configuration.
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("login");
    std::fs::write(&store, forge.address.replace("http://", &format!("http://bot:{TOKEN}@"))).unwrap();
    let local = |server: &str| {
        forge
            .slipway(folder.path())
            .env_remove("SLIPWAY_MANIFESTS_TOKEN")
            .env_remove("SLIPWAY_FORGE")
            .env("GITHUB_TOKEN", TOKEN)
            .env("GITHUB_SERVER_URL", server)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "credential.helper")
            .env("GIT_CONFIG_VALUE_0", format!("store --file={}", store.display()))
    };
    local(&forge.address).run(&SET).exits(0).says("opened");
    local("https://ghe.example.com")
        .run(&[&SET[..], &["--forge", "github"]].concat())
        .exits(1)
        .says("needs a token");
    // A pipeline of the repository itself needs no more than its token.
    std::fs::remove_file(&store).unwrap();
    let own = local(&forge.address).env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "org/manifests");
    own.run(&["image", "set", "app-a=registry.example/app-a:v3"]).exits(0);
    let other = local(&forge.address).env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "org/app-a");
    other.run(&["image", "set", "app-a=registry.example/app-a:v4"]).exits(1).says("credentials");
}
