//! `slipway init source`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::CommonArgs;
use super::asking::Asking;
use crate::launch::CommandError;
use crate::scaffold::names::{Branch, GitAddress, ImageName, Label, NameError};
use crate::scaffold::{Forge, Scaffold, Source, Waited};

/// Begin an application's pipeline: it builds the image, and sets it in the manifests repository
///
/// What is there is kept, and named. Everything that is missing is written, or nothing.
#[derive(Args, Clone, Debug)]
pub(super) struct SourceArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    /// The application, as its folder in the manifests repository is called [default: this folder's name]
    #[arg(long, value_name = "NAME")]
    app: Option<Label>,

    /// What is built, without a tag: that is the commit
    #[arg(long, value_name = "IMAGE")]
    image: Option<ImageName>,

    /// The manifests repository
    #[arg(long = "manifests-repo", value_name = "URL")]
    manifests: Option<GitAddress>,

    /// An environment of it in which the image is set; given again, the next one, after the one before
    #[arg(long = "env", value_name = "NAME", value_delimiter = ',')]
    environments: Vec<Label>,

    /// Wait until the cluster runs the image, where the pipeline's runners reach its API server; may be given for each environment
    #[arg(long = "wait", value_name = "[ENV=]CLUSTER@REGION", value_delimiter = ',')]
    waited: Vec<WaitedFor>,

    /// The branch that is released
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: Branch,

    /// Whose pipeline is written
    #[arg(long, value_enum, default_value_t = SourceCi::GitHub)]
    ci: SourceCi,

    /// Write a minimal Dockerfile as well
    #[arg(long)]
    dockerfile: bool,
}

/// `[ENV=]CLUSTER@REGION`.
#[derive(Clone, Debug)]
struct WaitedFor(Waited);

impl FromStr for WaitedFor {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (environment, cluster) = match text.split_once('=') {
            Some((environment, cluster)) => (Some(environment.parse()?), cluster),
            None => (None, text),
        };
        let (name, region) = cluster.split_once('@').unwrap_or((cluster, ""));
        Ok(Self(Waited { environment, name: name.parse()?, region: region.parse()? }))
    }
}

/// `--ci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SourceCi {
    /// GitHub Actions
    #[value(name = "github")]
    GitHub,
    /// GitLab CI
    #[value(name = "gitlab")]
    GitLab,
}

impl SourceArgs {
    pub(super) fn scaffold(&self, asking: &Asking) -> Result<Scaffold, CommandError> {
        let app =
            asking.value("--app NAME", self.app.as_ref(), "the application's name", asking.folder_name())?;
        let image = asking.value(
            "--image IMAGE",
            self.image.as_ref(),
            "the image that is built, like ghcr.io/acme/web",
            None,
        )?;
        if let Some(tag) = &image.tag {
            return Err(CommandError::usage(
                format!("the image has the tag {tag}"),
                "leave it out: each image gets the commit that it was built of as its tag",
            ));
        }
        let manifests = asking.value(
            "--manifests-repo URL",
            self.manifests.as_ref(),
            "the manifests repository",
            None,
        )?;
        let waited = self.waited()?;
        let source = Source {
            app,
            image,
            manifests,
            environments: self.environments.clone(),
            waited,
            branch: self.branch.clone(),
            forge: match self.ci {
                SourceCi::GitHub => Forge::GitHub,
                SourceCi::GitLab => Forge::GitLab,
            },
            slipway: self.common.slipway()?,
            dockerfile: self.dockerfile,
        };
        Ok(source.scaffold())
    }

    /// The clusters that are waited for, one an environment.
    fn waited(&self) -> Result<Vec<Waited>, CommandError> {
        let waited: Vec<Waited> = self.waited.iter().map(|WaitedFor(one)| one.clone()).collect();
        for (place, one) in waited.iter().enumerate() {
            let Waited { environment, name, .. } = one;
            let is_known = match environment {
                None => self.environments.is_empty(),
                Some(environment) => self.environments.contains(environment),
            };
            if !is_known {
                let (message, help) = match environment {
                    None => (
                        format!("of which environment is the cluster {name} that is waited for?"),
                        format!("write --wait ENV={name}@REGION"),
                    ),
                    Some(environment) => (
                        format!("--wait is of {environment}, and there is no such environment"),
                        format!("name it with --env {environment} as well"),
                    ),
                };
                return Err(CommandError::usage(message, help));
            }
            if waited.iter().take(place).any(|other| other.environment == *environment) {
                let message = format!("{name} is the second cluster of one environment that is waited for");
                return Err(CommandError::usage(message, "name one: the pipeline goes on when that runs it"));
            }
        }
        Ok(waited)
    }
}
