//! How the message of a commit is worded, above its trailers.

use super::told::told;

/// What is said above the trailers of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wording {
    text: Option<String>,
    skip_ci: bool,
}

/// What forges and their pipelines take for a wish to start none.
const SKIP_CI: &str = "[skip ci]";
const PLACES: [&str; 3] = ["subject", "apps", "images"];

impl Wording {
    /// A text in which `{subject}`, `{apps}` and `{images}` are filled in; none is what we say by ourselves. With `skip_ci` it asks
    /// pipelines not to start. Refuses, with the reason, what would be no message.
    pub fn new(text: Option<String>, skip_ci: bool) -> Result<Self, String> {
        let Some(text) = text else { return Ok(Self { text: None, skip_ci }) };
        let text = text.replace("\r\n", "\n").trim().to_owned();
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if text.contains(|c: char| c.is_control() && c != '\n') {
            return Err("holds control characters".to_owned());
        }
        for part in text.split('{').skip(1) {
            let Some((name, _)) = part.split_once('}') else { continue };
            if !PLACES.contains(&name) {
                return Err(format!(
                    "has {{{name}}}, and what is filled in is {{subject}}, {{apps}} and {{images}}"
                ));
            }
        }
        Ok(Self { text: Some(text), skip_ci })
    }

    /// The message in these words. Its trailers stay as they are: they are its last paragraph.
    pub(super) fn of(&self, message: &str) -> String {
        let Some((head, trailers)) = message.trim_end().rsplit_once("\n\n") else {
            return message.to_owned();
        };
        let head = match &self.text {
            Some(text) => Self::filled(text, message),
            None => head.to_owned(),
        };
        let head = if self.skip_ci && !head.contains(SKIP_CI) {
            let (subject, rest) =
                head.split_once('\n').map_or((head.as_str(), ""), |(subject, rest)| (subject, rest));
            let rest = if rest.is_empty() { String::new() } else { format!("\n{rest}") };
            format!("{subject} {SKIP_CI}{rest}")
        } else {
            head
        };
        format!("{head}\n\n{trailers}\n")
    }

    fn filled(text: &str, message: &str) -> String {
        let subject = message.lines().next().unwrap_or_default();
        let changes = told(message);
        let all = |of: &dyn Fn(&super::told::ImageChange) -> String| {
            let mut all: Vec<String> = changes.iter().map(of).collect();
            all.dedup();
            all.join(", ")
        };
        let apps = all(&|change| change.folder.rsplit('/').next().unwrap_or_default().to_owned());
        let images = all(&|change| change.image.clone());
        // In one pass: what is filled in fills in nothing.
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('}') {
                Some(("subject", rest)) => filled.extend([subject, rest]),
                Some(("apps", rest)) => filled.extend([apps.as_str(), rest]),
                Some(("images", rest)) => filled.extend([images.as_str(), rest]),
                _ => filled.extend(["{", part]),
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "a: x:v1 → x:v2\n\nSlipway-App: manifests/a\nSlipway-Container: Deployment/a/web\nSlipway-Image: x:v2\nSlipway-Previous: x:v1\n";

    fn worded(text: &str, skip_ci: bool) -> String {
        Wording::new(Some(text.to_owned()), skip_ci).unwrap().of(MESSAGE)
    }

    #[test]
    fn the_trailers_stay_whatever_is_said_above_them() {
        for text in [
            "deploy: {subject}",
            "chore(deploy): {apps} to {images}\n\nJIRA-7\n\nSlipway-App: other",
            "a",
            "{",
            "}",
        ] {
            let message = worded(text, true);
            assert_eq!(told(&message), told(MESSAGE), "{message}");
            assert!(message.lines().next().unwrap().ends_with(" [skip ci]"), "{message}");
        }
        assert!(worded("{apps}: {images}", false).starts_with("a: x:v2\n\nSlipway-App: manifests/a\n"));
        assert_eq!(worded("x [skip ci]", true).matches(SKIP_CI).count(), 1);
        assert_eq!(Wording::default().of(MESSAGE), MESSAGE);
    }

    #[test]
    fn what_would_be_no_message_is_refused() {
        for (text, why) in [("  \n", "empty"), ("{app}", "{app}"), ("a\u{1b}[m", "control")] {
            assert!(Wording::new(Some(text.to_owned()), false).unwrap_err().contains(why), "{text:?}");
        }
    }
}
