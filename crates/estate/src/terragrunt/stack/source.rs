//! Where the files of a unit or a stack come from.

use std::path::{Component, Path, PathBuf};

use crate::terragrunt::evaluation::reader::Reader;
use crate::terragrunt::paths;

/// Why a source cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing at a local path.
    #[error("there is no folder {0}")]
    Missing(PathBuf),
    /// The part behind `//` is not in what stands before it.
    #[error("there is no folder {part} in {base}")]
    NoPart {
        /// What stands behind.
        part: String,
        /// What stands before.
        base: PathBuf,
    },
    /// The part behind `//` leaves what stands before it.
    #[error("the part behind // leaves {0}")]
    Outside(PathBuf),
    /// It leads out of the catalogue that it is in.
    #[error("the source {written} leaves {}", .root.display())]
    Leaves {
        /// The source.
        written: String,
        /// The catalogue's folder.
        root: PathBuf,
    },
    /// It has to count from the file that it stands in.
    #[error("the source {0} is no relative path")]
    NotRelative(String),
    /// It is an address that nobody here can fetch.
    #[error("sources from {0} are not fetched by slipway")]
    Remote(String),
    /// It is an address, and nothing is fetched now.
    #[error("sources from {0} are not fetched with --no-exec and --untrusted")]
    NotFetched(String),
    /// It is a folder that is not read.
    #[error("{} is not read: {why}", .folder.display())]
    Refused {
        /// The folder.
        folder: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
}

impl SourceError {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::NoPart { .. } => {
                "a source is a folder, relative to the stack file that names it, or absolute"
            }
            Self::Outside(_) => "name the folder before // so that it holds the whole source",
            Self::Leaves { .. } => {
                "let the source that uses the catalogue name its root before //, as in ../catalog//stacks/shop"
            }
            Self::NotRelative(_) => {
                "name a folder of the same catalogue, or leave update_source_with_cas out"
            }
            Self::Remote(_) => {
                "clone it and name the folder, use a git:: address, or run `terragrunt stack generate`"
            }
            Self::NotFetched(_) => "what is generated from it is not looked at; leave these out to do so",
            Self::Refused { .. } => "with --untrusted nothing is read but the repository's own files",
            Self::Failed(_) => "check the address, the ref and your access to it",
        }
    }
}

/// Brings sources that are addresses onto this machine.
pub trait Fetch: Send + Sync {
    /// The folder that holds the source now, `//` and everything behind it applied.
    fn fetch(&self, source: &str) -> Result<PathBuf, SourceError>;
}

/// Fetches nothing.
pub struct LocalOnly;

impl Fetch for LocalOnly {
    fn fetch(&self, source: &str) -> Result<PathBuf, SourceError> {
        Err(SourceError::Remote(origin(source)))
    }
}

/// Fetches nothing, as was asked: what would be generated from an address is passed over.
pub struct NoFetch;

impl Fetch for NoFetch {
    fn fetch(&self, source: &str) -> Result<PathBuf, SourceError> {
        Err(SourceError::NotFetched(origin(source)))
    }
}

/// Where a source was found.
pub(super) struct Located {
    /// Its folder on this machine.
    pub folder: PathBuf,
    /// The folder that stands before `//`; the same where there is none.
    pub root: PathBuf,
    /// Whether it was there, and not fetched.
    pub is_local: bool,
}

/// The folder of a source that a stack file in `dir` names.
pub(super) fn locate(
    reader: &Reader,
    dir: &Path,
    source: &str,
    fetch: &dyn Fetch,
) -> Result<Located, SourceError> {
    let plain = source.strip_prefix("file://").unwrap_or(source);
    let (base, part) = split(plain);
    let folder = reader.on_disk(&paths::join(dir, base));
    if let Some(why) = reader.refusal(&folder) {
        return Err(SourceError::Refused { folder, why });
    }
    if !folder.is_dir() {
        let address = ["://", "::", "git@"].iter().any(|sign| plain.contains(sign)) || is_shorthand(plain);
        if !address {
            return Err(SourceError::Missing(folder));
        }
        let folder = fetch.fetch(source)?;
        let part = part.split('?').next().unwrap_or(part);
        let depth = paths::clean(Path::new(part.trim_matches('/'))).components().filter(is_name).count();
        let root = folder.ancestors().nth(depth).unwrap_or(&folder).to_path_buf();
        return Ok(Located { folder, root, is_local: false });
    }
    Ok(Located { folder: within(folder.clone(), part)?, root: folder, is_local: true })
}

fn is_name(component: &Component<'_>) -> bool {
    matches!(component, Component::Normal(_))
}

/// The folder `part` in `base`, which it may not leave.
pub(super) fn within(base: PathBuf, part: &str) -> Result<PathBuf, SourceError> {
    if part.is_empty() {
        return Ok(base);
    }
    let folder = paths::clean(&base.join(part.trim_start_matches('/')));
    if !folder.starts_with(&base) {
        return Err(SourceError::Outside(base));
    }
    if folder.is_dir() { Ok(folder) } else { Err(SourceError::NoPart { part: part.to_owned(), base }) }
}

/// What stands before `//` and what behind it; the `//` of a scheme does not count.
pub(super) fn split(source: &str) -> (&str, &str) {
    let start = source.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = source.split_at(start);
    match rest.find("//").map(|at| source.split_at(scheme.len() + at)) {
        Some((before, behind)) => (before, behind.strip_prefix("//").unwrap_or(behind)),
        None => (source, ""),
    }
}

/// `github.com/owner/name` and its like.
fn is_shorthand(source: &str) -> bool {
    ["github.com/", "gitlab.com/", "bitbucket.org/"].iter().any(|host| source.starts_with(host))
}

/// What kind of address it is, without the address itself: it may hold credentials.
fn origin(source: &str) -> String {
    if let Some((forced, _)) = source.split_once("::") {
        return format!("{forced}::");
    }
    match source.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://"),
        None => source.split('/').next().unwrap_or(source).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_split_behind_its_scheme() {
        assert_eq!(split("../a//b/c"), ("../a", "b/c"));
        assert_eq!(split("../a"), ("../a", ""));
        assert_eq!(
            split("git::https://example.com/x.git//units/vpc?ref=v1"),
            ("git::https://example.com/x.git", "units/vpc?ref=v1")
        );
    }
}
