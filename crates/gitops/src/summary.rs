//! How often applications change, how long that takes, and how often it is taken back: four numbers an application.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, Zoned};

use super::record::{ImageRecord, RecordKind};

/// The numbers of one application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppSummary {
    /// The app under the root.
    pub app: String,
    /// Commits that set another version: bumps, promotions, edits.
    pub deployments: usize,
    /// Of these a week, over the time that was looked at; none where that is shorter than a day.
    pub per_week: Option<f64>,
    /// From the commit that was built to its image on the branch: the median, in seconds, of those of which that is known.
    pub lead_time: Option<i64>,
    /// Of how many deployments it is known.
    pub lead_times: usize,
    /// Commits that took one back.
    pub rollbacks: usize,
    /// Rollbacks a deployment; none where there were no deployments.
    pub change_failure_rate: Option<f64>,
    /// From what was taken back to its rollback: the median, in seconds.
    pub time_to_restore: Option<i64>,
}

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// The numbers of each app, by name. `built` says when the commit was made that an image was built of, where that is known.
pub fn summarize(
    records: &[ImageRecord],
    all: &[ImageRecord],
    root: &str,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
    built: impl Fn(&ImageRecord) -> Option<Timestamp>,
) -> Vec<AppSummary> {
    let first = records.iter().filter_map(time).min();
    let (from, to) = (since.or(first), until.unwrap_or_else(Timestamp::now));
    let seconds = from.map_or(0, |from| to.as_second() - from.as_second());
    let mut apps: BTreeMap<String, Vec<&ImageRecord>> = BTreeMap::new();
    for record in records {
        apps.entry(record.app(root)).or_default().push(record);
    }
    let landed: BTreeMap<&str, Timestamp> =
        all.iter().filter_map(|record| Some((record.commit.as_str(), time(record)?))).collect();
    apps.into_iter().map(|(app, records)| of_app(app, &records, seconds, &landed, &built)).collect()
}

fn of_app(
    app: String,
    records: &[&ImageRecord],
    seconds: i64,
    landed: &BTreeMap<&str, Timestamp>,
    built: &impl Fn(&ImageRecord) -> Option<Timestamp>,
) -> AppSummary {
    // A commit that sets several containers of an app is one.
    let mut deployments: BTreeMap<&str, &ImageRecord> = BTreeMap::new();
    let mut rollbacks: BTreeMap<&str, &ImageRecord> = BTreeMap::new();
    for record in records.iter().filter(|record| record.untrue.is_none()) {
        if record.is_deployment() {
            deployments.insert(&record.commit, record);
        } else if matches!(record.kind, RecordKind::Rollback { .. }) {
            rollbacks.insert(&record.commit, record);
        }
    }
    let leads = deployments.values().filter_map(|record| {
        let lead = time(record)?.as_second() - built(record)?.as_second();
        // Clocks disagree by more than it took.
        (lead >= 0).then_some(lead)
    });
    let leads: Vec<i64> = leads.collect();
    let restored = rollbacks.values().filter_map(|record| {
        let RecordKind::Rollback { of } = &record.kind else { return None };
        let took = time(record)?.as_second() - landed.get(of.as_str())?.as_second();
        (took >= 0).then_some(took)
    });
    let (count, back) = (deployments.len(), rollbacks.len());
    AppSummary {
        app,
        deployments: count,
        per_week: (seconds >= SECONDS_A_DAY).then(|| ratio(count * 7, 1) / (seconds_as_days(seconds))),
        lead_time: median(leads.clone()),
        lead_times: leads.len(),
        rollbacks: back,
        change_failure_rate: (count > 0).then(|| ratio(back, count)),
        time_to_restore: median(restored.collect()),
    }
}

/// When a record came to the branch.
pub(super) fn time(record: &ImageRecord) -> Option<Timestamp> {
    record.landed().parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many commits")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "times of people are short")]
fn seconds_as_days(seconds: i64) -> f64 {
    seconds as f64 / SECONDS_A_DAY as f64
}

/// The one in the middle; of two the mean.
fn median(mut numbers: Vec<i64>) -> Option<i64> {
    numbers.sort_unstable();
    let upper = *numbers.get(numbers.len() / 2)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *numbers.get(numbers.len() / 2 - 1)?;
    Some(lower + (upper - lower) / 2)
}

/// Which records are looked at.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The apps; all where none is named.
    pub apps: BTreeSet<String>,
    /// Those that came to the branch by then, or later.
    pub since: Option<Timestamp>,
    /// Those that came before.
    pub until: Option<Timestamp>,
    /// Who is behind them, in any part: a piece of a name or an address, whatever the case of its letters.
    pub by: Option<String>,
}

