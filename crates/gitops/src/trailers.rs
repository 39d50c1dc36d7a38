//! The trailers of our commits: what was done, to what, by whom. History, rollback and freeze are read from them.
//!
//! They are read here and not by Git: what Git takes for a trailer is the reader's setting (`trailer.separators`), and what
//! a rollback holds must not hang on that.

use std::fmt::Write as _;

pub(super) const APP: &str = "Slipway-App";
pub(super) const CONTAINER: &str = "Slipway-Container";
pub(super) const IMAGE: &str = "Slipway-Image";
pub(super) const PREVIOUS: &str = "Slipway-Previous";
pub(super) const FILE: &str = "Slipway-File";
pub(super) const NAMESPACE: &str = "Slipway-Namespace";
pub(super) const SOURCE: &str = "Slipway-Source";
pub(super) const ROLLBACK_OF: &str = "Slipway-Rollback-Of";
pub(super) const PROMOTED_FROM: &str = "Slipway-Promoted-From";
pub(super) const UNFREEZES: &str = "Slipway-Unfreezes";
pub(super) const SOURCE_TIME: &str = "Slipway-Source-Time";
/// What an image was set in spite of.
pub(super) const DESPITE: &str = "Slipway-Despite";
/// Of a rollback: the commit whose images are set again.
pub(super) const BACK_TO: &str = "Slipway-Rollback-To";
/// Of a rollback that holds one image only: that image.
pub(super) const HOLDS: &str = "Slipway-Holds";
/// A folder whose images are held; `…/*` for all below.
pub(super) const FREEZES: &str = "Slipway-Freezes";
pub(super) const FREEZE_REASON: &str = "Slipway-Freeze-Reason";
pub(super) const FREEZE_UNTIL: &str = "Slipway-Freeze-Until";
/// A folder whose images are held no longer.
pub(super) const LIFTS: &str = "Slipway-Lifts";

/// What will have been done to one image.
pub(super) struct Part {
    /// `app-a: registry.example/app:v1 → v2`.
    pub subject: String,
    /// Its trailers, in order; the app's comes first.
    pub trailers: Vec<(&'static str, String)>,
}

/// A longer subject is cut by whoever shows it.
const LONGEST_SUBJECT: usize = 100;

/// A commit message: the subject, and trailers as Git reads them (`git interpret-trailers`); none where nothing was done.
///
/// Of several images each has its trailers in a row, which the app's begins.
pub(super) fn message(parts: &[Part]) -> Option<String> {
    let (first, more) = parts.split_first()?;
    let subjects: Vec<String> = parts.iter().map(|part| one_line(&part.subject)).collect();
    let all = subjects.join("; ");
    let mut text = if more.is_empty() {
        one_line(&first.subject)
    } else if all.chars().count() <= LONGEST_SUBJECT {
        all
    } else {
        format!("{} images\n\n{}", parts.len(), subjects.join("\n"))
    };
    text.push_str("\n\n");
    for (key, value) in parts.iter().flat_map(|part| &part.trailers) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{key}: {}", one_line(value));
    }
    Some(text)
}

/// The trailers of each image and each freeze that a message tells of: those of its last paragraph, each group begun by the folder's.
///
/// Behind it a forge adds paragraphs of its own where it squashes: who wrote it too, and that the base was merged in.
pub(super) fn groups(message: &str) -> Vec<Trailers<'_>> {
    let mut groups: Vec<Trailers<'_>> = Vec::new();
    let all: Vec<&str> = message.trim_end().lines().map(str::trim_end).collect();
    let mut paragraphs = all.split(|line| line.is_empty()).rev();
    let lines = paragraphs.find(|paragraph| !paragraph.iter().all(|line| is_added(line)));
    for (key, value) in lines.unwrap_or_default().iter().filter_map(|line| line.split_once(':')) {
        if [APP, FREEZES, LIFTS].contains(&key) {
            groups.push(Trailers(Vec::new()));
        }
        if let Some(group) = groups.last_mut() {
            group.0.push((key, value.trim()));
        }
    }
    groups
}

/// What GitHub and GitLab write below a message that is not theirs.
fn is_added(line: &str) -> bool {
    [
        "Co-authored-by: ",
        "Signed-off-by: ",
        "Approved-by: ",
        "Reviewed-by: ",
        "See merge request ",
        "* Merge branch '",
    ]
    .iter()
    .any(|begin| line.starts_with(begin))
        || line.chars().all(|c| c == '-')
}

