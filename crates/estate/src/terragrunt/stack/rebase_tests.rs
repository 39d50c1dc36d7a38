//! Sources that count from a file's own place in its catalogue.

use std::path::PathBuf;

use super::tests::folders;
use super::{Expansion, Fetch, LocalOnly, SourceError, expand, generate};
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::tests::{Tree, told};
use slipway_hcl::diagnostic::Diagnostic;

/// A catalogue with a stack of two units, each with a module of the catalogue.
fn tree(source: &str) -> Tree {
    Tree::new(&[
        (
            "live/terragrunt.stack.hcl",
            &format!(
                "stack \"dev\" {{\n  source = \"{source}\"\n  path = \"dev\"\n  values = {{ n = \"x\" }}\n}}\n"
            ),
        ),
        (
            "catalog/stacks/env/terragrunt.stack.hcl",
            "unit \"app\" {\n  source = \"../../units/app\" # here\n  update_source_with_cas = true\n  path = \"app\"\n  \
             values = { name = values.n }\n}\nunit \"db\" {\n  source = \"../..//units/db\"\n  \
             update_source_with_cas = true\n  path = \"db\"\n}\n",
        ),
        (
            "catalog/units/app/terragrunt.hcl",
            "terraform {\n  source = \"../..//modules/foo\"\n  update_source_with_cas = true\n}\n\
             inputs = { name = values.name }\n",
        ),
        (
            "catalog/units/db/terragrunt.hcl",
            "terraform {\n  # beside\n  source                 = \"../../modules/bar\"\n  update_source_with_cas = true\n}\n",
        ),
        ("catalog/modules/foo/main.tf", ""),
        ("catalog/modules/bar/main.tf", ""),
    ])
}

fn follow(tree: &Tree, fetch: &dyn Fetch) -> (Reader, Result<Expansion, Vec<Diagnostic>>) {
    let reader = tree.reader("plan");
    let expansion = expand(&reader, &tree.path("live/terragrunt.stack.hcl"), fetch);
    (reader, expansion)
}

fn sound(tree: &Tree, fetch: &dyn Fetch) -> (Reader, Expansion) {
    let (reader, expansion) = follow(tree, fetch);
    (reader, expansion.unwrap_or_else(|errors| panic!("{}", told(&errors))))
}

const DEV: &str = "live/.terragrunt-stack/dev";

#[test]
fn what_a_catalogue_names_of_its_own_is_found_from_every_copy() {
    let tree = tree("../catalog//stacks/env");
    let (reader, expansion) = sound(&tree, &LocalOnly);
    let units = ["app", "db"].map(|unit| format!("{DEV}/.terragrunt-stack/{unit}"));
    assert_eq!(folders(&tree, &expansion), [&[DEV.to_owned()], &units[..]].concat());
    let modules = units.iter().map(|unit| {
        let (outline, errors) = reader.outline(&tree.path(&format!("{unit}/terragrunt.hcl")));
        assert!(errors.is_empty(), "{}", told(&errors));
        outline.module_dir().unwrap()
    });
    let expected = [tree.path("catalog/modules/foo"), tree.path("catalog/modules/bar")];
    assert_eq!(modules.collect::<Vec<PathBuf>>(), expected);

    generate(&expansion, &tree.path("live")).unwrap();
    let read = |path: &str| std::fs::read_to_string(tree.path(path)).unwrap();
    let app = "terraform {\n  source = \"../../../../../catalog//modules/foo\"\n  update_source_with_cas = true\n}\n\
               inputs = { name = values.name }\n";
    assert_eq!(read(&format!("{}/terragrunt.hcl", units[0])), app);
    let db = "terraform {\n  # beside\n  source                 = \"../../../../../catalog/modules/bar\"\n  \
              update_source_with_cas = true\n}\n";
    assert_eq!(read(&format!("{}/terragrunt.hcl", units[1])), db);
    let stack = read(&format!("{DEV}/terragrunt.stack.hcl"));
    assert!(stack.contains("source = \"../../../catalog//units/app\" # here\n"), "{stack}");
    assert!(stack.contains("source = \"../../../catalog//units/db\"\n"), "{stack}");
    // What was generated is read by itself as it is read from above.
    let unit = Reader::new(tree.options("plan"))
        .evaluate(&tree.path(&format!("{}/terragrunt.hcl", units[0])), &NoOutputs);
    assert_eq!(unit.unwrap().inputs["name"].as_str(), Some("x"));
}

/// The catalogue as if it had been fetched.
struct Catalogue(PathBuf);

