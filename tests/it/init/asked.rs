//! At a terminal it asks for what no flag says, until the answer can be taken.

use crate::support::slipway::Slipway;
use crate::support::terminal::shown;
use crate::support::tool;

use super::read;

#[test]
fn a_person_is_asked_for_what_no_flag_says() {
    let folder = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(folder.path(), &tool("tofu")).env("TERM", "xterm");
    let command = slipway.into_command(&["init", "estate", "acme", "--region", "eu-central-1"]);
    let answers = [
        ("organization's name [acme]: ", "\n"),
        ("environments [dev, prod]: ", "Test\n"),
        ("environments [dev, prod]: ", "test, live\n"),
        ("account of test [none]: ", "111111111111\n"),
        ("account of live [none]: ", "\n"),
        ("Argo CD follows [none]: ", "https://git.example.com/manifests.git\n"),
    ];
    let answers: Vec<&str> = answers.iter().flat_map(|(question, answer)| [*question, *answer]).collect();
    let shown = shown(&command, (40, 120, 0), &answers).exits(0);
    let shown = shown.says("\"Test\" is no name").says("wrote live/test/eu-central-1/cluster/terragrunt.hcl");
    drop(shown.says_not("regions of AWS"));
    let acme = folder.path().join("acme");
    assert!(read(&acme, "live/test/env.hcl").contains("\"111111111111\""));
    assert!(read(&acme, "live/live/env.hcl").contains("\"000000000000\" # replace it"));
    assert!(read(&acme, "slipway.hcl").contains("\"https://git.example.com/manifests.git\""));
}

#[test]
fn with_yes_nothing_is_asked_and_at_the_end_of_input_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let slipway = Slipway::new(folder.path(), &tool("tofu")).env("TERM", "xterm");
        slipway.into_command(&[&["init", "estate"], arguments].concat())
    };
    let shown_text = shown(&command(&["one", "--yes"]), (40, 120, 0), &[]).exits(0);
    drop(shown_text.says("wrote slipway.hcl").says_not("environments ["));
    // Ctrl-D.
    let ended = shown(&command(&["two"]), (40, 120, 0), &["organization's name", "\u{4}"]).exits(1);
    drop(ended.says("nobody answered: nothing was written"));
    // Ctrl-C.
    drop(shown(&command(&["three"]), (40, 120, 0), &["organization's name", "\u{3}"]).exits(130));
    assert!(folder.path().join("one").is_dir());
    assert!(!folder.path().join("two").exists() && !folder.path().join("three").exists());
}
