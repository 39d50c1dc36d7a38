//! What a person is asked before something is applied: all of it, once, with everything in view.

mod each;
mod once;
mod selecting;

use crate::support::estate::Estate;
use crate::support::terminal::{Shown, on_a_terminal};

/// Runs slipway on a terminal; `answers` are pairs of what is waited for and what is typed then.
fn asked(estate: &Estate, arguments: &[&str], answers: &[&str]) -> Shown {
    on_a_terminal(estate, (40, 120, 0), arguments, answers)
}

/// `networking`, `cluster` on it, `identity` on that, and `bucket` alone; plans may use mocks of one another.
fn with_mocks() -> Estate {
    let estate = Estate::chain();
    for (unit, dependency) in [("cluster", "networking"), ("identity", "cluster")] {
        let file = format!("live/{unit}/terragrunt.hcl");
        let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
        let mocks = "\n  mock_outputs = { value = \"mock\" }\n  \
                     mock_outputs_allowed_terraform_commands = [\"plan\", \"validate\"]\n}";
        let path = format!("config_path = \"../{dependency}\"\n}}");
        assert!(text.contains(&path));
        estate.write(&file, &text.replace(&path, &path.replace("\n}", mocks)));
    }
    estate
}
