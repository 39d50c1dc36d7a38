//! Units cut into jobs of about the same length.
//!
//! The units of an environment stand in the order of their waves, and a job gets a stretch of that order. So jobs are applied
//! one after the other in the order of their numbers, and nothing comes before what it depends on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::limits::{Limits, VARIABLE};
use super::{Environment, Pipeline, PipelineError};
use crate::estate::{Estate, UnitIndex};
use crate::scaffold::names::{Region, Role};
use crate::support::{path_text, paths};

/// What has a meaning of its own in a query between braces, or between the quotes of a shell.
const MEANS_SOMETHING: &[char] = &['}', '{', '*', '?', '[', ']', '\\', '\n', '\r', ',', '\''];

/// How many times as many units one job may have as another would by number alone: names of units have to fit into a variable,
/// and what was quick lately may not be so again.
const MORE: usize = 4;

/// A job that plans a part of an environment.
#[derive(Clone, Debug)]
pub struct Shard<'p> {
    /// Whose units they are.
    pub environment: &'p Environment,
    /// Which part of it, from 0.
    pub number: usize,
    /// The units, each by a query.
    pub queries: Vec<String>,
    /// How long they took lately, together.
    pub seconds: f64,
}

impl Shard<'_> {
    /// The entry of a matrix.
    pub fn entry(&self) -> Value {
        let Environment { name, place, region, plan_role, .. } = self.environment;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        json!({
            "job": format!("{}-{:03}", name.as_str(), self.number),
            "environment": name.as_str(),
            "shard": format!("{:03}", self.number),
            "place": path_text::shown(place),
            "role": text(plan_role.as_ref().map(Role::as_str)),
            "region": text(region.as_ref().map(Region::as_str)),
            "filter": self.queries.join("\n"),
        })
    }
}

impl Pipeline {
    /// The jobs that plan the units among `selected`. `seconds` has how long units took lately, by their names; the others
    /// count as the middle one of the estate's.
    pub fn cut(
        &self,
        estate: &Estate,
        selected: &BTreeSet<UnitIndex>,
        seconds: &BTreeMap<String, f64>,
        limits: Limits,
    ) -> Result<Vec<Shard<'_>>, PipelineError> {
        let all = self.environments.iter().flat_map(|environment| &environment.units);
        let usual = middle(all.filter_map(|unit| seconds.get(&estate.name(*unit)).copied()).collect());
        let mut parts: Vec<(&Environment, Vec<(String, f64)>)> = Vec::new();
        for environment in &self.environments {
            let mut loads = Vec::new();
            for unit in environment.units.iter().filter(|unit| selected.contains(unit)) {
                let name = estate.name(*unit);
                let takes = seconds.get(&name).copied().unwrap_or(usual);
                loads.push((self.query(estate, *unit, &name)?, takes));
            }
            if !loads.is_empty() {
                parts.push((environment, loads));
            }
        }
        if parts.len() > limits.matrix {
            let (count, what) = (parts.len(), "environments");
            let Limits { platform, matrix: most, .. } = limits;
            return Err(PipelineError::TooMany { count, what, platform, most });
        }
        let mut shards = Vec::new();
        for ((environment, loads), jobs) in parts.iter().zip(self.jobs(&parts, limits.matrix)) {
            for (number, part) in stretches(loads, jobs).into_iter().enumerate() {
                let queries: Vec<String> = part.iter().map(|(query, _)| query.clone()).collect();
                let length = queries.iter().map(|query| query.len() + 1).sum::<usize>();
                if length > VARIABLE {
                    return Err(PipelineError::TooMany {
                        count: length,
                        what: "bytes of names of units for one job",
                        platform: "a system",
                        most: VARIABLE,
                    });
                }
                let seconds = part.iter().map(|(_, seconds)| seconds).sum();
                shards.push(Shard { environment, number, queries, seconds });
            }
        }
        let length = matrix(&shards).len();
        if length > limits.output {
            return Err(PipelineError::TooMany {
                count: length,
                what: "bytes of a matrix",
                platform: limits.platform,
                most: limits.output,
            });
        }
        Ok(shards)
    }

    /// What selects a unit, from the project's folder.
    fn query(&self, estate: &Estate, unit: UnitIndex, name: &str) -> Result<String, PipelineError> {
        let path = path_text::shown(&paths::relative(&self.base, &estate.unit(unit).dir));
        if path.contains(MEANS_SOMETHING) {
            return Err(PipelineError::Unnameable(name.to_owned()));
        }
        Ok(format!("{{./{path}}}"))
    }

    /// How many jobs each part gets: as many as it takes for the units of a job to be few enough, or as many as there may be.
    fn jobs(&self, parts: &[(&Environment, Vec<(String, f64)>)], most: usize) -> Vec<usize> {
        let mut each = self.settings.units_per_job;
        loop {
            let jobs: Vec<usize> = parts.iter().map(|(_, loads)| loads.len().div_ceil(each)).collect();
            if jobs.iter().sum::<usize>() <= most {
                return jobs;
            }
            each += each.div_ceil(8);
        }
    }
}

