//! What the units of a run share: the engine, the reader, and the outputs, each read once.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use tracing::debug;

use super::event::Outcome;
use crate::engine::{Engine, EngineError, OpenInputs, PlanSummary, SavedPlan, Session, UnitJob, sensitive};
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
    /// It cannot be planned before its inputs are known.
    #[error("it cannot be planned before {waits_for} is applied: {source}")]
    Open {
        /// The inputs that are not known.
        inputs: String,
        /// The units that they wait for.
        waits_for: String,
        /// What the tool says.
        source: Box<EngineError>,
    },
    /// Something else of it than its inputs is not known yet.
    #[error("its {what} rests on an output that is known only after the apply of {waits_for}")]
    OpenBesideInputs {
        /// The block or attribute.
        what: Arc<str>,
        /// The units whose outputs are not known.
        waits_for: String,
    },
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
            Self::Open { inputs, waits_for, .. } => Some(format!(
                "apply {waits_for} first, or give its dependency block mock_outputs: {inputs} {} known only then",
                if inputs.contains(',') { "are" } else { "is" }
            )),
            Self::OpenBesideInputs { waits_for, .. } => {
                Some(format!("apply {waits_for} first, or give its dependency block mock_outputs"))
            }
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

/// What of a unit is not known, beside its inputs: where it comes from, where its state is, what is generated, and the like.
fn open_beside_inputs(config: &UnitConfig) -> Option<Arc<str>> {
    const VALUES: &[&str] = &["inputs", "locals", "dependency"];
    let fields = config.rendered.as_ref()?.as_fields()?;
    let mut others = fields.iter().filter(|(name, _)| !VALUES.contains(&&***name));
    others.find(|(_, value)| !value.is_wholly_known()).map(|(name, _)| Arc::clone(name))
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
    /// What units were planned for whose outputs will be others then.
    planned: Mutex<HashMap<PathBuf, PlannedUnit>>,
}

/// A unit that is planned, and the outputs that it will have, once somebody asks.
#[derive(Clone)]
struct PlannedUnit {
    /// The unit; none where it is to be evaluated yet.
    job: Option<UnitJob>,
    file: PathBuf,
    outputs: Cell,
}

