//! What stands on the command line before the word that is completed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::terragrunt::paths;

/// The words, without the program's name.
pub struct Words {
    before: Vec<String>,
}

impl Words {
    /// As the shell has handed them over: all behind `--`, with the number of the one that is completed, which is the last
    /// where none is said.
    pub fn typed() -> Self {
        let index = std::env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|index| index.parse().ok());
        Self::of(std::env::args_os(), index)
    }

    fn of(arguments: impl IntoIterator<Item = OsString>, index: Option<usize>) -> Self {
        let words = arguments.into_iter().skip_while(|word| word != "--").skip(1);
        let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let index = index.unwrap_or(words.len().saturating_sub(1));
        Self { before: words.into_iter().take(index).skip(1).collect() }
    }

    /// The word that is completed.
    pub fn current() -> String {
        let index = std::env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|index| index.parse::<usize>().ok());
        let mut words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let word = match index {
            Some(index) => words.nth(index),
            None => words.last(),
        };
        word.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether a word is there.
    pub fn has(&self, word: &str) -> bool {
        self.before.iter().any(|other| other == word)
    }

    /// The value of a flag, or else of its variable.
    pub fn value(&self, flag: &str, variable: &str) -> Option<String> {
        let joined = |word: &String| {
            let value = word.strip_prefix(flag)?;
            if flag.starts_with("--") { value.strip_prefix('=') } else { Some(value) }.map(str::to_owned)
        };
        let pairs = self.before.windows(2).filter_map(|pair| match pair {
            [name, value] if name == flag => Some(value.clone()),
            _ => None,
        });
        let joined = self.before.iter().filter(|word| *word != flag).filter_map(joined);
        let typed = joined.chain(pairs).last();
        typed.or_else(|| std::env::var(variable).ok()).filter(|value| !value.is_empty())
    }

    /// The folder that the command would run in.
    pub fn working_dir(&self) -> Option<PathBuf> {
        let here = std::env::current_dir().ok()?;
        let flag = self.value("--chdir", "").or_else(|| self.value("-C", "SLIPWAY_CHDIR"));
        Some(paths::join(&here, Path::new(&flag.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_before_the_word_are_known() {
        let typed =
            "slipway -- slipway -Clive image --repo=/srv/x list --cluster dev --branch m --repo later";
        let words = Words::of(typed.split(' ').map(OsString::from), Some(8));
        assert_eq!(words.value("-C", "").as_deref(), Some("live"));
        assert_eq!(words.value("--repo", "").as_deref(), Some("/srv/x"));
        assert_eq!(words.value("--cluster", "").as_deref(), Some("dev"));
        // This one is what is being typed, and what comes later is not said yet.
        assert_eq!(words.value("--branch", ""), None);
        assert!(words.has("list") && !words.has("slipway"));
    }
}
