//! The reader: everything that is read once a run and shared by the units.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::file_config::Wanted;
use super::open;
use super::outline::{self, Outline};
use super::parsed_file::ParsedFile;
use super::scope::FileScope;
use super::unit;
use super::unit_evaluation::{Trace, UnitEvaluation};
use crate::terraform::{LocalModules, Module};
use crate::terragrunt::cache::Cache;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::counts::{Counts, Tally};
use crate::terragrunt::options::ReaderOptions;
use crate::terragrunt::outputs::{OutputSource, UnknownOutputs};
use crate::terragrunt::overlay::{Overlay, Place};
use crate::terragrunt::paths;
use crate::terragrunt::questions::{Question, Questions};
use crate::terragrunt::references;
use crate::terragrunt::schema;
use crate::terragrunt::stack::{self, StackFile};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::SourceFile;
use slipway_hcl::value::Value;

/// What `read_terragrunt_config` answered, where the answer is the same for every unit.
#[derive(Clone)]
pub(crate) struct ReadConfig {
    pub value: Value,
    /// What it rests on, its own file first.
    pub files: Arc<[Trace]>,
}

/// What tells two calls of a program apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CommandKey {
    /// None for an answer that is the same in every folder.
    pub folder: Option<PathBuf>,
    pub words: Vec<String>,
}

/// Paths are asked for by their text: they are clean, and comparing them by components takes longer.
type ByPath<V> = Cache<OsString, V>;

/// Reads the files of an estate, each once, and evaluates its units; one for a run, shared by its threads.
pub struct Reader {
    began: SystemTime,
    options: ReaderOptions,
    files: ByPath<Result<Arc<ParsedFile>, Arc<Diagnostic>>>,
    commands: Cache<CommandKey, Result<String, String>>,
    there: ByPath<bool>,
    repositories: ByPath<Option<Arc<Path>>>,
    /// None for a file whose answer is another one for each unit, or that is broken.
    configs: ByPath<Option<ReadConfig>>,
    /// The files found above a folder, by the name that was looked for.
    above: Cache<String, Arc<ByPath<Option<Value>>>>,
    tally: Tally,
    passed_over: AtomicU64,
    questions: Questions,
    overlay: Overlay,
    modules: Cache<PathBuf, Arc<Module>>,
    called: Cache<PathBuf, Arc<LocalModules>>,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new(options: ReaderOptions) -> Self {
        let questions = options.outlines.as_ref().map(|_| Questions::remembered());
        Self {
            began: SystemTime::now(),
            options,
            files: Cache::new(),
            commands: Cache::new(),
            there: Cache::new(),
            repositories: Cache::new(),
            configs: Cache::new(),
            above: Cache::new(),
            tally: Tally::default(),
            passed_over: AtomicU64::new(0),
            questions: questions.unwrap_or_default(),
            overlay: Overlay::default(),
            modules: Cache::new(),
            called: Cache::new(),
        }
    }

    /// What it was made with.
    pub fn options(&self) -> &ReaderOptions {
        &self.options
    }

    /// When it was made: what was changed since may have been read as it was before.
    pub(crate) fn began(&self) -> SystemTime {
        self.began
    }

    /// What it has asked about paths so far, where it was told of somebody who keeps outlines.
    pub(crate) fn questions(&self) -> Vec<(PathBuf, Question, bool)> {
        self.questions.asked()
    }

    /// The folders whose repositories were asked for so far.
    pub(crate) fn in_repositories(&self) -> Vec<PathBuf> {
        self.repositories.keys().into_iter().map(PathBuf::from).collect()
    }

    /// Whether it sees what is not there: folders that stacks would generate.
    pub(crate) fn sees_more(&self) -> bool {
        self.overlay.is_used()
    }

    /// How much was read and evaluated so far.
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What the graph needs of the unit whose configuration is `file` (absolute): everything that could be
    /// found out, and what is wrong with the rest. Asks for no outputs.
    pub fn outline(&self, file: &Path) -> (Outline, Vec<Diagnostic>) {
        let outline = outline::read(self, file);
        self.let_go(file);
        outline
    }

    /// The unit whose configuration is `file` (absolute), with every expression evaluated; or everything that
    /// is wrong with it.
    pub fn evaluate(&self, file: &Path, outputs: &dyn OutputSource) -> Result<UnitConfig, Vec<Diagnostic>> {
        match self.render(file, outputs) {
            (Some(config), errors) if errors.is_empty() => Ok(config),
            (_, errors) => Err(errors),
        }
    }

    /// The unit for showing: everything that is wrong, and beside it the unit where nothing but single values is
    /// missing, because what they name is not there. Such values are unknown.
    pub fn render(&self, file: &Path, outputs: &dyn OutputSource) -> (Option<UnitConfig>, Vec<Diagnostic>) {
        let rendered = self.evaluated(file, outputs).unwrap_or_else(|errors| (None, errors));
        self.let_go(file);
        rendered
    }

