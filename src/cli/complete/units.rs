//! Folders of units, a level at a time: of ten thousand units nobody wants to see all.

use std::ffi::OsStr;
use std::path::Path;

use clap_complete::engine::CompletionCandidate;

use super::candidate::{candidate, is_plain, starting};
use super::place::Place;
use super::words::Words;
use crate::engine::plan::folder::is_saved;
use crate::estate::{Worth, glimpse};
use crate::support::excluded::Excluded;
use crate::terragrunt::paths;

/// Deeper than this no folder is followed by itself.
const DEEPEST: usize = 64;

/// Units, and folders that lead to some: here, and where there are none, under the estate's root.
pub fn units(current: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some(place)) = (current.to_str(), Place::of(&Words::typed())) else {
        return Vec::new();
    };
    let excluded = place.excluded();
    let found = place.bases().into_iter().map(|base| under(base, typed, &excluded));
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Units, and folders of saved plans.
pub fn units_or_plans(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = units(current);
    let (Some(typed), Some(dir)) = (current.to_str(), Words::typed().working_dir()) else { return found };
    let head = typed.rfind('/').and_then(|at| typed.get(..=at)).unwrap_or_default();
    let entries = std::fs::read_dir(paths::join(&dir, Path::new(head))).into_iter().flatten().flatten();
    let saved = entries.filter(|entry| is_saved(&entry.path()));
    let named = saved.filter_map(|entry| Some(format!("{head}{}", entry.file_name().to_str()?)));
    found.extend(starting(current, named.map(|name| (name, "saved plans".to_owned()))));
    found
}

/// What begins as it is typed, in folders under `base`. A folder from which there is one way only is gone through.
pub fn under(base: &Path, typed: &str, excluded: &Excluded) -> Vec<CompletionCandidate> {
    let mut found = level(base, typed, excluded);
    for _ in 0..DEEPEST {
        let [(only, None)] = found.as_slice() else { break };
        let below = level(base, only, excluded);
        if below.is_empty() {
            break;
        }
        found = below;
    }
    found.into_iter().map(|(path, is)| candidate(path, word(is))).collect()
}

fn word(is: Option<Worth>) -> &'static str {
    match is {
        None => "",
        Some(Worth::Unit) => "unit",
        Some(Worth::Stack) => "stack",
    }
}

/// One level of folders; those that lead on end in a slash.
fn level(base: &Path, typed: &str, excluded: &Excluded) -> Vec<(String, Option<Worth>)> {
    let (head, begin) = typed.rfind('/').and_then(|at| typed.split_at_checked(at + 1)).unwrap_or(("", typed));
    let mut found = Vec::new();
    for one in glimpse(&paths::join(base, Path::new(head)), excluded) {
        let Some(name) = one.name.to_str() else { continue };
        // As in shells, what is hidden is there for those who begin with its dot.
        let is_meant = name.starts_with(begin) && (begin.starts_with('.') || !name.starts_with('.'));
        if !is_meant || !is_plain(name) {
            continue;
        }
        if one.is.is_some() {
            found.push((format!("{head}{name}"), one.is));
        }
        if one.leads_on {
            found.push((format!("{head}{name}/"), None));
        }
    }
    found
}
