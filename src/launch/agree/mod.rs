//! Who agrees to what a run changes: nobody, a person once to all of it, or a person for each unit.

mod destruction;
mod each;
mod proposal;
mod selected;
mod typed;
mod undecided;

use crate::run::scheduler::RunResult;

pub use self::destruction::{Dependent, Destruction, dependents, with_resources, word};
pub use self::each::Prompt;
pub use self::proposal::Proposing;
pub use self::typed::typed;
pub use self::undecided::Undecided;

/// What a person said.
pub enum Answer {
    /// Go on, with the word that was typed.
    Yes(Option<String>),
    /// The run has ended here.
    No(RunResult),
    /// There was nothing to agree to.
    Nothing,
}

/// Who agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Whoever typed the command: nobody is asked.
    Given,
    /// A person, once, to all that was shown.
    Once,
    /// A person, for each unit when its turn comes.
    Each,
}

impl Consent {
    /// With and without `--yes`.
    pub fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Once }
    }

    /// Whether nobody is asked.
    pub fn is_given(self) -> bool {
        self == Self::Given
    }
}
