//! Which repository is meant, how it is opened, and what its errors mean on the command line.

use std::path::Path;

use clap::Args;
use tracing::debug;

use super::login::with_login;
use crate::cli::global::{Global, ToolArgs};
use crate::gitops::{
    AgePolicy, AppRule, FilePlace, FreezeWindow, GitOpsError, ImagePath, Reach, Repository, RepositorySpec,
    Rules,
};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::launch::{CommandError, Workspace, choose};
use crate::project::{App, Apps, Cluster, FreezeWindowBlock, Needs, PROJECT_FILE};
use crate::run::gate::argocd::repository_spec;
use crate::support::address::Address;
use crate::support::environment::{self, variable};
use crate::support::fs::read_text;
use crate::support::git::{Git, top_of};
use crate::support::secret::Secret;
use crate::support::shown;
use crate::ui::Ui;

/// The folder of the applications where nobody says.
pub(in crate::cli) const MANIFESTS: &str = "manifests";

/// Which repository.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct RepositoryArgs {
    /// The manifests repository, instead of the one in slipway.hcl
    #[arg(long, value_name = "URL", env = "SLIPWAY_MANIFESTS_URL", hide_env_values = true)]
    repo: Option<String>,

    /// Its branch [default: as in slipway.hcl, else the repository's own default branch]
    #[arg(long, value_name = "NAME", env = "SLIPWAY_MANIFESTS_BRANCH")]
    branch: Option<String>,

    /// The folder of the applications in it
    #[arg(long, value_name = "DIR", default_value = MANIFESTS, env = "SLIPWAY_MANIFESTS_PATH")]
    pub(in crate::cli) manifests: String,

    /// The cluster in slipway.hcl whose repository it is, and that is waited for
    #[arg(long, value_name = "LABEL", env = "SLIPWAY_CLUSTER")]
    pub(super) cluster: Option<String>,

    #[command(flatten)]
    pub(super) tools: ToolArgs,
}

/// Opens the repository that flags or slipway.hcl name, with as much of its history as the command is likely to need.
pub(in crate::cli) async fn open(
    ui: Ui,
    global: &Global,
    args: &RepositoryArgs,
    waits: bool,
    reach: Reach,
) -> Result<(Workspace, Repository), CommandError> {
    // A repository that is named needs no cluster, unless one is waited for.
    let is_named = args.repo.is_some() && args.cluster.is_none() && !waits;
    let mut workspace =
        Workspace::open(ui, &global.invocation(), if is_named { Needs::NOTHING } else { Needs::CLUSTERS })?;
    let spec = match (&args.repo, configured(&workspace, args)?) {
        (None, None) => {
            let help = "name it with --repo, or in argocd { repository { url } } of slipway.hcl";
            return Err(CommandError::usage("no manifests repository is named", help));
        }
        (None, Some(configured)) => configured,
        // Credentials of another repository are never sent to this one.
        (Some(url), Some(configured)) if configured.url.expose() == url => configured,
        (Some(url), _) => {
            let url = absolute(url, &workspace.working_dir);
            let origin = origin_of(Path::new(&url));
            if let Some(origin) = &origin {
                ui.say(&format!("{} is a clone of {origin}, which is meant", shown::name(&url)));
            }
            from_environment(origin.unwrap_or_else(|| url.as_str().into()))
        }
    };
    let branch = args.branch.clone().or(spec.branch);
    let spec = with_login(RepositorySpec { branch, ..spec }).await?;
    // Where nothing can be kept, it is fetched anew each time.
    let home = workspace.home().inspect_err(|error| debug!(%error, "the repository is not kept")).ok();
    let repository = Repository::open_kept(spec, home, reach).await.map_err(failed)?;
    // What the repository says itself counts for whoever writes to it, from wherever that is done.
    let theirs = repository.text(PROJECT_FILE).await.map_err(failed)?;
    let ours = workspace.project.file.as_ref().and_then(|file| read_text(file).ok());
    if let Some(text) = theirs.filter(|theirs| ours.as_ref() != Some(theirs)) {
        let named = format!("{PROJECT_FILE} of {}", repository.url());
        let theirs = Apps::of_repository(text, &named).map_err(CommandError::Configuration)?;
        let ours = std::mem::take(&mut workspace.project.apps);
        workspace.project.apps = ours.completed_by(theirs);
    }
    let rules = rules(&workspace.project.apps)?;
    Ok((workspace, repository.with_rules(rules)))
}

/// What slipway.hcl says of applications.
fn rules(apps: &Apps) -> Result<Rules, CommandError> {
    let mut rules = Rules {
        age: policy(apps.age.as_ref(), apps.location.as_ref())?.unwrap_or_default(),
        ..Rules::default()
    };
    for (kind, path) in &apps.image_paths {
        rules.kinds.extend(way(Some(path), apps.location.as_ref())?.map(|path| (kind.clone(), path)));
    }
    for App { name, file, image_path, age, location } in &apps.apps {
        let location = Some(location);
        let place = file.as_ref().map(|file| {
            FilePlace::of(file)
                .ok_or_else(|| wrong(format!("{file:?} is no manifest inside of the repository"), location))
        });
        rules.apps.push(AppRule {
            app: name.clone(),
            file: place.transpose()?,
            path: way(image_path.as_ref(), location)?,
            age: policy(age.as_ref(), location)?,
        });
    }
    for window in &apps.freeze_windows {
        let FreezeWindowBlock { name, cron, duration, time_zone, apps, location } = window;
        let place = location.to_string();
        let read = FreezeWindow::new(name, cron, duration, time_zone, apps.clone(), place);
        rules.windows.push(read.map_err(|problem| wrong(problem, Some(location)))?);
    }
    Ok(rules)
}

