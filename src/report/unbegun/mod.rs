//! What reports say of a command that ended before its run began: whoever always posts the comment has one to post.

mod comment;
mod page;
#[cfg(test)]
mod tests;
mod xml;

use super::foreign::{one_line, visible};
use crate::run::command::{destroys, only_plans};
use crate::support::counted::{plural, with_commas};

pub use self::comment::markdown;
pub use self::page::html;
pub use self::xml::junit;

/// A command that ended before its run began.
#[derive(Clone, Debug)]
pub struct Unbegun {
    /// `up`, `plan`, ….
    pub command: String,
    /// Why.
    pub end: End,
    /// What is wrong, errors first.
    pub problems: Vec<Problem>,
    /// Of very many problems, what is said of those that are not told one by one.
    pub rest: Vec<String>,
}

/// Why no run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The configuration is wrong, in so many places.
    Misconfigured(usize),
    /// Something failed.
    Failed,
    /// It would not have been safe.
    Refused,
    /// The command was called wrongly.
    Misused,
    /// There was nothing to do.
    Nothing,
}

/// One thing that is wrong; all of it may be text from outside, and is shown and not obeyed.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Whether it is why no run began; else it is a warning beside that.
    pub is_error: bool,
    /// The code of a diagnostic.
    pub code: Option<&'static str>,
    /// `live/dev/vpc/terragrunt.hcl:3:5`.
    pub place: Option<String>,
    /// On one line.
    pub message: String,
    /// As a terminal shows it, with the source and the way out.
    pub text: String,
}

impl Problem {
    /// The problem with nothing in its words that anybody obeys.
    #[must_use]
    pub fn harmless(self) -> Self {
        Self {
            place: self.place.as_deref().map(one_line),
            message: one_line(&self.message),
            text: visible(self.text.trim_end()),
            ..self
        }
    }
}

impl Unbegun {
    /// `slipway plan: 2 errors in the configuration`.
    fn title(&self) -> String {
        let verdict = match self.end {
            End::Misconfigured(errors) => {
                format!("{} {} in the configuration", with_commas(errors as u64), plural(errors, "error"))
            }
            End::Failed => "failed".to_owned(),
            End::Refused => "refused".to_owned(),
            End::Misused => "wrong usage".to_owned(),
            End::Nothing => "nothing to do".to_owned(),
        };
        format!("slipway {}: {verdict}", one_line(&self.command))
    }

    /// `nothing was planned: the run did not begin`.
    fn words(&self) -> &'static str {
        match self.command.as_str() {
            _ if self.end == End::Nothing => "there was nothing to do, so no run began",
            command if only_plans(command) => "nothing was planned: the run did not begin",
            "runs show" => "no run is shown",
            command if destroys(command) => "nothing was destroyed: the run did not begin",
            _ => "nothing was changed: the run did not begin",
        }
    }
}
