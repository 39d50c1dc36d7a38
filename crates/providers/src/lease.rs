//! What one command of a tool is served by: a socket a provider, and the variable that names them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use slipway_support::path_text;
use tokio::net::UnixListener;
use tokio::task::{JoinHandle, JoinSet};

use super::connection::{Unit, serve};
use super::error::ProviderError;
use super::place::Folder;
use super::pool::Pool;
use super::process::Spec;
use super::relative::{is_of, works_in_its_folder};

/// The variable by which tools are told of providers that run already.
pub(super) const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// A provider that a tool is to have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wanted {
    /// Its source with the host, such as `registry.terraform.io/hashicorp/aws`.
    pub source: String,
    /// Its program.
    #[serde(with = "path_text::serde_path")]
    pub program: PathBuf,
    /// What tells this program from all others, such as a digest of it: units share processes of one identity.
    pub identity: String,
    /// All of the environment that it may see.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder that the tool works in.
    #[serde(with = "path_text::serde_path")]
    pub dir: PathBuf,
    /// Names among which are those of all types of resources, data sources and ephemeral resources that the tool can meet; none where
    /// that is not known, and the tool is told of all types.
    pub types: Option<BTreeSet<String>>,
}

/// What one command of a tool is served by, until this is dropped.
#[derive(Debug)]
pub struct Lease {
    value: String,
    listening: Vec<JoinHandle<()>>,
    units: Vec<Arc<Unit>>,
    _sockets: Folder,
}

impl Lease {
    /// The variable that the tool has to get, and its value.
    pub fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.value)
    }

    /// Whether a tool has a connection.
    pub fn is_used(&self) -> bool {
        self.units.iter().any(|unit| unit.connections.load(Ordering::SeqCst) > 0)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.listening.iter().for_each(JoinHandle::abort);
        for unit in &self.units {
            // Nobody else has use for them.
            if unit.own_dir().is_some() {
                unit.program.forget(&unit.dir);
            }
        }
    }
}

impl Pool {
    /// Serves one command of a tool with these providers.
    pub async fn serve(&self, wanted: Vec<Wanted>) -> Result<Lease, ProviderError> {
        let sockets = self.shared().place.folder()?;
        let each = wanted.into_iter().enumerate().map(|(index, wanted)| {
            let socket = sockets.path().join(index.to_string());
            self.serve_one(wanted, socket)
        });
        let mut providers = Map::new();
        let (mut listening, mut units) = (Vec::new(), Vec::new());
        let served = try_join_all(each).await?;
        for Served { unit, protocol, socket, listener } in served {
            providers.insert(
                unit.name.clone(),
                json!({
                    "Protocol": "grpc",
                    "ProtocolVersion": protocol,
                    "Pid": std::process::id(),
                    // So that the tool does not end the process of that number, which is ours.
                    "Test": true,
                    "Addr": { "Network": "unix", "String": socket },
                }),
            );
            units.push(Arc::clone(&unit));
            listening.push(tokio::spawn(listen(listener, unit)));
        }
        Ok(Lease { value: Value::Object(providers).to_string(), listening, units, _sockets: sockets })
    }

    async fn serve_one(&self, wanted: Wanted, socket: PathBuf) -> Result<Served, ProviderError> {
        let Wanted { source, program, identity, environment, dir, types } = wanted;
        let works_there = works_in_its_folder(&source)
            || environment.iter().any(|(_, value)| {
                // A variable may hold anything: a word that is a file's name by chance is none.
                value.to_str().is_some_and(|value| value.starts_with('.') && is_of(&dir, value))
            });
        let shared = Arc::clone(self.shared());
        let program = shared.program(&identity, Spec { name: source.clone(), program, environment });
        let unit = Arc::new(Unit {
            id: shared.next_unit(),
            name: source,
            dir,
            types,
            program,
            shared,
            works_there: AtomicBool::new(works_there),
            connections: AtomicUsize::new(0),
        });
        let protocol = unit.program.protocol(unit.own_dir().as_deref()).await?;
        let listener = UnixListener::bind(&socket)?;
        Ok(Served { unit, protocol, socket, listener })
    }
}

struct Served {
    unit: Arc<Unit>,
    protocol: u32,
    socket: PathBuf,
    listener: UnixListener,
}

async fn listen(listener: UnixListener, unit: Arc<Unit>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let unit = Arc::clone(&unit);
                    unit.connections.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(async move {
                        serve(stream, Arc::clone(&unit)).await;
                        unit.connections.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                // Too many files are open: those who wait are let in when there are fewer.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
