//! What of the history up to a commit still holds images, so that a bump need not be sent all of it.
//!
//! Freezes and rollbacks hold until they are lifted, however long ago they were set. Of all the commits up to one that it names
//! (`as_of`) this has those that may still decide whether an image is held. Together with every commit that came after that one it
//! decides as all of the history would. Whoever uses it has to know two things: that `as_of` is on the branch, and that all that came
//! after it is there to be read. It is worth as much as the commits that it repeats: whoever may write it may push the others.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::freeze::Freeze;
use super::image::ImageReference;
use super::log::Logged;
use super::moved::Moved;
use super::record::{ImageRecord, RecordKind};
use super::trailers;
use slipway_support::git::short;

/// What it is written like. Who reads another one has none.
const VERSION: u64 = 1;
/// One of more bytes is not written: it would be no shorter than what it spares.
const LONGEST: usize = 512 * 1024;
/// Clocks of machines differ by less.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// What still counts of the history up to a commit.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// That commit.
    pub as_of: String,
    /// The commits that count, newest first; what they changed is not with them.
    pub commits: Vec<Logged>,
    /// Where folders had gone by then that these hold.
    pub moved: Moved,
}

impl Standing {
    /// Chooses among the commits of a history those that count: `records` are what they did to the images of each folder, newest
    /// first, and `freezes` those that nobody lifted.
    pub fn of(
        as_of: &str,
        commits: &[Logged],
        moved: &Moved,
        records: &BTreeMap<String, Vec<ImageRecord>>,
        freezes: &[Freeze],
    ) -> Self {
        let now = Timestamp::now();
        let counts = |freeze: &&Freeze| {
            freeze.until.is_none_or(|until| until.checked_add(SKEW).is_ok_and(|until| until > now))
        };
        let frozen: HashSet<&str> =
            freezes.iter().filter(counts).map(|freeze| freeze.commit.as_str()).collect();
        let recorded: HashSet<&str> = records.values().flat_map(|records| counting(records)).collect();
        // Of several freezes in one commit some may be lifted.
        let lifts = |commit: &Logged| {
            let groups = trailers::groups(&commit.message);
            groups.iter().any(|group| group.values(trailers::UNFREEZES).any(|of| frozen.contains(of)))
        };
        let is_kept = |commit: &&Logged| {
            frozen.contains(&*commit.commit) || recorded.contains(&*commit.commit) || lifts(commit)
        };
        let commits = commits.iter().filter(is_kept).cloned();
        Self { as_of: as_of.to_owned(), commits: commits.collect(), moved: moved.clone() }
    }

    /// As a text; none where that would be too long.
    pub fn text(&self) -> Option<String> {
        let commit = |one: &Logged| {
            let Logged { commit, when, parents, author, message, .. } = one;
            json!({ "commit": commit, "when": when, "parents": parents, "author": author, "message": message })
        };
        let commits: Vec<Value> = self.commits.iter().map(commit).collect();
        let Moved { to, absent } = &self.moved;
        let all = json!({
            "version": VERSION, "as_of": self.as_of, "commits": commits, "moved": to, "absent": absent,
        });
        let text = format!("What holds images as of {}\n\n{all}\n", short(&self.as_of));
        (text.len() <= LONGEST).then_some(text)
    }

    /// The one that a text is of. What cannot be read whole is none.
    pub fn read(text: &str) -> Option<Self> {
        let all: Value = serde_json::from_str(text.split_once("\n\n")?.1).ok()?;
        if all.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let commit = |one: &Value| {
            Some(Logged {
                commit: name_in(one, "commit")?,
                when: text_in(one, "when")?,
                parents: texts_in(one, "parents")?,
                author: text_in(one, "author")?,
                message: text_in(one, "message")?,
                changes: Vec::new(),
            })
        };
        let to = all.get("moved")?.as_object()?.iter();
        let to = to.map(|(from, to)| Some((from.clone(), to.as_str()?.to_owned()))).collect::<Option<_>>()?;
        let absent = texts_in(&all, "absent")?.into_iter().collect();
        Some(Self {
            as_of: name_in(&all, "as_of")?,
            commits: all.get("commits")?.as_array()?.iter().map(commit).collect::<Option<_>>()?,
            moved: Moved { to, absent },
        })
    }
}

fn text_in(all: &Value, key: &str) -> Option<String> {
    all.get(key)?.as_str().map(str::to_owned)
}

