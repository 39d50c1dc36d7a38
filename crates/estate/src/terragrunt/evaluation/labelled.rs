//! Blocks that have a label, such as hooks.

use super::decode;
use super::scope::FileScope;
use slipway_hcl::ast::{Block, Body};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::Fields;

/// Blocks with their labels, in the order of the file. Those of one label stand beside each other: Terragrunt runs both
/// of two hooks.
#[derive(Clone, Default)]
pub(crate) struct Labelled(Vec<(String, Fields)>);

impl Labelled {
    pub fn push(&mut self, label: &str, fields: Fields) {
        self.0.push((label.to_owned(), fields));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Fields)> {
        self.0.iter().map(|(label, fields)| (label, fields))
    }

    pub fn values(&self) -> impl Iterator<Item = &Fields> {
        self.0.iter().map(|(_, fields)| fields)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Fields> {
        self.0.iter_mut().map(|(_, fields)| fields)
    }

    /// The last of each label.
    pub fn last_of_each(&self) -> impl Iterator<Item = (&String, &Fields)> {
        let again =
            |index: usize, label: &str| self.0.iter().skip(index + 1).any(|(other, _)| other == label);
        let last = self.0.iter().enumerate().filter(move |(index, (label, _))| !again(*index, label));
        last.map(|(_, (label, fields))| (label, fields))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of a label.
    pub fn get_mut(&mut self, label: &str) -> Option<&mut Fields> {
        self.0.iter_mut().find(|(own, _)| own == label).map(|(_, fields)| fields)
    }

    /// Those of the file that includes this one on top: each takes the place of the first of its label, or comes behind.
    #[must_use]
    pub fn merged(mut self, over: Self) -> Self {
        for (label, fields) in over.0 {
            match self.get_mut(&label) {
                Some(under) => *under = fields,
                None => self.0.push((label, fields)),
            }
        }
        self
    }
}

/// Says which blocks of these kinds repeat a label. Terragrunt bears it, each kind in its own way; it is hardly meant.
pub(crate) fn warn_of_repetition(
    scope: &FileScope<'_>,
    body: &Body,
    kinds: &[(&str, &str)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (index, block) in body.blocks.iter().enumerate() {
        let kind = &*block.kind.name;
        let Some((_, outcome)) = kinds.iter().find(|(name, _)| *name == kind) else { continue };
        // What an expanded block stands for is told apart by key.
        if is_expanded(block) {
            continue;
        }
        // A bare `include` has the empty label; two of them are refused.
        let label = decode::label(block).unwrap_or_default();
        let mut before = body.blocks.iter().take(index).filter(|other| &*other.kind.name == kind);
        let same = |other: &&Block| {
            decode::label(other).unwrap_or_default() == label
                && !(block.labels.is_empty() && other.labels.is_empty())
                && !is_expanded(other)
        };
        if let Some(first) = before.find(same) {
            let line = scope.location(first.span).position().line;
            let message =
                format!("{kind} \"{label}\" stands here again, the first is on line {line}: {outcome}");
            diagnostics.push(
                Diagnostic::warning("terragrunt::repeated_label", message)
                    .at(scope.location(block.kind.span))
                    .help("give this one another name, or make one block of the two"),
            );
        }
    }
}

fn is_expanded(block: &Block) -> bool {
    block.body.blocks(super::expansion::BLOCK).next().is_some()
}
