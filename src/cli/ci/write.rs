//! `slipway ci github` and `slipway ci gitlab`: the file of the pipeline, written or held to the estate.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::{Whole, pipeline};
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::launch::{CommandError, Workspace};
use crate::pipeline::{MARK, Pipeline, Written, argo_workflows, atlantis, github, gitlab};
use crate::project::Needs;
use crate::scaffold::Slipway;
use crate::support::confined::{EVERYBODY, Kind, Root};
use crate::support::fs::{FileError, read_text};
use crate::support::git;
use crate::ui::Ui;

/// The flags of all that write one.
#[derive(Args, Clone, Debug)]
pub(super) struct WriteArgs {
    /// Write nothing: fail, with what differs, where the file is not that of the estate
    #[arg(long)]
    check: bool,

    /// Print the file, and write nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,

    /// Write over a file that is not ours
    #[arg(long, conflicts_with_all = ["check", "dry_run"])]
    force: bool,
}

/// Write the workflow for GitHub Actions: plans on pull requests, applies of these after the merge, drift, destroy
///
/// It is made from the folders of the estate and the `ci` block of slipway.hcl, and goes into .github/workflows/infrastructure.yml.
#[derive(Args, Clone, Debug)]
pub(super) struct GitHubArgs {
    #[command(flatten)]
    write: WriteArgs,
}

/// Write the pipeline for GitLab CI: plans on merge requests, applies of these after the merge, drift, destroy
///
/// It is made from the folders of the estate and the `ci` block of slipway.hcl, and goes into .gitlab-ci.yml.
#[derive(Args, Clone, Debug)]
pub(super) struct GitLabArgs {
    #[command(flatten)]
    write: WriteArgs,
}

/// Write the workflows for Argo Workflows: plans of a commit, applies of what was planned and agreed to, drift, destroy
///
/// They are made from the folders of the estate and the `ci` block of slipway.hcl, and go into argo-workflows.yaml, which is applied to the cluster that runs them.
#[derive(Args, Clone, Debug)]
pub(super) struct ArgoWorkflowsArgs {
    #[command(flatten)]
    write: WriteArgs,
}

/// Write what Atlantis is told: a project an environment, in their order, planned when something changes that its units read
///
/// It goes into atlantis.yaml. The workflow is the server's.
#[derive(Args, Clone, Debug)]
pub(super) struct AtlantisArgs {
    #[command(flatten)]
    write: WriteArgs,
}

/// Where a file is to go, and whether it is there.
struct Target {
    root: PathBuf,
    path: &'static str,
    found: Option<String>,
}

pub(super) fn cmd_github(ui: Ui, global: &Global, args: &GitHubArgs) -> Result<Exit, CommandError> {
    write(ui, global, &args.write, |Whole { pipeline, .. }| {
        github::workflow(pipeline, &slipway(pipeline)?).map_err(Into::into)
    })
}

pub(super) fn cmd_gitlab(ui: Ui, global: &Global, args: &GitLabArgs) -> Result<Exit, CommandError> {
    write(ui, global, &args.write, |Whole { pipeline, .. }| {
        gitlab::pipeline(pipeline, &slipway(pipeline)?).map_err(Into::into)
    })
}

pub(super) fn cmd_argo_workflows(
    ui: Ui,
    global: &Global,
    args: &ArgoWorkflowsArgs,
) -> Result<Exit, CommandError> {
    write(ui, global, &args.write, |Whole { pipeline, .. }| Ok(argo_workflows::templates(pipeline)?))
}

pub(super) fn cmd_atlantis(ui: Ui, global: &Global, args: &AtlantisArgs) -> Result<Exit, CommandError> {
    write(ui, global, &args.write, |Whole { pipeline, estate, expansions }| {
        Ok(atlantis::projects(pipeline, estate, expansions)?)
    })
}

