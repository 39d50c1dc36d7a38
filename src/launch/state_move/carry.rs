//! One state, from where it was to where it is to be.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::Pair;
use crate::engine::errand::{Errand, Hearer};
use crate::engine::other_state::path_in_folder;
use crate::engine::{Engine, Session, UnitJob, Unwatched};
use crate::launch::error::CommandError;
use crate::launch::removed::{AtCommit, in_repository};
use crate::launch::workspace::Workspace;
use crate::run::unit_loader::UnitLoader;
use crate::support::confined::{PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::git::{GitError, short};
use crate::support::interrupt::Interrupts;
use crate::support::process::Stream;
use crate::support::unit_name::as_file_name;
use crate::support::work_folder::{self, WorkFolder};
use crate::terraform::WholeState;
use crate::ui::Ui;

/// Where copies are kept, in our own folder.
const MOVED: &str = "moved";

/// A state that was moved, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// The unit by the folder that it had.
    from: String,
    /// The commit that had it there.
    commit: String,
    /// The unit by the folder that it has.
    to: String,
    /// How many resources it holds, data apart; none where nobody has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<usize>,
    /// Where a copy of it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<PathBuf>,
}

impl Moved {
    pub(super) fn not_yet(workspace: &Workspace, pair: &Pair) -> Self {
        Self {
            from: pair.from.to_string_lossy().into_owned(),
            commit: pair.commit.clone(),
            to: workspace.name(&pair.to),
            resources: None,
            copy: None,
        }
    }
}

/// One end of the way.
struct End<'a> {
    /// As messages call it.
    name: String,
    job: UnitJob,
    engine: &'a Arc<dyn Engine>,
    session: Session<'a>,
}

/// What the tool prints.
#[derive(Default)]
struct Printed(Mutex<String>);

impl Hearer for Printed {
    fn line(&self, stream: Stream, line: &str) {
        if stream == Stream::Stdout {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend([line, "\n"]);
        }
    }
}

impl End<'_> {
    async fn tool(&self, words: &[&Path]) -> Result<String, CommandError> {
        let words: Vec<OsString> = words.iter().map(|word| word.as_os_str().to_owned()).collect();
        let errand = Errand::of_tool(&words).map_err(|error| CommandError::failed(&error, None))?;
        let printed = Printed::default();
        self.engine.errand(&self.job, &errand, &printed, self.session).await?;
        Ok(printed.0.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state that is there; none where there is none yet.
    async fn pull(&self) -> Result<Option<WholeState>, CommandError> {
        let text = self.tool(&[Path::new("state"), Path::new("pull")]).await?;
        WholeState::shown(&text).map_err(|error| {
            let help = "move what the tool calls by another version with the tool itself: `slipway run UNIT -- state pull`";
            CommandError::failed(format!("the state of {} cannot be moved: {error}", self.name), Some(help.to_owned()))
        })
    }

    /// Puts a state there, from a file.
    async fn push(&self, file: &Path) -> Result<(), CommandError> {
        self.tool(&[Path::new("state"), Path::new("push"), file]).await.map(drop)
    }
}

/// Moves one state after the other; the files of each commit are laid out once.
pub(super) struct Carrier<'a> {
    ui: Ui,
    workspace: &'a Workspace,
    engine: &'a Arc<dyn Engine>,
    interrupts: &'a Interrupts,
    repository: PathBuf,
    way: PathBuf,
    here: UnitLoader,
    then: HashMap<String, (AtCommit, UnitLoader)>,
}

impl<'a> Carrier<'a> {
    pub(super) fn new(
        ui: Ui,
        workspace: &'a Workspace,
        engine: &'a Arc<dyn Engine>,
        interrupts: &'a Interrupts,
    ) -> Result<Self, CommandError> {
        let (repository, way) = in_repository(&workspace.project.estate_root).map_err(failed)?;
        let here = workspace.loader(Arc::clone(engine), workspace.reader("plan"));
        Ok(Self { ui, workspace, engine, interrupts, repository, way, here, then: HashMap::new() })
    }

    /// Moves one.
    pub(super) async fn carry(&mut self, pair: &Pair) -> Result<Moved, CommandError> {
        if !self.then.contains_key(&pair.commit) {
            let there = AtCommit::of(self.workspace, (&self.repository, &self.way), &pair.commit, true);
            let there = there.map_err(failed)?;
            let loader = there.loader(self.engine);
            self.then.insert(pair.commit.clone(), (there, loader));
        }
        let Self { ui, workspace, engine, interrupts, here, then, .. } = self;
        let Some((then, there)) = then.get(&pair.commit) else { return Ok(Moved::not_yet(workspace, pair)) };
        let (from, to) = (pair.from.to_string_lossy().into_owned(), here.name(&pair.to));
        let place = taken(workspace, &to)?;
        let session = Session { watcher: &Unwatched, interrupts, place: Some(&place) };
        let place_of_old = if from == to { None } else { Some(taken(workspace, &from)?) };
        let session_of_old = Session { watcher: &Unwatched, interrupts, place: place_of_old.as_ref() };
        let mut before = job(there, &then.root.join(&pair.from), session_of_old).await?;
        let now = job(here, &pair.to, session).await?;
        let is_in_place = from == to;
        if is_in_place {
            refuse_in_folder(&to, [&before, &now])?;
            // The two would share a folder that the tool knows for one backend.
            before.id = format!("{from}@{}", short(&pair.commit));
        }
        let beside = work_folder::of_unit(workspace.home()?, &before.id);
        let name = format!("{from} (as of {})", short(&pair.commit));
        let old = End { name, job: before, engine, session: session_of_old };
        let new = End { name: to, job: now, engine, session };
        if is_in_place {
            // What the tool remembers of the other backend is not to be asked about.
            new.tool(&[Path::new("init"), Path::new("-reconfigure"), Path::new("-input=false")]).await?;
        }
        let moved = one_way(*ui, workspace, pair, &old, &new).await?;
        if is_in_place {
            Root::own(workspace.home()?)?.remove_all(&beside)?;
        }
        Ok(moved)
    }
}

