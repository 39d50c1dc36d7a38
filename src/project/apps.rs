//! `apps` of `slipway.hcl`: where the images of applications are, and how their tags are read.

use super::needs::Sections;
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{Location, SourceFile};
use crate::hcl::value::{Fields, Value};
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional, required};

const APPS: &[Spec] = &[
    optional("age", Kind::String),
    optional("image_paths", Kind::StringMap),
    optional("check_image", Kind::String),
    optional("check_manifests", Kind::String),
    optional("schemas", Kind::Strings),
    optional("platforms", Kind::Strings),
    optional("pin", Kind::Bool),
    optional("message", Kind::String),
];
const FREEZE_WINDOW: &[Spec] = &[
    required("cron", Kind::String),
    required("duration", Kind::String),
    optional("time_zone", Kind::String),
    optional("apps", Kind::Strings),
];
const APP: &[Spec] =
    &[optional("file", Kind::String), optional("image_path", Kind::String), optional("age", Kind::String)];

/// What is said of the applications in the manifests repository.
#[derive(Clone, Debug, Default)]
pub struct Apps {
    /// How tags are read.
    pub age: Option<String>,
    /// What commits say above their trailers.
    pub message: Option<String>,
    /// Kinds, each with the way to the images in it.
    pub image_paths: Vec<(String, String)>,
    /// How registries are asked for images before they are set: `warn`, `require` or `off`.
    pub check_image: Option<String>,
    /// What it means that manifests are wrong: `warn`, `require` or `off`.
    pub check_manifests: Option<String>,
    /// Where the schemas are that manifests are held to: `cluster`, files or folders.
    pub schemas: Vec<String>,
    /// What images have to be built for.
    pub platforms: Vec<String>,
    /// Whether images are set with their digests.
    pub pin: bool,
    /// Single applications, in the order of the file.
    pub apps: Vec<App>,
    /// When nothing is set.
    pub freeze_windows: Vec<FreezeWindowBlock>,
    /// Where the block stands, where there is one.
    pub location: Option<Location>,
}

/// A window in which nothing is set.
#[derive(Clone, Debug)]
pub struct FreezeWindowBlock {
    /// Its name.
    pub name: String,
    /// When it begins, as in a crontab.
    pub cron: String,
    /// How long it lasts.
    pub duration: String,
    /// Of which place the clock counts.
    pub time_zone: String,
    /// The applications, `*` for every one.
    pub apps: Vec<String>,
    /// Where the block stands.
    pub location: Location,
}

impl FreezeWindowBlock {
    fn is_like(&self, other: &Self) -> bool {
        let Self { name, cron, duration, time_zone, apps, location: _ } = self;
        (name, cron, duration, time_zone, apps)
            == (&other.name, &other.cron, &other.duration, &other.time_zone, &other.apps)
    }
}

/// What is said of one application.
#[derive(Clone, Debug)]
pub struct App {
    /// Its folder under the root of the manifests.
    pub name: String,
    /// The file with its image, in that folder or from the repository's root.
    pub file: Option<String>,
    /// The way to the image in its object, or in the values.
    pub image_path: Option<String>,
    /// How its tags are read.
    pub age: Option<String>,
    /// Where the block stands.
    pub location: Location,
}

impl Apps {
    /// What the `slipway.hcl` in a manifests repository says, which anybody may have written who may write there: it stands for
    /// itself, and of it this block alone is read. `named` is what its places are called.
    pub fn of_repository(text: String, named: &str) -> Result<Self, Vec<Diagnostic>> {
        let sections = Sections::foreign(SourceFile::new(named, text))?;
        let mut errors = Vec::new();
        let apps = Self::read(&sections, &mut errors);
        if errors.is_empty() { Ok(apps) } else { Err(errors) }
    }

