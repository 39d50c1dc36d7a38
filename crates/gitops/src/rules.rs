//! What a team says of its applications: where their images are, and how their tags are read.

use super::age::AgePolicy;
use super::image::{FilePlace, ImageTarget};
use super::path::ImagePath;
use super::window::FreezeWindow;

/// The rules of a manifests repository; without any the layout is recognised.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How tags are read, where an application says nothing of its own.
    pub age: AgePolicy,
    /// Kinds, and the ways to images in them, beside those that are known.
    pub kinds: Vec<(String, ImagePath)>,
    /// What is said of single applications.
    pub apps: Vec<AppRule>,
    /// When nothing is set.
    pub windows: Vec<FreezeWindow>,
}

/// What is said of one application.
#[derive(Debug, Clone, Default)]
pub struct AppRule {
    /// Its folder under the root.
    pub app: String,
    /// The file with its image.
    pub file: Option<FilePlace>,
    /// The way to it in its object.
    pub path: Option<ImagePath>,
    /// How its tags are read.
    pub age: Option<AgePolicy>,
}

impl Rules {
    fn of(&self, app: &str) -> Option<&AppRule> {
        self.apps.iter().find(|rule| rule.app == app)
    }

    /// A target that names its application only, with the place that is said of it.
    pub(super) fn complete(&self, target: &ImageTarget) -> ImageTarget {
        let is_bare = target.container.is_none() && target.place.is_none() && target.path.is_none();
        match self.of(&target.app).filter(|_| is_bare) {
            Some(rule) => ImageTarget { place: rule.file.clone(), path: rule.path.clone(), ..target.clone() },
            None => target.clone(),
        }
    }

    /// How the tags of an application are read.
    pub(super) fn age(&self, app: &str) -> &AgePolicy {
        self.of(app).and_then(|rule| rule.age.as_ref()).unwrap_or(&self.age)
    }
}
