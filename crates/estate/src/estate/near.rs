//! "Did you mean" for dependencies that lead nowhere: found by index, since an estate may have thousands of both.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use super::Unit;
use crate::terragrunt::paths;
use slipway_hcl::suggest;
use slipway_support::path_text;

/// How many names a "did you mean" offers.
const MOST_NAMES: usize = 3;
/// How many dependencies get one. Whoever has more of them has not mistyped, and reads none of the rest.
const MOST_SUGGESTIONS: usize = 100;
/// How many units are held against one wrong path: those of its last name, and as many of its folder.
const MOST_CANDIDATES: usize = 1_000;

/// The units by what a wrong path may have right: its last name, or its folder.
pub(super) struct Near<'u> {
    by_name: HashMap<&'u OsStr, Vec<&'u Path>>,
    by_folder: HashMap<&'u Path, Vec<&'u Path>>,
    left: Cell<usize>,
}

impl<'u> Near<'u> {
    /// An index of these.
    pub(super) fn new(units: &'u [Unit]) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_folder: HashMap<_, Vec<_>> = HashMap::new();
        for unit in units {
            let dir = unit.dir.as_path();
            by_name.entry(dir.file_name().unwrap_or_default()).or_default().push(dir);
            by_folder.entry(paths::folder(dir)).or_default().push(dir);
        }
        Self { by_name, by_folder, left: Cell::new(MOST_SUGGESTIONS) }
    }

    /// The ways from the unit in `from` to those that could be meant by `wrong`, quoted: the one of nearly the same path,
    /// else some in the same folder.
    pub(super) fn ways(&self, from: &Path, wrong: &Path) -> Vec<String> {
        let Some(left) = self.left.get().checked_sub(1) else { return Vec::new() };
        self.left.set(left);
        let shown = |dir: &&Path| path_text::shown(&paths::relative(from, dir));
        let among = |found: Option<&Vec<&'u Path>>| -> Vec<String> {
            let others = found.into_iter().flatten().filter(|dir| **dir != from);
            others.take(MOST_CANDIDATES).map(shown).collect()
        };
        let of_name = among(self.by_name.get(wrong.file_name().unwrap_or_default()));
        let beside = among(self.by_folder.get(paths::folder(wrong)));
        let candidates = of_name.iter().chain(&beside).map(String::as_str);
        if let Some(alike) = suggest::nearest(&shown(&wrong), candidates) {
            return vec![format!("\"{alike}\"")];
        }
        beside.iter().take(MOST_NAMES).map(|name| format!("\"{name}\"")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Estate;
    use crate::terragrunt::tests::Tree;

    #[test]
    fn whoever_has_many_dependencies_that_lead_nowhere_gets_a_hundred_suggestions() {
        let paths: Vec<String> = (0..150).map(|number| format!("\"../vpx{number}/vpc\"")).collect();
        let unit = format!("dependencies {{\n  paths = [{}, \"../vcp\"]\n}}\n", paths.join(", "));
        let tree = Tree::new(&[
            ("a/terragrunt.hcl", unit.as_str()),
            ("vpx/vpc/terragrunt.hcl", ""),
            ("vpc/terragrunt.hcl", ""),
        ]);
        let estate = Estate::discover(tree.root(), &tree.reader("plan"));
        let helps: Vec<&str> = estate.diagnostics.iter().filter_map(|told| told.help.as_deref()).collect();
        assert_eq!(helps.len(), 151);
        let (near, far) = helps.split_at(100);
        assert!(near.iter().all(|help| *help == "did you mean \"../vpx/vpc\"?"), "{near:?}");
        assert!(far.iter().all(|help| help.starts_with("there is no terragrunt.hcl in ")), "{far:?}");
    }
}
