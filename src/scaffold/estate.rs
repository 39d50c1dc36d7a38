//! The infrastructure repository: an estate of two units an environment and region, and what runs it.

use askama::Template;

use super::Scaffold;
use super::forge::{Forge, PINS, Pins, Slipway};
use super::names::{Account, GitAddress, KubernetesVersion, Label, Region};

/// The account that stands where nobody gave one. No credentials are of it, so nothing is changed by mistake.
pub const PLACEHOLDER_ACCOUNT: &str = "000000000000";
/// The longest name of a cluster: its roles add a suffix to it.
const LONGEST_NAME: usize = 50;
/// The longest name of a bucket.
const LONGEST_BUCKET: usize = 63;
/// How many networks there are in 10.0.0.0/8 where each is ten from the next.
const NETWORKS: usize = 25;

/// What an estate is made of.
#[derive(Clone, Debug)]
pub struct Estate {
    /// Whose it is; the beginning of all names.
    pub organization: Label,
    /// In the order in which they are applied.
    pub environments: Vec<Environment>,
    /// Where each environment is.
    pub regions: Vec<Region>,
    /// Of the clusters.
    pub kubernetes: KubernetesVersion,
    /// What Argo CD follows, where it is to be installed.
    pub manifests: Option<GitAddress>,
    /// Whose pipeline is written, if any.
    pub forge: Option<Forge>,
    /// Where the pipeline takes Slipway from.
    pub slipway: Slipway,
    /// Whether `root.hcl` speaks to an emulator that `AWS_ENDPOINT_URL` names.
    pub emulator: bool,
}

/// An environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Label,
    /// Its AWS account, where it is known.
    pub account: Option<Account>,
}

/// Why there is no such estate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EstateError {
    /// Two have one name.
    #[error("{0} is named twice")]
    Twice(String),
    /// There is no room for the networks.
    #[error("these are {0} networks, and there is room for {NETWORKS}; name fewer environments or regions")]
    TooMany(usize),
    /// A name that is made of several becomes too long.
    #[error("{what} would be called {name}, which is longer than {limit} characters; choose shorter names")]
    TooLong {
        /// What has that name.
        what: &'static str,
        /// The name.
        name: String,
        /// How long it may be.
        limit: usize,
    },
}

impl Environment {
    /// Whether people live in it: then it is held by more than one zone, and not destroyed with the rest.
    fn is_protected(&self) -> bool {
        is_protected(&self.name)
    }

    fn account(&self) -> &str {
        self.account.as_ref().map_or(PLACEHOLDER_ACCOUNT, Account::as_str)
    }
}

/// Whether an environment is where people live.
pub(super) fn is_protected(name: &Label) -> bool {
    name.as_str().starts_with("prod")
}

#[derive(Template)]
#[template(path = "init/estate/root.hcl", syntax = "scaffold", escape = "none")]
struct Root<'a> {
    organization: &'a Label,
    several_regions: bool,
    emulator: bool,
}

#[derive(Template)]
#[template(path = "init/estate/env.hcl", syntax = "scaffold", escape = "none")]
struct Env<'a> {
    environment: &'a Label,
    account: &'a str,
    is_placeholder: bool,
}

#[derive(Template)]
#[template(path = "init/estate/region.hcl", syntax = "scaffold", escape = "none")]
struct RegionFile<'a> {
    region: &'a Region,
}

#[derive(Template)]
#[template(path = "init/estate/networking/terragrunt.hcl", syntax = "scaffold", escape = "none")]
struct Networking {
    is_protected: bool,
    network: usize,
}

#[derive(Template)]
#[template(path = "init/estate/cluster/terragrunt.hcl", syntax = "scaffold", escape = "none")]
struct Cluster<'a> {
    is_protected: bool,
    kubernetes: &'a KubernetesVersion,
}

/// A cluster of slipway.hcl.
struct ClusterBlock<'a> {
    label: String,
    environment: &'a Label,
    region: &'a Region,
    is_protected: bool,
}

