//! `slipway init manifests`.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::asking::Asking;
use super::{Ci, CommonArgs};
use crate::launch::CommandError;
use crate::scaffold::names::{Branch, Domain, GitAddress, ImageName, Label, NameError, Owner};
use crate::scaffold::{App, Followed, Manifests, Scaffold};

/// Begin a manifests repository: what Argo CD follows, as an app of apps
///
/// What is there is kept, and named. Everything that is missing is written, or nothing.
#[derive(Args, Clone, Debug)]
pub(super) struct ManifestsArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    /// An application and the image that it runs; may be given several times
    #[arg(long = "app", value_name = "NAME[=IMAGE]", value_delimiter = ',')]
    apps: Vec<Named>,

    /// An environment: each app is then a base and an overlay for each of them, by Kustomize; without, one folder
    #[arg(long = "env", value_name = "NAME", value_delimiter = ',')]
    environments: Vec<Label>,

    /// Write one `ApplicationSet` for what a cluster follows, instead of an Application for each app
    #[arg(long)]
    application_set: bool,

    /// The repository's own address, which Argo CD reads [default: that of the remote origin]
    #[arg(long, value_name = "URL")]
    repo: Option<GitAddress>,

    /// The branch that Argo CD follows
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: Branch,

    /// The domain under which applications are reached, as APP.DOMAIN or APP.ENV.DOMAIN
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    domain: Domain,

    /// The class of the Ingresses
    #[arg(long, value_name = "NAME", default_value = "alb")]
    ingress_class: Label,

    /// Who owns its files, in CODEOWNERS: a person, a team or an address
    #[arg(long, value_name = "OWNER")]
    owner: Option<Owner>,

    /// Whose pipeline is written
    #[arg(long, value_enum, default_value_t = Ci::GitHub)]
    ci: Ci,
}

/// `NAME[=IMAGE]`.
#[derive(Clone, Debug)]
struct Named(App);

impl FromStr for Named {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, image) = match text.split_once('=') {
            Some((name, image)) => (name, Some(image.parse::<ImageName>()?)),
            None => (text, None),
        };
        Ok(Self(App { name: name.parse()?, image }))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.name, f)
    }
}

impl ManifestsArgs {
    pub(super) fn scaffold(&self, asking: &Asking) -> Result<Scaffold, CommandError> {
        let apps = asking.several("--app NAME=IMAGE", &self.apps, "applications, as NAME=IMAGE", &[])?;
        let apps: Vec<App> = apps.into_iter().map(|Named(app)| app).collect();
        let names: Vec<&Label> = apps.iter().map(|app| &app.name).collect();
        for (what, names) in [("application", names), ("environment", self.environments.iter().collect())] {
            let twice = names
                .iter()
                .enumerate()
                .find(|(place, name)| names.iter().take(*place).any(|one| one == *name));
            if let Some((_, name)) = twice {
                return Err(CommandError::usage(format!("the {what} {name} is named twice"), "name it once"));
            }
        }
        if let Some(base) = self.environments.iter().find(|name| name.as_str() == "base") {
            return Err(CommandError::usage(
                format!("no environment can be called {base}"),
                "that is the folder of what all environments share",
            ));
        }
        let url = asking.value(
            "--repo URL",
            self.repo.as_ref(),
            "the repository's own address",
            asking.origin(),
        )?;
        let manifests = Manifests {
            url,
            branch: self.branch.clone(),
            apps,
            environments: self.environments.clone(),
            followed: if self.application_set || self.has_set(asking) {
                Followed::Set
            } else {
                Followed::One
            },
            domain: self.domain.clone(),
            ingress_class: self.ingress_class.clone(),
            owner: self.owner.clone(),
            forge: self.ci.forge(),
            slipway: self.common.slipway()?,
        };
        Ok(manifests.scaffold())
    }

    /// Whether a set is there already, which makes an Application of whatever is added.
    fn has_set(&self, asking: &Asking) -> bool {
        let places = self.environments.iter().map(|name| format!("apps/{name}/applications.yaml"));
        std::iter::once("apps/applications.yaml".to_owned())
            .chain(places)
            .any(|place| asking.folder.join(place).is_file())
    }
}
