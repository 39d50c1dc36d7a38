//! The project's manifests in a bare repository of a bed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bed::Bed;
use super::root;

const URL_IN_FILES: &str = "https://git.example.com/gitops-manifests-repo.git";

/// Where a repository of that name is served.
pub fn url(bed: &Bed, name: &str) -> String {
    format!("{}/{name}.git", bed.text("/git/url"))
}

/// The variables by which a project that is written for any repository means the one of that name, and the bed's Argo CD.
pub fn settings(bed: &Bed, name: &str) -> Vec<(String, String)> {
    let settings = [
        ("SLIPWAY_ARGOCD_MANIFEST", bed.text("/argocd/manifests/core-lighter").to_owned()),
        ("SLIPWAY_MANIFESTS_URL", url(bed, name)),
        ("SLIPWAY_MANIFESTS_USERNAME", bed.text("/git/username").to_owned()),
        ("SLIPWAY_MANIFESTS_TOKEN", bed.text("/git/password").to_owned()),
    ];
    settings.map(|(variable, value)| (variable.to_owned(), value)).into()
}

/// Seeds a repository of that name; its Applications follow it. Returns the bare repository.
pub fn seed(bed: &Bed, name: &str) -> PathBuf {
    let bare = Path::new(bed.text("/git/root")).join(format!("{name}.git"));
    let work = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").arg("-R").arg(root().join("manifests")).arg(work.path()).status().unwrap();
    assert!(copied.success());
    for application in std::fs::read_dir(work.path().join("manifests/apps")).unwrap() {
        let file = application.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(URL_IN_FILES, &url(bed, name))).unwrap();
    }
    push_first(work.path(), &bare);
    bare
}

/// Makes a bare repository whose `main` is one commit of all that is in a folder.
fn push_first(work: &Path, bare: &Path) {
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let status = Command::new("git").current_dir(work).args(identity).args(arguments).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    let path = bare.to_str().unwrap();
    git(&["init", "--quiet", "--bare", "--initial-branch=main", path]);
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "The applications"]);
    git(&["push", "--quiet", path, "main"]);
}

/// The tip of its branch.
pub fn head(bare: &Path) -> String {
    let output = Command::new("git").arg("-C").arg(bare).args(["rev-parse", "main"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A deployment with the containers and images that are named.
pub fn deployment(name: &str, containers: &[(&str, &str)]) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      \
         containers:\n"
    );
    for (container, image) in containers {
        writeln!(text, "        - name: {container}\n          image: {image}").unwrap();
    }
    text
}

/// A bare repository in a folder, with files on `main`: for tests that need no bed.
pub fn bare(folder: &Path, files: &[(&str, String)]) -> PathBuf {
    let bare = folder.join("manifests.git");
    seed_bare(&bare, files);
    bare
}

/// The same at a path.
pub fn seed_bare(bare: &Path, files: &[(&str, String)]) {
    let work = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = work.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    push_first(work.path(), bare);
}
