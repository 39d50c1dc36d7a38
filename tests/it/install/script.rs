//! The install script, against a server on this machine.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{NO_STATIC, TARGET, VERSION, archive, release};
use crate::sources::server::{Page, Server};
use crate::support::skipped::skipped;
use crate::support::{program, root};

/// A machine with nothing on it but a home, and a server with a release.
struct Machine {
    folder: TempDir,
    server: Server,
    script: PathBuf,
}

/// Where the archive for this machine is on the server.
fn asset() -> String {
    format!("/download/v{VERSION}/{}", archive(TARGET))
}

/// How the script ended.
struct Ended {
    success: bool,
    stdout: String,
    stderr: String,
}

impl Machine {
    fn new(release: &Path) -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(),
            script: release.join("install.sh"),
        };
        for folder in ["home", "tmp", "bin"] {
            std::fs::create_dir(machine.path(folder)).unwrap();
        }
        let bytes = |file: &str| std::fs::read(release.join(file)).unwrap();
        machine.server.put("/latest/download/SHA256SUMS", Page::body(bytes("SHA256SUMS")));
        machine.server.put(&format!("/download/v{VERSION}/SHA256SUMS"), Page::body(bytes("SHA256SUMS")));
        machine.server.put(&asset(), Page::body(bytes(&archive(TARGET))));
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn installed(&self) -> PathBuf {
        self.path("home/.local/bin/slipway")
    }

    /// Puts a script of the test's own before every program of that name.
    fn program(&self, name: &str, text: &str) {
        let file = self.path("bin").join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        // As it comes out of a pipe.
        command.arg("-s").arg("--").args(arguments).stdin(std::fs::File::open(&self.script).unwrap());
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("SLIPWAY_INSTALL_URL", &self.server.address)
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        ended(&mut self.command(arguments))
    }

    /// What lies in the home and in the temporary folder, with what is in it.
    fn left(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("home"), self.path("tmp")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true if path.starts_with(self.path("tmp")) => files.push((path, Vec::new())),
                    true => folders.push(path),
                    false => files.push((path.clone(), std::fs::read(&path).unwrap())),
                }
            }
        }
        files
    }

    /// That it fails with one line, and leaves everything as it was, also where an older program is there already.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], line: &str) {
        for there in [false, true] {
            if there {
                std::fs::create_dir_all(self.installed().parent().unwrap()).unwrap();
                std::fs::write(self.installed(), "an older one").unwrap();
            }
            let before = self.left();
            let ended = self.run(arguments);
            assert!(!ended.success, "{}", ended.stdout);
            assert!(
                ended.stderr.starts_with("install: ") && ended.stderr.lines().count() == 1,
                "{}",
                ended.stderr
            );
            assert!(ended.stderr.contains(line), "{line:?} is not in {}", ended.stderr);
            assert!(self.left() == before, "something is left behind: {:?}", self.left());
        }
    }
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        success: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_release_is_verified_and_put_in_place() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    let first = machine.run(&[]);
    assert!(first.success && first.stderr.is_empty(), "{}{}", first.stdout, first.stderr);
    let bin = machine.installed().parent().unwrap().to_owned();
    assert!(first.stdout.contains(&format!("slipway {VERSION} is in {}", bin.display())), "{}", first.stdout);
    assert!(first.stdout.contains("who built it was not asked: gh is not here"), "{}", first.stdout);
    let advice = format!("export PATH=\"{}:$PATH\"", bin.display());
    assert!(first.stdout.contains(&advice), "{}", first.stdout);
    let version = Command::new(machine.installed()).arg("version").output().unwrap();
    assert_eq!(String::from_utf8(version.stdout).unwrap().trim(), format!("slipway {VERSION}"));
    assert_eq!(machine.left().len(), 1, "the program and nothing else: {:?}", machine.left());
    // Again, over what is there, with the folder on PATH.
    std::fs::write(machine.installed(), "an older one").unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let again = ended(machine.command(&["--version", &format!("v{VERSION}")]).env("PATH", path));
    assert!(again.success && !again.stdout.contains("is not on PATH"), "{}{}", again.stdout, again.stderr);
    assert_eq!(machine.installed().metadata().unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn it_goes_where_it_is_told_and_says_which_one_comes_first() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    machine.program("slipway", "echo another");
    let path =
        format!("{}:{}:/usr/bin:/bin", machine.path("bin").display(), machine.path("there/new").display());
    let done = ended(machine.command(&["--to=there/new"]).env("PATH", path));
    assert!(done.success && machine.path("there/new/slipway").is_file(), "{}", done.stderr);
    assert!(done.stdout.contains("another one comes first on PATH"), "{}", done.stdout);
    std::fs::create_dir_all(machine.path("taken/slipway")).unwrap();
    let taken = machine.run(&["--to", "taken"]);
    assert!(!taken.success && taken.stderr.contains("taken/slipway is a folder"), "{}", taken.stderr);
    std::fs::write(machine.path("file"), "").unwrap();
    let file = machine.run(&["--to", "file/bin"]);
    assert!(!file.success && file.stderr.contains("file/bin cannot be made"), "{}", file.stderr);
}

