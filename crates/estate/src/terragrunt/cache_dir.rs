//! Where Terragrunt runs a unit's module: a folder under `.terragrunt-cache`, named by hashes of the unit's folder
//! and of the module's address. Found without Terragrunt, since `get_working_dir` answers with it, and states that
//! say no path lie in it.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest as _, Sha1};

use super::paths;

/// The folder that caches go into, in each unit.
const CACHE: &str = ".terragrunt-cache";

/// The folder in which Terragrunt runs the unit in `dir` (absolute) whose module is `source`; none where the module
/// is not a path on this machine. `download_dir` is the unit's own, where it has one.
pub fn terragrunt_working_dir(
    dir: &Path,
    source: Option<&str>,
    download_dir: Option<&Path>,
) -> Option<PathBuf> {
    let source = source.filter(|source| !source.is_empty()).unwrap_or(".");
    // Addresses have a scheme, a forced getter or a user.
    if ["://", "::", "git@"].iter().any(|part| source.contains(part)) {
        return None;
    }
    let (copied, module) = source.split_once("//").unwrap_or((source, ""));
    let copied = paths::join(dir, copied);
    let folder = terragrunt_unit_cache(dir, download_dir);
    let folder = folder.join(name(&[b"file://", copied.as_os_str().as_bytes()].concat()));
    Some(paths::clean(&folder.join(module)))
}

/// The folder that holds what Terragrunt has fetched for the unit in `dir` (absolute), one folder a source.
pub fn terragrunt_unit_cache(dir: &Path, download_dir: Option<&Path>) -> PathBuf {
    let cache = download_dir.map_or_else(|| dir.join(CACHE), Path::to_path_buf);
    cache.join(name(dir.as_os_str().as_bytes()))
}

fn name(of: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha1::digest(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_runs_where_terragrunt_runs_it() {
        // As Terragrunt 1.1 named it.
        let dir = Path::new("/tmp/dialect-tg/live/app");
        let folder = terragrunt_working_dir(dir, Some("../..//modules/app"), None).unwrap();
        let named = ".terragrunt-cache/Jh-XXsErkCiinK--xXW0L33elv0/jDNdO9wtKpKM3Q7VHI0byRO5Ffk/modules/app";
        assert_eq!(folder, dir.join(named));
        // Without a source the unit's own folder is the module.
        assert!(terragrunt_working_dir(dir, None, None).unwrap().starts_with(dir.join(".terragrunt-cache")));
        assert_eq!(
            terragrunt_working_dir(dir, Some("git::https://example.com/modules.git//app"), None),
            None
        );
    }
}
