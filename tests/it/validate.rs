//! `slipway validate` and `slipway render`, as people and editors call them.

use std::path::Path;

use serde_json::json;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

fn slipway(dir: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(dir, Path::new("tofu")).run(arguments)
}

fn estate() -> Estate {
    let estate = Estate::new();
    estate.write("modules/app/main.tf", "variable \"name\" {\n  type = string\n}\n");
    estate.write("live/broken.hcl", "locals {\n  team = local.taem\n}\n");
    for unit in ["a", "b"] {
        estate.write(
            &format!("live/{unit}/terragrunt.hcl"),
            "include \"broken\" {\n  path = find_in_parent_folders(\"broken.hcl\")\n}\n\
             terraform {\n  source = \"../../modules/app\"\n}\n\
             inputs = {\n  nmae   = \"x\"\n  secret = sensitive(\"s3cret\")\n}\n",
        );
    }
    estate
}

#[test]
fn validate_tells_each_mistake_once_with_the_units_it_breaks() {
    let estate = estate();
    let ended = slipway(estate.path(), &["validate"]).exits(3);
    assert_eq!(ended.stdout, "2 units, 3 errors, 4 warnings\n", "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("there is no local.taem").count(), 1, "{}", ended.stderr);
    let ended = ended.says("= breaks: 2 units: live/a, live/b").says("did you mean local.team?");
    assert!(!ended.stderr.contains("\u{1b}["), "no colours were asked for");
}

#[test]
fn an_editor_gets_ranges_and_edits() {
    let estate = estate();
    let found = slipway(&estate.path().join("live"), &["validate", "a", "--format", "json"]).exits(3).json();
    let unknown = found.as_array().unwrap().iter().find(|found| found["code"] == "terragrunt::unknown_input");
    let unknown = unknown.unwrap();
    assert_eq!(unknown["severity"], json!("warning"));
    assert_eq!(unknown["line"], json!(8));
    assert_eq!(unknown["range"], json!({"start": {"line": 8, "column": 3}, "end": {"line": 8, "column": 7}}));
    assert_eq!(unknown["suggestions"][0]["newText"], json!("name"));
    assert_eq!(unknown["suggestions"][0]["range"], unknown["range"]);
    assert!(unknown["units"][0].as_str().unwrap().ends_with("live/a"));
}

#[test]
fn flags_of_validate_leave_modules_out_or_make_warnings_errors() {
    let estate = estate();
    let code = |arguments: &[&str]| {
        let ended = slipway(estate.path(), &[&["validate"], arguments].concat());
        (ended.code, ended.stdout)
    };
    assert_eq!(code(&["--inputs=false"]), (3, "2 units, 1 error\n".to_owned()));
    assert_eq!(code(&["--strict"]), (3, "2 units, 7 errors\n".to_owned()));
    estate.write("live/broken.hcl", "");
    assert_eq!(code(&["--inputs=false"]), (0, "2 units, 0 errors\n".to_owned()));
}

#[test]
fn errors_of_every_command_are_json_lines_where_the_log_is() {
    let estate = estate();
    let ended = slipway(estate.path(), &["render", "live/a", "--log-format", "json"]).exits(3);
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["code"], json!("terragrunt::unknown_name"));
    assert_eq!(lines[0]["trace"][0]["message"], json!("included here"));
}

#[test]
fn render_shows_hcl_to_people_and_json_to_programs() {
    let estate = estate();
    estate.write("live/broken.hcl", "");
    let hcl = slipway(estate.path(), &["render", "live/a"]).exits(0);
    assert_eq!(
        hcl.stdout,
        "terraform {\n  source = \"../../modules/app\"\n}\n\
         inputs = {\n  nmae   = \"x\"\n  secret = \"(sensitive value)\"\n}\n"
    );
    let shown = slipway(estate.path(), &["render", "live/a", "--format", "hcl", "--reveal"]).exits(0);
    assert!(shown.stdout.contains("secret = \"s3cret\""));
    let json = slipway(estate.path(), &["render", "live/a", "--format", "json"]).exits(0).json();
    assert_eq!(json["inputs"]["nmae"], json!("x"));
}