#[derive(Template)]
#[template(path = "init/estate/slipway.hcl", syntax = "scaffold", escape = "none")]
struct Project<'a> {
    clusters: Vec<ClusterBlock<'a>>,
    kubernetes: &'a KubernetesVersion,
    manifests: Option<&'a GitAddress>,
}

#[derive(Template)]
#[template(path = "init/estate/README.md", syntax = "scaffold", escape = "none")]
struct Readme<'a> {
    organization: &'a Label,
    first: &'a Label,
    placeholders: bool,
    several: bool,
    manifests: Option<&'a GitAddress>,
    pipeline: Option<&'static str>,
}

/// An environment of a pipeline.
struct Stage<'a> {
    name: &'a Label,
    account: &'a str,
    region: &'a Region,
    job: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "init/estate/github.yml", syntax = "scaffold", escape = "none")]
struct GitHub<'a> {
    organization: &'a Label,
    environments: Vec<Stage<'a>>,
    several: bool,
    manifests: Option<&'a GitAddress>,
    action: &'a str,
    pins: Pins,
}

#[derive(Template)]
#[template(path = "init/estate/gitlab.yml", syntax = "scaffold", escape = "none")]
struct GitLab<'a> {
    organization: &'a Label,
    environments: Vec<Stage<'a>>,
    several: bool,
    manifests: Option<&'a GitAddress>,
    slipway: &'a Slipway,
}

/// Files in which nothing is filled in.
const MODULES: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../templates/init/estate/gitignore")),
    ("infra/cluster/iam.tf", include_str!("../../templates/init/estate/cluster/iam.tf")),
    ("infra/cluster/main.tf", include_str!("../../templates/init/estate/cluster/main.tf")),
    ("infra/cluster/outputs.tf", include_str!("../../templates/init/estate/cluster/outputs.tf")),
    ("infra/cluster/variables.tf", include_str!("../../templates/init/estate/cluster/variables.tf")),
    ("infra/cluster/versions.tf", include_str!("../../templates/init/estate/versions.tf")),
    ("infra/networking/main.tf", include_str!("../../templates/init/estate/networking/main.tf")),
    ("infra/networking/outputs.tf", include_str!("../../templates/init/estate/networking/outputs.tf")),
    ("infra/networking/variables.tf", include_str!("../../templates/init/estate/networking/variables.tf")),
    ("infra/networking/versions.tf", include_str!("../../templates/init/estate/versions.tf")),
];

impl Estate {
    /// Its files.
    pub fn scaffold(&self) -> Result<Scaffold, EstateError> {
        self.check()?;
        let mut made = Scaffold::default();
        for (path, text) in MODULES {
            made.add(*path, *text);
        }
        let several_regions = self.regions.len() > 1;
        let root = Root { organization: &self.organization, several_regions, emulator: self.emulator };
        made.fill("live/root.hcl", &root);
        let mut network = 0;
        for environment in &self.environments {
            self.live(environment, &mut network, &mut made);
        }
        let clusters = self.environments.iter().flat_map(|environment| {
            self.regions.iter().map(move |region| ClusterBlock {
                label: if several_regions {
                    format!("{}-{region}", environment.name)
                } else {
                    environment.name.to_string()
                },
                environment: &environment.name,
                region,
                is_protected: environment.is_protected(),
            })
        });
        let (kubernetes, manifests) = (&self.kubernetes, self.manifests.as_ref());
        made.fill("slipway.hcl", &Project { clusters: clusters.collect(), kubernetes, manifests });
        self.pipeline(&mut made);
        self.told(&mut made);
        Ok(made.finished())
    }

