//! Why an image is not set, or could not be looked for, and the way out.

use crate::cluster::ClusterError;
use crate::support::web::WebError;

/// What a registry said against an image, or why it could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry has no such image.
    #[error("{image} is not in its registry: {registry} says {said}; push it first, or correct the name")]
    NotThere {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// In the registry's words.
        said: String,
    },
    /// The image is there, and not for a platform that is wanted.
    #[error("{image} is not built for {missing}, only for {offered}; build it for that, too")]
    Platform {
        /// The image.
        image: String,
        /// What is wanted and not there.
        missing: String,
        /// What is there.
        offered: String,
    },
    /// What was sent is not what its digest says.
    #[error(
        "{what} of {image} is not what it should be: {registry} sent something with {got} for {expected}; do not run it, and tell who runs the registry"
    )]
    Digest {
        /// The image.
        image: String,
        /// What was asked for: the manifest, or the configuration.
        what: &'static str,
        /// The registry.
        registry: String,
        /// The digest that was asked for, or promised.
        expected: String,
        /// The digest of what came.
        got: String,
    },
    /// The image's name leads to no registry.
    #[error("{registry} is no registry that could be asked: {cause}; correct the name of the image")]
    Name {
        /// What stands for the registry.
        registry: String,
        /// Why not.
        cause: String,
    },
    /// The registry shows it to nobody without a login, and there is none here.
    #[error(
        "{registry} shows {repository} to nobody without a login, or has no such repository, and no login for it is kept here; log in with docker login {registry}"
    )]
    NoLogin {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
    },
    /// The registry, or its server of tokens, refused the login.
    #[error(
        "{registry} refuses the login from {from} ({said}) for {repository}; log in again, or have it allowed to pull"
    )]
    Refused {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// Where the login was kept; several where several were tried.
        from: String,
        /// What it said.
        said: String,
    },
    /// A login that is kept here could not be had.
    #[error("the login for {registry} cannot be had from {from}: {cause}")]
    Login {
        /// The registry.
        registry: String,
        /// The file, or the program.
        from: String,
        /// Why not, and the way out.
        cause: String,
    },
    /// AWS gave no login for ECR.
    #[error("no login for {registry}: {source}")]
    Aws {
        /// The registry.
        registry: String,
        /// What AWS said.
        source: Box<ClusterError>,
    },
    /// It sends for tokens where no login is brought to.
    #[error(
        "{registry} sends for a token to {realm}, where nothing is asked: {cause}; check the registry's configuration"
    )]
    Realm {
        /// The registry.
        registry: String,
        /// Where it sends.
        realm: String,
        /// Why not there.
        cause: &'static str,
    },
    /// It answered what no registry would.
    #[error(
        "{registry} does not answer as a registry does: {cause}; check the name of the image, and a proxy on the way"
    )]
    Answer {
        /// The registry.
        registry: String,
        /// What came.
        cause: String,
    },
    /// It was not reached, or failed.
    #[error("{0}")]
    Web(#[from] WebError),
}

impl RegistryError {
    /// Whether the registry has answered, and against the image. Everything else says nothing about the image.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::NotThere { .. } | Self::Platform { .. } | Self::Digest { .. })
    }
}
