//! A small estate, and beside it a folder that nothing may touch.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// How long a command may take, on a machine that does much else.
const LONGEST: Duration = Duration::from_mins(2);
/// How much memory it may take, in KiB: a fraction of what a file without end would fill.
const MOST_MEMORY: u64 = 700 * 1024;

/// What is known of a file: its kind and mode, when it was changed, and what is in it.
type Look = (u32, i64, i64, Vec<u8>);

/// An estate and what lies outside of it.
pub struct World {
    /// The estate, with `app`, a unit whose module is in `modules/app`.
    pub estate: Estate,
    outside: TempDir,
    before: BTreeMap<PathBuf, Look>,
}

/// A command that has ended.
pub struct Said {
    pub code: i32,
    pub text: String,
    /// The most memory that it has had, in KiB.
    pub memory: u64,
}

impl World {
    pub fn new() -> Self {
        let outside = tempfile::Builder::new().prefix("slipway-outside-").tempdir().unwrap();
        std::fs::create_dir(outside.path().join("folder")).unwrap();
        for name in ["kept", "main.tf", "folder/kept"] {
            std::fs::write(outside.path().join(name), "output \"kept\" {\n  value = 1\n}\n").unwrap();
        }
        let before = looked_at(outside.path());
        let world = Self { estate: Estate::new(), outside, before };
        world.estate.write("modules/app/main.tf", "resource \"terraform_data\" \"app\" {}\n");
        world.unit("app", "${get_repo_root()}/modules//app", "");
        world
    }

    /// Writes a unit with a source and more of its configuration.
    pub fn unit(&self, name: &str, source: &str, more: &str) {
        let terraform = if source.is_empty() {
            String::new()
        } else {
            format!("terraform {{\n  source = \"{source}\"\n}}\n")
        };
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n{terraform}{more}"
        );
        self.estate.write(&format!("live/{name}/terragrunt.hcl"), &text);
    }

    /// A place in the estate's repository.
    pub fn path(&self, below: &str) -> PathBuf {
        self.estate.path().join(below)
    }

    /// Makes a symbolic link in the repository.
    pub fn link(&self, below: &str, target: impl AsRef<Path>) {
        let link = self.path(below);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }

    /// The folder outside.
    pub fn outside(&self) -> &Path {
        self.outside.path()
    }

    /// Makes a Git repository of a folder of the estate's, and returns an address of it.
    pub fn git_source(&self, folder: &str) -> String {
        let folder = self.path(folder);
        git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        git(&folder, &["add", "--all", "--force"]);
        git(&folder, &["commit", "--quiet", "-m", "one"]);
        format!("git::file://{}", folder.display())
    }

    /// Runs a command to its end, and fails where it takes too long or too much.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_in(self.estate.path(), arguments)
    }

    pub fn run_in(&self, dir: &Path, arguments: &[&str]) -> Said {
        let mut command = Slipway::new(dir, &tool("tofu")).into_command(arguments);
        command.env("HOME", self.estate.path()).env("COLUMNS", "400");
        watched(command, arguments)
    }

    /// Fails unless the folder outside is as it was.
    #[track_caller]
    pub fn is_untouched(&self) {
        assert_eq!(looked_at(self.outside()), self.before, "something outside was changed");
    }

    /// The files of ours by a part of their names.
    pub fn of_ours(&self, part: &str) -> Vec<PathBuf> {
        let found = looked_at(&self.path(".slipway")).into_keys();
        found.filter(|file| file.file_name().unwrap().to_string_lossy().contains(part)).collect()
    }
}

impl Said {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn says(self, part: impl AsRef<str>) -> Self {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = flat(&self.text.replace(['│', '╰', '─', '▶', '×'], " "));
        assert!(told.contains(&flat(part.as_ref())), "{:?} is not in:\n{}", part.as_ref(), self.text);
        self
    }
}

/// Runs Git in a folder.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn watched(mut command: Command, arguments: &[&str]) -> Said {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, deadline) = (child.id(), Instant::now() + LONGEST);
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut stream: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            bytes
        })
    };
    let streams = [read(Box::new(stdout)), read(Box::new(stderr))];
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        most = most.max(memory(id));
        if Instant::now() > deadline || most > MOST_MEMORY {
            child.kill().unwrap();
            panic!("{arguments:?} takes too long, or too much memory: {most} KiB");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let [stdout, stderr] = streams.map(|stream| stream.join().unwrap());
    let output = Output { status, stdout, stderr };
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n");
    Said { code: output.status.code().unwrap_or(-1), text, memory: most }
}

/// The most memory that a process has had, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Everything under a folder, no link followed.
fn looked_at(folder: &Path) -> BTreeMap<PathBuf, Look> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().unwrap();
        let content = if meta.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if meta.is_symlink() {
            std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if meta.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        found.insert(path, (meta.mode(), meta.mtime(), meta.mtime_nsec(), content));
    }
    found
}
