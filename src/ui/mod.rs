//! The two streams and what is said on them: answers, talk, and mistakes with their place in the source.
//!
//! Whoever runs a command holds a [`Ui`]. It knows how answers are wanted, whether lines are JSON, whether there are
//! colours, and how much is told; nothing else writes to the streams but the display of a run.

mod annotations;
mod brief;
pub mod debug_log;
mod snippet;
mod streams;

use clap::ValueEnum;

pub use self::annotations::{Annotation, MOST as MOST_ANNOTATIONS, is_on_runner};
pub use self::brief::{Brief, Rest, brief};
pub use self::snippet::Snippets;
pub use self::streams::{PrintError, Ui, UiOptions, shows_color, tell_json, write_line};

/// How answers are written where only these two are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How progress is written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A live display on a terminal, lines elsewhere
    #[default]
    Pretty,
    /// A JSON object a line
    Json,
}
