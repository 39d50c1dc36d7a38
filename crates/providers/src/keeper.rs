//! The pool in a process of its own, which goes on where we are killed.
//!
//! A tool that is applying something has to come to its end whatever becomes of us: what it has made and not yet written
//! down would be lost. It cannot without its providers. So they are kept by a process beside us: it serves what it is
//! told to on its standard input, and when that ends it goes on until the tools have ended that it serves.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::error::ProviderError;
use super::lease::{Lease, Wanted};
use super::pool::Pool;

/// How often it is looked whether tools still work, once nobody gives orders any more.
const LOOK: Duration = Duration::from_millis(200);
/// How long a tool may be without any connection before it is taken for one that has ended: it connects soon, and keeps a connection until it ends.
const QUIET: Duration = Duration::from_secs(10);

/// What a keeper is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Serve a command of a tool.
    Serve {
        /// By which it is ended.
        id: u64,
        /// With these.
        wanted: Vec<Wanted>,
    },
    /// That command has ended.
    End {
        /// Which.
        id: u64,
    },
}

/// What a keeper says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// A command is served.
    Served {
        /// Which.
        id: u64,
        /// The value of the variable that its tool gets.
        value: String,
    },
    /// It is not.
    Refused {
        /// Which.
        id: u64,
        /// Why.
        why: String,
    },
    /// Something was decided.
    Told {
        /// What.
        text: String,
    },
}

/// Keeps providers as it is told by `orders`, and says what comes of it, until the orders have ended, and the tools after them.
pub async fn keep(
    orders: impl AsyncRead + Unpin,
    answers: impl AsyncWrite + Unpin + Send + 'static,
) -> Result<(), ProviderError> {
    let (say, mut said) = unbounded_channel();
    let mut answers = answers;
    let saying = tokio::spawn(async move {
        while let Some(said) = said.recv().await {
            // Whoever gave the orders may be gone, which is no reason to end.
            let _gone = answers.write_all(&line(&said)).await;
        }
    });
    let telling = say.clone();
    let pool = Pool::new(move |text: &str| {
        let _gone = telling.send(Said::Told { text: text.to_owned() });
    })?;
    let leases = obey(orders, &pool, &say).await;
    until_quiet(&leases).await;
    drop(leases);
    pool.end().await;
    drop((pool, say));
    let _said = saying.await;
    Ok(())
}

/// A line of the conversation.
pub(super) fn line(said: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(said).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Does as it is told until nobody tells anything any more; returns what is served then.
async fn obey(orders: impl AsyncRead + Unpin, pool: &Pool, say: &UnboundedSender<Said>) -> Vec<Lease> {
    let mut orders = BufReader::new(orders).lines();
    let mut leases: HashMap<u64, Option<Lease>> = HashMap::new();
    let mut beginning = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.next_line() => {
                let Ok(Some(order)) = order else { break };
                match serde_json::from_str(&order) {
                    Ok(Order::Serve { id, wanted }) => {
                        leases.insert(id, None);
                        let pool = pool.clone();
                        beginning.spawn(async move { (id, pool.serve(wanted).await) });
                    }
                    Ok(Order::End { id }) => {
                        leases.remove(&id);
                    }
                    Err(error) => {
                        let _gone = say.send(Said::Told { text: format!("an order cannot be read: {error}") });
                    }
                }
            }
            Some(Ok((id, begun))) = beginning.join_next() => {
                let said = match begun {
                    Ok(lease) => {
                        let value = lease.variable().1.to_owned();
                        // It may have been ended before it began.
                        if let Some(place) = leases.get_mut(&id) {
                            *place = Some(lease);
                        }
                        Said::Served { id, value }
                    }
                    Err(error) => Said::Refused { id, why: error.to_string() },
                };
                let _gone = say.send(said);
            }
        }
    }
    leases.into_values().flatten().collect()
}

/// Returns when the tools have ended that are served.
async fn until_quiet(leases: &[Lease]) {
    let mut since = Instant::now();
    let mut seen = false;
    loop {
        let is_used = leases.iter().any(Lease::is_used);
        if is_used {
            (since, seen) = (Instant::now(), true);
        }
        // One that was seen at work holds its connections until its end.
        let is_over = !is_used && (leases.is_empty() || seen || since.elapsed() > QUIET);
        if is_over {
            return;
        }
        sleep(LOOK).await;
    }
}
