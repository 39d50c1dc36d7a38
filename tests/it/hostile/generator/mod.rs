//! Hostile trees, made by a seed: a sound estate, and into it a few things that nobody means well with.

mod base;
mod bytes;
mod git;
mod links;
mod manifests;
mod names;
mod programs;
mod records;
mod rng;
mod sizes;
mod stacks;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub use rng::Rng;

/// One thing that is put into a tree.
pub struct Ingredient {
    /// What it is called in reports.
    pub name: &'static str,
    /// Puts it there.
    make: fn(&mut Place),
    /// Whether Git is to know what lies in the tree before it comes: it is about the repository itself.
    last: bool,
}

impl Ingredient {
    const fn new(name: &'static str, make: fn(&mut Place)) -> Self {
        Self { name, make, last: false }
    }

    /// What makes Git itself dangerous to call.
    const fn last(name: &'static str, make: fn(&mut Place)) -> Self {
        Self { name, make, last: true }
    }
}

/// Everything there is.
fn ingredients() -> impl Iterator<Item = &'static Ingredient> {
    [
        names::ALL,
        links::ALL,
        sizes::ALL,
        bytes::ALL,
        records::ALL,
        stacks::ALL,
        programs::ALL,
        manifests::ALL,
        git::ALL,
    ]
    .into_iter()
    .flatten()
}

/// What a tree is made of: it gives the same tree each time.
#[derive(Clone)]
pub struct Recipe {
    /// Each with a seed of its own, so that one can be left out without changing the others.
    parts: Vec<(&'static Ingredient, u64)>,
}

impl Recipe {
    /// That of a seed; `turn` sees to it that every ingredient comes up, one after another.
    pub fn of(seed: u64, turn: usize) -> Self {
        let mut rng = Rng::new(seed);
        let all: Vec<&'static Ingredient> = ingredients().collect();
        let mut parts = vec![(all[turn % all.len()], rng.next())];
        for _ in 0..rng.below(3) {
            let (part, seed) = (*rng.pick(&all), rng.next());
            parts.push((part, seed));
        }
        Self { parts }
    }

    /// That of a tree that is as it should be.
    pub fn sound() -> Self {
        Self { parts: Vec::new() }
    }

    /// How many there are to come up.
    pub fn turns() -> usize {
        ingredients().count()
    }

    /// How many things are in it.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.parts.iter().map(|(part, _)| part.name).collect()
    }

    /// The same without one of them.
    pub fn without(&self, index: usize) -> Self {
        let mut parts = self.parts.clone();
        parts.remove(index);
        Self { parts }
    }

    /// Makes the tree.
    pub fn cook(&self) -> Place {
        let mut place = Place::new();
        base::estate(&mut place);
        let make = |place: &mut Place, last: bool| {
            for (part, seed) in self.parts.iter().filter(|(part, _)| part.last == last) {
                place.rng = Rng::new(*seed);
                (part.make)(place);
            }
        };
        make(&mut place, false);
        base::commit(&mut place);
        place.put_what_git_cannot_take();
        make(&mut place, true);
        place
    }
}

/// A tree, and what lies around it.
pub struct Place {
    case: TempDir,
    /// What it is made by.
    pub rng: Rng,
    /// What is in it, for whoever reads a finding.
    pub notes: Vec<String>,
    /// What is put into it once Git knows the rest: Git would wait for it, or read it for minutes.
    late: Vec<(PathBuf, Late)>,
    is_committed: bool,
}

/// What Git is kept from.
#[derive(Clone, Copy)]
enum Late {
    Pipe,
    Sparse(u64),
}

impl Place {
    fn new() -> Self {
        let case = tempfile::Builder::new().prefix("slipway-sweep-").tempdir().unwrap();
        let (notes, late) = (Vec::new(), Vec::new());
        let place = Self { case, rng: Rng::new(0), notes, late, is_committed: false };
        for folder in [place.tree(), place.outside(), place.home(), place.bin(), place.trips(), place.temp()]
        {
            std::fs::create_dir(folder).unwrap();
        }
        place
    }

    /// The folder of everything.
    pub fn case(&self) -> &Path {
        self.case.path()
    }

    /// The repository, which somebody else has filled.
    pub fn tree(&self) -> PathBuf {
        self.case().join("tree")
    }

    /// A folder beside it that nobody may change.
    pub fn outside(&self) -> PathBuf {
        self.case().join("outside")
    }

    /// The folder of the user, which nobody may change either.
    pub fn home(&self) -> PathBuf {
        self.case().join("home")
    }

