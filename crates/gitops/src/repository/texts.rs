//! The manifests as texts, for whoever reads something else in them than images.

use super::Repository;
use crate::error::GitOpsError;

impl Repository {
    /// The manifests under a folder at the tip, which is the whole repository where it is empty: their paths and texts.
    pub async fn texts(&self, folder: &str) -> Result<Vec<(String, String)>, GitOpsError> {
        let (files, _) = self.files(folder).await?;
        let texts =
            files.iter().map(|file| (file.path.clone(), String::from_utf8_lossy(&file.bytes).into_owned()));
        Ok(texts.collect())
    }

    /// A file at the tip, by its path from the root; none where there is no such file.
    pub async fn text(&self, path: &str) -> Result<Option<String>, GitOpsError> {
        let listed = self.ask(&["ls-tree", "-z", &self.tip, "--", path], "").await?;
        // A link or a folder of that name is none.
        let Some(file) = listed.strip_prefix("100").and_then(|listed| listed.split_once('\t')) else {
            return Ok(None);
        };
        let id = file.0.rsplit(' ').next().unwrap_or_default().to_owned();
        let mut found = self.blobs(&[id]).await?;
        Ok(found.pop().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
