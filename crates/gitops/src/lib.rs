//! The manifests repository: images bumped, rolled back and promoted, edited by the byte.
//!
//! Nothing is checked out: files are read from and written to Git's object store, so that line endings, filters and
//! hooks of the machine cannot touch them, and a process killed at any moment leaves the remote as it was.
//!
//! History is Git's own. A bump carries trailers that say what and who; a rollback, and the freeze it brings, are
//! read back from them.
//!
//! | what | by |
//! |---|---|
//! | open the repository at its tip | [`Repository`] |
//! | see every image of every application | [`list_images`] |
//! | set images, all of them in one commit | [`set_images`] |
//! | take the last change back, and hold later ones | [`rollback`] |
//! | take bumps back that did not come to run | [`undo`] |
//! | give one environment the image of another | [`promote`] |
//! | edit one file that is at hand | [`edit_file`] |
//!
//! # Example
//! One manifest, edited by the byte: comments, quotes and order stay as they are.
//!
//! ```
//! use slipway_gitops::{ImageReference, ImageTarget, edit_file};
//!
//! let manifest = "\
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: shop}
//! spec:
//!   template:
//!     spec:
//!       containers:
//!         - {name: shop, image: 'registry.example/shop:v1'} # bumped by the pipeline
//! ";
//! let (target, wanted): (ImageTarget, ImageReference) = ("shop".parse()?, "registry.example/shop:v2".parse()?);
//! let edited = edit_file("shop/deployment.yaml", manifest.as_bytes(), &target, &wanted)?;
//! assert_eq!(String::from_utf8(edited)?, manifest.replace(":v1'", ":v2'"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod age;
mod asked;
mod audit;
mod bump;
mod charts;
mod check;
mod compare;
#[cfg(test)]
mod corpus;
mod draft;
mod edit;
mod edits;
mod error;
mod find;
mod freeze;
mod freezing;
mod go_back;
mod history;
mod holds;
mod image;
mod kustomize;
mod layout;
mod listing;
mod log;
mod manifest;
mod moved;
mod nested;
mod one_file;
mod partly;
mod path;
mod promotable;
mod promote;
mod pulled;
mod record;
mod recorded;
mod repository;
mod review;
mod rollback;
mod rules;
mod said;
mod select;
mod source;
mod spine;
mod standing;
mod summary;
mod told;
mod trailers;
mod tree;
mod undo;
mod window;
mod wording;
mod written;

pub use self::age::AgePolicy;
pub use self::asked::{Answering, AskRegistries, ImageFacts, ImageQuestion};
pub use self::audit::{Audit, Moment, RunningImage, audit, running_at};
pub use self::bump::{BumpOptions, BumpOutcome, set_images};
pub use self::check::{CheckLevel, Finding, JudgeManifests, Judged, Judging, ManifestObject, ManifestRule};
pub use self::compare::{Difference, Verdict, compare};
pub use self::error::GitOpsError;
pub use self::freeze::Freeze;
pub use self::freezing::{FreezeOptions, Hold, freeze, holding, lift};
pub use self::go_back::{BackTo, go_back};
pub use self::history::history;
pub use self::image::{FilePlace, ImageAssignment, ImageReference, ImageTarget};
pub use self::kustomize::Deployed;
pub use self::listing::{AppImage, ImageListing, list_images};
pub use self::one_file::edit_file;
pub use self::path::ImagePath;
pub use self::promotable::promotable;
pub use self::promote::{Promotable, promote, promote_all};
pub use self::pulled::{Pulled, list_pulled};
pub use self::record::{ImageRecord, RecordKind};
pub use self::repository::CommitTimes;
pub use self::repository::{ADDRESS as KEPT_ADDRESS, REPOSITORIES as KEPT_REPOSITORIES};
pub use self::repository::{
    Identity, Look, Preview, Proposed, Reach, Repository, RepositorySpec, RequestBranch, check_manifests,
};
pub use self::review::Review;
pub use self::rollback::rollback;
pub use self::rules::{AppRule, Rules};
pub use self::source::{bump_source, bump_source_commit};
pub use self::summary::{AppSummary, AuditFilter, said_commit, said_time, summarize};
pub use self::told::{ImageChange, told};
pub use self::undo::undo;
pub use self::window::FreezeWindow;
pub use self::wording::Wording;
