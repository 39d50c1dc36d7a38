//! Hooks before, after and on errors.

use super::{each, notes, unit};
use crate::support::estate::Estate;

const MODULE: &str = r#"
variable "fail" {
  type    = bool
  default = false
}
resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = var.fail ? "echo it broke >&2; exit 1" : "true"
  }
}
output "value" {
  value = "x"
}
"#;

/// A hook that notes a word.
fn hook(kind: &str, name: &str, commands: &str, more: &str) -> String {
    format!(
        "  {kind} \"{name}\" {{\n    commands = {commands}\n    \
         execute  = [\"sh\", \"-c\", \"echo {name} >> ${{get_repo_root()}}/notes\"]\n{more}  }}\n"
    )
}

fn estate(terraform: &str, rest: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/m/main.tf", MODULE);
    unit(&estate, "a", "m", terraform, rest);
    estate
}

#[test]
fn hooks_run_around_their_commands_in_their_order() {
    each(|driver| {
        let hooks = [
            hook("before_hook", "before-init", "[\"init\"]", ""),
            hook("after_hook", "after-init", "[\"init\"]", ""),
            hook("before_hook", "one", "[\"plan\"]", ""),
            hook("before_hook", "two", "[\"plan\"]", ""),
            hook("before_hook", "never", "[\"plan\"]", "    if = false\n"),
            hook("after_hook", "planned", "[\"plan\"]", ""),
            hook("before_hook", "applying", "[\"apply\"]", ""),
            hook("after_hook", "applied", "[\"apply\"]", ""),
            hook("error_hook", "error", "[\"plan\", \"apply\"]", "    on_errors = [\".*\"]\n"),
            hook("before_hook", "other", "[\"validate\"]", ""),
        ];
        let estate = estate(&hooks.concat(), "");
        driver.run(&estate, &["plan"]).exits(0).says("planned");
        assert_eq!(notes(&estate, "notes"), ["before-init", "after-init", "one", "two", "planned"]);
        std::fs::remove_file(estate.path().join("notes")).unwrap();
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        let ours = notes(&estate, "notes");
        let without_init: Vec<_> = ours.iter().filter(|note| !note.ends_with("init")).collect();
        assert_eq!(without_init, ["applying", "applied"]);
    });
}

#[test]
fn after_a_failure_only_those_run_that_say_so_and_the_error_hooks_that_match() {
    each(|driver| {
        let hooks = [
            hook("after_hook", "usual", "[\"apply\"]", ""),
            hook("after_hook", "always", "[\"apply\"]", "    run_on_error = true\n"),
            hook("error_hook", "broke", "[\"apply\"]", "    on_errors = [\".*it broke.*\"]\n"),
            hook("error_hook", "another", "[\"apply\"]", "    on_errors = [\".*no such thing.*\"]\n"),
        ];
        let estate = estate(&hooks.concat(), "inputs = { fail = true }");
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 1);
        assert!(nodes.get("a")["message"].as_str().unwrap().contains("it broke"), "{}", nodes.get("a"));
        assert_eq!(notes(&estate, "notes"), ["always", "broke"]);
    });
}

#[test]
fn a_failing_hook_before_a_command_keeps_it_from_running() {
    each(|driver| {
        let hooks = [
            "  before_hook \"guard\" {\n    commands = [\"apply\"]\n    \
             execute  = [\"sh\", \"-c\", \"echo the freeze is on >&2; exit 3\"]\n  }\n"
                .to_owned(),
            hook("before_hook", "skipped", "[\"apply\"]", ""),
            hook("before_hook", "cleanup", "[\"apply\"]", "    run_on_error = true\n"),
        ];
        let estate = estate(&hooks.concat(), "");
        let nodes = driver.nodes(&estate, &["apply", "--yes"], 1);
        let message = nodes.get("a")["message"].as_str().unwrap();
        assert!(message.contains("guard"), "{message}");
        assert!(message.contains("the freeze is on"), "{message}");
        assert_eq!(notes(&estate, "notes"), ["cleanup"]);
        assert!(!estate.path().join("states/a.tfstate").exists());
    });
}

