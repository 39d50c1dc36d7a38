//! `slipway ci open`: saved plans out of the one file that they were sealed in.

use std::path::PathBuf;

use clap::Args;

use super::handed::Handed;
use super::new_folder;
use super::seal::key;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::launch::{CommandError, Workspace};
use crate::pipeline::sealed;
use crate::project::Needs;
use crate::ui::Ui;

/// Open sealed plans into a new folder, with the key in `SLIPWAY_PLANS_KEY`
///
/// What was changed since it was sealed, or was sealed by another key, is refused with exit code 5, and so is what is not there.
#[derive(Args, Clone, Debug)]
pub(super) struct OpenArgs {
    /// What `slipway ci seal` wrote: a file, or `s3://BUCKET/KEY`
    #[arg(value_name = "SEALED")]
    from: String,

    /// A new folder
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

pub(super) async fn cmd_open(ui: Ui, global: &Global, args: &OpenArgs) -> Result<Exit, CommandError> {
    let to = new_folder(global, &args.to)?;
    let secret = key()?;
    let workspace = Workspace::open(ui, &global.invocation(), Needs::NOTHING)?;
    let Some(sealed) = Handed::at(&args.from).await?.take(&workspace).await? else {
        return Err(CommandError::refused(
            format!("there are no sealed plans at {}", args.from),
            "nothing was touched; plan, and seal what was planned",
        ));
    };
    sealed::open(&sealed, &secret, &workspace.named(&args.to)?)?;
    ui.say(&format!("opened {} into {}", args.from, to.display()));
    Ok(Exit::Done)
}
