//! What a registry is asked and what it says, with every kind of login.

use serde_json::json;
use slipway::registry::RegistryError;

use super::{image, logins, look};
use crate::support::registry::{PASSWORD, Registry, docker_configuration, login};
use crate::support::tokens::{Gives, Tokens};

#[tokio::test]
async fn an_image_that_is_there_is_found_by_the_digest_that_another_client_has() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    let single = registry.push("team/app", "v1", "linux/amd64");
    let index = registry.push_index("team/app", "v2", &["linux/amd64", "linux/arm64/v8"]);
    let name = format!("{}/team/app", registry.address);
    assert_eq!(look(&format!("{name}:v1"), None, &[]).await.unwrap().digest, single);
    let found = look(&format!("{name}:v2"), None, &["linux/amd64", "linux/arm64"]).await.unwrap();
    assert_eq!((found.digest.as_str(), found.missing.len()), (index.as_str(), 0));
    assert_eq!(registry.digest_by_crane("team/app:v2"), index);
    // By its digest, whatever the tag is.
    assert_eq!(look(&format!("{name}:gone@{index}"), None, &[]).await.unwrap().digest, index);
}

#[tokio::test]
async fn what_is_not_there_or_not_for_a_platform_is_certain() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push("app", "v1", "linux/amd64");
    registry.push_index("app", "v2", &["linux/amd64", "linux/arm/v7"]);
    let at = |rest: &str| format!("{}/{rest}", registry.address);
    for missing in ["app:v3".to_owned(), "other:v1".to_owned(), format!("app@sha256:{}", "0".repeat(64))] {
        let error = look(&at(&missing), None, &[]).await.unwrap_err();
        assert!(error.is_certain() && matches!(error, RegistryError::NotThere { .. }), "{error}");
        assert!(error.to_string().contains("UNKNOWN"), "{error}");
    }
    for (image, wanted, missing, offered) in [
        ("app:v1", vec!["linux/arm64"], "linux/arm64", "only for linux/amd64;"),
        ("app:v2", vec!["linux/amd64", "linux/arm64"], "linux/arm64", "only for linux/amd64, linux/arm/v7;"),
        ("app:v2", vec!["linux/arm/v6"], "linux/arm/v6", "only for linux/amd64, linux/arm/v7;"),
    ] {
        let error = look(&at(image), None, &wanted).await.unwrap_err();
        let text = error.to_string();
        assert!(error.is_certain() && text.contains(&format!("not built for {missing}")), "{text}");
        assert!(text.contains(offered), "{text}");
    }
}

#[tokio::test]
async fn an_image_of_an_index_that_was_removed_is_none_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push_index("app", "v1", &["linux/amd64", "linux/arm64"]);
    let arm = registry.digest_by_crane("app:v1-linux-arm64");
    registry.remove("app", &arm);
    let name = format!("{}/app:v1", registry.address);
    look(&name, None, &["linux/amd64"]).await.unwrap();
    let error = look(&name, None, &["linux/amd64", "linux/arm64"]).await.unwrap_err().to_string();
    assert!(error.contains("not built for linux/arm64, only for linux/amd64"), "{error}");
}

#[tokio::test]
async fn basic_authentication_takes_the_login_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let digest = Registry::open(folder.path()).push("app", "v1", "linux/amd64");
    let registry = Registry::closed(folder.path());
    let name = format!("{}/app:v1", registry.address);

    let kept = login(&registry.address, "puller", PASSWORD);
    assert_eq!(look(&name, Some(kept.path()), &["linux/amd64"]).await.unwrap().digest, digest);

    let nobody = look(&name, None, &[]).await.unwrap_err();
    assert!(matches!(nobody, RegistryError::NoLogin { .. }) && !nobody.is_certain(), "{nobody}");
    assert!(nobody.to_string().contains(&format!("docker login {}", registry.address)), "{nobody}");

    let wrong = login(&registry.address, "puller", "canary-wrong");
    let refused = look(&name, Some(wrong.path()), &[]).await.unwrap_err().to_string();
    assert!(refused.contains("refuses the login from") && refused.contains("config.json"), "{refused}");
    assert!(refused.contains("UNAUTHORIZED") && !refused.contains("canary"), "{refused}");

    // What is missing for whoever is let in is certain.
    let missing = look(&format!("{}/app:v2", registry.address), Some(kept.path()), &[]).await.unwrap_err();
    assert!(missing.is_certain(), "{missing}");
}

