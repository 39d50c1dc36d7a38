//! A push to an application's repository, its workflow run by the real act, and the commit in the manifests repository.
//!
//! Images are not built here: actions of Docker are stand-ins that do nothing. The checkout is act's own. All that is
//! Slipway's is real: its action, the install script, a release that is served on this machine, and Git over HTTP.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{commit, init, must, push, read};
use crate::install::{TARGET, VERSION, archive, release};
use crate::sources::server::{Page, Server};
use crate::support::bed::Bed;
use crate::support::secrets;
use crate::support::slipway::system_path;
use crate::support::{manifests, root, tool};

/// An application's repository on somebody's machine, with a forge that is act.
pub(super) struct Source {
    folder: tempfile::TempDir,
    server: Server,
}

const NOTHING: &str = "runs:\n  using: composite\n  steps:\n    - run: \"true\"\n      shell: bash\n";

impl Source {
    /// One whose pipeline sets images in a repository of a bed, in some environments.
    pub(super) fn new(release: &Path, url: &str, more: &[&str]) -> Self {
        let server = Server::start();
        for file in ["SHA256SUMS", &archive(TARGET)] {
            let bytes = std::fs::read(release.join(file)).unwrap();
            server.put(&format!("/download/v{VERSION}/{file}"), Page::body(bytes));
        }
        let source = Self { folder: tempfile::tempdir().unwrap(), server };
        for folder in ["web", "home", "action/packaging", "nothing"] {
            std::fs::create_dir_all(source.path(folder)).unwrap();
        }
        for file in ["action.yml", "packaging/install.sh"] {
            std::fs::copy(root().join(file), source.path("action").join(file)).unwrap();
        }
        std::fs::write(source.path("nothing/action.yml"), NOTHING).unwrap();
        let usual = ["source", "--app", "web", "--image", "registry.example/web", "--manifests-repo", url];
        init(&source.work(), &[&usual, more].concat()).exits(0);
        commit(&source.work());
        let origin = ["remote", "add", "origin", "https://github.com/acme/web.git"];
        must(&source.work(), Path::new("git"), &origin);
        source
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its work tree.
    pub(super) fn work(&self) -> PathBuf {
        self.path("web")
    }

    /// The commit that is pushed.
    pub(super) fn head(&self) -> String {
        must(&self.work(), Path::new("git"), &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// The workflow's run for a push of what is committed.
    pub(super) fn pushed(&self, bed: &Bed) -> Output {
        let mut act = Command::new(tool("act"));
        act.current_dir(self.work()).env_clear();
        act.env("PATH", system_path())
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("home"));
        // By its name alone: an argument can be seen.
        act.env("MANIFESTS_TOKEN", bed.text("/git/password")).args(["push", "--secret", "MANIFESTS_TOKEN"]);
        act.args(["--platform", "ubuntu-latest=-self-hosted", "--actor", "ada"]);
        act.args(["--env", &format!("SLIPWAY_INSTALL_URL={}", self.server.address)]);
        act.args(["--env", &format!("SLIPWAY_MANIFESTS_USERNAME={}", bed.text("/git/username"))]);
        for line in read(&self.work(), ".github/workflows/release.yml").lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let used = used.split(' ').next().unwrap();
            let folder = if used.starts_with("OWNER/slipway@") { "action" } else { "nothing" };
            act.arg("--local-repository").arg(format!("{used}={}", self.path(folder).display()));
        }
        act.output().unwrap()
    }
}

#[track_caller]
fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A manifests repository of a bed with one app, in two environments.
fn manifests_of(bed: &Bed, name: &str) -> (String, PathBuf) {
    let url = manifests::url(bed, name);
    let folder = tempfile::tempdir().unwrap();
    let app = ["manifests", "--app", "web=registry.example/web:v1", "--repo", &url, "--env", "dev,prod"];
    init(folder.path(), &app).exits(0);
    commit(folder.path());
    let bare = Path::new(bed.text("/git/root")).join(format!("{name}.git"));
    push(folder.path(), &bare);
    (url, bare)
}

#[test]
fn a_push_is_a_commit_in_the_manifests_repository_that_says_where_it_comes_from() {
    let Some(release) = release() else { return crate::support::skipped::skipped(crate::install::NO_STATIC) };
    let bed = Bed::start(&["git"]);
    let (url, bare) = manifests_of(&bed, "pushed");
    let source = Source::new(release, &url, &["--env", "dev"]);
    let ran = source.pushed(&bed);
    assert!(ran.status.success(), "{}", told(&ran));
    let commit = source.head();
    let log = must(&bare, Path::new("git"), &["log", "-1", "--format=%B", "main"]);
    for line in [
        "Slipway-App: manifests/dev/web".to_owned(),
        format!("Slipway-Image: registry.example/web:{commit}"),
        "Slipway-Previous: registry.example/web:v1".to_owned(),
    ] {
        assert!(log.lines().any(|said| said == line), "{line} is not in\n{log}");
    }
    let from = log.lines().find_map(|line| line.strip_prefix("Slipway-Source: ")).unwrap();
    assert!(from.starts_with("https://github.com/acme/web/actions/runs/"), "{from}");
    assert!(from.ends_with(&format!(" by ada at {commit}")), "{from}");
    let changed = must(&bare, Path::new("git"), &["diff", "--name-only", "main^", "main"]);
    assert_eq!(changed, "manifests/dev/web/kustomization.yaml\n");
    assert!(!told(&ran).contains(bed.text("/git/password")), "the token is in the log");
    // A second run of the same commit has nothing to set.
    let before = manifests::head(&bare);
    let again = source.pushed(&bed);
    assert!(again.status.success(), "{}", told(&again));
    assert_eq!(manifests::head(&bare), before);
    secrets::search(&source.work(), &["act"], std::time::SystemTime::UNIX_EPOCH, &[&told(&ran)]);
}

#[test]
fn a_release_that_is_not_what_it_should_be_sets_nothing() {
    let Some(release) = release() else { return crate::support::skipped::skipped(crate::install::NO_STATIC) };
    let bed = Bed::start(&["git"]);
    let (url, bare) = manifests_of(&bed, "refused");
    let source = Source::new(release, &url, &["--env", "dev"]);
    let before = manifests::head(&bare);
    let workflow = source.work().join(".github/workflows/release.yml");
    let text = std::fs::read_to_string(&workflow).unwrap();
    let pinned = text.replace("args: \"web=", &format!("sha256: {}, args: \"web=", "0".repeat(64)));
    assert_ne!(pinned, text);
    std::fs::write(&workflow, &pinned).unwrap();
    let ran = source.pushed(&bed);
    assert!(!ran.status.success() && told(&ran).contains("is not the one that is wanted"), "{}", told(&ran));
    // With the right sum it goes well, and a program that is there already takes the place of a release.
    let sums = std::fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    let sum = sums.lines().find_map(|line| line.strip_suffix(&archive(TARGET))).unwrap().trim().to_owned();
    assert_eq!(manifests::head(&bare), before);
    std::fs::write(&workflow, pinned.replace(&"0".repeat(64), &sum)).unwrap();
    let ran = source.pushed(&bed);
    assert!(ran.status.success() && manifests::head(&bare) != before, "{}", told(&ran));
    let binary = format!("binary: {}, args: \"web=", env!("CARGO_BIN_EXE_slipway"));
    std::fs::write(
        &workflow,
        text.replace("args: \"web=", &binary).replace("manifests/dev", "manifests/prod"),
    )
    .unwrap();
    let before = manifests::head(&bare);
    let ran = source.pushed(&bed);
    assert!(ran.status.success() && manifests::head(&bare) != before, "{}", told(&ran));
    assert!(!told(&ran).contains("verified: checksum"), "no release was brought");
}

/// The step of the action that runs a command, with inputs of every kind.
#[test]
fn arguments_are_words_and_nothing_in_them_is_expanded() {
    let action = crate::documented::pipelines::yaml(&read(root(), "action.yml"));
    let script = action["runs"]["steps"][1]["run"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let text =
        "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done\nenv | grep -c ARGUMENTS >&2\n";
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (command, arguments, words) in [
        ("plan", "", "<plan>"),
        ("image set", "web=registry.example/web:v1", "<image><set><web=registry.example/web:v1>"),
        ("plan", "  dev   --detail ", "<plan><dev><--detail>"),
        ("image set", "a=b\n--message=two words\n", "<image><set><a=b><--message=two words>"),
        ("plan", "one\n", "<plan><one>"),
        ("plan", "$HOME * `id` $(id) ; id", "<plan><$HOME><*><`id`><$(id)><;><id>"),
    ] {
        let mut bash = Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", script]).current_dir(folder.path());
        bash.env("COMMAND", command).env("ARGUMENTS", arguments).env("PROGRAM", &program);
        let ran = bash.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), words, "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr).trim(), "0", "the program inherits none of it");
    }
}

/// What a pipeline of GitLab's includes, with its inputs put in as GitLab does.
#[test]
fn the_template_for_gitlab_puts_a_verified_release_on_path() {
    let Some(release) = release() else { return crate::support::skipped::skipped(crate::install::NO_STATIC) };
    let server = Server::start();
    for file in ["SHA256SUMS", "install.sh", &archive(TARGET)] {
        let bytes = std::fs::read(release.join(file)).unwrap();
        server.put(&format!("/download/v{VERSION}/{file}"), Page::body(bytes));
    }
    let text = read(root(), "packaging/gitlab/slipway.yml");
    let (head, body) = text.split_once("\n---\n").unwrap();
    let spec = crate::documented::pipelines::yaml(head);
    assert_eq!(spec["spec"]["inputs"]["version"]["default"], VERSION);
    let body =
        body.replace("$[[ inputs.releases ]]", &server.address).replace("$[[ inputs.version ]]", VERSION);
    let pipeline = crate::documented::pipelines::yaml(&body);
    let script = pipeline[".slipway"]["before_script"][0].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str| {
        let mut sh = Command::new("sh");
        sh.args(["-e", "-c", script]).current_dir(folder.path());
        sh.env("PATH", system_path()).env("HOME", folder.path()).output().unwrap()
    };
    let ran = run(&format!("{script}\nslipway version"));
    assert!(told(&ran).contains(&format!("\nslipway {VERSION}\n")), "{}", told(&ran));
    let ran = run(&script.replace(VERSION, "9.9.9"));
    assert!(!ran.status.success(), "{}", told(&ran));
}

/// Both bring the release that they came with.
#[test]
fn the_action_brings_the_version_that_it_is_of() {
    let action = crate::documented::pipelines::yaml(&read(root(), "action.yml"));
    assert_eq!(action["inputs"]["version"]["default"], VERSION);
    assert!(!read(root(), "action.yml").contains("uses:"), "it takes nothing of others");
}
