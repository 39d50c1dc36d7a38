//! Through which pull request a commit came, and who stood up for it: as forges and people write it into messages.
//!
//! It is what messages say. Who may push may write any of it; what a forge enforces is seen at the forge only.

/// What messages say of how a commit came to the branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// The pull or merge request: `#12`, `group/project!12`, or an address.
    pub request: Option<String>,
    /// The merge that brought it, where one did.
    pub merge: Option<String>,
    /// When that merge was made, RFC 3339.
    pub merged: Option<String>,
    /// Who made that merge.
    pub merged_by: Option<String>,
    /// Who reviewed or approved it.
    pub approved_by: Vec<String>,
    /// Who wrote it together with its author.
    pub co_authors: Vec<String>,
}

impl Review {
    /// What a commit's own message says.
    pub(super) fn of(message: &str) -> Self {
        let mut review = Self { request: request(message), ..Self::default() };
        review.add_people(message);
        review
    }

    /// And that of the merge that brought it.
    pub(super) fn landed(&mut self, merge: &str, (when, author): (&str, &str), message: &str) {
        self.merge = Some(merge.to_owned());
        self.merged = Some(when.to_owned());
        self.merged_by = Some(author.to_owned());
        self.request = request(message).or(self.request.take());
        self.add_people(message);
    }

    fn add_people(&mut self, message: &str) {
        for line in last_paragraph(message) {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let key = key.trim().to_ascii_lowercase();
            let people = match key.as_str() {
                "reviewed-by" | "approved-by" | "acked-by" => &mut self.approved_by,
                "co-authored-by" => &mut self.co_authors,
                "reviewed-on" | "merge-request" | "pull-request" if self.request.is_none() => {
                    self.request = Some(value.to_owned()).filter(|value| !value.is_empty());
                    continue;
                }
                _ => continue,
            };
            if !value.is_empty() && !people.iter().any(|known| known == value) {
                people.push(value.to_owned());
            }
        }
    }
}

/// The lines of the last paragraph, where trailers are.
fn last_paragraph(message: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        message.trim_end().lines().rev().take_while(|line| !line.trim().is_empty()).collect();
    lines.reverse();
    lines
}

/// The request that a message names, in the ways of the forges.
fn request(message: &str) -> Option<String> {
    let subject = message.lines().next().unwrap_or_default().trim();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading = |text: &str| -> Option<String> {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| format!("#{digits}"))
    };
    // GitHub, GitLab, Azure, Bitbucket, and Gitea or a squash on GitHub.
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        return leading(rest);
    }
    let gitlab = message.lines().rev().find_map(|line| line.trim().strip_prefix("See merge request "));
    if let Some(named) = gitlab {
        let number = named.rsplit_once('!').map(|(_, number)| number);
        return number.is_some_and(is_number).then(|| named.to_owned());
    }
    if let Some(rest) = subject.strip_prefix("Merged PR ") {
        return leading(rest);
    }
    let bracketed = subject.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let (inside, behind) = bracketed?;
    let inside = inside.strip_prefix("pull request ").unwrap_or(inside);
    let is_last = behind.is_empty() || subject.starts_with("Merge");
    let number = inside.strip_prefix(['#', '!']).filter(|number| is_number(number) && is_last)?;
    Some(format!("#{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_the_forges_write_them() {
        for (message, expected) in [
            ("Merge pull request #12 from org/branch\n\nTitle", Some("#12")),
            ("app-a: v1 → v2 (#34)\n\nbody", Some("#34")),
            (
                "Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request group/project!56",
                Some("group/project!56"),
            ),
            ("Merged PR 78: title", Some("#78")),
            ("Merged in branch (pull request #9)\n", Some("#9")),
            ("Merge pull request 'title' (#10) from x into main", Some("#10")),
            (
                "title\n\nReviewed-on: https://gitea.example/o/r/pulls/3\n",
                Some("https://gitea.example/o/r/pulls/3"),
            ),
            ("fixes (#12) at last", None),
            ("See merge request of yesterday", None),
            ("app (v2)", None),
            ("Merge pull request #x", None),
            ("", None),
        ] {
            assert_eq!(Review::of(message).request.as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn people_are_read_from_the_last_paragraph_and_each_once() {
        let mut review = Review::of(
            "x\n\nReviewed-by: not here\n\nReviewed-by: Ada <a@x>\nCo-authored-by: Bo <b@x>\nApproved-by:\n",
        );
        review.landed(
            "m",
            ("2026-01-01T00:00:00Z", "Cy <c@x>"),
            "Merge pull request #1 from x\n\nApproved-by: Ada <a@x>\nAcked-by: Di <d@x>",
        );
        assert_eq!(review.approved_by, ["Ada <a@x>", "Di <d@x>"]);
        assert_eq!(review.co_authors, ["Bo <b@x>"]);
        assert_eq!((review.request.as_deref(), review.merged_by.as_deref()), (Some("#1"), Some("Cy <c@x>")));
    }
}
