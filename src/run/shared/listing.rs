//! The runs that are below an address.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::board::{self, CANCELLED, START};
use super::bucket::Bucket;
use super::record::Start;
use super::store::{Mark, Store, StoreError};

/// A run as far as it is seen without reading what has become of each of its nodes.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its address.
    pub address: String,
    /// What it is.
    pub start: Start,
    /// How many of its nodes have ended.
    pub ended: usize,
    /// How many machines have taken part.
    pub machines: usize,
    /// Whether somebody has asked for nothing more to begin.
    pub is_cancelled: bool,
    /// When a machine gave the last sign of life, by the store's clock.
    pub heard: Option<Timestamp>,
}

/// The runs below an address, of at most so many the newest, the newest first; and how many there are.
pub async fn below(bucket: &Bucket, limit: usize) -> Result<(Vec<Listed>, usize), StoreError> {
    let keys = bucket.list().await?;
    let is_start = |(key, mark): (&String, &Mark)| {
        let run = key.strip_suffix(START)?;
        (run.is_empty() || run.ends_with('/')).then(|| (run.to_owned(), mark.written))
    };
    let mut runs: Vec<(String, Timestamp)> = keys.iter().filter_map(is_start).collect();
    runs.sort_by_key(|(_, began)| std::cmp::Reverse(*began));
    let all = runs.len();
    let mut listed = Vec::new();
    for (run, _) in runs.into_iter().take(limit) {
        // One that is written over at this moment, or is none of ours, does not hide the others.
        if let Ok(Some(start)) = board::read::<Start>(bucket, &format!("{run}{START}")).await {
            listed.push(Listed::new(bucket.address_of(&run), start, &of_run(&keys, &run)));
        }
    }
    Ok((listed, all))
}

/// The objects of a run, by their keys in it.
fn of_run<'k>(keys: &'k BTreeMap<String, Mark>, run: &str) -> BTreeMap<&'k str, &'k Mark> {
    let from = keys.range(run.to_owned()..);
    from.map_while(|(key, mark)| Some((key.strip_prefix(run)?, mark))).collect()
}

impl Listed {
    fn new(address: String, start: Start, objects: &BTreeMap<&str, &Mark>) -> Self {
        let below = |folder: &'static str| objects.iter().filter(move |(key, _)| key.starts_with(folder));
        Self {
            address,
            start,
            ended: below("ends/").count(),
            machines: below("beats/").count(),
            is_cancelled: objects.contains_key(CANCELLED),
            heard: below("beats/").map(|(_, mark)| mark.written).max(),
        }
    }

    /// Where it stands, in a few words.
    pub fn standing(&self) -> String {
        let all = self.start.nodes.len();
        if self.ended == all {
            return "all has ended".to_owned();
        }
        let heard = self.heard.map_or(String::new(), |heard| {
            format!(", last sign of life {}", heard.strftime("%Y-%m-%dT%H:%M:%SZ"))
        });
        let cancelled = if self.is_cancelled { "cancelled, " } else { "" };
        format!("{cancelled}{} of {all} ended{heard}", self.ended)
    }
}
