//! The graph of a run over the units that are chosen, and what all of its units share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::error::CommandError;
use super::options::RunOptions;
use super::prepared::PreparedRun;
use super::select::Selection;
use super::target::neighbours;
use super::workspace::Workspace;
use crate::estate::UnitIndex;
use crate::project::policy::CostLimits;
use crate::project::{Cluster, Promotion, Promotions, UnitLimits};
use crate::run::agreement::Agreement;
use crate::run::ahead::NamedUnit;
use crate::run::approval::Approver;
use crate::run::assemble::{self, GateSpec, PromotionSpec, SpecIndex, UnitSpec, UnitSpecs, UpGates};
use crate::run::command::Command;
use crate::run::folder::RunFolder;
use crate::run::gate::{self, GateContext, Greens};
use crate::run::left_locks::LeftLocks;
use crate::run::mode::Mode;
use crate::run::node::Nodes;
use crate::run::plans::Plans;
use crate::run::policy::Policies;
use crate::run::saved::SavedPlans;
use crate::run::saved_gate::{GatedUnit, SavedPlansGate};
use crate::run::scheduler;
use crate::run::unit::{UnitContext, UnitWork};
use crate::run::unit_loader::UnitLoader;
use crate::run::work_folders::WorkFolders;

/// What all units of the run share.
pub fn context(
    workspace: &Workspace,
    selection: &Selection,
    run: &PreparedRun<'_>,
    loader: Arc<UnitLoader>,
    folder: &RunFolder,
    approver: Arc<dyn Approver>,
) -> UnitContext {
    let mode = run.command.mode();
    let policies = policies(workspace, selection, run.command, run.options.cost);
    // A page shows plans in full; an apply that nobody reviews is not slowed down for it.
    let for_a_page = run.options.reports.wants_details() && (mode.only_looks() || !run.consent.is_given());
    let plans = Plans { detailed: run.plans.detailed || for_a_page, ..run.plans.clone() };
    // Whoever looks at plans, or keeps them, or agrees to them as a whole.
    let seen = !run.consent.is_given() || mode == Mode::Destroy || plans.detailed || plans.keeper.is_some();
    UnitContext {
        loader,
        mode,
        is_shared: run.options.shared.is_some(),
        reviewed: seen || !policies.is_empty(),
        plans,
        approver,
        asking: Mutex::new(()),
        limits: limits(workspace, run.options),
        left_locks: LeftLocks::new(workspace.home_path()),
        work_folders: WorkFolders::new(workspace.home_path(), &folder.id, run.command.name()),
        policies,
        drift: workspace.project.drift.clone(),
    }
}

/// How long units may take: by the flag, else by the project.
fn limits(workspace: &Workspace, options: &RunOptions) -> UnitLimits {
    let project = &workspace.project.limits;
    UnitLimits {
        timeout: options.unit_timeout.or(project.timeout),
        of_gates: options.gate_timeout,
        of_some: project.of_some.clone(),
    }
}

/// What the project asks of each plan; its cost also where a flag asks for it.
fn policies(workspace: &Workspace, selection: &Selection, command: Command, cost: bool) -> Policies {
    let project = &workspace.project;
    let cost = project.cost.clone().or_else(|| cost.then(CostLimits::default));
    let root = &project.estate_root;
    Policies::new(&project.policies, cost, &selection.estate, root, &project.dir, command.word())
}

/// What holds saved plans to what they were made on, before the first of them is applied.
fn saved_plans_gate(
    selection: &Selection,
    context: &Arc<UnitContext>,
    saved: &Arc<SavedPlans>,
    folder: &RunFolder,
    parallelism: usize,
) -> GateSpec {
    let units = selection.selected.iter().map(|unit| {
        let dir = selection.estate.unit(*unit).dir.clone();
        let name = context.loader.name(&dir);
        let plan_file = folder.plan(&name);
        (name, GatedUnit { dir, plan_file })
    });
    let work = SavedPlansGate {
        context: Arc::clone(context),
        saved: Arc::clone(saved),
        units: units.collect(),
        parallelism,
    };
    GateSpec { name: "saved plans".to_owned(), work: Arc::new(work) }
}

