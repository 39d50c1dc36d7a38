//! What a command asks to be carried out.

use std::path::PathBuf;

use super::agree::Consent;
use super::global::EngineArgs;
use crate::run::event::Request;
use crate::run::folder::RunFolder;
use crate::run::journal::Journal;
use crate::run::past::Past;
use crate::run::plans::Plans;
use crate::run::unit::Mode;

/// A run, before it begins or goes on.
pub struct Run<'a> {
    /// `up`, `plan`, ….
    pub command: &'a str,
    /// What is done with each unit.
    pub mode: Mode,
    /// Whether the clusters' gates are in the graph.
    pub gates: bool,
    /// Who agrees to it.
    pub consent: Consent,
    /// The word that has to be typed before anything is destroyed, where it is not that of the folder.
    pub word: Option<String>,
    /// The folder that the units stand in, and the one it stands for, where these are two.
    pub stands_for: Option<(PathBuf, PathBuf)>,
    /// What else is done with plans.
    pub plans: Plans,
    /// Engine and parallelism.
    pub engine: &'a EngineArgs,
    /// What was asked for.
    pub request: Request,
    /// What was done of it before, and its folder, where it goes on.
    pub past: Option<(RunFolder, Journal, Past)>,
}

/// What a command does with units, and whether the clusters' gates are among them.
pub fn meaning(command: &str) -> Option<(Mode, bool)> {
    match command {
        "up" => Some((Mode::Apply, true)),
        "apply" => Some((Mode::Apply, false)),
        "down" => Some((Mode::Destroy, true)),
        "destroy" => Some((Mode::Destroy, false)),
        "plan" => Some((Mode::Plan, false)),
        _ => None,
    }
}
