//! What lies right under a folder of an estate, for whoever is typing a path: nothing is parsed, and of a folder below
//! only whether there is a unit somewhere in it.

use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::Path;

use super::walk::PASSED_OVER;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};
use crate::terragrunt::stack::STACK_FILE;
use slipway_support::excluded::Excluded;

/// So many entries of folders are looked at. Where there are more, a folder may well have units.
const MOST: usize = 20_000;

/// A folder under the one that is looked at, with what makes it worth naming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// Its name.
    pub name: OsString,
    /// What it is itself.
    pub is: Option<Worth>,
    /// Whether there is a unit or a stack somewhere in it.
    pub leads_on: bool,
}

/// What a folder of an estate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// A unit.
    Unit,
    /// A stack.
    Stack,
}

/// The folders right under `folder` that are units or stacks or lead to some, by their names. What cannot be read is left
/// out.
pub fn glimpse(folder: &Path, excluded: &Excluded) -> Vec<Glimpse> {
    let mut left = MOST;
    let mut found: Vec<Glimpse> = folders(folder, excluded, &mut left)
        .filter_map(|entry| {
            let path = entry.path();
            let below: Vec<DirEntry> = folders(&path, excluded, &mut left).collect();
            let leads_on = below.iter().any(|entry| holds_any(&entry.path(), excluded, &mut left));
            let found = Glimpse { name: entry.file_name(), is: worth(&path), leads_on };
            (found.is.is_some() || leads_on).then_some(found)
        })
        .collect();
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    found
}

fn worth(folder: &Path) -> Option<Worth> {
    if [UNIT_FILE, UNIT_FILE_JSON].iter().any(|file| folder.join(file).is_file()) {
        return Some(Worth::Unit);
    }
    folder.join(STACK_FILE).is_file().then_some(Worth::Stack)
}

/// Whether a folder is a unit or a stack, or one of those below is.
fn holds_any(folder: &Path, excluded: &Excluded, left: &mut usize) -> bool {
    if *left == 0 || worth(folder).is_some() {
        return true;
    }
    let below: Vec<DirEntry> = folders(folder, excluded, left).collect();
    below.iter().any(|entry| holds_any(&entry.path(), excluded, left))
}

/// The folders in a folder where units may be, as [`super::Estate::discover`] walks them; no more than `left`.
fn folders(folder: &Path, excluded: &Excluded, left: &mut usize) -> impl Iterator<Item = DirEntry> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders: Vec<DirEntry> = entries
        .take(*left)
        .filter(|entry| {
            *left = left.saturating_sub(1);
            entry.file_type().is_ok_and(|kind| kind.is_dir())
                && !PASSED_OVER.iter().any(|name| entry.file_name() == *name)
                && !excluded.holds(&entry.path())
        })
        .collect();
    folders.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_units_is_named() {
        let tree = tempfile::tempdir().unwrap();
        let files = [
            "dev/eu/vpc/terragrunt.hcl",
            "unit/terragrunt.hcl.json",
            "unit/.terragrunt-cache/x/terragrunt.hcl",
            "both/terragrunt.hcl",
            "both/below/terragrunt.hcl",
            "stack/terragrunt.stack.hcl",
            "modules/a/b/main.tf",
            ".git/hooks/terragrunt.hcl",
            "old/a/terragrunt.hcl",
        ];
        for file in files {
            let file = tree.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let excluded = Excluded::new(tree.path(), &["old"]).unwrap();
        let found = glimpse(tree.path(), &excluded);
        let told: Vec<(&str, Option<Worth>, bool)> =
            found.iter().map(|one| (one.name.to_str().unwrap(), one.is, one.leads_on)).collect();
        let expected = [
            ("both", Some(Worth::Unit), true),
            ("dev", None, true),
            ("stack", Some(Worth::Stack), false),
            ("unit", Some(Worth::Unit), false),
        ];
        assert_eq!(told, expected);
        assert!(glimpse(&tree.path().join("nowhere"), &excluded).is_empty());
    }
}
