//! What somebody wants run over units as it is: a command of the tool, or any program.
//!
//! The table says of each command of the tool what it does to a state. What plans or applies for itself is not run: nothing is
//! applied that was not planned here, and looked at.

use std::ffi::OsString;

use super::extra_arguments::flag_of;
use crate::support::process::Stream;

/// A command of the tool.
#[derive(Debug, PartialEq, Eq)]
pub struct ToolCommand {
    words: [&'static str; 1],
    care: Care,
}

/// What a command does to the state of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Nothing.
    Looks,
    /// It changes it.
    Changes,
    /// Nothing by these words behind it, or without a word; it changes it by all others.
    LooksBy(&'static [&'static str]),
    /// It is not run here; this is the way.
    Not(&'static str),
}

const fn command(word: &'static str, care: Care) -> ToolCommand {
    ToolCommand { words: [word], care }
}

/// Why one that asks for something at a terminal is not run.
const ASKS: &str =
    "it talks to a person, and over several units there is none: run it in the folder of the unit";

/// The commands of both tools.
const COMMANDS: &[ToolCommand] = &[
    command("init", Care::Looks),
    command("validate", Care::Looks),
    command("plan", Care::Looks),
    command("output", Care::Looks),
    command("show", Care::Looks),
    command("graph", Care::Looks),
    command("get", Care::Looks),
    command("providers", Care::Looks),
    command("modules", Care::Looks),
    command("metadata", Care::Looks),
    command("version", Care::Looks),
    command("test", Care::Looks),
    command("state", Care::LooksBy(&["list", "show", "pull", "identities"])),
    command("workspace", Care::LooksBy(&["list", "show"])),
    command("import", Care::Changes),
    command("refresh", Care::Changes),
    command("taint", Care::Changes),
    command("untaint", Care::Changes),
    command("force-unlock", Care::Changes),
    command(
        "apply",
        Care::Not("type `slipway apply`: it shows what it plans, asks, and applies exactly that"),
    ),
    command(
        "destroy",
        Care::Not("type `slipway destroy`: it shows what would go, asks, and destroys exactly that"),
    ),
    command(
        "fmt",
        Care::Not("format the files where they are: `tofu fmt` or `terraform fmt` in the module's folder"),
    ),
    command("console", Care::Not(ASKS)),
    command("login", Care::Not(ASKS)),
    command("logout", Care::Not(ASKS)),
];

/// What is run for each unit.
#[derive(Clone, Debug)]
pub struct Errand {
    what: What,
    arguments: Vec<OsString>,
}

#[derive(Clone, Debug)]
enum What {
    Tool(&'static ToolCommand),
    Program(OsString),
}

/// Who hears what is printed for a unit, line by line; nothing in it is masked.
pub trait Hearer: Send + Sync {
    /// A line of it.
    fn line(&self, stream: Stream, line: &str);
}

/// Why something is not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrandError {
    /// The tool has no such command.
    #[error("tofu and terraform have no command \"{0}\"")]
    Unknown(String),
    /// It stands before the command.
    #[error("{0} stands before the command of the tool")]
    Flag(String),
    /// It is done in another way here.
    #[error("`{command}` is not run over units as it is")]
    Not {
        /// What was asked for.
        command: String,
        /// The way.
        way: &'static str,
    },
    /// There is nothing to run.
    #[error("there is nothing to run")]
    Nothing,
}

impl ErrandError {
    /// The way out.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "`slipway exec` runs any program",
            Self::Flag(_) => {
                "flags stand behind it, as in `slipway run -- state list -id=ID`; a folder is PATH"
            }
            Self::Not { way, .. } => way,
            Self::Nothing => "write it behind --, as in `slipway run dev -- state list`",
        }
    }

    /// Whether it is not for want of words, but for safety.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Not { .. })
    }
}

impl Errand {
    /// A command of the tool, by the words that are typed for it.
    pub fn of_tool(words: &[OsString]) -> Result<Self, ErrandError> {
        let Some((word, arguments)) = words.split_first() else { return Err(ErrandError::Nothing) };
        let word = word.to_string_lossy();
        if word.starts_with('-') {
            return Err(ErrandError::Flag(word.into_owned()));
        }
        let Some(found) = COMMANDS.iter().find(|command| command.words == [&*word]) else {
            return Err(ErrandError::Unknown(word.into_owned()));
        };
        let errand = Self { what: What::Tool(found), arguments: arguments.to_vec() };
        let not = |way| Err(ErrandError::Not { command: errand.shown("tofu"), way });
        match found.care {
            Care::Not(way) => not(way),
            _ if found.word() == "plan" && errand.has_flag("out") => {
                not("type `slipway plan --out DIR`: it saves plans that `slipway apply DIR` takes")
            }
            _ => Ok(errand),
        }
    }

    /// A program, with its arguments. The tools themselves are run as such.
    pub fn of_program(words: &[OsString]) -> Result<Self, ErrandError> {
        let Some((program, arguments)) = words.split_first() else { return Err(ErrandError::Nothing) };
        let errand = Self { what: What::Program(program.clone()), arguments: arguments.to_vec() };
        let name = std::path::Path::new(program).file_name().unwrap_or_default();
        if ["tofu", "terraform", "terragrunt"].iter().any(|tool| name == *tool) {
            let way = "type `slipway run -- COMMAND`: it runs the tool of the unit, with what its configuration adds";
            return Err(ErrandError::Not { command: errand.shown(""), way });
        }
        Ok(errand)
    }

