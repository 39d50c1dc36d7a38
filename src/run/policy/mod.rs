//! Policies over a unit's plan: a gate between the plan and its apply.
//!
//! Every policy that is about the unit is asked, so that a person sees all that is wrong at once. What cannot be
//! decided is denied: a policy that does not answer protects nobody.

mod answer;
mod cost;
mod program;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use super::event::{EventKind, Judgement, Verdict};
use super::node::Reporter;
use crate::engine::plan::Secrets;
use crate::engine::{Engine, EngineError, SavedPlan, UnitJob};
use crate::estate::Estate;
use crate::project::policy::{Check, CostLimits, Enforcement, Facts, Finding, Findings, Policy, plan_value};
use answer::Answer;

/// The policies of a run, each with the units that it is about.
#[derive(Default)]
pub struct Policies {
    all: Vec<(Policy, BTreeSet<PathBuf>)>,
    cost: Option<CostLimits>,
    command: String,
    dir: PathBuf,
    /// How much more the plans that were let through cost together, by currency.
    increases: Mutex<HashMap<String, f64>>,
}

/// One plan before its judges.
struct Case<'a> {
    reporter: &'a Reporter,
    /// The plan as JSON, secrets in it.
    text: &'a str,
    json: &'a Json,
    unit: &'a str,
    secrets: &'a Secrets,
}

impl Policies {
    /// Those of a project over the units of an estate. Paths in their queries count from `root`, the estate's root;
    /// programs run in `dir`, the project's folder. `command` is what was asked for, such as `apply`.
    pub fn new(
        policies: &[Policy],
        cost: Option<CostLimits>,
        estate: &Estate,
        root: &Path,
        dir: &Path,
        command: &str,
    ) -> Self {
        let all = policies.iter().map(|policy| (policy.clone(), policy.units(estate, root))).collect();
        Self { all, cost, command: command.to_owned(), dir: dir.to_path_buf(), increases: Mutex::default() }
    }

    /// Whether nothing is asked of any plan, so that nobody has to see one.
    pub fn is_empty(&self) -> bool {
        self.all.iter().all(|(_, units)| units.is_empty()) && self.cost.is_none()
    }

    /// Judges a saved plan of the unit in `dir` and tells what each policy says; returns why it may not be applied,
    /// if so.
    pub async fn judge(
        &self,
        dir: &Path,
        job: &UnitJob,
        plan: &SavedPlan,
        engine: &dyn Engine,
        reporter: &Reporter,
    ) -> Result<Option<String>, EngineError> {
        let wanted: Vec<&Policy> =
            self.all.iter().filter(|(_, units)| units.contains(dir)).map(|(policy, _)| policy).collect();
        if wanted.is_empty() && self.cost.is_none() {
            return Ok(None);
        }
        let plan = engine.plan_json(job, &plan.file, reporter.session()).await?;
        reporter.doing("policies");
        let json: Json =
            serde_json::from_str(plan.text()).map_err(|error| EngineError::unread_plan(&error))?;
        let secrets = plan.secrets().unwrap_or_default();
        let case = Case { reporter, text: plan.text(), json: &json, unit: &job.id, secrets: &secrets };
        let mut denied = Vec::new();
        for policy in wanted {
            let answer = self.ask(policy, &case).await?;
            denied.extend(tell(&policy.name, policy.enforcement, answer, &case));
        }
        if let Some(limits) = &self.cost {
            denied.extend(self.price(limits, &case).await?);
        }
        Ok((!denied.is_empty()).then(|| denied.join("; ")))
    }

    async fn ask(&self, policy: &Policy, case: &Case<'_>) -> Result<Answer, EngineError> {
        match &policy.check {
            Check::Rules => Ok(match plan_value(case.json) {
                Ok(plan) => {
                    let (path, command) = (case.unit.to_owned(), self.command.clone());
                    by_rules(policy, &Facts { plan, path, command })
                }
                Err(error) => Answer::undecided(format!("the plan holds {error}")),
            }),
            Check::Conftest(conftest) => program::conftest(conftest, self, case).await,
            Check::Opa(opa) => program::opa(opa, self, case).await,
            Check::Command(command) => program::command(command, self, case).await,
        }
    }
}

fn by_rules(policy: &Policy, facts: &Facts) -> Answer {
    match policy.evaluate(facts) {
        Ok(Findings { deny, warn }) => {
            let texts = |findings: Vec<Finding>| findings.into_iter().map(said).collect();
            Answer { deny: texts(deny), warn: texts(warn), undecided: None }
        }
        Err(diagnostic) => Answer::undecided(diagnostic.to_string()),
    }
}

fn said(finding: Finding) -> String {
    finding.text.unwrap_or_else(|| "(its message holds sensitive values)".to_owned())
}

/// Tells what a policy says; returns why the plan may not be applied, if so.
fn tell(policy: &str, enforcement: Enforcement, answer: Answer, case: &Case<'_>) -> Option<String> {
    let Answer { deny, warn, undecided } = answer;
    let undecided = undecided.map(|cause| format!("it cannot be decided: {cause}"));
    let mut denials: Vec<String> = deny.into_iter().chain(undecided).collect();
    let mut messages = warn;
    for message in denials.iter_mut().chain(&mut messages) {
        *message = case.secrets.redact(message);
    }
    let verdict = match (enforcement, denials.is_empty(), messages.is_empty()) {
        (Enforcement::Deny, false, _) => Verdict::Denied,
        (Enforcement::Warn, false, _) | (_, true, false) => Verdict::Warned,
        (_, true, true) => Verdict::Passed,
    };
    let judged = |verdict, messages| {
        case.reporter.emit(EventKind::Judged(Judgement {
            node: case.reporter.node.clone(),
            policy: policy.to_owned(),
            verdict,
            messages,
        }));
    };
    if verdict == Verdict::Denied {
        if !messages.is_empty() {
            judged(Verdict::Warned, messages);
        }
        let refusal = format!("policy \"{policy}\" denies it: {}", denials.join("; "));
        judged(Verdict::Denied, denials);
        return Some(refusal);
    }
    denials.append(&mut messages);
    judged(verdict, denials);
    None
}

impl Policies {
    /// Counts what a plan costs more, and returns what all of them do.
    fn add_increase(&self, currency: &str, increase: f64) -> f64 {
        let mut increases = self.increases.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = increases.entry(currency.to_owned()).or_default();
        *sum += increase;
        *sum
    }
}
