//! The units that a command works on, in their order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tracing::debug;

use super::error::CommandError;
use super::nothing::refuse_nothing;
use super::selectors::{Selectors, inside};
use super::workspace::Workspace;
use crate::estate::{Estate, Graph, UnitIndex};
use crate::support::unit_name;
use crate::terragrunt::Reader;
use crate::ui::Ui;

/// A part of the estate, read and ordered.
pub struct Selection {
    /// The units.
    pub estate: Estate,
    /// Their order.
    pub graph: Graph,
    /// Those that are meant; the others are there for what they put out.
    pub selected: BTreeSet<UnitIndex>,
    /// What depends on one of those and was filtered out, as seen from the working folder.
    pub dependents: Vec<String>,
}

/// The units that are chosen of an estate, before anything is said of what is wrong with it.
struct Chosen {
    estate: Estate,
    selected: BTreeSet<UnitIndex>,
    dependents: Vec<String>,
    /// What is wrong with them where they are none.
    nothing: Result<(), CommandError>,
}

impl Workspace {
    /// The units that a PATH and selectors mean, in order, or every error; warnings are said.
    pub fn select(
        &self,
        ui: Ui,
        path: Option<&Path>,
        reader: &Reader,
        selectors: &Selectors,
    ) -> Result<Selection, CommandError> {
        let estate = selectors.discover(self, &self.locate(path)?, reader, false)?;
        self.select_from(ui, estate, reader, selectors)
    }

    /// The units that selectors mean of an estate that is already discovered, in order, or every error.
    pub fn select_from(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        selectors: &Selectors,
    ) -> Result<Selection, CommandError> {
        let Chosen { estate, selected, dependents, nothing } = self.chosen(ui, estate, reader, selectors)?;
        let graph = ordered(ui, &estate)?;
        nothing?;
        Ok(Selection { estate, graph, selected, dependents })
    }

    /// The units of an estate that are chosen, also where something of it is broken: its diagnostics are still to be told.
    pub fn choose(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        selectors: &Selectors,
    ) -> Result<(Estate, BTreeSet<UnitIndex>), CommandError> {
        let Chosen { estate, selected, nothing, .. } = self.chosen(ui, estate, reader, selectors)?;
        nothing?;
        Ok((estate, selected))
    }

    fn chosen(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        selectors: &Selectors,
    ) -> Result<Chosen, CommandError> {
        let Some(chosen) = selectors.select(ui, self, &estate, reader)? else {
            let selected = inside(&estate);
            let why = [
                "it lies under the folder that is meant, and nothing narrows that",
                "it lies elsewhere, and is there for what depends on it",
            ];
            self.explain(&estate, &selected, why);
            let nothing =
                if selected.is_empty() { refuse_nothing(ui, selectors, &estate, None) } else { Ok(()) };
            return Ok(Chosen { estate, selected, dependents: Vec::new(), nothing });
        };
        let left = estate.dependents_beside(&chosen.selected.units);
        let dependents = left.iter().map(|unit| self.name(&estate.unit(*unit).dir)).collect();
        for gone in &chosen.selected.elsewhere {
            ui.say(&format!("not here any more, so nothing is done with it: {}", self.name(gone)));
        }
        let (narrowed, selected) = chosen.narrow(&estate);
        let why = ["a query selects it", "a chosen unit depends on it: only its outputs are read"];
        self.explain(&narrowed, &selected, why);
        let nothing =
            if selected.is_empty() { refuse_nothing(ui, selectors, &estate, Some(&chosen)) } else { Ok(()) };
        Ok(Chosen { estate: narrowed, selected, dependents, nothing })
    }

    /// Tells the debug log which units are chosen, why, and why the others are there.
    fn explain(&self, estate: &Estate, selected: &BTreeSet<UnitIndex>, [meant, needed]: [&str; 2]) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        for (index, unit) in estate.iter() {
            let chosen = selected.contains(&index);
            debug!(unit = %self.name(&unit.dir), chosen, why = if chosen { meant } else { needed });
        }
    }

    /// The units of a run that began before, by their names; what they depend on is there for what it puts out.
    pub fn select_named(&self, ui: Ui, names: &[&str], reader: &Reader) -> Result<Selection, CommandError> {
        let root = &self.project.estate_root;
        // Units that a filter took in may lie beside the estate's root.
        let places = names.iter().map(|name| unit_name::dir(root, name));
        let around = places.fold(root.clone(), |around, place| common(&around, &place));
        let estate = Estate::discover_around(root, &around, reader, &[]);
        let mut chosen = BTreeSet::new();
        for name in names {
            let Some(unit) = estate.find(&unit_name::dir(root, name)) else {
                return Err(CommandError::refused(
                    format!("{name}, a unit of this run, is not in the tree any more"),
                    "go back to the commit that the run began at, or begin another run",
                ));
            };
            chosen.insert(unit);
        }
        let needed = estate.with_dependencies(&chosen);
        let selected = needed.iter().enumerate().filter(|(_, unit)| chosen.contains(unit));
        let selected = selected.map(|(place, _)| UnitIndex(place)).collect();
        let estate = estate.restricted(&needed);
        let graph = ordered(ui, &estate)?;
        Ok(Selection { estate, graph, selected, dependents: Vec::new() })
    }
}

/// The order of an estate in which nothing is wrong, or every error, circles among them; warnings are said.
fn ordered(ui: Ui, estate: &Estate) -> Result<Graph, CommandError> {
    let graph = Graph::build(estate);
    if estate.has_errors() {
        let circles = graph.err().unwrap_or_default();
        return Err(CommandError::Configuration([estate.diagnostics.clone(), circles].concat()));
    }
    ui.diagnostics(estate.diagnostics.iter().cloned());
    Ok(graph?)
}

/// The folder that two paths have in common.
fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
}