    /// The first folder on `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.case().join("bin")
    }

    /// The repository of the manifests.
    pub fn manifests(&self) -> PathBuf {
        self.case().join("manifests.git")
    }

    /// For temporary files.
    pub fn temp(&self) -> PathBuf {
        self.case().join("temp")
    }

    fn trips(&self) -> PathBuf {
        self.case().join("trips")
    }

    /// The file in which tripwires tell that they were started, a name a line.
    pub fn tripped(&self) -> PathBuf {
        self.case().join("tripped")
    }

    /// A program that tells when it is started, and by which name.
    pub fn tripwire(&self, name: &str) -> String {
        let path = self.trips().join(name);
        program(&path, &format!("echo {name} >> {}\necho ok", self.tripped().display()));
        path.display().to_string()
    }

    /// The same under its name on `PATH`.
    pub fn tripwire_on_path(&self, name: &str) {
        let path = self.bin().join(name);
        program(&path, &format!("echo {name} >> {}\nexit 1", self.tripped().display()));
    }

    /// Says what is in the tree.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A place in the tree, free, with folders on the way to it; `None` where what is there by now leads elsewhere.
    fn free(&self, path: &Path) -> Option<PathBuf> {
        let target = self.tree().join(path);
        let folder = target.parent()?;
        std::fs::create_dir_all(folder).ok()?;
        if !folder.canonicalize().ok()?.starts_with(self.tree().canonicalize().ok()?) {
            return None;
        }
        match target.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&target).ok()?,
            Ok(_) => std::fs::remove_file(&target).ok()?,
            Err(_) => {}
        }
        Some(target)
    }

    /// Writes a file into the tree, in place of whatever is there.
    pub fn write(&mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = path.as_ref();
        if let Some(target) = self.free(path)
            && let Err(error) = std::fs::write(&target, content)
        {
            self.note(format!("{} could not be written: {error}", path.display()));
        }
    }

    /// Makes a link in the tree, in place of whatever is there.
    pub fn link(&mut self, path: impl AsRef<Path>, to: impl AsRef<Path>) {
        let (path, to) = (path.as_ref(), to.as_ref());
        if let Some(target) = self.free(path) {
            symlink(to, target).unwrap();
            self.note(format!("{} is a link to {}", path.display(), to.display()));
        }
    }

    /// Makes a pipe that nobody writes to.
    pub fn pipe(&mut self, path: impl AsRef<Path>) {
        self.later(path.as_ref(), Late::Pipe);
    }

    /// Makes a file of that many bytes that are not there.
    pub fn sparse(&mut self, path: impl AsRef<Path>, length: u64) {
        self.later(path.as_ref(), Late::Sparse(length));
    }

    fn later(&mut self, path: &Path, what: Late) {
        self.late.push((path.to_owned(), what));
        if self.is_committed {
            self.put_what_git_cannot_take();
        }
    }

    fn put_what_git_cannot_take(&mut self) {
        self.is_committed = true;
        for (path, what) in std::mem::take(&mut self.late) {
            let Some(target) = self.free(&path) else { continue };
            let what = match what {
                Late::Pipe => {
                    nix::unistd::mkfifo(&target, nix::sys::stat::Mode::S_IRWXU).unwrap();
                    "is a pipe".to_owned()
                }
                Late::Sparse(length) => {
                    std::fs::File::create(&target).unwrap().set_len(length).unwrap();
                    format!("has {length} bytes, all of them zero")
                }
            };
            self.note(format!("{} {what}", path.display()));
        }
    }

    /// Makes a socket.
    pub fn socket(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if let Some(target) = self.free(path)
            && std::os::unix::net::UnixListener::bind(&target).is_ok()
        {
            self.note(format!("{} is a socket", path.display()));
        }
    }

    /// Makes a folder.
    pub fn folder(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if let Some(target) = self.free(path) {
            std::fs::create_dir(&target).unwrap();
            self.note(format!("{} is a folder", path.display()));
        }
    }

    /// Calls Git in the tree, as somebody whose settings are not this machine's; what it printed.
    pub fn git(&self, arguments: &[&str]) -> Option<String> {
        // Git itself waits for ever where its own files are pipes.
        let mut command = Command::new("timeout");
        command
            .args(["--signal=KILL", "10", "git"])
            .current_dir(self.tree())
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        command.env("HOME", self.temp()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.com");
            command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
        }
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

/// Writes a program of the shell.
pub fn program(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A path of any bytes.
pub fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
