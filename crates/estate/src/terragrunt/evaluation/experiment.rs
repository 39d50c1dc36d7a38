//! What Terragrunt reads only where an experiment is turned on, and refuses without it.

use super::decode;
use super::file_config::FileConfig;
use super::scope::FileScope;
use slipway_hcl::ast::Body;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Span;
use slipway_hcl::value::Value;

/// The experiments that change what a file may hold.
pub(crate) const VERSION_ATTRIBUTE: &str = "version-attribute";
/// `expansion` blocks, and `enabled` of what a stack generates.
pub(crate) const BLOCK_ITERATION: &str = "block-iteration";
/// The function of that name.
pub(crate) const DEEP_MERGE: &str = "deep-merge";
const MUTABLE_GENERATE: &str = "mutable-generate";

/// Every experiment that changes what files may hold.
pub const EXPERIMENTS: &[&str] = &[BLOCK_ITERATION, DEEP_MERGE, MUTABLE_GENERATE, VERSION_ATTRIBUTE];

impl FileScope<'_> {
    /// Refuses what stands behind an experiment that is not on.
    pub fn refuse_experiments(&self, body: &Body, errors: &mut Vec<Diagnostic>) {
        for block in &body.blocks {
            match &*block.kind.name {
                "terraform" => {
                    if let Some(version) = block.body.attribute("version") {
                        self.needs(VERSION_ATTRIBUTE, "terraform.version", version.span, errors);
                    }
                }
                "generate" => {
                    if let Some(mutable) = block.body.attribute("mutable") {
                        self.needs(
                            MUTABLE_GENERATE,
                            "the mutable attribute of generate",
                            mutable.span,
                            errors,
                        );
                    }
                }
                "dependency" => {
                    if let Some(expansion) = block.body.blocks(super::expansion::BLOCK).next() {
                        let title = format!(
                            "the expansion of dependency \"{}\"",
                            decode::label(block).unwrap_or_default()
                        );
                        self.needs(BLOCK_ITERATION, &title, expansion.kind.span, errors);
                    }
                }
                _ => {}
            }
        }
    }

    fn needs(&self, experiment: &str, what: &str, place: Span, errors: &mut Vec<Diagnostic>) {
        errors.extend(self.experiment_needed(experiment, what, place));
    }

    /// What is told of something behind an experiment that is off; nothing where it is on.
    pub fn experiment_needed(&self, experiment: &str, what: &str, place: Span) -> Option<Diagnostic> {
        if self.session.reader.options().experiments.contains(experiment) {
            return None;
        }
        let message = format!("{what} is an experiment of Terragrunt's");
        let diagnostic = Diagnostic::error("terragrunt::experiment", message).at(self.location(place));
        Some(diagnostic.help(format!("turn it on with --experiment {experiment}")))
    }

    /// A version belongs to a module of a registry, and is said once: judged on what is merged, since source and
    /// version may come from different files.
    pub fn check_module_version(&self, config: &FileConfig, errors: &mut Vec<Diagnostic>) {
        let Some(terraform) = &config.terraform else { return };
        let text = |name: &str| terraform.fields.get(name).and_then(Value::as_str);
        if text("version").is_none() {
            return;
        }
        let source = text("source").unwrap_or_default();
        let (message, help) = if !source.starts_with("tfr://") {
            (
                "terraform.version needs a source of a registry",
                "begin the source with tfr://, or take the version out",
            )
        } else if source.split_once('?').is_some_and(|(_, query)| query.contains("version=")) {
            ("the version stands in the source and in terraform.version", "leave one of the two out")
        } else {
            return;
        };
        let place =
            self.file.body.blocks("terraform").next().map_or(self.file.body.span, |block| block.kind.span);
        errors.push(
            Diagnostic::error("terragrunt::module_version", message).at(self.location(place)).help(help),
        );
    }
}