/// A hook that says its name on both streams and fails.
fn failing(kind: &str, name: &str, code: u8, more: &str) -> String {
    format!(
        "  {kind} \"{name}\" {{\n    commands = [\"plan\"]\n    \
         execute  = [\"sh\", \"-c\", \"echo out-{name}; echo err-{name} >&2; exit {code}\"]\n{more}  }}\n"
    )
}

/// An error hook for what a pattern finds.
fn on(name: &str, pattern: &str) -> String {
    hook("error_hook", name, "[\"plan\"]", &format!("    on_errors = [\"{pattern}\"]\n"))
}

#[test]
fn of_several_failing_hooks_the_first_of_each_side_meets_the_error_hooks() {
    // As Terragrunt has it: of hooks that fail together it hands on what the first one printed.
    let patterns = [
        on("out-one", "out-one"),
        on("err-one", "err-one"),
        on("out-two", "out-two"),
        on("err-two", "err-two"),
        on("three", "exit status 3"),
        on("four", "exit status 4"),
    ]
    .concat();
    let anyway = "    run_on_error = true\n";
    let note = |kind: &str, name: &str, more: &str| hook(kind, name, "[\"plan\"]", more);
    let (first, both): (&[&str], &[&str]) =
        (&["out-one", "err-one", "three"], &["out-one", "err-one", "out-two", "err-two", "three", "four"]);
    let cases: Vec<(Vec<String>, &[&str])> = vec![
        (vec![failing("before_hook", "one", 3, ""), failing("before_hook", "two", 4, anyway)], first),
        (vec![failing("before_hook", "one", 3, ""), failing("before_hook", "two", 4, "")], first),
        (vec![failing("after_hook", "one", 3, ""), failing("after_hook", "two", 4, anyway)], first),
        (vec![failing("before_hook", "one", 3, ""), failing("after_hook", "two", 4, anyway)], both),
        (vec![failing("before_hook", "one", 3, ""), failing("after_hook", "two", 4, "")], first),
    ];
    each(|driver| {
        for (hooks, expected) in &cases {
            let estate = estate(&(hooks.concat() + &patterns), "");
            driver.run(&estate, &["plan"]).exits(1).says("err-one");
            assert_eq!(notes(&estate, "notes"), *expected, "{hooks:?}");
        }
        let hooks = [
            failing("after_hook", "one", 3, ""),
            note("after_hook", "skipped", ""),
            note("after_hook", "anyway", anyway),
        ];
        let estate = estate(&hooks.concat(), "");
        driver.run(&estate, &["plan"]).exits(1).says("err-one");
        assert_eq!(notes(&estate, "notes"), ["anyway"]);
    });
}

#[test]
fn every_error_hook_that_matches_runs_although_another_one_fails() {
    each(|driver| {
        let broken = "    on_errors = [\".*\"]\n";
        let hooks = [
            failing("before_hook", "one", 3, ""),
            on("first", "err-one"),
            failing("error_hook", "broken", 7, broken),
            on("last", "err-one"),
            on("never", "err-broken"),
        ];
        let estate = estate(&hooks.concat(), "");
        let nodes = driver.nodes(&estate, &["plan"], 1);
        let message = nodes.get("a")["message"].as_str().unwrap();
        assert!(message.contains("hook one failed") && message.contains("err-one"), "{message}");
        assert_eq!(notes(&estate, "notes"), ["first", "last"]);
    });
}

#[test]
fn a_failing_hook_fails_the_unit_whatever_its_exit_code_means_elsewhere() {
    each(|driver| {
        // With the tool's detailed exit codes 2 stands for changes.
        for (kind, code) in [("after_hook", 1), ("after_hook", 2), ("before_hook", 2)] {
            let hook = format!(
                "  {kind} \"check\" {{\n    commands = [\"plan\"]\n    \
                 execute  = [\"sh\", \"-c\", \"echo not to our taste >&2; exit {code}\"]\n  }}\n"
            );
            let estate = estate(&hook, "");
            let nodes = driver.nodes(&estate, &["plan"], 1);
            let message = nodes.get("a")["message"].as_str().unwrap();
            assert!(message.contains("check") && message.contains("not to our taste"), "{message}");
        }
    });
}

