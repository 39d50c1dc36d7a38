//! Whether the units of clusters are there: where one is not, its gates would fall out of the graph, and a run over the
//! rest would look as if they had passed.

use std::path::{Path, PathBuf};

use super::Project;
use super::cluster::Cluster;
use crate::estate::unit_files;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::suggest;
use crate::support::path_text;
use crate::terragrunt::stack::STACK_FILE;
use crate::terragrunt::{Reader, paths};

/// How many units of the same folder are offered where none is nearly called so.
const MOST_NAMES: usize = 3;

impl Project {
    /// What is wrong with the `unit` of clusters; `generated` says whether the units of stacks are there already, so that
    /// one of them may not be missing either.
    pub fn missing_cluster_units(&self, reader: &Reader, generated: bool) -> Vec<Diagnostic> {
        let counts = |dir: PathBuf| generated || !is_in_stack(&dir);
        let is_missing = |cluster: &&Cluster| self.missing_dir(cluster, reader).is_some_and(counts);
        let missing: Vec<&Cluster> = self.clusters.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let names = self.unit_names(reader);
        missing.into_iter().map(|cluster| self.missing(cluster, &names)).collect()
    }

    /// What is wrong with the `unit` of one cluster, which is needed.
    pub fn missing_cluster_unit(&self, cluster: &Cluster, reader: &Reader) -> Option<Diagnostic> {
        self.missing_dir(cluster, reader).map(|_| self.missing(cluster, &self.unit_names(reader)))
    }

    /// The folder of its unit, where there is no unit in it.
    fn missing_dir(&self, cluster: &Cluster, reader: &Reader) -> Option<PathBuf> {
        self.unit_dir(cluster).filter(|dir| !reader.is_file(&reader.unit_file(dir)))
    }

    fn unit_names(&self, reader: &Reader) -> Vec<String> {
        let (files, _) = unit_files(&self.estate_root, reader);
        let dirs = files.iter().map(|file| paths::folder(file));
        dirs.map(|dir| path_text::shown(&paths::relative(&self.estate_root, dir))).collect()
    }

    fn missing(&self, cluster: &Cluster, names: &[String]) -> Diagnostic {
        let wrong = cluster.unit.as_deref().map(path_text::shown).unwrap_or_default();
        let root = path_text::shown(&paths::relative(&self.dir, &self.estate_root));
        let message = format!("cluster \"{}\": there is no unit {wrong} under {root}", cluster.label);
        let folder = wrong.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = names.iter().filter(|name| name.rsplit_once('/').map_or("", |(of, _)| of) == folder);
        let help = match suggest::nearest(&wrong, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"? without its unit no gate of the cluster runs"),
            None if names.is_empty() => {
                "leave `unit` out where the estate is elsewhere, as in a repository of manifests".to_owned()
            }
            None => {
                let beside: Vec<String> = beside.take(MOST_NAMES).map(|name| format!("\"{name}\"")).collect();
                match beside.as_slice() {
                    [] => "`slipway find` lists the units; without its unit no gate of the cluster runs"
                        .to_owned(),
                    names => format!(
                        "did you mean {}? without its unit no gate of the cluster runs",
                        names.join(" or ")
                    ),
                }
            }
        };
        Diagnostic::error("project::cluster_unit", message)
            .at(cluster.unit_location.clone().unwrap_or_else(|| cluster.location.clone()))
            .help(help)
    }
}

/// Whether a stack may make it.
fn is_in_stack(dir: &Path) -> bool {
    dir.ancestors().skip(1).any(|folder| folder.join(STACK_FILE).is_file())
}
