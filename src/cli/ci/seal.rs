//! `slipway ci seal`: saved plans in one file that only whoever has the key can read.

use std::path::PathBuf;

use clap::Args;

use super::handed::Handed;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::plans_key::plans_key;
use crate::launch::{CommandError, Workspace, working_dir};
use crate::pipeline::sealed::{self, KEY};
use crate::project::Needs;
use crate::support::secret::Secret;
use crate::ui::Ui;

/// Put saved plans into one file, encrypted with the key in `SLIPWAY_PLANS_KEY`
///
/// Plans hold secrets in the clear, and what one job of a pipeline hands to another can often be had by everyone who may read the repository.
#[derive(Args, Clone, Debug)]
pub(super) struct SealArgs {
    /// The folder that `slipway plan --out` wrote
    folder: PathBuf,

    /// The file, or `s3://BUCKET/KEY`, with `?region=`, `endpoint=` and `profile=` where they are not the environment's
    #[arg(value_name = "SEALED")]
    to: String,
}

pub(super) async fn cmd_seal(ui: Ui, global: &Global, args: &SealArgs) -> Result<Exit, CommandError> {
    let invocation = global.invocation();
    let folder = working_dir(&invocation)?.join(&args.folder);
    let bytes = sealed::seal(&folder, &key()?)?;
    let workspace = Workspace::open(ui, &invocation, Needs::NOTHING)?;
    Handed::at(&args.to).await?.put(&workspace, bytes).await?;
    ui.say(&format!("sealed {} in {}", args.folder.display(), args.to));
    Ok(Exit::Done)
}

/// The key, out of the environment.
pub(super) fn key() -> Result<Secret, CommandError> {
    plans_key()?.ok_or_else(|| {
        CommandError::usage(
            format!("{KEY} is not set: plans hold secrets, and are handed on encrypted only"),
            "make it with `openssl rand -base64 32`, and keep it among the secrets of the pipeline",
        )
    })
}
