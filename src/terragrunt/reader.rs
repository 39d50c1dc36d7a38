//! The reader: everything that is read once a run and shared by the units.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::config::UnitConfig;
use super::file_config::Wanted;
use super::options::ReaderOptions;
use super::outline::{self, Outline};
use super::outputs::OutputSource;
use super::overlay::{Overlay, Place};
use super::paths;
use super::schema;
use super::scope::FileScope;
use super::session::Session;
use super::stack::{self, StackFile};
use super::unit;
use crate::hcl::ast::Body;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::SourceFile;
use crate::hcl::value::Value;

/// A file that was read and parsed.
pub(crate) struct ParsedFile {
    pub source: Arc<SourceFile>,
    /// As much of it as could be understood.
    pub body: Body,
    /// What could not.
    pub diagnostics: Vec<Diagnostic>,
}

impl ParsedFile {
    /// The syntax errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }
}

/// What `read_terragrunt_config` answered, where the answer is the same for every unit.
#[derive(Clone)]
pub(crate) struct ReadConfig {
    pub value: Value,
    /// The files that were read for it, its own first.
    pub files: Vec<PathBuf>,
}

/// What tells two calls of a program apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CommandKey {
    /// None for an answer that is the same in every folder.
    pub folder: Option<PathBuf>,
    pub words: Vec<String>,
}

type Once<T> = Arc<OnceLock<T>>;

/// Answers found once and shared; whoever comes second waits for the first.
struct Cache<K, V>(Mutex<HashMap<K, Once<V>>>);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn get(&self, key: K, find: impl FnOnce() -> V) -> V {
        let cell = Arc::clone(locked(&self.0).entry(key).or_default());
        cell.get_or_init(find).clone()
    }
}

/// Reads the files of an estate, each once, and evaluates its units; one for a run, shared by its threads.
pub struct Reader {
    options: ReaderOptions,
    files: Cache<PathBuf, Result<Arc<ParsedFile>, Arc<Diagnostic>>>,
    commands: Cache<CommandKey, Result<String, String>>,
    there: Cache<PathBuf, bool>,
    repositories: Cache<PathBuf, Option<PathBuf>>,
    configs: Mutex<HashMap<PathBuf, ReadConfig>>,
    overlay: Overlay,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new(options: ReaderOptions) -> Self {
        Self {
            options,
            files: Cache::new(),
            commands: Cache::new(),
            there: Cache::new(),
            repositories: Cache::new(),
            configs: Mutex::new(HashMap::new()),
            overlay: Overlay::default(),
        }
    }

    /// What it was made with.
    pub fn options(&self) -> &ReaderOptions {
        &self.options
    }

    /// What the graph needs of the unit whose configuration is `file` (absolute): everything that could be
    /// found out, and what is wrong with the rest. Asks for no outputs.
    pub fn outline(&self, file: &Path) -> (Outline, Vec<Diagnostic>) {
        outline::read(self, file)
    }

    /// The unit whose configuration is `file` (absolute), with every expression evaluated; or everything that
    /// is wrong with it.
    pub fn evaluate(&self, file: &Path, outputs: &dyn OutputSource) -> Result<UnitConfig, Vec<Diagnostic>> {
        let parsed = self.parsed(file)?;
        let session = Rc::new(Session::new(self, Some(outputs), file.to_path_buf()));
        session.mark_read(file);
        let mut errors = parsed.diagnostics.clone();
        if errors.iter().any(Diagnostic::is_error) {
            return Err(errors);
        }
        let scope = FileScope::root(&session, parsed);
        let config = scope.merged_config(Wanted::Everything, &mut errors);
        for block in &config.dependency {
            if let Err(diagnostic) = block.outputs(&scope) {
                errors.push(*diagnostic);
            }
        }
        errors.extend(unit::missing_folders(&scope, &config));
        if errors.iter().any(Diagnostic::is_error) {
            return Err(without_repetition(errors));
        }
        Ok(unit::config(&scope, config))
    }

