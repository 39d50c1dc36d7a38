//! How each environment of a pipeline stands, in one line: by the reports of the jobs that plan it.

use std::collections::BTreeMap;

use super::joined::{Part, Read, Sign};
use crate::forge::status::State;

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub environment: String,
    /// How it stands: a success where all of it could be planned, a failure where nobody has said so.
    pub state: State,
    /// That in words, with what its plans would do.
    pub text: String,
}

/// What the jobs of an environment have said.
#[derive(Default)]
struct Jobs {
    /// How many there are.
    all: usize,
    /// How many of them have failed.
    failed: usize,
    /// How many have said nothing.
    silent: usize,
    /// Added, changed, destroyed, replaced.
    sums: [u64; 4],
}

/// How environments stand: those that are named, and those of the jobs. A job that is named and has left no report has not come to
/// its end.
pub fn standings(parts: &[Part], environments: &[String], jobs: &[String]) -> Vec<Standing> {
    let mut all: BTreeMap<&str, Jobs> = environments.iter().map(|name| (&**name, Jobs::default())).collect();
    for part in parts {
        let read = Read::of(part);
        let jobs = all.entry(environment_of(&part.name, environments)).or_default();
        jobs.all = jobs.all.saturating_add(1);
        // What is stopped, has drifted or is no report at all is none that is well.
        let is_well = read.sign == Sign::Good && read.title.starts_with("slipway ");
        jobs.failed = jobs.failed.saturating_add(usize::from(!is_well));
        for (sum, more) in jobs.sums.iter_mut().zip(read.sums) {
            *sum = sum.saturating_add(more);
        }
    }
    for silent in jobs.iter().filter(|job| !parts.iter().any(|part| part.name == **job)) {
        let jobs = all.entry(environment_of(silent, environments)).or_default();
        jobs.all = jobs.all.saturating_add(1);
        jobs.silent = jobs.silent.saturating_add(1);
    }
    all.into_iter().map(|(name, jobs)| jobs.standing(name)).collect()
}

/// That environments are being planned.
pub fn pending(environments: &[String], jobs: &[String]) -> Vec<Standing> {
    let of_jobs = jobs.iter().map(|job| environment_of(job, environments));
    let mut names: Vec<&str> = environments.iter().map(String::as_str).chain(of_jobs).collect();
    names.sort_unstable();
    names.dedup();
    let pending = |name: &str| Standing {
        environment: name.to_owned(),
        state: State::Pending,
        text: "it is being planned".to_owned(),
    };
    names.into_iter().map(pending).collect()
}

impl Jobs {
    fn standing(&self, name: &str) -> Standing {
        let words = [("add", 0), ("change", 1), ("replace", 3), ("destroy", 2)];
        let counted = words.iter().filter_map(|(what, place)| Some((what, *self.sums.get(*place)?)));
        let counted =
            counted.filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} to {what}"));
        let counted: Vec<String> = counted.collect();
        let sums = if counted.is_empty() { "nothing to change".to_owned() } else { counted.join(", ") };
        let of = |count: usize| {
            if self.all == 1 { "the job".to_owned() } else { format!("{count} of {} jobs", self.all) }
        };
        let mut bad = Vec::new();
        if self.failed > 0 {
            bad.push(format!("{} failed", of(self.failed)));
        }
        if self.silent > 0 {
            bad.push(format!("{} did not come to an end", of(self.silent)));
        }
        let state = if bad.is_empty() { State::Success } else { State::Failure };
        if !bad.is_empty() && !counted.is_empty() {
            bad.push(sums.clone());
        }
        let text = if bad.is_empty() { sums } else { bad.join("; ") };
        Standing { environment: name.to_owned(), state, text }
    }
}

/// Whose a job is: `dev-000` is the first of `dev`.
fn environment_of<'j>(job: &'j str, environments: &[String]) -> &'j str {
    if environments.iter().any(|name| name == job) {
        return job;
    }
    let is_number = |text: &str| text.len() >= 3 && text.bytes().all(|letter| letter.is_ascii_digit());
    job.rsplit_once('-').filter(|(_, number)| is_number(number)).map_or(job, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, sign: &str, sums: &str) -> Part {
        let text = format!("<!-- slipway plan -->\n## {sign} slipway plan: so\n\n**{sums}** · 3 units\n");
        Part { name: name.to_owned(), text }
    }

    fn told(parts: &[Part], environments: &[&str], jobs: &[&str]) -> Vec<(String, State, String)> {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let all = standings(parts, &owned(environments), &owned(jobs));
        all.into_iter().map(|one| (one.environment, one.state, one.text)).collect()
    }

    #[test]
    fn an_environment_is_the_sum_of_its_jobs() {
        let parts = [
            part("dev-000", "✅", "+2 ~1 -0 ±0"),
            part("dev-001", "✅", "+1 ~0 -0 ±4"),
            part("prod-000", "❌", "+0 ~0 -3 ±0"),
            part("account-0", "✅", "+0 ~0 -0 ±0"),
        ];
        let all =
            told(&parts, &["account-0", "dev", "quiet"], &["dev-000", "prod-000", "prod-001", "stage-000"]);
        let expected = [
            ("account-0", State::Success, "nothing to change"),
            ("dev", State::Success, "3 to add, 1 to change, 4 to replace"),
            ("prod", State::Failure, "1 of 2 jobs failed; 1 of 2 jobs did not come to an end; 3 to destroy"),
            ("quiet", State::Success, "nothing to change"),
            ("stage", State::Failure, "the job did not come to an end"),
        ];
        let expected = expected.map(|(name, state, text)| (name.to_owned(), state, text.to_owned()));
        assert_eq!(all, expected);
    }

    #[test]
    fn what_is_no_report_is_no_success() {
        for text in ["", "no heading", "## \n", "## 🙃 slipway plan: well", "## ✅ something else: well"] {
            let parts = [Part { name: "dev-000".to_owned(), text: text.to_owned() }];
            let (_, state, _) = told(&parts, &[], &[]).remove(0);
            assert_eq!(state, State::Failure, "{text:?}");
        }
    }

    #[test]
    fn each_that_is_named_is_pending_once() {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let all = pending(&owned(&["prod", "dev"]), &owned(&["dev-000", "dev-001", "stage-000"]));
        let names: Vec<&str> = all.iter().map(|one| &*one.environment).collect();
        assert_eq!(names, ["dev", "prod", "stage"]);
        assert!(all.iter().all(|one| one.state == State::Pending));
    }
}
