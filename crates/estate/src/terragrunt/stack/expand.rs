//! A stack with all that is in it, without writing anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::{self, Wanted};
use super::rebase::rebased;
use super::source::{self, Fetch, SourceError};
use super::values::values_text;
use super::{
    Kind, STACK_AUTOINCLUDE, STACK_DIR, STACK_FILE, StackBlock, StackFile, UNIT_AUTOINCLUDE, VALUES_FILE,
};
use crate::terragrunt::evaluation::reader::Reader;
use crate::terragrunt::overlay::Place;
use slipway_hcl::budget::{self, Evaluation, VARIABLE, allowed};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::stack::with_room;
use slipway_support::counted::with_commas;

/// How many stacks may be in each other.
const MOST_DEPTH: usize = 100;
/// The most folders that one stack generates, with the stacks in it: a hundred thousand.
const MOST_GENERATED: u64 = 100_000;

/// One folder that a stack generates.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The block that makes it.
    pub block: StackBlock,
    /// The folder that its files are copied from, on this machine.
    pub source: PathBuf,
    /// The files that are written beside them, by name.
    pub written: BTreeMap<&'static str, Arc<str>>,
    /// The folder of the stack whose block it is.
    pub stack: PathBuf,
}

impl Generated {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.block.dir
    }
}

/// Everything that one stack file generates.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The stack file and those of the stacks in it, each after the one that makes it.
    pub stacks: Vec<StackFile>,
    /// The folders, each after the stack that makes it.
    pub generated: Vec<Generated>,
    /// What is worth saying about them.
    pub warnings: Vec<Diagnostic>,
}

impl Expansion {
    /// The folders of units.
    pub fn units(&self) -> impl Iterator<Item = &Generated> {
        self.generated.iter().filter(|generated| generated.block.kind == Kind::Unit)
    }
}

/// Follows the stack whose file is `file` (absolute). From then on `reader` sees the folders that it would
/// generate as if they were there.
///
/// Reports all that is wrong, also in the stacks within; then nothing may be generated.
pub fn expand(reader: &Reader, file: &Path, fetch: &dyn Fetch) -> Result<Expansion, Vec<Diagnostic>> {
    // One budget for all of it: a few files can ask for stacks without end.
    let _evaluation = Evaluation::begin(Some(&Arc::from(file)));
    let mut expanding =
        Expanding { reader, fetch, found: Expansion::default(), errors: Vec::new(), over: false };
    let dir = file.parent().unwrap_or(file);
    let chain = vec![Step { source: real(dir), title: file.display().to_string(), block: None }];
    expanding.stack(file, &chain);
    let Expanding { mut found, errors, .. } = expanding;
    if errors.iter().any(Diagnostic::is_error) {
        return Err(errors);
    }
    found.warnings = errors;
    Ok(found)
}

/// One stack on the way down.
#[derive(Clone)]
struct Step {
    source: PathBuf,
    title: String,
    block: Option<StackBlock>,
}

struct Expanding<'a> {
    reader: &'a Reader,
    fetch: &'a dyn Fetch,
    found: Expansion,
    errors: Vec<Diagnostic>,
    /// Whether a bound was met, so that nothing more is followed.
    over: bool,
}

