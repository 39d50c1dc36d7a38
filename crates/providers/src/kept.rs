//! Whoever tells a keeper what to serve.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_support::children::AtWork;
use slipway_support::process::program;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::error::ProviderError;
use super::keeper::{Order, Said, line};
use super::lease::{VARIABLE, Wanted};

/// A keeper that was started beside us: when this and all that it serves is dropped, it ends.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    orders: UnboundedSender<Order>,
    waiting: Arc<Mutex<Waiting>>,
    commands: AtomicU64,
}

/// Those who wait for an answer; none once there will be none any more.
type Waiting = Option<HashMap<u64, oneshot::Sender<Result<String, String>>>>;

/// What one command of a tool is served by, until this is dropped.
#[derive(Debug)]
pub struct Served {
    keeper: Keeper,
    id: u64,
    value: String,
}

impl Served {
    /// The variable that the tool has to get, and its value.
    pub fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.value)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.keeper.0.orders.send(Order::End { id: self.id });
    }
}

impl Keeper {
    /// Starts this same program again, with the words that make it [`keep`](super::keep); `tell` hears what it decides.
    pub fn start(words: &[&str], tell: impl Fn(&str) + Send + 'static) -> Result<Self, ProviderError> {
        let mut command = Command::from(program("/proc/self/exe"));
        // It goes on where we are killed, and nobody should wait for it who reads what we print.
        command.args(words).process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let at_work = AtWork::group(child.id());
        let (orders, given) = unbounded_channel();
        let waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        if let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
            tokio::spawn(hand_over(given, stdin));
            let waiting = Arc::clone(&waiting);
            tokio::spawn(async move {
                listen(stdout, &waiting, tell).await;
                let _ended = child.wait().await;
                drop(at_work);
            });
        }
        Ok(Self(Arc::new(Shared { orders, waiting, commands: AtomicU64::new(0) })))
    }

    /// Has one command of a tool served with these providers.
    pub async fn serve(&self, wanted: Vec<Wanted>) -> Result<Served, ProviderError> {
        let id = self.0.commands.fetch_add(1, Ordering::SeqCst);
        let (tell, told) = oneshot::channel();
        let gone = || ProviderError::Keeper("it has ended".to_owned());
        waiting(&self.0.waiting).as_mut().ok_or_else(gone)?.insert(id, tell);
        // From here on it is ended when nobody waits for it any more.
        let mut served = Served { keeper: self.clone(), id, value: String::new() };
        self.0.orders.send(Order::Serve { id, wanted }).map_err(|_| gone())?;
        served.value = told.await.map_err(|_| gone())?.map_err(ProviderError::Keeper)?;
        Ok(served)
    }
}

fn waiting(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn hand_over(mut orders: UnboundedReceiver<Order>, mut stdin: ChildStdin) {
    while let Some(order) = orders.recv().await {
        if stdin.write_all(&line(&order)).await.is_err() {
            return;
        }
    }
}

async fn listen(stdout: ChildStdout, waits: &Mutex<Waiting>, tell: impl Fn(&str) + Send + 'static) {
    let mut lines = BufReader::new(stdout).lines();
    let answer = |id, answer| {
        let waits = waiting(waits).as_mut().and_then(|waits| waits.remove(&id));
        // Whoever waited may have given up.
        let _gone = waits.map(|waits| waits.send(answer));
    };
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Said::Served { id, value }) => answer(id, Ok(value)),
            Ok(Said::Refused { id, why }) => answer(id, Err(why)),
            Ok(Said::Told { text }) => tell(&text),
            Err(error) => tell(&format!("the keeper of providers says what cannot be read: {error}")),
        }
    }
    waiting(waits).take();
}
