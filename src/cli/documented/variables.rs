//! `docs/variables.md`: every variable that decides something, those of flags and those that are read elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::{command_line, commands, own, typed, variable};
use super::{Page, cell, repository, sources};

#[test]
fn the_variables_of_flags_are_documented_as_they_are_parsed() {
    let line = command_line();
    let mut rows: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>, String)> = BTreeMap::new();
    let all = commands(&line);
    let global = line.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| ("every command", arg));
    let of_one = all.iter().flat_map(|(words, command)| own(command).map(move |arg| (words.as_str(), arg)));
    for (words, arg) in global.chain(of_one) {
        let Some(name) = variable(arg) else { continue };
        let row = rows.entry(name).or_default();
        row.0.insert(format!("`{}`", typed(arg).replace('|', "\\|")));
        row.1.insert(if words == "every command" { words.to_owned() } else { format!("`{words}`") });
        // Where two commands say it in their own words, the shorter ones are about the flag alone.
        let help = cell(&arg.get_help().map(ToString::to_string).unwrap_or_default());
        if row.2.is_empty() || help.len() < row.2.len() {
            row.2 = help;
        }
    }
    let join = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    let rows = rows.iter().map(|(name, (flags, commands, help))| {
        format!("| `{name}` | {} | {} | {help} |\n", join(flags), join(commands))
    });
    let table = format!("| variable | flag | of | |\n|---|---|---|---|\n{}", rows.collect::<String>());
    Page::read(repository(), "docs/variables.md").holds_part("variables of flags", &table);
}

/// Told together: what hooks are told by the same names as Terragrunt tells it.
const TOGETHER: &[&str] = &["TG_CTX_"];

#[test]
fn every_variable_that_the_source_names_is_documented() {
    let names = regex::Regex::new(
        r#""((?:SLIPWAY|TG|TF)_[A-Z][A-Z0-9_]*|(?:NO|FORCE)_COLOR|CLICOLOR(?:_FORCE)?|NETRC|XDG_[A-Z_]+)"|\$(SLIPWAY_[A-Z_]+)"#,
    );
    let names = names.unwrap();
    let documented = Page::read(repository(), "docs/variables.md").text;
    let mut missing = BTreeMap::new();
    for (path, text) in sources() {
        for found in names.captures_iter(&text) {
            let name = found.get(1).or(found.get(2)).unwrap().as_str();
            // A name that ends so begins others.
            let end = if name.ends_with('_') { "" } else { "`" };
            let is_told = documented.contains(&format!("`{name}{end}"));
            if !is_told && !TOGETHER.iter().any(|prefix| name.starts_with(prefix)) {
                missing.insert(name.to_owned(), path.clone());
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/variables.md: {missing:#?}");
}

#[test]
fn every_variable_of_ours_that_is_documented_is_there() {
    let source: String = sources().into_iter().map(|(_, text)| text).collect();
    let ours = regex::Regex::new(r"SLIPWAY_[A-Z][A-Z_]*").unwrap();
    // A project's own slipway.hcl may read any name by `get_env`, and a job of the pipeline for GitLab takes its token by one.
    let chosen = ["SLIPWAY_ARGOCD_MANIFEST", "SLIPWAY_COMMENT_TOKEN"];
    for page in super::pages() {
        for found in ours.find_iter(&page.text).map(|found| found.as_str()) {
            let is_known = source.contains(found) || chosen.contains(&found);
            let is_of_tests =
                ["CONTRIBUTING.md", "CHANGELOG.md"].iter().any(|name| page.path.ends_with(name));
            assert!(is_known || is_of_tests, "{}: there is no {found}", page.path.display());
        }
    }
}
