//! How long each unit took, by its name: what `ci shards --durations` cuts jobs by.

use std::collections::BTreeMap;

use super::model::Summary;
use crate::run::event::{NodeKind, Outcome};

/// The seconds of the units that ended well, as an object of names and numbers.
pub fn durations(summary: &Summary) -> String {
    let units = summary
        .nodes
        .iter()
        .filter(|row| row.kind == NodeKind::Unit && row.outcome.as_ref().is_some_and(Outcome::is_success));
    // Thousandths are as much as anybody balances by.
    let seconds: BTreeMap<&str, f64> =
        units.map(|row| (row.name.as_str(), (row.seconds * 1000.0).round() / 1000.0)).collect();
    serde_json::to_string_pretty(&seconds).unwrap_or_else(|_| "{}".to_owned()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn units_that_ended_well_are_told_and_no_others() {
        let summary = fixture::mixed();
        let told: BTreeMap<String, f64> = serde_json::from_str(&durations(&summary)).unwrap();
        assert!(!told.is_empty());
        for row in &summary.nodes {
            let is_told = row.kind == NodeKind::Unit && row.outcome.as_ref().is_some_and(Outcome::is_success);
            assert_eq!(told.contains_key(&row.name), is_told, "{}", row.name);
        }
        assert_eq!(durations(&Summary::default()), "{}\n");
    }
}
