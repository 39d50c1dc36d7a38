//! The published schemas of what is written as JSON. Every test that has the program write some holds it against them;
//! those here have it write each at least once where nothing but a folder is needed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::estate::Estate;
use crate::support::manifests::{bare, deployment};
use crate::support::schemas::{all, closed};
use crate::support::slipway::{Ended, Slipway};
use crate::support::{root, tool};

fn slipway(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_FORMAT", "json").run(arguments)
}

#[test]
fn schemas_are_schemas_and_are_documented() {
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    for (name, schema) in all() {
        assert!(jsonschema::meta::is_valid(schema), "schemas/{name}.v1.json is no schema");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("urn:slipway:schema:{name}:v1"));
        assert!(page.contains(&format!("`schemas/{name}.v1.json`")), "docs/json.md does not lead to {name}");
    }
    let estate = Estate::new();
    let version = slipway(&estate, &["version"]).exits(0).json();
    let told = version["schemas"].as_object().unwrap();
    let told: BTreeSet<&String> =
        told.iter().filter(|(_, version)| **version == 1).map(|(name, _)| name).collect();
    assert_eq!(told, all().keys().collect());
}

#[test]
fn a_field_that_no_schema_knows_is_found_here_and_let_through_by_what_is_published() {
    let published = jsonschema::validator_for(&all()["doctor"]).unwrap();
    let finding = json!([{"what": "git", "verdict": "ok", "detail": "git version 2"}]);
    let newer = json!([{"what": "git", "verdict": "ok", "detail": "git version 2", "advice": "none"}]);
    let wrong = json!([{"what": "git", "verdict": "fine", "detail": "git version 2"}]);
    assert!(published.is_valid(&finding) && closed("doctor").is_valid(&finding));
    assert!(published.is_valid(&newer) && !closed("doctor").is_valid(&newer));
    assert!(!published.is_valid(&wrong));
}

#[test]
fn a_run_is_as_its_schema_says_however_it_ends() {
    let estate = Estate::chain();
    let applied = slipway(&estate, &["apply", "--yes", "--log-format", "json"]).exits(0).json();
    assert_eq!(applied["nodes"].as_array().unwrap().len(), 4);
    estate.unit("networking", &[]);
    let unit = estate.path().join("live/networking/terragrunt.hcl");
    let changed =
        std::fs::read_to_string(&unit).unwrap().replace("value = \"networking\"", "value = \"a\\nb\"");
    std::fs::write(&unit, changed).unwrap();
    let planned = slipway(&estate, &["plan", "--detail", "--log-format", "json"]).exits(0).json();
    assert!(planned["nodes"].to_string().contains("\"detail\""), "{planned}");
    slipway(&estate, &["runs", "show", "--detail"]).exits(0);
    slipway(&estate, &["output"]).exits(0);
    slipway(&estate, &["destroy", "--yes", "--log-format", "json"]).exits(0);
    // One fails, another one waits for it.
    let estate = Estate::chain();
    estate.write(
        "live/cluster/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\n\
         terraform {\n  source = \"${get_repo_root()}/infra//text\"\n}\n\n\
         dependency \"networking\" {\n  config_path = \"../networking\"\n}\n\n\
         inputs = {\n  value = dependency.networking.outputs.value\n  fail  = true\n}\n",
    );
    let failed = slipway(&estate, &["apply", "--yes", "--log-format", "json"]).exits(1).json();
    let results: BTreeSet<&str> =
        failed["nodes"].as_array().unwrap().iter().map(|node| node["result"].as_str().unwrap()).collect();
    assert_eq!(results, BTreeSet::from(["applied", "failed", "skipped"]));
    slipway(&estate, &["runs"]).exits(0);
}

#[test]
fn what_is_read_of_an_estate_is_as_its_schemas_say() {
    let estate = Estate::chain();
    estate.write(
        "live/broken/terragrunt.hcl",
        "dependency \"x\" {\n  config_path = \"../networkng\"\n}\ninputs = { a = }\n",
    );
    let everything = ["find", "--dag", "--dependencies", "--include", "--exclude", "--reading", "--external"];
    assert!(!slipway(&estate, &everything).exits(3).json().as_array().unwrap().is_empty());
    assert!(!slipway(&estate, &["validate"]).exits(3).json().as_array().unwrap().is_empty());
    slipway(&estate, &["validate", "--log-format", "json"]).exits(3);
    std::fs::remove_dir_all(estate.path().join("live/broken")).unwrap();
    assert!(slipway(&estate, &["graph"]).exits(0).json()["waves"].is_array());
    assert!(slipway(&estate, &["render", "cluster"]).exits(0).json()["inputs"].is_object());
    slipway(&estate, &["doctor"]).json();
}

#[test]
fn stacks_and_images_are_as_their_schemas_say() {
    let estate = Estate::new();
    estate.write("catalog/app/terragrunt.hcl", "inputs = {}\n");
    estate.write(
        "live/dev/terragrunt.stack.hcl",
        "unit \"app\" {\n  source = \"${get_repo_root()}/catalog/app\"\n  path   = \"app\"\n}\n",
    );
    let generated = slipway(&estate, &["stack", "generate"]).exits(0).json();
    assert_eq!(generated["generated"][0]["name"], "app", "{generated}");
    let cleaned = slipway(&estate, &["stack", "clean"]).exits(0).json();
    assert_eq!(cleaned["deleted"].as_array().unwrap().len(), 1);
    let files =
        [("manifests/app-a/deployment.yaml", deployment("app-a", &[("web", "registry.example/app-a:v1")]))];
    let repository = bare(estate.path(), &files);
    let repository = repository.to_str().unwrap();
    let image = |arguments: &[&str]| -> Value {
        slipway(&estate, &[&["image"], arguments, &["--repo", repository]].concat()).exits(0).json()
    };
    let listed = image(&["list"]);
    let app = listed[0]["app"].as_str().unwrap();
    image(&["set", &format!("{app}=registry.example/{app}:v99")]);
    assert_eq!(image(&["history", app])[0]["kind"], "bump");
    image(&["rollback", app]);
    assert_eq!(image(&["history", app])[0]["kind"], "rollback");
}
