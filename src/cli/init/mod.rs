//! `slipway init`: the repositories that one begins with.

mod asking;
mod estate;
mod manifests;
mod source;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use self::asking::Asking;
use super::exit::Exit;
use super::global::Global;
use crate::launch::CommandError;
use crate::scaffold::names::Action;
use crate::scaffold::{Fate, Forge, Laid, LayError, Scaffold, Slipway, lay, look};
use crate::ui::{Format, Ui};

/// Begin a repository: infrastructure, manifests, or a pipeline
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    Estate(estate::EstateArgs),
    Manifests(manifests::ManifestsArgs),
    Source(source::SourceArgs),
}

/// The flags of all of them.
#[derive(Args, Clone, Debug)]
struct CommonArgs {
    /// The repository's folder, made where it is missing
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,

    /// Ask nothing: take the defaults
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Where pipelines take Slipway from [default: OWNER/slipway at this version]
    #[arg(long = "slipway", value_name = "OWNER/NAME@REF")]
    action: Option<Action>,
}

/// `--ci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// GitHub Actions
    #[value(name = "github")]
    GitHub,
    /// GitLab CI
    #[value(name = "gitlab")]
    GitLab,
    /// No pipeline
    None,
}

impl Ci {
    fn forge(self) -> Option<Forge> {
        match self {
            Self::GitHub => Some(Forge::GitHub),
            Self::GitLab => Some(Forge::GitLab),
            Self::None => None,
        }
    }
}

/// Begins one.
pub fn cmd_init(ui: Ui, global: &Global, args: &InitArgs) -> Result<Exit, CommandError> {
    let (common, made) = match &args.command {
        Command::Estate(args) => (&args.common, args.scaffold(&args.common.asking(ui, global))?),
        Command::Manifests(args) => (&args.common, args.scaffold(&args.common.asking(ui, global))?),
        Command::Source(args) => (&args.common, args.scaffold(&args.common.asking(ui, global))?),
    };
    let folder = common.folder(global);
    let laid = if common.dry_run { look(&made, &folder) } else { lay(&made, &folder) };
    tell(ui, common, &made, &laid?)?;
    Ok(Exit::Done)
}

impl CommonArgs {
    fn folder(&self, global: &Global) -> PathBuf {
        global.dir.as_deref().unwrap_or(Path::new("")).join(&self.folder)
    }

    fn asking(&self, ui: Ui, global: &Global) -> Asking {
        Asking { ui, asks: !self.yes && ui.is_interactive(), folder: self.folder(global) }
    }

    fn slipway(&self) -> Result<Slipway, CommandError> {
        let usual = || concat!("OWNER/slipway@v", env!("CARGO_PKG_VERSION")).parse().map_err(usage);
        Ok(Slipway::new(self.action.clone().map_or_else(usual, Ok)?))
    }
}

fn tell(ui: Ui, common: &CommonArgs, made: &Scaffold, laid: &Laid) -> Result<(), CommandError> {
    let of = |wanted: Fate| {
        let files = laid.files.iter().filter(move |(_, fate)| *fate == wanted);
        files.map(|(path, _)| path.display().to_string())
    };
    if ui.format() == Format::Json {
        return Ok(ui.json(&json!({
            "folder": common.folder,
            "dry_run": common.dry_run,
            "written": of(Fate::Written).collect::<Vec<_>>(),
            "kept": of(Fate::Kept).collect::<Vec<_>>(),
            "next": made.next,
        }))?);
    }
    let word = if common.dry_run { "would write" } else { "wrote" };
    let lines = of(Fate::Written).map(|path| format!("{word} {path}\n"));
    let kept = of(Fate::Kept).map(|path| format!("kept  {path}: it was there\n"));
    ui.answer(&lines.chain(kept).collect::<String>())?;
    for line in &made.next {
        ui.say(&format!("next: {line}"));
    }
    Ok(())
}

fn usage(error: impl std::error::Error) -> CommandError {
    CommandError::Usage { message: error.to_string(), help: None }
}

impl From<LayError> for CommandError {
    fn from(error: LayError) -> Self {
        match error {
            LayError::File(error) => error.into(),
            LayError::InTheWay(_) => {
                Self::refused(error.to_string(), "move it away, or choose another folder")
            }
        }
    }
}
