//! Estates found, ordered and drawn, on small trees.

use std::path::Path;

use serde_json::json;

use super::{Estate, Graph, Templates, UnitIndex, expand_stacks, locate};
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::stack::LocalOnly;
use crate::terragrunt::tests::{Tree, told};
use crate::view::{FindOptions, dot, find_json, find_text, mermaid, tree, waves_text};
use slipway_hcl::diagnostic::Diagnostic;

fn discover(tree: &Tree, root: &str) -> Estate {
    Estate::discover(&tree.path(root), &tree.reader("plan"))
}

fn sound(tree: &Tree, root: &str) -> (Estate, Graph) {
    let estate = discover(tree, root);
    assert!(!estate.has_errors(), "{}", told(&estate.diagnostics));
    let graph = Graph::build(&estate).unwrap_or_else(|errors| panic!("{}", told(&errors)));
    (estate, graph)
}

fn names(estate: &Estate, units: impl IntoIterator<Item = UnitIndex>) -> Vec<String> {
    units.into_iter().map(|unit| estate.name(unit)).collect()
}

fn on(dependencies: &[&str]) -> String {
    let block = |(index, path): (usize, &&str)| {
        format!("dependency \"d{index}\" {{\n  config_path = \"{path}\"\n}}\n")
    };
    dependencies.iter().enumerate().map(block).collect()
}

/// networking ← cluster ← identity, dns alone.
fn live() -> Tree {
    Tree::new(&[
        ("live/root.hcl", ""),
        ("live/dev/networking/terragrunt.hcl", ""),
        ("live/dev/cluster/terragrunt.hcl", &on(&["../networking"])),
        ("live/dev/identity/terragrunt.hcl", &on(&["../cluster", "../networking"])),
        ("live/dev/dns/terragrunt.hcl", ""),
    ])
}

#[test]
fn units_are_found_and_ordered_in_waves() {
    let tree = live();
    let (estate, graph) = sound(&tree, "live");
    let waves: Vec<Vec<String>> = graph.waves().iter().map(|wave| names(&estate, wave.clone())).collect();
    assert_eq!(waves, [vec!["dev/dns", "dev/networking"], vec!["dev/cluster"], vec!["dev/identity"]]);
    assert_eq!(
        names(&estate, graph.reversed()),
        ["dev/identity", "dev/cluster", "dev/dns", "dev/networking"]
    );
    let networking = estate.find(&tree.path("live/dev/networking")).unwrap();
    assert_eq!(names(&estate, graph.dependents(networking)), ["dev/cluster", "dev/identity"]);
    let identity = estate.find(&tree.path("live/dev/identity")).unwrap();
    assert_eq!(names(&estate, graph.all_dependencies(identity)), ["dev/cluster", "dev/networking"]);
    assert_eq!(names(&estate, graph.all_dependents(networking)), ["dev/cluster", "dev/identity"]);
    assert_eq!(graph.waiting_for().iter().sum::<usize>(), 3);
}

#[test]
fn caches_are_passed_over_and_what_git_ignores_is_not() {
    let tree = Tree::new(&[
        ("live/.gitignore", "*\n"),
        ("live/a/terragrunt.hcl", ""),
        ("live/a/.terragrunt-cache/x/terragrunt.hcl", ""),
        ("live/a/.terraform/x/terragrunt.hcl", ""),
        ("live/.slipway/x/terragrunt.hcl", ""),
        ("live/.terragrunt-stack/b/terragrunt.hcl", ""),
    ]);
    let (estate, _) = sound(&tree, "live");
    assert_eq!(names(&estate, estate.iter().map(|(index, _)| index)), [".terragrunt-stack/b", "a"]);
}

#[test]
fn a_dependency_outside_of_the_folder_comes_along_with_what_it_stands_on() {
    let tree = live();
    let (estate, graph) = sound(&tree, "live/dev/identity");
    let listed: Vec<(String, bool)> =
        graph.order().into_iter().map(|unit| (estate.name(unit), estate.unit(unit).external)).collect();
    assert_eq!(
        listed,
        [("../networking".to_owned(), true), ("../cluster".to_owned(), true), ("identity".to_owned(), false)]
    );
}

#[test]
fn a_dependency_over_a_symbolic_link_is_the_unit_behind_it() {
    let tree = Tree::new(&[("real/terragrunt.hcl", ""), ("app/terragrunt.hcl", &on(&["../link"]))]);
    std::os::unix::fs::symlink(tree.path("real"), tree.path("link")).unwrap();
    let (estate, graph) = sound(&tree, "");
    assert_eq!(names(&estate, graph.order()), ["real", "app"]);
}

