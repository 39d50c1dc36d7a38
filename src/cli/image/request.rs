//! Whether a change is pushed, or proposed by a pull request: the flags, the way there, and what is told of it.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::login::JOB_USER;
use super::repository::failed;
use crate::forge::{Forge, ForgeError, Kind, Line, Place, Request, RequestState, RequestText, Wanted};
use crate::gitops::{AgePolicy, BumpOptions, BumpOutcome, Repository, RequestBranch};
use crate::launch::{CommandError, Workspace};
use crate::support::environment::variable;
use crate::support::git::GitRemote;
use crate::support::secret::Secret;
use crate::ui::Ui;

/// How often it is looked whether a request was merged.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// Somebody who pushes at the same moment is looked for so often.
const MOST_TURNS: usize = 4;

/// Whether, and how, a change is proposed.
#[derive(Args, Clone, Debug)]
pub(super) struct RequestArgs {
    /// Propose it by a pull request, or on GitLab a merge request, instead of a push
    #[arg(long, visible_alias = "pr", alias = "merge-request", alias = "mr")]
    pull_request: bool,

    /// A label for the request; can be given several times
    #[arg(long, value_name = "NAME", requires = "pull_request")]
    label: Vec<String>,

    /// Who is to look at it, on GitHub also ORG/TEAM; can be given several times
    #[arg(long, value_name = "NAME", requires = "pull_request")]
    reviewer: Vec<String>,

    /// Have it merged as soon as all that is required is there
    #[arg(long, requires = "pull_request")]
    auto_merge: bool,

    /// Its title; {subject} is what the commit says
    #[arg(long, value_name = "TEXT", requires = "pull_request")]
    title: Option<String>,

    /// Its branch [default: slipway/APP]
    #[arg(long, value_name = "NAME", requires = "pull_request")]
    request_branch: Option<String>,

    /// Which forge has the repository, where its address does not tell: github or gitlab
    #[arg(long, value_name = "NAME", env = "SLIPWAY_FORGE")]
    forge: Option<Kind>,

    /// The address of the forge's API, where it is not the usual one
    #[arg(long, value_name = "URL", env = "SLIPWAY_FORGE_API")]
    forge_api: Option<String>,
}

/// A change that will be proposed.
pub(super) struct Proposing {
    forge: Forge,
    args: RequestArgs,
}

/// What an update of a request may do, as with a bump.
pub(super) struct Updating<'a> {
    pub root: &'a str,
    pub apps: &'a [&'a str],
    pub allow_older: bool,
    pub age: Option<AgePolicy>,
}

