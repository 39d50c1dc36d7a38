//! What a request says: its title, and its body.
//!
//! The last paragraph of the body is that of the commit: where a forge makes the commit's message of a squash from the body,
//! history and rollback read the same as from the commit itself.

use std::fmt::Write as _;

use crate::gitops::{ImageChange, told};

/// Title and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestText {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// Where an image is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The app's container: `Deployment/app-a/web`.
    pub container: String,
    /// The image since.
    pub image: String,
    /// File and line.
    pub place: String,
}

impl RequestText {
    /// The text for a commit. `title` is what somebody wants it to be, with `{subject}` for that of the commit.
    pub fn of(message: &str, lines: &[Line], title: Option<&str>) -> Self {
        let subject = message.lines().next().unwrap_or_default();
        let title = title.map_or_else(|| subject.to_owned(), |title| title.replace("{subject}", subject));
        let changes = told(message);
        let mut body = String::from("| app | container | was | image | file |\n|---|---|---|---|---|\n");
        for change in &changes {
            let place =
                lines.iter().find(|line| line.container == change.container && line.image == change.image);
            let place = place.map(|line| cell(&line.place)).unwrap_or_default();
            let ImageChange { folder, container, image, previous, .. } = change;
            // Writing to a String does not fail.
            let _ = writeln!(
                body,
                "| {} | {} | {} | {} | {place} |",
                cell(folder),
                cell(container),
                cell(previous),
                cell(image)
            );
        }
        let mut sources: Vec<&str> = changes.iter().filter_map(|change| change.source.as_deref()).collect();
        sources.dedup();
        for source in sources {
            let _ = write!(body, "\nAsked for by {}.\n", quoted(source));
        }
        let trailers = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
        let _ = write!(
            body,
            "\nHistory and rollback are read from the lines below; leave them where they are.\n\n{trailers}\n"
        );
        Self { title: title.chars().filter(|c| !c.is_control()).collect(), body }
    }
}

/// A cell of a table, shown as it is.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { quoted(&text.replace('|', "\\|")) }
}

/// Addresses stay links; everything else mentions nobody and formats nothing.
fn quoted(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "app-a: x:v1 → x:v2\n\nSlipway-App: manifests/app-a\nSlipway-Container: Deployment/a/web\nSlipway-Image: x:v2\nSlipway-Previous: x:v1\nSlipway-Source: https://ci/7 by @alice\n";

    #[test]
    fn a_request_says_what_changes_where_and_ends_as_the_commit_does() {
        let line =
            Line { container: "Deployment/a/web".into(), image: "x:v2".into(), place: "a.yaml:12".into() };
        let text = RequestText::of(MESSAGE, &[line], None);
        assert_eq!(text.title, "app-a: x:v1 → x:v2");
        assert!(
            text.body
                .contains("| `manifests/app-a` | `Deployment/a/web` | `x:v1` | `x:v2` | `a.yaml:12` |\n")
        );
        assert!(text.body.contains("Asked for by `https://ci/7 by @alice`."), "nobody is called by it");
        assert_eq!(told(&text.body), told(MESSAGE));
        assert_eq!(
            RequestText::of(MESSAGE, &[], Some("deploy: {subject}")).title,
            "deploy: app-a: x:v1 → x:v2"
        );
    }
}
