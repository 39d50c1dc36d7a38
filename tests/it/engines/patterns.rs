//! What the patterns of `errors` blocks and error hooks are held against: the tool's own words, all of them.

use super::{each, notes};
use crate::support::estate::Estate;

/// Two resources that cannot be planned, in a unit whose folder is its module.
const TWO_ERRORS: &str = r#"
variable "ok" {
  default = false
}
resource "terraform_data" "a" {
  lifecycle {
    precondition {
      condition     = var.ok
      error_message = "Alpha went wrong."
    }
  }
}
resource "terraform_data" "b" {
  lifecycle {
    precondition {
      condition     = var.ok
      error_message = "creating Route in Route Table (rtb-1): Beta went wrong."
    }
  }
}
"#;

fn place(estate: &Estate, name: &str, code: &str, rest: &str) {
    estate.write(&format!("live/{name}/main.tf"), code);
    estate.write(&format!("live/{name}/terragrunt.hcl"), rest);
}

fn ignoring(pattern: &str) -> String {
    format!(
        "errors {{\n  ignore \"x\" {{\n    ignorable_errors = [\"{pattern}\"]\n    message = \"known\"\n  }}\n}}\n"
    )
}

#[test]
fn every_error_of_a_plan_is_searched_in_the_words_that_the_tool_prints() {
    let covering = [
        ".*Alpha went wrong.*",
        ".*Beta went wrong.*",
        ".*Error: Resource precondition failed.*",
        "^Error: .*",
        "(?s).*Error:.*creating Route.*",
        // Commas and underscores are taken out before.
        ".*on main.tf line 8 in resource \\\"terraform data\\\" \\\"a\\\":.*",
        ".*var.ok is false.*",
        ".*exit status 1$",
        "\\\\QTable (rtb-1)\\\\E",
    ];
    each(|driver| {
        let estate = Estate::new();
        for (index, pattern) in covering.iter().enumerate() {
            place(&estate, &format!("u{index}"), TWO_ERRORS, &ignoring(pattern));
        }
        // What it prints to standard output counts for nobody, nor does a rule that another of its label follows.
        place(&estate, "stdout", TWO_ERRORS, &ignoring(".*Planning failed.*"));
        let rule = "  ignore \"x\" {\n    ignorable_errors = [\"PATTERN\"]\n  }\n";
        let twice =
            format!("errors {{\n{}{}}}\n", rule.replace("PATTERN", ".*"), rule.replace("PATTERN", "nothing"));
        place(&estate, "twice", TWO_ERRORS, &twice);
        let nodes = driver.nodes(&estate, &["plan"], 1);
        for (index, pattern) in covering.iter().enumerate() {
            assert_eq!(nodes.result(&format!("u{index}")), "unchanged", "{pattern}");
        }
        assert_eq!((nodes.result("stdout"), nodes.result("twice")), ("failed", "failed"));
    });
}

#[test]
fn the_second_error_of_a_plan_is_tried_again() {
    each(|driver| {
        let estate = Estate::new();
        let retry = "errors {\n  retry \"x\" {\n    retryable_errors = [\".*Beta went wrong.*\"]\n    \
                     max_attempts = 2\n    sleep_interval_sec = 0\n  }\n}\n\
                     terraform {\n  before_hook \"count\" {\n    commands = [\"plan\"]\n    \
                     execute = [\"sh\", \"-c\", \"echo try >> $HOME/tries\"]\n  }\n}\n";
        place(&estate, "a", TWO_ERRORS, retry);
        driver.run(&estate, &["plan"]).exits(1).says("went wrong");
        assert_eq!(notes(&estate, "tries").len(), 2);
    });
}

/// Fails its first `init` with a long message, and is the tool itself afterwards.
fn flaky(estate: &Estate, tool: &std::path::Path) -> std::path::PathBuf {
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = init ] && [ ! -e \"$HOME/failed\" ]; then\n  touch \"$HOME/failed\"\n  cat >&2 <<'EOF'\n\
         \x1b[31mError: \x1b[0mFailed to query available provider packages\n\nCould not retrieve the list of available \
         versions for provider acme/thing:\ncould not connect to registry.example.com: failed to request\ndiscovery \
         document: Get \"https://registry.example.com/.well-known/terraform.json\":\ndial tcp 10.0.0.1:443: while the proxy \
         said something long and unhelpful about it and\nthen: net/http: TLS handshake was cut short\nEOF\n  exit 1\nfi\n\
         exec {} \"$@\"\n",
        tool.display()
    );
    let program = estate.write("flaky", &script);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    program
}