impl Fetch for Catalogue {
    fn fetch(&self, source: &str) -> Result<PathBuf, SourceError> {
        let (_, part) = super::source::split(source);
        Ok(self.0.join(part.split('?').next().unwrap()))
    }
}

#[test]
fn of_a_catalogue_that_was_fetched_the_same_address_is_written() {
    let git = "git::https://git.example.com/catalog.git";
    let tree = tree(&format!("{git}//stacks/env?ref=v3"));
    let (_, expansion) = sound(&tree, &Catalogue(tree.path("catalog")));
    let texts: Vec<&str> = expansion
        .generated
        .iter()
        .flat_map(|generated| generated.written.iter().filter(|(name, _)| !name.contains("values")))
        .flat_map(|(_, text)| text.lines().filter(|line| line.contains("source ") && line.contains('"')))
        .map(|line| line.split('"').nth(1).unwrap())
        .collect();
    let expected =
        ["units/app", "units/db", "modules/foo", "modules/bar"].map(|part| format!("{git}//{part}?ref=v3"));
    assert_eq!(texts, expected);
    assert_eq!(expansion.generated[1].source, tree.path("catalog/units/app"));
}

#[test]
fn a_secret_of_the_address_is_in_no_generated_file() {
    let tree = tree("git::https://me:correct-horse@git.example.com/catalog.git//stacks/env?ref=v3");
    let (_, expansion) = sound(&tree, &Catalogue(tree.path("catalog")));
    for text in expansion.generated.iter().flat_map(|generated| generated.written.values()) {
        assert!(!text.contains("correct-horse"), "{text}");
    }
    let stack = &expansion.generated[0].written["terragrunt.stack.hcl"];
    assert!(stack.contains(&format!("\"{}//units/app\"", tree.path("catalog").display())), "{stack}");
}

#[test]
fn sources_that_leave_their_catalogue_or_cannot_be_read_as_text_are_refused() {
    let refused = |source: &str, file: &str, from: &str, to: &str, expected: &str| {
        let tree = tree(source);
        let text = std::fs::read_to_string(tree.path(file)).unwrap();
        assert!(text.contains(from), "{text}");
        tree.write(file, &text.replace(from, to));
        let errors = told(&follow(&tree, &LocalOnly).1.unwrap_err());
        assert!(errors.contains(expected), "{expected:?} is not in:\n{errors}");
        assert!(errors.contains("update_source_with_cas"), "{errors}");
    };
    let (whole, stack) = ("../catalog//stacks/env", "catalog/stacks/env/terragrunt.stack.hcl");
    let unit = "catalog/units/app/terragrunt.hcl";
    refused("../catalog/stacks/env", stack, "# here", "", "the source ../../units/app leaves");
    refused(whole, stack, "\"../../units/app\"", "\"../../../live\"", "the source ../../../live leaves");
    refused(whole, stack, "\"../../units/app\"", "\"/etc\"", "the source /etc is no relative path");
    refused(whole, stack, "\"../../units/app\"", "\"git::https://x/y\"", "is no relative path");
    refused(
        whole,
        stack,
        "\"../../units/app\"",
        "\"../../units/${values.n}\"",
        "the source is no plain string",
    );
    refused(whole, stack, "\"../../units/app\"", "\"../../units/none\"", "there is no folder");
    refused(whole, unit, "//modules/foo", "//../../live", "leaves");
    refused(whole, unit, "//modules/foo", "//modules/none", "there is no folder modules/none");
}

#[test]
fn what_is_not_asked_for_stays_as_it_is_and_caches_are_left_behind() {
    let tree = tree("../catalog//stacks/env");
    tree.write("catalog/units/plain/terragrunt.hcl", "terraform {\n  source = \"../../modules/foo\"\n}\n");
    tree.write("catalog/units/plain/.terraform/providers/x", "");
    tree.write("catalog/units/plain/.terragrunt-cache/x", "");
    tree.write("catalog/units/plain/.terraform.lock.hcl", "# locked\n");
    tree.write(
        "live/terragrunt.stack.hcl",
        "unit \"plain\" {\n  source = \"../catalog/units/plain\"\n  update_source_with_cas = true\n  path = \"plain\"\n}\n",
    );
    let (_, expansion) = sound(&tree, &LocalOnly);
    generate(&expansion, &tree.path("live")).unwrap();
    let dir = tree.path("live/.terragrunt-stack/plain");
    let text = std::fs::read_to_string(dir.join("terragrunt.hcl")).unwrap();
    assert_eq!(text, "terraform {\n  source = \"../../modules/foo\"\n}\n");
    assert!(dir.join(".terraform.lock.hcl").is_file());
    assert!(!dir.join(".terraform").exists() && !dir.join(".terragrunt-cache").exists());
}
