//! What Git is configured to, for whoever asks it of a folder.

use std::path::Path;

use super::settings::last;
use super::{Git, top_of};

/// What the user has set for every repository, in the files of the user and of the machine; a repository does not count.
pub fn of_user(folder: &Path, name: &str) -> Option<String> {
    last(&Git::new(folder).known_settings(), name, |setting| !setting.of_repository)
}

/// What is set in a folder, where a repository's own word counts as well.
pub fn of_anyone(folder: &Path, name: &str) -> Option<String> {
    last(&Git::new(folder).known_settings(), name, |_| true)
}

/// Whether the user's Git takes the repository that a folder is in for safe, whoever owns it (`safe.directory`).
pub fn is_safe(folder: &Path) -> bool {
    let Some(top) = top_of(folder) else { return false };
    let top = top.canonicalize().unwrap_or_else(|_| top.to_path_buf());
    let known = Git::new(folder).known_settings();
    let named = known.iter().filter(|setting| setting.key == "safe.directory" && !setting.of_repository);
    // An empty one forgets those before it.
    let named: Vec<&str> = named.map(|setting| setting.value.as_str()).collect();
    let counting = named.rsplit(|value| value.is_empty()).next().unwrap_or_default();
    counting.iter().any(|value| match value.strip_suffix("/*") {
        _ if *value == "*" => true,
        Some(above) => top.starts_with(above),
        None => Path::new(value) == top,
    })
}
