//! A unit as far as it can be known without outputs, with the places of what can be checked against its module
//! and against those of its dependencies.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::dependency::DependencyBlock;
use super::file_config::Wanted;
use super::reader::{Reader, without_repetition};
use super::scope::{FileScope, Section};
use super::unit;
use super::unit_evaluation::UnitEvaluation;
use super::written::{files, written_items};
use crate::terraform::Module;
use crate::terraform::files::is_module_file;
use crate::terragrunt::config::{MockMerge, UnitConfig};
use crate::terragrunt::outputs::UnknownOutputs;
use slipway_hcl::ast::{Expr, ExprKind, ObjectItem};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::Value;
use slipway_hcl::walk;

/// A unit with every output of its dependencies unknown.
#[derive(Clone)]
pub struct Checked {
    /// The unit; what rests on outputs is unknown in it, and what is wrong left out.
    pub unit: UnitConfig,
    /// Its inputs, by name; none where even their names rest on outputs.
    pub inputs: Option<Vec<Input>>,
    /// Where the inputs stand, or the unit's source where it has none.
    pub inputs_place: Option<Location>,
    /// Where the source stands.
    pub source_place: Option<Location>,
    /// What its `generate` blocks add to the module.
    pub generated: Module,
    /// Whether they add something that cannot be known yet.
    pub generates_unknown: bool,
    /// The outputs of dependencies that are read by name.
    pub output_uses: Vec<OutputUse>,
}

/// One input.
#[derive(Clone)]
pub struct Input {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Value,
    /// Where its name is written, where it is written as a name.
    pub name_place: Option<Location>,
    /// Where its value is written, else all the inputs.
    pub value_place: Location,
}

/// `dependency.NAME.outputs.OUTPUT` in an expression.
#[derive(Clone)]
pub struct OutputUse {
    /// The dependency's label.
    pub dependency: Arc<str>,
    /// The folder of the unit that it leads to.
    pub target: PathBuf,
    /// The output's name.
    pub output: Arc<str>,
    /// Where that name is written.
    pub location: Location,
    /// Whether the mocks of the dependency have it.
    pub mocked: bool,
    /// Whether mocks fill the gaps of real outputs.
    pub mocks_stay: bool,
}

impl Reader {
    /// The unit whose configuration is `file` (absolute), as far as it can be known without outputs, and what is
    /// wrong with it; no unit where the file cannot be read, or its values are too large.
    pub fn check(&self, file: &Path) -> (Option<Checked>, Vec<Diagnostic>) {
        let parsed = match self.parsed(file) {
            Ok(parsed) => parsed,
            Err(errors) => return (None, errors),
        };
        let mut errors = parsed.diagnostics.clone();
        let session = Rc::new(UnitEvaluation::new(self, Some(&UnknownOutputs), Arc::from(file)));
        session.mark_read(file);
        let scope = FileScope::root(&session, parsed);
        let config = scope.merged_config(Wanted::Everything, &mut errors);
        for block in &config.dependency {
            // What is wrong with one that nobody uses.
            if let Err(diagnostic) = block.check_outputs(&scope) {
                errors.push(*diagnostic);
            }
        }
        let whole = config.as_value();
        if let Err(error) = unit::check_size(&scope, &whole) {
            errors.push(*error);
            return (None, without_repetition(errors));
        }
        let (mut generated, mut generates_unknown) = (Module::default(), false);
        for block in config.generate.values() {
            let text = |name: &str| block.fields.get(name).and_then(Value::as_str);
            let path = text("path").map(Path::new);
            let name = path.and_then(|path| path.file_name()?.to_str());
            match (path, text("contents")) {
                _ if block.fields.get("disable").and_then(Value::as_bool) == Some(true) => {}
                (Some(path), Some(contents)) if name.is_some_and(is_module_file) => {
                    generated.add(path, contents);
                }
                (Some(_), Some(_)) => {}
                _ => generates_unknown = true,
            }
        }
        // What is generated is the tool's to judge, and only its declarations are of use here.
        generates_unknown |= !std::mem::take(&mut generated.diagnostics).is_empty();
        let files = files(&scope);
        let output_uses =
            files.iter().flat_map(|file| output_uses(&scope, file, &config.dependency)).collect();
        let (inputs, inputs_place) = inputs(&files, config.inputs.as_ref());
        let source_place = files.iter().find_map(|file| {
            let mut blocks = file.file.body.blocks("terraform");
            Some(file.location(blocks.find_map(|block| block.body.attribute("source"))?.expr.span))
        });
        let unit = unit::config(&scope, config, whole);
        let checked =
            Checked { unit, inputs, inputs_place, source_place, generated, generates_unknown, output_uses };
        (Some(checked), without_repetition(errors))
    }
}

