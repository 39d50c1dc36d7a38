//! The table of `docs/security.md`: what each command may start of what a repository names. Every such thing of this
//! repository leaves a mark when it runs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::generator::program;
use super::world::git;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway, system_path};
use crate::support::{root, tool};

/// A row of the table: commands, and what they start; what is in brackets depends.
struct Row {
    commands: Vec<String>,
    always: BTreeSet<String>,
    perhaps: BTreeSet<String>,
}

/// The rows, as the document has them.
fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| command |")).skip(2);
    let rows: Vec<Row> = rows.take_while(|line| line.starts_with('|')).map(row).collect();
    assert!(rows.len() > 8, "the table of docs/security.md is not where it was");
    rows
}

fn row(line: &str) -> Row {
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let commands = cells.next().unwrap().split(", ").map(|command| command.replace('`', "")).collect();
    let words: Vec<&str> =
        cells.flat_map(|cell| cell.split(", ")).filter(|word| *word != "nothing").collect();
    let is_perhaps = |word: &&str| word.starts_with('(');
    let bare = |word: &&str| word.trim_matches(['(', ')']).to_owned();
    let perhaps = words.iter().filter(|word| is_perhaps(word)).map(bare).collect();
    let always = words.iter().filter(|word| !is_perhaps(word)).map(bare).collect();
    Row { commands, always, perhaps }
}

/// An estate in which everything that a repository may name is a trap.
struct Mined {
    estate: Estate,
    beside: tempfile::TempDir,
    /// Where what machines share is.
    bed: Bed,
}

/// Runs that machines share, which `plan` has begun.
const SHARED: &str = "s3://mined/shared";
const CANCELLED: &str = "s3://mined/cancelled";

impl Mined {
    fn new() -> Self {
        let mined =
            Self { estate: Estate::new(), beside: tempfile::tempdir().unwrap(), bed: Bed::start(&["aws"]) };
        mined.bed.put_bucket("mined");
        mined.script("trap", "echo \"$1\" >> \"$MARKS\"\nprintf %s \"$2\"\n");
        let tofu = tool("tofu");
        mined.script("tofu", &format!("echo tool >> \"$MARKS\"\nexec '{}' \"$@\"\n", tofu.display()));
        // Git by itself is ours; what it fetches is the repository's choice.
        mined.script(
            "git",
            "case \" $* \" in\n\
             *' fetch '*|*' clone '*|*' ls-remote '*) case \"$*\" in *stacks*) echo stacks >> \"$MARKS\";;\n\
             *modules*) echo modules >> \"$MARKS\";; esac;;\n\
             esac\nexec /usr/bin/git \"$@\"\n",
        );
        let output = "variable \"text\" {}\noutput \"text\" {\n  value = var.text\n}\n";
        let (modules, stacks) = (mined.repository("modules", "main.tf", output), mined.stack_source());
        let trap = |name: &str, answer: &str| {
            let trap = mined.beside.path().join("trap");
            format!("run_cmd(\"--terragrunt-quiet\", \"{}\", \"{name}\", \"{answer}\")", trap.display())
        };
        mined.estate.write(
            "slipway.hcl",
            &format!(
                "estate {{\n  root = {}\n}}\nengine {{\n  use = {}\n}}\n\
                 policy \"p\" {{\n  units = {}\n  deny = []\n}}\n\
                 cluster \"c\" {{\n  unit = {}\n  name = outputs.text\n  region = \"eu-west-1\"\n  argocd {{\n    \
                 repository {{\n      url = \"/none.git\"\n    }}\n  }}\n}}\n",
                trap("estate", "live"),
                trap("engine", "native"),
                trap("policies", "vpc"),
                trap("clusters", "vpc")
            ),
        );
        let root = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
        let inputs = |name: &str| format!("inputs = {{\n  text = {}\n}}\n", trap(name, "x"));
        let hook = format!(
            "  before_hook \"trap\" {{\n    commands = [\"init\", \"plan\", \"apply\", \"destroy\", \"output\"]\n    \
             execute = [\"{}\", \"hooks\"]\n  }}\n",
            mined.beside.path().join("trap").display()
        );
        let vpc = format!("{root}terraform {{\n  source = \"{modules}\"\n{hook}}}\n{}", inputs("inputs"));
        mined.estate.write("live/vpc/terragrunt.hcl", &vpc);
        let app = format!(
            "{root}terraform {{\n  source = \"{modules}\"\n}}\ndependency \"vpc\" {{\n  config_path = {}\n  \
             mock_outputs = {{ text = \"\" }}\n}}\ninputs = {{\n  text = dependency.vpc.outputs.text\n}}\n",
            trap("names", "../vpc")
        );
        mined.estate.write("live/app/terragrunt.hcl", &app);
        mined.estate.write(
            "live/terragrunt.stack.hcl",
            &format!("unit \"s\" {{\n  source = \"{stacks}\"\n  path = \"s\"\n}}\n"),
        );
        mined.estate.write(".gitignore", "states/\n.slipway/\n.terragrunt-stack/\n");
        git(mined.estate.path(), &["add", "--all"]);
        git(mined.estate.path(), &["commit", "--quiet", "-m", "one"]);
        mined
    }

    fn script(&self, name: &str, text: &str) {
        program(&self.beside.path().join(name), text);
    }