/// The whole matrix, in one line.
pub fn matrix(shards: &[Shard<'_>]) -> String {
    json!({ "include": shards.iter().map(Shard::entry).collect::<Vec<_>>() }).to_string()
}

/// The whole list, in one line.
pub fn list(shards: &[Shard<'_>]) -> String {
    shards.iter().map(Shard::entry).collect::<Value>().to_string()
}

/// The middle one of what is known, or a second.
fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(1.0)
}

/// Cuts a list into `jobs` stretches, none of which is empty or longer than its share by more than one of its parts; none has more
/// than [`MORE`] times the parts that each would have by number alone.
fn stretches(loads: &[(String, f64)], jobs: usize) -> Vec<&[(String, f64)]> {
    let mut rest = loads;
    let mut cut = Vec::new();
    let fits = loads.len().div_ceil(jobs.max(1)).saturating_mul(MORE);
    for left in (1..=jobs).rev() {
        let all: f64 = rest.iter().map(|(_, seconds)| seconds).sum();
        #[expect(clippy::cast_precision_loss, reason = "there are a few hundred jobs")]
        let share = all / left as f64;
        // Each of the stretches to come gets one at least.
        let most = rest.len().saturating_sub(left - 1).min(fits);
        // And no more than it may have.
        let least = rest.len().saturating_sub((left - 1).saturating_mul(fits)).max(1);
        let mut taken = 0.0;
        let mut count = 0;
        for (_, seconds) in rest.iter().take(most) {
            // Half of what comes next may go over: then the stretches before and after are off by as much.
            if count >= least && left > 1 && taken + seconds / 2.0 > share {
                break;
            }
            taken += seconds;
            count += 1;
        }
        let (stretch, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        cut.push(stretch);
        rest = others;
    }
    cut.retain(|stretch| !stretch.is_empty());
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(seconds: &[f64]) -> Vec<(String, f64)> {
        seconds.iter().enumerate().map(|(place, seconds)| (format!("u{place}"), *seconds)).collect()
    }

    fn cut(seconds: &[f64], jobs: usize) -> Vec<Vec<f64>> {
        let loads = loads(seconds);
        let parts = stretches(&loads, jobs).into_iter();
        parts.map(|part| part.iter().map(|(_, seconds)| *seconds).collect()).collect()
    }

    #[test]
    fn a_unit_that_takes_long_has_a_job_of_its_own() {
        assert_eq!(cut(&[1.0, 1.0, 9.0, 1.0, 1.0], 3), [vec![1.0, 1.0], vec![9.0], vec![1.0, 1.0]]);
        assert_eq!(cut(&[10.0, 1.0, 1.0, 1.0], 2), [vec![10.0], vec![1.0, 1.0, 1.0]]);
    }

    #[test]
    fn every_unit_is_in_one_job_and_the_order_stays() {
        for count in 1..60_u32 {
            for jobs in 1..=count as usize {
                let seconds: Vec<f64> = (0..count).map(|place| f64::from(place * 7919 % 31)).collect();
                let parts = cut(&seconds, jobs);
                assert_eq!(parts.concat(), seconds);
                assert_eq!(parts.len(), jobs, "{count} units");
                let share = seconds.iter().sum::<f64>() / f64::from(u32::try_from(jobs).unwrap());
                let longest = parts.iter().map(|part| part.iter().sum::<f64>()).fold(0.0, f64::max);
                assert!(longest <= share * 2.0 + 31.0, "{longest} of {share}");
            }
        }
    }

    #[test]
    fn no_job_has_many_times_the_units_of_another_however_quick_they_are() {
        for seconds in [vec![0.0; 400], [vec![900.0; 5], vec![0.0; 395]].concat(), vec![86_400.0; 400]] {
            let parts = cut(&seconds, 8);
            assert_eq!((parts.len(), parts.concat().len()), (8, 400));
            assert!(parts.iter().all(|part| part.len() <= 50 * MORE), "{parts:?}");
        }
    }

    #[test]
    fn what_was_never_measured_counts_as_the_middle_one() {
        assert!((middle(vec![90.0, 1.0, 4.0]) - 4.0).abs() < f64::EPSILON);
        assert!((middle(Vec::new()) - 1.0).abs() < f64::EPSILON);
    }
}