fn write(
    ui: Ui,
    global: &Global,
    args: &WriteArgs,
    make: impl Fn(&Whole) -> Result<Written, CommandError>,
) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::PIPELINE)?;
    let reader = workspace.reader_for_lists("plan");
    let whole = pipeline(&workspace, &reader)?;
    let written = make(&whole)?;
    let pipeline = &whole.pipeline;
    let dir = &workspace.project.dir;
    let target = Target::look(git::top_of(dir).unwrap_or(dir), written.path)?;
    if args.dry_run {
        ui.raw(&written.text)?;
        return Ok(Exit::Done);
    }
    let is_same = target.found.as_deref() == Some(written.text.as_str());
    if args.check {
        return check(ui, &target, &written, is_same);
    }
    if !args.force && target.found.as_ref().is_some_and(|found| !found.starts_with(MARK)) {
        return Err(CommandError::refused(
            format!("{} is there, and was not written by `slipway ci`", written.path),
            "move it away, or pass --force to write over it",
        ));
    }
    if !is_same {
        target.write(&written.text)?;
    }
    tell(ui, pipeline, &written, is_same)?;
    if written.has_jobs {
        for line in next(pipeline, &slipway(pipeline)?) {
            ui.say(&format!("next: {line}"));
        }
    }
    Ok(Exit::Done)
}

/// Where the pipeline takes Slipway from.
pub(super) fn slipway(pipeline: &Pipeline) -> Result<Slipway, CommandError> {
    let usual = || {
        concat!("OWNER/slipway@v", env!("CARGO_PKG_VERSION"))
            .parse()
            .map_err(|error| CommandError::failed(error, None))
    };
    Ok(Slipway::new(pipeline.settings().slipway.clone().map_or_else(usual, Ok)?))
}

impl Target {
    fn look(root: &Path, path: &'static str) -> Result<Self, CommandError> {
        let folder = Root::at(root)?;
        let found = match folder.kind(Path::new(path))? {
            None => None,
            Some(Kind::File) => {
                let file = root.join(path);
                Some(read_text(&file).map_err(FileError::on("read", &file))?)
            }
            Some(_) => {
                return Err(CommandError::refused(
                    format!("{path} is in the way: it is no file"),
                    "move it away",
                ));
            }
        };
        Ok(Self { root: root.to_owned(), path, found })
    }

    fn write(&self, text: &str) -> Result<(), CommandError> {
        let root = Root::at(&self.root)?;
        let path = Path::new(self.path);
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            root.create_dir_all(above, crate::support::confined::FOLDER)?;
        }
        Ok(root.write(path, text.as_bytes(), EVERYBODY)?)
    }
}

/// Says whether the file is as it would be written.
fn check(ui: Ui, target: &Target, made: &Written, is_same: bool) -> Result<Exit, CommandError> {
    if is_same {
        ui.say(&format!("{} is that of the estate", made.path));
        return Ok(Exit::Done);
    }
    let Some(found) = &target.found else {
        return Err(CommandError::failed(format!("{} is not there", made.path), Some(again())));
    };
    let diff = TextDiff::from_lines(found.as_str(), made.text.as_str());
    let text = diff.unified_diff().header(made.path, "as it would be written").to_string();
    ui.answer(&text)?;
    Err(CommandError::failed(format!("{} is not that of the estate", made.path), Some(again())))
}

fn again() -> String {
    "write it again with `slipway ci`, and commit it".to_owned()
}

fn tell(ui: Ui, pipeline: &Pipeline, made: &Written, is_same: bool) -> Result<(), CommandError> {
    let names: Vec<&str> = pipeline.environments.iter().map(|one| one.name.as_str()).collect();
    let mut text =
        if is_same { format!("{} is as it was\n", made.path) } else { format!("wrote {}\n", made.path) };
    let how = if !made.has_jobs {
        "Atlantis' own"
    } else if pipeline.is_cut() {
        "cut from what is affected"
    } else {
        "one an environment"
    };
    let (units, all) = (pipeline.units(), names.join(", "));
    let _infallible = writeln!(text, "{units} units in {all}; the jobs that plan are {how}");
    Ok(ui.answer(&text)?)
}

/// What a person has to do besides.
fn next(pipeline: &Pipeline, slipway: &Slipway) -> Vec<String> {
    let mut next = Vec::new();
    if pipeline.environments.iter().all(|one| one.plan_role.is_none()) {
        let first = pipeline.environments.first().map_or("dev", |one| one.name.as_str());
        next.push(format!(
            "say the roles in slipway.hcl: ci {{ environment \"{first}\" {{ region, plan_role, apply_role }} }}"
        ));
    }
    next.extend(slipway.next());
    next.push("make the secret SLIPWAY_PLANS_KEY, such as with `openssl rand -base64 32`".to_owned());
    next
}
