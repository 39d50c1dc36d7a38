//! What can go wrong with a provider.

use slipway_support::fs::FileError;

use super::handshake::HandshakeError;

/// Why a provider does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It could not be started.
    #[error("could not start provider {name}: {source}")]
    Start {
        /// The provider's source.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// It has not said how it is to be reached.
    #[error("provider {name} does not say where it is to be reached: {why}{said}")]
    Handshake {
        /// The provider's source.
        name: String,
        /// What it said instead.
        why: HandshakeError,
        /// Its last words, with what leads to them.
        said: String,
    },
    /// It ended, or says what nobody understands.
    #[error("provider {name} does not answer: {why}")]
    Broken {
        /// The provider's source.
        name: String,
        /// How it ended, with its last words.
        why: String,
    },
    /// There is no place for its sockets.
    #[error("there is no place for the sockets of providers: {0}")]
    Place(#[from] std::io::Error),
    /// Whoever keeps the providers does not serve.
    #[error("the process that keeps providers does not serve them: {0}")]
    Keeper(String),
    /// There is no folder for it.
    #[error(transparent)]
    Folder(#[from] FileError),
}
