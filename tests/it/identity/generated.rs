//! Two hundred estates with names that nest and are alike: each state has exactly what its own module makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const ESTATES: u64 = 200;

/// Parts of paths that are easily taken for each other.
const PARTS: &[&str] = &[
    "app", "db", "app_", "_app", "app__db", "app-db", "a..b", "a__b", "modules", "work", "module", "é", "x y",
];

/// A small generator of numbers; the same seed makes the same estate.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's constants for a linear congruential generator.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Units by their paths, each with the names of the modules beside its own that it calls.
fn units(numbers: &mut Numbers) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut units = BTreeMap::new();
    let count = 3 + numbers.below(3);
    while units.len() < count {
        let depth = 1 + numbers.below(3);
        // Often below one that is there.
        let above: Vec<String> = units.keys().cloned().collect();
        let mut path = match above.len() {
            0 => String::new(),
            len if numbers.below(2) == 0 => format!("{}/", above[numbers.below(len)]),
            _ => String::new(),
        };
        for _ in 0..depth {
            path.push_str(PARTS[numbers.below(PARTS.len())]);
            path.push('/');
        }
        let calls = (0..numbers.below(3)).map(|_| PARTS[numbers.below(2)]).collect();
        units.insert(path.trim_end_matches('/').to_owned(), calls);
    }
    units
}

/// The module of each unit lies elsewhere, makes a resource of the unit's own and calls modules in its own folder, which
/// may be called like the folders of other units.
fn write(estate: &Estate, units: &BTreeMap<String, BTreeSet<&'static str>>) {
    for (number, (path, calls)) in units.iter().enumerate() {
        let module = format!("infra/m{number}");
        let mut text = format!("resource \"terraform_data\" \"own_{number}\" {{}}\n");
        for call in calls {
            writeln!(text, "module \"{call}\" {{\n  source = \"./{call}\"\n}}").unwrap();
            let inner = format!("resource \"terraform_data\" \"in_{call}_of_{number}\" {{}}\n");
            estate.write(&format!("{module}/{call}/main.tf"), &inner);
        }
        estate.write(&format!("{module}/main.tf"), &text);
        let source = format!("terraform {{\n  source = \"${{get_repo_root()}}/{module}\"\n}}\n");
        estate.write(&format!("live/{path}/terragrunt.hcl"), &source);
    }
}

/// What the states in the work folders hold, each as the set of its resources' names.
fn kept(estate: &Estate) -> Vec<BTreeSet<String>> {
    let folders = std::fs::read_dir(estate.path().join(".slipway/work")).unwrap();
    let states = folders.map(|folder| folder.unwrap().path().join("module/terraform.tfstate"));
    states.filter(|state| state.is_file()).map(|state| resources(&state)).collect()
}

fn resources(state: &PathBuf) -> BTreeSet<String> {
    let state: serde_json::Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    let resources = state["resources"].as_array().unwrap().iter();
    resources.map(|resource| resource["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn in_generated_estates_each_state_has_exactly_the_resources_of_its_own_module() {
    let tools = terraforms();
    for seed in 0..ESTATES {
        let tool = &tools[usize::try_from(seed).unwrap() % tools.len()];
        let estate = Estate::new();
        let units = units(&mut Numbers(seed));
        write(&estate, &units);
        let mut wanted: Vec<BTreeSet<String>> = units
            .values()
            .enumerate()
            .map(|(number, calls)| {
                let inner = calls.iter().map(|call| format!("in_{call}_of_{number}"));
                inner.chain([format!("own_{number}")]).collect()
            })
            .collect();
        wanted.sort();
        let apply = || Slipway::new(estate.path(), tool).run(&["apply", "--yes", "--parallelism", "8"]);
        let ended = apply();
        assert_eq!(ended.code, 0, "seed {seed}, {units:?}:\n{}\n{}", ended.stdout, ended.stderr);
        let mut found = kept(&estate);
        found.sort();
        assert_eq!(found, wanted, "seed {seed}, {units:?}");
        // Nothing is made anew the next time either; every tenth estate shows it.
        if seed % 10 == 0 {
            let ended = apply();
            assert!(ended.code == 0 && !ended.stdout.contains("applied"), "seed {seed}:\n{}", ended.stdout);
        }
    }
}
