//! Stacks of a catalogue that names its own folders.

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// A catalogue of a stack, a unit and a module, each naming the next by its place in the catalogue.
fn catalogue(source: &str) -> Estate {
    let estate = Estate::new();
    estate.unit("elsewhere", &[]);
    estate.write(
        "catalog/stacks/env/terragrunt.stack.hcl",
        "unit \"text\" {\n  source = \"../../units/text\"\n  update_source_with_cas = true\n  path = \"text\"\n  \
         values = values\n}\n",
    );
    estate.write(
        "catalog/units/text/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\
         terraform {\n  source = \"../..//modules/text\"\n  update_source_with_cas = true\n}\n\
         inputs = { value = values.text }\n",
    );
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    estate.write("catalog/modules/text/main.tf", &module);
    let stack = format!(
        "stack \"env\" {{\n  source = \"{source}\"\n  path = \"env\"\n  values = {{ text = \"from the catalogue\" }}\n}}\n"
    );
    estate.write("live/shop/terragrunt.stack.hcl", &stack);
    estate
}

#[test]
fn a_unit_of_a_catalogue_is_applied_with_the_module_that_lies_beside_it() {
    for tool in terraforms() {
        let estate = catalogue("../../catalog//stacks/env");
        let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool).run(arguments);
        run(&["apply", "shop", "--yes"]).exits(0).says("applied");
        let unit = "shop/.terragrunt-stack/env/.terragrunt-stack/text";
        assert_eq!(estate.applied(unit).as_deref(), Some("from the catalogue"));
        // The folder that is copied is as whole as before, and nothing is left to write.
        let again = run(&["stack", "generate", "shop"]);
        again.exits(0).says("0 files written, 0 removed");
    }
    let estate = catalogue("../../catalog/stacks/env");
    Slipway::new(estate.path(), std::path::Path::new("tofu"))
        .run(&["plan", "shop"])
        .exits(3)
        .says("../catalog//stacks/shop");
}