#[test]
fn an_archive_that_is_not_what_was_released_is_refused() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    machine.refuses(&["--sha256", &"0".repeat(64)], "is not the one that is wanted: its SHA-256 is");
    let mut changed = std::fs::read(release.join(archive(TARGET))).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    machine.server.put(&asset(), Page::body(changed));
    machine.refuses(&[], "is not what was released: its SHA-256 is");
}

#[test]
fn a_download_that_breaks_off_changes_nothing() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    let body = std::fs::read(release.join(archive(TARGET))).unwrap();
    let page = Page { breaks_off: true, ..Page::body(body) };
    machine.server.put(&asset(), page);
    machine.refuses(&[], "could not be downloaded");
}

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    machine
        .refuses(&["--version", "9.9.9"], "/download/v9.9.9/SHA256SUMS could not be downloaded (curl: (22)");
    machine.refuses(&["--version", "../x"], "is no version");
    machine.refuses(&["--versoin", "1"], "unknown argument: --versoin");
    machine.refuses(&["--to"], "--to takes a value");
    let sums = std::fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    machine.server.put("/latest/download/SHA256SUMS", Page::body(sums.replace("x86_64", "riscv64")));
    machine.refuses(&[], "has nothing for x86_64-unknown-linux-musl");
    machine.server.put("/latest/download/SHA256SUMS", Page::body(""));
    machine.refuses(&[], "there is no release to be had");
}

#[test]
fn a_machine_that_nothing_is_built_for_is_told_so() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    for (system, kind) in [("Linux", "riscv64"), ("FreeBSD", "amd64")] {
        machine.program("uname", &format!("[ \"$1\" = -s ] && echo {system} || echo {kind}"));
        machine.refuses(&[], &format!("there is no build for {system} on {kind}"));
    }
    // A translated shell on a Mac is taken for what the Mac is.
    machine.program("uname", "[ \"$1\" = -s ] && echo Darwin || echo x86_64");
    machine.program("sysctl", "echo 1");
    machine.refuses(&[], "has nothing for aarch64-apple-darwin");
}

#[test]
fn nothing_is_brought_over_a_line_that_anybody_can_write_to() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    for address in ["http://mirror.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1/"] {
        let refused = ended(machine.command(&[]).env("SLIPWAY_INSTALL_URL", address));
        assert!(
            !refused.success && refused.stderr.contains("has to begin with https://"),
            "{}",
            refused.stderr
        );
    }
    // The one of a clone knows of no release.
    let machine = Machine { script: root().join("packaging/install.sh"), ..machine };
    let refused = ended(machine.command(&[]).env_remove("SLIPWAY_INSTALL_URL"));
    assert!(!refused.success && refused.stderr.contains("belongs to no release"), "{}", refused.stderr);
}

