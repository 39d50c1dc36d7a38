//! A page of the documentation: its text, its headings' anchors, its links and its fenced blocks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{update, write};

/// A page.
pub struct Page {
    /// Its path in the repository.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// Where links can lead to in it.
    pub anchors: Vec<String>,
    /// Where its links lead, with their lines.
    pub links: Vec<(usize, String)>,
    /// What stands in fenced blocks, with what stands behind the opening fence.
    pub fences: Vec<(String, String)>,
    /// Everything else.
    pub prose: String,
    file: PathBuf,
}

impl Page {
    /// Reads one, by its path in the repository.
    pub fn read(repository: &Path, path: &str) -> Self {
        let file = repository.join(path);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut page = Self {
            path: PathBuf::from(path),
            text,
            anchors: Vec::new(),
            links: Vec::new(),
            fences: Vec::new(),
            prose: String::new(),
            file,
        };
        page.look();
        page
    }

    fn look(&mut self) {
        let link = regex::Regex::new(r#"\]\(([^()\s]+)\)|<(?:img|a)\s[^>]*(?:src|href)="([^"]+)""#).unwrap();
        let code = regex::Regex::new(r"`[^`]*`").unwrap();
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if let Some(info) = line.trim_start().strip_prefix("```") {
                let indent = line.len() - line.trim_start().len();
                let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
                let inside = inside.flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect();
                self.fences.push((info.to_owned(), inside));
                continue;
            }
            self.prose.push_str(line);
            self.prose.push('\n');
            let below = line.trim_start_matches('#');
            if let Some(heading) = below.strip_prefix(' ').filter(|_| below.len() < line.len()) {
                let anchor = anchor(heading);
                // A second one of the name gets a number, on the site as on a forge.
                let count = taken.entry(anchor.clone()).or_default();
                self.anchors.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
                *count += 1;
            }
            let without_code = code.replace_all(line, "``");
            for found in link.captures_iter(&without_code) {
                let target = found.get(1).or(found.get(2)).unwrap();
                self.links.push((number + 1, target.as_str().to_owned()));
            }
        }
    }

    /// Holds the page to what it should say, or writes that.
    #[track_caller]
    pub fn holds(&self, told: &str) {
        if update() {
            write(&self.file, told);
        } else {
            assert!(
                told == self.text,
                "{} is not what the code says: UPDATE_DOCS=1 cargo test --lib documented\n{}",
                self.path.display(),
                first_difference(&self.text, told)
            );
        }
    }

    /// Holds what stands between two marks to the code: `<!-- NAME, made from the code -->` and `<!-- end -->`.
    #[track_caller]
    pub fn holds_part(&self, name: &str, told: &str) {
        let begin = format!("<!-- {name}, made from the code -->\n");
        let (before, rest) = self.text.split_once(&begin).unwrap_or_else(|| panic!("no mark of {name}"));
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        self.holds(&format!("{before}{begin}\n{}\n\n<!-- end -->{after}", told.trim()));
    }
}

fn first_difference(text: &str, told: &str) -> String {
    let mut lines = text.lines().zip(told.lines()).enumerate();
    match lines.find(|(_, (is, should))| is != should) {
        Some((number, (is, should))) => format!("line {}:\n- {is}\n+ {should}", number + 1),
        None => format!("{} lines, and {} are told", text.lines().count(), told.lines().count()),
    }
}

/// What a heading is called in a link: small letters, dashes for blanks, nothing else but underscores.
fn anchor(heading: &str) -> String {
    let link = regex::Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let text = link.replace_all(heading.trim(), "$1");
    let kept = text.chars().filter_map(|letter| match letter {
        '-' | '_' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        letter if letter.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart_as_a_site_does_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# One `a::b`, two\n[there](x.md#y) and `[not](z.md)`\n```console\n$ slipway find\n# no\n```\n## C\n## C\n";
        std::fs::write(folder.path().join("page.md"), text).unwrap();
        let page = Page::read(folder.path(), "page.md");
        assert_eq!(page.anchors, ["one-ab-two", "c", "c-1"]);
        assert_eq!(page.links, [(2, "x.md#y".to_owned())]);
        assert_eq!(page.fences, [("console".to_owned(), "$ slipway find\n# no\n".to_owned())]);
        assert!(!page.prose.contains("slipway find"));
    }
}
