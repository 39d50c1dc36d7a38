//! What is not said by a flag: asked at a terminal, and elsewhere the default.

use std::io::BufRead;
use std::path::PathBuf;
use std::str::FromStr;

use crate::launch::CommandError;
use crate::scaffold::names::{GitAddress, Label};
use crate::support::git::configured;
use crate::support::paths;
use crate::ui::Ui;

/// Whom to ask, if anybody, and for which folder.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) ui: Ui,
    pub(super) asks: bool,
    pub(super) folder: PathBuf,
}

impl Asking {
    /// What the folder is called, where that is a name.
    pub(super) fn folder_name(&self) -> Option<Label> {
        let folder = std::path::absolute(&self.folder).ok()?;
        paths::clean(&folder).file_name()?.to_str()?.parse().ok()
    }

    /// Where the folder is pushed to, where Git says so and it can stand in a file.
    pub(super) fn origin(&self) -> Option<GitAddress> {
        let folder = std::path::absolute(&self.folder).ok().filter(|folder| folder.is_dir())?;
        configured::of_anyone(&folder, "remote.origin.url")?.parse().ok()
    }

    /// What a flag said; else what is typed; else the default. Without one, the flag is named.
    pub(super) fn value<T>(
        &self,
        flag: &str,
        given: Option<&T>,
        question: &str,
        default: Option<T>,
    ) -> Result<T, CommandError>
    where
        T: FromStr<Err: std::fmt::Display> + Clone + ToString,
    {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        if self.asks {
            return self.typed(question, default.as_ref());
        }
        let help = format!("say it with {flag}");
        default.ok_or_else(|| CommandError::usage(format!("{question} is not said"), help))
    }

    /// The same of what may be missing: nothing typed is none.
    pub(super) fn optional<T>(&self, given: Option<&T>, question: &str) -> Result<Option<T>, CommandError>
    where
        T: FromStr<Err: std::fmt::Display> + Clone,
    {
        if given.is_some() || !self.asks {
            return Ok(given.cloned());
        }
        self.until(&format!("{question} [none]"), |line| {
            if line.is_empty() { Ok(None) } else { line.parse().map(Some) }
        })
    }

    /// The same of several, with commas between them.
    pub(super) fn several<T>(
        &self,
        flag: &str,
        given: &[T],
        question: &str,
        default: &[T],
    ) -> Result<Vec<T>, CommandError>
    where
        T: FromStr<Err: std::fmt::Display> + Clone + ToString,
    {
        if !given.is_empty() {
            return Ok(given.to_vec());
        }
        if self.asks {
            let usual = default.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let question =
                if usual.is_empty() { question.to_owned() } else { format!("{question} [{usual}]") };
            return self.until(&question, |line| {
                if line.is_empty() && !default.is_empty() {
                    return Ok(default.to_vec());
                }
                line.split(',').map(|part| part.trim().parse()).collect()
            });
        }
        if default.is_empty() {
            return Err(CommandError::usage(
                format!("{question} is not said"),
                format!("say it with {flag}"),
            ));
        }
        Ok(default.to_vec())
    }

    fn typed<T>(&self, question: &str, default: Option<&T>) -> Result<T, CommandError>
    where
        T: FromStr<Err: std::fmt::Display> + Clone + ToString,
    {
        let asked = match default {
            Some(default) => format!("{question} [{}]", default.to_string()),
            None => question.to_owned(),
        };
        self.until(&asked, |line| match default {
            Some(default) if line.is_empty() => Ok(default.clone()),
            _ => line.parse(),
        })
    }

    /// Asks until the answer can be taken.
    fn until<T, E: std::fmt::Display>(
        &self,
        question: &str,
        take: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, CommandError> {
        loop {
            self.ui.prompt(&format!("{question}: "));
            let mut line = String::new();
            // Ctrl-C ends the process here: nothing has begun yet.
            if !std::io::stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0) {
                return Err(CommandError::failed("nobody answered: nothing was written", None));
            }
            match take(line.trim()) {
                Ok(value) => return Ok(value),
                Err(problem) => self.ui.say(&problem.to_string()),
            }
        }
    }
}
