//! A run whose units are chosen, before it begins or goes on.

use std::path::PathBuf;

use super::agree::Consent;
use super::options::RunOptions;
use crate::run::command::Command;
use crate::run::event::Request;
use crate::run::folder::RunFolder;
use crate::run::journal::Journal;
use crate::run::past::Past;
use crate::run::plans::Plans;

/// A run, before it begins or goes on.
pub struct PreparedRun<'a> {
    /// What was asked for.
    pub command: Command,
    /// Who agrees to it.
    pub consent: Consent,
    /// The word that has to be typed before anything is destroyed, where it is not that of the folder.
    pub word: Option<String>,
    /// The folder that the units stand in, and the one it stands for, where these are two.
    pub stands_for: Option<(PathBuf, PathBuf)>,
    /// What else is done with plans.
    pub plans: Plans,
    /// How it goes about its units.
    pub options: &'a RunOptions,
    /// How it was asked for.
    pub request: Request,
    /// What was done of it before, and its folder, where it goes on.
    pub past: Option<(RunFolder, Journal, Past)>,
}
