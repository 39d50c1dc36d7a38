//! Saved plans on their way to the other machines of a run: sealed, among its objects.
//!
//! Plans hold secrets in the clear, and whoever can write where the run is could put others there. So they are laid there sealed only,
//! and whoever takes them holds them to the digest of their manifest and to all that the first machine held them to.

use std::path::{Path, PathBuf};

use crate::engine::plan::folder::{MANIFEST, SavedFolder};
use crate::launch::error::CommandError;
use crate::pipeline::sealed::{self, KEY};
use crate::run::shared::record::StartPlans;
use crate::run::shared::{Board, Bucket, Store as _};
use crate::support::confined::Named;
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_regular};
use crate::support::scratch::Scratch;
use crate::support::secret::Secret;
use crate::ui::Ui;

/// Plans that another machine has laid out, in a folder that goes with this.
pub struct Brought {
    scratch: Scratch,
}

impl Brought {
    /// Their folder.
    pub fn folder(&self) -> PathBuf {
        self.scratch.path().join("plans")
    }
}

/// Lays the plans out for the other machines, where the run has not begun yet.
pub async fn lay_out(
    ui: Ui,
    address: &str,
    (folder, plans): (&SavedFolder, &StartPlans),
    key: Option<&Secret>,
) -> Result<(), CommandError> {
    let bucket = Bucket::at(address).await?;
    if Board::start(&bucket).await?.is_some() {
        return Ok(());
    }
    let Some(key) = key else {
        ui.say(&format!(
            "the plans stay on this machine, since {KEY} is not set: others take part where they have the same folder, by the same command"
        ));
        return Ok(());
    };
    // Whoever laid them there before has laid the same.
    let _is_ours = bucket.create(&plans.key(), sealed::seal(&folder.path, key)?).await?;
    Ok(())
}

/// Takes the plans of a run that another machine has begun.
pub async fn bring(
    bucket: &Bucket,
    plans: &StartPlans,
    key: Option<&Secret>,
) -> Result<Brought, CommandError> {
    let address = bucket.address_of("");
    let Some(key) = key else {
        return Err(CommandError::usage(
            format!("the run at {address} applies saved plans, and {KEY} is not set, which opens them"),
            format!(
                "set it, or take part with the folder of the plans: slipway apply DIR --yes --shared {address}"
            ),
        ));
    };
    let Some(content) = bucket.read(&plans.key()).await? else {
        return Err(CommandError::refused(
            format!("the plans of the run at {address} do not lie there"),
            format!("take part with their folder: slipway apply DIR --yes --shared {address}"),
        ));
    };
    let scratch = Scratch::new("plans");
    let brought =
        Brought { scratch: scratch.map_err(FileError::on("make", Path::new("a temporary folder")))? };
    sealed::open(&content, key, &Named::new(&brought.folder(), &[])?)?;
    let file = brought.folder().join(MANIFEST);
    let manifest = read_regular(&file).map_err(FileError::on("read", &file))?;
    if sha256(&manifest) != plans.manifest {
        return Err(CommandError::refused(
            format!("the plans that lie at {address} are not those that its run began with"),
            "nothing was touched; begin another run at another address",
        ));
    }
    Ok(brought)
}
