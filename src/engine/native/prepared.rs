//! A unit that commands can run on.

use std::ffi::OsString;
use std::sync::Arc;

use super::open_inputs::Opened;
use crate::engine::tool::Tool;
use crate::support::confined::Root;
use crate::terraform::ModuleTree;

/// A unit's module, ready to run commands in.
pub struct Prepared {
    /// The tool that runs them.
    pub tool: Arc<Tool>,
    /// Where commands run.
    pub folder: Root,
    /// The module, with those that it calls from folders.
    pub modules: Box<ModuleTree>,
    /// The inputs as the environment carries them, see [`super::variables`].
    pub inputs: Vec<(String, String)>,
    /// The variables of whoever its commands are.
    pub identity: Vec<(OsString, OsString)>,
    /// Whether `init` has just run in it, for this unit.
    pub is_initialized: bool,
    /// What of the module is open, as long as that is so.
    pub opened: Option<Opened>,
}
