//! All images of the manifests, held to their registries.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use serde_json::{Value, json};

use super::checking::wanted;
use super::listing::{line, object, place};
use super::repository::failed;
use super::table::table;
use crate::gitops::{AppImage, ImageReference, Pulled, Repository, list_pulled};
use crate::launch::{CommandError, Workspace};
use crate::registry::{Logins, Platform, Question, Registries, RegistryError};
use crate::ui::{Format, Ui};

/// So many images are asked for at once.
const AT_ONCE: usize = 8;

const ONLY_A_TAG: &str = "only the tag is written here, and not of which image";

/// What is known of an image that is written.
struct State {
    kind: Kind,
    /// What clusters pull of it.
    pulled: Vec<ImageReference>,
    /// Why it is not simply there.
    problem: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Nobody pulls it.
    Unused,
    There,
    /// It could not be asked for.
    Unknown,
    /// It is not there, or not for a platform.
    Missing,
}

impl State {
    /// Of what is asked for, the worst.
    fn of(pulled: Pulled, answers: &BTreeMap<String, Result<(), RegistryError>>) -> Self {
        let (kind, pulled, problem) = match pulled {
            Pulled::Nothing(reason) => (Kind::Unused, Vec::new(), Some(reason)),
            Pulled::Unnamed => (Kind::Unknown, Vec::new(), Some(ONLY_A_TAG.to_owned())),
            Pulled::Unclear(reason) => (Kind::Unknown, Vec::new(), Some(reason)),
            Pulled::Images(images) => {
                let answer = |image: &ImageReference| match answers.get(&image.to_string()) {
                    Some(Ok(())) => (Kind::There, None),
                    Some(Err(error)) if error.is_certain() => (Kind::Missing, Some(error.to_string())),
                    Some(Err(error)) => (Kind::Unknown, Some(error.to_string())),
                    None => (Kind::Unknown, None),
                };
                let worst = images.iter().map(answer).max_by_key(|(kind, _)| *kind);
                let (kind, problem) = worst.unwrap_or((Kind::Unused, None));
                (kind, images, problem)
            }
        };
        Self { kind, pulled, problem }
    }

    /// Its word.
    fn word(&self) -> &'static str {
        match self.kind {
            Kind::Unused => "not used",
            Kind::There => "there",
            Kind::Unknown => "not known",
            Kind::Missing => "not there",
        }
    }

    fn as_json(&self) -> Value {
        let pulled: Vec<String> = self.pulled.iter().map(ToString::to_string).collect();
        json!({ "state": self.word(), "pulled": pulled, "problem": self.problem })
    }
}

/// Lists all images with what their registries say; a failure where one is not there, or could not be asked for.
pub(super) async fn checked(
    ui: Ui,
    workspace: &Workspace,
    repository: &Repository,
    root: &str,
    platforms: &[Platform],
) -> Result<(), CommandError> {
    let platforms = wanted(platforms, &workspace.project.apps)?;
    let (all, problems) = list_pulled(repository, root).await.map_err(failed)?;
    let mut images: BTreeMap<String, ImageReference> = BTreeMap::new();
    for (_, pulled) in &all {
        if let Pulled::Images(pulled) = pulled {
            images.extend(pulled.iter().map(|image| (image.to_string(), image.clone())));
        }
    }
    let registries = Registries::new(Logins::of_machine());
    let question = Question { platforms, ..Question::default() };
    let ask = |(text, image): (String, ImageReference)| {
        let (registries, question) = (&registries, &question);
        async move { (text, registries.look(&image, question).await.map(drop)) }
    };
    let answers: BTreeMap<String, Result<(), RegistryError>> =
        futures::stream::iter(images).map(ask).buffer_unordered(AT_ONCE).collect().await;
    let all: Vec<(AppImage, State)> =
        all.into_iter().map(|(image, pulled)| (image, State::of(pulled, &answers))).collect();
    show(ui, &all)?;
    for problem in &problems {
        ui.warn(&problem.to_string());
    }
    conclude(ui, &all)
}

/// Shows images with what their registries say: in a table, or as JSON.
fn show(ui: Ui, all: &[(AppImage, State)]) -> Result<(), CommandError> {
    if ui.format() == Format::Json {
        let objects = all.iter().map(|(image, state)| object(image, Some(state.as_json())));
        return Ok(ui.json(&objects.collect::<Vec<_>>())?);
    }
    let row = |(image, state): &(AppImage, State)| {
        [image.app.clone(), place(image), image.image.clone(), line(image), state.word().to_owned()]
    };
    let mut rows: Vec<[String; 5]> = all.iter().map(row).collect();
    if !rows.is_empty() {
        rows.insert(0, ["APP", "CONTAINER", "IMAGE", "PLACE", "REGISTRY"].map(str::to_owned));
    }
    Ok(ui.answer(&table(&rows))?)
}

/// Tells of each problem once, and what it comes to.
fn conclude(ui: Ui, all: &[(AppImage, State)]) -> Result<(), CommandError> {
    let of = |kind: Kind| all.iter().filter(move |(_, state)| state.kind == kind);
    for kind in [Kind::Unknown, Kind::Missing] {
        let mut told: Vec<String> = Vec::new();
        for (image, state) in of(kind) {
            let problem = state.problem.clone().unwrap_or_default();
            let said = if state.pulled.is_empty() {
                format!(
                    "{}:{}: {} is not known to be in its registry: {problem}",
                    image.file, image.line, image.image
                )
            } else {
                problem
            };
            if !told.contains(&said) {
                ui.warn(&said);
                told.push(said);
            }
        }
    }
    let (missing, unknown) = (of(Kind::Missing).count(), of(Kind::Unknown).count());
    if missing > 0 {
        return Err(CommandError::refused(
            format!("{missing} of {} images are not in their registries as they have to be", all.len()),
            "push what is missing, or set what is there",
        ));
    }
    if unknown > 0 {
        return Err(CommandError::failed(
            format!("{unknown} of {} images are not known to be in their registries", all.len()),
            Some("the warnings above say why; try again, or log in".to_owned()),
        ));
    }
    Ok(())
}
