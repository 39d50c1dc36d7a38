use std::path::{Path, PathBuf};
use std::process::Command;

use super::{commit, git};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("bucket", &[]);
    commit(&estate);
    estate
}

/// A new key in a folder, and its line for a list of allowed signers.
fn key(folder: &Path, name: &str) -> (PathBuf, String) {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(&file)
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
    (file, format!("{name}@example.com namespaces=\"slipway-plan\" {public}"))
}

#[test]
fn plans_are_signed_with_the_key_that_git_signs_with_and_taken_from_allowed_signers_only() {
    let tool = tool("tofu");
    let estate = estate();
    let keys = tempfile::tempdir().unwrap();
    let (ada, ada_line) = key(keys.path(), "ada");
    let (_, bob_line) = key(keys.path(), "bob");
    let list = |name: &str, text: &str| {
        let file = keys.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let (adas, bobs) = (list("adas", &ada_line), list("bobs", &bob_line));
    git(estate.path(), &["config", "gpg.format", "ssh"]);
    git(estate.path(), &["config", "user.signingkey", &ada.display().to_string()]);

    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("signed with SHA256:");
    let apply = |more: &[&str]| slipway().run(&[&["apply", "saved", "--yes"], more].concat());
    drop(apply(&["--allowed-signers", &bobs]).exits(5).says("signed with a key that").says("does not allow"));
    drop(apply(&["--require-signature"]).exits(5).says("no list says whose key that is"));
    let list_of_user = |list: &str| {
        estate.write(".gitconfig", &format!("[gpg \"ssh\"]\n\tallowedSignersFile = {list}\n"));
    };
    list_of_user(&bobs);
    // Whose plans may be applied is not the repository's to say.
    git(estate.path(), &["config", "gpg.ssh.allowedSignersFile", &adas]);
    drop(apply(&[]).exits(5).says("does not allow"));
    list_of_user(&adas);
    git(estate.path(), &["config", "gpg.ssh.allowedSignersFile", &bobs]);
    assert_eq!(estate.applied("bucket"), None);

    // A signature that is gone or another's is not overlooked, whoever is asked for.
    let signature = estate.path().join("saved/slipway-plans.json.sig");
    let kept = std::fs::read(&signature).unwrap();
    std::fs::remove_file(&signature).unwrap();
    rewrite_sums(estate.path());
    drop(apply(&[]).exits(5).says("slipway-plans.json.sig is missing"));
    std::fs::write(&signature, &kept).unwrap();
    rewrite_sums(estate.path());
    drop(apply(&["--require-signature"]).exits(0).says("saved by ada@example.com"));
    assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));
}

#[test]
fn a_signed_manifest_that_was_written_anew_is_refused_also_without_a_list() {
    let tool = tool("tofu");
    let estate = estate();
    let keys = tempfile::tempdir().unwrap();
    let (ada, _) = key(keys.path(), "ada");
    let ada = ada.display().to_string();
    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["plan", "--out", "saved", "--sign-with", &ada]).exits(0).says("signed with");
    let manifest = estate.path().join("saved/slipway-plans.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"dirty\": false", "\"dirty\": true")).unwrap();
    rewrite_sums(estate.path());
    let apply = || slipway().run(&["apply", "saved", "--yes"]);
    drop(apply().exits(5).says("the signature is not one of these plans"));
    std::fs::write(&manifest, text).unwrap();
    rewrite_sums(estate.path());
    drop(apply().exits(0).says("saved by SHA256:"));
}

#[test]
fn unsigned_plans_are_refused_where_a_signature_is_asked_for() {
    let tool = tool("tofu");
    let estate = estate();
    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("unsigned");
    slipway()
        .run(&["apply", "saved", "--yes", "--require-signature"])
        .exits(5)
        .says("the plans are not signed");
    let required = slipway().env("SLIPWAY_REQUIRE_SIGNATURE", "true");
    required.run(&["apply", "saved", "--yes"]).exits(5).says("the plans are not signed");
    slipway().run(&["apply", "--require-signature", "--yes"]).exits(64).says("there are no saved plans");
    slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
}

#[test]
fn a_key_that_does_not_sign_saves_nothing() {
    let tool = tool("tofu");
    let estate = estate();
    let plan = || Slipway::new(estate.path(), &tool);
    plan()
        .run(&["plan", "--out", "saved", "--sign-with", "no-such-key"])
        .exits(1)
        .says("no-such-key does not sign");
    assert!(!estate.path().join("saved").exists());
    git(estate.path(), &["config", "gpg.format", "ssh"]);
    git(estate.path(), &["config", "user.signingkey", "/no/such/key"]);
    plan().run(&["plan", "--out", "saved"]).exits(1).says("--no-sign");
    plan().run(&["plan", "--out", "saved", "--no-sign"]).exits(0).says("unsigned");
}

/// As someone would who wants to hide that something was changed.
fn rewrite_sums(estate: &Path) {
    let written = Command::new("sh")
        .args(["-c", "sha256sum $(find plans slipway-plans* -type f | LC_ALL=C sort) > SHA256SUMS"])
        .current_dir(estate.join("saved"))
        .status();
    assert!(written.unwrap().success());
}
