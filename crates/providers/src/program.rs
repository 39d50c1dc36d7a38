//! The processes out of one program in one environment: one that nobody has configured, and those that were.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::error::ProviderError;
use super::exchange::Reply;
use super::methods;
use super::place::Place;
use super::process::{Entered, Process, Spec};
use super::protobuf::{has_errors, is_schema_optional};
use super::statics::{EMPTY, NotForGood, Statics};
use super::users::Users;

/// The field of an answer to a configuration that says what is wrong with it.
const DIAGNOSTICS: u32 = 1;

/// A digest of what a provider was configured by.
type Key = [u8; 32];

/// A program in an environment.
#[derive(Debug)]
pub struct Program {
    spec: Spec,
    place: Arc<Place>,
    statics: Statics,
    protocol: OnceCell<u32>,
    /// By the folder that their processes work in; of those that units share there is none.
    rooms: Mutex<HashMap<Option<PathBuf>, Arc<Room>>>,
}

/// Those of its processes that work in one folder.
#[derive(Debug)]
pub struct Room {
    program: Arc<Program>,
    dir: Option<PathBuf>,
    unconfigured: tokio::sync::Mutex<Option<Arc<Process>>>,
    configured: Mutex<HashMap<Key, Arc<OnceCell<Arc<Configured>>>>>,
}

/// A process with its configuration.
#[derive(Debug)]
pub struct Configured {
    /// The process.
    pub process: Arc<Process>,
    /// What it answered to its configuration: others who give it the same are answered the same.
    pub reply: Reply,
    /// Who uses it.
    pub users: Users,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its message, with its frame.
    pub body: Bytes,
}

/// Why nothing is configured.
#[derive(Debug)]
pub enum NotConfigured {
    /// The provider's own answer.
    Reply(Reply),
    /// It has given none.
    Failed(ProviderError),
}

impl Program {
    /// Nothing is started yet.
    pub fn new(spec: Spec, place: Arc<Place>) -> Arc<Self> {
        Arc::new(Self {
            spec,
            place,
            statics: Statics::default(),
            protocol: OnceCell::new(),
            rooms: Mutex::default(),
        })
    }

    /// The version of the protocol that it speaks; it is started for that, where it was not before.
    pub async fn protocol(self: &Arc<Self>, dir: Option<&Path>) -> Result<u32, ProviderError> {
        let learn = || async { Ok(self.room(dir).unconfigured().await?.protocol) };
        self.protocol.get_or_try_init(learn).await.copied()
    }

    /// The processes that work in a folder.
    pub fn room(self: &Arc<Self>, dir: Option<&Path>) -> Arc<Room> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Room {
            program: Arc::clone(self),
            dir: dir.map(Path::to_owned),
            unconfigured: tokio::sync::Mutex::default(),
            configured: Mutex::default(),
        };
        Arc::clone(rooms.entry(dir.map(Path::to_owned)).or_insert_with(|| Arc::new(made())))
    }

    /// Forgets the processes that work in a folder; those go that nobody is at.
    pub fn forget(&self, dir: &Path) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).remove(&Some(dir.to_owned()));
    }

    /// Forgets all of them.
    pub fn forget_all(&self) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The processes that nobody uses now, with since when.
    pub fn idle(&self) -> Vec<(Option<Instant>, Arc<Room>, Key)> {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |room: &Arc<Room>| {
            room.idle().into_iter().map(|(left, key)| (left, Arc::clone(room), key)).collect::<Vec<_>>()
        };
        rooms.values().flat_map(of).collect()
    }
}

impl Room {
    /// A process that nobody has configured, for one call.
    pub async fn unconfigured(&self) -> Result<Entered, ProviderError> {
        let mut unconfigured = self.unconfigured.lock().await;
        if let Some(process) = unconfigured.as_ref().filter(|process| process.is_alive()) {
            return Ok(process.enter());
        }
        let process = self.start().await?;
        let entered = process.enter();
        *unconfigured = Some(process);
        Ok(entered)
    }

    /// The process that was configured by this call, which is done where there is none.
    pub async fn configured(&self, question: &Question) -> Result<Arc<Configured>, NotConfigured> {
        let mut digest = Sha256::new();
        digest.update(&question.path);
        digest.update([0]);
        digest.update(&question.body);
        let key: Key = digest.finalize().into();
        let cell = {
            let mut known = self.configured.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, cell| cell.get().is_none_or(|configured| configured.is_usable()));
            Arc::clone(known.entry(key).or_default())
        };
        cell.get_or_try_init(|| self.configure(question)).await.map(Arc::clone)
    }

    async fn configure(&self, question: &Question) -> Result<Arc<Configured>, NotConfigured> {
        let process = self.take_or_start().await.map_err(NotConfigured::Failed)?;
        let Question { path, headers, body } = question;
        let reply = process.ask(path, headers, body.clone()).await.map_err(NotConfigured::Failed)?;
        // A process is configured once. Whoever tries again gets another one.
        match reply.told() {
            Some(told) if !has_errors(told, DIAGNOSTICS) => {
                Ok(Arc::new(Configured { process, reply, users: Users::default() }))
            }
            _ => Err(NotConfigured::Reply(reply)),
        }
    }

    /// The process that nobody has configured, where it is at nothing; else a new one.
    async fn take_or_start(&self) -> Result<Arc<Process>, ProviderError> {
        let taken = {
            let mut unconfigured = self.unconfigured.lock().await;
            unconfigured.take_if(|process| process.is_idle() && process.is_alive())
        };
        match taken {
            Some(process) => Ok(process),
            None => self.start().await,
        }
    }

    async fn start(&self) -> Result<Arc<Process>, ProviderError> {
        let program = &self.program;
        let dir = self.dir.clone().unwrap_or_else(|| program.place.nowhere());
        let process = Process::start(&program.place, &program.spec, &dir).await?;
        let path = methods::schema(process.protocol);
        let schema = program.statics.known(path);
        let is_optional = schema.as_ref().and_then(Reply::told).is_some_and(is_schema_optional);
        if schema.is_some() && !is_optional {
            // It may make itself ready by that question, which is not asked by anybody else any more.
            process.ask(path, &super::exchange::said(), Bytes::from_static(EMPTY)).await?;
        }
        Ok(process)
    }

    /// What the program answers always the same.
    pub async fn static_answer(&self, question: &Question) -> Result<Reply, ProviderError> {
        let Question { path, headers, body } = question;
        let ask = || async { self.unconfigured().await?.ask(path, headers, body.clone()).await };
        match self.program.statics.answer(path, body, ask).await {
            Ok(reply) => Ok(reply),
            Err(NotForGood::Reply(reply)) => Ok(*reply),
            Err(NotForGood::Failed(error)) => Err(error),
        }
    }

    fn idle(&self) -> Vec<(Option<Instant>, Key)> {
        let configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = configured.iter().filter_map(|(key, cell)| {
            let known = cell.get().filter(|configured| Arc::strong_count(configured) == 1)?;
            Some((known.users.left(), *key))
        });
        idle.collect()
    }

    /// Lets go of a configured process.
    pub fn let_go(&self, key: &Key) {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Configured {
    /// Whether others may begin to use it.
    pub fn is_usable(&self) -> bool {
        self.process.is_alive() && !self.users.is_over()
    }
}
