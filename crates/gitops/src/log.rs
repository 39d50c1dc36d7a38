//! What `git log` says of commits: who, when, the message, and which files each of them changed.

use super::error::GitOpsError;
use super::repository::{Alone, Repository};

/// A message holds no zero byte, and the fields before it no line break; a message may begin with anything else.
const FORMAT: &str = "--format=%x01%H%n%cI%n%P%n%an <%ae>%n%B";
/// Every commit, whatever the settings of whoever reads them.
const LOG: [&str; 8] = [
    "log",
    "--topo-order",
    "-z",
    "--no-show-signature",
    "--no-color",
    "--no-notes",
    "--encoding=UTF-8",
    FORMAT,
];
/// What each of them changed, renames followed: of a merge, what is in none of its parents.
const CHANGES: [&str; 6] = ["--raw", "--no-abbrev", "--root", "-c", "-M", "--no-ext-diff"];
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// A commit as its log tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Logged {
    /// Its name, in full.
    pub commit: String,
    /// When it was made, RFC 3339 with the committer's offset.
    pub when: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Who made it: `Name <address>`.
    pub author: String,
    /// What it says.
    pub message: String,
    /// Which files it changed, where that was asked.
    pub changes: Vec<FileChange>,
}

/// A file before and after a commit; none where it was not there, or was no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileChange {
    pub before: Option<Blob>,
    pub after: Option<Blob>,
}

/// What a file holds, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub id: String,
    pub path: String,
}

impl Repository {
    /// The commits before `tip`, it among them, that hold one of some texts in their messages; newest first.
    pub(super) async fn mentioning(&self, tip: &str, texts: &[&str]) -> Result<Vec<Logged>, GitOpsError> {
        self.reach_all().await?;
        Ok(read(&self.ask(&strs(&mentions(texts, &[tip])), "").await?))
    }

    /// The same of those before the tip that another commit does not have.
    pub(super) async fn mentioning_since(
        &self,
        since: &str,
        texts: &[String],
    ) -> Result<Vec<Logged>, GitOpsError> {
        let without = format!("^{since}");
        Ok(read(&self.ask(&strs(&mentions(&strs(texts), &[self.tip(), &without])), "").await?))
    }

    /// The same of all before the tip, of a history without files.
    pub(super) async fn mentioning_alone(
        &self,
        alone: &Alone,
        texts: &[String],
    ) -> Result<Vec<Logged>, GitOpsError> {
        Ok(read(&alone.ask(&strs(&mentions(&strs(texts), &[self.tip()]))).await?))
    }

    /// The commits before `tip`, it among them, that changed something at some paths; newest first. What never came to the tip, since
    /// a merge took the other side, is not among them.
    pub(super) async fn changing(&self, tip: &str, paths: &[String]) -> Result<Vec<Logged>, GitOpsError> {
        self.reach_all().await?;
        let mut arguments = LOG.to_vec();
        arguments.extend(CHANGES);
        arguments.extend([tip, "--"]);
        arguments.extend(paths.iter().map(String::as_str).filter(|path| !path.is_empty()));
        Ok(read(&self.ask(&arguments, "").await?))
    }

    /// These commits and no others, with what they changed at some paths.
    pub(super) async fn these(
        &self,
        commits: &[String],
        paths: &[String],
    ) -> Result<Vec<Logged>, GitOpsError> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        self.reach_all().await?;
        let mut arguments: Vec<&str> = LOG.iter().copied().filter(|one| *one != "--topo-order").collect();
        arguments.extend(CHANGES);
        arguments.extend(["--no-walk=unsorted", "--stdin", "--"]);
        arguments.extend(paths.iter().map(String::as_str).filter(|path| !path.is_empty()));
        Ok(read(&self.ask(&arguments, &(commits.join("\n") + "\n")).await?))
    }
}

/// Asks for the commits whose messages hold one of some texts.
fn mentions(texts: &[&str], tips: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = LOG.iter().map(|one| (*one).to_owned()).collect();
    arguments.push("--fixed-strings".to_owned());
    arguments.extend(texts.iter().map(|text| format!("--grep={text}")));
    arguments.extend(tips.iter().map(|tip| (*tip).to_owned()));
    arguments.push("--".to_owned());
    arguments
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// Reads the log, whose parts end with zero bytes.
fn read(text: &str) -> Vec<Logged> {
    let mut all: Vec<Logged> = Vec::new();
    let mut parts = text.split('\0');
    while let Some(part) = parts.next() {
        if let Some(head) = part.strip_prefix('\u{1}') {
            all.push(logged(head));
        } else if let Some(raw) = part.trim_start_matches('\n').strip_prefix(':') {
            let change = change(raw, &mut parts);
            if let (Some(change), Some(last)) = (change, all.last_mut()) {
                last.changes.push(change);
            }
        }
    }
    all
}

fn logged(head: &str) -> Logged {
    let mut fields = head.splitn(5, '\n').map(str::to_owned);
    let mut field = || fields.next().unwrap_or_default();
    let (commit, when, parents) = (field(), field(), field());
    let parents = parents.split(' ').filter(|parent| !parent.is_empty()).map(str::to_owned).collect();
    Logged { commit, when, parents, author: field(), message: field(), changes: Vec::new() }
}

/// `100644 100644 ID ID M` with one path behind it, or two of a rename; of a merge more colons in front, and a mode and an object
/// for each parent.
fn change<'a>(raw: &str, paths: &mut impl Iterator<Item = &'a str>) -> Option<FileChange> {
    let colons = raw.bytes().take_while(|byte| *byte == b':').count();
    let parents = colons + 1;
    let fields: Vec<&str> = raw.trim_start_matches(':').split(' ').collect();
    let status = fields.last()?;
    let first = paths.next()?;
    let renamed = colons == 0 && status.starts_with(['R', 'C']);
    let path = if renamed { paths.next()? } else { first };
    let blob = |number: usize, path: &str| {
        let (mode, id) = (fields.get(number)?, fields.get(parents + 1 + number)?);
        let is_file = !id.bytes().all(|digit| digit == b'0') && !matches!(*mode, LINK | SUBMODULE);
        is_file.then(|| Blob { id: (*id).to_owned(), path: path.to_owned() })
    };
    // A copy was there before, and still is.
    let before = if status.starts_with('C') { None } else { blob(0, first) };
    Some(FileChange { before, after: blob(parents, path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_commits_and_of_merges_are_read_with_their_names() {
        let (one, two, none) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
        let text = format!(
            "\u{1}c1\n2026-01-01T00:00:00Z\np1 p2\nA <a@x>\nsubject\n\n:100644 no change\n\0\0::100644 000000 100644 {one} {none} {two} MA\0m/a b\0\
             \u{1}c2\n2026-01-01T00:00:00Z\n\nB <b@x>\n\0\n:100644 100644 {one} {two} R090\0old\0new\0:000000 100644 {none} {one} A\0x\0:000000 120000 {none} {one} A\0link\0"
        );
        let all = read(&text);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].parents, ["p1", "p2"]);
        assert_eq!(all[0].message, "subject\n\n:100644 no change\n");
        let blob = |id: &str, path: &str| Some(Blob { id: id.to_owned(), path: path.to_owned() });
        assert_eq!(all[0].changes, [FileChange { before: blob(&one, "m/a b"), after: blob(&two, "m/a b") }]);
        assert_eq!(all[1].changes[0], FileChange { before: blob(&one, "old"), after: blob(&two, "new") });
        assert_eq!(all[1].changes[1], FileChange { before: None, after: blob(&one, "x") });
        assert_eq!(all[1].changes[2], FileChange { before: None, after: None });
    }
}
