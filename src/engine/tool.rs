//! Which `tofu` or `terraform` runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::EngineError;
use crate::support::process;
use crate::support::version::{Constraints, Version};

pub use crate::support::tool_files::LOCK_FILE;

/// The tool that plans and applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program, absolute.
    pub path: PathBuf,
    /// `terraform` or `tofu`.
    pub name: &'static str,
    /// Its version, such as `1.11.4`.
    pub version: String,
}

impl Tool {
    /// The tool that was named, or else the first of `tofu` and `terraform` on PATH, as Terragrunt chooses.
    ///
    /// Asks the program for its version: blocking, some 50 ms.
    pub fn find(named: Option<&Path>) -> Result<Self, EngineError> {
        let path = match named {
            Some(named) => on_path(named).ok_or_else(|| EngineError::BadTool {
                program: named.display().to_string(),
                cause: "there is no such program".to_owned(),
            })?,
            None => ["tofu", "terraform"]
                .iter()
                .find_map(|name| on_path(Path::new(name)))
                .ok_or(EngineError::NoTool)?,
        };
        Self::ask(path)
    }

    /// Whether its version satisfies a constraint; none where that is no constraint.
    pub fn satisfies(&self, constraint: &str) -> Option<bool> {
        let constraints = Constraints::parse(constraint)?;
        // A version that cannot be read satisfies nothing.
        Some(Version::parse(&self.version).is_some_and(|version| constraints.admit(&version)))
    }

    fn ask(path: PathBuf) -> Result<Self, EngineError> {
        let bad = |cause: String| EngineError::BadTool { program: path.display().to_string(), cause };
        let output = process::answer(&path, &["version"]).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => {
                EngineError::Interrupted { command: format!("{} version", path.display()) }
            }
            _ => bad(error.to_string()),
        })?;
        let Some((name, version)) = product(&output) else {
            return Err(bad(format!("it said {:?}", output.trim())));
        };
        Ok(Self { name, version: version.to_owned(), path })
    }
}

/// `Terraform v1.11.4` or `OpenTofu v1.12.6`, which need not be the first line: warnings about the CLI
/// configuration come before it. (`-json` came later than some versions.)
fn product(output: &str) -> Option<(&'static str, &str)> {
    const PRODUCTS: [(&str, &str); 2] = [("OpenTofu v", "tofu"), ("Terraform v", "terraform")];
    output.lines().find_map(|line| {
        let mut products = PRODUCTS.iter();
        products.find_map(|(prefix, name)| Some((*name, line.strip_prefix(prefix)?.trim())))
    })
}

/// The program as a full path: one with a folder as it stands, a bare name from PATH.
pub fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        let absolute = std::path::absolute(program).ok()?;
        return absolute.is_file().then_some(absolute);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_behind_warnings() {
        let output = "\nWarning: Unable to open CLI configuration file\n\nOpenTofu v1.12.6\non linux_amd64\n";
        assert_eq!(product(output), Some(("tofu", "1.12.6")));
        assert_eq!(product("Terraform v1.11.4\n"), Some(("terraform", "1.11.4")));
        assert_eq!(product("GNU bash"), None);
    }

    #[test]
    fn a_constraint_is_satisfied_or_not_or_is_none() {
        let tool = Tool { path: "/bin/tofu".into(), name: "tofu", version: "1.11.4".to_owned() };
        assert_eq!(tool.satisfies(">= 1.5, < 2.0"), Some(true));
        assert_eq!(tool.satisfies(">= 1.12"), Some(false));
        assert_eq!(tool.satisfies("the newest"), None);
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        let error = Tool::find(Some(Path::new("/nowhere/terraform"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/nowhere/terraform does not answer `version`: there is no such program"
        );
    }
}