fn failed(error: GitError) -> CommandError {
    CommandError::failed(error, None)
}

/// The unit in a folder: without the outputs of what it depends on, whose states may have gone before it, where that is enough.
async fn job(loader: &UnitLoader, dir: &Path, session: Session<'_>) -> Result<UnitJob, CommandError> {
    if let Some(job) = loader.bare_job(dir).await {
        return Ok(job);
    }
    loader.job(dir, session).await.map_err(|error| {
        let help = error.advice();
        CommandError::failed(error, help)
    })
}

/// Refuses where a state would be in the folder that both ends share.
fn refuse_in_folder(unit: &str, ends: [&UnitJob; 2]) -> Result<(), CommandError> {
    if ends.iter().all(|job| path_in_folder(&job.config).is_none()) {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("the state of {unit} lies in the folder that the tool runs in, before or after the change"),
        format!("let the tool move it: `slipway run {unit} -- init -migrate-state -force-copy`"),
    ))
}

/// Keeps every other command of this machine from working on the unit meanwhile.
fn taken(workspace: &Workspace, unit: &str) -> Result<WorkFolder, CommandError> {
    let folder = work_folder::of_unit(workspace.home()?, unit);
    if let Some(place) = WorkFolder::take(workspace.home()?, &folder, "slipway state move")? {
        return Ok(place);
    }
    let who = WorkFolder::holder(&folder).unwrap_or_else(|| "another run".to_owned());
    Err(CommandError::refused(
        format!("a tool still works on {unit} ({who})"),
        "wait until it has ended, or stop it",
    ))
}

async fn one_way(
    ui: Ui,
    workspace: &Workspace,
    pair: &Pair,
    old: &End<'_>,
    new: &End<'_>,
) -> Result<Moved, CommandError> {
    let Some(state) = old.pull().await?.filter(WholeState::holds_something) else {
        return Err(CommandError::usage(
            format!("there is no state of {}, or nothing in it", old.name),
            "name the folder and the commit at which it was applied last; a state that was moved is empty",
        ));
    };
    let there = new.pull().await?;
    let is_copied = there.as_ref().is_some_and(|there| there.holds_the_same_as(&state));
    if !is_copied && there.as_ref().is_some_and(WholeState::holds_something) {
        return Err(CommandError::refused(
            format!("{} has a state already, and it holds something else", new.name),
            "nothing was moved; look at both with `slipway run -- state list`",
        ));
    }
    let copies = Copies::begin(workspace, pair)?;
    let copy = copies.keep("from.tfstate", &state)?;
    if !is_copied {
        let placed = there.map_or_else(|| state.clone(), |there| state.in_the_place_of(&there));
        new.push(&copies.keep("to.tfstate", &placed)?).await?;
        if !new.pull().await?.is_some_and(|found| found.holds_the_same_as(&state)) {
            return Err(CommandError::failed(
                format!("{} does not hold what was pushed to it; {} still does", new.name, old.name),
                Some(format!("a copy is in {}", copy.display())),
            ));
        }
    }
    // From here on both hold it: whoever is cut off does this again.
    old.push(&copies.keep("left.tfstate", &state.emptied())?).await?;
    if old.pull().await?.is_some_and(|left| left.holds_something()) {
        return Err(CommandError::failed(
            format!("{} still holds what {} holds now", old.name, new.name),
            Some(format!("empty it before anything plans there; a copy is in {}", copy.display())),
        ));
    }
    ui.say(&format!(
        "{} -> {}: {} resources; a copy is {}",
        old.name,
        new.name,
        state.resources(),
        copy.display()
    ));
    Ok(Moved { resources: Some(state.resources()), copy: Some(copy), ..Moved::not_yet(workspace, pair) })
}

/// Where copies of a state are kept: secrets are in them, and only their owner reads them.
struct Copies {
    folder: Root,
}

impl Copies {
    fn begin(workspace: &Workspace, pair: &Pair) -> Result<Self, CommandError> {
        let now = Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let random = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{now}-{random:.4}-{}", as_file_name(&pair.from.to_string_lossy()));
        let folder = Root::own(workspace.home()?)?.folder(&Path::new(MOVED).join(name), PRIVATE_FOLDER)?;
        Ok(Self { folder })
    }

    /// Keeps a state, on disk before anything else is done with it.
    fn keep(&self, name: &str, state: &WholeState) -> Result<PathBuf, CommandError> {
        self.folder.write_durably(Path::new(name), state.text().as_bytes(), PRIVATE)?;
        Ok(self.folder.path().join(name))
    }
}
