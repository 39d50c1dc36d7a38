//! `slipway render`: a unit as it evaluates.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value as Json;

use super::exit::Exit;
use super::global::Global;
use crate::engine::local_states::LocalStates;
use crate::estate::{Rendered, render_all, upstream_errors};
use crate::hcl::diagnostic::{Diagnostic, to_json};
use crate::launch::{CommandError, Workspace};
use crate::project::Needs;
use crate::support::shown;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::{Reader, ReaderOptions};
use crate::ui::{Format, Ui};
use crate::view::{render_hcl, render_json};

/// Show a unit with everything evaluated
///
/// As HCL that can be read again, or as JSON with Terragrunt's keys.
///
/// Outputs of other units are read where their state is a file on this machine. Where it is not, their mocks stand
/// in, and what rests on an output without a mock is left empty, as Terragrunt shows it; a warning says so.
///
/// With `--all`, every unit under the folder: in JSON one object a line, with `path` and `config`, and with `errors`
/// where something is wrong; exits 3 when it is anywhere. A unit is shown also where one that it depends on is
/// broken, which is told in its own place.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// The unit, by default the one you stand in; one that a stack would generate need not be generated. With --all a
    /// folder
    unit: Option<PathBuf>,

    /// Show every unit under the folder, in the order of their paths
    #[arg(long)]
    all: bool,

    /// Show sensitive values
    #[arg(long)]
    reveal: bool,

    /// Say at the end how much was read and evaluated
    #[arg(long)]
    stats: bool,
}

/// Shows.
pub fn cmd_render(ui: Ui, global: &Global, args: &RenderArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open_for(ui, &global.invocation(), args.unit.as_deref(), Needs::ESTATE)?;
    if args.all {
        return all(ui, &workspace, args);
    }
    let reader = reader(&workspace);
    let dir = workspace.locate_unit(args.unit.as_deref(), &reader)?;
    let file = reader.unit_file(&dir);
    if !reader.is_file(&file) {
        let missing = Diagnostic::error("estate::no_unit", format!("{} is no unit", dir.display()))
            .help("name a folder that holds a terragrunt.hcl; `slipway find` lists them");
        return Err(CommandError::Configuration(vec![missing]));
    }
    let upstream = upstream_errors(&reader, &dir);
    if !upstream.is_empty() {
        return Err(CommandError::Configuration(upstream));
    }
    let runs_in = |dir: &Path, source: Option<&str>| workspace.runs_in(dir, source);
    let states = LocalStates::new(&reader, &runs_in);
    let (config, mut errors) = reader.render(&file, &states);
    errors.extend(states.errors());
    if let Some(config) = config {
        ui.diagnostics(config.warnings.iter().cloned());
        match ui.format() {
            Format::Json => ui.json(&render_json(&config, args.reveal))?,
            Format::Text => ui.raw(&render_hcl(&config, args.reveal))?,
        }
    }
    if !errors.is_empty() {
        return Err(CommandError::Configuration(errors));
    }
    if args.stats {
        ui.say(&reader.counts().to_string());
    }
    Ok(Exit::Done)
}

fn reader(workspace: &Workspace) -> Reader {
    let options = workspace.reader_options("render");
    Reader::new(ReaderOptions { terraform_cli_args: vec!["render".to_owned()], ..options })
}

fn all(ui: Ui, workspace: &Workspace, args: &RenderArgs) -> Result<Exit, CommandError> {
    let root = workspace.locate(args.unit.as_deref())?;
    let reader = reader(workspace);
    let runs_in = |dir: &Path, source: Option<&str>| workspace.runs_in(dir, source);
    let states = LocalStates::new(&reader, &runs_in);
    let view = |unit: Rendered<'_>| {
        let text = match (ui.format(), &unit.config) {
            (Format::Json, config) => {
                json_line((unit.path, workspace.name(unit.dir)), config.as_ref(), &unit.errors, args.reveal)
            }
            (Format::Text, Some(config)) => {
                let name = format!("# {}", shown::name(&workspace.name(unit.dir)));
                format!("{}\n{}\n", shown::stream(&name, false), render_hcl(config, args.reveal))
            }
            (Format::Text, None) => String::new(),
        };
        (text, unit.config.map(|config| config.warnings).unwrap_or_default(), unit.errors)
    };
    let mut broken = false;
    let mut mocked = 0_usize;
    let show = |units: Vec<(String, Vec<Diagnostic>, Vec<Diagnostic>)>| {
        let mut all = String::new();
        for (text, warnings, errors) in units {
            all += &text;
            broken |= !errors.is_empty();
            // In a whole tree mocks are the rule: how many there are says enough.
            let (mocks, others): (Vec<_>, Vec<_>) =
                warnings.into_iter().partition(|warning| warning.code == "terragrunt::mocked");
            mocked += mocks.len();
            ui.diagnostics(others);
            ui.diagnostics(errors);
        }
        ui.raw(&all)
    };
    let mut diagnostics = render_all(&root, &workspace.working_dir, &reader, &states, view, show)?;
    diagnostics.extend(states.errors());
    let errors = ui.diagnostics(diagnostics);
    if mocked > 0 {
        ui.say(&format!("mock_outputs stand in for the outputs of {mocked} dependencies"));
    }
    if args.stats {
        ui.say(&reader.counts().to_string());
    }
    Ok(if broken || errors > 0 { Exit::Configuration } else { Exit::Done })
}

/// A line of `render --all --format json`.
#[derive(Serialize)]
struct Line<'u, C: Serialize> {
    path: &'u str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<C>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Json>,
}

fn json_line(
    (path, name): (&str, String),
    config: Option<&UnitConfig>,
    errors: &[Diagnostic],
    reveal: bool,
) -> String {
    let config = config.map(|config| render_json(config, reveal));
    let line = Line { path, name, config, errors: errors.iter().map(to_json).collect() };
    let mut text = serde_json::to_string(&line).unwrap_or_default();
    text.push('\n');
    shown::json(&text).into_owned()
}
