//! `slipway image`: images in the manifests repository.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::follow::{Reached, reach, wait_for_bumps};
use super::global::{Global, ToolArgs};
use crate::gitops::{
    AgePolicy, AppRule, BumpOptions, BumpOutcome, FilePlace, GitOpsError, ImageAssignment, ImagePath,
    ImageRecord, ImageTarget, RecordKind, Repository, RepositorySpec, Rules, bump_source, history,
    list_images, promote, rollback, set_images,
};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::launch::{CommandError, Workspace, choose};
use crate::project::{App, Apps, Cluster, Needs};
use crate::run::gate::argocd::repository_spec;
use crate::support::environment;
use crate::support::git::short;
use crate::support::secret::Secret;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// The folder of the applications where nobody says.
pub(super) const MANIFESTS: &str = "manifests";

/// Set, list, roll back and promote images in the manifests
#[derive(Args, Clone, Debug)]
pub struct ImageArgs {
    #[command(subcommand)]
    command: ImageCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ImageCommand {
    /// Set images: all of them in one commit, pushed; waits for the cluster with --wait
    Set(SetArgs),
    /// List the images of all applications
    List(ListArgs),
    /// Show what was done to an application's images
    History(HistoryArgs),
    /// Take the last bump of an application back, and hold later ones until --unfreeze
    Rollback(RollbackArgs),
    /// Give one environment the image that another runs
    Promote(PromoteArgs),
}

/// Which repository.
#[derive(Args, Clone, Debug)]
struct RepositoryArgs {
    /// The manifests repository, instead of the one in slipway.hcl
    #[arg(long, value_name = "URL", env = "SLIPWAY_MANIFESTS_URL", hide_env_values = true)]
    repo: Option<String>,

    /// Its branch [default: as in slipway.hcl, else the repository's own default branch]
    #[arg(long, value_name = "NAME", env = "SLIPWAY_MANIFESTS_BRANCH")]
    branch: Option<String>,

    /// The folder of the applications in it
    #[arg(long, value_name = "DIR", default_value = MANIFESTS, env = "SLIPWAY_MANIFESTS_PATH")]
    manifests: String,

    /// The cluster in slipway.hcl whose repository it is, and that is waited for
    #[arg(long, value_name = "LABEL", env = "SLIPWAY_CLUSTER")]
    cluster: Option<String>,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Whether to wait for the cluster.
#[derive(Args, Clone, Debug)]
struct WaitArgs {
    /// Return when the cluster runs it: Synced and Healthy at that commit, with that image
    #[arg(long)]
    wait: bool,

    /// How long to wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "wait")]
    timeout: u64,
}

/// What a bump may do that it otherwise refuses.
#[derive(Args, Clone, Debug)]
struct BumpArgs {
    /// Set it even where it is older than what is there
    #[arg(long)]
    allow_older: bool,

    /// How tags are read to tell which is older: auto, semver, semver:RANGE, numeric, timestamp, describe or none
    #[arg(long, value_name = "POLICY", env = "SLIPWAY_IMAGE_AGE")]
    age: Option<AgePolicy>,

    /// Set it even where a rollback holds the image
    #[arg(long)]
    unfreeze: bool,
}

/// `slipway image set`.
#[derive(Args, Clone, Debug)]
struct SetArgs {
    /// The application, more of the target where it has several containers, and the image
    #[arg(
        required = true,
        value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]=IMAGE"
    )]
    assignments: Vec<String>,

    /// Set each place of the target that runs the image, in one commit; with * as the application in all of them
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    bump: BumpArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// `slipway image list`.
#[derive(Args, Clone, Debug)]
struct ListArgs {
    #[command(flatten)]
    repository: RepositoryArgs,
}

/// `slipway image history`.
#[derive(Args, Clone, Debug)]
struct HistoryArgs {
    /// The application
    app: String,

    /// How many entries at most
    #[arg(long, default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// `slipway image rollback`.
#[derive(Args, Clone, Debug)]
struct RollbackArgs {
    /// The application, and more of the target where it has several containers
    #[arg(value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]")]
    target: String,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// `slipway image promote`.
#[derive(Args, Clone, Debug)]
struct PromoteArgs {
    /// The application, and more of the target where it has several containers
    #[arg(value_name = "APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]")]
    target: String,

    /// The folder of the environment that runs it, in the repository
    #[arg(long, value_name = "DIR")]
    from: String,

    /// The folder of the environment that gets it
    #[arg(long, value_name = "DIR")]
    to: String,