#[test]
fn hooks_run_in_the_folder_they_name_and_see_what_the_tool_sees() {
    each(|driver| {
        let hooks = r#"
  before_hook "where" {
    commands    = ["plan"]
    execute     = ["sh", "-c", "pwd > ${get_repo_root()}/where; echo $TF_VAR_fail > ${get_repo_root()}/seen"]
    working_dir = "${get_repo_root()}/infra"
  }
  before_hook "module" {
    commands = ["plan"]
    execute  = ["sh", "-c", "ls main.tf backend.tf > ${get_repo_root()}/beside"]
  }
"#;
        let estate = estate(hooks, "inputs = { fail = false }");
        driver.run(&estate, &["plan"]).exits(0).says("planned");
        assert_eq!(notes(&estate, "where"), [estate.path().join("infra").display().to_string()]);
        assert_eq!(notes(&estate, "seen"), ["false"]);
        assert_eq!(notes(&estate, "beside"), ["backend.tf", "main.tf"]);
    });
}

#[test]
fn hooks_are_told_where_they_run() {
    each(|driver| {
        let told = |kind: &str, more: &str| {
            format!(
                "  {kind} \"{kind}-name\" {{\n    commands = [\"plan\", \"apply\"]\n    execute  = [\"sh\", \"-c\", \
                 \"echo $TG_CTX_COMMAND $TG_CTX_HOOK_NAME $(basename \\\"$TG_CTX_TF_PATH\\\") >> ${{get_repo_root()}}/notes\"]\n\
                 {more}  }}\n"
            )
        };
        let hooks = [
            told("before_hook", ""),
            told("after_hook", ""),
            told("error_hook", "    on_errors = [\".*it broke.*\"]\n"),
        ];
        let estate = estate(&hooks.concat(), "inputs = { fail = true }");
        driver.run(&estate, &["plan"]).exits(0).says("planned");
        let tool = driver.tool.file_name().unwrap().to_str().unwrap();
        let line = |command: &str, kind: &str| format!("{command} {kind}-name {tool}");
        assert_eq!(notes(&estate, "notes"), [line("plan", "before_hook"), line("plan", "after_hook")]);
        std::fs::remove_file(estate.path().join("notes")).unwrap();
        driver.run(&estate, &["apply", "--yes"]).exits(1).says("it broke");
        let all = notes(&estate, "notes");
        assert_eq!(all, [line("apply", "before_hook"), line("apply", "error_hook")]);
    });
}

#[test]
fn hooks_run_once_the_configuration_is_read_and_around_fetching() {
    each(|driver| {
        let hooks = [
            hook("after_hook", "read", "[\"terragrunt-read-config\"]", ""),
            hook("before_hook", "fetch", "[\"init-from-module\"]", ""),
            hook("after_hook", "fetched", "[\"init-from-module\"]", ""),
            hook("before_hook", "init", "[\"init\"]", ""),
        ];
        let estate = estate(&hooks.concat(), "");
        driver.run(&estate, &["plan"]).exits(0).says("planned");
        let all = notes(&estate, "notes");
        let first: Vec<_> = all.iter().take(4).collect();
        assert_eq!(first, ["read", "fetch", "fetched", "init"]);
        if driver.engine == "native" {
            assert_eq!(all.len(), 4, "{all:?}");
        }
        // What cannot be fetched has its error hooks. (Terragrunt is not started where a folder is not there.)
        if driver.engine == "native" {
            let told = hook("error_hook", "told", "[\"init-from-module\"]", "    on_errors = [\".*\"]\n");
            unit(&estate, "b", "not-there", &told, "");
            std::fs::remove_file(estate.path().join("notes")).unwrap();
            driver.run(&estate, &["plan", "b"]).exits(1).says("b");
            assert_eq!(notes(&estate, "notes"), ["told"]);
        }
    });
}