    fn check(&self) -> Result<(), EstateError> {
        let names = self.environments.iter().map(|environment| environment.name.as_str());
        for all in [names.collect::<Vec<_>>(), self.regions.iter().map(Region::as_str).collect()] {
            let twice =
                all.iter().enumerate().find(|(place, name)| all.iter().take(*place).any(|one| one == *name));
            if let Some((_, name)) = twice {
                return Err(EstateError::Twice((*name).to_owned()));
            }
        }
        let networks = self.environments.len() * self.regions.len();
        if networks > NETWORKS {
            return Err(EstateError::TooMany(networks));
        }
        for region in &self.regions {
            let bucket = format!("{}-tfstate-{PLACEHOLDER_ACCOUNT}-{region}", self.organization);
            short_enough("a bucket", bucket, LONGEST_BUCKET)?;
            for Environment { name, .. } in &self.environments {
                let cluster = match self.regions.len() {
                    1 => format!("{}-{name}", self.organization),
                    _ => format!("{}-{name}-{region}", self.organization),
                };
                short_enough("a cluster", cluster, LONGEST_NAME)?;
            }
        }
        Ok(())
    }

    fn live(&self, environment: &Environment, network: &mut usize, made: &mut Scaffold) {
        let Environment { name, account } = environment;
        let is_protected = environment.is_protected();
        let file =
            Env { environment: name, account: environment.account(), is_placeholder: account.is_none() };
        made.fill(format!("live/{name}/env.hcl"), &file);
        for region in &self.regions {
            let place = format!("live/{name}/{region}");
            *network += 10;
            made.fill(format!("{place}/region.hcl"), &RegionFile { region });
            let networking = Networking { is_protected, network: *network };
            made.fill(format!("{place}/networking/terragrunt.hcl"), &networking);
            let cluster = Cluster { is_protected, kubernetes: &self.kubernetes };
            made.fill(format!("{place}/cluster/terragrunt.hcl"), &cluster);
        }
    }

    fn pipeline(&self, made: &mut Scaffold) {
        let job = |environment: &Environment| format!("apply-{}", environment.name);
        let befores = std::iter::once(None).chain(self.environments.iter().map(|one| Some(job(one))));
        // Where there are several regions, the first is where the credentials are asked for.
        let stages = self.environments.iter().zip(befores).filter_map(|(environment, after)| {
            let (name, account) = (&environment.name, environment.account());
            Some(Stage { name, account, region: self.regions.first()?, job: job(environment), after })
        });
        let environments: Vec<Stage<'_>> = stages.collect();
        let several = environments.len() > 1;
        let (organization, manifests) = (&self.organization, self.manifests.as_ref());
        match self.forge {
            None => {}
            Some(Forge::GitHub) => made.fill(
                PIPELINE_OF_GITHUB,
                &GitHub {
                    organization,
                    environments,
                    several,
                    manifests,
                    action: self.slipway.action(),
                    pins: PINS,
                },
            ),
            Some(Forge::GitLab) => made.fill(
                PIPELINE_OF_GITLAB,
                &GitLab { organization, environments, several, manifests, slipway: &self.slipway },
            ),
        }
    }

    fn told(&self, made: &mut Scaffold) {
        let Some(Environment { name: first, .. }) = self.environments.first() else { return };
        let placeholders = self.environments.iter().any(|environment| environment.account.is_none());
        let readme = Readme {
            organization: &self.organization,
            first,
            placeholders,
            several: self.environments.len() > 1,
            manifests: self.manifests.as_ref(),
            pipeline: self.forge.map(|forge| match forge {
                Forge::GitHub => PIPELINE_OF_GITHUB,
                Forge::GitLab => PIPELINE_OF_GITLAB,
            }),
        };
        made.fill("README.md", &readme);
        if placeholders {
            let pipeline = if self.forge.is_some() { " and the pipeline" } else { "" };
            made.next.push(format!("put the numbers of the AWS accounts into live/*/env.hcl{pipeline}"));
        }
        made.next.extend(self.forge.and_then(|_| self.slipway.next()));
        made.next.push(format!("look at it: slipway validate, slipway graph, slipway plan {first}"));
    }
}

const PIPELINE_OF_GITHUB: &str = ".github/workflows/infrastructure.yml";
const PIPELINE_OF_GITLAB: &str = ".gitlab-ci.yml";

fn short_enough(what: &'static str, name: String, limit: usize) -> Result<(), EstateError> {
    if name.len() > limit { Err(EstateError::TooLong { what, name, limit }) } else { Ok(()) }
}
