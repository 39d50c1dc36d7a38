//! The runs there were, newest first, each with what it was and how it went.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;
use jiff::{SpanRound, Timestamp, Unit};

use super::candidate::starting;
use super::place::Place;
use super::words::Words;
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::run::past::Past;

/// So many runs are offered.
const MOST: usize = 50;
/// So many bytes of journals are read to tell how runs went; of older ones only their ids are shown.
const MOST_READ: u64 = 8_000_000;

/// The ids of runs; for `resume`, of those that are not done.
pub fn runs(current: &OsStr) -> Vec<CompletionCandidate> {
    let words = Words::typed();
    let Some(home) = Place::of(&words).and_then(|place| place.home()) else { return Vec::new() };
    let folders = RunFolder::all(&home).unwrap_or_default();
    let typed = current.to_string_lossy();
    let meant = folders.into_iter().filter(|folder| folder.id.starts_with(&*typed)).take(MOST);
    let mut left = MOST_READ;
    let mut found = Vec::new();
    for folder in meant {
        let size = folder.journal().metadata().map_or(0, |journal| journal.len());
        let past = if size <= left { journal::read(&folder.journal()).ok().and_then(Past::of) } else { None };
        left = left.saturating_sub(size);
        if words.has("resume") && past.as_ref().is_some_and(Past::is_done) {
            continue;
        }
        found.push((folder.id, past.map(|past| described(&past)).unwrap_or_default()));
    }
    starting(current, found)
}

/// `apply, 2 of 7 done, 3 hours ago`.
fn described(past: &Past) -> String {
    let all = past.start.nodes.len();
    let how = if past.is_done() {
        "done".to_owned()
    } else {
        let end = if past.finished { "" } else { ", has not ended" };
        format!("{} of {all} done{end}", past.done().len())
    };
    let began = past.began().and_then(ago).unwrap_or_default();
    format!("{}, {how}{began}", past.start.command)
}

fn ago(then: Timestamp) -> Option<String> {
    let span = Timestamp::now() - then;
    let unit = match span.get_seconds() {
        ..60 => return Some(", just now".to_owned()),
        60..3600 => Unit::Minute,
        3600..86_400 => Unit::Hour,
        _ => Unit::Day,
    };
    let span = span.round(SpanRound::new().largest(unit).smallest(unit).days_are_24_hours()).ok()?;
    Some(match unit {
        Unit::Minute => format!(", {} min ago", span.get_minutes()),
        Unit::Hour => format!(", {} h ago", span.get_hours()),
        _ => format!(", {} days ago", span.get_days()),
    })
}