    /// The command of the tool; none where it is a program.
    pub(super) fn tool_command(&self) -> Option<&'static ToolCommand> {
        match &self.what {
            What::Tool(command) => Some(command),
            What::Program(_) => None,
        }
    }

    /// The program, where it is one.
    pub(super) fn program(&self) -> Option<&OsString> {
        match &self.what {
            What::Tool(_) => None,
            What::Program(program) => Some(program),
        }
    }

    /// What stands behind the command or the program.
    pub(super) fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// The command that a configuration is evaluated for.
    pub fn command(&self) -> &'static str {
        self.tool_command().map_or("exec", ToolCommand::word)
    }

    /// Whether it changes the state of a unit, or its lock.
    pub fn changes_state(&self) -> bool {
        let Some(command) = self.tool_command() else { return false };
        let first = self.arguments.iter().find(|word| !word.to_string_lossy().starts_with('-'));
        match command.care {
            Care::Looks => {
                command.word() == "init" && (self.has_flag("migrate-state") || self.has_flag("force-copy"))
            }
            Care::LooksBy(words) => first.is_some_and(|first| !words.iter().any(|word| first == *word)),
            Care::Changes | Care::Not(_) => true,
        }
    }

    /// Whether it prints what a state holds, secrets among it.
    pub fn shows_state(&self) -> bool {
        ["output", "show", "state"].contains(&self.command())
    }

    /// Whether units come before what they depend on.
    pub fn goes_backwards(&self) -> bool {
        self.command() == "plan" && self.has_flag("destroy")
    }

    /// Whether an exit code of 2 is no failure, but says that there are changes.
    pub fn tells_changes(&self) -> bool {
        self.command() == "plan" && self.has_flag("detailed-exitcode")
    }

    /// It as messages name it; `tool` stands for the tool.
    pub fn shown(&self, tool: &str) -> String {
        let first = match &self.what {
            What::Tool(command) => format!("{tool} {}", command.word()),
            What::Program(program) => program.to_string_lossy().into_owned(),
        };
        let rest = self.arguments.iter().map(|word| word.to_string_lossy().into_owned());
        std::iter::once(first.trim_start().to_owned()).chain(rest).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is a command of the tool.
    pub fn is_of_tool(&self) -> bool {
        self.tool_command().is_some()
    }

    /// What it is called in messages, without its arguments.
    pub(super) fn label(&self, tool: &str) -> String {
        match &self.what {
            What::Tool(command) => format!("{tool} {}", command.word()),
            What::Program(program) => program.to_string_lossy().into_owned(),
        }
    }

    fn has_flag(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| {
            let text = argument.to_string_lossy();
            let (flag, value) = text.split_once('=').unwrap_or((&text, ""));
            text.starts_with('-') && flag_of(flag) == name && !["false", "0"].contains(&value)
        })
    }
}

impl ToolCommand {
    /// Its word.
    pub fn word(&self) -> &'static str {
        self.words[0]
    }

    /// The same, as a list.
    pub(super) fn words(&'static self) -> &'static [&'static str] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(typed: &str) -> Vec<OsString> {
        typed.split(' ').map(OsString::from).collect()
    }

    fn changes(typed: &str) -> bool {
        Errand::of_tool(&words(typed)).unwrap().changes_state()
    }

    #[test]
    fn what_changes_a_state_is_known_from_what_looks() {
        for looks in [
            "state list",
            "state",
            "state show -state=x a.b",
            "workspace list",
            "init -upgrade",
            "plan -destroy",
            "providers lock -platform=linux_amd64",
            "validate",
            "output -json",
        ] {
            assert!(!changes(looks), "{looks}");
        }
        for changing in [
            "state rm a.b",
            "state -lock=false mv a b",
            "state push f",
            "state replace-provider a b",
            "state something-new",
            "import a.b id",
            "force-unlock 1",
            "taint a.b",
            "workspace new x",
            "refresh",
            "init -migrate-state",
        ] {
            assert!(changes(changing), "{changing}");
        }
    }

    #[test]
    fn what_applies_or_saves_plans_has_its_own_command() {
        let refused = |typed: &str| Errand::of_tool(&words(typed)).unwrap_err();
        for (typed, ours) in [
            ("apply", "slipway apply"),
            ("apply -auto-approve", "slipway apply"),
            ("destroy", "slipway destroy"),
            ("plan -out=x", "slipway plan --out"),
            ("plan --out x", "slipway plan --out"),
        ] {
            assert!(refused(typed).is_refusal() && refused(typed).advice().contains(ours), "{typed}");
        }
        assert_eq!(refused("aply"), ErrandError::Unknown("aply".to_owned()));
        assert_eq!(refused("-chdir=x state"), ErrandError::Flag("-chdir=x".to_owned()));
        let tool = Errand::of_program(&words("/usr/bin/tofu destroy -auto-approve")).unwrap_err();
        assert!(tool.is_refusal() && tool.advice().contains("slipway run"));
        assert!(Errand::of_program(&words("env")).is_ok());
    }
}
