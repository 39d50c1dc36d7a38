//! Why a source could not be had, and the way out.

use std::path::PathBuf;

use crate::support::address::Address;
use crate::support::fs::FileError;
use crate::support::git::GitError;
use crate::support::web::WebError;

/// A source that cannot be had. Addresses in it are without credentials.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not written as a source can be.
    #[error("the source {source_text} cannot be read: {cause}")]
    Invalid {
        /// As written.
        source_text: Address,
        /// Why.
        cause: String,
    },
    /// Nothing here fetches from such a place.
    #[error("the source {source_text} is in a place that is not fetched from: {kind}")]
    Unsupported {
        /// As written.
        source_text: Address,
        /// What kind of place.
        kind: String,
    },
    /// A path of this machine that is not there.
    #[error("the source {source_text} does not exist: {path} is not a folder")]
    Missing {
        /// As written.
        source_text: Address,
        /// Where it was looked for.
        path: PathBuf,
        /// The way out.
        advice: String,
    },
    /// The source is there, and the folder behind `//` is not in it.
    #[error("the source {source_text} has no folder {folder}")]
    ModuleMissing {
        /// As written.
        source_text: Address,
        /// What stands behind `//`.
        folder: PathBuf,
    },
    /// Git said no.
    #[error("the source {source_text} could not be fetched: {cause}")]
    Git {
        /// As written.
        source_text: Address,
        /// Why.
        cause: Box<GitError>,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{url} has no branch, tag or commit {reference}")]
    Reference {
        /// The repository.
        url: Address,
        /// `ref`.
        reference: String,
    },
    /// A web server or a bucket did not give it.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The bucket cannot be read.
    #[error("bucket {bucket} cannot be read: {cause}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// Why.
        cause: String,
        /// The way out.
        advice: String,
    },
    /// An archive that is broken, or would do harm.
    #[error("the archive {name} is not unpacked: {cause}")]
    Archive {
        /// The archive.
        name: String,
        /// Why.
        cause: String,
    },
    /// The file is not the one that the address promises.
    #[error("{name} has the {kind} checksum {actual}, and the source asks for {expected}")]
    Checksum {
        /// The file.
        name: String,
        /// `sha256` and so on.
        kind: &'static str,
        /// What the source says.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// A file of this machine could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It was stopped because a person asked.
    #[error("fetching {source_text} was interrupted")]
    Interrupted {
        /// As written.
        source_text: Address,
    },
}

impl SourceError {
    /// The way out, where one is known.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Invalid { .. } => "correct `source` in the unit's terraform block",
            Self::Unsupported { .. } => "run this unit with --engine terragrunt",
            Self::Missing { advice, .. } | Self::Bucket { advice, .. } => advice,
            Self::ModuleMissing { .. } => {
                "correct the folder behind // in `source`, or the ref it is looked up at"
            }
            Self::Reference { .. } => "correct ?ref= in `source`, or push what it names",
            Self::Web(error) => return on_web(error),
            Self::Archive { .. } => "get the archive from a source that you trust, or have it packed again",
            Self::Checksum { .. } => "find out who changed it before you change the checksum in `source`",
            Self::File(error) => return error.advice(),
            // What Git says has its own way out in it.
            Self::Git { .. } | Self::Interrupted { .. } => return None,
        };
        Some(advice.to_owned())
    }

    /// Whether it is the network that failed, so that what was fetched before may stand in.
    pub(super) fn is_unreachable(&self) -> bool {
        match self {
            Self::Web(error) => matches!(
                error,
                WebError::Unreachable { .. }
                    | WebError::Insecure { .. }
                    | WebError::Status { status: 500.., .. }
            ),
            Self::Git { cause, .. } => {
                matches!(**cause, GitError::Network { .. } | GitError::TimedOut { .. })
            }
            _ => false,
        }
    }
}

/// The way out where a server did not give a source.
fn on_web(error: &WebError) -> Option<String> {
    let advice = match error {
        WebError::Unreachable { .. } => {
            "check the network, a proxy (HTTPS_PROXY, NO_PROXY) and the address in `source`"
        }
        WebError::Status { status: 401 | 403, .. } => {
            "give it credentials: TF_TOKEN_<host> or TG_TF_REGISTRY_TOKEN for a registry, ~/.netrc for a web server"
        }
        WebError::Status { status: 404, .. } => "check the name and the version in `source`",
        WebError::Answer { .. } => {
            "check that the address in `source` is the one of a registry or of an archive"
        }
        WebError::File(error) => return error.advice(),
        WebError::Insecure { .. } | WebError::Status { .. } => return error.advice().map(str::to_owned),
    };
    Some(advice.to_owned())
}
