//! `slipway.hcl`: every block and attribute that the code knows is documented in the section of its block.

use super::{Page, repository, sources};

/// The tables of attributes in the code, and where each is documented.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("mod.rs:ESTATE", "docs/slipway-hcl.md", "## `estate`"),
    ("mod.rs:ENGINE", "docs/slipway-hcl.md", "## `engine`"),
    ("limits.rs:UNIT", "docs/slipway-hcl.md", "## `unit \"PATTERN\"`"),
    ("cluster.rs:CLUSTER", "docs/slipway-hcl.md", "## `cluster \"LABEL\"`"),
    ("cluster.rs:UNIT", "docs/slipway-hcl.md", "## `cluster \"LABEL\"`"),
    ("verify.rs:VERIFY", "docs/slipway-hcl.md", "### `verify`"),
    ("argocd.rs:ARGOCD", "docs/slipway-hcl.md", "### `argocd`"),
    ("argocd.rs:REGISTERED", "docs/slipway-hcl.md", "#### `cluster \"LABEL\"` in `argocd`"),
    ("argocd.rs:ROOT", "docs/slipway-hcl.md", "#### `root`"),
    ("notifications.rs:NOTIFICATIONS", "docs/slipway-hcl.md", "#### `notifications`"),
    ("repositories.rs:REPOSITORY", "docs/slipway-hcl.md", "#### `repository`"),
    ("repositories.rs:SOURCE", "docs/slipway-hcl.md", "#### `repository \"NAME\"`"),
    ("repositories.rs:REPO_CREDS", "docs/slipway-hcl.md", "#### `repo_creds \"NAME\"`"),
    ("apps.rs:APPS", "docs/slipway-hcl.md", "## `apps`"),
    ("apps.rs:APP", "docs/slipway-hcl.md", "### `app \"NAME\"`"),
    ("apps.rs:FREEZE_WINDOW", "docs/slipway-hcl.md", "### `freeze_window \"NAME\"`"),
    ("ci.rs:CI", "docs/slipway-hcl.md", "## `ci`"),
    ("ci.rs:ENVIRONMENT", "docs/slipway-hcl.md", "### `environment \"NAME\"`"),
    ("drift.rs:IGNORE", "docs/slipway-hcl.md", "### `ignore \"NAME\"`"),
    ("read.rs:SETTINGS", "docs/policies.md", "## `policy \"NAME\"`"),
    ("read.rs:RULES", "docs/policies.md", "## `policy \"NAME\"`"),
    ("read.rs:DENY", "docs/policies.md", "## `policy \"NAME\"`"),
    ("read.rs:WARN", "docs/policies.md", "## `policy \"NAME\"`"),
    ("read.rs:CONFTEST", "docs/policies.md", "## `conftest`"),
    ("read.rs:OPA", "docs/policies.md", "## `opa`"),
    ("read.rs:COST", "docs/policies.md", "## `cost`"),
];

/// The tables in the code: `file.rs:NAME`, and the attributes in it.
fn tables() -> Vec<(String, Vec<String>)> {
    let table = regex::Regex::new(r"(?s)const (\w+): (?:&\[Spec\]|Spec) =(.*?);").unwrap();
    let attribute = regex::Regex::new(r#"(?:optional|required)\("(\w+)""#).unwrap();
    let mut tables = Vec::new();
    for (path, text) in sources() {
        // Terragrunt's own files have tables of their own.
        if !text.contains("schema::{Kind, Spec") || path.to_string_lossy().contains("terragrunt") {
            continue;
        }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for found in table.captures_iter(&text) {
            let attributes: Vec<String> =
                attribute.captures_iter(&found[2]).map(|found| found[1].to_owned()).collect();
            if !attributes.is_empty() {
                tables.push((format!("{file}:{}", &found[1]), attributes));
            }
        }
    }
    tables
}

#[test]
fn every_attribute_of_slipway_hcl_is_documented_with_its_block() {
    let tables = tables();
    assert!(tables.len() >= 14, "{tables:?}");
    for (table, attributes) in &tables {
        let Some((_, page, heading)) = SECTIONS.iter().find(|(known, _, _)| known == table) else {
            panic!("nobody knows where {table} is documented");
        };
        let text = Page::read(repository(), page).text;
        let begin = format!("\n{heading}\n");
        let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {heading}"));
        let section = rest.split("\n#").next().unwrap_or_default();
        for attribute in attributes {
            let rows = section.lines().filter(|line| line.starts_with("| `"));
            let names = rows.filter_map(|line| line.split('|').nth(1));
            let is_there = names.into_iter().any(|names| names.contains(&format!("`{attribute}`")));
            assert!(is_there, "{page}: {heading} does not tell of {attribute}");
        }
    }
}