fn inputs(
    files: &[Rc<FileScope<'_>>],
    merged: Option<&slipway_hcl::value::Fields>,
) -> (Option<Vec<Input>>, Option<Location>) {
    let written: Vec<(&Rc<FileScope<'_>>, &Expr)> =
        files.iter().filter_map(|file| Some((file, &file.file.body.attribute("inputs")?.expr))).collect();
    let place = written.first().map(|(file, expr)| {
        let name = file.file.body.attribute("inputs").map_or(expr.span, |attribute| attribute.name.span);
        file.location(name)
    });
    let evaluated = |file: &Rc<FileScope<'_>>, expr: &Expr| {
        file.within(Section::Rest, || file.evaluate(expr)).ok().filter(|value| value.as_fields().is_some())
    };
    if written.iter().any(|(file, expr)| evaluated(file, expr).is_none()) {
        return (None, place);
    }
    let items: Vec<(&Rc<FileScope<'_>>, HashMap<&str, &ObjectItem>)> =
        written.iter().map(|(file, expr)| (*file, written_items(expr))).collect();
    let input = |(name, value): (&Arc<str>, &Value)| {
        let item = items.iter().find_map(|(file, items)| {
            let ObjectItem { key, value } = items.get(&**name)?;
            Some((file.location(key.span), file.location(value.span)))
        });
        let whole = || written.first().map(|(file, expr)| file.location(expr.span));
        let (name_place, value_place) = match item {
            Some((name, value)) => (Some(name), value),
            None => (None, whole()?),
        };
        Some(Input { name: Arc::clone(name), value: value.clone(), name_place, value_place })
    };
    (Some(merged.into_iter().flatten().filter_map(input).collect()), place)
}

fn output_uses(unit: &FileScope<'_>, file: &FileScope<'_>, blocks: &[DependencyBlock]) -> Vec<OutputUse> {
    let mut uses = Vec::new();
    let blocks: HashMap<(&str, Option<&str>), &DependencyBlock> =
        blocks.iter().rev().map(|block| ((&*block.name, block.key.as_deref()), block)).collect();
    walk::body(&file.file.body, &mut |expr| {
        // What is tried may fail.
        if let ExprKind::Call { name, .. } = &expr.kind {
            return !matches!(&*name.name, "try" | "can");
        }
        if let Some((dependency, output, span)) = output_name(expr)
            && let Some(block) = blocks.get(&dependency)
            && block.enabled()
            && !block.skip_outputs()
        {
            let mocked = block.mock_outputs().is_some_and(|mocks| mocks.get(output).is_some());
            uses.push(OutputUse {
                dependency: Arc::from(&*block.address()),
                target: block.target(unit),
                output: Arc::from(output),
                location: file.location(span),
                mocked,
                mocks_stay: !matches!(block.merge_with_state(), MockMerge::NoMerge),
            });
            return false;
        }
        true
    });
    uses
}

/// A dependency's label and key.
type Written<'e> = (&'e str, Option<&'e str>);

/// The parts of `dependency.NAME.outputs.OUTPUT` or `dependency.NAME["KEY"].outputs.OUTPUT`, and the place of the last one.
fn output_name(expr: &Expr) -> Option<(Written<'_>, &str, slipway_hcl::source::Span)> {
    let (target, output, span) = step(expr)?;
    let (target, outputs, _) = step(target)?;
    let (root, last, _) = step(target)?;
    let is_root = |root: &Expr| matches!(&root.kind, ExprKind::Variable(name) if &**name == "dependency");
    if outputs != "outputs" {
        return None;
    }
    if is_root(root) {
        return Some(((last, None), output, span));
    }
    let (root, name, _) = step(root)?;
    is_root(root).then_some(((name, Some(last)), output, span))
}

fn step(expr: &Expr) -> Option<(&Expr, &str, slipway_hcl::source::Span)> {
    match &expr.kind {
        ExprKind::GetAttr { target, name } => Some((target, &name.name, name.span)),
        ExprKind::Index { target, key } => match &key.kind {
            ExprKind::String(name) => {
                // Without its quotes.
                let span = slipway_hcl::source::Span {
                    start: key.span.start + 1,
                    end: key.span.end.saturating_sub(1),
                };
                Some((target, name, span))
            }
            _ => None,
        },
        _ => None,
    }
}
