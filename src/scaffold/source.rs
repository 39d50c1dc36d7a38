//! An application's own repository: the pipeline that builds its image and says so in the manifests repository.

use askama::Template;

use super::Scaffold;
use super::forge::{Forge, PINS, Pins, Slipway};
use super::names::{Branch, ClusterName, GitAddress, ImageName, Label, Region};

/// What the pipeline of an application is made of.
#[derive(Clone, Debug)]
pub struct Source {
    /// The app, as the manifests repository calls its folder.
    pub app: Label,
    /// What is built, without a tag: that is the commit.
    pub image: ImageName,
    /// The manifests repository.
    pub manifests: GitAddress,
    /// In which of its environments the image is set, one after the other; none where it has no environments.
    pub environments: Vec<Label>,
    /// The clusters whose Argo CD is waited for.
    pub waited: Vec<Waited>,
    /// The branch that is released.
    pub branch: Branch,
    /// Whose pipeline is written.
    pub forge: Forge,
    /// Where it takes Slipway from.
    pub slipway: Slipway,
    /// Whether there is to be a Dockerfile.
    pub dockerfile: bool,
}

/// A cluster that is waited for, since its API server and Argo CD can be reached by who runs the pipeline.
#[derive(Clone, Debug)]
pub struct Waited {
    /// The environment that it has, where there are some.
    pub environment: Option<Label>,
    /// What it is called in EKS.
    pub name: ClusterName,
    /// Where it is.
    pub region: Region,
}

/// A cluster as templates need it.
struct Cluster<'a> {
    label: &'a str,
    name: &'a ClusterName,
    region: &'a Region,
}

impl<'a> From<&'a Waited> for Cluster<'a> {
    fn from(waited: &'a Waited) -> Self {
        let Waited { environment, name, region } = waited;
        Self { label: environment.as_ref().map_or(name.as_str(), Label::as_str), name, region }
    }
}

/// A job that sets the image.
struct Stage<'a> {
    name: Option<&'a Label>,
    waits: Option<Cluster<'a>>,
    job: String,
    after: String,
    path: String,
}

#[derive(Template)]
#[template(path = "init/source/github.yml", syntax = "scaffold", escape = "none")]
struct GitHub<'a> {
    app: &'a Label,
    image: &'a str,
    registry: &'a str,
    region: &'a str,
    url: &'a GitAddress,
    branch: &'a Branch,
    environments: Vec<Stage<'a>>,
    action: &'a str,
    pins: Pins,
}

#[derive(Template)]
#[template(path = "init/source/gitlab.yml", syntax = "scaffold", escape = "none")]
struct GitLab<'a> {
    app: &'a Label,
    image: &'a str,
    host: &'a str,
    registry: &'a str,
    url: &'a GitAddress,
    environments: Vec<Stage<'a>>,
    slipway: &'a Slipway,
}

#[derive(Template)]
#[template(path = "init/source/slipway.hcl", syntax = "scaffold", escape = "none")]
struct Settings<'a> {
    clusters: Vec<Cluster<'a>>,
}

impl Source {
    /// Its files.
    pub fn scaffold(&self) -> Scaffold {
        let mut made = Scaffold::default();
        let host = self.image.host();
        let (app, image, url) = (&self.app, self.image.repository.as_str(), &self.manifests);
        match self.forge {
            Forge::GitHub => {
                let region = region_of_ecr(host);
                let registry = match (host, region) {
                    ("ghcr.io", _) => "ghcr",
                    (_, Some(_)) => "ecr",
                    _ => host,
                };
                let pipeline = GitHub {
                    app,
                    image,
                    registry,
                    region: region.unwrap_or_default(),
                    url,
                    branch: &self.branch,
                    environments: self.stages("image"),
                    action: self.slipway.action(),
                    pins: PINS,
                };
                made.fill(".github/workflows/release.yml", &pipeline);
                match registry {
                    "ghcr" => {}
                    "ecr" => made.next.push("set the variable PUSH_ROLE: the role that may push the image".to_owned()),
                    _ => made.next.push(format!(
                        "set the variable REGISTRY_USERNAME and the secret REGISTRY_PASSWORD: the login to {host}"
                    )),
                }
            }
            Forge::GitLab => {
                let registry = if host.starts_with("registry.gitlab.") { "gitlab" } else { host };
                let pipeline = GitLab {
                    app,
                    image,
                    host,
                    registry,
                    url,
                    environments: self.stages("image"),
                    slipway: &self.slipway,
                };
                made.fill(".gitlab-ci.yml", &pipeline);
                if registry != "gitlab" {
                    made.next.push(format!(
                        "set the variables REGISTRY_USERNAME and REGISTRY_PASSWORD: the login to {host}"
                    ));
                }
            }
        }
        if !self.waited.is_empty() {
            made.fill("slipway.hcl", &Settings { clusters: self.waited.iter().map(Cluster::from).collect() });
            made.next.push(
                "set the variable DEPLOY_ROLE of each environment: the role that may look at Argo CD on its cluster".to_owned(),
            );
        }
        if self.dockerfile {
            made.add("Dockerfile", include_str!("../../templates/init/source/Dockerfile"));
        }
        made.next.push(format!("set the secret MANIFESTS_TOKEN: it may write to {url}, and nothing else"));
        made.next.extend(self.slipway.next());
        made.finished()
    }

    fn stages(&self, first: &str) -> Vec<Stage<'_>> {
        let mut after = first.to_owned();
        let named: Vec<Option<&Label>> = if self.environments.is_empty() {
            vec![None]
        } else {
            self.environments.iter().map(Some).collect()
        };
        let stage = |name: Option<&'_ Label>| {
            let job = name.map_or_else(|| "deploy".to_owned(), |name| format!("deploy-{name}"));
            let path = name.map_or_else(|| "manifests".to_owned(), |name| format!("manifests/{name}"));
            let before = std::mem::replace(&mut after, job.clone());
            (job, before, path)
        };
        let made: Vec<_> = named.iter().copied().map(stage).collect();
        named
            .into_iter()
            .zip(made)
            .map(|(name, (job, after, path))| {
                let waits =
                    self.waited.iter().find(|one| one.environment.as_ref() == name).map(Cluster::from);
                Stage { name, waits, job, after, path }
            })
            .collect()
    }
}

/// The region of a registry of AWS's.
fn region_of_ecr(host: &str) -> Option<&str> {
    let (_, rest) = host.split_once(".dkr.ecr.")?;
    rest.split_once(".amazonaws.com").map(|(region, _)| region)
}
