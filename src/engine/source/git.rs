//! Modules from Git repositories, by the `git` command with the user's own credentials.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SourceError;
use super::address::GitPlace;
use crate::support::confined::{FOLDER, PRIVATE, Root};
use crate::support::fs::FileError;
use crate::support::git::{Git, GitError};
use crate::support::scratch::Scratch;

/// What a `ref` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    /// The commit, where it could be told without the history.
    pub commit: Option<String>,
    /// The name to fetch it by, such as `refs/tags/v1`; none fetches the commit.
    pub name: Option<String>,
}

impl Revision {
    /// Whether it names a tag, which by custom stays where it is.
    pub fn is_tag(&self) -> bool {
        self.name.as_deref().is_some_and(|name| name.starts_with("refs/tags/"))
    }
}

/// Whether a `ref` is a whole commit, which needs no asking.
pub(super) fn whole_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|letter| letter.is_ascii_hexdigit())
}

/// Asks the remote what a `ref` stands for: a tag before a branch, as `git checkout` takes them in a fresh clone.
pub(super) async fn resolve(place: &GitPlace) -> Result<Revision, SourceError> {
    let reference = place.reference.as_deref().unwrap_or("HEAD");
    if whole_commit(reference) {
        return Ok(Revision { commit: Some(reference.to_ascii_lowercase()), name: None });
    }
    let names = if reference == "HEAD" || reference.starts_with("refs/") {
        vec![reference.to_owned()]
    } else {
        let branch = reference.strip_prefix("origin/").unwrap_or(reference);
        vec![format!("refs/tags/{reference}"), format!("refs/heads/{branch}")]
    };
    let private = private_folder()?;
    let git = git(place, private.path(), private.path())?;
    let mut arguments = vec!["ls-remote".to_owned(), "--".to_owned(), place.remote.url().to_owned()];
    for name in &names {
        arguments.extend([name.clone(), format!("{name}^{{}}")]);
    }
    let answer = git.text(&arguments).await.map_err(|error| failed(place, error))?;
    let found = |wanted: &str| {
        let lines = answer.lines().filter_map(|line| line.split_once('\t'));
        lines.into_iter().find(|(_, name)| *name == wanted).map(|(commit, _)| commit.to_owned())
    };
    for name in names {
        // An annotated tag is an object of its own; `^{}` is the commit behind it.
        if let Some(commit) = found(&format!("{name}^{{}}")).or_else(|| found(&name)) {
            return Ok(Revision { commit: Some(commit), name: Some(name) });
        }
    }
    // The beginning of a commit, which only the history can tell.
    let short = reference.len() >= 4 && reference.bytes().all(|letter| letter.is_ascii_hexdigit());
    if short { Ok(Revision { commit: None, name: None }) } else { Err(no_reference(place)) }
}

/// Checks the revision out in a folder under `scratch`; returns the folder, without `.git`, and the commit.
pub(super) async fn fetch(
    place: &GitPlace,
    revision: &Revision,
    scratch: &Path,
) -> Result<(PathBuf, String), SourceError> {
    let tree = scratch.join("tree");
    Root::at(scratch)?.create_dir_all(&tree, FOLDER)?;
    let private = private_folder()?;
    let git = git(place, &tree, private.path())?;
    let run = async |arguments: &[&str]| git.text(arguments).await.map_err(|error| failed(place, error));
    run(&["init", "--quiet", "--template=", "."]).await?;
    // Submodules with relative addresses and LFS ask where the repository came from.
    run(&["remote", "add", "origin", place.remote.url()]).await?;

    let wanted = revision.name.as_deref().or(revision.commit.as_deref());
    let shallow = match wanted {
        Some(wanted) => Some(git.text(&["fetch", "--depth=1", "--no-tags", "origin", wanted]).await),
        None => None,
    };
    let commit = match shallow {
        Some(Ok(_)) => run(&["rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}"]).await?,
        Some(Err(
            error @ (GitError::Authentication { .. } | GitError::Network { .. } | GitError::TimedOut { .. }),
        )) => return Err(failed(place, error)),
        // Some servers give out no single commits, and none of the dumb ones a part of the history.
        _ => {
            run(&["fetch", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"]).await?;
            let wanted = wanted.or(place.reference.as_deref()).unwrap_or("FETCH_HEAD");
            let commit = format!("{wanted}^{{commit}}");
            let found = git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).await;
            let found = found.map_err(|_| no_reference(place))?;
            // Some versions of git print the separator as well.
            found.lines().last().unwrap_or_default().to_owned()
        }
    };
    run(&["checkout", "--quiet", "--force", "--detach", &commit]).await?;
    if tree.join(".gitmodules").is_file() {
        run(&["submodule", "update", "--init", "--recursive", "--depth=1"]).await?;
    }
    remove_repositories(&Root::at(&tree)?, Path::new(""))?;
    Ok((tree, commit))
}

/// For a key that stood in the address; it goes when it has been used.
fn private_folder() -> Result<Scratch, SourceError> {
    Ok(Scratch::new("git").map_err(FileError::on("create", &std::env::temp_dir()))?)
}

fn git(place: &GitPlace, folder: &Path, private: &Path) -> Result<Git, SourceError> {
    let git = Git::scratch(folder).with_remote(place.remote.clone());
    let Some(key) = &place.ssh_key else { return Ok(git) };
    let invalid = |cause: &str| SourceError::Invalid { source_text: place.shown(), cause: cause.to_owned() };
    let key = STANDARD.decode(key.expose()).map_err(|_| invalid("its sshkey is not base64"))?;
    let file = private.join("key");
    Root::at(private)?.write(&file, &key, PRIVATE)?;
    let own = std::env::var("GIT_SSH_COMMAND").unwrap_or_else(|_| "ssh -oBatchMode=yes".to_owned());
    let path = file.display().to_string().replace('\'', "'\\''");
    Ok(git.with_variable("GIT_SSH_COMMAND", format!("{own} -i '{path}' -oIdentitiesOnly=yes")))
}

fn failed(place: &GitPlace, error: GitError) -> SourceError {
    match error {
        GitError::BranchNotFound { .. } => no_reference(place),
        cause => SourceError::Git { source_text: place.shown(), cause: Box::new(cause) },
    }
}

fn no_reference(place: &GitPlace) -> SourceError {
    let reference = place.reference.clone().unwrap_or_else(|| "HEAD".to_owned());
    SourceError::Reference { url: place.shown(), reference }
}

/// Removes `.git` here and in submodules: the module is its files.
fn remove_repositories(tree: &Root, below: &Path) -> Result<(), SourceError> {
    let folder = tree.path().join(below);
    for entry in std::fs::read_dir(&folder).map_err(FileError::on("read", &folder))? {
        let entry = entry.map_err(FileError::on("read", &folder))?;
        let place = below.join(entry.file_name());
        if entry.file_name() == ".git" {
            tree.remove_all(&place)?;
        } else if entry.file_type().map_err(FileError::on("read", &folder))?.is_dir() {
            remove_repositories(tree, &place)?;
        }
    }
    Ok(())
}
