//! What a repository begins with: the infrastructure's, the manifests' and an application's own.
//!
//! Each is made of the names that a person gave ([`names`]) into a list of files ([`Scaffold`]), and laid into a folder in which
//! whatever is there stays ([`lay`]). Values are put into templates under `templates/init/` as they are: a type of [`names`] holds
//! nothing that could mean something there.

mod estate;
mod forge;
mod lay;
mod manifests;
pub mod names;
mod source;

use std::path::PathBuf;

pub use self::estate::{Environment, Estate, EstateError, PLACEHOLDER_ACCOUNT};
pub use self::forge::{Forge, PINS, Pins, Slipway};
pub use self::lay::{Fate, Laid, LayError, lay, look};
pub use self::manifests::{App, Followed, Manifests};
pub use self::source::{Source, Waited};

/// The files of a repository, and what a person has to do besides.
#[derive(Clone, Debug, Default)]
pub struct Scaffold {
    /// In the order of their paths.
    pub files: Vec<File>,
    /// What comes next, a line each.
    pub next: Vec<String>,
}

/// A file that is not there yet.
#[derive(Clone, Debug)]
pub struct File {
    /// From the repository's root.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

impl Scaffold {
    fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.files.push(File { path: path.into(), text: text.into() });
    }

    /// Fills a template in.
    fn fill(&mut self, path: impl Into<PathBuf>, template: &impl askama::Template) {
        // Rendering into a string fails only where a part cannot be written; these are all text.
        self.add(path, template.render().unwrap_or_else(|error| error.to_string()) + "\n");
    }

    fn finished(mut self) -> Self {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }
}
