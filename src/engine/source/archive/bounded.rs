//! Reading that comes to an end: after so many bytes, or when nobody waits for it any more.

use std::io::{Error, Read, Result};

use crate::support::interrupt::GivenUp;

/// Why reading ended before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ended {
    #[error("it unpacks to more than {} MiB", .most >> 20)]
    TooMuch { most: u64 },
    #[error("it was given up")]
    GivenUp,
}

impl Ended {
    /// Whether that is what stands behind an error, however it was wrapped on its way.
    pub fn behind(error: &Error) -> Option<Self> {
        let mut cause = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
        while let Some(inner) = cause {
            if let Some(ended) = inner.downcast_ref::<Self>() {
                return Some(*ended);
            }
            cause = match inner.downcast_ref::<Error>() {
                Some(wrapped) => wrapped.get_ref().map(|inner| inner as _),
                None => inner.source(),
            };
        }
        None
    }
}

/// A reader that looks before each piece whether anybody still waits for it.
pub(super) struct Watched<R> {
    inner: R,
    given_up: GivenUp,
}

impl<R> Watched<R> {
    pub fn new(inner: R, given_up: &GivenUp) -> Self {
        Self { inner, given_up: given_up.clone() }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.given_up.is() {
            return Err(Error::other(Ended::GivenUp));
        }
        self.inner.read(buffer)
    }
}

/// A reader of what was unpacked: it fails behind the most bytes that are allowed, so that what is skipped counts as
/// well as what is kept.
pub(super) struct Bounded<R> {
    inner: Watched<R>,
    left: u64,
    most: u64,
}

impl<R> Bounded<R> {
    pub fn new(inner: R, most: u64, given_up: &GivenUp) -> Self {
        Self { inner: Watched::new(inner, given_up), left: most, most }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = u64::try_from(read).ok().and_then(|read| self.left.checked_sub(read));
        self.left = left.ok_or_else(|| Error::other(Ended::TooMuch { most: self.most }))?;
        Ok(read)
    }
}
