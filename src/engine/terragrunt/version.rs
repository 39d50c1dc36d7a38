//! Which Terragrunt can be driven.

use std::path::Path;

use crate::engine::EngineError;
use crate::support::process;

/// The oldest that has `run`, JSON logs and raw output by the flags of today.
const OLDEST: Version = Version([0, 88, 0]);
/// The first that nobody has seen yet: its flags may mean something else.
const UNKNOWN: Version = Version([2, 0, 0]);

/// A release, without what follows its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u64; 3]);

impl Version {
    /// Asks the program, and refuses what cannot be driven: blocking, some 50 ms.
    pub fn ask(program: &Path) -> Result<Self, EngineError> {
        let bad =
            |cause: String| EngineError::BadTerragrunt { program: program.display().to_string(), cause };
        let text = process::answer(program, &["--version"]);
        let text = text.map_err(|error| bad(error.to_string()))?;
        let said = || format!("it said {:?}", text.chars().take(80).collect::<String>());
        // `terragrunt version v1.1.3`, and whatever is said around it.
        let word = text.split_whitespace().skip_while(|word| *word != "version").nth(1);
        let word = word.ok_or_else(|| bad(said()))?;
        // Whoever builds it without naming a version knows what it is.
        if word == "latest" || word == "dev" {
            return Ok(OLDEST);
        }
        let version = Self::parse(word).ok_or_else(|| bad(said()))?;
        version.refuse_unknown()?;
        Ok(version)
    }

    fn refuse_unknown(self) -> Result<(), EngineError> {
        let nobody_named_it = self == Self([0, 0, 0]);
        if self < OLDEST && !nobody_named_it {
            return Err(EngineError::OldTerragrunt { version: self.to_string(), needed: OLDEST.to_string() });
        }
        if self >= UNKNOWN {
            return Err(EngineError::NewTerragrunt { version: self.to_string(), known: UNKNOWN.to_string() });
        }
        Ok(())
    }

    fn parse(text: &str) -> Option<Self> {
        let release = text.trim_start_matches('v').split(['-', '+']).next()?;
        let mut numbers = release.split('.').map(|part| part.parse().ok());
        let version = Self([numbers.next()??, numbers.next()??, numbers.next()??]);
        numbers.next().is_none().then_some(version)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(Version::parse("v0.9.10").unwrap() < OLDEST);
        assert!(Version::parse("1.1.3-beta").unwrap() > OLDEST);
        assert_eq!(Version::parse("latest"), None);
        assert_eq!(Version::parse("1.2.3.4"), None);
    }

    #[test]
    fn what_lies_outside_of_the_known_is_refused() {
        let refused = |text: &str| Version::parse(text).unwrap().refuse_unknown().is_err();
        assert!(refused("0.87.9") && refused("2.0.0"));
        assert!(!refused("0.88.0") && !refused("1.99.0") && !refused("0.0.0"));
    }
}