/// On which outputs a unit is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rests {
    /// Those that are there.
    OnWhatIs,
    /// Those that there will be, as far as plans tell.
    OnPlans,
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
        Self { engine, reader, root, stands_for: None, outputs: Mutex::default(), planned: Mutex::default() }
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
        self.job_that(Rests::OnWhatIs, dir, session).await
    }

    /// The unit in a folder, evaluated with the outputs that what it depends on will have, as far as plans of it are known here
    /// and tell; none where it depends on nothing of the kind. What is wrong with it may be that a value is not known yet.
    pub async fn job_on_plans(&self, dir: &Path, session: Session<'_>) -> Result<Option<UnitJob>, WorkError> {
        if self.plans().is_empty() {
            return Ok(None);
        }
        let (outline, _) = self.reader.outline(&unit_file(dir));
        let mut targets = Vec::new();
        for dependency in outline.dependencies.iter().filter(|dependency| dependency.enabled) {
            targets.extend(self.reader.units_of(&dependency.config_path).map_err(WorkError::Configuration)?);
        }
        if !targets.iter().any(|target| self.plans().contains_key(target)) {
            return Ok(None);
        }
        let job = self.job_that(Rests::OnPlans, dir, session).await?;
        match open_beside_inputs(&job.config) {
            None => Ok(Some(job)),
            Some(what) => {
                let planned = targets.iter().filter(|target| self.plans().contains_key(*target));
                let names: Vec<String> = planned.map(|target| self.name(target)).collect();
                Err(WorkError::OpenBesideInputs { what, waits_for: names.join(", ") })
            }
        }
    }

    /// The unit in a folder as it will be planned once what it depends on is applied, where plans tell that; else as it is now.
    pub fn job_by_then<'a>(
        &'a self,
        dir: &'a Path,
        session: Session<'a>,
    ) -> BoxFuture<'a, Result<UnitJob, WorkError>> {
        Box::pin(async move {
            match self.job_on_plans(dir, session).await {
                Ok(Some(job)) if job.config.open.is_empty() => Ok(job),
                Err(error) if error.is_interrupt() => Err(error),
                _ => self.job(dir, session).await,
            }
        })
    }

    /// Takes the plan of a unit: what depends on it may be planned with the outputs that it will have.
    pub fn planned(&self, dir: &Path, job: &UnitJob, plan: &SavedPlan) {
        self.take_plan(dir, Some(job), &plan.file, &plan.summary);
    }

    /// Takes a plan that was saved, as [`Self::planned`] does.
    pub fn saved(&self, dir: &Path, file: &Path, summary: &PlanSummary) {
        self.take_plan(dir, None, file, summary);
    }

    fn take_plan(&self, dir: &Path, job: Option<&UnitJob>, file: &Path, summary: &PlanSummary) {
        if summary.outputs.is_empty() || !self.engine.plans_open_inputs() {
            return;
        }
        let planned = PlannedUnit { job: job.cloned(), file: file.to_owned(), outputs: Cell::default() };
        self.plans().insert(dir.to_owned(), planned);
    }

    /// The inputs of a unit that are not known yet, with the names of the units that they wait for.
    pub fn open_inputs(&self, config: &UnitConfig) -> OpenInputs {
        let names = |folders: &BTreeSet<PathBuf>| folders.iter().map(|dir| self.name(dir)).collect();
        config.open.iter().map(|(input, folders)| (Arc::clone(input), names(folders))).collect()
    }

    /// The names of the units that a unit's open inputs wait for.
    pub fn waits_for(&self, config: &UnitConfig) -> Vec<String> {
        let units: BTreeSet<String> = self.open_inputs(config).into_values().flatten().collect();
        units.into_iter().collect()
    }

    async fn job_that(&self, rests: Rests, dir: &Path, session: Session<'_>) -> Result<UnitJob, WorkError> {
        let file = unit_file(dir);
        // What is wrong with it is told when it is evaluated.
        let (outline, _) = self.reader.outline(&file);
        let mut fetched = HashMap::new();
        let dependencies = outline.dependencies.iter().filter(|dependency| dependency.enabled);
        let mut wanted: Vec<PathBuf> = dependencies.map(|found| found.config_path.clone()).collect();
        let mut applied: Option<Arc<BTreeSet<PathBuf>>> = None;
        let config = loop {
            for dependency in wanted {
                fetched.extend(self.outputs_of_all(rests, &dependency, session).await?);
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
        rests: Rests,
        dir: &Path,
        session: Session<'_>,
    ) -> Result<Vec<(PathBuf, Arc<Outputs>)>, WorkError> {
        let mut all = Vec::new();
        for unit in self.reader.units_of(dir).map_err(WorkError::Configuration)? {
            let planned = self.plans().get(&unit).cloned().filter(|_| rests == Rests::OnPlans);
            let outputs = match planned {
                Some(planned) => self.outputs_after(&unit, &planned, session).await,
                None => self.outputs(&unit, session).await,
            };
            let outputs = outputs.map_err(|source| WorkError::Dependency {
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

    /// The outputs of a unit after its plan, read from the plan once.
    async fn outputs_after(
        &self,
        dir: &Path,
        PlannedUnit { job, file, outputs }: &PlannedUnit,
        session: Session<'_>,
    ) -> Result<Arc<Outputs>, WorkError> {
        let read = || async {
            debug!(unit = %self.name(dir), "its outputs will be others: they are read from its plan");
            let job = match job {
                Some(job) => job.clone(),
                None => self.job_by_then(dir, session).await?,
            };
            let now = self.outputs(dir, session).await?;
            let after = self.engine.planned_outputs(&job, file, Outputs::clone(&now), session).await?;
            for (name, value) in &after {
                sensitive::keep(name, value);
            }
            Ok::<_, WorkError>(Arc::new(after))
        };
        outputs.get_or_try_init(read).await.cloned()
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

    fn plans(&self) -> MutexGuard<'_, HashMap<PathBuf, PlannedUnit>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Cell>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
