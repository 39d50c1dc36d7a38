//! What a stack file may not say, and what it says in vain.

use std::collections::HashMap;
use std::path::Path;

use super::component::{ATTRIBUTES, ENABLED};
use super::read::Reading;
use super::{Kind, StackBlock};
use crate::terragrunt::evaluation::experiment::BLOCK_ITERATION;
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::evaluation::{decode, expansion};
use crate::terragrunt::paths;
use slipway_hcl::ast::Block;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Span;
use slipway_hcl::suggest::nearest;
use slipway_support::path_text;

/// The most bytes of a name in a folder, on every file system that tools run on.
const LONGEST_NAME: usize = 255;

impl<'r> Reading<'_, 'r> {
    /// Refuses what may not stand at the top of a file.
    pub(super) fn check(&mut self, file: &FileScope<'r>, blocks: &[(&str, usize)], what: &str) {
        decode::check_blocks(file, &file.file.body, blocks, what, &mut self.errors);
        for attribute in &file.file.body.attributes {
            let name = &attribute.name.name;
            self.errors.push(
                Diagnostic::error(
                    "terragrunt::unknown_attribute",
                    format!("{what} has no attribute \"{name}\""),
                )
                .at(file.location(attribute.name.span))
                .help("what a stack hands over goes into `values` of its unit and stack blocks"),
            );
        }
        let mut locals = file.file.body.blocks("locals").skip(1);
        if let Some(second) = locals.next() {
            self.errors.push(
                Diagnostic::error("terragrunt::repeated_block", "a stack file has one locals block at most")
                    .at(file.location(second.kind.span))
                    .help("put all locals into one block"),
            );
        }
    }

    /// Terragrunt takes any attribute and block here and does nothing with it; that is said. What stands behind
    /// one of its experiments is refused.
    pub(super) fn check_component(&mut self, file: &FileScope<'r>, block: &Block, title: &str) {
        for attribute in &block.body.attributes {
            let name = &*attribute.name.name;
            if name == ENABLED.name {
                let what = format!("\"enabled\" of {title}");
                self.errors.extend(file.experiment_needed(BLOCK_ITERATION, &what, attribute.name.span));
            } else if !ATTRIBUTES.iter().any(|spec| spec.name == name) {
                let near = nearest(name, ATTRIBUTES.iter().map(|spec| spec.name));
                let diagnostic = Diagnostic::warning(
                    "stack::ignored_attribute",
                    format!("\"{name}\" of {title} does nothing"),
                );
                let help = near.map_or_else(
                    || "hand it over in `values`, or take it out".to_owned(),
                    |near| format!("did you mean \"{near}\"?"),
                );
                self.errors.push(diagnostic.at(file.location(attribute.name.span)).help(help));
            }
        }
        for inner in &block.body.blocks {
            match &*inner.kind.name {
                "autoinclude" | expansion::BLOCK => {}
                other => {
                    let message = format!("the block \"{other}\" of {title} does nothing");
                    let help = "the blocks of a unit go into its terragrunt.hcl, or into autoinclude";
                    self.errors.push(
                        Diagnostic::warning("stack::ignored_block", message)
                            .at(file.location(inner.kind.span))
                            .help(help),
                    );
                }
            }
        }
    }

    pub(super) fn check_path(
        &mut self,
        file: &FileScope<'r>,
        path: &str,
        no_dot: bool,
        title: &str,
        place: Span,
    ) {
        let (code, message) = if Path::new(path).is_absolute() {
            ("stack::absolute_path", format!("the path of {title} has to be relative: {path}"))
        } else if paths::clean(Path::new(path)).to_string_lossy().starts_with("..") {
            ("stack::path_outside", format!("the path of {title} leaves the stack's folder: {path}"))
        } else if no_dot && paths::clean(Path::new(path)) == Path::new(".") {
            ("stack::path_outside", format!("{title} would be generated over its own stack file"))
        } else if path.contains('\0') || path.split('/').any(|name| name.len() > LONGEST_NAME) {
            // Told before anything is written: with keys of a collection it is one of many.
            let why = format!("no folder can be called that: {}", path_text::shown(Path::new(path)));
            ("stack::impossible_path", format!("the path of {title} cannot be made: {why}"))
        } else {
            return;
        };
        let base = if no_dot { "the folder of the stack file" } else { ".terragrunt-stack" };
        self.error(file, place, code, message).help =
            Some(format!("name a folder under {base}, such as \"vpc\""));
    }

    pub(super) fn refuse_repeated_names(&mut self, blocks: &[StackBlock]) {
        let mut firsts: HashMap<(Kind, &str, Option<&str>), &StackBlock> = HashMap::new();
        let mut expanded: HashMap<(Kind, &str), &StackBlock> = HashMap::new();
        for block in blocks {
            // Of a name that is both it could not be said what it means.
            let other = *expanded.entry((block.kind, &block.name)).or_insert(block);
            if other.key.is_some() != block.key.is_some() {
                let title = block.kind.title(&block.name, None);
                let message = format!("{title} is there with an expansion and without one");
                self.errors.push(
                    Diagnostic::error("stack::duplicate_name", message)
                        .at(block.location.clone())
                        .help("give one of them another name"),
                );
            }
            let first = *firsts.entry((block.kind, &block.name, block.key.as_deref())).or_insert(block);
            if !std::ptr::eq(first, block) {
                let message =
                    format!("{} stands here again; the first is at {}", block.title(), first.location);
                self.errors.push(
                    Diagnostic::error("stack::duplicate_name", message)
                        .at(block.location.clone())
                        .help("give one of them another name"),
                );
            }
        }
    }

    pub(super) fn refuse_shared_folders(&mut self, blocks: &[StackBlock]) {
        let mut firsts: HashMap<&Path, &StackBlock> = HashMap::new();
        for block in blocks {
            let first = *firsts.entry(&block.dir).or_insert(block);
            if !std::ptr::eq(first, block) {
                let message = format!(
                    "{} and {} would both be generated into {}",
                    first.title(),
                    block.title(),
                    block.dir.display()
                );
                let help = match &block.key {
                    Some(_) => "let the path hold each.key or count.index",
                    None => "give one of them another path",
                };
                self.errors.push(
                    Diagnostic::error("stack::duplicate_path", message)
                        .at(block.path_location.clone())
                        .help(help)
                        .via(format!("{} goes there", first.title()), first.path_location.clone()),
                );
            }
        }
    }
}