#[test]
fn a_disabled_dependency_is_no_edge_and_one_that_stands_for_order_is() {
    let tree = Tree::new(&[
        ("a/terragrunt.hcl", "dependency \"b\" {\n  config_path = \"../b\"\n  enabled = false\n}\n"),
        ("b/terragrunt.hcl", "dependencies {\n  paths = [\"../a\"]\n}\n"),
    ]);
    let (estate, graph) = sound(&tree, "");
    assert_eq!(names(&estate, graph.order()), ["a", "b"]);
}

#[test]
fn a_missing_dependency_is_told_with_its_place_and_what_could_be_meant() {
    let tree = live();
    tree.write("live/dev/cluster/terragrunt.hcl", &on(&["../vpc"]));
    let estate = discover(&tree, "live");
    let errors = told(&estate.diagnostics).replace(&tree.root().display().to_string(), "ROOT");
    assert!(
        errors.starts_with(
            "ROOT/live/dev/cluster/terragrunt.hcl:1:1: dependency \"../vpc\" of dev/cluster does not exist"
        ),
        "{errors}"
    );
    assert!(errors.contains("did you mean \"../dns\" or \"../identity\" or \"../networking\"?"), "{errors}");
    assert_eq!(estate.diagnostics[0].code, "estate::missing_dependency");

    tree.write("live/dev/cluster/terragrunt.hcl", &on(&["../netwroking"]));
    let errors = told(&discover(&tree, "live").diagnostics);
    assert!(errors.contains("did you mean \"../networking\"?"), "{errors}");
    // The unit itself is still there.
    assert_eq!(discover(&tree, "live").units.len(), 4);
}

#[test]
fn a_circle_is_shown_with_the_place_of_every_step() {
    let tree = Tree::new(&[
        ("a/terragrunt.hcl", &on(&["../b"])),
        ("b/terragrunt.hcl", &on(&["../d", "../c"])),
        ("c/terragrunt.hcl", &on(&["../a"])),
        ("d/terragrunt.hcl", ""),
        ("e/terragrunt.hcl", &on(&["../e"])),
    ]);
    let estate = discover(&tree, "");
    let errors = Graph::build(&estate).unwrap_err();
    let errors = told(&errors).replace(&tree.root().display().to_string(), "ROOT");
    assert!(
        errors.contains("ROOT/a/terragrunt.hcl:1:1: units depend on each other in a circle: a → b → c → a"),
        "{errors}"
    );
    assert!(errors.contains("via: b depends on c at ROOT/b/terragrunt.hcl:4:1"), "{errors}");
    assert!(errors.contains("via: c depends on a at ROOT/c/terragrunt.hcl:1:1"), "{errors}");
    assert!(errors.contains("in a circle: e → e"), "{errors}");
}

#[test]
fn a_unit_that_does_not_parse_is_listed_beside_its_error() {
    let tree = live();
    tree.write("live/dev/dns/terragrunt.hcl", "dependency \"x\" {\n  config_path = \n}\n");
    let estate = discover(&tree, "live");
    assert_eq!(estate.units.len(), 4);
    assert!(told(&estate.diagnostics).contains("dns/terragrunt.hcl:2:"));
}

