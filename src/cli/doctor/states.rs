//! The places where units keep their states: each once, with how many keep theirs there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::StreamExt;

use super::asking::{AT_ONCE, Asks, BOUND};
use super::estate::Here;
use super::finding::{Finding, Verdict};
use crate::engine::{EngineError, OfAws, StateLook, StateStore, StorePlace};
use crate::support::counted::plural;

const WHAT: &str = "state";

/// Asks for each of them, several at once.
pub async fn findings(asks: Asks, here: &Here) -> Vec<Finding> {
    let stores = here.known.as_ref().map(|known| known.stores.as_slice()).unwrap_or_default();
    let look = StateLook::default();
    let (folders, others): (Vec<&StateStore>, Vec<_>) =
        stores.iter().partition(|store| matches!(store.place, StorePlace::Folder(_)));
    let ask = |store| finding(asks, &look, store);
    let others: Vec<Finding> = futures::stream::iter(others).map(ask).buffered(AT_ONCE).collect().await;
    let mut findings = in_folders(&look, &folders).await;
    findings.extend(others);
    findings
}

/// Folders of this machine: there may be one a unit, so those of which the same is to be said are told together.
async fn in_folders(look: &StateLook, stores: &[&StateStore]) -> Vec<Finding> {
    let mut alike: BTreeMap<Option<String>, (Option<String>, Vec<&StateStore>)> = BTreeMap::new();
    for store in stores {
        let error = look.at(store).await.err();
        let help = error.as_ref().and_then(EngineError::advice);
        let (_, told) = alike.entry(error.map(|error| error.to_string())).or_insert((help, Vec::new()));
        told.push(store);
    }
    let finding = |(error, (help, stores)): (Option<String>, (Option<String>, Vec<&StateStore>))| {
        let units: usize = stores.iter().map(|store| store.units).sum();
        let folders: Vec<&Path> = stores.iter().filter_map(|store| folder_of(store)).collect();
        let counted = match folders.len() {
            1 => format!("{units} {}", plural(units, "unit")),
            many => format!("{units} {} in {many} folders", plural(units, "unit")),
        };
        let named = folders.into_iter().map(Path::to_path_buf).reduce(|one, other| common(&one, &other));
        let finding = match error {
            None => Finding::new(WHAT, Verdict::Ok, counted),
            Some(error) => Finding::missing(WHAT, format!("{counted}: {error}")).perhaps_help(help),
        };
        finding.named(named.unwrap_or_default().display().to_string())
    };
    alike.into_iter().map(finding).collect()
}

fn folder_of(store: &StateStore) -> Option<&Path> {
    if let StorePlace::Folder(folder) = &store.place { Some(folder) } else { None }
}

/// The folder that two have in common.
fn common(one: &Path, other: &Path) -> PathBuf {
    let parts = one.components().zip(other.components()).take_while(|(one, other)| one == other);
    parts.map(|(part, _)| part).collect()
}

async fn finding(asks: Asks, look: &StateLook, store: &StateStore) -> Finding {
    let units = format!("{} {}", store.units, plural(store.units, "unit"));
    let told = |verdict, detail: String| Finding::new(WHAT, verdict, detail);
    let named = match &store.place {
        StorePlace::Bucket(bucket) => format!("s3://{}", bucket.name),
        StorePlace::LockTable(table) => format!("lock table {}", table.name),
        StorePlace::Folder(folder) => folder.display().to_string(),
        StorePlace::AsSomebodyElse { bucket, setting } => {
            let detail = format!("{units}: only the tool can be whom {setting} names");
            let finding = told(Verdict::Unknown, detail);
            return match bucket {
                Some(bucket) => finding.named(format!("s3://{bucket}")),
                None => finding,
            };
        }
        StorePlace::Backend(backend) => {
            return told(Verdict::Optional, format!("{units}: only the tool asks this backend"))
                .named(backend);
        }
        StorePlace::ByModule => {
            return told(
                Verdict::Optional,
                format!("{units} where the module says, else under .slipway/work"),
            );
        }
        StorePlace::Unknown => {
            let detail = format!("{units}: where rests on outputs, or on what is not started or asked here");
            return told(Verdict::Unknown, detail);
        }
    };
    if let Some(not_asked) = asks.nobody() {
        return told(Verdict::Optional, format!("{units}, {not_asked}")).named(named);
    }
    match tokio::time::timeout(BOUND, look.at(store)).await {
        Ok(Ok(())) => told(Verdict::Ok, format!("{units}{}", whose(&store.place))).named(named),
        Ok(Err(error)) => refused(store, &units, &error).named(named),
        Err(_) => {
            let detail = format!("{units}: no answer within {} s", BOUND.as_secs());
            let help = "check the network, the region and AWS_ENDPOINT_URL";
            told(Verdict::Missing, detail).help(help).named(named)
        }
    }
}

/// Where it is, and as whom it is used.
fn whose(place: &StorePlace) -> String {
    let (StorePlace::Bucket(OfAws { region, role, .. }) | StorePlace::LockTable(OfAws { region, role, .. })) =
        place
    else {
        return String::new();
    };
    let role = role.as_ref().map(|role| format!(", as {role}")).unwrap_or_default();
    format!(" in {region}{role}")
}

fn refused(store: &StateStore, units: &str, error: &EngineError) -> Finding {
    // To lock by a table does not take the permission to look at it.
    let verdict = match (&store.place, error) {
        (StorePlace::LockTable(_), EngineError::Table { .. }) => Verdict::Unknown,
        _ => Verdict::Missing,
    };
    let detail = format!("{units}{}: {error}", whose(&store.place));
    Finding::new(WHAT, verdict, detail).perhaps_help(error.advice())
}
