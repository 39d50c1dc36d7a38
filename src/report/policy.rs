//! What policies and the price list say of a run's plans, below the table.

use std::collections::BTreeMap;

use super::line::{judged, priced};
use super::model::Summary;
use crate::run::event::{Cost, Verdict};
use crate::support::shown::name;

impl Summary {
    /// A line for each message of a policy; what was denied comes last, where it is seen.
    pub(super) fn judgements(&self) -> String {
        let mut lines = String::new();
        for wanted in [Verdict::Warned, Verdict::Denied] {
            let all = self.nodes.iter().flat_map(|row| &row.judgements);
            for text in all.filter(|judgement| judgement.verdict == wanted).filter_map(judged) {
                lines = format!("{lines}{text}\n");
            }
        }
        if lines.is_empty() { lines } else { format!("\npolicies\n{lines}") }
    }

    /// A line for each unit whose cost changes, and the total of each currency.
    pub(super) fn costs(&self) -> String {
        let mut lines = String::new();
        for row in &self.nodes {
            if let Some(cost) = row.cost.as_ref().filter(|cost| cost.increase() != 0.0) {
                lines = format!("{lines}{}: {}\n", name(&row.name), priced(cost));
            }
        }
        for cost in self.total_costs() {
            lines = format!("{lines}total: {}, then {:.2}\n", priced(&cost), cost.after);
        }
        if lines.is_empty() { lines } else { format!("\ncost\n{lines}") }
    }

    /// What all units that were priced cost together, once for each currency.
    pub fn total_costs(&self) -> Vec<Cost> {
        let mut totals: BTreeMap<&str, Cost> = BTreeMap::new();
        for cost in self.nodes.iter().filter_map(|row| row.cost.as_ref()) {
            let none = || Cost { currency: cost.currency.clone(), before: 0.0, after: 0.0 };
            let total = totals.entry(&cost.currency).or_insert_with(none);
            total.before += cost.before;
            total.after += cost.after;
        }
        totals.into_values().collect()
    }
}