fn policy(text: Option<&String>, location: Option<&Location>) -> Result<Option<AgePolicy>, CommandError> {
    text.map(|text| text.parse().map_err(|problem| wrong(problem, location))).transpose()
}

fn way(text: Option<&String>, location: Option<&Location>) -> Result<Option<ImagePath>, CommandError> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|problem| wrong(format!("the path {text:?} cannot be followed: {problem}"), location))
    };
    text.map(parse).transpose()
}

/// A mistake in `apps` of slipway.hcl.
pub(super) fn wrong(problem: String, location: Option<&Location>) -> CommandError {
    let diagnostic = Diagnostic::error("project::apps", problem);
    let diagnostic = match location {
        Some(location) => diagnostic.at(location.clone()),
        None => diagnostic,
    };
    CommandError::Configuration(vec![diagnostic.help("docs/slipway-hcl.md shows what apps may say")])
}

/// The repository that slipway.hcl names, where one cluster is meant.
fn configured(workspace: &Workspace, args: &RepositoryArgs) -> Result<Option<RepositorySpec>, CommandError> {
    if args.cluster.is_none() && args.repo.is_some() {
        return Ok(None);
    }
    let clusters = &workspace.project.clusters;
    let specs = match &args.cluster {
        Some(label) => vec![spec_of(choose(workspace, Some(label))?)?],
        None => clusters.iter().map(spec_of).collect::<Result<_, _>>()?,
    };
    let mut specs: Vec<RepositorySpec> = specs.into_iter().flatten().collect();
    // Clusters may well follow one repository; only two different ones make it a question.
    specs.dedup_by(|a, b| a.url == b.url && a.branch == b.branch);
    match specs.len() {
        0 | 1 => Ok(specs.pop()),
        _ => choose(workspace, None).map(|_| None),
    }
}

fn spec_of(cluster: &Cluster) -> Result<Option<RepositorySpec>, CommandError> {
    let argocd =
        cluster.argocd_without_outputs().map_err(|error| CommandError::Configuration(vec![*error]))?;
    Ok(argocd.as_ref().and_then(repository_spec))
}

/// A relative path is one of the working folder; in everything else there is a `:` before the first `/`.
fn absolute(url: &str, working_dir: &Path) -> String {
    let start = url.split('/').next().unwrap_or_default();
    if start.contains(':') { url.to_owned() } else { working_dir.join(url).to_string_lossy().into_owned() }
}

/// Where a clone with a work tree comes from: a push to it would leave its files behind, and nobody follows it.
fn origin_of(folder: &Path) -> Option<Address> {
    let is_clone = folder.is_dir() && top_of(folder) == Some(folder);
    let url = Git::new(folder).ask(&["remote", "get-url", "--push", "origin"]).ok().filter(|_| is_clone)?;
    let url = url.trim();
    // A path is relative to the clone.
    Some(Address::new(if url.contains(':') { url.to_owned() } else { absolute(url, folder) }))
}

fn from_environment(url: Address) -> RepositorySpec {
    RepositorySpec {
        url,
        branch: None,
        username: variable(environment::MANIFESTS_USERNAME),
        credentials: variable(environment::MANIFESTS_TOKEN).map(Secret::new),
        author: None,
    }
}

/// What an error of the repository means for the command.
pub(in crate::cli) fn failed(error: GitOpsError) -> CommandError {
    let help = match &error {
        GitOpsError::Older { .. } | GitOpsError::OlderThanProposed { .. } => {
            Some("pass --allow-older if that is meant")
        }
        GitOpsError::Frozen { .. } | GitOpsError::Held { all: false, .. } => {
            Some("pass --unfreeze if that is over, or --allow-frozen to set it in spite of that")
        }
        GitOpsError::Held { .. } => {
            Some("slipway image freeze '*' --lift ends it; --allow-frozen sets it in spite of that")
        }
        GitOpsError::InWindow { .. } => Some("wait, or pass --allow-frozen to set it in spite of that"),
        GitOpsError::Ambiguous { .. } => Some("or pass --all: each of them that runs the image is set"),
        GitOpsError::NotInRegistry { .. } => Some("or pass --check-image off if it is set all the same"),
        GitOpsError::Manifests { .. } => Some("mend that first, or pass --check-manifests off"),
        GitOpsError::RegistryNotAsked { .. } => {
            let help = "try again, or pass --check-image warn, without --pin, to set it all the same";
            return CommandError::failed(error, Some(help.to_owned()));
        }
        GitOpsError::Twice { .. } | GitOpsError::EveryApp { .. } => return usage(error),
        GitOpsError::ChangedSince { .. } => Some("or say where to: --to VERSION, --to-commit or --since"),
        GitOpsError::NotOurs { .. }
        | GitOpsError::Together { .. }
        | GitOpsError::Overtaken { .. }
        | GitOpsError::OutOfRange { .. } => None,
        other => return CommandError::failed(other, None),
    };
    CommandError::Refused { message: error.to_string(), help: help.map(str::to_owned) }
}

/// What could not be read of the command line.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn usage(error: GitOpsError) -> CommandError {
    CommandError::Usage { message: error.to_string(), help: None }
}
