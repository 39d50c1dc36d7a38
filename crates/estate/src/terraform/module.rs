//! What a module's folder declares.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::constraint::Constraint;
use super::files::{self, ToolKind};
use super::reads::Reads;
use super::requirements::Requirements;
use super::schema;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, MOST_SOURCE, SourceFile};
use slipway_support::fs::read_regular;

/// What the files of one folder declare, or those that a unit generates.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// By name.
    pub variables: BTreeMap<String, Variable>,
    /// The names of the outputs.
    pub outputs: BTreeSet<String>,
    /// The modules that it calls, by name.
    pub calls: BTreeMap<String, ModuleCall>,
    /// Which providers it asks for.
    pub providers: Requirements,
    /// What each `required_version` says.
    pub required_versions: BTreeSet<String>,
    /// Its backends. A module has one at most; what more there is, is the tool's to refuse.
    pub backends: Vec<Backend>,
    /// What its expressions read from disk.
    pub reads: Reads,
    /// Whether there is any file of Terraform's in it.
    pub has_files: bool,
    /// What is wrong with the files; where something is, more may be declared than is known.
    pub diagnostics: Vec<Diagnostic>,
}

/// A `variable` block, with what override files say of it.
#[derive(Clone, Debug)]
pub struct Variable {
    /// What `type` says, where it says something that is understood.
    pub constraint: Option<Constraint>,
    /// Whether it has a default, so that no value is needed.
    pub has_default: bool,
    /// Whether null is a value.
    pub nullable: bool,
    /// Why its value is not to be shown.
    pub hidden: Hidden,
    /// Where it is declared.
    pub location: Location,
}

/// What a variable says of showing its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hidden {
    /// `sensitive`.
    pub sensitive: bool,
    /// `ephemeral`: it is in no state and no plan, and so nowhere else either.
    pub ephemeral: bool,
}

impl Variable {
    /// Whether its value is not to be shown.
    pub fn is_hidden(&self) -> bool {
        self.hidden.sensitive || self.hidden.ephemeral
    }
}

/// A `module` block.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Where the module is.
    pub source: Option<Written>,
    /// Which of its versions.
    pub version: Option<Written>,
    /// Where the block stands.
    pub location: Location,
}

impl ModuleCall {
    /// The path to the module, as it is written, where that is one: it begins with `./` or `../`.
    pub fn path(&self) -> Option<&str> {
        match &self.source {
            Some(Written::Literal(source)) if source.starts_with("./") || source.starts_with("../") => {
                Some(source)
            }
            _ => None,
        }
    }
}

/// What stands where a literal text is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The text.
    Literal(String),
    /// Something that would have to be evaluated, as it is written.
    Expression(String),
}

impl Written {
    /// The text, or the expression as it is written.
    pub fn text(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Expression(text) => text,
        }
    }
}

/// A `backend` or `cloud` block.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The backend's type; none for `cloud`.
    pub kind: Option<String>,
    /// Where the block stands.
    pub location: Location,
}

/// A file of a module that cannot be read.
pub(super) struct Unread {
    pub path: PathBuf,
    pub error: std::io::Error,
}

impl Module {
    /// Reads the files of a folder that `tool` would read, override files last; where it is not known which, those that either
    /// of them would. What `refused` has something against is not read.
    pub fn read(
        folder: &Path,
        tool: Option<ToolKind>,
        refused: impl Fn(&Path) -> Option<Diagnostic>,
    ) -> Self {
        let mut module = Self::default();
        let Ok(paths) = paths(folder, tool) else { return module };
        for path in paths {
            if let Some(refused) = refused(&path) {
                module.diagnostics.push(refused);
                continue;
            }
            module.has_files = true;
            if let Err(Unread { path, error }) = module.read_file(path).map(drop) {
                let message = format!("{} cannot be read: {error}", path.display());
                module.diagnostics.push(Diagnostic::error("hcl::unreadable", message));
            }
        }
        module
    }

    /// Adds what a file declares that is not on disk.
    pub fn add(&mut self, path: &Path, text: impl Into<String>) {
        self.has_files = true;
        self.add_source(&SourceFile::new(path, text));
    }

    /// Reads one file and adds what it declares.
    pub(super) fn read_file(&mut self, path: PathBuf) -> Result<Arc<SourceFile>, Unread> {
        let bytes = match read_regular(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(Unread { path, error }),
        };
        let is_too_large = bytes.len() as u64 > MOST_SOURCE;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("{} cannot be read: it is not UTF-8 text", path.display());
                self.diagnostics.push(Diagnostic::error("hcl::unreadable", message));
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
        };
        let source = SourceFile::new(path, text);
        if is_too_large {
            let most = MOST_SOURCE >> 20;
            let message = format!("{} cannot be read: it has more than {most} MiB", source.path().display());
            self.diagnostics.push(Diagnostic::error("hcl::unreadable", message));
        } else {
            self.add_source(&source);
        }
        Ok(source)
    }

    fn add_source(&mut self, source: &Arc<SourceFile>) {
        let (body, diagnostics) = if source.is_json() {
            slipway_hcl::json_syntax::parse(source, schema::MODULE)
        } else {
            slipway_hcl::parse(source)
        };
        self.declare(source, &body);
        self.reads.add(&body);
        self.diagnostics.extend(diagnostics);
    }
}

/// The module's files in a folder, in the order in which the tools lay them over each other.
pub(super) fn paths(folder: &Path, tool: Option<ToolKind>) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !files::is_module_file(&name.to_string_lossy()) {
            continue;
        }
        // A folder by such a name is none, nor is a link to one.
        let kind = entry.file_type()?;
        let is_folder = || std::fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
        if !(kind.is_dir() || kind.is_symlink() && is_folder()) {
            names.push(name);
        }
    }
    if let Some(tool) = tool {
        let texts: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| tool.reads(&name.to_string_lossy(), &texts));
    }
    names.sort_unstable_by_key(|name| (files::is_override(&name.to_string_lossy()), name.clone()));
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

impl Unread {
    /// Whether there is no such file: a link into nowhere is the tool's to tell.
    pub fn is_missing(&self) -> bool {
        self.error.kind() == ErrorKind::NotFound
    }
}