#[test]
fn a_unit_in_json_is_a_unit_and_one_in_both_syntaxes_is_one_with_a_warning() {
    let tree = live();
    tree.write("live/dev/json/terragrunt.hcl.json", r#"{"dependencies": {"paths": ["../both"]}}"#);
    tree.write("live/dev/both/terragrunt.hcl", "dependencies {\n  paths = [\"../json2\"]\n}\n");
    tree.write("live/dev/both/terragrunt.hcl.json", "{}");
    tree.write("live/dev/json2/terragrunt.hcl.json", "{}");
    let estate = discover(&tree, "live");
    assert_eq!(estate.units.len(), 7);
    assert!(!estate.has_errors());
    let [warning] = estate.diagnostics.as_slice() else { panic!("{:?}", estate.diagnostics) };
    assert!(warning.message.ends_with("both/terragrunt.hcl.json is there beside terragrunt.hcl"));
    let edges = |path: &str| {
        let unit = estate.units.iter().find(|unit| unit.path == Path::new(path)).unwrap();
        unit.dependencies.iter().map(|edge| estate.unit(edge.to).path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(edges("dev/json"), [Path::new("dev/both")]);
    assert_eq!(edges("dev/both"), [Path::new("dev/json2")]);
}

#[test]
fn find_lists_as_terragrunt_does() {
    let tree = live();
    tree.write(
        "live/dev/dns/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\
         terraform {\n  source = \"${get_repo_root()}/modules//dns\"\n}\n\
         exclude {\n  if = true\n  actions = [\"plan\"]\n}\n",
    );
    tree.write("modules/dns/main.tf", "");
    tree.write("modules/dns/notes.md", "");
    let (estate, graph) = sound(&tree, "live");
    let options =
        FindOptions { dependencies: true, reading: true, include: true, exclude: true, external: false };
    assert_eq!(
        find_json(&estate, &graph.components(&estate, false), &tree.path("live"), options, false),
        json!([
            {
                "type": "unit", "path": "dev/dns",
                "exclude": {"exclude_dependencies": null, "no_run": null, "actions": ["plan"], "if": true},
                "include": {"root": "root.hcl"},
                "reading": ["root.hcl", "../modules/dns/main.tf"],
            },
            {"type": "unit", "path": "dev/networking"},
            {"type": "unit", "path": "dev/cluster", "dependencies": ["dev/networking"]},
            {"type": "unit", "path": "dev/identity", "dependencies": ["dev/cluster", "dev/networking"]},
        ])
    );
    assert_eq!(
        find_text(
            &estate,
            &graph.components(&estate, false),
            Some(&tree.path("live/dev")),
            FindOptions::default()
        ),
        "dns\nnetworking\ncluster\nidentity\n"
    );
}

#[test]
fn the_graph_is_drawn_in_four_ways() {
    let files = live();
    let (estate, graph) = sound(&files, "live");
    let base = files.path("live");
    assert_eq!(
        waves_text(&estate, &graph, &base),
        "wave 1\n  dev/dns\n  dev/networking\nwave 2\n  dev/cluster  ← dev/networking\n\
         wave 3\n  dev/identity  ← dev/cluster, dev/networking\n"
    );
    assert!(dot(&estate, &[], &base).contains("\t\"dev/cluster\" -> \"dev/networking\";\n"));
    assert!(mermaid(&estate, &[], &base).starts_with("flowchart LR\n  u0[\"dev/cluster\"]\n"));
    assert!(mermaid(&estate, &[], &base).contains("  u3 --> u0\n"));
    assert_eq!(
        tree(&estate, &base),
        ".\n╰── dev\n    ├── cluster\n    ├── dns\n    ├── identity\n    ╰── networking\n"
    );
}

#[test]
fn a_path_is_looked_for_here_and_then_under_the_estates_root() {
    let tree = live();
    let (root, live) = (tree.root().to_path_buf(), tree.path("live"));
    let at = |here: &Path, path: Option<&str>| locate(here, &live, path.map(Path::new));
    assert_eq!(at(&root, Some("dev")).unwrap(), tree.path("live/dev"));
    assert_eq!(at(&root, Some("live/dev")).unwrap(), tree.path("live/dev"));
    assert_eq!(at(&tree.path("live/dev"), Some("dns")).unwrap(), tree.path("live/dev/dns"));
    assert_eq!(at(&root, None).unwrap(), root);
    assert_eq!(
        at(&root, Some("nowhere")).unwrap_err().message,
        "there is no folder nowhere here, nor under live"
    );
}

/// A stack with two units, and a unit beside it that depends on the whole stack.
fn with_stack() -> Tree {
    Tree::new(&[
        ("units/vpc/terragrunt.hcl", ""),
        ("units/app/terragrunt.hcl", &on(&["../vpc"])),
        (
            "live/shop/terragrunt.stack.hcl",
            "unit \"vpc\" {\n  source = \"../../units/vpc\"\n  path = \"vpc\"\n}\n\
             unit \"app\" {\n  source = \"../../units/app\"\n  path = \"app\"\n}\n",
        ),
        ("live/dns/terragrunt.hcl", &on(&["../shop"])),
    ])
}

#[test]
fn stacks_are_listed_beside_units_and_in_the_first_wave() {
    let tree = with_stack();
    let estate = discover(&tree, ".");
    let graph = Graph::build(&estate).unwrap();
    let list = find_text(&estate, &graph.components(&estate, false), None, FindOptions::default());
    assert_eq!(list, "live/dns\nlive/shop\nunits/vpc\nunits/app\n");
    let json = find_json(&estate, &estate.components(), tree.root(), FindOptions::default(), false);
    assert_eq!(json[1], json!({"type": "stack", "path": "live/shop"}));
}

#[test]
fn a_dependency_on_a_stack_that_is_not_generated_says_how_to_go_on() {
    let tree = with_stack();
    let estate = discover(&tree, "live");
    let errors = told(&estate.diagnostics);
    assert!(errors.contains("dependency \"../shop\" of dns does not exist"), "{errors}");
    assert!(errors.contains("run `slipway stack generate`, or ask with --expand-stacks"), "{errors}");
}

#[test]
fn what_a_stack_would_generate_is_found_with_its_dependencies() {
    let tree = with_stack();
    let reader = tree.reader("plan");
    let (expansions, warnings) = expand_stacks(tree.root(), &reader, &LocalOnly, Templates::PassedOver);
    assert!(warnings.is_empty(), "{}", told(&warnings));
    let estate = Estate::discover_expanded(&tree.path("live"), &reader, &expansions);
    assert!(!estate.has_errors(), "{}", told(&estate.diagnostics));
    let options = FindOptions { dependencies: true, ..FindOptions::default() };
    let graph = Graph::build(&estate).unwrap();
    assert_eq!(
        find_json(&estate, &graph.components(&estate, false), &tree.path("live"), options, false),
        json!([
            {"type": "stack", "path": "shop"},
            {"type": "unit", "path": "shop/.terragrunt-stack/vpc"},
            {"type": "unit", "path": "shop/.terragrunt-stack/app", "dependencies": ["shop/.terragrunt-stack/vpc"]},
            {"type": "unit", "path": "dns", "dependencies": [
                "shop/.terragrunt-stack/vpc", "shop/.terragrunt-stack/app"
            ]},
        ])
    );
    let shop = estate.stack(estate.find_stack(&tree.path("live/shop")).unwrap());
    assert_eq!(
        names(&estate, shop.units.clone()),
        ["shop/.terragrunt-stack/app", "shop/.terragrunt-stack/vpc"]
    );
    assert!(!tree.path("live/shop/.terragrunt-stack").exists());
}

#[test]
fn a_stack_that_waits_for_values_is_passed_over_and_told() {
    let tree = with_stack();
    tree.write(
        "stacks/env/terragrunt.stack.hcl",
        "unit \"vpc\" {\n  source = values.source\n  path = \"vpc\"\n}\n",
    );
    let reader = tree.reader("plan");
    let (expansions, warnings) = expand_stacks(tree.root(), &reader, &LocalOnly, Templates::PassedOver);
    assert_eq!(expansions.len(), 1);
    assert!(told(&warnings).contains("is passed over: nobody hands values over"), "{}", told(&warnings));
    let (_, errors) = expand_stacks(tree.root(), &tree.reader("plan"), &LocalOnly, Templates::Refused);
    assert!(errors.iter().any(Diagnostic::is_error));
}

#[test]
fn a_folder_that_is_a_unit_and_a_stack_is_refused() {
    let tree = with_stack();
    tree.write("live/shop/terragrunt.hcl", "");
    let estate = discover(&tree, "live");
    assert!(told(&estate.diagnostics).contains("shop is a unit and a stack at once"));
}

#[test]
fn every_unit_is_rendered_in_the_order_of_paths_and_a_broken_one_stops_nobody() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  owner = upper(\"team\")\n}\ninputs = { owner = local.owner }\n"),
        ("live/a/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
        ("live/a-b/terragrunt.hcl", "inputs = { x = 1 }\n"),
        ("live/a/deep/terragrunt.hcl", "inputs = { x = nowhere( }\n"),
        ("live/z/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
    ]);
    let reader = tree.reader("render");
    let live = tree.path("live");
    let view = |unit: super::Rendered<'_>| {
        let inputs = unit.config.map(|config| crate::terragrunt::tests::inputs_of(&config));
        (unit.path.to_owned(), inputs.ok_or_else(|| told(&unit.errors)))
    };
    let once = || {
        let mut shown = Vec::new();
        let wrong = super::render_all(&live, &live, &reader, &NoOutputs, view, |units| {
            shown.extend(units);
            Ok::<(), std::convert::Infallible>(())
        });
        assert!(wrong.unwrap().is_empty());
        shown
    };
    let shown = once();
    let paths: Vec<&str> = shown.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["a", "a-b", "a/deep", "z"]);
    assert_eq!(shown[0].1, Ok(json!({"owner": "TEAM"})));
    assert_eq!(shown[1].1, Ok(json!({"x": 1})));
    assert!(shown[2].1.as_ref().unwrap_err().contains("a/deep/terragrunt.hcl:1:"), "{:?}", shown[2]);
    assert_eq!(shown[3].1, Ok(json!({"owner": "TEAM"})));
    // Two units that are read at once may both come to the local before either has it; whoever comes later does not evaluate it.
    let evaluated = reader.counts().locals;
    assert!((1..=2).contains(&evaluated), "{evaluated}");
    assert_eq!(once(), shown);
    assert_eq!(reader.counts().locals, evaluated);
}
