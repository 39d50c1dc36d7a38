//! Where a unit's module comes from.

use std::path::{Path, PathBuf};

use crate::engine::EngineError;
use crate::support::paths::clean;
use crate::terragrunt::config::UnitConfig;

/// A module on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalSource {
    /// The folder that is copied: what stands before `//`, so that modules beside it come along.
    pub root: PathBuf,
    /// The folder under it that is run.
    pub module: PathBuf,
}

impl LocalSource {
    /// The source of a unit; without one its own folder is the module.
    pub fn of(config: &UnitConfig) -> Result<Self, EngineError> {
        let Some(text) = config.terraform.as_ref().and_then(|terraform| terraform.source.as_deref()) else {
            return Ok(Self { root: config.dir.clone(), module: PathBuf::new() });
        };
        if !is_local(text) {
            return Err(EngineError::SourceRemote { source_text: text.to_owned() });
        }
        let path = text.strip_prefix("file://").unwrap_or(text);
        // A `//` at the very beginning belongs to the path, one behind it splits.
        let split = path.char_indices().skip(1).find(|(index, _)| path[*index..].starts_with("//"));
        let (root, module) = split.map_or((path, ""), |(index, _)| (&path[..index], &path[index + 2..]));
        let source =
            Self { root: clean(&config.dir.join(root)), module: clean(Path::new(module.trim_matches('/'))) };
        let whole = clean(&source.root.join(&source.module));
        if whole.is_dir() && whole.starts_with(&source.root) {
            Ok(source)
        } else {
            Err(EngineError::SourceMissing { source_text: text.to_owned(), path: whole })
        }
    }
}

/// As go-getter tells them apart: a local path begins with `/`, `./` or `../`.
fn is_local(text: &str) -> bool {
    text == "." || text == ".." || ["/", "./", "../", "file://"].iter().any(|prefix| text.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::Terraform;

    fn unit(dir: &Path, source: &str) -> UnitConfig {
        let terraform = Terraform { source: Some(source.to_owned()), ..Terraform::default() };
        UnitConfig { dir: dir.to_owned(), terraform: Some(terraform), ..UnitConfig::default() }
    }

    #[test]
    fn the_double_slash_splits_what_is_copied_from_what_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("live/vpc");
        std::fs::create_dir_all(&live).unwrap();
        std::fs::create_dir_all(dir.path().join("infra/vpc")).unwrap();
        let source = LocalSource::of(&unit(&live, "../../infra//vpc")).unwrap();
        assert_eq!(source, LocalSource { root: dir.path().join("infra"), module: "vpc".into() });
        let absolute = format!("{}//vpc", dir.path().join("infra").display());
        assert_eq!(LocalSource::of(&unit(&live, &absolute)).unwrap(), source);
    }

    #[test]
    fn what_is_not_there_and_what_is_not_local_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let missing = LocalSource::of(&unit(dir.path(), "./nothing")).unwrap_err();
        assert!(matches!(missing, EngineError::SourceMissing { .. }), "{missing}");
        let remote =
            LocalSource::of(&unit(dir.path(), "git::https://example.com/m.git//a?ref=v1")).unwrap_err();
        assert!(matches!(remote, EngineError::SourceRemote { .. }), "{remote}");
    }
}