    #[command(flatten)]
    bump: BumpArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Does what was asked.
pub async fn cmd_image(ui: Ui, global: &Global, args: &ImageArgs) -> Result<Exit, CommandError> {
    match &args.command {
        ImageCommand::Set(args) => set(ui, global, args).await?,
        ImageCommand::List(args) => list(ui, global, args).await?,
        ImageCommand::History(args) => show_history(ui, global, args).await?,
        ImageCommand::Rollback(args) => take_back(ui, global, args).await?,
        ImageCommand::Promote(args) => carry_over(ui, global, args).await?,
    }
    Ok(Exit::Done)
}

async fn set(ui: Ui, global: &Global, args: &SetArgs) -> Result<(), CommandError> {
    let assignments: Vec<ImageAssignment> =
        args.assignments.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    // Which of all have it is seen later.
    let apps = assignments.iter().map(|one| one.target.app.as_str()).filter(|app| *app != "*");
    let apps: Vec<&str> = apps.collect();
    let reached = reached(&workspace, &args.repository, &args.wait, &apps).await?;
    let options = BumpOptions { all: args.all, ..args.bump.options() };
    let set = set_images(&mut repository, &args.repository.manifests, &assignments, &options).await;
    let outcomes = set.map_err(failed)?;
    finish(ui, repository, reached, &args.wait, &outcomes).await
}

async fn take_back(ui: Ui, global: &Global, args: &RollbackArgs) -> Result<(), CommandError> {
    let target: ImageTarget = args.target.parse().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    let reached = reached(&workspace, &args.repository, &args.wait, &[&target.app]).await?;
    let source = source();
    let outcome = rollback(&mut repository, &args.repository.manifests, &target, source.as_deref()).await;
    let outcome = outcome.map_err(failed)?;
    finish(ui, repository, reached, &args.wait, &[outcome]).await
}

async fn carry_over(ui: Ui, global: &Global, args: &PromoteArgs) -> Result<(), CommandError> {
    let target: ImageTarget = args.target.parse().map_err(usage)?;
    let (workspace, mut repository) = open(ui, global, &args.repository, args.wait.wait).await?;
    let reached = reached(&workspace, &args.repository, &args.wait, &[&target.app]).await?;
    let options = args.bump.options();
    let outcome = promote(&mut repository, &args.from, &args.to, &target, &options).await.map_err(failed)?;
    finish(ui, repository, reached, &args.wait, &[outcome]).await
}

/// What will be waited for, where that was asked: reached before anything is pushed.
async fn reached(
    workspace: &Workspace,
    args: &RepositoryArgs,
    wait: &WaitArgs,
    apps: &[&str],
) -> Result<Option<Reached>, CommandError> {
    if !wait.wait {
        return Ok(None);
    }
    reach(workspace, args.cluster.as_deref(), &args.tools, apps).await.map(Some)
}

async fn list(ui: Ui, global: &Global, args: &ListArgs) -> Result<(), CommandError> {
    let (_, repository) = open(ui, global, &args.repository, false).await?;
    let listing = list_images(&repository, &args.repository.manifests).await.map_err(failed)?;
    if ui.format() == Format::Json {
        let image = |image: &crate::gitops::AppImage| {
            json!({
                "app": image.app, "kind": image.kind, "workload": image.workload, "container": image.container,
                "init": image.init, "image": image.image, "file": image.file, "line": image.line,
            })
        };
        ui.json(&listing.images.iter().map(image).collect::<Vec<_>>())?;
    } else {
        let line = |image: &crate::gitops::AppImage| {
            let place = format!("{}/{}/{}", image.kind, image.workload, image.container);
            let line = format!("{}  {place}  {}  {}:{}", image.app, image.image, image.file, image.line);
            format!("{}\n", shown::name(&line))
        };
        ui.answer(&listing.images.iter().map(line).collect::<String>())?;
    }
    for problem in &listing.problems {
        ui.warn(&problem.to_string());
    }
    Ok(())
}

async fn show_history(ui: Ui, global: &Global, args: &HistoryArgs) -> Result<(), CommandError> {
    let (_, repository) = open(ui, global, &args.repository, false).await?;
    let records =
        history(&repository, &args.repository.manifests, &args.app, args.limit).await.map_err(failed)?;
    if repository.is_shallow() {
        ui.warn("the repository is a shallow clone: what was done before its first commit is not seen");
    }
    if ui.format() == Format::Json {
        let record = |record: &ImageRecord| {
            json!({
                "commit": record.commit, "when": record.when, "author": record.author, "kind": word(&record.kind),
                "container": record.container, "image": record.image, "previous": record.previous,
                "source": record.source,
            })
        };
        return Ok(ui.json(&records.iter().map(record).collect::<Vec<_>>())?);
    }
    if records.is_empty() {
        ui.say(&format!("nothing was done to the images of {} yet", args.app));
    }
    let line = |record: &ImageRecord| {
        let commit = short(&record.commit);
        let ImageRecord { when, author, previous, image, .. } = record;
        let line = format!("{commit}  {when}  {:<9} {previous} → {image}  {author}", word(&record.kind));
        format!("{}\n", shown::name(&line))
    };
    Ok(ui.answer(&records.iter().map(line).collect::<String>())?)
}

fn word(kind: &RecordKind) -> &'static str {
    match kind {
        RecordKind::Bump => "bump",
        RecordKind::Promotion { .. } => "promotion",
        RecordKind::Rollback { .. } => "rollback",
        RecordKind::Unfreeze { .. } => "unfreeze",
    }
}

/// Tells of the bumps, and waits for the cluster where that was asked.
async fn finish(
    ui: Ui,
    repository: Repository,
    reached: Option<Reached>,
    wait: &WaitArgs,
    outcomes: &[BumpOutcome],
) -> Result<(), CommandError> {
    let mut left_out: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.left_out).collect();
    left_out.sort();
    left_out.dedup();
    for file in left_out {
        ui.warn(&format!("left out: {file}"));
    }
    for outcome in outcomes {
        ui.say(&described(outcome));
    }
    if let Some(reached) = reached {
        wait_for_bumps(ui, reached, repository, outcomes, Duration::from_secs(wait.timeout)).await?;
    }
    if ui.format() == Format::Json {
        let as_json = |outcome: &BumpOutcome| {
            json!({
                "app": outcome.app, "container": outcome.container, "previous": outcome.previous,
                "image": outcome.image, "commit": outcome.commit, "changed": outcome.changed,
                "file": outcome.file, "line": outcome.line,
            })
        };
        return Ok(ui.json(&outcomes.iter().map(as_json).collect::<Vec<_>>())?);
    }
    Ok(())
}

fn described(outcome: &BumpOutcome) -> String {
    let BumpOutcome { app, previous, image, file, line, commit, .. } = outcome;
    let commit = short(commit);
    if outcome.changed {
        format!("{app}: {previous} → {image} ({file}:{line}, commit {commit})")
    } else {
        format!("{app}: {image} is there already ({file}:{line}, commit {commit})")
    }
}

/// Opens the repository that flags or slipway.hcl name.
async fn open(
    ui: Ui,
    global: &Global,
    args: &RepositoryArgs,
    waits: bool,
) -> Result<(Workspace, Repository), CommandError> {
    // A repository that is named needs no cluster, unless one is waited for.
    let is_named = args.repo.is_some() && args.cluster.is_none() && !waits;
    let workspace =
        Workspace::open(ui, &global.invocation(), if is_named { Needs::NOTHING } else { Needs::CLUSTERS })?;
    let spec = match (&args.repo, configured(&workspace, args)?) {
        (None, None) => {
            let help = "name it with --repo, or in argocd { repository { url } } of slipway.hcl";
            return Err(CommandError::usage("no manifests repository is named", help));
        }
        (None, Some(configured)) => configured,
        // Credentials of another repository are never sent to this one.
        (Some(url), Some(configured)) if configured.url.expose() == url => configured,
        (Some(url), _) => from_environment(&absolute(url, &workspace.working_dir)),
    };
    let branch = args.branch.clone().or(spec.branch);
    let spec = RepositorySpec { branch, ..spec };
    let rules = rules(&workspace.project.apps)?;
    let repository = Repository::open(spec).await.map_err(failed)?.with_rules(rules);
    Ok((workspace, repository))
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

fn wrong(problem: String, location: Option<&Location>) -> CommandError {
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

fn from_environment(url: &str) -> RepositorySpec {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    RepositorySpec {
        url: url.into(),
        branch: None,
        username: variable(environment::MANIFESTS_USERNAME),
        credentials: variable(environment::MANIFESTS_TOKEN).map(Secret::new),
        author: None,
    }
}

impl BumpArgs {
    fn options(&self) -> BumpOptions {
        BumpOptions {
            allow_older: self.allow_older,
            unfreeze: self.unfreeze,
            age: self.age.clone(),
            source: source(),
            ..BumpOptions::default()
        }
    }
}

fn source() -> Option<String> {
    bump_source(|name| std::env::var(name).ok())
}

fn failed(error: GitOpsError) -> CommandError {
    let help = match &error {
        GitOpsError::Older { .. } => Some("pass --allow-older if that is meant"),
        GitOpsError::Frozen { .. } => Some("pass --unfreeze if that is meant"),
        GitOpsError::Ambiguous { .. } => Some("or pass --all: each of them that runs the image is set"),
        GitOpsError::Twice { .. } | GitOpsError::EveryApp { .. } => return usage(error),
        GitOpsError::Overtaken { .. } | GitOpsError::ChangedSince { .. } | GitOpsError::OutOfRange { .. } => {
            None
        }
        other => return CommandError::failed(other, None),
    };
    CommandError::Refused { message: error.to_string(), help: help.map(str::to_owned) }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn usage(error: GitOpsError) -> CommandError {
    CommandError::Usage { message: error.to_string(), help: None }
}