#[tokio::test]
async fn tokens_are_fetched_with_the_login_or_without() {
    let folder = tempfile::tempdir().unwrap();
    let digest = Registry::open(folder.path()).push_index("team/app", "v1", &["linux/amd64", "linux/arm64"]);
    let tokens = Tokens::start(Gives::All);
    let registry = Registry::with_tokens(folder.path(), &tokens.realm());
    let name = format!("{}/team/app:v1", registry.address);
    assert_eq!(look(&name, None, &["linux/arm64"]).await.unwrap().digest, digest);
    let asked = tokens.asked();
    // One token serves for all that is asked of a repository.
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /token?service=registry.test&scope=repository%3Ateam%2Fapp%3Apull "));
    assert!(!asked[0].to_ascii_lowercase().contains("authorization"), "{asked:?}");

    let tokens = Tokens::start(Gives::Puller);
    let registry = Registry::with_tokens(folder.path(), &tokens.realm());
    let name = format!("{}/team/app:v1", registry.address);
    let kept = login(&registry.address, "puller", PASSWORD);
    look(&name, Some(kept.path()), &[]).await.unwrap();
    assert!(tokens.asked()[0].contains("account=puller"), "{:?}", tokens.asked());
    // A token that is kept is sent in a body, and not in an address that servers write down.
    let identity = docker_configuration(&json!({"auths": {&registry.address: {"identitytoken": PASSWORD}}}));
    look(&name, Some(identity.path()), &[]).await.unwrap();
    let asked = tokens.asked();
    let exchange = asked.last().unwrap();
    assert!(
        exchange.starts_with("POST /token HTTP") && exchange.contains("grant_type=refresh_token"),
        "{exchange}"
    );
    let nobody = look(&name, None, &[]).await.unwrap_err();
    assert!(matches!(nobody, RegistryError::NoLogin { .. }), "{nobody}");
    let wrong = login(&registry.address, "puller", "canary-wrong");
    let refused = look(&name, Some(wrong.path()), &[]).await.unwrap_err().to_string();
    assert!(refused.contains("status 401 of 127.0.0.1"), "{refused}");
}

#[tokio::test]
async fn a_token_that_has_ended_or_is_none_says_so() {
    let folder = tempfile::tempdir().unwrap();
    Registry::open(folder.path()).push("app", "v1", "linux/amd64");
    let tokens = Tokens::start(Gives::Ended);
    let registry = Registry::with_tokens(folder.path(), &tokens.realm());
    let kept = login(&registry.address, "puller", PASSWORD);
    let name = format!("{}/app:v1", registry.address);
    let ended = look(&name, Some(kept.path()), &[]).await.unwrap_err();
    assert!(matches!(ended, RegistryError::Refused { .. }) && !ended.is_certain(), "{ended}");

    let tokens = Tokens::start(Gives::Page);
    let registry = Registry::with_tokens(folder.path(), &tokens.realm());
    let page = look(&format!("{}/app:v1", registry.address), None, &[]).await.unwrap_err().to_string();
    assert!(page.contains("it gave no token"), "{page}");
}

#[tokio::test]
async fn when_an_image_was_built_is_said_by_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push_built("app", "a", "linux/amd64", "2026-01-05T10:20:30.5Z");
    registry.push_built("app", "reproducible", "linux/amd64", "1970-01-01T00:00:00Z");
    registry.push_index("app", "index", &["linux/arm64", "linux/amd64"]);
    let registries = slipway::registry::Registries::new(logins(None));
    let question = slipway::registry::Question { created: true, ..Default::default() };
    let mut built = Vec::new();
    for tag in ["a", "reproducible", "index"] {
        let name = image(&format!("{}/app:{tag}", registry.address));
        let created = registries.look(&name, &question).await.unwrap().created;
        built.push(created.map(|created| created.to_string()).unwrap_or_default());
    }
    assert_eq!(built, ["2026-01-05T10:20:30.5Z", "", crate::support::registry::BUILT]);
}

#[tokio::test]
async fn a_helper_is_asked_for_the_login_and_given_up_when_it_hangs_or_fails() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    Registry::open(folder.path()).push("app", "v1", "linux/amd64");
    let registry = Registry::closed(folder.path());
    let shop = super::Shop::new(&format!("{}/app:v0", registry.address));
    let programs = tempfile::tempdir().unwrap();
    let asked = programs.path().join("asked");
    let kept = docker_configuration(&json!({"credHelpers": {&registry.address: "test"}}));
    let set = |script: &str| {
        let file = programs.path().join("docker-credential-test");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        shop.slipway()
            .env("DOCKER_CONFIG", kept.path())
            .env("PATH", format!("{}:/usr/bin:/bin", programs.path().display()))
            .run(&["image", "set", &format!("app={}/app:v1", registry.address), "--check-image", "require"])
    };
    let before = shop.head();
    set("echo locked >&2; exit 3").exits(1).says("docker-credential-test").says("locked");
    set("echo 'credentials not found in native keychain'; exit 1").exits(1).says("docker login");
    set("echo '<html>'").exits(1).says("not that of a credential helper");
    set("sleep 300").exits(1).says("did not answer in 15 s");
    assert_eq!(shop.head(), before);
    let secret = format!(r#"{{"ServerURL": "x", "Username": "puller", "Secret": "{PASSWORD}"}}"#);
    set(&format!("echo \"$1 $(cat)\" > {}; echo '{secret}'", asked.display())).exits(0);
    assert_eq!(std::fs::read_to_string(asked).unwrap().trim(), format!("get {}", registry.address));
    assert_eq!(shop.written(), format!("{}/app:v1", registry.address));
}
