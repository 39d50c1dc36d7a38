//! The project's manifests in a bare repository of a bed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bed::Bed;
use super::{commits, root};

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
    let url = url(bed, name);
    let mut files = Vec::new();
    collect(root(), Path::new("manifests"), &mut files);
    for (path, content) in &mut files {
        if path.starts_with("manifests/apps/") {
            *content = content.replace(URL_IN_FILES, &url);
        }
    }
    let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    seed_bare(&bare, &files);
    bare
}

/// The files below a folder, by their paths from the root.
fn collect(root: &Path, below: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, files);
        } else {
            files.push((path.to_str().unwrap().to_owned(), std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
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
    let made =
        Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(bare).status();
    assert!(made.unwrap().success(), "{}", bare.display());
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    commits::add(bare, "test <test@example.com>", "The applications", &files);
}
