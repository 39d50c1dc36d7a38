//! The places where units keep their states: each once, with how many keep theirs there.

use futures::StreamExt;

use super::estate::Here;
use super::finding::{Finding, Verdict};
use super::{AT_ONCE, Asks, BOUND};
use crate::engine::{EngineError, OfAws, StateLook, StateStore, StorePlace};
use crate::support::counted::plural;

const WHAT: &str = "state";

/// Asks for each of them, several at once.
pub async fn findings(asks: Asks, here: &Here) -> Vec<Finding> {
    let stores = here.known.as_ref().map(|known| known.stores.as_slice()).unwrap_or_default();
    let look = StateLook::default();
    let ask = |store| finding(asks, &look, store);
    futures::stream::iter(stores).map(ask).buffered(AT_ONCE).collect().await
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
    let is_here = matches!(store.place, StorePlace::Folder(_));
    if let Some(not_asked) = asks.nobody().filter(|_| !is_here) {
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
