//! The command line: one file a command, its arguments and the call into the library.

mod apply;
mod argocd;
mod audit;
mod cache;
mod ci;
mod complete;
mod completions;
mod consent;
mod destroy;
mod detail;
mod doctor;
#[cfg(test)]
mod documented;
mod down;
mod drift;
mod early;
mod errand;
mod examples;
mod exec;
mod exit;
mod explain;
mod find;
mod follow;
mod global;
mod graph;
mod habits;
mod help;
mod image;
mod init;
mod join;
mod keep;
mod kubeconfig;
mod man;
mod moment;
mod output;
mod plan;
mod plans_key;
mod render;
mod reports;
mod resume;
mod run;
mod runs;
mod selection;
mod shared;
mod stack;
mod state;
mod token;
mod truth;
mod unbegun;
mod unlock;
mod up;
mod validate;
mod verify;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Exit;
use self::global::{FormatFlag, Global};
use self::habits::Habit;
use self::reports::ReportArgs;
use crate::launch::CommandError;
use crate::support::signals;
use crate::ui::{self, LogFormat, Ui, debug_log};

/// From Terragrunt code to a running GitOps cluster on EKS
#[derive(Parser, Clone, Debug)]
#[command(name = "slipway", version, about, max_term_width = 100, propagate_version = false)]
struct Cli {
    #[command(flatten)]
    global: Global,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    Up(up::UpArgs),
    Down(down::DownArgs),
    Plan(plan::PlanArgs),
    Drift(drift::DriftArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Output(output::OutputArgs),
    Run(run::RunArgs),
    Exec(exec::ExecArgs),
    #[command(visible_alias = "list")]
    Find(find::FindArgs),
    Graph(graph::GraphArgs),
    Render(render::RenderArgs),
    Validate(validate::ValidateArgs),
    Explain(explain::ExplainArgs),
    State(state::StateArgs),
    Stack(stack::StackArgs),
    Verify(verify::VerifyArgs),
    Kubeconfig(kubeconfig::KubeconfigArgs),
    Token(token::TokenArgs),
    Argocd(argocd::ArgocdArgs),
    Image(image::ImageArgs),
    Init(init::InitArgs),
    Ci(ci::CiArgs),
    Audit(audit::AuditArgs),
    Resume(resume::ResumeArgs),
    Join(join::JoinArgs),
    Runs(runs::RunsArgs),
    Unlock(unlock::UnlockArgs),
    Cache(cache::CacheArgs),
    Doctor(doctor::DoctorArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Version(version::VersionArgs),
}

impl Command {
    /// Which reports are asked for, by a command that makes some, and how that is called.
    fn reports(&self) -> Option<(&'static str, &ReportArgs)> {
        let (name, engine) = match self {
            Self::Up(args) => ("up", &args.engine),
            Self::Down(args) => ("down", &args.engine),
            Self::Plan(args) => ("plan", &args.engine),
            Self::Drift(args) => ("drift", &args.engine),
            Self::Apply(args) => ("apply", &args.engine),
            Self::Destroy(args) => ("destroy", &args.engine),
            Self::Resume(args) => ("resume", &args.engine),
            Self::Join(args) => ("join", &args.engine),
            Self::Runs(args) => return Some(("runs show", args.reports()?)),
            _ => return None,
        };
        Some((name, &engine.reports))
    }

    /// Refuses what cannot be done without trust: running the repository's code, and sending credentials where it says.
    fn refuse_untrusted(&self) -> Result<(), CommandError> {
        let why = match self {
            Self::Find(_)
            | Self::Graph(_)
            | Self::Render(_)
            | Self::Validate(_)
            | Self::Cache(_)
            | Self::Explain(_)
            | Self::Init(_)
            | Self::Doctor(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Version(_) => return Ok(()),
            Self::Runs(args) if args.only_looks() => return Ok(()),
            Self::Ci(_) => "it writes what has roles and secrets, or handles plans",
            Self::Stack(_) => "it writes into the tree what the repository says",
            Self::Verify(_)
            | Self::Kubeconfig(_)
            | Self::Token(_)
            | Self::Argocd(_)
            | Self::Image(_)
            | Self::Audit(_) => "it goes with your credentials where the repository says",
            Self::Runs(_) | Self::Unlock(_) | Self::Output(_) | Self::State(_) => {
                "it asks for states with your credentials"
            }
            Self::Up(_)
            | Self::Down(_)
            | Self::Plan(_)
            | Self::Drift(_)
            | Self::Apply(_)
            | Self::Destroy(_)
            | Self::Run(_)
            | Self::Exec(_)
            | Self::Resume(_)
            | Self::Join(_) => "the tool runs the code of the repository, with your credentials",
        };
        Err(CommandError::refused(
            format!("--untrusted does not go with this command: {why}"),
            "find, graph, render and validate go with it",
        ))
    }
}

impl Cli {
    /// Refuses a format that the command does not know: something else than was asked for would be an answer
    /// that a script takes for the right one.
    fn known_format(&self) -> Result<(), CommandError> {
        let known = match self.command {
            Command::Graph(_) => graph::FORMATS,
            Command::Audit(_) => audit::FORMATS,
            Command::Verify(_) => verify::FORMATS,
            _ => FormatFlag::COMMON,
        };
        let asked = self.global.format;
        if known.contains(&asked) {
            return Ok(());
        }
        let names: Vec<String> = known.iter().map(|format| format.name()).collect();
        let help = format!("it knows {}", names.join(", "));
        Err(CommandError::usage(format!("this command does not write {}", asked.name()), help))
    }
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    if complete::answered() {
        return Exit::Done.into();
    }
    early::tell_panics();
    if let Some(exit) = keep::kept() {
        return exit.into();
    }
    let (cli, meant) = match parsed() {
        Ok(parsed) => parsed,
        Err(exit) => return exit.into(),
    };
    let ui = Ui::new(cli.global.ui_options());
    if let Err(error) = debug_log::start(ui.log_format()) {
        let error = CommandError::usage(error.to_string(), error.help());
        return exit::tell(ui, &error).into();
    }
    if let Some(meant) = meant {
        ui.say(&format!("that is `{meant}` here"));
    }
    let tell: signals::Tell = match cli.global.log_format {
        LogFormat::Json => |text| ui::tell_json("warning", text, None),
        LogFormat::Pretty => |text| ui::write_line(&format!("slipway: {text}")),
    };
    if let Err(error) = signals::watch(Exit::Interrupted as i32, tell) {
        let error = CommandError::failed(format!("could not listen for signals: {error}"), None);
        return exit::tell(ui, &error).into();
    }
    if let Some(times) = cli.global.evaluation_budget {
        crate::hcl::budget::allow(times);
    }
    let done = cli.known_format().and_then(|()| dispatch(ui, &cli));
    signals::settle();
    let exit = match &done {
        Ok(exit) => *exit,
        Err(error) => exit::tell(ui, error),
    };
    unbegun::tell(ui, &cli, &done)
        .map_or(exit, |failed| if exit == Exit::Done { failed } else { exit })
        .into()
}

/// The arguments; where they are other tools' words for ours, with what they mean.
fn parsed() -> Result<(Cli, Option<String>), Exit> {
    let error = match help::parse(std::env::args_os()) {
        Ok(cli) => return Ok((cli, None)),
        Err(error) => error,
    };
    if !error.use_stderr() {
        return Err(early::tell_usage(&error, None));
    }
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match habits::habit(&arguments) {
        Habit::Unknown => Err(early::tell_usage(&error, None)),
        Habit::Hint(hint) => Err(early::tell_usage(&error, Some(&hint))),
        Habit::Means(ours) => {
            let words = ours.iter().skip(1).map(|word| word.to_string_lossy());
            let meant = format!("slipway {}", words.collect::<Vec<_>>().join(" "));
            let cli = help::parse(ours).map_err(|error| early::tell_usage(&error, None))?;
            Ok((cli, Some(meant)))
        }
    }
}

fn dispatch(ui: Ui, cli: &Cli) -> Result<Exit, CommandError> {
    let global = &cli.global;
    if global.untrusted {
        cli.command.refuse_untrusted()?;
        crate::support::git::settings::forbid_network();
    }
    match &cli.command {
        Command::Find(args) => find::cmd_find(ui, global, args),
        Command::Graph(args) => graph::cmd_graph(ui, global, args),
        Command::Render(args) => render::cmd_render(ui, global, args),
        Command::Validate(args) => validate::cmd_validate(ui, global, args),
        Command::State(args) => wait(state::cmd_state(ui, global, args)),
        Command::Stack(args) => stack::cmd_stack(ui, global, args),
        Command::Runs(args) => wait(runs::cmd_runs(ui, global, args)),
        Command::Unlock(args) => wait(unlock::cmd_unlock(ui, global, args)),
        Command::Cache(args) => cache::cmd_cache(ui, global, args),
        Command::Doctor(args) => wait(doctor::cmd_doctor(ui, global, args)),
        Command::Explain(args) => explain::cmd_explain(ui, args),
        Command::Init(args) => init::cmd_init(ui, global, args),
        Command::Ci(args) => wait(ci::cmd_ci(ui, global, args)),
        Command::Completions(args) => completions::cmd_completions(ui, args),
        Command::Man(args) => man::cmd_man(ui, global, args),
        Command::Version(args) => version::cmd_version(ui, args),
        Command::Up(args) => wait(up::cmd_up(ui, global, args)),
        Command::Down(args) => wait(down::cmd_down(ui, global, args)),
        Command::Plan(args) => wait(plan::cmd_plan(ui, global, args)),
        Command::Drift(args) => wait(drift::cmd_drift(ui, global, args)),
        Command::Apply(args) => wait(apply::cmd_apply(ui, global, args)),
        Command::Destroy(args) => wait(destroy::cmd_destroy(ui, global, args)),
        Command::Resume(args) => wait(resume::cmd_resume(ui, global, args)),
        Command::Join(args) => wait(join::cmd_join(ui, global, args)),
        Command::Run(args) => wait(run::cmd_run(ui, global, args)),
        Command::Exec(args) => wait(exec::cmd_exec(ui, global, args)),
        Command::Output(args) => wait(output::cmd_output(ui, global, args)),
        Command::Verify(args) => wait(verify::cmd_verify(ui, global, args)),
        Command::Kubeconfig(args) => wait(kubeconfig::cmd_kubeconfig(ui, global, args)),
        Command::Token(args) => wait(token::cmd_token(ui, global, args)),
        Command::Argocd(args) => wait(argocd::cmd_argocd(ui, global, args)),
        Command::Image(args) => wait(image::cmd_image(ui, global, args)),
        Command::Audit(args) => wait(audit::cmd_audit(ui, global, args)),
    }
}

/// Only what runs, asks or waits pays for a runtime: completions and `find` have to be instant.
fn wait<T>(future: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::failed(format!("could not start: {error}"), None))?;
    let done = runtime.block_on(future);
    // What was given up may still hold a thread, and nobody waits for that.
    runtime.shutdown_background();
    done
}
