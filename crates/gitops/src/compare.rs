//! Two environments of one repository, image by image.

use std::cmp::Ordering;

use super::error::GitOpsError;
use super::image::ImageReference;
use super::listing::{AppImage, list_images};
use super::repository::Repository;

/// One image in two environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The app.
    pub app: String,
    /// `Deployment/app-a/web`, as it is called here, or there where it is only there.
    pub container: String,
    /// What is here.
    pub here: Option<AppImage>,
    /// What is there.
    pub there: Option<AppImage>,
    /// What that comes to.
    pub verdict: Verdict,
}

/// How what is here compares with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same.
    Same,
    /// Here is an older version.
    Older,
    /// Here is a newer version.
    Newer,
    /// They are not the same, and have no age.
    Different,
    /// It is here only.
    OnlyHere,
    /// It is there only.
    OnlyThere,
}

impl Verdict {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Different => "different",
            Self::OnlyHere => "only here",
            Self::OnlyThere => "only there",
        }
    }
}

/// Compares the images of all apps of two roots, as in `manifests/dev` and `manifests/prod`; by app, and by container.
pub async fn compare(
    repository: &Repository,
    here: &str,
    there: &str,
) -> Result<(Vec<Difference>, Vec<GitOpsError>), GitOpsError> {
    let (first, second) = (list_images(repository, here).await?, list_images(repository, there).await?);
    for (root, listing) in [(here, &first), (there, &second)] {
        if listing.images.is_empty() && listing.problems.is_empty() {
            let hint = format!("{root} has no images on {}", repository.branch());
            return Err(GitOpsError::NoApp { folder: root.to_owned(), hint });
        }
    }
    let verdict = |app: &str, here: &AppImage, there: &AppImage| {
        if here.image == there.image {
            return Verdict::Same;
        }
        let parsed = (here.image.parse::<ImageReference>(), there.image.parse::<ImageReference>());
        let (Ok(one), Ok(other)) = parsed else { return Verdict::Different };
        match one.compare_age_by(&other, repository.rules().age(app)) {
            Some(Ordering::Less) => Verdict::Older,
            Some(Ordering::Greater) => Verdict::Newer,
            _ => Verdict::Different,
        }
    };
    let problems = first.problems.into_iter().chain(second.problems).collect();
    let mut all: Vec<Difference> = paired(first.images, second.images)
        .into_iter()
        .filter_map(|(here, there)| {
            let shown = here.as_ref().or(there.as_ref())?;
            let (app, container) = (shown.app.clone(), identity(shown));
            let verdict = match (&here, &there) {
                (Some(here), Some(there)) => verdict(&app, here, there),
                (Some(_), None) => Verdict::OnlyHere,
                _ => Verdict::OnlyThere,
            };
            Some(Difference { app, container, here, there, verdict })
        })
        .collect();
    all.sort_by(|a, b| (&a.app, &a.container).cmp(&(&b.app, &b.container)));
    Ok((all, problems))
}

fn identity(image: &AppImage) -> String {
    format!("{}/{}/{}", image.kind, image.workload, image.container)
}

/// Whether two images are one in two environments.
type Way<'a> = &'a dyn Fn(&AppImage, &AppImage) -> bool;

/// Those of both that belong together: what has the same names, and of what is left in an app what runs the same image in
/// another version or otherwise named, since environments name their overlays and files of values each in its own way.
pub(super) fn paired(
    here: Vec<AppImage>,
    mut there: Vec<AppImage>,
) -> Vec<(Option<AppImage>, Option<AppImage>)> {
    let name = |image: &AppImage| image.image.parse::<ImageReference>().map(|image| image.name).ok();
    let file = |image: &AppImage| image.file.rsplit('/').next().unwrap_or_default().to_owned();
    let is_same = |a: &AppImage, b: &AppImage| a.app == b.app && identity(a) == identity(b);
    let ways: [Way<'_>; 4] = [
        &|a, b| is_same(a, b) && file(a) == file(b),
        &|a, b| is_same(a, b),
        &|a, b| a.app == b.app && a.kind == b.kind && name(a).is_some() && name(a) == name(b),
        &|a, b| a.app == b.app && name(a).is_some() && name(a) == name(b),
    ];
    let mut pairs = Vec::new();
    let mut left = here;
    for way in ways {
        let mut next = Vec::new();
        for one in left {
            match there.iter().position(|other| way(&one, other)) {
                Some(place) => pairs.push((Some(one), Some(there.remove(place)))),
                None => next.push(one),
            }
        }
        left = next;
    }
    pairs.extend(left.into_iter().map(|one| (Some(one), None)));
    pairs.extend(there.into_iter().map(|other| (None, Some(other))));
    pairs
}
