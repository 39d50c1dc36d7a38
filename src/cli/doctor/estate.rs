//! slipway.hcl, `.slipway`, and the units: what of them is known before anything runs.

use std::path::PathBuf;
use std::sync::Arc;

use super::asking::Asks;
use super::finding::{Finding, Verdict};
use crate::cli::global::Global;
use crate::cluster::patience::Patience;
use crate::engine::identity::SdkIdentity;
use crate::engine::{StateStore, StorePlace, state_stores};
use crate::estate::{Look, UnitLook, look_over};
use crate::launch::{CommandError, Selectors, Workspace};
use crate::project::{EngineChoice, Needs};
use crate::support::counted::plural;
use crate::support::path_text;
use crate::terragrunt::{AwsIdentity, Reader, paths};
use crate::ui::Ui;

/// What can be had of slipway.hcl without starting a program, the most first.
const NEEDS: [Needs; 3] = [Needs::CLUSTERS, Needs::ENGINE, Needs::ESTATE];

/// The project that one stands in.
pub struct Here {
    /// What there is to say of it.
    pub findings: Vec<Finding>,
    /// What is known of it; none where slipway.hcl is wrong, or where its estate is rests on a program.
    pub known: Option<Known>,
}

/// A project whose units are known.
pub struct Known {
    /// The project; opened without any program.
    pub workspace: Workspace,
    /// What it could be opened for.
    pub needs: Needs,
    /// Who has read the units.
    pub reader: Arc<Reader>,
    /// The units.
    pub look: Look,
    /// Where they keep their states.
    pub stores: Vec<StateStore>,
    /// Whether a function of a unit asks AWS who calls.
    asks_aws: bool,
}

impl Here {
    /// Looks at it: starts nothing but Git, and asks AWS only where a unit's function does.
    pub fn look(ui: Ui, global: &Global, asks: Asks) -> Self {
        let workspace = match Workspace::open(ui, &global.invocation(), Needs::NOTHING) {
            Ok(workspace) => workspace,
            Err(error) => {
                return Self { findings: vec![Finding::of_error("slipway.hcl", &error)], known: None };
            }
        };
        let mut findings = vec![Finding::new("slipway.hcl", Verdict::Ok, workspace.describe())];
        if let Err(error) = workspace.look_at_home() {
            findings.push(Finding::of_error(".slipway", &error));
        }
        let (known, finding) = Known::look(ui, global, asks);
        findings.push(finding);
        Self { findings, known }
    }

    /// The engine that slipway.hcl names; none where that rests on a program.
    pub fn engine(&self) -> Option<EngineChoice> {
        let known = self.known.as_ref()?;
        known.needs.engine.then_some(known.workspace.project.engine)
    }

    /// The units that are not broken.
    pub fn units(&self) -> &[UnitLook] {
        self.known.as_ref().map(|known| known.look.units.as_slice()).unwrap_or_default()
    }

    /// Whether a run needs credentials of AWS: for a state that is kept there, for a cluster, or for a function.
    pub fn needs_aws(&self) -> bool {
        let Some(known) = &self.known else { return false };
        let is_aws = |store: &StateStore| match &store.place {
            StorePlace::Bucket(bucket) => bucket.is_of_aws(),
            StorePlace::LockTable(_) | StorePlace::AsSomebodyElse { .. } => true,
            _ => false,
        };
        known.asks_aws || !known.workspace.project.clusters.is_empty() || known.stores.iter().any(is_aws)
    }
}

impl Known {
    fn look(ui: Ui, global: &Global, asks: Asks) -> (Option<Self>, Finding) {
        let what = "estate";
        let mut refused = None;
        let mut open = |needs| {
            let opened = Workspace::open_with(ui, &global.invocation(), None, needs, false);
            opened.map(|workspace| (workspace, needs)).map_err(|error| refused = Some(error)).ok()
        };
        let Some((workspace, needs)) = NEEDS.into_iter().find_map(&mut open) else {
            let detail = "where it is rests on a program, and none is started here";
            return (
                None,
                match refused {
                    Some(error) if !rests_on_a_program(&error) => Finding::of_error(what, &error),
                    _ => Finding::new(what, Verdict::Unknown, detail).help("`slipway find` starts it"),
                },
            );
        };
        let identity = match asks {
            Asks::Aws => Some(Arc::new(SdkIdentity::with_patience(Patience::Look))),
            Asks::Nobody(_) => None,
        };
        let aws = identity.clone().map(|identity| identity as Arc<dyn AwsIdentity>);
        let reader = workspace.reader_asking_only(aws);
        let estate = workspace
            .locate(Some(&root_of(&workspace)))
            .and_then(|root| Selectors::default().discover(&workspace, &root, &reader, true));
        let estate = match estate {
            Ok(estate) => estate,
            Err(error) => return (None, Finding::of_error(what, &error)),
        };
        let look = look_over(&estate, &reader);
        let units = estate.units.iter().filter(|unit| !unit.external && !unit.template).count();
        let finding = of_estate(&workspace, &look, units);
        let stores = state_stores(look.units.iter().map(|unit| &unit.config));
        let asks_aws = identity.is_some_and(|identity| identity.was_asked());
        (Some(Self { workspace, needs, reader, look, stores, asks_aws }), finding)
    }
}

fn root_of(workspace: &Workspace) -> PathBuf {
    workspace.project.estate_root.clone()
}

fn rests_on_a_program(error: &CommandError) -> bool {
    let CommandError::Configuration(diagnostics) = error else { return false };
    diagnostics.iter().all(|diagnostic| diagnostic.code == "project::program")
}

fn of_estate(workspace: &Workspace, look: &Look, units: usize) -> Finding {
    let what = "estate";
    let root = path_text::shown(&paths::relative(&workspace.working_dir, &workspace.project.estate_root));
    let counted = format!("{units} {} in {root}", plural(units, "unit"));
    match look.errors() {
        0 if units == 0 => Finding::new(what, Verdict::Optional, format!("no units in {root}"))
            .help("a unit is a folder with a terragrunt.hcl"),
        0 => Finding::new(what, Verdict::Ok, counted),
        errors => Finding::missing(what, format!("{errors} {}, {counted}", plural(errors, "error")))
            .help("`slipway validate` shows them"),
    }
}
