//! `slipway ci fetch`: in the job that applies, the plans that were reviewed.

use std::path::{Path, PathBuf};

use clap::Args;

use super::new_folder;
use super::seal::key;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::forge::{ForgeError, Kind, Place};
use crate::launch::{CommandError, Workspace};
use crate::pipeline::host::Host;
use crate::pipeline::reviewed::{ReviewedError, Wanted};
use crate::project::Needs;
use crate::scaffold::names::Label;
use crate::support::environment::variable;
use crate::support::fs::read_text;
use crate::support::git;
use crate::support::secret::Secret;
use crate::ui::Ui;

/// In a job that applies: bring the plans of an environment that were made for the pull requests merged since
///
/// Of each commit since the last apply, the pull request is asked for; of its last commit, what the pipeline has planned. In a run that was started by hand, what the run itself has planned. Each lies in a folder of its own below DIR, in the order in which `slipway apply` is to take them. Refused, with exit code 5, where a commit came without plans that somebody could look at.
#[derive(Args, Clone, Debug)]
pub(super) struct FetchArgs {
    /// The environment
    environment: Label,

    /// A new folder
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

pub(super) async fn cmd_fetch(ui: Ui, global: &Global, args: &FetchArgs) -> Result<Exit, CommandError> {
    let invocation = global.invocation();
    let workspace = Workspace::open(ui, &invocation, Needs::CI)?;
    let to = new_folder(global, &args.to)?;
    let secret = key()?;
    let needed = |name: &str| {
        variable(name).ok_or_else(|| {
            let help = "this is for a job of the pipeline that `slipway ci` writes";
            CommandError::usage(format!("{name} is not set"), help)
        })
    };
    let job = if variable("CI_PROJECT_PATH").is_some() && variable("GITHUB_REPOSITORY").is_none() {
        Job::of_gitlab(&needed, &variable)?
    } else {
        Job::of_github(&needed, &variable)?
    };
    let place = Place::of(&job.url, Some(job.kind), Some(&job.api), &variable).map_err(failed)?;
    let host = Host::of(&place, job.token);
    let dir = &workspace.project.dir;
    let branch = workspace.project.ci.branch.as_ref().map_or("main", |branch| branch.as_str());
    let wanted = Wanted {
        environment: args.environment.as_str(),
        branch,
        repository: git::top_of(dir).unwrap_or(dir),
        commit: &job.commit,
        before: job.before.as_deref(),
    };
    let brought = match job.own_run {
        Some(run) => wanted.bring_of_run(&host, run, &secret, &to).await,
        None => wanted.bring(&host, &secret, &to).await,
    };
    let environment = &args.environment;
    match brought? {
        0 => ui.say(&format!("nothing of {environment} was planned, and nothing is to be applied")),
        count => ui.say(&format!("brought {count} folders of plans of {environment}")),
    }
    Ok(Exit::Done)
}

/// What a job knows of itself.
struct Job {
    kind: Kind,
    url: String,
    api: String,
    token: Secret,
    commit: String,
    before: Option<String>,
    /// The run that it belongs to, where that was started by hand and has planned for itself.
    own_run: Option<u64>,
}

impl Job {
    fn of_github(
        needed: &impl Fn(&str) -> Result<String, CommandError>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CommandError> {
        let by_hand = needed("GITHUB_EVENT_NAME")? == "workflow_dispatch";
        Ok(Self {
            kind: Kind::GitHub,
            url: format!("{}/{}", needed("GITHUB_SERVER_URL")?, needed("GITHUB_REPOSITORY")?),
            api: needed("GITHUB_API_URL")?,
            token: Secret::new(needed("GITHUB_TOKEN")?),
            commit: needed("GITHUB_SHA")?,
            before: variable("GITHUB_EVENT_PATH").and_then(|event| before(Path::new(&event))),
            own_run: if by_hand { Some(number("GITHUB_RUN_ID", needed)?) } else { None },
        })
    }

    fn of_gitlab(
        needed: &impl Fn(&str) -> Result<String, CommandError>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CommandError> {
        let by_hand = needed("CI_PIPELINE_SOURCE")? == "web";
        let token = variable("SLIPWAY_GITLAB_TOKEN").ok_or_else(|| {
            CommandError::usage(
                "SLIPWAY_GITLAB_TOKEN is not set: a job's own token may not ask which merge request a commit came by",
                "make a project access token with the scope read_api and the role Developer, and keep it as a protected, masked variable",
            )
        })?;
        Ok(Self {
            kind: Kind::GitLab,
            url: format!("{}/{}", needed("CI_SERVER_URL")?, needed("CI_PROJECT_PATH")?),
            api: needed("CI_API_V4_URL")?,
            token: Secret::new(token),
            commit: needed("CI_COMMIT_SHA")?,
            before: variable("CI_COMMIT_BEFORE_SHA").filter(|before| is_commit(before)),
            own_run: if by_hand { Some(number("CI_PIPELINE_ID", needed)?) } else { None },
        })
    }
}

fn number(name: &str, needed: &impl Fn(&str) -> Result<String, CommandError>) -> Result<u64, CommandError> {
    let wrong = |_| CommandError::usage(format!("{name} is no number"), "leave it as the runner has set it");
    needed(name)?.parse().map_err(wrong)
}

/// The commit before a push, as the runner tells of it; zeros where there was none.
fn before(event: &Path) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(&read_text(event).ok()?).ok()?;
    let before = event.get("before")?.as_str()?;
    is_commit(before).then(|| before.to_owned())
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40
        && text.chars().all(|digit| digit.is_ascii_hexdigit())
        && text.chars().any(|digit| digit != '0')
}

fn failed(error: ForgeError) -> CommandError {
    CommandError::failed(error, None)
}

impl From<ReviewedError> for CommandError {
    fn from(error: ReviewedError) -> Self {
        match error {
            ReviewedError::File(error) => error.into(),
            error if error.is_refusal() => Self::refused(
                error.to_string(),
                "nothing was touched; run the pipeline by hand with the action \"apply\": it plans all that differs, and asks before it applies that",
            ),
            error => Self::failed(error, None),
        }
    }
}
