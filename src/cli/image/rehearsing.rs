//! What a change would do, shown and not done.

use clap::Args;

use crate::gitops::Repository;
use crate::launch::CommandError;
use crate::ui::{Format, Ui};

/// Whether a change is only looked at.
#[derive(Args, Clone, Debug)]
pub(super) struct RehearsalArgs {
    /// Show what would change, as a unified diff, and push nothing
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
}

impl RehearsalArgs {
    /// Tells the repository.
    pub(super) fn tell(&self, repository: &mut Repository) {
        if self.dry_run {
            repository.only_rehearse();
        }
    }
}

/// Shows the bytes that change, or would.
pub(super) fn show(ui: Ui, repository: &Repository) -> Result<(), CommandError> {
    let Some(preview) = repository.last_change_shown() else { return Ok(()) };
    if repository.is_rehearsing() {
        let subject = preview.message.lines().next().unwrap_or_default();
        ui.say(&format!("would be committed to {}: {subject}", repository.branch()));
    }
    if ui.format() == Format::Text {
        ui.answer(&preview.diff)?;
    }
    Ok(())
}
