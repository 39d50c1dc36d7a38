//! `slipway init`: what it writes is taken by the programs that it is for.

mod asked;
mod estate;
mod laid;
mod manifests;
mod names;
mod pipeline;
mod source;
mod whole;

use std::path::Path;
use std::process::Command;

use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

/// Runs `slipway init` in a folder.
fn init(folder: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(folder, &tool("tofu")).run(&[&["init"], arguments].concat())
}

/// Runs a program in a folder; it has to end well.
#[track_caller]
fn must(folder: &Path, program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let [said, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{} {arguments:?}\n{said}{told}", program.display());
    said
}

/// Makes a repository of a folder, with all that is in it.
fn commit(folder: &Path) {
    let git = |arguments: &[&str]| must(folder, Path::new("git"), arguments);
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    git(&[
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.com",
        "commit",
        "--quiet",
        "-m",
        "All of it",
    ]);
}

/// Pushes a repository into a new bare one.
fn push(folder: &Path, bare: &Path) {
    let bare = bare.to_str().unwrap();
    must(folder, Path::new("git"), &["init", "--quiet", "--bare", "--initial-branch=main", bare]);
    must(folder, Path::new("git"), &["push", "--quiet", bare, "main"]);
}

/// Has actionlint look at the workflows of a repository.
#[track_caller]
fn lint(folder: &Path) {
    let workflows = std::fs::read_dir(folder.join(".github/workflows")).unwrap();
    let files: Vec<String> = workflows.map(|entry| entry.unwrap().path().display().to_string()).collect();
    assert!(!files.is_empty());
    let mut arguments = vec!["-shellcheck=", "-pyflakes="];
    arguments.extend(files.iter().map(String::as_str));
    must(folder, &tool("actionlint"), &arguments);
    for file in &files {
        // A tag can be moved; Slipway's own is the reader's to choose.
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let pin = used.split('@').nth(1).unwrap().split(' ').next().unwrap();
            let is_commit = pin.len() == 40 && pin.chars().all(|digit| digit.is_ascii_hexdigit());
            assert!(is_commit || used.starts_with("OWNER/slipway@v"), "{used}");
        }
    }
}

/// What is in a file.
#[track_caller]
fn read(folder: &Path, path: &str) -> String {
    std::fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// No text ends without a line break, none has trailing spaces, and nothing of a template is left.
#[track_caller]
fn assert_tidy(folder: &Path, paths: &[&str]) {
    for path in paths {
        let text = read(folder, path);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path} ends oddly:\n{text}");
        assert!(!text.contains("\n\n\n"), "{path} has a gap:\n{text}");
        for line in text.lines() {
            assert_eq!(line, line.trim_end(), "{path}");
            assert!(!["[[ ", " ]]", "[%", "%]"].iter().any(|mark| line.contains(mark)), "{path}: {line}");
        }
    }
}

/// The paths that an answer names under a key.
fn paths(answer: &serde_json::Value, key: &str) -> Vec<String> {
    answer[key].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
}

/// The provider of the bed gives an address its tags only where it does not ask for EC2-Classic.
fn for_the_provider_of_the_bed(folder: &Path) {
    let file = folder.join("live/root.hcl");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = "      skip_metadata_api_check     = true\n";
    assert_eq!(text.matches(line).count(), 1, "{text}");
    std::fs::write(&file, text.replace(line, &format!("{line}      skip_get_ec2_platforms = true\n")))
        .unwrap();
}