    fn evaluated(
        &self,
        file: &Path,
        outputs: &dyn OutputSource,
    ) -> Result<(Option<UnitConfig>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let parsed = self.parsed(file)?;
        let session = Rc::new(UnitEvaluation::new(self, Some(outputs), parsed.source.shared_path()));
        session.mark_read(parsed.source.shared_path());
        let mut errors = parsed.diagnostics.clone();
        if errors.iter().any(Diagnostic::is_error) {
            return Err(errors);
        }
        let scope = FileScope::root(&session, parsed);
        let config = scope.merged_config(Wanted::Everything, &mut errors);
        for block in &config.dependency {
            if let Err(diagnostic) = block.check_outputs(&scope) {
                errors.push(*diagnostic);
            }
        }
        errors.extend(unit::missing_folders(&scope, &config));
        let (errors, mut warnings): (Vec<_>, Vec<_>) =
            without_repetition(errors).into_iter().partition(Diagnostic::is_error);
        if !errors.is_empty() && !scope.lacks_only_values(&errors) {
            return Err(errors);
        }
        warnings.extend(scope.mock_warnings());
        let whole = config.as_value();
        unit::check_size(&scope, &whole).map_err(|error| vec![*error])?;
        let open = open::inputs(&scope, &config);
        let config = UnitConfig { open, warnings, ..unit::config(&scope, config, whole) };
        Ok((Some(config), errors))
    }

    /// The backend that a `remote_state` block names for the unit whose configuration is `file` (absolute): its own
    /// block or one that it includes. Nothing else is evaluated; none where only the whole unit can say it.
    pub fn backend(&self, file: &Path) -> Option<String> {
        let parsed = self.parsed(file).ok()?;
        let session = Rc::new(UnitEvaluation::new(self, Some(&UnknownOutputs), parsed.source.shared_path()));
        FileScope::root(&session, parsed).backend()
    }

    /// What is wrong with the unit whose configuration is `file` (absolute), as far as that can be told without
    /// outputs: every expression is evaluated, with the outputs of dependencies unknown.
    pub fn validate(&self, file: &Path) -> Vec<Diagnostic> {
        without_repetition(self.check(file).1)
    }

    /// A file, parsed at its first use.
    pub(crate) fn parsed(&self, path: &Path) -> Result<Arc<ParsedFile>, Vec<Diagnostic>> {
        let parsed = self.files.get(path.as_os_str(), || {
            let source = self.source(path).map_err(|diagnostic| Arc::new(*diagnostic))?;
            let bytes_parsed = source.text().len() as u64;
            self.tally.add(&Counts { files_read: 1, files_parsed: 1, bytes_parsed, ..Counts::default() });
            let (body, diagnostics) = if source.is_json() {
                slipway_hcl::json_syntax::parse(&source, schema::JSON_FILE)
            } else {
                slipway_hcl::parse(&source)
            };
            Ok(Arc::new(ParsedFile::new(source, body, diagnostics)))
        });
        parsed.map_err(|diagnostic| vec![Diagnostic::clone(&diagnostic)])
    }

    /// Frees the syntax of a unit's own file, unless it is evaluated again.
    fn let_go(&self, file: &Path) {
        if !self.options.keep_units {
            self.files.forget(file.as_os_str());
        }
    }

    /// The stack file at `file` (absolute), evaluated; or everything that is wrong with it.
    pub fn stack(&self, file: &Path) -> Result<StackFile, Vec<Diagnostic>> {
        stack::read(self, file, stack::Wanted::Everything)
    }

    /// The folders of the units that a dependency on `dir` means: the folder itself, or those of the stack in it.
    pub fn units_of(&self, dir: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
        Ok(stack::unit_dirs(self, dir)?.unwrap_or_else(|| vec![dir.to_path_buf()]))
    }

    /// Sees a folder that a stack would generate as if it were there.
    pub(crate) fn lay_over(&self, dir: &Path, place: Place) {
        self.overlay.add(dir, place);
    }

    /// Where a file or folder really is: in a stack that is not generated yet, where it would be copied from.
    pub fn on_disk(&self, path: &Path) -> PathBuf {
        self.overlay.on_disk(path).into_owned()
    }

    /// Whether there is a file at `path`, or a stack would generate one; what is none that can be read counts, so that
    /// it is told.
    pub fn is_file(&self, path: &Path) -> bool {
        self.overlay.text(path).is_some() || self.asked(Question::File, path)
    }

    /// Asks about a path on disk, where it may be looked at.
    fn asked(&self, question: Question, path: &Path) -> bool {
        self.seen(path).is_some_and(|place| self.questions.ask(question, &place))
    }