/// The name of a commit.
fn name_in(all: &Value, key: &str) -> Option<String> {
    let is_name =
        |text: &String| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text_in(all, key).filter(is_name)
}

fn texts_in(all: &Value, key: &str) -> Option<Vec<String>> {
    all.get(key)?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The commits of a folder's records, newest first, that decide whether a rollback holds any image.
///
/// Which record counts for an image hangs on what [`ImageRecord::is_of`] looks at, and on nothing else: of all that are alike in
/// that the newest counts. What is older than the oldest rollback among those holds nothing, and neither does its absence.
fn counting(records: &[ImageRecord]) -> Vec<&str> {
    let name = |text: &str| text.parse::<ImageReference>().ok().map(|image| image.name);
    let mut seen = HashSet::new();
    let alike = |record: &ImageRecord| {
        let ImageRecord { container, file, namespace, image, previous, .. } = record;
        (container.clone(), file.clone(), namespace.clone(), name(image), name(previous))
    };
    let newest: Vec<&ImageRecord> =
        records.iter().filter(|record| record.despite.is_none() && seen.insert(alike(record))).collect();
    let last = newest.iter().rposition(|record| matches!(record.kind, RecordKind::Rollback { .. }));
    newest.into_iter().take(last.map_or(0, |last| last + 1)).map(|record| record.commit.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(commit: &str, kind: RecordKind, container: &str, previous: &str, image: &str) -> ImageRecord {
        let logged = Logged { commit: commit.into(), ..Logged::default() };
        ImageRecord {
            kind,
            container: container.into(),
            previous: previous.into(),
            image: image.into(),
            ..ImageRecord::by(&logged)
        }
    }

    #[test]
    fn a_rollback_counts_until_something_came_after_it_and_with_what_came_beside_it() {
        let rollback = || RecordKind::Rollback { of: "c".into() };
        let all = [
            record("c5", RecordKind::Bump, "web", "x:1", "x:2"),
            record("c4", RecordKind::Bump, "api", "y:1", "y:2"),
            record("c3", rollback(), "api", "y:2", "y:1"),
            record("c2", rollback(), "old", "z:2", "z:1"),
            record("c1", RecordKind::Bump, "job", "w:1", "w:2"),
        ];
        assert_eq!(counting(&all), ["c5", "c4", "c2"], "what is newer may be meant by another name");
        assert_eq!(counting(&all[..3]), [""; 0], "nothing holds");
        assert_eq!(counting(&all[2..3]), ["c3"]);
        let despite =
            ImageRecord { despite: Some("c2".into()), ..record("c6", RecordKind::Bump, "old", "z:1", "z:2") };
        assert_eq!(counting(&[&[despite], &all[3..]].concat()), ["c2"], "it goes on holding");
    }

    #[test]
    fn what_is_written_is_read_whole_or_not_at_all() {
        let commit = Logged {
            commit: "a".repeat(40),
            when: "2026-01-01T00:00:00Z".into(),
            parents: vec!["b".repeat(40)],
            author: "Zoë \"Z\" <z@x>".into(),
            message: "x\n\nSlipway-Freezes: m/a b\nSlipway-Freeze-Reason: {}\u{1}\n".into(),
            ..Logged::default()
        };
        let moved = Moved { to: [("m/a".into(), "m/b".into())].into(), absent: ["m/a".into()].into() };
        let standing = Standing { as_of: "c".repeat(64), commits: vec![commit], moved };
        let text = standing.text().unwrap();
        let read = Standing::read(&text).unwrap();
        assert_eq!((&read.as_of, &read.moved), (&standing.as_of, &standing.moved));
        assert_eq!(read.commits[0].message, standing.commits[0].message);
        assert_eq!(read.text().unwrap(), text);
        for broken in [
            text.replace("\"version\":1", "\"version\":2"),
            text.replace(&"a".repeat(40), "HEAD"),
            text.replace("\"absent\":[\"m/a\"]", "\"absent\":[1]"),
            text.trim_end().trim_end_matches("]}").to_owned(),
            String::new(),
        ] {
            assert!(Standing::read(&broken).is_none(), "{broken}");
        }
        let long = Logged { message: "x".repeat(LONGEST), ..Logged::default() };
        assert_eq!(Standing { commits: vec![long], ..standing }.text(), None);
    }
}
