//! `slipway image list`.

use clap::Args;

use super::listed::checked;
use super::listing::{line, object, place};
use super::repository::{RepositoryArgs, failed, open};
use crate::cli::global::Global;
use crate::gitops::{AppImage, Reach, list_images};
use crate::launch::CommandError;
use crate::registry::Platform;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    /// Ask its registry for each, and fail where one is not there or cannot be asked for
    #[arg(long)]
    check: bool,

    /// What the image has to be built for, like linux/amd64,linux/arm64 [default: as in slipway.hcl]
    #[arg(long, value_name = "PLATFORMS", value_delimiter = ',', env = "SLIPWAY_IMAGE_PLATFORMS")]
    platform: Vec<Platform>,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Lists them.
pub(super) async fn list(ui: Ui, global: &Global, args: &ListArgs) -> Result<(), CommandError> {
    let (workspace, repository) = open(ui, global, &args.repository, false, Reach::Newest).await?;
    let root = &args.repository.manifests;
    if args.check {
        return checked(ui, &workspace, &repository, root, &args.platform).await;
    }
    let listing = list_images(&repository, root).await.map_err(failed)?;
    if ui.format() == Format::Json {
        ui.json(&listing.images.iter().map(|image| object(image, None)).collect::<Vec<_>>())?;
    } else {
        let row = |image: &AppImage| {
            let row = format!("{}  {}  {}  {}", image.app, place(image), image.image, line(image));
            format!("{}\n", shown::name(&row))
        };
        ui.answer(&listing.images.iter().map(row).collect::<String>())?;
    }
    for problem in &listing.problems {
        ui.warn(&problem.to_string());
    }
    Ok(())
}
