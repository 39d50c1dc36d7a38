//! What is kept of an estate, as it stands in the file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::terragrunt::Question;

/// The first bytes of a file, and of its rules: another number is another file.
const KIND: &[u8] = b"slipway outlines 1\n";

/// What was found out, and what it rests on. Indices are those of `folders` and `files`; texts lie in the file's bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Record<'a> {
    /// Who has read it: another program may read the same differently.
    pub reader: &'a str,
    /// Whether there is something that had just been changed, so that it is not kept yet.
    pub is_early: bool,
    /// Folders and where they really are: the walked one first, then those outside of it whose repository was asked for.
    #[serde(borrow)]
    pub real: Vec<(&'a str, &'a str)>,
    /// The folders that were walked through, in the order of their paths.
    pub folders: Vec<Folder<'a>>,
    /// Every file that an outline rests on.
    pub files: Vec<File<'a>>,
    /// What was asked for in walked folders and is not there: the folder, the name, and what was asked.
    pub lacking: Vec<(u32, u32, Question)>,
    /// The names of those.
    pub names: Vec<&'a str>,
    /// Everything else that was asked for, with the answers.
    pub asked: Vec<(&'a str, Question, bool)>,
    /// The configurations of the stacks that were walked by.
    pub stacks: Vec<&'a str>,
    /// What the units say that can be kept.
    pub outlines: Vec<KeptOutline<'a>>,
    /// The configurations of all other units, and whether they were walked by: these are read each time.
    pub others: Vec<(&'a str, bool)>,
}

/// A folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Folder<'a> {
    pub path: &'a str,
    /// None where it had been changed just before.
    pub stamp: Option<Stamp>,
    /// Whether it holds symbolic links.
    pub has_links: bool,
    /// How many of its entries the walk goes by.
    pub entries: u32,
}

/// A file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File<'a> {
    pub path: &'a str,
    /// None where there is no such file.
    pub stamp: Option<Stamp>,
}

/// An outline.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptOutline<'a> {
    pub file: u32,
    /// Whether it was walked by, and did not only turn out to be depended on.
    pub is_walked: bool,
    #[serde(borrow)]
    pub dependencies: Vec<KeptDependency<'a>>,
    pub order_only: Vec<(Place<'a>, &'a str, Span)>,
    pub includes: Vec<(&'a str, &'a str)>,
    pub source: Option<&'a str>,
    pub exclude: Option<KeptExclude<'a>>,
    pub prevent_destroy: bool,
    /// All files that it rests on, and whether they count as read.
    pub rests_on: Vec<(u32, bool)>,
}

/// A `dependency` block.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptDependency<'a> {
    pub name: &'a str,
    pub place: Place<'a>,
    pub written: &'a str,
    pub enabled: bool,
    pub skip_outputs: bool,
    pub span: Span,
}

/// An `exclude` block.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptExclude<'a> {
    pub condition: bool,
    #[serde(borrow)]
    pub actions: Vec<&'a str>,
    pub exclude_dependencies: Option<bool>,
    pub no_run: Option<bool>,
}

/// A folder that is depended on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Place<'a> {
    /// One of those that were walked through.
    Folder(u32),
    Path(&'a str),
}

/// A range of bytes in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Span {
    pub file: u32,
    pub start: u32,
    pub end: u32,
}

impl<'a> Record<'a> {
    /// The folders that were walked through, the outermost first.
    pub fn walked_folders(&self) -> impl Iterator<Item = &'a str> {
        self.folders.iter().map(|folder| folder.path)
    }

    /// The configurations of the units that were walked by.
    pub fn walked_units(&self) -> impl Iterator<Item = &'a str> {
        let kept = self.outlines.iter().filter(|outline| outline.is_walked);
        let kept = kept.filter_map(|outline| Some(self.files.get(outline.file as usize)?.path));
        kept.chain(self.others.iter().filter(|(_, is_walked)| *is_walked).map(|(file, _)| *file))
    }

    /// The configurations that were walked by.
    pub fn walked_files(&self) -> impl Iterator<Item = &'a str> {
        self.walked_units().chain(self.stacks.iter().copied())
    }

    /// What was asked for and is not there.
    pub fn lacking_path(&self, lacking: &(u32, u32, Question)) -> Option<(PathBuf, Question)> {
        let (folder, name, question) = lacking;
        let folder = self.folders.get(*folder as usize)?;
        Some((Path::new(folder.path).join(self.names.get(*name as usize)?), *question))
    }

    /// As the bytes of a file; none where a path is no text.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = postcard::to_extend(self, KIND.to_vec()).ok()?;
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        Some(bytes)
    }

    /// From the bytes of a file; none where they are another kind's, or not whole.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let (bytes, sum) = bytes.split_last_chunk::<4>()?;
        let content = bytes.strip_prefix(KIND)?;
        let is_whole = crc32fast::hash(bytes) == u32::from_le_bytes(*sum);
        is_whole.then(|| postcard::from_bytes(content).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_nothing() {
        let record = Record { names: vec!["a", "é"], ..Record::default() };
        let bytes = record.bytes().unwrap();
        assert_eq!(Record::of(&bytes).unwrap().names, ["a", "é"]);
        for length in 0..bytes.len() {
            assert!(Record::of(bytes.get(..length).unwrap()).is_none(), "{length} bytes of {}", bytes.len());
        }
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 0x10;
            assert!(Record::of(&other).is_none(), "another byte at {place}");
        }
    }
}
