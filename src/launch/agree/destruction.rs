//! Before anything is destroyed: every unit is planned, what would go is shown, and a person agrees to exactly that.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::StreamExt;

use super::typed::typed;
use super::{Answer, Undecided};
use crate::engine::{Session, Unwatched};
use crate::estate::UnitIndex;
use crate::launch::select::Selection;
use crate::launch::stacks::whole;
use crate::launch::workspace::Workspace;
use crate::report::terminal::Display;
use crate::run::ahead::PlannedAhead;
use crate::run::blast::{BlastRadius, Loss, Stranded};
use crate::run::event::Outcome;
use crate::run::unit_loader::UnitLoader;
use crate::support::interrupt::{Interrupts, Stop};
use crate::terragrunt::Reader;
use crate::ui::Ui;

/// How many states are asked for at once.
const AT_ONCE: usize = 8;

/// A unit that stays and depends on one that goes.
pub struct Dependent {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub name: String,
    /// What it depends on, by name.
    pub on: Vec<String>,
    /// Whether `prevent_destroy` protects it.
    pub protected: bool,
}

/// The units of the whole estate that depend on what is selected, and are not; those of stacks that are not generated among
/// them.
pub fn dependents(workspace: &Workspace, selection: &Selection, reader: &Reader) -> Vec<Dependent> {
    let going: BTreeSet<&Path> =
        selection.selected.iter().map(|unit| selection.estate.unit(*unit).dir.as_path()).collect();
    let root = &workspace.project.estate_root;
    // What is wrong with units that nobody named is no reason to stop.
    let (whole, _) = whole(workspace, reader);
    let name = |unit: UnitIndex| whole.name(unit);
    whole
        .units
        .iter()
        .filter(|unit| !going.contains(unit.dir.as_path()))
        .filter_map(|unit| {
            let on = unit.dependencies.iter().map(|edge| edge.to);
            let on: Vec<String> =
                on.filter(|to| going.contains(whole.unit(*to).dir.as_path())).map(name).collect();
            let protected = unit.outline.prevent_destroy;
            (!on.is_empty()).then(|| Dependent {
                dir: unit.dir.clone(),
                name: unit.seen_from(root),
                on,
                protected,
            })
        })
        .collect()
}

/// Each with whether its state has resources; none where that cannot be told.
pub async fn with_resources<'a>(
    dependents: &'a [Dependent],
    loader: &UnitLoader,
    interrupts: &Interrupts,
) -> Vec<(&'a Dependent, Option<bool>)> {
    let ask = async |dependent: &'a Dependent| {
        let session = Session { watcher: &Unwatched, interrupts, place: None };
        let has_resources = match loader.bare_job(&dependent.dir).await {
            Some(job) => loader.engine().has_resources(&job, session).await.ok(),
            None => None,
        };
        (dependent, has_resources)
    };
    futures::stream::iter(dependents).map(ask).buffered(AT_ONCE).collect().await
}

/// What has to be typed: the name of the folder that was named, such as `dev`. For the whole estate it is that of the
/// one environment that all units are in, or the estate's own.
pub fn word(asked_for: &Path, root: &Path, going: &[PathBuf]) -> String {
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let inside = asked_for.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty());
    if inside.is_none() {
        let tops: BTreeSet<_> = going
            .iter()
            .map(|dir| dir.strip_prefix(root).ok().and_then(|path| path.components().next()))
            .collect();
        if let (1, Some(Some(top))) = (tops.len(), tops.first()) {
            return top.as_os_str().to_string_lossy().into_owned();
        }
        return last(root).unwrap_or_else(|| "destroy".to_owned());
    }
    last(asked_for).unwrap_or_else(|| "destroy".to_owned())
}

/// A destruction that has not begun.
pub struct Destruction<'a> {
    /// The run; its units in the order in which they go.
    pub run: Undecided<'a>,
    /// Who stays and loses what it depends on.
    pub dependents: Vec<Dependent>,
    /// What has to be typed; none where nobody is asked.
    pub word: Option<String>,
    /// The live display, where there is one.
    pub display: Option<Display>,
    /// The engine.
    pub loader: &'a UnitLoader,
}

impl Destruction<'_> {
    /// Plans, shows, asks.
    pub async fn agree(self, ui: Ui) -> Answer {
        let planned = self.run.plan(None).await;
        if let Some(outcome) = failure(&planned) {
            return self.run.end(planned, &outcome);
        }
        let radius = self.radius(&planned).await;
        if radius.resources() == 0 && self.run.gates.is_empty() {
            return Answer::Nothing;
        }
        self.show(ui, &format!("this would be destroyed, in this order:\n{}", radius.table()));
        let Some(word) = &self.word else { return Answer::Yes(None) };
        let typed = tokio::task::block_in_place(|| self.ask(word));
        let otherwise = match typed {
            Some(typed) if typed.trim() == word => return Answer::Yes(Some(word.clone())),
            None if self.run.interrupts.step() > Stop::None => Outcome::Interrupted,
            Some(typed) => {
                self.show(ui, &format!("\"{}\" is not \"{word}\": nothing was destroyed", typed.trim()));
                Outcome::Declined
            }
            None => Outcome::Declined,
        };
        self.run.end(Vec::new(), &otherwise)
    }

    async fn radius(&self, planned: &[PlannedAhead]) -> BlastRadius {
        let loss = |unit: &PlannedAhead| {
            let note = match &unit.outcome {
                Some(Outcome::Unchanged { note }) => note.clone(),
                _ => None,
            };
            Loss { note, ..Loss::of(&unit.name, unit.summary.as_ref()) }
        };
        let asked = with_resources(&self.dependents, self.loader, self.run.interrupts).await;
        let stranded = asked.into_iter().map(|(dependent, has_resources)| Stranded {
            unit: dependent.name.clone(),
            on: dependent.on.clone(),
            has_resources,
        });
        BlastRadius { losses: planned.iter().map(loss).collect(), stranded: stranded.collect() }
    }

    fn show(&self, ui: Ui, text: &str) {
        match &self.display {
            Some(display) => display.print(text),
            None => ui.say(text),
        }
    }

    fn ask(&self, word: &str) -> Option<String> {
        let question = format!("Type {word} to destroy it, anything else to leave it: ");
        let display = self.display.as_ref()?;
        display.ask("", &question, || typed(self.run.interrupts))
    }
}

/// How the others end where some unit could not be planned.
fn failure(planned: &[PlannedAhead]) -> Option<Outcome> {
    let failed = |unit: &&PlannedAhead| unit.outcome.as_ref().is_some_and(|outcome| !outcome.is_success());
    if planned.iter().any(|unit| unit.outcome == Some(Outcome::Interrupted)) {
        return Some(Outcome::Interrupted);
    }
    planned.iter().find(failed).map(|unit| Outcome::Skipped { cause: unit.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_the_name_of_what_was_named() {
        let root = Path::new("/x/live");
        let dev = [PathBuf::from("/x/live/dev/vpc"), PathBuf::from("/x/live/dev/app")];
        let both = [PathBuf::from("/x/live/dev/vpc"), PathBuf::from("/x/live/prod/vpc")];
        assert_eq!(word(Path::new("/x/live/dev"), root, &dev), "dev");
        assert_eq!(word(Path::new("/x/live/dev/vpc"), root, &dev[..1]), "vpc");
        assert_eq!(word(root, root, &dev), "dev", "there is one environment only");
        assert_eq!(word(root, root, &both), "live");
        assert_eq!(word(Path::new("/x"), root, &both), "live");
    }
}