impl Expanding<'_> {
    fn stack(&mut self, file: &Path, chain: &[Step]) {
        let stack = match read::read(self.reader, file, Wanted::Everything) {
            Ok(stack) => stack,
            Err(errors) => return self.errors.extend(errors.into_iter().map(|error| through(error, chain))),
        };
        let warnings = stack.warnings.iter().map(|warning| through(warning.clone(), chain));
        self.errors.extend(warnings);
        let blocks = stack.blocks.clone();
        let dir = stack.dir.clone();
        self.found.stacks.push(stack);
        for block in blocks {
            if self.over || budget::spent().is_some() {
                return;
            }
            if let Some(bound) = self.bound(&block, chain) {
                self.over = true;
                return self.errors.push(through(bound, chain));
            }
            match self.component(&dir, &block, chain) {
                Ok(Some(source)) => {
                    let nested = block.dir.join(STACK_FILE);
                    let mut longer = chain.to_vec();
                    longer.push(Step { source, title: block.title(), block: Some(block) });
                    with_room(|| self.stack(&nested, &longer));
                }
                Ok(None) => {}
                Err(error) => self.errors.push(through(*error, chain)),
            }
        }
    }

    /// Where one more block would be too many, or too deep.
    fn bound(&self, block: &StackBlock, chain: &[Step]) -> Option<Diagnostic> {
        let most = usize::try_from(allowed(MOST_GENERATED)).unwrap_or(usize::MAX);
        let (message, help) = if chain.len() > MOST_DEPTH {
            let message = format!("{} is a stack in more than {MOST_DEPTH} stacks", block.title());
            (message, "let a stack generate the units themselves".to_owned())
        } else if self.found.generated.len() >= most {
            let first = chain.first().map(|step| step.title.as_str()).unwrap_or_default();
            let message =
                format!("{first} generates more than {} units and stacks", with_commas(most as u64));
            let raise =
                format!("look for stacks that generate two of the next; {VARIABLE}=2 allows twice as many");
            (message, raise)
        } else {
            return None;
        };
        let place = block.location.clone();
        Some(Diagnostic::error("stack::too_many", message).at(place).help(help))
    }

    /// Adds what a block generates; the source of a stack that is to be followed.
    fn component(
        &mut self,
        dir: &Path,
        block: &StackBlock,
        chain: &[Step],
    ) -> Result<Option<PathBuf>, Box<Diagnostic>> {
        let located =
            source::locate(self.reader, dir, block.source.expose(), self.fetch).map_err(|error| {
                let message = format!("the source of {} cannot be used: {error}", block.title());
                let told = match error {
                    SourceError::NotFetched(_) => Diagnostic::warning("stack::not_fetched", message),
                    _ => Diagnostic::error("stack::source", message),
                };
                let help = match error {
                    // The file that is read there is a copy, and the folders beside it are not those of its original.
                    SourceError::Missing(_) if is_generated(dir) => {
                        "this file is a copy in .terragrunt-stack: write the source so that it holds from there, as with \
                         ${get_repo_root()}, or name its catalogue's root before // where the stack is used"
                    }
                    _ => error.help(),
                };
                Box::new(told.at(block.source_location.clone()).help(help))
            })?;
        let source = located.folder.clone();
        let real_source = real(&source);
        if block.kind == Kind::Stack
            && let Some(start) = chain.iter().position(|step| step.source == real_source)
        {
            return Err(Box::new(circle(block, chain.get(start..).unwrap_or_default())));
        }
        let own = chain.first().map(|step| step.source.join(STACK_DIR));
        if own.is_some_and(|own| own.starts_with(&real_source)) || block.dir.starts_with(&real_source) {
            let message = format!("the source of {} holds the folder it is copied to", block.title());
            return Err(Box::new(
                Diagnostic::error("stack::source_holds_target", message)
                    .at(block.source_location.clone())
                    .help("move the source out of the folders above the stack file"),
            ));
        }
        let expected = block.kind.file();
        let there = source.join(expected).is_file();
        if !there && block.is_checked {
            let message =
                format!("the source of {} holds no {expected}: {}", block.title(), source.display());
            return Err(Box::new(
                Diagnostic::error("stack::no_configuration", message).at(block.source_location.clone()).help(
                    format!("name a folder that holds one, or say no_validation = true in {}", block.title()),
                ),
            ));
        }
        let mut written = BTreeMap::new();
        if let Some(values) = &block.values {
            written.insert(VALUES_FILE, Arc::from(values_text(values)));
        }
        if let Some(text) = &block.autoinclude {
            let name = if block.kind == Kind::Unit { UNIT_AUTOINCLUDE } else { STACK_AUTOINCLUDE };
            written.insert(name, Arc::from(text.as_str()));
        }
        if let Some(text) = rebased(self.reader, &located, block)? {
            written.insert(block.kind.file(), Arc::from(text));
        }
        self.reader.lay_over(&block.dir, Place { source: source.clone(), texts: written.clone() });
        self.found.generated.push(Generated {
            block: block.clone(),
            source,
            written,
            stack: dir.to_path_buf(),
        });
        Ok((there && block.kind == Kind::Stack).then_some(real_source))
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The way from the first stack to the one that the error is in.
fn through(error: Diagnostic, chain: &[Step]) -> Diagnostic {
    chain.iter().rev().filter_map(|step| step.block.as_ref()).fold(error, |error, block| {
        error.via(format!("generated by {}", block.title()), block.location.clone())
    })
}

fn circle(block: &StackBlock, steps: &[Step]) -> Diagnostic {
    let way: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
    let message =
        format!("{} generates a stack that it is in itself: {} → …", block.title(), way.join(" → "));
    Diagnostic::error("stack::cycle", message)
        .at(block.source_location.clone())
        .help("take the block out, or let it name another source")
}

/// Whether a folder is among those that stacks generate.
fn is_generated(dir: &Path) -> bool {
    dir.components().any(|part| part.as_os_str() == STACK_DIR)
}
