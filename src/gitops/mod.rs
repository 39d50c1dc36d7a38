//! The manifests repository: images bumped, rolled back and promoted, edited by the byte.
//!
//! Nothing is checked out: files are read from and written to Git's object store, so that line endings, filters and
//! hooks of the machine cannot touch them, and a process killed at any moment leaves the remote as it was.
//!
//! History is Git's own. A bump carries trailers that say what and who; a rollback, and the freeze it brings, are
//! read back from them.

mod age;
mod bump;
mod draft;
mod edit;
mod error;
mod find;
mod history;
mod image;
mod kustomize;
mod manifest;
mod promote;
mod recorded;
mod repository;
mod rollback;
mod select;
mod source;
mod trailers;
mod tree;

pub use self::bump::{BumpOptions, BumpOutcome, set_images};
pub use self::error::GitOpsError;
pub use self::history::{AppImage, ImageListing, ImageRecord, RecordKind, history, list_images};
pub use self::image::{FilePlace, ImageAssignment, ImageReference, ImageTarget};
pub use self::kustomize::Deployed;
pub use self::promote::promote;
pub use self::repository::{Identity, Look, Repository, RepositorySpec};
pub use self::rollback::rollback;
pub use self::source::bump_source;
