//! Image registries: whether an image is there, for which platforms, by which digest and since when.
//!
//! Spoken is the [distribution API](https://github.com/opencontainers/distribution-spec), as Docker Hub, ECR, GHCR, GitLab,
//! Harbor and the others do: with nobody's login, with Basic, or with a token that the registry sends for. Logins are those that
//! Docker and Podman keep ([`Logins`]), and AWS's for ECR.
//!
//! | what | where |
//! |---|---|
//! | which registry, and where in it | [`Place`] |
//! | ask it | [`Registries`] |
//! | its answers, read and held to their digests | `manifest.rs` |
//! | being let in | `challenge.rs`, `token.rs`, `login.rs`, `logins.rs`, `helper.rs`, `ecr.rs` |
//!
//! A login goes to its own registry, and to where that sends for tokens; it follows no redirect. Without encryption only this
//! machine is spoken to.

mod challenge;
mod client;
mod ecr;
mod error;
mod helper;
mod login;
mod logins;
mod manifest;
mod place;
mod platform;
mod token;

pub use self::client::{Found, Question, Registries};
pub use self::error::RegistryError;
pub use self::logins::Logins;
pub use self::place::Place;
pub use self::platform::Platform;
