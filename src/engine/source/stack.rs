//! Sources for stacks: the units and stacks that a `terragrunt.stack.hcl` takes from elsewhere.

use std::path::{Path, PathBuf};

use super::{FetchOptions, SourceError, Sources, default_registry};
use crate::terragrunt::stack::{Fetch, SourceError as StackError};

/// Fetches what stacks are made of, each once for as long as this lives.
///
/// What it gives is in the cache: it is read-only, and to be copied from.
pub struct StackSources(Sources);

impl StackSources {
    /// `home` is the folder for what is kept between runs, usually `.slipway`.
    pub fn new(home: &Path) -> Self {
        Self(Sources::new(home))
    }
}

impl Fetch for StackSources {
    fn fetch(&self, source: &str) -> Result<PathBuf, StackError> {
        let registry = default_registry("tofu");
        let options = FetchOptions { registry: &registry, note: &|_| {} };
        // Reading stacks is no asynchronous work, and may be done from within some that is: a thread of its own
        // waits for the network in either case.
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| StackError::Failed(error.to_string()))?;
            runtime.block_on(self.0.fetch(source, Path::new("/"), options)).map_err(|error| failed(&error))
        };
        let fetched = std::thread::scope(|scope| scope.spawn(work).join());
        let ended = || StackError::Failed("fetching it ended unexpectedly".to_owned());
        Ok(fetched.map_err(|_| ended())??.folder())
    }
}

fn failed(error: &SourceError) -> StackError {
    match error {
        SourceError::Unsupported { kind, .. } => StackError::Remote(kind.clone()),
        other => StackError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let status =
            std::process::Command::new("git").current_dir(folder).args(identity).args(arguments).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    }

    #[tokio::test]
    async fn a_stack_takes_units_from_a_repository_even_while_other_work_waits() {
        let catalogue = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(catalogue.path().join("units/vpc")).unwrap();
        std::fs::write(catalogue.path().join("units/vpc/terragrunt.hcl"), "inputs = {}\n").unwrap();
        git(catalogue.path(), &["init", "--quiet"]);
        git(catalogue.path(), &["add", "--all"]);
        git(catalogue.path(), &["commit", "--quiet", "-m", "one"]);
        git(catalogue.path(), &["tag", "v1"]);
        let home = tempfile::tempdir().unwrap();
        let sources = StackSources::new(home.path());
        let source = format!("git::file://{}//units/vpc?ref=v1", catalogue.path().display());
        let folder = sources.fetch(&source).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("terragrunt.hcl")).unwrap(), "inputs = {}\n");
        let error = sources.fetch(&source.replace("v1", "v2")).unwrap_err();
        assert!(error.to_string().contains("has no branch, tag or commit v2"), "{error}");
        assert!(matches!(sources.fetch("oci::https://x.example.com/u"), Err(StackError::Remote(_))));
    }
}
