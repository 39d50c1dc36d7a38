//! Repositories that hold a catalogue beside the estate: what is only copied from there is told apart from what runs.

use std::path::Path;

use crate::plans::commit;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

const INCLUDE: &str = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";

/// A catalogue of two units and a stack, and an estate with a stack of it.
fn repository(handed: &str) -> Estate {
    let estate = Estate::new();
    let unit = |module: &str, rest: &str| {
        format!("{INCLUDE}terraform {{\n  source = \"${{get_repo_root()}}/modules/{module}\"\n}}\n{rest}")
    };
    estate.write(
        "modules/vpc/main.tf",
        "variable \"cidr\" {\n  type = string\n}\noutput \"id\" {\n  value = var.cidr\n}\n",
    );
    estate.write("modules/app/main.tf", "variable \"vpc\" {\n  type = string\n}\n");
    estate.write("catalog/units/vpc/terragrunt.hcl", &unit("vpc", "inputs = {\n  cidr = values.cidr\n}\n"));
    let app = "dependency \"vpc\" {\n  config_path = values.vpc\n  mock_outputs = { id = \"mock\" }\n}\ninputs = {\n  vpc = dependency.vpc.outputs.id\n}\n";
    estate.write("catalog/units/app/terragrunt.hcl", &unit("app", app));
    estate.write(
        "catalog/stacks/env/terragrunt.stack.hcl",
        &format!(
            "unit \"vpc\" {{\n  source = \"{handed}/units/vpc\"\n  path   = \"vpc\"\n  values = {{ cidr = values.cidr }}\n}}\n\
             unit \"app\" {{\n  source = \"{handed}/units/app\"\n  path   = \"app\"\n  values = {{ vpc = \"../vpc\" }}\n}}\n"
        ),
    );
    estate.write("live/root.hcl", "");
    estate.write(
        "live/dev/terragrunt.stack.hcl",
        "stack \"env\" {\n  source = \"${get_repo_root()}/catalog/stacks/env\"\n  path   = \"env\"\n  values = { cidr = \"10.0.0.0/16\" }\n}\n",
    );
    commit(&estate);
    estate
}

fn slipway(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(arguments)
}

const HERE: &str = "${get_repo_root()}/catalog";

#[test]
fn what_a_stack_takes_its_files_from_is_a_template_and_no_error() {
    let estate = repository(HERE);
    let found = slipway(&estate, &["find", "--relative"]).exits(0);
    assert_eq!(
        found.stdout, "catalog/stacks/env\ncatalog/units/app\ncatalog/units/vpc\nlive/dev\n",
        "what Terragrunt lists"
    );
    let found = found
        .says("warning[estate::template]: 2 units are templates of stacks, and nothing is done with them: ");
    found.says("../catalog/units/app, ../catalog/units/vpc");
    // Its copies are held against their module, it is not.
    let checked = slipway(&estate, &["validate"]).exits(0);
    assert!(checked.stdout.starts_with("2 units, 0 errors"), "{}", checked.stdout);
}

#[test]
fn a_run_does_the_copies_and_leaves_templates_alone() {
    let estate = repository(HERE);
    let planned =
        slipway(&estate, &["plan"]).exits(0).says("passed over: nobody hands values over to this stack");
    let units: Vec<&str> = planned.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let copies = "dev/.terragrunt-stack/env/.terragrunt-stack";
    assert_eq!(units, ["add", &format!("{copies}/vpc"), &format!("{copies}/app"), "total"]);
}

#[test]
fn a_mistake_in_the_language_stays_one_in_a_template() {
    let estate = repository(HERE);
    estate.write("catalog/units/vpc/terragrunt.hcl", "inputs = {\n  cidr = values.cidr\n");
    slipway(&estate, &["find"]).exits(3).says("error[hcl::syntax]");
}

