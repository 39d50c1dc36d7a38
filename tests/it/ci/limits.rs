//! What platforms take of a pipeline, held by the files that are made for an estate of three thousand units.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{ci, lint, workflow};
use crate::support::estate::Estate;

const UNITS: usize = 3000;

/// Three accounts of a thousand units, in chains of ten.
fn large(settings: &str) -> Estate {
    let estate = Estate::new();
    estate.write("live/root.hcl", "");
    estate.write("slipway.hcl", &format!("estate {{\n  root = \"live\"\n}}\n{settings}"));
    for unit in 0..UNITS {
        let before = match unit / 3 % 10 {
            0 => String::new(),
            _ => format!("dependencies {{\n  paths = [\"../unit-{}\"]\n}}\n", unit - 3),
        };
        estate.write(
            &format!("live/account-{}/unit-{unit}/terragrunt.hcl", unit % 3),
            &format!("include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n{before}"),
        );
    }
    estate
}

fn matrix(estate: &Estate, arguments: &[&str]) -> Vec<serde_json::Value> {
    let ended = ci(estate, &[&["shards"], arguments].concat()).exits(0);
    // GitHub counts the text as UTF-16.
    let counted = ended.stdout.encode_utf16().count() * 2;
    assert!(counted <= 1 << 20, "{counted} bytes of an output");
    assert_eq!(ended.stdout.lines().count(), 1, "an output is one line");
    ended.json()["include"].as_array().unwrap().clone()
}

/// The queries of a job.
fn queries(job: &serde_json::Value) -> Vec<&str> {
    job["filter"].as_str().unwrap().lines().collect()
}

/// Each unit is in one job, and comes after what it depends on.
fn assert_whole(jobs: &[serde_json::Value]) {
    let mut place_of = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (place, job) in jobs.iter().enumerate() {
        let name = (job["environment"].as_str().unwrap(), job["shard"].as_str().unwrap());
        assert!(names.insert(name), "{name:?} is there twice");
        assert!(job["filter"].as_str().unwrap().len() < 128 * 1024, "a variable is no longer");
        for query in queries(job) {
            let unit = query.rsplit('-').next().unwrap().trim_end_matches('}').parse::<usize>().unwrap();
            assert!(place_of.insert(unit, place).is_none(), "{query} is there twice");
        }
    }
    assert_eq!(place_of.len(), UNITS);
    for (unit, place) in &place_of {
        if unit / 3 % 10 > 0 {
            assert!(place_of[&(unit - 3)] <= *place, "unit {unit} comes before what it depends on");
        }
    }
}

#[test]
fn three_thousand_units_are_inside_of_every_limit() {
    let estate = large("");
    let began = Instant::now();
    ci(&estate, &["github"]).exits(0).says("3000 units in account-0, account-1, account-2");
    let took = began.elapsed();
    // The program is not optimized here: in a release it takes a fraction of it.
    assert!(took < Duration::from_secs(20), "{took:?}");
    lint(estate.path());
    let file = std::fs::read(estate.path().join(".github/workflows/infrastructure.yml")).unwrap();
    assert!(file.len() < 512 * 1000, "{} bytes", file.len());
    let workflow = workflow(&estate);
    assert_eq!(
        workflow["jobs"]["plan"]["strategy"]["matrix"],
        "${{ fromJSON(needs.prepare.outputs.matrix) }}"
    );
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let needs = job["needs"].as_array().map_or(usize::from(job["needs"].is_string()), Vec::len);
        assert!(needs <= 50, "{name} needs {needs}");
    }
    let jobs = matrix(&estate, &[]);
    assert_eq!(jobs.len(), 60, "fifty units a job");
    assert_whole(&jobs);
}

#[test]
fn gitlab_takes_a_pipeline_of_three_thousand_units_and_that_of_its_plans() {
    let estate = large("ci {\n  units_per_job = 2\n}\n");
    ci(&estate, &["gitlab"]).exits(0);
    let main = std::fs::read_to_string(estate.path().join(".gitlab-ci.yml")).unwrap();
    let plans = ci(&estate, &["shards", "--for", "gitlab"]).exits(0).stdout;
    for text in [&main, &plans] {
        assert!(text.len() <= 1 << 20, "{} bytes", text.len());
        let pipeline = crate::documented::pipelines::yaml(text);
        for (name, job) in pipeline.as_object().unwrap() {
            assert!(job["needs"].as_array().map_or(0, Vec::len) <= 50, "{name}");
        }
    }
    let plans = crate::documented::pipelines::yaml(&plans);
    let jobs: Vec<_> =
        plans.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("plans-")).collect();
    assert!((150..=200).contains(&jobs.len()), "{} jobs", jobs.len());
    let filters = jobs.iter().map(|(_, job)| job["script"][2].as_str().unwrap());
    let units: usize = filters.map(|script| script.matches("{./live/").count()).sum();
    assert_eq!(units, UNITS);
}

#[test]
fn argo_workflows_takes_the_templates_of_three_thousand_units_and_the_list_of_its_plans() {
    let estate = large("ci {\n  units_per_job = 2\n}\n");
    ci(&estate, &["argo-workflows"]).exits(0);
    let text = std::fs::read_to_string(estate.path().join("argo-workflows.yaml")).unwrap();
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    let mut jobs = Vec::new();
    for environment in ["account-0", "account-1", "account-2"] {
        let shards = ["shards", "--for", "argo-workflows", "--environment", environment];
        let list = ci(&estate, &shards).exits(0);
        assert!(list.stdout.len() <= 256 * 1024, "{} bytes of a parameter", list.stdout.len());
        jobs.extend(list.json().as_array().unwrap().clone());
    }
    assert!((200..=600).contains(&jobs.len()), "{} jobs", jobs.len());
    assert_whole(&jobs);
    ci(&estate, &["shards", "--environment", "nobody"])
        .exits(64)
        .says("there are account-0, account-1, account-2");
}

#[test]
fn where_a_platform_takes_no_more_jobs_they_get_longer() {
    let estate = large("ci {\n  units_per_job = 2\n}\n");
    let jobs = matrix(&estate, &[]);
    assert!((200..=256).contains(&jobs.len()), "{} jobs", jobs.len());
    assert_whole(&jobs);
}

#[test]
fn jobs_take_as_long_as_each_other_by_what_is_known() {
    let estate = large("");
    // A tenth of the units takes a minute, the others a second: by their numbers some jobs would take ten times as long.
    let slow = |unit: usize| unit.is_multiple_of(3) && unit / 3 < 100;
    let seconds: BTreeMap<String, f64> = (0..UNITS)
        .map(|unit| (format!("account-{}/unit-{unit}", unit % 3), if slow(unit) { 60.0 } else { 1.0 }))
        .collect();
    estate.write("seconds.json", &serde_json::to_string(&seconds).unwrap());
    let jobs = matrix(&estate, &["--durations", "seconds.json"]);
    assert_whole(&jobs);
    let took: Vec<f64> = jobs
        .iter()
        .filter(|job| job["environment"] == "account-0")
        .map(|job| {
            let names = queries(job).into_iter().map(|query| query.trim_matches(['{', '}']));
            names.map(|name| seconds[name.trim_start_matches("./live/")]).sum()
        })
        .collect();
    let (all, longest) = (took.iter().sum::<f64>(), took.iter().copied().fold(0.0, f64::max));
    let share = all / 20.0;
    assert!(longest <= share + 60.0, "{longest} s where {share} s are a share: {took:?}");
}