    /// Where a path is on disk, where it may be looked at.
    fn seen<'p>(&self, path: &'p Path) -> Option<Cow<'p, Path>> {
        let place = self.overlay.on_disk(path);
        self.refusal(&place).is_none().then_some(place)
    }

    /// Why what is at `path` on disk is not read; none where it may be.
    pub fn refusal(&self, path: &Path) -> Option<&'static str> {
        self.options.boundary.as_ref()?.refusal(path)
    }

    /// The error for a file that is not to be read; none where it may be.
    pub fn refused(&self, path: &Path) -> Option<Diagnostic> {
        let message = format!("{} is not read: {}", path.display(), self.refusal(path)?);
        let help = "with --untrusted nothing is read but the repository's own files; look at it first, then leave that out";
        Some(Diagnostic::error("terragrunt::outside", message).help(help))
    }

    /// Whether there is a folder at `path`, or a stack would generate one.
    pub(crate) fn is_dir(&self, path: &Path) -> bool {
        self.asked(Question::Folder, path)
    }

    /// The configuration of the unit in `dir`: the JSON one where there is one, else the `terragrunt.hcl`, which
    /// need not be there.
    pub fn unit_file(&self, dir: &Path) -> PathBuf {
        let json = dir.join(paths::UNIT_FILE_JSON);
        if self.is_file(&json) { json } else { dir.join(paths::UNIT_FILE) }
    }

    /// The text of a file, also of one that a stack would generate; its path is the one that was asked for.
    pub(crate) fn source(&self, path: &Path) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
        if let Some(text) = self.overlay.text(path) {
            return Ok(SourceFile::new(path, &*text));
        }
        let place = self.overlay.on_disk(path);
        if let Some(refused) = self.refused(&place) {
            return Err(Box::new(refused));
        }
        let source = SourceFile::read(&place)?;
        Ok(if *place == *path { source } else { SourceFile::new(path, source.text()) })
    }

    /// What the module in a folder is made of, looked through once for all its units.
    pub(crate) fn local_modules(&self, module: &Path) -> Arc<LocalModules> {
        self.called.get(module, || Arc::new(LocalModules::of(module, &|folder| self.module(folder))))
    }

    /// What the module in a folder declares, read once for all its units and for whoever asks.
    pub fn module(&self, folder: &Path) -> Arc<Module> {
        self.modules.get(folder, || Arc::new(Module::read(folder, None, |file| self.refused(file))))
    }

    /// Notes that a program was not started, since none may be.
    pub(crate) fn pass_over(&self) {
        self.passed_over.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was.
    pub fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// The answer of a program, run once for each key.
    pub(crate) fn command(
        &self,
        key: &CommandKey,
        run: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        self.commands.get(key, run)
    }

    /// Whether the unit of the file at `path` uses values, and no stack has left any beside it.
    pub(crate) fn lacks_values(&self, path: &Path) -> bool {
        let values = paths::folder(path).join(stack::VALUES_FILE);
        let uses = |file: Arc<ParsedFile>| references::uses_in(&file.body, "values");
        !self.is_there(&values) && self.parsed(path).is_ok_and(uses)
    }

    /// Whether there is something at `path`; asked once, since every unit looks into the same folders.
    pub(crate) fn is_there(&self, path: &Path) -> bool {
        self.there.get(path.as_os_str(), || {
            self.overlay.text(path).is_some() || self.asked(Question::Anything, path)
        })
    }

    /// What `find` finds of that name in `folder` and above; asked once for units that stand beside each other.
    pub(crate) fn above(
        &self,
        folder: &Path,
        name: &str,
        find: impl FnOnce() -> Option<Value>,
    ) -> Option<Value> {
        let of_name = self.above.get(name, || Arc::new(Cache::new()));
        of_name.get(folder.as_os_str(), find)
    }

    /// The root of the Git repository that holds `folder`.
    pub(crate) fn repository_root(&self, folder: &Path) -> Option<Arc<Path>> {
        self.repositories.get(folder.as_os_str(), || {
            // As `git rev-parse --show-toplevel` says it: with symbolic links resolved.
            // A folder that a stack would generate is in the repository of the first one above that is there.
            let folder = folder.ancestors().find_map(|above| above.canonicalize().ok())?;
            // That it is a repository is no secret of this machine's, though what is in `.git` may be.
            let is_top = |above: &&Path| match self.options.boundary {
                Some(_) => above.join(".git").exists(),
                None => self.is_there(&above.join(".git")),
            };
            folder.ancestors().find(is_top).map(Arc::from)
        })
    }

    /// What was read of a configuration for all units, where that has been found.
    pub(crate) fn read_config(&self, path: &OsStr) -> Option<ReadConfig> {
        self.configs.known(path).flatten()
    }

    /// What `read` reads of a configuration, once for all units; none where each has to read it itself.
    /// Others wait for the first one, so only those may ask that are not in the middle of another file.
    pub(crate) fn read_config_once(
        &self,
        path: &OsStr,
        read: impl FnOnce() -> Option<ReadConfig>,
    ) -> Option<ReadConfig> {
        self.configs.get(path, read)
    }

    /// Keeps what was read of a configuration.
    pub(crate) fn keep_read_config(&self, path: &OsStr, config: Option<ReadConfig>) {
        self.configs.keep(path, config);
    }
}

/// Each diagnostic once: a broken local is found again wherever it is used.
pub(crate) fn without_repetition(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = std::collections::HashSet::new();
    let each = diagnostics.into_iter().flat_map(Diagnostic::each);
    each.filter(|diagnostic| seen.insert(diagnostic.to_string())).collect()
}
