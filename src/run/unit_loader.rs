//! What the units of a run share: the engine, the reader, and the outputs, each read once.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use tracing::debug;

use super::event::Outcome;
use crate::engine::{Engine, EngineError, Session, UnitJob, sensitive};
use crate::hcl::diagnostic::Diagnostic;
use crate::support::interrupt::Stop;
use crate::support::unit_name;
use crate::terragrunt::Reader;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::outputs::{OutputSource, Outputs, UnknownOutputs};
use crate::terragrunt::paths::unit_file;

/// Why a unit could not be made ready, or its outputs not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Its configuration is wrong.
    #[error("{}", first_of(.0))]
    Configuration(Vec<Diagnostic>),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The outputs of a dependency could not be read.
    #[error("the outputs of {dependency} could not be read: {source}")]
    Dependency {
        /// The unit that was asked.
        dependency: String,
        /// Why.
        source: Box<WorkError>,
    },
}

impl WorkError {
    /// The way out, where one is known.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Configuration(diagnostics) => diagnostics.first().and_then(|first| first.help.clone()),
            Self::Engine(error) => error.advice(),
            Self::Dependency { source, .. } => source.advice(),
        }
    }

    /// How work that ends with it went.
    pub fn into_outcome(self) -> Outcome {
        match self {
            error if error.is_interrupt() => Outcome::Interrupted,
            Self::Engine(error @ EngineError::Ignored { .. }) => {
                Outcome::Unchanged { note: Some(error.to_string()) }
            }
            error => Outcome::Failed { message: error.to_string(), advice: error.advice() },
        }
    }

    /// Whether a person's wish to stop is behind it.
    pub fn is_interrupt(&self) -> bool {
        match self {
            Self::Engine(EngineError::Interrupted { .. }) => true,
            Self::Dependency { source, .. } => source.is_interrupt(),
            _ => false,
        }
    }
}

fn first_of(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [] => "the configuration is wrong".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// Whether something is wrong because a dependency has no outputs.
fn lacks_outputs(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.code == "terragrunt::no_outputs")
}

type Cell = Arc<OnceCell<Arc<Outputs>>>;

/// The engine, the reader and the outputs of one run.
pub struct UnitLoader {
    engine: Arc<dyn Engine>,
    reader: Arc<Reader>,
    root: PathBuf,
    /// The folder that the configuration stands in, and the one it stands for, where these are two.
    stands_for: Option<(PathBuf, PathBuf)>,
    outputs: Mutex<HashMap<PathBuf, Cell>>,
}

/// The outputs that were fetched for one unit's evaluation, and those that it asked for besides: of what another file
/// depends on that it reads.
#[derive(Clone)]
struct Fetched {
    known: Arc<HashMap<PathBuf, Arc<Outputs>>>,
    /// Those without outputs that have been applied, once that has been looked for.
    applied: Arc<BTreeSet<PathBuf>>,
    asked: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl OutputSource for Fetched {
    fn outputs(&self, dir: &Path) -> Option<Arc<Outputs>> {
        let known = self.known.get(dir).cloned();
        if known.is_none() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(dir.to_owned());
        }
        known
    }

    fn is_applied(&self, dir: &Path) -> bool {
        self.applied.contains(dir)
    }
}

impl UnitLoader {
    /// `root` is the estate's root, under which units are named.
    pub fn new(engine: Arc<dyn Engine>, reader: Arc<Reader>, root: PathBuf) -> Self {
        Self { engine, reader, root, stands_for: None, outputs: Mutex::default() }
    }

    /// A loader over files that stand for others, such as those of a commit: states are where the others have them.
    #[must_use]
    pub fn standing_for(self, places: Option<(PathBuf, PathBuf)>) -> Self {
        Self { stands_for: places, ..self }
    }

    /// The reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The unit in a folder, evaluated with the real outputs of what it depends on.
    pub async fn job(&self, dir: &Path, session: Session<'_>) -> Result<UnitJob, WorkError> {
        let file = unit_file(dir);
        // What is wrong with it is told when it is evaluated.
        let (outline, _) = self.reader.outline(&file);
        let mut fetched = HashMap::new();
        let dependencies = outline.dependencies.iter().filter(|dependency| dependency.enabled);
        let mut wanted: Vec<PathBuf> = dependencies.map(|found| found.config_path.clone()).collect();
        let mut applied: Option<Arc<BTreeSet<PathBuf>>> = None;
        let config = loop {
            for dependency in wanted {
                fetched.extend(self.outputs_of_all(&dependency, session).await?);
                // One that has no outputs at all is asked for once.
                fetched.entry(dependency).or_default();
            }
            let source = Fetched {
                known: Arc::new(fetched.clone()),
                applied: applied.clone().unwrap_or_default(),
                asked: Arc::default(),
            };
            let evaluated = tokio::select! {
                biased;
                () = session.interrupts.reached(Stop::Interrupt) => {
                    return Err(EngineError::Interrupted { command: "evaluating the unit".to_owned() }.into());
                }
                evaluated = self.evaluate(file.clone(), source.clone()) => evaluated,
            };
            let asked = std::mem::take(&mut *source.asked.lock().unwrap_or_else(PoisonError::into_inner));
            wanted = asked.into_iter().collect();
            if !wanted.is_empty() {
                continue;
            }
            match evaluated {
                // Worth a look at states only where somebody has to be told the way out.
                Err(WorkError::Configuration(found)) if applied.is_none() && lacks_outputs(&found) => {
                    let empty = fetched.iter().filter(|(_, outputs)| outputs.is_empty()).map(|(dir, _)| dir);
                    applied = Some(Arc::new(self.applied_among(empty, session).await));
                }
                evaluated => break evaluated?,
            }
        };
        for (name, value) in &config.inputs {
            sensitive::keep(name, value);
        }
        Ok(UnitJob { id: self.name(dir), config: Arc::new(config) })
    }

