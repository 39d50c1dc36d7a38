//! What Atlantis is told of an estate: a project an environment, in the order in which they are applied, planned when something
//! changes that its units read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use askama::Template;

use super::{Environment, MARK, Pipeline, PipelineError, Written, plain};
use crate::estate::Estate;
use crate::support::{path_text, paths};
use crate::terragrunt::stack::Expansion;

/// Where it is, from the root of the repository.
const PLACE: &str = "atlantis.yaml";
/// Where more single files are read in one folder, the folder stands for them.
const MOST_FILES: usize = 20;

#[derive(Template)]
#[template(path = "ci/atlantis.yaml", syntax = "scaffold", escape = "none")]
struct Projects {
    mark: String,
    projects: Vec<Project>,
}

struct Project {
    name: String,
    dir: String,
    order: usize,
    /// Quoted.
    patterns: Vec<String>,
}

/// The file of an estate.
pub fn projects(
    pipeline: &Pipeline,
    estate: &Estate,
    expansions: &[Expansion],
) -> Result<Written, PipelineError> {
    let depth = pipeline.folder.components().count();
    let repository = pipeline.base.ancestors().nth(depth).unwrap_or(&pipeline.base);
    let projects = pipeline.environments.iter().enumerate().map(|(order, one)| {
        let dir = paths::join(&pipeline.base, &one.place);
        Ok(Project {
            name: one.name.to_string(),
            dir: plain(&paths::relative(repository, &dir))?,
            order,
            patterns: patterns((estate, expansions), one, &dir, repository),
        })
    });
    let projects = projects.collect::<Result<_, PipelineError>>()?;
    let mark =
        format!("{MARK}atlantis`. `slipway ci atlantis --check` fails where it is not that of the estate.");
    // Rendering into a string fails only where a part cannot be written; these are all text.
    let text = Projects { mark, projects }.render().unwrap_or_else(|error| error.to_string()) + "\n";
    Ok(Written { path: PLACE, text, has_jobs: false })
}

/// What an environment is planned anew for: all that is in its folder, the modules of its units with all that they are copied
/// with, the folders that stacks make them from, and the files of the repository that its units and stacks read elsewhere.
fn patterns(
    (estate, expansions): (&Estate, &[Expansion]),
    environment: &Environment,
    dir: &Path,
    repository: &Path,
) -> Vec<String> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for unit in &environment.units {
        let outline = &estate.unit(*unit).outline;
        if let Some(module) = outline.module_dir() {
            let source = outline.source.as_ref().map_or("", |source| source.expose());
            // `a//b` is copied from `a` on.
            let below = source.split_once("//").map_or("", |(_, below)| below);
            let steps = Path::new(below).components().count();
            folders.extend(module.ancestors().nth(steps).map(Path::to_owned));
        }
        files.extend(outline.files_read.iter().map(|file| file.to_path_buf()));
    }
    for expansion in expansions {
        let inside = || expansion.generated.iter().filter(|generated| generated.dir().starts_with(dir));
        folders.extend(inside().map(|generated| generated.source.clone()));
        let makers: BTreeSet<&Path> = inside().map(|generated| generated.stack.as_path()).collect();
        let stacks = expansion.stacks.iter().filter(|stack| makers.contains(stack.dir.as_path()));
        files.extend(stacks.flat_map(|stack| stack.files_read.iter().cloned()));
    }
    for folder in files.iter().filter_map(|file| file.parent()).collect::<BTreeSet<_>>() {
        if files.iter().filter(|file| file.parent() == Some(folder)).count() > MOST_FILES {
            folders.insert(folder.to_owned());
        }
    }
    let is_told = |path: &Path| path.starts_with(dir) || !path.starts_with(repository);
    folders.retain(|folder| !is_told(folder));
    files.retain(|file| !is_told(file) && !folders.iter().any(|folder| file.starts_with(folder)));
    let quoted = |path: &Path, end: &str| {
        let text = path_text::shown(&paths::relative(dir, path)) + end;
        serde_json::Value::String(text).to_string()
    };
    let all = std::iter::once("\"**/*\"".to_owned());
    let folders = folders.iter().map(|folder| quoted(folder, "/**/*"));
    all.chain(folders).chain(files.iter().map(|file| quoted(file, ""))).collect()
}