/// A message that tells also of what others told of before it, each with its trailers.
pub(super) fn together(earlier: &[&Trailers<'_>], message: &str) -> String {
    let Some((head, trailers)) = message.trim_end().rsplit_once("\n\n").filter(|_| !earlier.is_empty())
    else {
        return message.to_owned();
    };
    let mut subjects: Vec<String> = earlier.iter().map(|group| group.subject()).collect();
    // Of many images the first line says only how many.
    let own = head.split_once("\n\n").map_or(head, |(_, list)| list);
    subjects.extend(own.lines().map(str::to_owned));
    let all = subjects.join("; ");
    let mut text = if all.chars().count() <= LONGEST_SUBJECT {
        all
    } else {
        format!("{} images\n\n{}", subjects.len(), subjects.join("\n"))
    };
    text.push_str("\n\n");
    for (key, value) in earlier.iter().flat_map(|group| &group.0) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{key}: {}", one_line(value));
    }
    text.push_str(trailers);
    text.push('\n');
    text
}

/// Keys and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trailers<'a>(Vec<(&'a str, &'a str)>);

impl Trailers<'_> {
    /// The values of all trailers `key`, in order.
    pub fn values<'b>(&'b self, key: &'b str) -> impl Iterator<Item = &'b str> {
        self.0.iter().filter(move |(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// The place that is told of: app, container, and where those fit several, file and namespace.
    pub fn place(&self) -> [Option<&str>; 4] {
        [APP, CONTAINER, FILE, NAMESPACE].map(|key| self.value(key))
    }

    /// Whether both say the same, whoever asked for it.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |group: &Self| -> Vec<(String, String)> {
            let all = group.0.iter().filter(|(key, _)| *key != SOURCE);
            all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        said(self) == said(other)
    }

    /// `app-a: registry.example/app-a:v1 → registry.example/app-a:v2`.
    fn subject(&self) -> String {
        let text = |key| self.value(key).unwrap_or_default();
        let app = text(APP).rsplit('/').next().unwrap_or_default();
        format!("{app}: {} → {}", text(PREVIOUS), text(IMAGE))
    }

    /// The value of the last trailer `key`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }
}

/// A line break in a value would let it speak for another trailer.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(subject: &str, trailers: &[(&'static str, &str)]) -> Part {
        let trailers = trailers.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        Part { subject: subject.to_owned(), trailers }
    }

    #[test]
    fn a_value_cannot_bring_a_trailer_of_its_own() {
        let lines = [(APP, "a"), (SOURCE, "me\nSlipway-Image: evil:v1"), (IMAGE, "x:v2")];
        let text = message(&[part("app-a: v1 → v2", &lines)]).unwrap();
        assert_eq!(
            text,
            "app-a: v1 → v2\n\nSlipway-App: a\nSlipway-Source: me Slipway-Image: evil:v1\nSlipway-Image: x:v2\n"
        );
        let groups = groups(&text);
        assert_eq!(groups[0].value(IMAGE), Some("x:v2"));
        assert_eq!(groups[0].value(PREVIOUS), None);
    }

    #[test]
    fn several_images_of_one_commit_are_told_apart() {
        let part = |app: &str| part(&format!("{app}: v1 → v2"), &[(APP, app), (IMAGE, "x:v2")]);
        let text = message(&[part("a"), part("b")]).unwrap();
        assert!(text.starts_with("a: v1 → v2; b: v1 → v2\n\nSlipway-App: a\n"), "{text}");
        let apps: Vec<_> = groups(&text).iter().map(|group| group.value(APP).unwrap().to_owned()).collect();
        assert_eq!(apps, ["a", "b"]);
        let many: Vec<Part> = (0..9).map(|number| part(&format!("an-app-of-a-long-name-{number}"))).collect();
        let text = message(&many).unwrap();
        assert!(text.starts_with("9 images\n\nan-app-of-a-long-name-0: v1 → v2\n"), "{text}");
        assert_eq!(groups(&text).len(), 9);
        assert!(message(&[]).is_none());
    }

    #[test]
    fn only_the_last_paragraph_counts_whoever_signs_it_below() {
        let ours =
            "a: v1 → v2\n\nSlipway-App: a\nSlipway-Image: x:v2\nSigned-off-by: me\n(cherry picked from x)\n";
        assert_eq!(groups(ours)[0].value(IMAGE), Some("x:v2"));
        assert!(groups("reply\n\nSlipway-App: a\nSlipway-Image: x:v2\n\nis what it said\n").is_empty());
        assert!(groups("as in Slipway-App: a\n").is_empty());
    }
}
