//! Completion in shells: the words that may come next, and the values that this estate has for them.
//!
//! Whoever presses the key has asked for nothing yet: a completer looks at files and folders and at Git's own records. It
//! starts nothing that the repository names, fetches nothing, takes no lock, and leaves out without a word what it
//! cannot read.

mod bash;
mod candidate;
mod clusters;
mod filters;
mod images;
mod place;
mod revisions;
mod runs;
mod units;
mod words;

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

pub use self::candidate::starting;

use self::bash::Bash;
use self::words::Words;
use super::global::FormatFlag;
use super::help;
use crate::terragrunt::EXPERIMENTS;

/// The variable by which a shell asks; the scripts that `slipway completions` prints set it.
const VARIABLE: &str = "SLIPWAY_COMPLETE";
const NAME: &str = "slipway";

/// Answers a shell that asks for completions. Returns whether one has asked.
pub fn answered() -> bool {
    if std::env::var_os(VARIABLE).is_none_or(|shell| shell.is_empty()) {
        return false;
    }
    // Somebody is in the middle of a line: whatever goes wrong, nothing is written into it.
    std::panic::set_hook(Box::new(|_| {}));
    let shells = [&Bash as &dyn EnvCompleter, &Elvish, &Fish, &Powershell, &Zsh];
    let complete =
        CompleteEnv::with_factory(command).var(VARIABLE).bin(NAME).completer(NAME).shells(Shells(&shells));
    let here = Words::typed().working_dir();
    !matches!(complete.try_complete(std::env::args_os(), here.as_deref()), Ok(false))
}

/// The script by which a shell asks.
pub fn script(shell: clap_complete::Shell) -> std::io::Result<Vec<u8>> {
    let mut script = Vec::new();
    let asks: &dyn EnvCompleter = match shell {
        clap_complete::Shell::Elvish => &Elvish,
        clap_complete::Shell::Fish => &Fish,
        clap_complete::Shell::PowerShell => &Powershell,
        clap_complete::Shell::Zsh => &Zsh,
        _ => &Bash,
    };
    asks.write_registration(VARIABLE, NAME, NAME, NAME, &mut script)?;
    if shell == clap_complete::Shell::Zsh {
        script.extend(ZSH_AUTOLOADED.as_bytes());
    }
    Ok(script)
}

/// Loaded as a file of `fpath`, the script is the body of the function that completes: the first time as well.
const ZSH_AUTOLOADED: &str = r#"
if [ "$funcstack[1]" = "_slipway" ]; then
    _clap_dynamic_completer_slipway "$@"
fi
"#;

type Completer = fn(&OsStr) -> Vec<CompletionCandidate>;

/// The command line with the values of its arguments.
fn command() -> Command {
    let mut command = help::command();
    // With what it adds by itself, such as `--help`.
    command.build();
    completed(command)
}

/// A command and all below it, with the values of arguments, each by the argument's name in the code.
fn completed(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let saves = command.get_name() == "apply";
    // Flags come where there is no value, or where one is begun: among them nobody finds the values.
    let begun = Words::current().starts_with('-');
    let command = command.mut_args(|argument| {
        let hidden = argument.is_hide_set() || !(begun || argument.is_positional());
        with_values(argument.hide(hidden), saves)
    });
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, completed))
}

fn with_values(argument: Arg, saves: bool) -> Arg {
    let completer: Completer = match argument.get_id().as_str() {
        "path" if saves => units::units_or_plans,
        "path" | "unit" => units::units,
        "filters" => filters::filters,
        "affected" => revisions::revisions,
        "run" => runs::runs,
        "cluster" => clusters::clusters,
        "assignments" => images::assignments,
        "app" | "apps" => images::apps,
        "target" => images::targets,
        "from" | "to" | "manifests" => images::folders,
        "branch" => images::branches,
        "format" => formats,
        "code" => super::explain::complete,
        "experiments" => experiments,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(completer))
}

/// The formats that the command knows.
fn formats(current: &OsStr) -> Vec<CompletionCandidate> {
    let typed = Words::typed();
    let known = match () {
        () if typed.has("graph") => super::graph::FORMATS,
        () if typed.has("audit") => super::audit::FORMATS,
        () if typed.has("verify") => super::verify::FORMATS,
        () => FormatFlag::COMMON,
    };
    starting(current, known.iter().map(|format| (format.name(), String::new())))
}

fn experiments(current: &OsStr) -> Vec<CompletionCandidate> {
    starting(current, EXPERIMENTS.iter().map(|name| ((*name).to_owned(), String::new())))
}
