//! How long units took: written by jobs, kept from one run to the next, and what jobs are cut by.

use serde_json::{Value, json};

use super::ci;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// One environment of these units, two a job.
fn estate(units: &[&str]) -> Estate {
    let estate = Estate::new();
    estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\nci {\n  units_per_job = 2\n}\n");
    for unit in units {
        estate.unit(&format!("dev/{unit}"), &[]);
    }
    estate
}

/// The units of each job, by their folders.
fn jobs(estate: &Estate, arguments: &[&str]) -> (Vec<Vec<String>>, String) {
    let ended = ci(estate, &[&["shards"], arguments].concat()).exits(0);
    let names = |job: &Value| {
        let queries = job["filter"].as_str().unwrap().lines();
        queries.map(|query| query.trim_matches(['{', '}']).replace("./live/dev/", "")).collect()
    };
    (ended.json()["include"].as_array().unwrap().iter().map(names).collect(), ended.stderr.clone())
}

fn read(estate: &Estate, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(estate.path().join(file)).unwrap()).unwrap()
}

#[test]
fn a_run_writes_how_long_its_units_took_and_the_next_jobs_are_cut_by_that() {
    let estate = estate(&["a", "b", "c", "d"]);
    estate.change(
        "dev/a",
        "terraform {\n",
        "terraform {\n  before_hook \"wait\" {\n    commands = [\"plan\"]\n    execute  = [\"sleep\", \"4\"]\n  }\n",
    );
    estate.change("dev/d", "value = \"dev/d\"", "value = nothing.of.it");
    let plan = Slipway::new(estate.path(), &tool("tofu"));
    plan.run(&["plan", "--report-durations", "took/new.json"]).exits(1);
    let told = read(&estate, "took/new.json");
    assert!(told["dev/a"].as_f64().unwrap() >= 4.0, "{told}");
    assert!(told["dev/b"].as_f64().unwrap() < 4.0, "{told}");
    assert_eq!(told.as_object().unwrap().len(), 3, "what failed is not known: {told}");
    // A fresh runner knows nothing, and then what it is handed.
    std::fs::remove_dir_all(estate.path().join(".slipway")).unwrap();
    estate.change("dev/d", "value = nothing.of.it", "value = \"dev/d\"");
    assert_eq!(jobs(&estate, &[]).0, [["a", "b"], ["c", "d"]]);
    let balanced: [&[&str]; 2] = [&["a"], &["b", "c", "d"]];
    assert_eq!(jobs(&estate, &["--durations", "took"]).0, balanced);
    assert_eq!(jobs(&estate, &["--durations", "took/new.json"]).0, balanced);
}

#[test]
fn what_jobs_have_measured_is_brought_together_with_what_is_known() {
    let estate = estate(&["a", "b", "c"]);
    estate.write("kept.json", r#"{"dev/a": 9, "dev/b": 9, "dev/gone": 2}"#);
    estate.write("reports/dev-000/durations.json", r#"{"dev/a": 1.25}"#);
    estate.write("reports/dev-000/plan.md", "# Not of interest");
    estate.write(
        "reports/dev-001/durations.json",
        r#"{"dev/c": 3, "dev/ö \"q\"\n": 4, "dev/x": "soon", "dev/y": -1}"#,
    );
    estate.write("reports/dev-002/durations.json", "{\"dev/b\": ");
    let ended = ci(&estate, &["durations", "kept.json", "reports"]).exits(0);
    for told in [
        "dev-001: entries that are no seconds are left out: 2",
        "dev-002 says nothing of durations",
        "3 units were measured; kept.json knows 5",
    ] {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    let expected = json!({"dev/a": 1.25, "dev/b": 9.0, "dev/c": 3.0, "dev/gone": 2.0, "dev/ö \"q\"\n": 4.0});
    assert_eq!(read(&estate, "kept.json"), expected);
    // One that is broken is begun anew, and a new one is made.
    estate.write("kept.json", "not JSON");
    ci(&estate, &["durations", "kept.json", "reports"]).exits(0).says("kept.json says nothing of durations");
    assert_eq!(read(&estate, "kept.json").as_object().unwrap().len(), 3);
    ci(&estate, &["durations", "new/kept.json", "reports"]).exits(0);
    assert_eq!(read(&estate, "new/kept.json"), read(&estate, "kept.json"));
    ci(&estate, &["durations", "kept.json"]).exits(64).says("this is no job of a pipeline");
    ci(&estate, &["durations", "kept.json", "nowhere"]).exits(64).says("there is no report nowhere");
}

#[test]
fn what_is_no_time_is_told_and_changes_no_job() {
    let estate = estate(&["a", "b", "c", "d"]);
    let even = [["a", "b"], ["c", "d"]];
    ci(&estate, &["shards", "--durations", "nowhere"]).exits(64).says("there is no nowhere");
    std::fs::create_dir(estate.path().join("empty")).unwrap();
    assert_eq!(jobs(&estate, &["--durations", "empty"]).0, even);
    for (text, told) in [
        ("", "says nothing of durations"),
        ("[1, 2]", "says nothing of durations"),
        ("{\"dev/a\": NaN}", "says nothing of durations"),
        ("{\"dev/a\": 1e999}", "are left out: 1"),
        ("{\"dev/a\": -5, \"dev/b\": \"9\", \"dev/c\": null}", "entries that are no seconds are left out: 3"),
    ] {
        estate.write("seconds.json", text);
        let (found, said) = jobs(&estate, &["--durations", "seconds.json"]);
        assert_eq!(found, even, "{text}");
        assert!(said.contains(told), "{text}: {said}");
    }
    std::fs::write(estate.path().join("seconds.json"), b"{\"\xff\": 1}").unwrap();
    assert!(jobs(&estate, &["--durations", "seconds.json"]).1.contains("not UTF-8"));
    // However long, every unit is in one job; and units that are gone are not the middle one of those that are there.
    for text in [
        r#"{"dev/a": 1e300, "dev/b": 1e300, "dev/c": 1e300, "dev/d": 1e300}"#,
        r#"{"dev/a": 0, "dev/b": 0, "dev/c": 0, "dev/d": 0}"#,
        r#"{"gone/1": 900, "gone/2": 900, "gone/3": 900, "dev/a": 1, "dev/b": 1}"#,
    ] {
        estate.write("seconds.json", text);
        let found = jobs(&estate, &["--durations", "seconds.json"]).0;
        assert_eq!(found.concat(), ["a", "b", "c", "d"], "{text}");
        if text.contains("gone") {
            assert_eq!(found, even, "{text}");
        }
    }
    // Of several the last has its way.
    estate.write("one.json", r#"{"dev/a": 1, "dev/b": 1, "dev/c": 1, "dev/d": 1}"#);
    estate.write("two.json", r#"{"dev/d": 90}"#);
    let (found, _) = jobs(&estate, &["--durations", "one.json", "--durations", "two.json"]);
    assert_eq!(found, vec![vec!["a", "b", "c"], vec!["d"]]);
}
