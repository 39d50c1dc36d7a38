//! What Terragrunt 1.1 reads only where an experiment is turned on, and refuses without it.

use super::file_config::FileConfig;
use super::scope::FileScope;
use crate::hcl::ast::Body;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Span;
use crate::hcl::value::Value;

/// The experiments that change what a file may hold.
pub(crate) const VERSION_ATTRIBUTE: &str = "version-attribute";
const MUTABLE_GENERATE: &str = "mutable-generate";

impl FileScope<'_> {
    /// Refuses what stands behind an experiment that is not on, or that we do not read even so.
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
                    if let Some(expansion) = block.body.blocks("expansion").next() {
                        let message =
                            "expansion blocks are an experiment of Terragrunt's that is not read here";
                        errors.push(
                            Diagnostic::error("terragrunt::experiment", message)
                                .at(self.location(expansion.kind.span))
                                .help("write one dependency block for each"),
                        );
                    }
                }
                _ => {}
            }
        }
    }

    fn needs(&self, experiment: &str, what: &str, place: Span, errors: &mut Vec<Diagnostic>) {
        if self.session.reader.options().experiments.contains(experiment) {
            return;
        }
        errors.push(
            Diagnostic::error("terragrunt::experiment", format!("{what} is an experiment of Terragrunt's"))
                .at(self.location(place))
                .help(format!("turn it on with --experiment {experiment}")),
        );
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