impl AuditFilter {
    /// Whether a record is one of them.
    pub fn fits(&self, record: &ImageRecord, root: &str) -> bool {
        let when = time(record);
        let in_time = self.since.is_none_or(|since| when.is_some_and(|when| when >= since))
            && self.until.is_none_or(|until| when.is_some_and(|when| when < until));
        let by = self.by.as_ref().is_none_or(|by| {
            let by = by.to_lowercase();
            let review = &record.review;
            let people = [Some(&record.author), record.source.as_ref(), review.merged_by.as_ref()];
            let people = people.into_iter().flatten().chain(&review.approved_by).chain(&review.co_authors);
            people.map(|one| one.to_lowercase()).any(|one| one.contains(&by))
        });
        in_time && by && (self.apps.is_empty() || self.apps.contains(&record.app(root)))
    }
}

/// The time that a pipeline said of the commit that it built.
pub fn said_time(record: &ImageRecord) -> Option<Timestamp> {
    let text = record.source_time.as_deref()?;
    text.parse::<Timestamp>().ok().or_else(|| text.parse::<Zoned>().ok().map(|time| time.timestamp()))
}

/// The commit that a pipeline said that it built, at the end of what it says of itself.
pub fn said_commit(record: &ImageRecord) -> Option<&str> {
    let (_, commit) = record.source.as_deref()?.rsplit_once(" at ")?;
    let is_name = (7..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Logged;

    fn record(commit: &str, when: &str, kind: RecordKind, previous: &str, image: &str) -> ImageRecord {
        let logged = Logged {
            commit: commit.into(),
            when: when.into(),
            author: "Ada <a@x>".into(),
            ..Logged::default()
        };
        ImageRecord {
            kind,
            folder: "m/a".into(),
            previous: previous.into(),
            image: image.into(),
            ..ImageRecord::by(&logged)
        }
    }

    #[test]
    fn the_numbers_of_an_app_count_commits_and_know_what_they_do_not_know() {
        let mut bump = record("c2", "2026-01-02T00:00:00Z", RecordKind::Bump, "x:1", "x:2");
        bump.source_time = Some("2026-01-01T22:00:00Z".into());
        let all = [
            record("c5", "2026-01-15T00:00:00Z", RecordKind::Edit, "x:1", "x:3"),
            record("c4", "2026-01-02T03:00:00Z", RecordKind::Rollback { of: "c2".into() }, "x:2", "x:1"),
            ImageRecord {
                untrue: Some("it did not".into()),
                ..record("c3", "2026-01-02T01:00:00Z", RecordKind::Bump, "x:2", "x:9")
            },
            ImageRecord { container: "other".into(), ..bump.clone() },
            bump,
            record("c1", "2026-01-01T00:00:00Z", RecordKind::Edit, "", "x:1"),
        ];
        let until = Some("2026-01-15T00:00:00Z".parse().unwrap());
        let numbers = summarize(&all, &all, "m", (None, until), said_time);
        let [app] = &numbers[..] else { panic!("{numbers:?}") };
        assert_eq!((app.app.as_str(), app.deployments, app.rollbacks), ("a", 2, 1));
        assert_eq!((app.per_week, app.change_failure_rate), (Some(1.0), Some(0.5)));
        assert_eq!((app.lead_time, app.lead_times, app.time_to_restore), (Some(7200), 1, Some(10800)));
        let none = summarize(&all[..1], &all, "m", (None, until), said_time);
        assert_eq!((none[0].lead_time, none[0].time_to_restore, none[0].per_week), (None, None, None));
    }

    #[test]
    fn a_filter_looks_at_everybody_who_had_a_part() {
        let mut one = record("c", "2026-01-02T00:00:00Z", RecordKind::Bump, "x:1", "x:2");
        one.review.approved_by = vec!["Bo <b@x>".into()];
        let by = |by: &str| AuditFilter { by: Some(by.into()), ..AuditFilter::default() }.fits(&one, "m");
        assert!(by("ada") && by("BO <b") && !by("Cy"));
        let apps = AuditFilter { apps: ["a".to_owned()].into(), ..AuditFilter::default() };
        assert!(apps.fits(&one, "m/") && !apps.fits(&one, "other"));
        let until = AuditFilter { until: one.when.parse().ok(), ..AuditFilter::default() };
        assert!(!until.fits(&one, "m"));
    }

    #[test]
    fn the_commit_that_was_built_is_the_last_word_of_the_source() {
        let mut one = record("c", "2026-01-02T00:00:00Z", RecordKind::Bump, "x:1", "x:2");
        one.source = Some("https://ci.example/1 by a at b at 3f2a91c".into());
        assert_eq!(said_commit(&one), Some("3f2a91c"));
        one.source = Some("me at --upload-pack=x".into());
        assert_eq!(said_commit(&one), None);
    }
}
