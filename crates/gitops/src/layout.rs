//! What files of a repository are by their paths, and how paths in it are put together.

/// Whether this is the file by which Kustomize knows a folder.
pub(super) fn is_kustomization(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("kustomization.yaml" | "kustomization.yml" | "Kustomization"))
}

/// Whether Argo CD takes parameters of an Application from this file of its folder.
pub(super) fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(start, end)| start.starts_with(".argocd-source") && end == "yaml")
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a folder is another one, or in it.
pub(super) fn within(folder: &str, other: &str) -> bool {
    other.is_empty()
        || folder.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path as a kustomization writes it, in the repository; none of an address, or of what leads out.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.contains('\n') || path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
