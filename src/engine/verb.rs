//! The table of the tool's commands: their words, flags, hooks, and how each is run.

use super::Direction;
use super::errand::ToolCommand;
use super::process::Options;

/// A command of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Plans into a file.
    Plan(Direction),
    /// Applies a plan that was saved, towards where it leads.
    ApplySaved(Direction),
    /// Plans and applies in one start.
    ApplyDirectly(Direction),
    /// A saved plan as JSON.
    Show,
    /// The state as it is stored.
    StatePull,
    /// The addresses in the state.
    StateList,
    /// Releases a lock.
    ForceUnlock,
    /// The outputs as JSON.
    Output,
    /// A command that somebody has asked for.
    Tool(&'static ToolCommand),
    /// A program that somebody has asked for.
    Program,
}

impl Verb {
    /// What the tool is told.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Plan(_) => &["plan"],
            Self::ApplySaved(_) | Self::ApplyDirectly(Direction::Apply | Direction::Refresh) => &["apply"],
            Self::ApplyDirectly(Direction::Destroy) => &["destroy"],
            Self::Show => &["show"],
            Self::StatePull => &["state", "pull"],
            Self::StateList => &["state", "list"],
            Self::ForceUnlock => &["force-unlock"],
            Self::Output => &["output"],
            Self::Tool(command) => command.words(),
            Self::Program => &["exec"],
        }
    }

    /// The first word of it.
    pub fn word(self) -> &'static str {
        self.words().first().copied().unwrap_or_default()
    }

    /// The command whose hooks, extra arguments and environment are meant: a plan to destroy is applied by `apply`, but with
    /// those of `destroy`.
    pub fn command(self) -> &'static str {
        match self {
            Self::ApplySaved(direction) => direction.command(),
            _ => self.word(),
        }
    }

    /// Whether the hooks of its command run around it. The others are questions of ours, which nobody has ordered.
    pub fn has_hooks(self) -> bool {
        matches!(
            self,
            Self::Plan(_) | Self::ApplySaved(_) | Self::ApplyDirectly(_) | Self::Output | Self::Tool(_)
        )
    }

    /// Whether it asks providers, so that those may serve it that others use as well.
    pub fn is_served(self) -> bool {
        const WORDS: &[&str] = &["import", "plan", "refresh", "show", "validate"];
        match self {
            Self::Plan(_) | Self::ApplySaved(_) | Self::ApplyDirectly(_) | Self::Show => true,
            Self::Tool(command) => WORDS.contains(&command.word()),
            Self::StatePull | Self::StateList | Self::ForceUnlock | Self::Output | Self::Program => false,
        }
    }

    /// Whether it changes nothing, so that it can be done once more.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Plan(_) | Self::Show)
    }

    /// What follows the words, before the file or the ID that it is about.
    pub fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plan(Direction::Apply) => &["-input=false", "-json", "-detailed-exitcode"],
            Self::Plan(Direction::Destroy) => &["-input=false", "-json", "-detailed-exitcode", "-destroy"],
            Self::Plan(Direction::Refresh) => {
                &["-input=false", "-json", "-detailed-exitcode", "-refresh-only"]
            }
            Self::ApplySaved(_) => &["-input=false", "-json"],
            Self::ApplyDirectly(_) => &["-input=false", "-json", "-auto-approve"],
            Self::Show | Self::Output => &["-json", "-no-color"],
            Self::StatePull | Self::StateList | Self::Tool(_) | Self::Program => &[],
            Self::ForceUnlock => &["-force"],
        }
    }

    /// How it is run.
    pub fn options(self, label: &str) -> Options<'_> {
        let options = Options::new(label);
        match self {
            Self::Plan(_) => Options { allowed: &[2], plans: true, ..options },
            Self::ApplySaved(_) | Self::ApplyDirectly(_) => Options { applies: true, ..options },
            Self::Show | Self::StatePull | Self::StateList | Self::Output => {
                Options { capture: true, ..options }
            }
            Self::ForceUnlock | Self::Tool(_) | Self::Program => options,
        }
    }

    /// What it is called in messages, such as `tofu state pull`.
    pub fn label(self, program: &str) -> String {
        format!("{program} {}", self.words().join(" "))
    }
}
