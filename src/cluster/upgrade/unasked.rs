//! Questions that Kubernetes gave no answer to.

use kube::Error;

/// Why Kubernetes did not answer a question.
#[derive(Debug)]
pub(super) struct Unasked(pub(super) Error);

impl From<Error> for Unasked {
    fn from(error: Error) -> Self {
        Self(error)
    }
}
