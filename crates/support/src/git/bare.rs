//! A bare repository of ours, made as `git init --bare --template=` makes one.
//!
//! What makes a folder a repository is a promise of Git's (gitrepository-layout(5), repositoryformatversion in git-config(1)): four
//! folders and two short files. Most of a small change to a repository is starting Git, so it is not started for them.

use std::path::Path;

use crate::confined::{PRIVATE, PRIVATE_FOLDER, Root};
use crate::fs::FileError;

const FOLDERS: &[&str] = &["objects/info", "objects/pack", "refs/heads", "refs/tags"];
/// A branch that is never there, whatever is fetched: of a bare repository Git reads `.mailmap` from its HEAD, which in one that has
/// commits alone would be asked for from the remote.
const HEAD: &[u8] = b"ref: refs/heads/nobody/works/here\n";

/// Makes one in a folder, with names of objects by `format` (`sha1` or `sha256`). Of one that is there only what is missing is made.
pub fn make(folder: &Root, format: &str) -> Result<(), FileError> {
    for below in FOLDERS {
        folder.create_dir_all(Path::new(below), PRIVATE_FOLDER)?;
    }
    let config = Path::new("config");
    // Git itself may have written more into it.
    if folder.kind(config)?.is_none() {
        folder.write(config, settings(format).as_bytes(), PRIVATE)?;
    }
    // Without this file it is no repository: it comes last.
    folder.write_if_changed(Path::new("HEAD"), HEAD, PRIVATE).map(drop)
}

/// Versions of Git that know nothing of extensions understand version 0, which has none.
fn settings(format: &str) -> String {
    match format {
        "sha1" => "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n".to_owned(),
        other => format!(
            "[core]\n\trepositoryformatversion = 1\n\tfilemode = true\n\tbare = true\n[extensions]\n\tobjectformat = {other}\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Git;

    #[test]
    fn git_works_in_it_as_in_one_of_its_own() {
        for (format, digits) in [("sha1", 40), ("sha256", 64)] {
            let folder = tempfile::tempdir().unwrap();
            make(&Root::at(folder.path()).unwrap(), format).unwrap();
            let git = Git::scratch(folder.path());
            let answer = git.ask(&["rev-parse", "--is-bare-repository", "--show-object-format"]).unwrap();
            assert_eq!(answer, format!("true\n{format}\n"));
            let tree = git.ask(&["write-tree"]).unwrap();
            assert_eq!(tree.trim().len(), digits, "{tree}");
            let (name, email) = (["-c", "user.name=T"], ["-c", "user.email=t@example.com"]);
            let commit = [&name[..], &email, &["commit-tree", tree.trim(), "-m", "first"]].concat();
            let commit = git.ask(&commit).unwrap();
            for branch in ["main", "master"] {
                git.ask(&["update-ref", &format!("refs/heads/{branch}"), commit.trim()]).unwrap();
            }
            assert_eq!(git.ask(&["log", "--all", "--format=%H"]).unwrap(), commit);
            git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).unwrap_err();
            git.ask(&["fsck", "--strict"]).unwrap();
        }
    }

    #[test]
    fn one_that_is_there_keeps_what_it_has_and_gets_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path()).unwrap();
        make(&root, "sha1").unwrap();
        let git = Git::scratch(folder.path());
        git.ask(&["config", "extensions.partialClone", "origin"]).unwrap();
        std::fs::remove_file(folder.path().join("HEAD")).unwrap();
        std::fs::remove_dir_all(folder.path().join("refs")).unwrap();
        make(&root, "sha1").unwrap();
        assert_eq!(git.ask(&["config", "extensions.partialClone"]).unwrap(), "origin\n");
        assert_eq!(git.ask(&["rev-parse", "--is-bare-repository"]).unwrap(), "true\n");
    }
}
