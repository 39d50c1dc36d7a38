//! What people see, whole: every command in six situations, on terminals of two widths, in pipes and in a pipeline.
//!
//! A change of words or of a table is seen in review as a change of these files. The sums in them are held to what the
//! states say.

mod broken;
mod cluster;
mod manifests;
mod normal;
mod nothing;
mod surface;
mod undone;
mod well;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::estate::Estate;
use surface::{ALL, Person, Settings, Surface};

/// One situation: the estate that each command finds, and what the person before it does.
struct Situation {
    name: &'static str,
    estate: Estate,
    person: Person,
    settings: Settings,
}

impl Situation {
    fn new(name: &'static str, estate: Estate) -> Self {
        Self { name, estate, person: Person::Away, settings: Settings::new() }
    }

    fn with(mut self, person: Person) -> Self {
        self.person = person;
        self
    }

    /// Holds a command that changes nothing to its snapshot, in the estate itself.
    fn looks(&self, arguments: &[&str]) {
        self.looks_on(&ALL, arguments);
    }

    /// The same only where it is asked for.
    fn looks_on(&self, surfaces: &[Surface], arguments: &[&str]) {
        self.hold(arguments, surfaces, |surface| {
            surface.run(&self.estate, arguments, self.person, &self.settings)
        });
    }

    /// Holds a command that changes something to its snapshot, each time in a copy of the estate.
    fn does(&self, arguments: &[&str]) {
        self.does_on(&ALL, arguments);
    }

    /// The same only where it is asked for.
    fn does_on(&self, surfaces: &[Surface], arguments: &[&str]) {
        self.hold(arguments, surfaces, |surface| {
            let copy = copied(&self.estate);
            let before = resources(&copy);
            let text = surface.run(&copy, arguments, self.person, &self.settings);
            assert_sums(&text, &before, &resources(&copy));
            text
        });
    }

    /// The same in an estate that each time is made anew, since the command goes on with a run that was there before;
    /// its sums are those of the whole run.
    fn goes_on(&self, surfaces: &[Surface], arguments: &[&str], make: impl Fn() -> Estate) {
        self.hold(arguments, surfaces, |surface| {
            surface.run(&make(), arguments, self.person, &self.settings)
        });
    }

    fn hold(&self, arguments: &[&str], surfaces: &[Surface], run: impl Fn(Surface) -> String) {
        let mut whole = format!("$ slipway {}\n", arguments.join(" "));
        let mut last = String::new();
        for surface in surfaces {
            let text = run(*surface);
            let shown = if text == last { "the same\n" } else { &text };
            write!(whole, "\n== {}\n{shown}", surface.title()).unwrap();
            last = text;
        }
        let words = arguments.iter().map(|argument| argument.trim_start_matches('-'));
        let command = words.collect::<Vec<_>>().join("-").replace(['/', '=', ':', '.'], "-");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("{}-{command}", self.name), whole));
    }
}

/// A module whose one resource breaks, lasts or stays by what its text says.
const MODULE: &str = r#"
variable "value" {
  type = string
}

resource "terraform_data" "this" {
  triggers_replace = strcontains(var.value, "anew")
  input            = var.value

  provisioner "local-exec" {
    command = "case '${self.input}' in breaks*) echo it broke >&2; exit 1;; lasts*) touch $STARTED; sleep 2;; esac"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "case '${self.input}' in stays*) echo it is needed >&2; exit 1;; goes*) touch $STARTED; sleep 2;; esac"
  }
}

output "value" {
  value = terraform_data.this.output
}
"#;

/// `networking`, a `cluster` on it whose text begins with a word, and an `identity` on that.
fn three_units(word: &str) -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("cluster", &["networking"]).unit("identity", &["cluster"]);
    estate.write("infra/text/main.tf", MODULE);
    says(&estate, word);
    estate
}

/// Changes the word that the cluster's text begins with.
fn says(estate: &Estate, word: &str) {
    let file = "live/cluster/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    let (before, after) = text.split_once("value = \"").unwrap();
    let after = after.split_once(" < ").unwrap().1;
    estate.write(file, &format!("{before}value = \"{word} < {after}"));
}

/// An estate with everything applied.
fn applied(word: &str) -> Estate {
    let estate = three_units(word);
    run(&estate, &["apply", "--yes"], 0);
    estate
}

/// Runs a command that is not looked at.
fn run(estate: &Estate, arguments: &[&str], code: i32) {
    let ended = Surface::Pipes.run(estate, arguments, Person::Away, &Settings::new());
    assert!(ended.ends_with(&format!("exit code {code}\n")), "{ended}");
}

/// A copy, without what the program keeps beside it: that is good in the folder only where it was made.
fn copied(estate: &Estate) -> Estate {
    let copy = Estate::new();
    for entry in std::fs::read_dir(estate.path()).unwrap().map(Result::unwrap) {
        let copied = Command::new("cp").arg("-R").arg(entry.path()).arg(copy.path()).status().unwrap();
        assert!(copied.success());
    }
    let kept = copy.path().join(".slipway");
    if kept.exists() {
        std::fs::remove_dir_all(kept).unwrap();
    }
    copy
}

/// The resources in the state of each unit, by their types and names, with their ids.
fn resources(estate: &Estate) -> BTreeMap<String, String> {
    let Ok(states) = std::fs::read_dir(estate.path().join("states")) else { return BTreeMap::new() };
    let states = states
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "tfstate"));
    let mut all = BTreeMap::new();
    for path in states {
        let state: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for resource in state["resources"].as_array().into_iter().flatten() {
            let instance = &resource["instances"][0];
            // One that could not be made whole is in the state, and was not added.
            if instance["status"] == "tainted" {
                continue;
            }
            let name = format!("{}: {}.{}", path.display(), resource["type"], resource["name"]);
            all.insert(name, instance["attributes"]["id"].to_string());
        }
    }
    all
}

/// Holds the sums of a table of what was done to what the states say.
fn assert_sums(text: &str, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    let added = after.iter().filter(|(name, id)| before.get(*name) != Some(id)).count();
    let gone = before.iter().filter(|(name, id)| after.get(*name) != Some(id)).count();
    // A plan counts what is not done.
    if text.contains("plan over ") || text.contains("plan with the ") {
        return;
    }
    // The last table: the first one is what is agreed to.
    let lines: Vec<&str> = text.lines().collect();
    let Some(head) = lines.iter().rposition(|line| line.contains(" time ") && line.contains("result")) else {
        return;
    };
    let Some(total) = lines.iter().skip(head).find(|line| line.starts_with("total ")) else { return };
    let columns: Vec<&str> = lines[head].split_whitespace().collect();
    let cells: Vec<&str> = total.split_whitespace().skip(1).collect();
    let cell = |name: &str| {
        let at = columns.iter().position(|column| *column == name);
        at.map_or(0, |at| cells[at].parse::<usize>().unwrap())
    };
    assert_eq!(
        cell("add") + cell("replace"),
        added,
        "what came into the states, and the last line of\n{text}"
    );
    assert_eq!(
        cell("destroy") + cell("replace"),
        gone,
        "what went out of the states, and the last line of\n{text}"
    );
}