#[test]
fn who_built_it_is_asked_where_that_can_be_answered() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    machine.refuses(&["--attested"], "cannot be verified: gh is not here");
    std::fs::remove_file(machine.installed()).unwrap();
    machine.program("gh", "case \"$*\" in *--help) exit 0 ;; *) exit 1 ;; esac");
    machine.refuses(&["--attested"], "cannot be verified: gh is not logged in");
    machine.program(
        "gh",
        "echo \"$*\" >>\"$HOME/../asked\"; case \"$*\" in *verify*) echo nobody signed it; exit 1 ;; esac",
    );
    std::fs::remove_file(machine.installed()).unwrap();
    machine.refuses(&[], "was not built by example/slipway: nobody signed it");
    machine.program("gh", "exit 0");
    let done = machine.run(&["--attested"]);
    assert!(done.success && done.stdout.contains("that example/slipway built it"), "{}", done.stdout);
    let asked = std::fs::read_to_string(machine.path("asked")).unwrap();
    assert!(asked.lines().any(|line| line.ends_with("--repo example/slipway")), "{asked}");
}

#[test]
fn a_script_that_was_cut_on_its_way_does_nothing() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let whole = std::fs::read_to_string(release.join("install.sh")).unwrap();
    let cut = tempfile::NamedTempFile::new().unwrap();
    for part in 1..20 {
        let end = whole.floor_char_boundary(whole.len() * part / 20);
        std::fs::write(cut.path(), &whole[..end]).unwrap();
        let machine = Machine { script: cut.path().to_owned(), ..Machine::new(release) };
        machine.run(&[]);
        assert!(machine.left().is_empty(), "{:?} after {end} bytes", machine.left());
        assert_eq!(machine.server.asked("/latest/download/SHA256SUMS"), 0);
    }
}

#[test]
fn one_that_is_stopped_leaves_nothing_behind() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let machine = Machine::new(release);
    let body = std::fs::read(release.join(archive(TARGET))).unwrap();
    machine.server.put(&asset(), Page { stalls: true, ..Page::body(body) });
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let asked = machine.server.asked(&asset());
        let mut child = machine.command(&[]).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        while machine.server.asked(&asset()) == asked {
            std::thread::sleep(Duration::from_millis(20));
        }
        killpg(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(machine.left().is_empty(), "{:?} after {signal}", machine.left());
    }
}

#[test]
fn wget_serves_where_there_is_no_curl() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let Some(wget) = program("wget") else { return skipped("there is no wget") };
    let machine = Machine::new(release);
    let needed = "sh uname mktemp awk grep sha256sum tar gzip mkdir cat chmod mv rm tail tr";
    for name in needed.split(' ') {
        let found = program(name).unwrap_or_else(|| panic!("there is no {name}"));
        std::os::unix::fs::symlink(found, machine.path("bin").join(name)).unwrap();
    }
    let bin = machine.path("bin");
    let neither = ended(machine.command(&[]).env("PATH", &bin));
    assert!(!neither.success && neither.stderr.contains("neither curl nor wget"), "{}", neither.stderr);
    std::os::unix::fs::symlink(wget, bin.join("wget")).unwrap();
    let done = ended(machine.command(&[]).env("PATH", &bin));
    assert!(done.success && machine.installed().is_file(), "{}{}", done.stdout, done.stderr);
    let missing = ended(machine.command(&["--version", "9.9.9"]).env("PATH", &bin));
    assert!(!missing.success && missing.stderr.lines().count() == 1, "{}", missing.stderr);
}

#[test]
fn the_script_is_read_by_shellcheck() {
    let Some(shellcheck) = program("shellcheck") else { return skipped("there is no shellcheck") };
    let script = root().join("packaging/install.sh");
    let read = Command::new(shellcheck).arg("--shell=sh").arg(script).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stdout));
}
