//! The reports that the jobs of a run have left, for the one comment of all of them.

use std::path::Path;

use super::host::Host;
use super::reviewed::ReviewedError;
use crate::engine::source::archive::{Kind, unpack};
use crate::support::interrupt::Waiting;

/// How what has a report is called, before the name of its job.
pub const REPORT: &str = "report-";
/// How much one may be, packed, in bytes.
const LARGEST: u64 = 8 << 20;
/// No platform has more jobs that plan.
const MOST: usize = 1_000;

/// Brings the reports of a run, each into a folder below `to` that is called as what was left; returns how many there are.
pub async fn bring(forge: &Host, run: u64, to: &Path) -> Result<usize, ReviewedError> {
    let mut all = forge.artifacts(run).await?;
    let is_plain =
        |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    all.retain(|artifact| {
        artifact.name.starts_with(REPORT) && is_plain(&artifact.name) && !artifact.is_expired
    });
    // Of one name the newest: a job that ran again has left it again.
    all.sort_by(|a, b| a.name.cmp(&b.name).then(b.id.cmp(&a.id)));
    all.dedup_by(|a, b| a.name == b.name);
    all.truncate(MOST);
    for artifact in &all {
        let packed = to.join(format!("{}.zip", artifact.name));
        forge.save(artifact, &packed, LARGEST).await?;
        let waiting = Waiting::default();
        unpack(&packed, Kind::Zip, &artifact.name, &to.join(&artifact.name), &waiting.given_up())?;
    }
    Ok(all.len())
}
