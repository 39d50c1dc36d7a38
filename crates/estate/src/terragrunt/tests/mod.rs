//! What the dialect means, shown on small trees.

mod broken;
mod counts;
mod coverage;
mod dependencies;
mod documented;
mod expansion;
mod experiments;
mod folders;
mod json;
mod merging;
mod repetition;
mod showing;
mod units;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::config::UnitConfig;
use super::outputs::{NoOutputs, OutputSource, Outputs};
use super::{Reader, ReaderOptions, paths, to_json};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::json::from_json;

/// A tree of files that goes when it is dropped.
pub(crate) struct Tree {
    _guard: TempDir,
    root: PathBuf,
}

impl Tree {
    /// Files by path; the root counts as a Git repository.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let tree = Self { _guard: guard, root };
        std::fs::create_dir(tree.path(".git")).unwrap();
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Options that see nothing of this process's environment but PATH.
    pub fn options(&self, command: &str) -> ReaderOptions {
        let path = std::env::var("PATH").unwrap_or_default();
        ReaderOptions::new(&self.root, command).environment([("PATH", path)])
    }

    pub fn reader(&self, command: &str) -> Reader {
        Reader::new(self.options(command))
    }

    /// Evaluates the unit in a folder for `plan`, without outputs.
    pub fn evaluate(&self, unit: &str) -> Result<UnitConfig, Vec<Diagnostic>> {
        self.reader("plan").evaluate(&paths::unit_file(&self.path(unit)), &NoOutputs)
    }

    /// The inputs of the unit in a folder; paths under the root begin with `ROOT`.
    pub fn inputs(&self, unit: &str) -> Json {
        let unit = self.evaluate(unit).unwrap_or_else(|errors| panic!("{}", told(&errors)));
        self.plain(&inputs_of(&unit))
    }

    /// JSON with paths under the root beginning with `ROOT`.
    pub fn plain(&self, json: &Json) -> Json {
        let text = json.to_string().replace(&self.root.display().to_string(), "ROOT");
        serde_json::from_str(&text).unwrap()
    }

    /// What is wrong with the unit in a folder.
    pub fn errors(&self, unit: &str) -> String {
        told(&self.evaluate(unit).expect_err("the unit is broken"))
            .replace(&self.root.display().to_string(), "ROOT")
    }
}

pub(crate) fn inputs_of(unit: &UnitConfig) -> Json {
    unit.inputs.iter().map(|(name, value)| (name.to_string(), to_json(value, true))).collect()
}

/// Diagnostics as text: place, message, help and the way there.
pub(crate) fn told(diagnostics: &[Diagnostic]) -> String {
    let tell = |diagnostic: &Diagnostic| {
        let help = diagnostic.help.iter().map(|help| format!("\n  help: {help}"));
        let way = diagnostic.trace.iter();
        let way = way.map(|frame| format!("\n  via: {} at {}", frame.message, frame.location));
        std::iter::once(diagnostic.to_string()).chain(help).chain(way).collect::<String>()
    };
    diagnostics.iter().map(tell).collect::<Vec<_>>().join("\n")
}

/// Outputs by folder, given as JSON.
pub(crate) struct Applied(BTreeMap<PathBuf, Arc<Outputs>>);

impl Applied {
    pub fn new(tree: &Tree, outputs: &[(&str, Json)]) -> Self {
        let outputs = outputs.iter().map(|(dir, outputs)| {
            let fields = from_json(outputs).unwrap().as_fields().unwrap().clone();
            (tree.path(dir), Arc::new(fields))
        });
        Self(outputs.collect())
    }
}

impl OutputSource for Applied {
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>> {
        self.0.get(dir).cloned()
    }
}

#[test]
fn a_unit_has_its_inputs_with_locals_in_any_order() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        r#"
        locals {
          name = "${local.team}-app"
          team = "blue"
          ports = [for port in [80, 443] : port + 1]
        }
        inputs = {
          name  = local.name
          ports = local.ports
          tags  = merge({ a = "1" }, { b = "2" })
        }
        "#,
    )]);
    assert_eq!(
        tree.inputs("app"),
        json!({"name": "blue-app", "ports": [81, 444], "tags": {"a": "1", "b": "2"}})
    );
}
