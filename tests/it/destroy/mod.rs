//! Destroying: what it would take is shown first, agreed to by a word, and then exactly that goes.

mod agreeing;
mod blast;
mod protection;
mod removed;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

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
    let program = r#"
import os, pty, select, sys, time
prompt, typed, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
process, terminal = pty.fork()
if process == 0:
    os.execv(command[0], command)
seen, sent, end = b"", False, time.monotonic() + 120
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    if not sent and prompt in seen:
        os.write(terminal, typed)
        sent = True
_, status = os.waitpid(process, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 99)
"#;
    let slipway = Slipway::new(estate.path(), tool).env("TERM", "xterm").into_command(arguments);
    let mut command = Command::new("python3");
    command.arg("-c").arg(program).arg(prompt).arg(typed).arg(slipway.get_program()).args(slipway.get_args());
    command.current_dir(estate.path()).env_clear().stdin(Stdio::null());
    for (name, value) in slipway.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}
