//! Where the sockets of a pool are, and which of its processes have not ended.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_support::confined::{PRIVATE_FOLDER, Root};
use slipway_support::scratch::Scratch;
use tokio::sync::watch;
use tokio::time::timeout;

use super::error::ProviderError;

/// Whoever works there may look, and make nothing.
const NOTHING_TO_MAKE: u32 = 0o500;
/// How long processes may take to end that were killed.
const ENDING: Duration = Duration::from_secs(2);

/// How a process has ended, once it has.
pub type Ending = watch::Receiver<Option<String>>;

/// Whoever is told what is decided.
pub type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// A folder that nobody else can enter, gone with the last of those who have something in it.
pub struct Place {
    root: Root,
    made: AtomicUsize,
    started: AtomicUsize,
    tell: Tell,
    /// The processes by their numbers, and how each has ended, once it has.
    processes: Mutex<Vec<(u32, Ending)>>,
    _scratch: Scratch,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.root.path()).finish()
    }
}

/// A folder in it, gone when this is dropped.
#[derive(Debug)]
pub struct Folder {
    place: Arc<Place>,
    name: PathBuf,
    path: PathBuf,
}

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is taken away with all of it.
        let _gone = self.place.root.remove_all(&self.name);
    }
}

impl Place {
    /// An empty one. Its name is short: those of sockets may have some hundred bytes.
    pub fn new(tell: Tell) -> Result<Arc<Self>, ProviderError> {
        let scratch = Scratch::new("p")?;
        let root = Root::at(scratch.path())?;
        root.folder(Path::new("nowhere"), PRIVATE_FOLDER)?;
        root.set_mode(Path::new("nowhere"), NOTHING_TO_MAKE)?;
        Ok(Arc::new(Self {
            root,
            made: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            tell,
            processes: Mutex::default(),
            _scratch: scratch,
        }))
    }

    /// Tells what was decided.
    pub fn tell(&self, text: &str) {
        (self.tell)(text);
    }

    /// A new folder in it.
    pub fn folder(self: &Arc<Self>) -> Result<Folder, ProviderError> {
        let name = PathBuf::from(self.made.fetch_add(1, Ordering::SeqCst).to_string());
        let path = self.root.folder(&name, PRIVATE_FOLDER)?.path().to_owned();
        Ok(Folder { place: Arc::clone(self), name, path })
    }

    /// An empty folder, in which those work that belong to no unit.
    pub fn nowhere(&self) -> PathBuf {
        self.root.path().join("nowhere")
    }

    /// Notes a process, with how it ends.
    pub fn started(&self, process: u32, ending: Ending) {
        self.started.fetch_add(1, Ordering::SeqCst);
        let mut processes = self.at_work();
        processes.push((process, ending));
    }

    /// The processes that have not ended.
    pub fn processes(&self) -> Vec<u32> {
        self.at_work().iter().map(|(process, _)| *process).collect()
    }

    fn at_work(&self) -> MutexGuard<'_, Vec<(u32, Ending)>> {
        let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes.retain(|(_, ending)| ending.borrow().is_none());
        processes
    }

    /// How many processes were started.
    pub fn how_many(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    /// Waits until all have ended, which were told to.
    pub async fn ended(&self) {
        let processes = std::mem::take(&mut *self.at_work());
        let all = futures::future::join_all(processes.into_iter().map(|(_, mut ending)| async move {
            let _known_or_lost = ending.wait_for(Option::is_some).await;
        }));
        let _enough = timeout(ENDING, all).await;
    }
}
