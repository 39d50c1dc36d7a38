//! `.slipway` as commands come to it: looked at, or made ours before anything is written into it or taken from it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::error::CommandError;
use super::workspace::Workspace;
use crate::engine::source::StackSources;
use crate::run::home::{self, HomeError};
use crate::support::fs::Obstacle;
use crate::support::git;
use crate::terragrunt::Reader;
use crate::terragrunt::stack::{Fetch, NoFetch, SourceError};

impl Workspace {
    /// Where it is, for whoever only names a place in it.
    pub fn home_path(&self) -> &Path {
        &self.home
    }

    /// The root of the repository, or of the project where there is none.
    pub(super) fn tree(&self) -> &Path {
        git::top_of(&self.project.dir).unwrap_or(&self.project.dir)
    }

    /// The folder for a command that reads what is kept there, whether or not it is there.
    pub fn look_at_home(&self) -> Result<&Path, CommandError> {
        self.refuse_unusable_home()?;
        home::look(&self.home).map_err(refused)?;
        Ok(&self.home)
    }

    /// Refuses what is no folder that can be entered, or leads elsewhere. Whose it is is not looked at.
    pub(super) fn refuse_unusable_home(&self) -> Result<(), CommandError> {
        let help = "runs, caches and modules at work are kept there; it has to be a folder of yours";
        let wrong = |what: String| {
            Err(CommandError::Failed {
                message: format!("{} {what}", self.home.display()),
                help: Some(help.to_owned()),
            })
        };
        refuse_links(&self.home)?;
        match std::fs::read_dir(&self.home) {
            Ok(_) => Ok(()),
            Err(error) => match self.home.symlink_metadata() {
                Ok(_) if error.kind() == ErrorKind::NotADirectory => wrong("is not a folder".to_owned()),
                Err(_) if error.kind() == ErrorKind::NotFound => Ok(()),
                // Somebody else has made it since.
                Ok(found) if error.kind() == ErrorKind::NotFound && found.is_dir() => Ok(()),
                _ => wrong(format!("cannot be read: {error}")),
            },
        }
    }

    /// The folder for a command that keeps something there, or works with what is kept: from here on it is ours.
    pub fn home(&self) -> Result<&Path, CommandError> {
        if self.home_is_ours.get().is_none() {
            self.refuse_unusable_home()?;
            let was_anothers = home::make_ours(&self.home, self.tree()).map_err(refused)?;
            if was_anothers && self.home_is_ours.set(()).is_ok() {
                let shown = self.home.display();
                self.ui.say(&format!(
                    "{shown} was not made here by you: what was fetched into it is fetched anew"
                ));
            }
            let _said = self.home_is_ours.set(());
        }
        Ok(&self.home)
    }

    /// Who brings what stacks are made of, where that is not on this machine; nobody, for a reader that starts nothing.
    pub fn stack_sources(&self, reader: &Reader) -> Box<dyn Fetch + '_> {
        if reader.options().exec {
            Box::new(Sources { workspace: self, sources: OnceLock::new() })
        } else {
            Box::new(NoFetch)
        }
    }
}

/// Sources of stacks, which come to lie in `.slipway`: looked at when the first of them is wanted.
struct Sources<'w> {
    workspace: &'w Workspace,
    sources: OnceLock<StackSources>,
}

impl Fetch for Sources<'_> {
    fn fetch(&self, source: &str) -> Result<PathBuf, SourceError> {
        if let Some(sources) = self.sources.get() {
            return sources.fetch(source);
        }
        let home = self.workspace.home().map_err(|error| SourceError::Failed(error.to_string()))?;
        self.sources.get_or_init(|| StackSources::new(home)).fetch(source)
    }
}

fn refused(error: HomeError) -> CommandError {
    let help = error.advice();
    if error.is_refusal() {
        CommandError::refused(error.to_string(), help)
    } else {
        CommandError::failed(error, Some(help))
    }
}

/// Refuses a folder of ours that is a link, or has one among its own folders: whoever put it there chose where we write.
fn refuse_links(home: &Path) -> Result<(), CommandError> {
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten().map(|entry| entry.path());
    for place in std::iter::once(home.to_owned()).chain(entries) {
        if let Ok(target) = std::fs::read_link(&place) {
            let link = Obstacle::Link { link: place.clone(), target };
            let help = "what is kept there has to be in a folder of yours: put one in the link's place";
            return Err(CommandError::refused(link.to_string(), help));
        }
    }
    Ok(())
}
