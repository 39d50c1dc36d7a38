//! Whether images are in their registries before they are set: how registries are asked, and what it means where they cannot be.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::repository::wrong;
use crate::cli::follow::Reached;
use crate::gitops::{
    Answering, AskRegistries, GitOpsError, ImageFacts, ImageQuestion, ImageReference, Repository,
};
use crate::launch::{CommandError, Workspace};
use crate::project::Apps;
use crate::registry::{Found, Logins, Platform, Question, Registries};
use crate::ui::Ui;

/// Whether images are looked for in their registries.
#[derive(Args, Clone, Debug)]
pub(super) struct CheckArgs {
    /// Whether an image's registry is asked for it first, and what it means where that cannot be [default: as in slipway.hcl, else warn]
    #[arg(long, value_enum, value_name = "HOW", env = "SLIPWAY_CHECK_IMAGE")]
    check_image: Option<CheckImage>,

    /// What the image has to be built for, like linux/amd64,linux/arm64 [default: as in slipway.hcl, else one that a node of the cluster
    /// has, with --wait]
    #[arg(long, value_name = "PLATFORMS", value_delimiter = ',', env = "SLIPWAY_IMAGE_PLATFORMS")]
    platform: Vec<Platform>,
}

/// Whether what is set gets its digest.
#[derive(Args, Clone, Debug)]
pub(super) struct PinArgs {
    /// Set the image with the digest that its registry has for the tag
    #[arg(long, env = "SLIPWAY_IMAGE_PIN", value_parser = FalseyValueParser::new())]
    pin: bool,
}

/// How registries are asked for what is to be set. One that says an image is not there refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckImage {
    /// A registry that cannot be asked is a warning.
    #[default]
    Warn,
    /// It is a failure.
    Require,
    /// None is asked.
    Off,
}

/// The platforms that images have to be built for: those of the command line, or of slipway.hcl.
pub(super) fn wanted(said: &[Platform], apps: &Apps) -> Result<Vec<Platform>, CommandError> {
    let of_apps = apps.platforms.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let of_apps = of_apps.map_err(|problem| wrong(problem, apps.location.as_ref()))?;
    Ok(if said.is_empty() { of_apps } else { said.to_vec() })
}

impl CheckArgs {
    /// Has the repository ask registries for what is set, as flags and slipway.hcl say.
    pub(super) async fn hold(
        &self,
        ui: Ui,
        workspace: &Workspace,
        repository: Repository,
        reached: Option<&Reached>,
        pin: Option<&PinArgs>,
    ) -> Result<Repository, CommandError> {
        let apps = &workspace.project.apps;
        let wrong = |problem: String| wrong(problem, apps.location.as_ref());
        let said = apps.check_image.as_deref().map(|text| CheckImage::from_str(text, false)).transpose();
        let said = said.map_err(|_| {
            let text = apps.check_image.as_deref().unwrap_or_default();
            wrong(format!("check_image is {text:?}; it is warn, require or off"))
        })?;
        let how = self.check_image.or(said).unwrap_or_default();
        let pins = pin.is_some_and(|pin| pin.pin || apps.pin);
        if how == CheckImage::Off {
            if pins {
                return Err(CommandError::usage(
                    "an image is to be pinned, and its registry not to be asked",
                    "leave --check-image off out, or --pin and pin in slipway.hcl",
                ));
            }
            return Ok(repository);
        }
        let mut platforms = wanted(&self.platform, apps)?;
        let any = platforms.is_empty();
        if let Some(reached) = reached.filter(|_| any) {
            platforms = reached.platforms().await;
        }
        let checker = Checker {
            ui,
            registries: Registries::new(Logins::of_machine()),
            question: Question { platforms, any, created: false, pins },
            is_required: how == CheckImage::Require,
            pins,
            pinned: Mutex::default(),
        };
        Ok(repository.with_registries(Arc::new(checker), pins))
    }
}

/// Asks registries, and tells what was not learnt.
#[derive(Debug)]
struct Checker {
    ui: Ui,
    registries: Registries,
    question: Question,
    is_required: bool,
    pins: bool,
    /// What was found by its tag, as it is set.
    pinned: Mutex<BTreeSet<String>>,
}

impl AskRegistries for Checker {
    fn ask<'a>(&'a self, image: &'a ImageReference, question: ImageQuestion) -> Answering<'a> {
        Box::pin(async move {
            match question {
                ImageQuestion::Set => self.check(image).await,
                ImageQuestion::SetUnnamed => {
                    let version = image.version_text();
                    self.not_asked(&version, "only the tag is written there, and not of which image")
                }
                ImageQuestion::Age => self.date(image).await,
            }
        })
    }
}

impl Checker {
    async fn check(&self, image: &ImageReference) -> Result<ImageFacts, GitOpsError> {
        if self.pinned.lock().unwrap_or_else(PoisonError::into_inner).contains(&image.to_string()) {
            return Ok(ImageFacts::default());
        }
        match self.registries.look(image, &self.question).await {
            Ok(Found { digest, missing, .. }) => {
                for platform in &missing {
                    self.ui.warn(&format!(
                        "{image} is not built for {platform}, which nodes of the cluster are"
                    ));
                }
                let pinned = ImageReference { digest: Some(digest.clone()), ..image.clone() };
                self.pinned.lock().unwrap_or_else(PoisonError::into_inner).insert(pinned.to_string());
                Ok(ImageFacts { digest: Some(digest), created: None })
            }
            Err(error) if error.is_certain() => {
                Err(GitOpsError::NotInRegistry { problem: error.to_string() })
            }
            Err(error) => self.not_asked(&image.to_string(), &error.to_string()),
        }
    }

    /// A registry was not asked. What is to be pinned cannot be without it.
    fn not_asked(&self, image: &str, problem: &str) -> Result<ImageFacts, GitOpsError> {
        if self.is_required || self.pins {
            return Err(GitOpsError::RegistryNotAsked {
                image: image.to_owned(),
                problem: problem.to_owned(),
            });
        }
        self.ui.warn(&format!("{image} is not known to be in its registry: {problem}"));
        Ok(ImageFacts::default())
    }

    async fn date(&self, image: &ImageReference) -> Result<ImageFacts, GitOpsError> {
        let question = Question { created: true, ..Question::default() };
        match self.registries.look(image, &question).await {
            Ok(found) => {
                Ok(ImageFacts { digest: None, created: found.created.map(jiff::Timestamp::as_second) })
            }
            Err(error) => {
                self.ui.warn(&format!("when {image} was built is not known: {error}"));
                Ok(ImageFacts::default())
            }
        }
    }
}