    /// What is wrong with the unit whose configuration is `file` (absolute), as far as that can be told without
    /// outputs: every expression is evaluated, with the outputs of dependencies unknown.
    pub fn validate(&self, file: &Path) -> Vec<Diagnostic> {
        without_repetition(self.check(file).1)
    }

    /// A file, parsed at its first use.
    pub(crate) fn parsed(&self, path: &Path) -> Result<Arc<ParsedFile>, Vec<Diagnostic>> {
        let parsed = self.files.get(path.to_path_buf(), || {
            let source = self.source(path).map_err(|diagnostic| Arc::new(*diagnostic))?;
            let (body, diagnostics) = if source.is_json() {
                crate::hcl::json_syntax::parse(&source, schema::JSON_FILE)
            } else {
                crate::hcl::parse(&source)
            };
            Ok(Arc::new(ParsedFile { source, body, diagnostics }))
        });
        parsed.map_err(|diagnostic| vec![Diagnostic::clone(&diagnostic)])
    }

    /// The stack file at `file` (absolute), evaluated; or everything that is wrong with it.
    pub fn stack(&self, file: &Path) -> Result<StackFile, Vec<Diagnostic>> {
        stack::read(self, file, stack::Wanted::Everything)
    }

    /// Sees a folder that a stack would generate as if it were there.
    pub(crate) fn lay_over(&self, dir: &Path, place: Place) {
        self.overlay.add(dir, place);
    }

    /// Where a file or folder really is: in a stack that is not generated yet, where it would be copied from.
    pub fn on_disk(&self, path: &Path) -> PathBuf {
        self.overlay.on_disk(path).into_owned()
    }

    /// Whether there is a file at `path`, or a stack would generate one.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        self.overlay.text(path).is_some() || self.overlay.on_disk(path).is_file()
    }

    /// Whether there is a folder at `path`, or a stack would generate one.
    pub(crate) fn is_dir(&self, path: &Path) -> bool {
        self.overlay.on_disk(path).is_dir()
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
        let source = SourceFile::read(&place)?;
        Ok(if *place == *path { source } else { SourceFile::new(path, source.text()) })
    }

    /// The answer of a program, run once for each key.
    pub(crate) fn command(
        &self,
        key: CommandKey,
        run: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        self.commands.get(key, run)
    }

    /// Whether there is something at `path`; asked once, since every unit looks into the same folders.
    pub(crate) fn is_there(&self, path: &Path) -> bool {
        self.there
            .get(path.to_path_buf(), || self.overlay.text(path).is_some() || self.on_disk(path).exists())
    }

    /// The root of the Git repository that holds `folder`.
    pub(crate) fn repository_root(&self, folder: &Path) -> Option<PathBuf> {
        self.repositories.get(folder.to_path_buf(), || {
            // As `git rev-parse --show-toplevel` says it: with symbolic links resolved.
            // A folder that a stack would generate is in the repository of the first one above that is there.
            let folder = folder.ancestors().find_map(|above| above.canonicalize().ok())?;
            folder.ancestors().find(|above| self.is_there(&above.join(".git"))).map(Path::to_path_buf)
        })
    }

    pub(crate) fn read_config(&self, path: &Path) -> Option<ReadConfig> {
        locked(&self.configs).get(path).cloned()
    }

    pub(crate) fn keep_read_config(&self, path: PathBuf, config: ReadConfig) {
        locked(&self.configs).insert(path, config);
    }
}

/// A cache that a panicking thread left is still a cache: entries are written whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same diagnostics, each once: a broken local is found again wherever it is used.
pub(crate) fn without_repetition(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = std::collections::HashSet::new();
    let each = diagnostics.into_iter().flat_map(Diagnostic::each);
    each.filter(|diagnostic| seen.insert(diagnostic.to_string())).collect()
}