impl<'a> Updating<'a> {
    pub(super) fn of(root: &'a str, apps: &'a [&'a str], options: &BumpOptions) -> Self {
        Self { root, apps, allow_older: options.allow_older, age: options.age.clone() }
    }
}

impl RequestArgs {
    /// The forge, and the repository with changes going to a branch of their own; as it was where nothing is to be proposed.
    pub(super) fn prepare(
        &self,
        workspace: &Workspace,
        repository: Repository,
        updating: Updating<'_>,
    ) -> Result<(Repository, Option<Proposing>), CommandError> {
        if !self.pull_request {
            return Ok((repository, None));
        }
        let (said_kind, said_api) = said(workspace, repository.url())?;
        let kind = self.forge.or(said_kind);
        let api = self.forge_api.clone().or(said_api);
        let place = Place::of(repository.url(), kind, api.as_deref(), &variable).map_err(refused)?;
        // A job's token opens no merge requests.
        let login = repository.credentials().filter(|login| login.username != JOB_USER);
        let token = login.map(|login| login.password.clone());
        let token = token.or_else(|| token_of(&place)).ok_or_else(|| {
            let way = match place.kind {
                Kind::GitHub => "set SLIPWAY_MANIFESTS_TOKEN, or GITHUB_TOKEN where the repository is on the pipeline's own host",
                Kind::GitLab => "set SLIPWAY_MANIFESTS_TOKEN, or GITLAB_TOKEN where the repository is on the pipeline's own host",
            };
            refused(ForgeError::NoToken { host: place.host.clone(), way })
        })?;
        let name = self.request_branch.clone();
        let name = name.unwrap_or_else(|| RequestBranch::name_of(updating.root, updating.apps));
        let branch = RequestBranch { name, allow_older: updating.allow_older, age: updating.age };
        let repository = repository.by_request(branch).map_err(failed)?;
        Ok((repository, Some(Proposing { forge: Forge::of(&place, token), args: self.clone() })))
    }
}

/// What slipway.hcl says of the forge of a repository.
fn said(workspace: &Workspace, url: &str) -> Result<(Option<Kind>, Option<String>), CommandError> {
    for cluster in &workspace.project.clusters {
        let wrong = |error| CommandError::Configuration(vec![error]);
        let argocd = cluster.argocd_without_outputs().map_err(|error| wrong(*error))?;
        let Some(its) = argocd.and_then(|argocd| argocd.repository) else { continue };
        if GitRemote::new(&its.url, "").is_ok_and(|remote| remote.url() == url) {
            let kind = its.forge.map(|name| name.parse()).transpose();
            let kind = kind.map_err(|problem| {
                CommandError::usage(format!("forge of {url}: {problem}"), "correct slipway.hcl")
            })?;
            return Ok((kind, its.api));
        }
    }
    Ok((None, None))
}

/// The token of the pipeline, or of the person, where it is for that host.
fn token_of(place: &Place) -> Option<Secret> {
    let (server, usual, names): (_, _, &[&str]) = match place.kind {
        Kind::GitHub => ("GITHUB_SERVER_URL", "https://github.com", &["GITHUB_TOKEN", "GH_TOKEN"]),
        Kind::GitLab => ("CI_SERVER_URL", "https://gitlab.com", &["GITLAB_TOKEN"]),
    };
    let fits = place.is_at(&variable(server).unwrap_or_else(|| usual.to_owned()));
    names.iter().filter(|_| fits).find_map(|name| variable(name)).map(Secret::new)
}

impl Proposing {
    /// Opens the request for what was pushed, or brings it up to date; none where there was nothing to propose.
    pub(super) async fn propose(
        &self,
        ui: Ui,
        repository: &mut Repository,
        outcomes: &[BumpOutcome],
    ) -> Result<Option<Request>, CommandError> {
        let Some(proposed) = repository.proposed().cloned() else { return Ok(None) };
        let base = repository.branch().to_owned();
        let lines: Vec<Line> = outcomes.iter().map(line).collect();
        let text = RequestText::of(&proposed.message, &lines, self.args.title.as_deref());
        let wanted = Wanted {
            head: &proposed.branch,
            commit: &proposed.commit,
            base: &base,
            text: &text,
            labels: &self.args.label,
            reviewers: &self.args.reviewer,
            auto_merge: self.args.auto_merge,
        };
        let request = self.forge.propose(&wanted).await.map_err(|error| {
            let help = format!(
                "{} has the change already; ask again, and only the request is made",
                proposed.branch
            );
            CommandError::failed(error, Some(help))
        })?;
        // Where somebody else pushed meanwhile, the text is to be that of what they pushed.
        let mut described = proposed.commit.clone();
        for _ in 0..MOST_TURNS {
            let Some((commit, message)) = repository.proposed_now().await.map_err(failed)? else { break };
            if commit == described {
                break;
            }
            let text = RequestText::of(&message, &lines, self.args.title.as_deref());
            self.forge.describe(request.number, &text).await.map_err(refused)?;
            described = commit;
        }
        for warning in &request.warnings {
            ui.warn(warning);
        }
        let verb = if request.opened { "opened" } else { "updated" };
        ui.say(&format!("{verb} {}", request.url));
        Ok(Some(request))
    }

    /// Waits until the request is merged, and returns the commit by which that was done.
    pub(super) async fn merged(
        &self,
        ui: Ui,
        repository: &mut Repository,
        request: &Request,
        until: Instant,
    ) -> Result<String, CommandError> {
        ui.say(&format!("waiting: {} is not merged yet", request.url));
        loop {
            match self.forge.state(request.number).await.map_err(refused)? {
                RequestState::Merged(commit) => {
                    repository.fetch().await.map_err(failed)?;
                    return Ok(commit);
                }
                RequestState::Closed => {
                    let message = format!("{} was closed without being merged", request.url);
                    return Err(CommandError::failed(message, None));
                }
                RequestState::Open if Instant::now() + BETWEEN_LOOKS > until => {
                    let message = format!("{} was not merged in time", request.url);
                    return Err(CommandError::failed(
                        message,
                        Some("pass a longer --timeout, or --auto-merge".to_owned()),
                    ));
                }
                RequestState::Open => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        }
    }
}

/// The request for the JSON of an outcome.
pub(super) fn as_json(request: &Request) -> Value {
    json!({"number": request.number, "url": request.url, "opened": request.opened})
}

fn line(outcome: &BumpOutcome) -> Line {
    Line {
        container: outcome.container.clone(),
        image: outcome.image.clone(),
        place: format!("{}:{}", outcome.file, outcome.line),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: ForgeError) -> CommandError {
    let help = match &error {
        ForgeError::Web(error) => error.advice().map(str::to_owned),
        _ => None,
    };
    CommandError::failed(&error, help)
}
