//! What the message of a commit tells, for those who show it elsewhere.

use super::trailers::{self, Trailers};

/// What a message tells of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageChange {
    /// The app's folder in the repository.
    pub folder: String,
    /// `Deployment/app-a/web`.
    pub container: String,
    /// The image since.
    pub image: String,
    /// The image before.
    pub previous: String,
    /// The pipeline or person behind it.
    pub source: Option<String>,
}

/// The images that the message of a commit of ours tells of; none of another message.
pub fn told(message: &str) -> Vec<ImageChange> {
    let groups = trailers::groups(message);
    let change = |group: &Trailers<'_>| {
        let text = |key: &str| group.value(key).map(str::to_owned);
        Some(ImageChange {
            folder: text(trailers::APP)?,
            container: text(trailers::CONTAINER)?,
            image: text(trailers::IMAGE)?,
            previous: text(trailers::PREVIOUS)?,
            source: text(trailers::SOURCE),
        })
    };
    groups.iter().filter_map(change).collect()
}
