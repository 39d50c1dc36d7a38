//! `slipway image list`.

use clap::Args;
use serde_json::json;

use super::repository::{RepositoryArgs, failed, open};
use crate::cli::global::Global;
use crate::gitops::list_images;
use crate::launch::CommandError;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Lists them.
pub(super) async fn list(ui: Ui, global: &Global, args: &ListArgs) -> Result<(), CommandError> {
    let (_, repository) = open(ui, global, &args.repository, false).await?;
    let listing = list_images(&repository, &args.repository.manifests).await.map_err(failed)?;
    if ui.format() == Format::Json {
        let image = |image: &crate::gitops::AppImage| {
            json!({
                "app": image.app, "kind": image.kind, "workload": image.workload, "container": image.container,
                "init": image.init, "image": image.image, "file": image.file, "line": image.line,
            })
        };
        ui.json(&listing.images.iter().map(image).collect::<Vec<_>>())?;
    } else {
        let line = |image: &crate::gitops::AppImage| {
            let place = format!("{}/{}/{}", image.kind, image.workload, image.container);
            let line = format!("{}  {place}  {}  {}:{}", image.app, image.image, image.file, image.line);
            format!("{}\n", shown::name(&line))
        };
        ui.answer(&listing.images.iter().map(line).collect::<String>())?;
    }
    for problem in &listing.problems {
        ui.warn(&problem.to_string());
    }
    Ok(())
}