    /// Those of these units that have a state; one whose state cannot be asked for is none.
    async fn applied_among(
        &self,
        dirs: impl Iterator<Item = &PathBuf>,
        session: Session<'_>,
    ) -> BTreeSet<PathBuf> {
        let mut applied = BTreeSet::new();
        for dir in dirs {
            let Some(job) = self.bare_job(dir).await else { continue };
            if let Ok(Some(_)) = self.engine.state_mark(&job, session).await {
                applied.insert(dir.clone());
            }
        }
        applied
    }

    /// The outputs of the unit in a folder, or of all units of the stack there.
    async fn outputs_of_all(
        &self,
        dir: &Path,
        session: Session<'_>,
    ) -> Result<Vec<(PathBuf, Arc<Outputs>)>, WorkError> {
        let mut all = Vec::new();
        for unit in self.reader.units_of(dir).map_err(WorkError::Configuration)? {
            let outputs = self.outputs(&unit, session).await.map_err(|source| WorkError::Dependency {
                dependency: self.name(&unit),
                source: Box::new(source),
            })?;
            all.push((unit, outputs));
        }
        Ok(all)
    }

    /// The unit in a folder as far as it does not rest on what it depends on: enough to find its state.
    ///
    /// `None` where that is not enough, because the place of the state itself comes from outputs.
    pub async fn bare_job(&self, dir: &Path) -> Option<UnitJob> {
        let config = self.evaluate(unit_file(dir), UnknownOutputs).await.ok()?;
        let state_is_known = config.remote_state.as_ref().is_none_or(|state| state.config.is_wholly_known());
        state_is_known.then(|| UnitJob { id: self.name(dir), config: Arc::new(config) })
    }

    /// The bare job of a unit whose state is in S3; none of any other.
    pub async fn job_in_s3(&self, dir: &Path) -> Option<UnitJob> {
        let in_s3 = self.reader.backend(&unit_file(dir)).is_some_and(|backend| backend == "s3");
        if in_s3 { self.bare_job(dir).await } else { None }
    }

    async fn evaluate(
        &self,
        file: PathBuf,
        outputs: impl OutputSource + Send + 'static,
    ) -> Result<UnitConfig, WorkError> {
        let reader = Arc::clone(&self.reader);
        // Functions of the configuration may run programs and ask AWS.
        let evaluated = tokio::task::spawn_blocking(move || reader.evaluate(&file, &outputs)).await;
        let config = evaluated.map_err(|error| {
            let message = format!("evaluation ended unexpectedly: {error}");
            WorkError::Configuration(vec![Diagnostic::error("run::evaluation", message)])
        })?;
        let mut config = config.map_err(WorkError::Configuration)?;
        if let Some(places) = &self.stands_for {
            config.remote_state = config.remote_state.map(|state| state.standing_for(places));
        }
        Ok(config)
    }

    /// The outputs of the unit in a folder: those of the apply just done, else read from its state, once.
    pub fn outputs<'a>(
        &'a self,
        dir: &'a Path,
        session: Session<'a>,
    ) -> BoxFuture<'a, Result<Arc<Outputs>, WorkError>> {
        Box::pin(async move {
            let cell = self.cell(dir);
            let read = || async {
                debug!(
                    unit = %self.name(dir),
                    "outputs are wanted and not known yet: they are read once for all"
                );
                let job = match self.bare_job(dir).await {
                    Some(job) => job,
                    None => self.job(dir, session).await?,
                };
                let outputs = self.engine.outputs(&job, session).await?;
                for (name, value) in &outputs {
                    sensitive::keep(name, value);
                }
                Ok::<_, WorkError>(Arc::new(outputs))
            };
            cell.get_or_try_init(read).await.cloned()
        })
    }

    /// Takes the outputs of an apply; `None` where the tool has not told them, and they have to be read again.
    pub fn applied(&self, dir: &Path, outputs: Option<Outputs>) {
        let what = match &outputs {
            Some(_) => "its outputs are those that the apply has told",
            None => "its outputs are to be read anew: something is changing them",
        };
        debug!(unit = %self.name(dir), "{what}");
        let cell = outputs.map_or_else(OnceCell::new, |outputs| OnceCell::new_with(Some(Arc::new(outputs))));
        self.lock().insert(dir.to_owned(), Arc::new(cell));
    }

    /// The unit's name.
    pub fn name(&self, dir: &Path) -> String {
        unit_name::name(&self.root, dir)
    }

    fn cell(&self, dir: &Path) -> Cell {
        Arc::clone(self.lock().entry(dir.to_owned()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Cell>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
