//! What a server answers.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::time::Instant;
use url::Url;

use super::WebError;
use crate::confined::Root;
use crate::fs::FileError;
use crate::paths::folder;

/// An answer whose body is yet to come.
#[derive(Debug)]
pub struct Answer {
    /// Whether the server did as asked.
    pub status: StatusCode,
    /// What it says beside the body.
    pub headers: HeaderMap,
    /// Where the redirects ended.
    pub url: Url,
    pub(super) body: Incoming,
    pub(super) silence: Duration,
    pub(super) until: Instant,
}

impl Answer {
    /// The answer, where its status is one of success.
    pub fn successful(self) -> Result<Self, WebError> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(WebError::Status { url: (&self.url).into(), status: self.status.as_u16() })
    }

    /// A header, where it is there and text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// The whole body as text, of `most` bytes at most.
    pub async fn text(self, most: usize) -> Result<String, WebError> {
        Ok(String::from_utf8_lossy(&self.bytes(most).await?).into_owned())
    }

    /// The whole body, of `most` bytes at most.
    pub async fn bytes(mut self, most: usize) -> Result<Vec<u8>, WebError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > most {
                return Err(WebError::answer(&self.url, "it is far too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Writes the body into a new file, `most` bytes of it at most.
    pub async fn save(mut self, path: &Path, most: u64) -> Result<(), WebError> {
        let mut file = Root::at(folder(path))?.create_new(path)?;
        let mut length = 0_u64;
        while let Some(chunk) = self.chunk().await? {
            length += chunk.len() as u64;
            if length > most {
                return Err(WebError::answer(&self.url, &format!("it is larger than {}", size(most))));
            }
            file.write_all(&chunk).map_err(FileError::on("write", path))?;
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, WebError> {
        loop {
            let now = Instant::now();
            if now >= self.until {
                return Err(WebError::unreachable(&self.url, "it takes too long to answer"));
            }
            let frame = tokio::time::timeout_at(self.until.min(now + self.silence), self.body.frame()).await;
            let Ok(frame) = frame else {
                let cause = if Instant::now() >= self.until {
                    "it takes too long to answer"
                } else {
                    "it fell silent"
                };
                return Err(WebError::unreachable(&self.url, cause));
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(WebError::sending(&self.url, None, &error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 30 => format!("{} GiB", bytes >> 30),
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} bytes"),
    }
}
