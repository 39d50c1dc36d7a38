//! `docs/diagnostics.md` is true: every code of the source is in it, every example in it triggers its code, and what
//! it shows is what the program says.

use std::collections::BTreeSet;

use super::{repository, update, write};
use crate::estate::{Estate, ValidateOptions, filter, validate};
use crate::hcl::diagnostic::{Diagnostic, grouped};
use crate::project::Project;
use crate::project::fixture::Tree;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::{Reader, ReaderOptions};
use crate::ui::Snippets;

const FLOORS: &[&str] = &["estate", "filter", "hcl", "manifests", "project", "run", "stack", "terragrunt"];
/// How a section says that files alone cannot trigger its code.
const NO_EXAMPLE: &str = "*No example:*";

/// A fenced block: what stands behind the opening fence, and what is in it.
struct Fence<'d> {
    info: &'d str,
    text: String,
}

/// A section about one code.
struct Section<'d> {
    code: &'d str,
    prose: String,
    fences: Vec<Fence<'d>>,
}

fn sections(document: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(code) = line.strip_prefix("### `").and_then(|rest| rest.strip_suffix('`')) {
            sections.push(Section { code, prose: String::new(), fences: Vec::new() });
        } else if line.starts_with("## ") {
            sections.push(Section { code: "", prose: String::new(), fences: Vec::new() });
        } else if let Some(info) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            let text = inside.flat_map(|line| [line, "\n"]).collect();
            if let Some(section) = sections.last_mut() {
                section.fences.push(Fence { info, text });
            }
        } else if let Some(section) = sections.last_mut() {
            section.prose.push_str(line);
        }
    }
    sections.retain(|section| section.code.contains("::"));
    sections
}

/// What the program says of the files of a section, as far as it is about its code.
fn said(section: &Section<'_>) -> String {
    let files: Vec<(&str, &str)> = section
        .fences
        .iter()
        .filter_map(|fence| Some((fence.info.split_once(' ')?.1, fence.text.as_str())))
        .collect();
    let tree = Tree::new(&files);
    let mut options = tree.options("plan");
    options.features.insert("trial".to_owned(), "maybe".to_owned());
    let found = found(&tree, options, section);
    let of_code = found.into_iter().filter(|diagnostic| diagnostic.code == section.code);
    let snippets = Snippets { base: tree.root().to_path_buf(), color: false };
    let drawn: Vec<String> = grouped(of_code).iter().map(|diagnostic| snippets.draw(diagnostic)).collect();
    drawn.join("\n").replace(&tree.root().display().to_string(), "/estate")
}

fn found(tree: &Tree, options: ReaderOptions, section: &Section<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for query in section.fences.iter().filter(|fence| fence.info == "filter") {
        found.extend(filter::parse(query.text.trim_end()).err().map(|wrong| *wrong));
    }
    if tree.path("slipway.hcl").is_file() {
        match Project::read(&tree.path("slipway.hcl"), options.clone()) {
            Ok(project) => {
                found.extend(project.missing_cluster_units(&Reader::new(options.clone()), true));
                found.extend(project.missing_root.map(|missing| *missing));
            }
            Err(errors) => found.extend(errors),
        }
    }
    let reader = Reader::new(options);
    let estate = Estate::discover(tree.root(), &reader);
    let units = estate.iter().map(|(index, _)| index).collect();
    found.extend(
        validate(&estate, &reader, &units, ValidateOptions { modules: true, strict: false }).diagnostics,
    );
    for unit in &estate.units {
        found.extend(reader.evaluate(&unit.outline.file, &NoOutputs).err().into_iter().flatten());
    }
    for stack in &estate.stacks {
        let generated =
            crate::terragrunt::stack::expand(&reader, &stack.file, &crate::terragrunt::stack::LocalOnly);
        found.extend(generated.map_or_else(|errors| errors, |expansion| expansion.warnings));
    }
    found
}

/// Every code that the source names outside of its tests.
fn codes_of_the_source() -> BTreeSet<String> {
    let code =
        regex::Regex::new(r#""((?:estate|filter|hcl|manifests|project|run|stack|terragrunt)::[a-z_]+)""#)
            .unwrap();
    let mut codes = BTreeSet::new();
    let mut folders = vec![repository().join("src"), repository().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let is_test = path.components().any(|part| {
                let part = part.as_os_str();
                part == "tests" || part == "tests.rs"
            });
            if !is_test {
                codes.extend(code.captures_iter(text).map(|found| found[1].to_owned()));
            }
        }
    }
    codes
}

#[test]
fn every_code_is_documented_and_every_documented_code_is_there() {
    let document = std::fs::read_to_string(repository().join("docs/diagnostics.md")).unwrap();
    let documented: Vec<&str> = sections(&document).iter().map(|section| section.code).collect();
    let unique: BTreeSet<String> = documented.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(documented.len(), unique.len(), "a code is documented twice");
    let source = codes_of_the_source();
    let missing: Vec<&String> = source.difference(&unique).collect();
    assert!(missing.is_empty(), "not in docs/diagnostics.md: {missing:?}");
    let gone: Vec<&String> = unique.difference(&source).collect();
    assert!(gone.is_empty(), "in docs/diagnostics.md, but not in the source: {gone:?}");
    assert!(unique.iter().all(|code| FLOORS.iter().any(|floor| code.starts_with(floor))));
}

#[test]
fn every_documented_example_is_what_the_program_says() {
    let path = repository().join("docs/diagnostics.md");
    let mut document = std::fs::read_to_string(&path).unwrap();
    let update = update();
    let mut wrong = Vec::new();
    for section in sections(&document.clone()) {
        let code = section.code;
        let Some(shown) = section.fences.iter().find(|fence| fence.info == "text") else {
            if !section.prose.contains(NO_EXAMPLE) {
                wrong.push(format!("{code} has no example"));
            }
            continue;
        };
        let said = said(&section);
        if said.is_empty() {
            wrong.push(format!("the example of {code} does not trigger it"));
        } else if said != shown.text && update {
            let start = document.find(&format!("### `{code}`")).unwrap();
            let (_, rest) = document.split_at(start);
            let fence = start + rest.find("```text\n").unwrap() + "```text\n".len();
            document.replace_range(fence..fence + shown.text.len(), &said);
        } else if said != shown.text {
            wrong.push(format!("{code} is documented with\n{}but it is\n{said}", shown.text));
        }
    }
    if update {
        write(&path, &document);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The address of a code is the page's with `#` and the code without its colons: links to it have to hold for good, on
/// the site as on a forge.
#[test]
fn every_code_has_an_address_of_its_own() {
    let page = super::Page::read(repository(), "docs/diagnostics.md");
    for section in sections(&page.text) {
        let anchor = section.code.replace("::", "");
        let places = page.anchors.iter().filter(|found| **found == anchor).count();
        assert_eq!(places, 1, "{}: #{anchor}", section.code);
    }
}