/// The nodes in an order in which each comes behind what it waits for, and the units among them.
pub fn nodes(
    workspace: &Workspace,
    selection: &Selection,
    context: &Arc<UnitContext>,
    folder: &RunFolder,
    (with_clusters, greens): (bool, &Arc<Greens>),
    parallelism: usize,
) -> Result<(Nodes, Vec<NamedUnit>), CommandError> {
    let Selection { estate, graph, selected, .. } = selection;
    // Other units are not run; their outputs are read where someone needs them.
    let runs = |unit: UnitIndex| selected.contains(&unit);
    let order: Vec<UnitIndex> = graph.order().into_iter().filter(|unit| runs(*unit)).collect();
    let place = |wanted: UnitIndex| order.iter().position(|unit| *unit == wanted).map(SpecIndex);
    let name = |dir: &PathBuf| context.loader.name(dir);
    let mut named = Vec::new();
    let units: UnitSpecs = order
        .iter()
        .map(|index| {
            let unit = estate.unit(*index);
            let name = name(&unit.dir);
            let plan_file = folder.plan(&name);
            let dir = unit.dir.clone();
            let shared = Arc::clone(context);
            let work = Arc::new(UnitWork { context: shared, dir, plan_file, ahead: Agreement::default() });
            let dependencies: Vec<SpecIndex> =
                graph.dependencies_among(*index, &runs).into_iter().filter_map(place).collect();
            let of_spec = |spec: &SpecIndex| order.get(spec.0).map(|unit| estate.unit(*unit));
            let after = dependencies.iter().filter_map(of_spec).map(|unit| context.loader.name(&unit.dir));
            named.push(NamedUnit { name: name.clone(), work: Arc::clone(&work), after: after.collect() });
            UnitSpec { name, dependencies, work }
        })
        .collect();
    let clusters = if with_clusters { workspace.project.clusters.as_slice() } else { &[] };
    let of_cluster = |cluster: &Cluster| GateContext {
        cluster: cluster.clone(),
        unit: workspace.project.unit_dir(cluster),
        neighbours: neighbours(workspace, cluster),
        loader: Arc::clone(&context.loader),
        timeout: context.limits.of_gates,
        greens: Arc::clone(greens),
    };
    let contexts = clusters.iter().filter_map(|cluster| {
        let index = place(estate.find(&workspace.project.unit_dir(cluster)?)?)?;
        let context = of_cluster(cluster);
        let registered = context.neighbours.iter().filter(|(other, _)| cluster.registers(&other.label));
        let others = registered.filter_map(|(_, unit)| place(estate.find(unit.as_ref()?)?));
        let others: Vec<SpecIndex> = others.collect();
        Some((index, others, context))
    });
    let cache = workspace.argocd_cache();
    let mut nodes = if context.mode == Mode::Destroy {
        let gates = contexts.filter_map(|(unit, mut others, context)| {
            others.push(unit);
            Some((others, gate::down(context, &cache)?))
        });
        assemble::downwards(units, gates.collect())
    } else if context.mode == Mode::Drift {
        let (rules, detailed) = (&workspace.project.drift, context.plans.detailed);
        let gates = contexts.filter_map(|(_, _, context)| gate::drift(context, rules.clone(), detailed));
        let gates = gates.collect();
        assemble::beside(assemble::alone(units), gates)
    } else if with_clusters {
        let all = Promotions::of(&workspace.project, estate).map_err(CommandError::Configuration)?;
        let places = |units: &BTreeSet<UnitIndex>| units.iter().filter_map(|unit| place(*unit)).collect();
        let clusters = contexts.map(|(unit, others, context)| {
            let later = places(&all.later(&context.cluster.label));
            gate::up(unit, others, later, context, &cache)
        });
        let promotions = all.all.iter().filter_map(|promotion| {
            promotion_spec(workspace, selection, promotion, &of_cluster, &place, greens)
        });
        let gates = UpGates { clusters: clusters.collect(), promotions: promotions.collect() };
        assemble::upwards(units, gates).map_err(|circle| CommandError::failed(circle, None))?
    } else {
        assemble::alone(units)
    };
    if let Some(saved) = &context.plans.saved {
        nodes = assemble::behind(saved_plans_gate(selection, context, saved, folder, parallelism), nodes);
    }
    if let Some(keeper) = &context.plans.keeper {
        keeper.announce(scheduler::announce(&nodes));
    }
    Ok((nodes, named))
}

/// What holds a cluster back until others are green, where anything of it is in the run.
fn promotion_spec(
    workspace: &Workspace,
    selection: &Selection,
    promotion: &Promotion,
    of_cluster: &dyn Fn(&Cluster) -> GateContext,
    place: &dyn Fn(UnitIndex) -> Option<SpecIndex>,
    greens: &Arc<Greens>,
) -> Option<PromotionSpec> {
    let Selection { estate, selected, .. } = selection;
    let project = &workspace.project;
    let name = project.cluster(&promotion.label)?.promotion_name()?;
    let holds = promotion.first_held(estate, selected).into_iter().filter_map(place);
    let holds: Vec<SpecIndex> = holds.collect();
    if holds.is_empty() {
        return None;
    }
    let (mut clusters, mut after, mut before) = (Vec::new(), Vec::new(), Vec::new());
    for (label, needed) in promotion.after.iter().zip(&promotion.needed) {
        let cluster = project.cluster(label)?;
        before.push(of_cluster(cluster));
        match project.unit_dir(cluster).and_then(|dir| place(estate.find(&dir)?)) {
            Some(unit) => clusters.push(unit),
            None => after.extend(needed.iter().filter_map(|unit| place(*unit))),
        }
    }
    let gate = gate::promotion(name, &promotion.label, before, Arc::clone(greens));
    Some(PromotionSpec { gate, clusters, after, holds })
}

/// The folders of the units that are gone over.
pub fn folders(units: &[NamedUnit]) -> Vec<PathBuf> {
    units.iter().map(|unit| unit.work.dir.clone()).collect()
}
