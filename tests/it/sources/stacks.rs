//! Stacks whose units come from a repository.

use std::path::Path;

use super::{Modules, trees};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;

#[test]
fn a_stack_takes_its_units_from_a_repository_at_a_tag() {
    let catalogue = Modules::new();
    catalogue.write("units/vpc/terragrunt.hcl", "inputs = { cidr = values.cidr }\n");
    catalogue.commit("units");
    catalogue.git(&["tag", "units-1"]);
    catalogue.write("units/vpc/terragrunt.hcl", "inputs = { cidr = \"of a later commit\" }\n");
    catalogue.commit("later");

    let estate = Estate::new();
    let source = format!("git::file://{}//units/vpc?ref=units-1", catalogue.path().display());
    estate.write(
        "live/shop/terragrunt.stack.hcl",
        &format!(
            "unit \"vpc\" {{\n  source = \"{source}\"\n  path   = \"vpc\"\n  values = {{ cidr = \"10.1.0.0/16\" }}\n}}\n"
        ),
    );
    let run = |arguments: &[&str]| Slipway::new(estate.path(), Path::new("tofu")).run(arguments);

    let unit = "live/shop/.terragrunt-stack/vpc";
    run(&["find", "live", "--expand-stacks"]).exits(0).says("shop/.terragrunt-stack/vpc");
    assert!(!estate.path().join(unit).exists());
    run(&["stack", "generate", "live"]).exits(0).says("1 stacks, 1 units");
    let render = run(&["render", unit, "--format", "json"]).exits(0).json();
    assert_eq!(render["inputs"]["cidr"], "10.1.0.0/16");
    assert_eq!(trees(&estate).len(), 1);

    // What is generated can be written to, unlike what is kept in the cache.
    let file = estate.path().join(unit).join("terragrunt.hcl");
    std::fs::write(&file, "inputs = {}\n").unwrap();
    run(&["stack", "generate", "live"]).exits(0).says("1 files written");
    assert!(std::fs::read_to_string(file).unwrap().contains("values.cidr"));
}