    /// A repository with one file; returns its address.
    fn repository(&self, name: &str, file: &str, text: &str) -> String {
        let folder = self.beside.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        std::fs::write(folder.join(file), text).unwrap();
        git(&folder, &["add", "--all"]);
        git(&folder, &["commit", "--quiet", "-m", "one"]);
        format!("git::file://{}?ref=main", folder.display())
    }

    fn stack_source(&self) -> String {
        let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
        let address = self.repository("stacks", "terragrunt.hcl", unit);
        std::fs::write(self.beside.path().join("stacks/main.tf"), "").unwrap();
        git(&self.beside.path().join("stacks"), &["add", "--all"]);
        git(&self.beside.path().join("stacks"), &["commit", "--quiet", "-m", "two"]);
        address
    }

    fn marks(&self) -> PathBuf {
        self.beside.path().join("marks")
    }

    fn run(&self, arguments: &[&str]) -> (Ended, BTreeSet<String>) {
        let _none_yet = std::fs::remove_file(self.marks());
        let ended = Slipway::new(self.estate.path(), &self.beside.path().join("tofu"))
            .bed(&self.bed)
            .env("PATH", format!("{}:{}", self.beside.path().display(), system_path()))
            .env("MARKS", self.marks())
            .env_remove("SLIPWAY_ENGINE")
            .run(arguments);
        let marks = std::fs::read_to_string(self.marks()).unwrap_or_default();
        (ended, marks.lines().map(str::to_owned).collect())
    }

    /// Forgets what was fetched and generated, so that it would have to be fetched again.
    fn forget(&self) {
        for folder in [".slipway/modules", ".slipway/work", "live/.terragrunt-stack"] {
            let _none = std::fs::remove_dir_all(self.estate.path().join(folder));
        }
    }
}

/// A command of the table as it is called here.
fn call(command: &str) -> Vec<&str> {
    let mut words: Vec<&str> = command.split(' ').collect();
    match command {
        "render" | "output" | "unlock" => words.push("vpc"),
        "verify" | "kubeconfig" | "token" | "argocd status" => words.push("c"),
        "image list" => words.extend(["--cluster", "c"]),
        "init estate" => words.extend(["--organization", "acme", "--dry-run"]),
        "init manifests" => {
            words.extend(["--app", "web", "--repo", "https://git.example.com/m.git", "--dry-run"]);
        }
        "init source" => words.extend([
            "--app",
            "web",
            "--image",
            "ghcr.io/acme/web",
            "--dry-run",
            "--manifests-repo",
            "https://git.example.com/m.git",
        ]),
        "ci github" | "ci gitlab" | "ci argo-workflows" | "ci atlantis" => words.push("--dry-run"),
        "ci comment" | "ci status" => words.push("live"),
        "ci durations" => words.extend(["durations.json", "live"]),
        "ci seal" => words.extend(["live", "sealed"]),
        "ci open" => words.extend(["sealed", "opened"]),
        "ci fetch" => words.extend(["dev", "fetched"]),
        "run" => words.extend(["--", "state", "list"]),
        "exec" => words.extend(["--", "true"]),
        "completions" => words.push("bash"),
        "join" => words.extend([SHARED, "--yes"]),
        "runs cancel" => words.push(CANCELLED),
        "apply" | "destroy" | "up" | "down" | "resume" | "state move" => words.push("--yes"),
        _ => {}
    }
    words
}

#[test]
fn each_command_starts_what_the_table_says_and_nothing_else() {
    let mined = Mined::new();
    for address in [SHARED, CANCELLED] {
        mined.run(&["plan", "--shared", address]).0.exits(0);
    }
    let mut wrong = Vec::new();
    for row in table() {
        let all: BTreeSet<String> = row.always.union(&row.perhaps).cloned().collect();
        for command in &row.commands {
            // What goes on needs what was there.
            if command != "resume" {
                mined.forget();
            }
            let (ended, started) = mined.run(&call(command));
            if !started.is_subset(&all) || !row.always.is_subset(&started) {
                wrong.push(format!("{command} started {started:?}:\n{}", ended.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "not as in docs/security.md:\n{}", wrong.join("\n"));
}

#[test]
fn without_trust_nothing_is_started_and_what_cannot_do_without_is_refused() {
    let mined = Mined::new();
    mined.run(&["apply", "--yes"]).0.exits(0);
    let looks = [
        "find",
        "graph",
        "render",
        "validate",
        "runs",
        "cache",
        "init",
        "doctor",
        "completions",
        "man",
        "explain",
    ];
    for row in table() {
        for command in &row.commands {
            mined.forget();
            let mut arguments = call(command);
            // Before what is another program's.
            let at = arguments.iter().position(|word| *word == "--").unwrap_or(arguments.len());
            arguments.insert(at, "--untrusted");
            let (ended, mut started) = mined.run(&arguments);
            if command == "doctor" {
                // It asks the user's own tool for its version.
                started.remove("tool");
            }
            assert!(started.is_empty(), "{command} started {started:?}");
            let is_look = looks.iter().any(|look| command.starts_with(look))
                && ["detail", "cancel"].iter().all(|word| !command.contains(word));
            // The root of this estate is what a program says.
            let without_root =
                ["find", "graph", "render", "validate"].iter().any(|look| command.starts_with(look));
            let expected = if !is_look {
                5
            } else if without_root {
                3
            } else {
                0
            };
            let ended = ended.exits(expected);
            if expected == 3 {
                ended.says("project::program");
            }
        }
    }
}