#[test]
fn a_failure_of_init_is_searched_to_its_last_line() {
    each(|driver| {
        let estate = Estate::new();
        let retry = "errors {\n  retry \"net\" {\n    retryable_errors = [\"(?s).*Failed to query available provider \
                     packages.*handshake was cut short exit status 1$\"]\n    max_attempts = 3\n    \
                     sleep_interval_sec = 0\n  }\n}\n";
        place(&estate, "a", "output \"x\" {\n  value = 1\n}\n", retry);
        let flaky = flaky(&estate, &driver.tool);
        let ended = driver.slipway(&estate).env("SLIPWAY_TF_PATH", &flaky).run(&["plan"]).exits(0);
        drop(ended.says("Failed to query available provider packages"));
    });
}

#[test]
fn a_coloured_error_is_the_cause_of_a_failure() {
    each(|driver| {
        let estate = Estate::new();
        let once = "errors {\n  retry \"none\" {\n    retryable_errors = [\"nothing\"]\n    max_attempts = 1\n    sleep_interval_sec = 0\n  }\n}\n";
        place(&estate, "a", "output \"x\" {\n  value = 1\n}\n", once);
        let flaky = flaky(&estate, &driver.tool);
        let slipway = driver.slipway(&estate).env("SLIPWAY_TF_PATH", &flaky);
        let ended = slipway.run(&["plan", "--format", "json"]).exits(1).json();
        let message = ended["nodes"][0]["message"].as_str().unwrap();
        assert!(message.contains("Error: Failed to query available provider packages"), "{message}");
    });
}

#[test]
fn error_hooks_see_all_that_a_command_or_a_hook_has_said() {
    each(|driver| {
        let estate = Estate::new();
        let hook = |name: &str, pattern: &str| {
            format!(
                "  error_hook \"{name}\" {{\n    commands  = [\"init\", \"plan\"]\n    \
                 execute   = [\"sh\", \"-c\", \"echo {name} $TG_CTX_COMMAND >> $HOME/hooks\"]\n    \
                 on_errors = [\"{pattern}\"]\n  }}\n"
            )
        };
        // After hooks: the tool has succeeded, and what failed is told with what it printed to either stream.
        let text = format!(
            "terraform {{\n  after_hook \"fails\" {{\n    commands = [\"plan\"]\n    \
             execute = [\"sh\", \"-c\", \"echo out of it; echo words of it >&2; exit 3\"]\n  }}\n{}{}{}}}\n",
            hook("words", "words of it"),
            hook("out", "out of it"),
            hook("command", "^Failed to execute .sh -c"),
        );
        let hooks = |text: &str, code: &str| {
            let _ = std::fs::remove_file(estate.path().join("hooks"));
            place(&estate, "a", code, text);
            driver.run(&estate, &["plan"]).exits(1).says("failed");
            notes(&estate, "hooks")
        };
        let fine = "output \"x\" {\n  value = 1\n}\n";
        assert_eq!(hooks(&text, fine), ["words plan", "out plan", "command plan"]);
        // Of `init`, the hooks of `init` only.
        let broken =
            format!("terraform {{\n{}{}}}\n", hook("words", "Unreadable module"), hook("go", "[[E]rror: "));
        assert_eq!(
            hooks(&broken, "module \"x\" {\n  source = \"./missing\"\n}\n"),
            ["words init", "go init"]
        );
    });
}

#[test]
fn what_a_tool_or_a_hook_says_before_it_has_begun_is_ignored_too() {
    each(|driver| {
        let estate = Estate::new();
        let fine = "output \"x\" {\n  value = 1\n}\n";
        let flag = "terraform {\n  extra_arguments \"bad\" {\n    commands  = [\"plan\"]\n    \
                    arguments = [\"-no-such-flag\"]\n  }\n}\n";
        let hook = |words: &str| {
            format!(
                "terraform {{\n  before_hook \"h\" {{\n    commands = [\"plan\"]\n    execute  = [{words}]\n  }}\n}}\n"
            )
        };
        let red = "\"sh\", \"-c\", \"printf '\\\\033[31mError: it is red\\\\033[0m' >&2; exit 7\"";
        place(
            &estate,
            "flag",
            fine,
            &format!("{flag}{}", ignoring(".*flag provided but not defined: -no-such-flag.*")),
        );
        place(
            &estate,
            "red",
            fine,
            &format!("{}{}", hook(red), ignoring("^Error: it is red exit status 7$")),
        );
        place(
            &estate,
            "gone",
            fine,
            &format!("{}{}", hook("\"no-such-program\""), ignoring(".*no-such-program.*")),
        );
        let nodes = driver.nodes(&estate, &["plan"], 0);
        for unit in ["flag", "red", "gone"] {
            assert_eq!(nodes.result(unit), "unchanged", "{}", nodes.get(unit));
            assert!(nodes.get(unit)["note"].as_str().unwrap().contains("known"), "{}", nodes.get(unit));
        }
    });
}
