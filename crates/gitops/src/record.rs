//! What one commit did to one image: read back from the trailers of ours, or seen in the files of anybody's.

use super::find::FoundImage;
use super::image::ImageReference;
use super::log::Logged;
use super::manifest::Files;
use super::review::Review;
use super::trailers::{self, Trailers};

/// What a commit did to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKind {
    /// Set an image.
    Bump,
    /// Set an image that another environment runs.
    Promotion {
        /// The folder it came from.
        from: String,
    },
    /// Took a bump back; holds later ones until one is told to unfreeze.
    Rollback {
        /// The commit that was taken back.
        of: String,
    },
    /// Let bumps go on, without changing the image.
    Unfreeze {
        /// The rollback or the freeze that held them.
        rollback: String,
    },
    /// Changed it by other means: an editor, another tool.
    Edit,
}

impl RecordKind {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Bump => "bump",
            Self::Promotion { .. } => "promotion",
            Self::Rollback { .. } => "rollback",
            Self::Unfreeze { .. } => "unfreeze",
            Self::Edit => "edit",
        }
    }
}

/// What one commit did to one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    /// The commit, in full.
    pub commit: String,
    /// When it was made, RFC 3339 with the committer's offset.
    pub when: String,
    /// Who made it: `Name <address>`.
    pub author: String,
    /// What it did.
    pub kind: RecordKind,
    /// The app's folder in the repository, as it was called then.
    pub folder: String,
    /// `Deployment/app-a/web`.
    pub container: String,
    /// Its file, where the app has several containers of that name.
    pub file: Option<String>,
    /// Its namespace, in the same case.
    pub namespace: Option<String>,
    /// The image since; empty where it went.
    pub image: String,
    /// The image before; empty where it came.
    pub previous: String,
    /// The pipeline or person behind it.
    pub source: Option<String>,
    /// When the commit was made that the pipeline built, RFC 3339.
    pub source_time: Option<String>,
    /// What it was set in spite of: a freeze that went on standing.
    pub despite: Option<String>,
    /// Of a rollback to what ran at a commit, that commit.
    pub back_to: Option<String>,
    /// Of a rollback that holds one image only, that image.
    pub holds: Option<String>,
    /// What the commit did instead of what its trailers say, where it did not do that.
    pub untrue: Option<String>,
    /// How it came to the branch, as messages say it.
    pub review: Review,
}

/// What a commit of ours says that it did to images of the apps in some folders, the last of them first. None for one that only
/// mentions them, or whose trailers are not all there.
pub(super) fn records_of(commit: &Logged, is_meant: impl Fn(&str) -> bool) -> Vec<ImageRecord> {
    let groups = trailers::groups(&commit.message);
    let groups = groups.iter().rev().filter(|group| group.value(trailers::APP).is_some_and(&is_meant));
    groups.filter_map(|group| record(commit, group)).collect()
}

fn record(commit: &Logged, group: &Trailers<'_>) -> Option<ImageRecord> {
    let text = |key: &str| group.value(key).map(str::to_owned);
    let kind = match (text(trailers::ROLLBACK_OF), text(trailers::UNFREEZES), text(trailers::PROMOTED_FROM)) {
        (Some(of), _, _) => RecordKind::Rollback { of },
        // A bump that lifts a freeze is a bump.
        (None, Some(rollback), None) if text(trailers::IMAGE) == text(trailers::PREVIOUS) => {
            RecordKind::Unfreeze { rollback }
        }
        (None, _, Some(from)) => RecordKind::Promotion { from },
        (None, _, None) => RecordKind::Bump,
    };
    Some(ImageRecord {
        kind,
        folder: text(trailers::APP)?,
        container: text(trailers::CONTAINER)?,
        file: text(trailers::FILE),
        namespace: text(trailers::NAMESPACE),
        image: text(trailers::IMAGE)?,
        previous: text(trailers::PREVIOUS)?,
        source: text(trailers::SOURCE),
        source_time: text(trailers::SOURCE_TIME),
        despite: text(trailers::DESPITE),
        back_to: text(trailers::BACK_TO),
        holds: text(trailers::HOLDS),
        ..ImageRecord::by(commit)
    })
}

impl ImageRecord {
    /// With what is known of any commit.
    pub(super) fn by(commit: &Logged) -> Self {
        Self {
            commit: commit.commit.clone(),
            when: commit.when.clone(),
            author: commit.author.clone(),
            kind: RecordKind::Edit,
            folder: String::new(),
            container: String::new(),
            file: None,
            namespace: None,
            image: String::new(),
            previous: String::new(),
            source: None,
            source_time: None,
            despite: None,
            back_to: None,
            holds: None,
            untrue: None,
            review: Review::of(&commit.message),
        }
    }

    /// Whether it holds a bump to an image, of a rollback that stands.
    pub(super) fn holds_back(&self, image: &str) -> bool {
        self.holds.as_ref().is_none_or(|held| held == image)
    }

    /// The app under a root.
    pub fn app(&self, root: &str) -> String {
        let inside = self.folder.strip_prefix(root.trim_matches('/')).unwrap_or(&self.folder);
        let inside = inside.trim_matches('/');
        if inside.is_empty() { ".".to_owned() } else { inside.to_owned() }
    }

    /// When it came to the branch, RFC 3339: with the merge that brought it, or else when it was made.
    pub fn landed(&self) -> &str {
        self.review.merged.as_deref().unwrap_or(&self.when)
    }

    /// Whether since it an app runs another version of what it ran, and it was no rollback.
    pub fn is_deployment(&self) -> bool {
        let sets = matches!(self.kind, RecordKind::Bump | RecordKind::Promotion { .. } | RecordKind::Edit);
        sets && self.changes() && self.untrue.is_none() && !self.image.is_empty() && !self.previous.is_empty()
    }

    /// Whether it says that another image runs since.
    pub fn changes(&self) -> bool {
        self.image != self.previous
    }

    /// Whether the record tells of an image: of its container, or where no container is called so any more of one that runs
    /// the same image. Containers, workloads and kinds are renamed; a freeze must not end by that.
    pub(super) fn is_of(&self, image: &FoundImage, files: &Files, present: &[FoundImage]) -> bool {
        let named = |image: &FoundImage| {
            let (file, namespace) = (self.file.as_ref(), self.namespace.as_ref());
            image.identity() == self.container
                && file.is_none_or(|file| *file == files[image.file].path)
                && namespace.is_none_or(|namespace| *namespace == image.namespace)
        };
        if named(image) || present.iter().any(named) {
            return named(image);
        }
        let runs = |text: &str| text.parse::<ImageReference>().is_ok_and(|record| image.runs(&record.name));
        runs(&self.image) || runs(&self.previous)
    }
}

/// The rollback that stands last on an image, if nothing came after it that was not set in spite of it.
pub(super) fn rolled_back<'a>(
    records: &'a [ImageRecord],
    image: &FoundImage,
    files: &Files,
    present: &[FoundImage],
) -> Option<&'a ImageRecord> {
    let mut of_it = records.iter().filter(|record| record.is_of(image, files, present));
    let last = of_it.find(|record| record.despite.is_none())?;
    matches!(last.kind, RecordKind::Rollback { .. }).then_some(last)
}
