//! Who agrees to what a run changes.

use clap::Args;

use crate::launch::Consent;

/// The flags of commands that apply.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ConsentArgs {
    /// Ask nobody: apply what was planned
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// Ask for each unit when its turn comes, instead of once for all that is planned
    #[arg(long, env = "SLIPWAY_ASK_EACH", conflicts_with = "yes")]
    ask_each: bool,
}

impl ConsentArgs {
    /// Who agrees.
    pub fn consent(self) -> Consent {
        if self.ask_each { Consent::Each } else { Consent::of(self.yes) }
    }
}
