//! Destroying: what it would take is shown first, agreed to by a word, and then exactly that goes.

mod agreeing;
mod blast;
mod protection;
mod removed;

use std::path::Path;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::terminal::before_a_terminal;

/// `dev/networking`, `dev/cluster` on it, and `shared/monitoring` on the cluster; all applied.
fn applied(tool: &Path) -> Estate {
    let estate = Estate::new();
    unit(&estate, "dev/networking", &[]);
    unit(&estate, "dev/cluster", &["dev/networking"]);
    unit(&estate, "shared/monitoring", &["dev/cluster"]);
    slipway(&estate, tool, &["apply", "--yes"]).exits(0);
    estate
}

/// A unit in a folder of its own, by paths under the estate's root.
fn unit(estate: &Estate, name: &str, dependencies: &[&str]) {
    // The module comes with any unit.
    estate.unit("unused", &[]);
    std::fs::remove_dir_all(estate.path().join("live/unused")).unwrap();
    let up = "../".repeat(name.split('/').count());
    let blocks: String = dependencies.iter().fold(String::new(), |blocks, path| {
        let label = path.replace('/', "-");
        format!("{blocks}dependency \"{label}\" {{\n  config_path = \"{up}{path}\"\n}}\n")
    });
    let values: String = dependencies.iter().fold(String::new(), |values, path| {
        format!("{values} < ${{dependency.{}.outputs.value}}", path.replace('/', "-"))
    });
    let text = format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\nterraform {{\n  \
         source = \"${{get_repo_root()}}/infra//text\"\n}}\n\n{blocks}\ninputs = {{\n  value = \"{name}{values}\"\n}}\n"
    );
    estate.write(&format!("live/{name}/terragrunt.hcl"), &text);
}

fn slipway(estate: &Estate, tool: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), tool).run(arguments)
}

/// Types at a pseudo terminal: each line when its prompt is there. `\u{3}` is Ctrl-C. Both streams come as one.
fn at_a_terminal(
    estate: &Estate,
    tool: &Path,
    arguments: &[&str],
    prompt: &str,
    typed: &str,
) -> (i32, String) {
    let slipway = Slipway::new(estate.path(), tool).env("TERM", "xterm").into_command(arguments);
    let output = before_a_terminal(&slipway, (40, 200, 0), &[prompt, typed]).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}
