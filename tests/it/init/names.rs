//! A name that the other program would refuse is refused here, with its rule, and nothing is written.

use super::init;

#[test]
fn what_no_program_takes_is_refused_with_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], says: &str| {
        let ended = init(folder.path(), arguments).exits(64).says(says);
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "{arguments:?}");
        drop(ended);
    };
    let label = "it takes up to 63 lower-case letters, digits and hyphens";
    for name in ["Dev", "-dev", "dev-", "1dev", "de_v", "d.ev", "", "dev\nprod", "${x}", &"d".repeat(64)] {
        refused(&["estate", "--organization", "acme", &format!("--env={name}")], label);
    }
    for region in ["eu-west", "EU-WEST-1", "eu_west_1", "eu-west-1a", "europe-west1-"] {
        refused(&["estate", "--organization", "acme", "--region", region], "write it like eu-west-1");
    }
    for account in ["1234", "dev=12345678901", "1234567890123", "acme"] {
        refused(&["estate", "--organization", "acme", "--account", account], "it has twelve digits");
    }
    refused(
        &["estate", "--organization", "acme", "--account", "test=111111111111"],
        "--account is of test, and there is no such environment",
    );
    refused(&["estate", "--organization", "acme", "--kubernetes", "1.33.2"], "write the minor version");
    refused(&["estate", "--organization", "acme", "--env", "dev", "--env", "dev"], "dev is named twice");
    refused(&["estate", "--organization", &"a".repeat(40)], "which is longer than 63 characters");
    refused(
        &["estate", "--organization", "acme", "--env", &"e".repeat(46)],
        "which is longer than 50 characters",
    );
    for address in
        ["manifests", "https://", "ftp://x/y", "https://a b/c", "https://x/y#$(id)", "-uupload=x:y"]
    {
        refused(
            &["estate", "--organization", "acme", &format!("--manifests-repo={address}")],
            "write it like https://git.example.com/manifests.git",
        );
    }
    for image in ["web", "acme/web", "ghcr.io/ACME/web", "ghcr.io/acme/web:v1 "] {
        refused(
            &["manifests", "--repo", "https://x.example/y", "--app", &format!("web={image}")],
            "is no image",
        );
    }
    refused(
        &[
            "source",
            "--manifests-repo",
            "https://x.example/y",
            "--app",
            "web",
            "--image",
            "ghcr.io/acme/web:v1",
        ],
        "the image has the tag v1",
    );
    refused(
        &["manifests", "--repo", "https://x.example/y", "--app", "web", "--env", "base"],
        "no environment can be called base",
    );
    refused(
        &["manifests", "--repo", "https://x.example/y", "--app", "web", "--app", "web"],
        "the application web is named twice",
    );
    refused(&["manifests", "--repo", "https://x.example/y", "--app", "web", "--owner", "x y"], "is no owner");
    refused(&["source", "--slipway", "slipway"], "write it like OWNER/slipway@v1.2.3");
}

/// A login would be in a file that is committed.
#[test]
fn an_address_with_a_login_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for address in [
        "https://ada:canary-of-init@git.example.com/manifests.git",
        "https://canary-of-init-token-000000@git.example.com/m.git",
    ] {
        let ended = init(folder.path(), &["manifests", "--app", "web", "--repo", address]);
        assert_eq!(ended.code, 64, "{}", ended.stderr);
        assert!(ended.stderr.contains("without a login"), "{}", ended.stderr);
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn what_is_not_said_is_asked_for_by_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &["source", "--app", "web"]).exits(64).says("--image IMAGE");
    init(folder.path(), &["source", "--app", "web", "--image", "ghcr.io/acme/web"])
        .exits(64)
        .says("--manifests-repo URL");
    init(folder.path(), &["manifests", "--app", "web"]).exits(64).says("--repo URL");
    init(folder.path(), &["manifests"]).exits(64).says("--app NAME=IMAGE");
    // The name of a temporary folder is none.
    init(folder.path(), &["estate"]).exits(64).says("--organization NAME");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}
