//! The pages: `docs/diagnostics.md` and `docs/verify.md`, which are the places where codes are explained, cut at their
//! headings.

/// The documents, as they are in the repository; the examples of the first are run by the tests.
const DOCUMENTS: [&str; 2] =
    [include_str!("../../../docs/diagnostics.md"), include_str!("../../../docs/verify.md")];

/// What is said of one code.
#[derive(Clone, Debug)]
pub struct Page {
    /// `hcl::syntax`.
    pub code: &'static str,
    /// The heading that it stands under.
    pub group: &'static str,
    /// Markdown, without the heading.
    pub text: String,
}

/// All of them, in the order of the documents.
pub fn pages() -> Vec<Page> {
    DOCUMENTS.into_iter().flat_map(pages_of).collect()
}

fn pages_of(text: &'static str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut group = "";
    let mut is_open = false;
    let mut in_fence = false;
    for line in text.lines() {
        in_fence ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix("## ").filter(|_| !in_fence) {
            (group, is_open) = (heading, false);
        } else if let Some(code) = code_of(line).filter(|_| !in_fence) {
            pages.push(Page { code, group, text: String::new() });
            is_open = true;
        } else if let Some(page) = pages.last_mut().filter(|_| is_open) {
            page.text.push_str(line);
            page.text.push('\n');
        }
    }
    pages
}

/// The code of a heading of one.
fn code_of(line: &'static str) -> Option<&'static str> {
    let code = line.strip_prefix("### `")?.strip_suffix('`')?;
    code.contains("::").then_some(code)
}

impl Page {
    /// The code without the part of the program that it is of.
    pub fn name(&self) -> &'static str {
        self.code.rsplit("::").next().unwrap_or(self.code)
    }

    /// Where its page is on the site of the documentation, for good.
    pub fn address(&self) -> String {
        format!("diagnostics/{}.html", self.code.replace("::", "-").replace('_', "-"))
    }

    /// What is wrong, in a sentence.
    pub fn summary(&self) -> String {
        let lines = self.text.lines().skip_while(|line| line.is_empty());
        let paragraph = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        let sentence = paragraph.split_once(". ").map_or(&*paragraph, |(first, _)| first);
        without_links(sentence.trim_end_matches(['.', ':']))
    }
}

/// Text with the words of links in the place of the links.
pub fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let link = behind.split_once("](").and_then(|(words, behind)| {
            let (_, behind) = behind.split_once(')')?;
            (!words.contains(['[', ']'])).then_some((words, behind))
        });
        plain.push_str(before);
        let (words, behind) = link.unwrap_or(("[", behind));
        plain.push_str(words);
        rest = behind;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_of_the_document_has_a_page_with_an_address_of_its_own() {
        let all = pages();
        let lines = DOCUMENTS.iter().flat_map(|text| text.lines());
        let headings = lines.filter(|line| code_of(line).is_some()).count();
        assert_eq!(all.len(), headings);
        let addresses: BTreeSet<String> = all.iter().map(Page::address).collect();
        assert_eq!(addresses.len(), all.len());
        for page in &all {
            assert!(!page.group.is_empty() && !page.text.trim().is_empty(), "{}", page.code);
            let summary = page.summary();
            assert!(!summary.is_empty() && !summary.contains("](") && !summary.contains("```"), "{summary}");
        }
        let syntax = &all[0];
        assert_eq!((syntax.code, syntax.group), ("hcl::syntax", "The language"));
        assert_eq!(syntax.address(), "diagnostics/hcl-syntax.html");
        assert_eq!(syntax.summary(), "The text is not HCL");
    }

    #[test]
    fn links_are_read_as_their_words() {
        assert_eq!(
            without_links("see [limits](limits.md), `a[0]` and [b](c.md#d)."),
            "see limits, `a[0]` and b."
        );
    }
}
