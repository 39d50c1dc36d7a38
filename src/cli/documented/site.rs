//! The site: its table of contents has every page once, and every link leads somewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{Page, pages, repository};

const SUMMARY: &str = "docs/SUMMARY.md";

#[test]
fn the_table_of_contents_has_every_page_once() {
    let summary = Page::read(repository(), SUMMARY);
    let mut listed: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, link) in &summary.links {
        *listed.entry(Path::new("docs").join(link)).or_default() += 1;
    }
    let there = super::files("docs", ".md").into_iter().filter(|path| path != Path::new(SUMMARY));
    for path in there {
        let times = listed.remove(&path).unwrap_or_default();
        assert_eq!(times, 1, "docs/SUMMARY.md lists {} so many times", path.display());
    }
    assert!(listed.is_empty(), "docs/SUMMARY.md lists what is not there: {:?}", listed.keys());
}

#[test]
fn every_link_leads_to_a_page_and_to_a_heading_of_it() {
    let pages = pages();
    let by_path: BTreeMap<&Path, &Page> = pages.iter().map(|page| (page.path.as_path(), page)).collect();
    let mut wrong = Vec::new();
    for page in &pages {
        for (line, link) in &page.links {
            if ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)) {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => page.path.clone(),
                file => clean(&page.path.parent().unwrap_or(Path::new("")).join(file)),
            };
            let fault = match by_path.get(path.as_path()) {
                _ if !repository().join(&path).exists() => "is not there",
                Some(target) if !anchor.is_empty() && !target.anchors.iter().any(|found| found == anchor) => {
                    "has no such heading"
                }
                None if !anchor.is_empty() && path.extension().is_some_and(|ending| ending == "md") => {
                    let target = Page::read(repository(), &path.to_string_lossy());
                    if target.anchors.iter().any(|found| found == anchor) {
                        continue;
                    }
                    "has no such heading"
                }
                _ => continue,
            };
            wrong.push(format!("{}:{line}: {link} {fault}", page.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without `..` in the middle.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                cleaned.pop();
            }
            part => cleaned.push(part),
        }
    }
    cleaned
}

/// A site has nothing but what is in its folder.
#[test]
fn no_page_of_the_site_leads_out_of_it() {
    for page in pages().iter().filter(|page| page.path.starts_with("docs")) {
        let folder = page.path.parent().unwrap_or(Path::new(""));
        for (line, link) in page.links.iter().filter(|(_, link)| !link.contains("://")) {
            let file = link.split('#').next().unwrap_or_default();
            let target = clean(&folder.join(file));
            assert!(target.starts_with("docs"), "{}:{line}: {link}", page.path.display());
        }
    }
}

#[test]
fn the_documentation_begins_where_the_readme_says() {
    let start = Page::read(repository(), "docs/README.md");
    assert!(start.links.iter().any(|(_, link)| link == "quick-start.md"));
    let readme = Page::read(repository(), "README.md");
    for page in ["docs/README.md", "docs/quick-start.md", SUMMARY] {
        assert!(readme.links.iter().any(|(_, link)| link == page), "the README does not lead to {page}");
    }
}