    /// What is not said here is taken from there; windows count from both, but for those that are written in both alike. Where
    /// schemas are is known here only: there they would be files of another machine.
    #[must_use]
    pub fn completed_by(mut self, other: Self) -> Self {
        self.age = self.age.or(other.age);
        self.message = self.message.or(other.message);
        self.check_image = self.check_image.or(other.check_image);
        self.check_manifests = self.check_manifests.or(other.check_manifests);
        self.pin |= other.pin;
        if self.platforms.is_empty() {
            self.platforms = other.platforms;
        }
        let unsaid = |kind: &str| self.image_paths.iter().all(|(said, _)| said != kind);
        let more: Vec<_> = other.image_paths.into_iter().filter(|(kind, _)| unsaid(kind)).collect();
        self.image_paths.extend(more);
        let unsaid = |app: &App| self.apps.iter().all(|said| said.name != app.name);
        let more: Vec<_> = other.apps.into_iter().filter(unsaid).collect();
        self.apps.extend(more);
        let unsaid =
            |window: &FreezeWindowBlock| self.freeze_windows.iter().all(|said| !said.is_like(window));
        let more: Vec<_> = other.freeze_windows.into_iter().filter(unsaid).collect();
        self.freeze_windows.extend(more);
        self.location = self.location.or(other.location);
        self
    }

    /// Reads the block of a file.
    pub(super) fn read(sections: &Sections, errors: &mut Vec<Diagnostic>) -> Self {
        let Some(block) = sections.look().body().blocks("apps").next() else { return Self::default() };
        // Nothing of it is left to a program: it is short, and every command with images needs it.
        match sections.get(true, ("apps", block.kind.span), |document| apps(document, block)) {
            Ok(apps) => apps.unwrap_or_default(),
            Err(found) => {
                errors.extend(found);
                Self::default()
            }
        }
    }
}

fn apps(document: &Document, block: &Block) -> Result<Apps, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    document.check(
        &block.body,
        "apps",
        APPS,
        &[("app", 1), ("freeze_window", 1)],
        &["app", "freeze_window"],
        &mut errors,
    );
    for app in block.body.blocks("app") {
        document.check(&app.body, "app", APP, &[], &[], &mut errors);
    }
    for window in block.body.blocks("freeze_window") {
        document.check(&window.body, "freeze_window", FREEZE_WINDOW, &[], &[], &mut errors);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let place = block.kind.span;
    let fields = document.attributes(&block.body, place, "apps", APPS, &Fields::new())?;
    let mut read = Apps {
        age: text(&fields, "age"),
        message: text(&fields, "message"),
        image_paths: by_name(fields.get("image_paths")),
        check_image: text(&fields, "check_image"),
        check_manifests: text(&fields, "check_manifests"),
        schemas: texts(fields.get("schemas")).unwrap_or_default(),
        platforms: texts(fields.get("platforms")).unwrap_or_default(),
        pin: fields.get("pin").and_then(Value::as_bool).unwrap_or_default(),
        apps: Vec::new(),
        freeze_windows: Vec::new(),
        location: Some(document.location(place)),
    };
    for app in block.body.blocks("app") {
        let Some(label) = app.labels.first() else { continue };
        let fields = document.attributes(&app.body, app.kind.span, "app", APP, &Fields::new())?;
        read.apps.push(App {
            name: label.name.to_string(),
            file: text(&fields, "file"),
            image_path: text(&fields, "image_path"),
            age: text(&fields, "age"),
            location: document.location(app.kind.span.to(label.span)),
        });
    }
    for window in block.body.blocks("freeze_window") {
        let Some(label) = window.labels.first() else { continue };
        let place = window.kind.span;
        let fields =
            document.attributes(&window.body, place, "freeze_window", FREEZE_WINDOW, &Fields::new())?;
        let or = |name: &str, default: &str| text(&fields, name).unwrap_or_else(|| default.to_owned());
        read.freeze_windows.push(FreezeWindowBlock {
            name: label.name.to_string(),
            cron: or("cron", ""),
            duration: or("duration", ""),
            time_zone: or("time_zone", "UTC"),
            apps: texts(fields.get("apps")).unwrap_or_else(|| vec!["*".to_owned()]),
            location: document.location(place.to(label.span)),
        });
    }
    Ok(read)
}

fn by_name(value: Option<&Value>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in value.and_then(Value::as_fields).into_iter().flatten() {
        pairs.extend(value.as_str().map(|text| (name.to_string(), text.to_owned())));
    }
    pairs
}

/// The texts of a list, where one is given.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let items = value.and_then(Value::as_elements)?.iter();
    Some(items.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// An empty one counts as not given.
fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
