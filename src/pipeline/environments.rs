//! Environments: what slipway.hcl says they are, or else the folders of the estate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Pipeline, PipelineError};
use crate::estate::{Estate, Graph, UnitIndex};
use crate::project::{Ci, CiEnvironment, Project};
use crate::scaffold::names::{Label, Region, Role, UnitsFolder};
use crate::support::paths;

/// What it is called where the estate is not parted.
const WHOLE: &str = "infrastructure";

/// A part of the estate, with jobs and roles of its own.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Label,
    /// Its folder, from the estate's root; `.` is all of it.
    pub path: UnitsFolder,
    /// Its folder, from the project's.
    pub place: PathBuf,
    /// Where roles are taken on.
    pub region: Option<Region>,
    /// The role that plans.
    pub plan_role: Option<Role>,
    /// The role that applies.
    pub apply_role: Option<Role>,
    /// Its units, each after those it depends on.
    pub units: Vec<UnitIndex>,
}

impl Environment {
    /// What its folders begin with, from the estate's root, as a shell matches it.
    pub(super) fn pattern(&self) -> String {
        match self.path.as_str() {
            "." => "[!/]*".to_owned(),
            path => format!("{path}/*"),
        }
    }
}

impl Pipeline {
    /// The pipeline of an estate in a repository (absolute); every unit is in one environment.
    pub fn of(
        project: &Project,
        estate: &Estate,
        graph: &Graph,
        repository: &Path,
    ) -> Result<Self, PipelineError> {
        let units: Vec<UnitIndex> = graph
            .order()
            .into_iter()
            .filter(|unit| !estate.unit(*unit).external && !estate.unit(*unit).template)
            .collect();
        if units.is_empty() {
            return Err(PipelineError::NoUnits);
        }
        let settings = &project.ci;
        let parts = match settings.environments.as_slice() {
            [] => by_folders(project, estate, &units),
            said => said.to_vec(),
        };
        let mut environments: Vec<Environment> =
            parts.iter().map(|part| environment(project, part)).collect();
        let mut of: BTreeMap<UnitIndex, usize> = BTreeMap::new();
        for unit in units {
            let dir = &estate.unit(unit).dir;
            let mut found = None;
            for (place, environment) in environments.iter_mut().enumerate() {
                if !dir.starts_with(paths::join(&project.estate_root, environment.path.as_str())) {
                    continue;
                }
                if let Some(other) = found.replace(place) {
                    let name =
                        |place: usize| parts.get(place).map(|part: &CiEnvironment| part.name.to_string());
                    return Err(PipelineError::Twice {
                        unit: estate.name(unit),
                        one: name(other).unwrap_or_default(),
                        other: environment.name.to_string(),
                    });
                }
                environment.units.push(unit);
            }
            let Some(place) = found else {
                return Err(PipelineError::Uncovered { unit: estate.name(unit) });
            };
            of.insert(unit, place);
        }
        if let Some(empty) = environments.iter().find(|environment| environment.units.is_empty()) {
            return Err(PipelineError::Empty(empty.name.to_string()));
        }
        in_order(estate, &environments, &of)?;
        let folder = paths::relative(repository, &project.dir);
        let folder = if folder == Path::new(".") { PathBuf::new() } else { folder };
        let (base, root) = (project.dir.clone(), paths::relative(&project.dir, &project.estate_root));
        let has_stacks = !estate.stacks.is_empty();
        Ok(Self { environments, folder, base, root, settings: settings.clone(), has_stacks })
    }

    /// What slipway.hcl says of it.
    pub fn settings(&self) -> &Ci {
        &self.settings
    }
}

fn environment(project: &Project, part: &CiEnvironment) -> Environment {
    let place = paths::join(&project.estate_root, part.path.as_str());
    Environment {
        name: part.name.clone(),
        path: part.path.clone(),
        place: paths::relative(&project.dir, &place),
        region: part.region.clone(),
        plan_role: part.plan_role.clone(),
        apply_role: part.apply_role.clone(),
        units: Vec::new(),
    }
}

/// Refuses an order in which something is applied before what it depends on.
fn in_order(
    estate: &Estate,
    environments: &[Environment],
    of: &BTreeMap<UnitIndex, usize>,
) -> Result<(), PipelineError> {
    let name = |place: usize| environments.get(place).map(|one| one.name.to_string()).unwrap_or_default();
    for (unit, own) in of {
        for edge in &estate.unit(*unit).dependencies {
            if let Some(other) = of.get(&edge.to).filter(|other| *other > own) {
                return Err(PipelineError::Backwards {
                    unit: estate.name(*unit),
                    environment: name(*own),
                    needed: estate.name(edge.to),
                    later: name(*other),
                });
            }
        }
    }
    Ok(())
}

/// The folders directly under the estate's root, where each unit lies deeper than in one of these, their names can be those
/// of environments, and none needs one that needs it in turn; otherwise the whole estate is one.
fn by_folders(project: &Project, estate: &Estate, units: &[UnitIndex]) -> Vec<CiEnvironment> {
    let folder_of = |unit: UnitIndex| -> Option<Label> {
        let below = estate.unit(unit).dir.strip_prefix(&project.estate_root).ok()?;
        let mut parts = below.components();
        let first = parts.next()?.as_os_str().to_str()?.parse().ok()?;
        parts.next().map(|_| first)
    };
    let mut needs: BTreeMap<Label, BTreeSet<Label>> = BTreeMap::new();
    for unit in units {
        let Some(own) = folder_of(*unit) else { return whole() };
        let others = estate.unit(*unit).dependencies.iter().filter_map(|edge| folder_of(edge.to));
        let others: Vec<Label> = others.filter(|other| *other != own).collect();
        needs.entry(own).or_default().extend(others);
    }
    let mut ordered: Vec<Label> = Vec::new();
    while ordered.len() < needs.len() {
        let ready = needs.iter().find(|(name, needed)| {
            let is_there = |one: &Label| ordered.contains(one) || !needs.contains_key(one);
            !ordered.contains(name) && needed.iter().all(is_there)
        });
        let Some((name, _)) = ready else { return whole() };
        ordered.push(name.clone());
    }
    let parts = ordered.into_iter().filter_map(|name| part(name.clone(), name.as_str()));
    parts.collect()
}

fn whole() -> Vec<CiEnvironment> {
    let name = WHOLE.parse().ok();
    name.and_then(|name| part(name, ".")).into_iter().collect()
}

fn part(name: Label, path: &str) -> Option<CiEnvironment> {
    let path = path.parse().ok()?;
    Some(CiEnvironment { name, path, region: None, plan_role: None, apply_role: None })
}
