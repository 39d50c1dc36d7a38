//! `terragrunt.stack.hcl`: units and stacks that are made from others.
//!
//! [`Reader::stack`](super::Reader::stack) evaluates one stack file. [`expand()`] follows the stacks in it, and
//! those in these, without writing anything: what comes out says of every folder that would be generated where
//! its files come from and which values it gets. [`generate()`] writes exactly that.

mod arrange;
mod attributes;
mod autoinclude;
mod checks;
mod component;
mod expand;
mod generate;
mod manifest;
mod places;
mod read;
mod rebase;
mod scope;
mod source;
mod values;

#[cfg(test)]
mod expansion_tests;
#[cfg(test)]
mod rebase_tests;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::terragrunt::evaluation::expansion::address;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::Value;
use slipway_support::address::Address;

pub use expand::{Expansion, Generated, expand};
pub use generate::{Changes, generate, left_over, stale};
pub(crate) use places::{outputs, unit_dirs};
pub(crate) use read::{Wanted, read, sources};
pub use source::{Fetch, LocalOnly, NoFetch, SourceError};

/// The name of a stack's file.
pub const STACK_FILE: &str = "terragrunt.stack.hcl";
/// The folder beside it that units and stacks are generated into.
pub const STACK_DIR: &str = ".terragrunt-stack";
/// The file that hands the values of a block over to what is generated from it.
pub const VALUES_FILE: &str = "terragrunt.values.hcl";
/// The file that a unit's `autoinclude` block becomes.
pub const UNIT_AUTOINCLUDE: &str = "terragrunt.autoinclude.hcl";
/// The file that a stack's `autoinclude` block becomes.
pub const STACK_AUTOINCLUDE: &str = "terragrunt.autoinclude.stack.hcl";

/// What a block of a stack file makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `unit`.
    Unit,
    /// `stack`.
    Stack,
}

impl Kind {
    /// The block's type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Stack => "stack",
        }
    }

    /// A block of this kind as messages name it.
    pub(crate) fn title(self, name: &str, key: Option<&str>) -> String {
        format!("{} \"{}\"", self.name(), address(name, key))
    }

    /// The file that makes a folder one.
    pub fn file(self) -> &'static str {
        match self {
            Self::Unit => super::paths::UNIT_FILE,
            Self::Stack => STACK_FILE,
        }
    }
}

/// One stack file, evaluated.
#[derive(Clone, Debug)]
pub struct StackFile {
    /// The folder it stands in, absolute.
    pub dir: PathBuf,
    /// The file itself.
    pub file: PathBuf,
    /// Its `unit` and `stack` blocks with those of included files: units first, in the order of the files.
    pub blocks: Vec<StackBlock>,
    /// Every file that was read for this, its own first.
    pub files_read: Vec<PathBuf>,
    /// What is worth saying about it.
    pub warnings: Vec<Diagnostic>,
}

/// A `unit` or `stack` block.
#[derive(Clone, Debug)]
pub struct StackBlock {
    /// Which of both.
    pub kind: Kind,
    /// The label.
    pub name: String,
    /// Which of those it is that an expanded block stands for.
    pub key: Option<Arc<str>>,
    /// Where its files come from, as written.
    pub source: Address,
    /// Where it goes, as written.
    pub path: String,
    /// Where it goes: the folder that is generated, absolute.
    pub dir: PathBuf,
    /// What it hands over.
    pub values: Option<Value>,
    /// The text of its `autoinclude` block: what is known evaluated, the rest as written.
    pub autoinclude: Option<String>,
    /// Whether it is generated; no block of a [`StackFile`] is without.
    pub(crate) enabled: bool,
    /// Whether its source has to hold a unit or a stack.
    pub is_checked: bool,
    /// Where the block stands.
    pub location: Location,
    /// Where its source is written.
    pub source_location: Location,
    /// Where its path is written.
    pub path_location: Location,
}

impl StackBlock {
    /// The block as messages name it.
    pub fn title(&self) -> String {
        self.kind.title(&self.name, self.key.as_deref())
    }

    /// How it is addressed: its label, and its key behind it where the block is expanded.
    pub fn address(&self) -> String {
        address(&self.name, self.key.as_deref())
    }
}

/// The folder that a block with this path is generated into.
pub(crate) fn generated_dir(stack_dir: &Path, path: &str, no_dot: bool) -> PathBuf {
    let base = if no_dot { stack_dir.to_path_buf() } else { stack_dir.join(STACK_DIR) };
    super::paths::clean(&base.join(path))
}
