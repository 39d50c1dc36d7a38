//! What a run was asked to do.

use super::mode::Mode;

/// The command of a run. Journals and locks have it by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Units and gates, applied.
    Up,
    /// Units and gates, destroyed.
    Down,
    /// Units, planned only.
    Plan,
    /// Units and applications, held against what was left there.
    Drift,
    /// Units, planned and applied.
    Apply,
    /// Plans that were saved before, applied as they are.
    ApplySaved,
    /// Units, destroyed.
    Destroy,
    /// Units that are in the tree no more, destroyed.
    DestroyRemoved,
}

impl Command {
    /// The one that a journal or a lock names; none where another version wrote of one that is not known here. Saved plans
    /// are applied by `apply` as well: see [`Self::of_saved_plans`].
    pub fn named(name: &str) -> Option<Self> {
        let all =
            [Self::Up, Self::Down, Self::Plan, Self::Drift, Self::Apply, Self::Destroy, Self::DestroyRemoved];
        all.into_iter().find(|command| command.name() == name)
    }

    /// The command of a run that was of saved plans, or was not.
    #[must_use]
    pub fn of_saved_plans(self, saved: bool) -> Self {
        if saved && self == Self::Apply { Self::ApplySaved } else { self }
    }

    /// What is typed for it, without arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Plan => "plan",
            Self::Drift => "drift",
            Self::Apply | Self::ApplySaved => "apply",
            Self::Destroy => "destroy",
            Self::DestroyRemoved => "destroy --removed",
        }
    }

    /// The first word of it, as policies know it.
    pub fn word(self) -> &'static str {
        match self {
            Self::DestroyRemoved => Self::Destroy.name(),
            command => command.name(),
        }
    }

    /// What is done with each unit.
    pub fn mode(self) -> Mode {
        match self {
            Self::Plan => Mode::Plan,
            Self::Drift => Mode::Drift,
            Self::Up | Self::Apply | Self::ApplySaved => Mode::Apply,
            Self::Down | Self::Destroy | Self::DestroyRemoved => Mode::Destroy,
        }
    }

    /// Whether the clusters' gates are in the graph.
    pub fn has_gates(self) -> bool {
        matches!(self, Self::Up | Self::Down)
    }

    /// Whether it comes to clusters.
    pub fn needs_clusters(self) -> bool {
        self.has_gates() || self == Self::Drift
    }

    /// Whether `slipway resume` can go on with it: saved plans are over with their run, removed units are looked for
    /// in the history each time, and drift is what is there now.
    pub fn is_resumable(self) -> bool {
        !matches!(self, Self::ApplySaved | Self::DestroyRemoved | Self::Drift)
    }

    /// What to type after a run that has left something undone.
    pub fn next_step(self, run: &str) -> String {
        match self {
            Self::ApplySaved => "go on with what is left: slipway apply DIR --replan".to_owned(),
            command if command.is_resumable() => format!("go on with it: slipway resume {run}"),
            command => format!("go on with it: slipway {}", command.name()),
        }
    }
}

/// Whether a run of the command of that name plans and does no more.
pub fn only_plans(name: &str) -> bool {
    Command::named(name).is_some_and(|command| command.mode().only_looks())
}

/// Whether a run of the command of that name takes things away.
pub fn destroys(name: &str) -> bool {
    Command::named(name).is_some_and(|command| command.mode() == Mode::Destroy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_resumed_is_never_said_to_be() {
        for name in ["up", "down", "plan", "drift", "apply", "destroy", "destroy --removed"] {
            let command = Command::named(name).unwrap();
            assert_eq!(command.name(), name);
            assert_eq!(
                command.next_step("r1").contains("slipway resume r1"),
                command.is_resumable(),
                "{name}"
            );
        }
        let saved = Command::Apply.of_saved_plans(true);
        assert_eq!((saved, saved.name()), (Command::ApplySaved, "apply"));
        assert!(saved.next_step("r1").contains("--replan"));
        assert_eq!(Command::Destroy.of_saved_plans(true), Command::Destroy);
        assert_eq!(Command::named("sideways"), None);
        assert!(!destroys("sideways") && !only_plans("sideways"));
    }
}
