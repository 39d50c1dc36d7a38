//! A remote manifests repository for tests, and a colleague who pushes to it with plain Git.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use slipway::gitops::{Identity, Repository, RepositorySpec};
use tempfile::TempDir;

use crate::support::commits;

/// A bare repository with one branch, `main`.
pub struct Remote {
    pub root: TempDir,
    /// Whether the colleague has done anything in their clone, which the next commit comes from then.
    is_worked_in: AtomicBool,
}

/// Repositories as they were made once: hundreds of tests begin with the same, and each takes a dozen starts of Git to make.
struct Tree {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let mut tree = Self { folders: Vec::new(), files: Vec::new() };
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            for entry in std::fs::read_dir(root.join(&below)).unwrap() {
                let entry = entry.unwrap();
                let path = below.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    tree.folders.push(path.clone());
                    open.push(path);
                } else {
                    let content = std::fs::read(entry.path()).unwrap();
                    tree.files.push((path, content));
                }
            }
        }
        tree
    }

    fn write(&self, root: &Path) {
        for folder in &self.folders {
            std::fs::create_dir(root.join(folder)).unwrap();
        }
        for (path, content) in &self.files {
            std::fs::write(root.join(path), content).unwrap();
        }
    }
}

/// A Deployment with one container, as a person would write it.
pub fn deployment(app: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {app}  # the app\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{app: {app}}}}}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n    spec:\n      containers:\n        - name: web\n          image: \"{image}\"   # bumped by slipway\n"
    )
}

impl Remote {
    /// With `app-a` and `app-b` under `manifests/`, both at `v1`.
    pub fn new() -> Self {
        static STARTED: OnceLock<Tree> = OnceLock::new();
        Self::of(STARTED.get_or_init(|| Tree::of(Self::started().root.path())))
    }

    fn started() -> Self {
        let remote = Self::empty();
        let apps = ["app-a", "app-b"].map(|app| {
            (
                format!("manifests/{app}/deployment.yaml"),
                deployment(app, &format!("registry.example/{app}:v1")),
            )
        });
        let files: Vec<(&str, &str)> =
            apps.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        remote.commit("start", &files);
        remote
    }

    /// Without any commit.
    pub fn empty() -> Self {
        static EMPTY: OnceLock<Tree> = OnceLock::new();
        Self::of(EMPTY.get_or_init(|| {
            let root = tempfile::tempdir().unwrap();
            let (root_path, at) = (root.path(), |name: &str| root.path().join(name));
            git(root_path, &["init", "-q", "--template=", "--bare", "-b", "main", "manifests.git"]);
            git(&at("manifests.git"), &["config", "http.receivepack", "true"]);
            git(&at("manifests.git"), &["config", "receive.autogc", "false"]);
            git(root_path, &["init", "-q", "--template=", "-b", "main", "colleague"]);
            git(&at("colleague"), &["remote", "add", "origin", "../manifests.git"]);
            git(&at("colleague"), &["config", "maintenance.auto", "false"]);
            Tree::of(root_path)
        }))
    }

    fn of(tree: &Tree) -> Self {
        let root = tempfile::tempdir().unwrap();
        let remote = Self { root, is_worked_in: AtomicBool::new(false) };
        tree.write(remote.root.path());
        remote
    }

    pub fn bare(&self) -> PathBuf {
        self.root.path().join("manifests.git")
    }

    /// The colleague's clone, for whoever changes something in it: it begins with the branch as it is.
    fn worked_in(&self) -> PathBuf {
        let folder = self.root.path().join("colleague");
        if !self.is_worked_in.swap(true, Ordering::Relaxed) && commits::is_begun(&self.bare()) {
            git(&folder, &["pull", "-q", "--ff-only", "origin", "main"]);
        }
        folder
    }

    pub fn spec(&self) -> RepositorySpec {
        spec(format!("file://{}", self.bare().display()))
    }

    pub async fn open(&self) -> Repository {
        Repository::open(self.spec()).await.unwrap()
    }

    /// A colleague commits files and pushes them.
    pub fn commit(&self, subject: &str, files: &[(&str, &str)]) {
        if !self.is_worked_in.load(Ordering::Relaxed) && !self.bare().join("hooks").exists() {
            let files: Vec<(&str, &[u8])> =
                files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
            return commits::add(&self.bare(), "Colleague <colleague@example.com>", subject, &files);
        }
        let folder = self.worked_in();
        if commits::is_begun(&self.bare()) {
            git(&folder, &["pull", "-q", "--ff-only", "origin", "main"]);
        }
        for (path, text) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "-q", "-m", subject]);
        git(&folder, &["push", "-q", "origin", "HEAD:main"]);
    }

    /// A colleague writes a file, which the next commit brings along.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let path = self.worked_in().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// A colleague makes a link, which the next commit brings along.
    pub fn link(&self, path: &str, target: &str) {
        let path = self.worked_in().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// A colleague does something with plain Git in their clone.
    pub fn by_colleague(&self, arguments: &[&str]) -> String {
        git(&self.worked_in(), arguments)
    }

    /// A colleague has the branch as it is.
    pub fn pull(&self) {
        git(&self.worked_in(), &["pull", "-q", "--ff-only", "origin", "main"]);
    }

    /// The address of the repository.
    pub fn url(&self) -> String {
        format!("file://{}", self.bare().display())
    }

    /// A hook of the remote's, as a shell script.
    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.bare().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What plain Git says about the bare repository.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.bare(), arguments)
    }

    pub fn tip(&self) -> String {
        self.git(&["rev-parse", "main"])
    }

    pub fn commits(&self) -> usize {
        self.git(&["rev-list", "--count", "main"]).parse().unwrap()
    }

    /// The bytes of a file on the branch.
    pub fn file(&self, path: &str) -> String {
        let output = Command::new("git")
            .current_dir(self.bare())
            .args(["cat-file", "blob", &format!("main:{path}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

pub fn spec(url: String) -> RepositorySpec {
    RepositorySpec {
        url: url.into(),
        branch: Some("main".into()),
        username: None,
        credentials: None,
        author: Some(Identity { name: "CI".into(), email: "ci@example.com".into() }),
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Colleague")
        .env("GIT_AUTHOR_EMAIL", "colleague@example.com")
        .env("GIT_COMMITTER_NAME", "Colleague")
        .env("GIT_COMMITTER_EMAIL", "colleague@example.com")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
