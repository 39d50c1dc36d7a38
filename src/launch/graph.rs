//! The graph of a run over the units that are chosen, and what all of its units share.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::options::RunOptions;
use super::prepared::PreparedRun;
use super::select::Selection;
use super::target::neighbours;
use super::workspace::Workspace;
use crate::estate::UnitIndex;
use crate::project::UnitLimits;
use crate::project::policy::CostLimits;
use crate::run::agreement::Agreement;
use crate::run::ahead::NamedUnit;
use crate::run::approval::Approver;
use crate::run::assemble::{self, GateSpec, SpecIndex, UnitSpec, UnitSpecs};
use crate::run::command::Command;
use crate::run::folder::RunFolder;
use crate::run::gate::{self, GateContext};
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
    with_clusters: bool,
    parallelism: usize,
) -> (Nodes, Vec<NamedUnit>) {
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
    let contexts = clusters.iter().filter_map(|cluster| {
        let unit = workspace.project.unit_dir(cluster)?;
        let index = place(estate.find(&unit)?)?;
        let loader = Arc::clone(&context.loader);
        let timeout = context.limits.of_gates;
        let neighbours = neighbours(workspace, cluster);
        let registered = neighbours.iter().filter(|(other, _)| cluster.registers(&other.label));
        let others = registered.filter_map(|(_, unit)| place(estate.find(unit.as_ref()?)?));
        let others: Vec<SpecIndex> = others.collect();
        Some((index, others, GateContext { cluster: cluster.clone(), unit, neighbours, loader, timeout }))
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
        assemble::beside(assemble::upwards(units, Vec::new()), gates)
    } else {
        let gates = contexts.map(|(unit, others, context)| gate::up(unit, others, context, &cache));
        assemble::upwards(units, gates.collect())
    };
    if let Some(saved) = &context.plans.saved {
        nodes = assemble::behind(saved_plans_gate(selection, context, saved, folder, parallelism), nodes);
    }
    if let Some(keeper) = &context.plans.keeper {
        keeper.announce(scheduler::announce(&nodes));
    }
    (nodes, named)
}

/// The folders of the units that are gone over.
pub fn folders(units: &[NamedUnit]) -> Vec<PathBuf> {
    units.iter().map(|unit| unit.work.dir.clone()).collect()
}