#[test]
fn a_unit_that_is_whole_is_no_template_whoever_copies_it() {
    let estate = repository(HERE);
    estate.write("live/vpc/terragrunt.hcl", "inputs = {\n  team = local.taem\n}\nlocals {\n  a = 1\n}\n");
    estate.write(
        "live/copy/terragrunt.stack.hcl",
        "unit \"vpc\" {\n  source = \"../vpc\"\n  path   = \"vpc\"\n}\n",
    );
    let checked = slipway(&estate, &["validate", "live"]).exits(3);
    checked.says("there is no local.taem").says("live/vpc");
}

#[test]
fn a_catalogue_that_no_stack_here_uses_is_an_error_with_a_way_out_that_works() {
    let estate = repository("git::https://git.example.com/catalog.git/");
    estate.write("templates/a/terragrunt.hcl", INCLUDE);
    estate.write("templates/b/terragrunt.hcl", INCLUDE);
    let found = slipway(&estate, &["find"]).exits(3).says("warning[estate::catalogue]");
    assert_eq!(found.stderr.matches("estate::catalogue").count(), 1, "{}", found.stderr);
    found.says("estate { exclude = [\"catalog\", \"templates\"] }");
    estate.write("slipway.hcl", "estate {\n  exclude = [\"catalog\", \"templates\"]\n}\n");
    let found = slipway(&estate, &["find"]).exits(0);
    assert_eq!((found.stdout.as_str(), found.stderr.as_str()), ("live/dev\n", ""));
    // Whoever names the folder means it.
    let named = slipway(&estate, &["find", "templates"]).exits(3);
    assert_eq!(named.stdout, "templates/a\ntemplates/b\n");
}

#[test]
fn one_unit_that_misses_its_parent_among_sound_ones_is_a_mistake_and_no_template() {
    let estate = Estate::new();
    estate.write("live/a/terragrunt.hcl", &INCLUDE.replace("root.hcl", "roots.hcl"));
    estate.write("live/b/terragrunt.hcl", "");
    let found = Slipway::new(estate.path(), Path::new("tofu")).run(&["find", "live"]).exits(3);
    assert!(!found.stderr.contains("estate::catalogue"), "{}", found.stderr);
}

#[test]
fn what_is_left_out_is_nobodys_unit_but_can_be_depended_on() {
    let estate = Estate::new();
    estate.write(
        "slipway.hcl",
        "estate {\n  root    = \"live\"\n  exclude = [\"**/examples\", \"old/*\"]\n}\n",
    );
    estate.write("live/a/terragrunt.hcl", "dependencies {\n  paths = [\"../old/vpc\"]\n}\n");
    estate.write("live/a/examples/b/terragrunt.hcl", "include \"root\" {\n");
    estate.write("live/old/vpc/terragrunt.hcl", "");
    estate.write("live/old/dns/terragrunt.hcl", "nonsense");
    commit(&estate);
    let found = slipway(&estate, &["find"]).exits(0);
    assert_eq!(found.stdout, "a\n");
    let found = slipway(&estate, &["find", "--external"]).exits(0);
    assert_eq!(found.stdout, "a\nold/vpc\n");
    // So it is in the commits of the past.
    estate.write("live/a/terragrunt.hcl", "dependencies {\n  paths = [\"../old/vpc\"]\n}\n# changed\n");
    estate.write("live/a/examples/b/terragrunt.hcl", "include \"root\" {\n# changed\n");
    commit(&estate);
    let found = slipway(&estate, &["find", "--filter", "[HEAD~1...HEAD]"]).exits(0);
    assert_eq!(found.stdout, "a\n", "{}", found.stderr);
    let rendered = slipway(&estate, &["render", "--all", "--format", "json"]).exits(0);
    assert_eq!(rendered.stdout.lines().count(), 1, "{}", rendered.stdout);
}

#[test]
fn a_pattern_that_names_no_folder_is_refused_with_its_place() {
    let estate = Estate::new();
    estate.write("live/a/terragrunt.hcl", "");
    for (pattern, said) in [("../x", "names no folder"), ("", "names no folder"), ("a[", "is no pattern")] {
        estate.write("slipway.hcl", &format!("estate {{\n  exclude = [\"{pattern}\"]\n}}\n"));
        slipway(&estate, &["find"]).exits(3).says("project::exclude").says("slipway.hcl:2:13").says(said);
    }
}
