//! The manifests that a cluster follows, as texts: of a folder, or of the repository that slipway.hcl names.

use std::path::Path;

use ignore::WalkBuilder;

use super::target::Target;
use crate::cluster::Manifests;
use crate::gitops::{Reach, Repository};
use crate::run::gate::argocd::repository_spec;
use crate::support::fs::read_text;
use crate::support::path_text;

const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The manifests of a folder, or of the target's repository where none is named.
pub async fn manifests(target: &Target, folder: Option<&Path>) -> Manifests {
    if let Some(folder) = folder {
        return of_folder(folder);
    }
    let spec = target.cluster.argocd.as_ref().and_then(repository_spec);
    let spec = spec.ok_or_else(|| "no manifests repository is named".to_owned())?;
    let repository =
        Repository::open_kept(spec, None, Reach::Newest).await.map_err(|error| error.to_string())?;
    repository.texts("").await.map_err(|error| error.to_string())
}

fn of_folder(folder: &Path) -> Manifests {
    let mut texts = Vec::new();
    for entry in WalkBuilder::new(folder).follow_links(false).require_git(false).build() {
        let entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path();
        let is_manifest =
            path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDINGS.contains(&end));
        if !is_manifest || !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let text = read_text(path).map_err(|error| format!("{}: {error}", path.display()))?;
        texts.push((path_text::shown(path.strip_prefix(folder).unwrap_or(path)), text));
    }
    texts.sort();
    Ok(texts)
}
