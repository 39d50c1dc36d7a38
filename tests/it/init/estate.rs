//! The infrastructure repository, held against Terraform, OpenTofu, Terragrunt, actionlint and an emulated AWS.

use std::path::Path;

use serde_json::Value;

use super::{assert_tidy, commit, for_the_provider_of_the_bed, init, lint, must, paths, read};
use crate::documented::pipelines::yaml;
use crate::support::bed::Bed;
use crate::support::skipped::{NO_TERRAGRUNT, partly_skipped};
use crate::support::slipway::Slipway;
use crate::support::{terraforms, terragrunt, tool};

const MANIFESTS: &[&str] = &["--manifests-repo", "https://git.example.com/manifests.git"];

/// One in a folder of its own, as a repository.
fn begun(arguments: &[&str]) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let all = [&["estate", "--organization", "acme", "--format", "json"], arguments].concat();
    let answer = init(folder.path(), &all).exits(0).json();
    commit(folder.path());
    (folder, paths(&answer, "written"))
}

fn slipway(folder: &Path) -> Slipway {
    Slipway::new(folder, &tool("tofu"))
}

/// Every combination that changes what a file says.
fn variants() -> Vec<Vec<&'static str>> {
    let regions = vec!["--region", "eu-west-1,eu-central-1"];
    let one = vec!["--env", "dev", "--ci", "gitlab"];
    let emulator = vec!["--emulator", "--account", "111111111111", "--ci", "none"];
    let argocd = [MANIFESTS, &["--account", "dev=111111111111", "--slipway", "acme/slipway@v9"]].concat();
    vec![vec![], regions, one, [MANIFESTS, &["--ci", "gitlab"]].concat(), emulator, argocd]
}

#[test]
fn every_unit_is_valid_and_formatted_in_every_variant() {
    for arguments in variants() {
        let (folder, written) = begun(&arguments);
        assert_tidy(folder.path(), &written.iter().map(String::as_str).collect::<Vec<_>>());
        let found = slipway(folder.path()).run(&["find", "--json"]).exits(0).json();
        let regions = if arguments.contains(&"--region") { 2 } else { 1 };
        let environments = if arguments.contains(&"--env") { 1 } else { 2 };
        assert_eq!(found.as_array().unwrap().len(), 2 * regions * environments, "{arguments:?}");
        slipway(folder.path()).run(&["validate", "--strict"]).exits(0);
        slipway(folder.path()).run(&["validate", "--untrusted"]).exits(0);
        for tool in terraforms() {
            must(folder.path(), &tool, &["fmt", "-check", "-diff", "-recursive", "infra"]);
        }
        match (arguments.contains(&"gitlab"), arguments.contains(&"none")) {
            (false, false) => {
                if !arguments.contains(&"--slipway") {
                    lint(folder.path());
                }
            }
            (is_gitlab, _) => assert_eq!(folder.path().join(".gitlab-ci.yml").exists(), is_gitlab),
        }
    }
}

#[test]
fn a_real_terragrunt_finds_the_same() {
    let Some(terragrunt) = terragrunt() else { return partly_skipped(NO_TERRAGRUNT) };
    let (folder, _) = begun(&["--region", "eu-west-1,eu-central-1"]);
    let theirs =
        must(folder.path(), &terragrunt, &["find", "--dag", "--dependencies", "--json", "--no-color"]);
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    let ours = slipway(folder.path()).run(&["find", "--dag", "--dependencies", "--json"]).exits(0).json();
    assert_eq!(ours, theirs);
    must(folder.path(), &terragrunt, &["hcl", "validate", "--no-color"]);
    must(folder.path(), &terragrunt, &["hcl", "fmt", "--check", "--no-color"]);
}

#[test]
fn clusters_of_several_regions_have_names_of_their_own() {
    let (folder, _) =
        begun(&["--env", "dev", "--region", "eu-west-1,eu-central-1", "--account", "111111111111"]);
    let render = |unit: &str| {
        let rendered = slipway(folder.path()).run(&["render", unit, "--format", "json"]).exits(0);
        rendered.json()
    };
    let networks = ["eu-west-1", "eu-central-1"].map(|region| render(&format!("dev/{region}/networking")));
    assert_eq!(networks[0]["inputs"]["name"], "acme-dev-eu-west-1");
    assert_eq!(networks[1]["inputs"]["name"], "acme-dev-eu-central-1");
    assert_ne!(networks[0]["inputs"]["cidr_block"], networks[1]["inputs"]["cidr_block"]);
    let state = &networks[1]["remote_state"]["config"];
    assert_eq!(state["bucket"], "acme-tfstate-111111111111-eu-central-1");
    assert_eq!(state["use_lockfile"], true);
    let project = read(folder.path(), "slipway.hcl");
    for label in ["dev-eu-west-1", "dev-eu-central-1"] {
        assert!(project.contains(&format!("cluster \"{label}\" {{")), "{project}");
    }
}

/// Where people live nothing goes by mistake, and a zone may go.
#[test]
fn production_is_protected() {
    let (folder, _) = begun(&[]);
    for (environment, protected) in [("dev", false), ("prod", true)] {
        for unit in ["networking", "cluster"] {
            let text = read(folder.path(), &format!("live/{environment}/eu-west-1/{unit}/terragrunt.hcl"));
            assert_eq!(text.contains("prevent_destroy = true"), protected, "{environment}/{unit}");
        }
    }
}

#[test]
fn the_pipelines_plan_and_apply_each_environment_after_the_one_before() {
    let (folder, _) = begun(&[MANIFESTS, &["--account", "111111111111"]].concat());
    let workflow = yaml(&read(folder.path(), ".github/workflows/infrastructure.yml"));
    let jobs = &workflow["jobs"];
    assert_eq!(workflow["permissions"], serde_json::json!({}));
    assert_eq!(jobs["plan"]["strategy"]["matrix"]["include"].as_array().unwrap().len(), 2);
    assert_eq!(jobs["apply-prod"]["needs"], "apply-dev");
    assert!(jobs["apply-dev"]["needs"].is_null());
    assert_eq!(jobs["apply-dev"]["steps"][3]["with"]["args"], "dev --yes");
    // A fork's code gets no credentials.
    assert_eq!(jobs["look"]["permissions"], serde_json::json!({"contents": "read"}));
    let (folder, _) = begun(&[MANIFESTS, &["--ci", "gitlab", "--account", "111111111111"]].concat());
    let pipeline = yaml(&read(folder.path(), ".gitlab-ci.yml"));
    assert_eq!(pipeline["stages"], serde_json::json!(["plan", "apply-dev", "apply-prod"]));
    assert_eq!(pipeline["apply-prod"]["resource_group"], "apply-prod");
}

#[test]
fn the_emulated_aws_plans_all_of_it_with_each_tool() {
    let bed = Bed::start(&["aws"]);
    for tool in terraforms() {
        let (folder, _) = begun(&["--emulator"]);
        for_the_provider_of_the_bed(folder.path());
        let plan = || Slipway::new(folder.path(), &tool).bed(&bed);
        let planned = plan().run(&["plan", "--backend-bootstrap", "--format", "json"]).exits(0).json();
        let nodes = planned["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 4, "{planned}");
        for node in nodes {
            assert!(node["plan"]["add"].as_u64().unwrap() > 10, "{node}");
        }
    }
}
