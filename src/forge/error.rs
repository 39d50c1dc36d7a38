//! What can go wrong with a forge, and the way out.

use crate::support::address::Address;
use crate::support::web::WebError;

/// An error of a forge. No message holds a token.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// It was not reached.
    #[error(transparent)]
    Web(#[from] WebError),
    /// Nobody says which forge has the repository.
    #[error(
        "which forge is {host}? say it with --forge github or --forge gitlab (SLIPWAY_FORGE), or forge in the repository block of slipway.hcl"
    )]
    Unknown {
        /// The repository's host.
        host: String,
    },
    /// The repository's address names no repository of a forge.
    #[error("{url} is on no forge: a request needs a repository of GitHub or GitLab, by https or ssh")]
    NoForge {
        /// The address.
        url: String,
    },
    /// The API's address cannot be used.
    #[error("the API {url} cannot be used: {problem}")]
    Api {
        /// The address.
        url: Address,
        /// What is wrong, and what to write instead.
        problem: &'static str,
    },
    /// There is no token.
    #[error("{host} needs a token for requests; {way}")]
    NoToken {
        /// The host.
        host: String,
        /// Where it may come from.
        way: &'static str,
    },
    /// The forge says no.
    #[error("{forge} refuses to {what} ({status}: {said}); {way}")]
    Refused {
        /// Which forge.
        forge: &'static str,
        /// What was asked.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        said: String,
        /// The way out.
        way: String,
    },
    /// It has been asked too often.
    #[error(
        "{host} has been asked too often, and wants to be left alone for {seconds} s more; try again then"
    )]
    Limited {
        /// The host.
        host: String,
        /// How long.
        seconds: u64,
    },
    /// An answer that cannot be understood.
    #[error("{url} gave no usable answer: {problem}; is it the API of {forge}?")]
    Answer {
        /// The address.
        url: Address,
        /// What is wrong with it.
        problem: String,
        /// Which forge it should be.
        forge: &'static str,
    },
    /// The private key of a GitHub App cannot be used.
    #[error(
        "the private key of the GitHub App cannot be used: {problem}; it is the .pem file that GitHub gave, as a whole"
    )]
    Key {
        /// What is wrong with it.
        problem: &'static str,
    },
}
