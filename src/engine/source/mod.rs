//! Where modules come from: this machine, Git, registries, web servers and buckets.
//!
//! The rules of what a `source` means are Terragrunt's and go-getter's. What is fetched is fetched once, kept by its
//! content and shared; see `cache.rs`. What cannot be asked for because the network is down is taken from there, where
//! its address by custom stays what it was: a commit, a version, a tag, an archive. Branches are not.

mod address;
pub mod archive;
mod cache;
mod cli_config;
mod download;
mod error;
mod git;
pub(in crate::engine) mod kept;
mod named;
mod netrc;
mod registry;
mod s3;
pub(super) mod share;
mod stack;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::OnceCell;

use self::address::{FileOptions, GitPlace, Place, RegistryPlace, Source};
use self::archive::Kind;
pub(super) use self::cache::files as files_of;
use self::cache::{Cache, Entry, Found, blocking};
pub use self::error::SourceError;
use self::registry::Registries;
pub use self::stack::StackSources;
use super::s3::S3Clients;
use super::{EngineError, Session};
use crate::support::environment::variable;
use crate::support::git::short;
use crate::support::interrupt::Stop;
use crate::support::paths::clean;
use crate::support::web::{Web, WebError};
use crate::terragrunt::config::UnitConfig;

/// A module that is on this machine by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The folder that is brought together for the unit: what stands before `//`.
    pub root: PathBuf,
    /// The folder under it that is run.
    pub module: PathBuf,
    /// Whether the files belong to all units, and must not be written: they are in the cache.
    pub shared: bool,
}

impl Fetched {
    /// The folder with the module itself.
    pub fn folder(&self) -> PathBuf {
        clean(&self.root.join(&self.module))
    }
}

/// What accompanies a fetch.
#[derive(Clone, Copy)]
pub struct FetchOptions<'a> {
    /// The registry that an address without a host means.
    pub registry: &'a str,
    /// Takes what a person may want to know, for the unit's log.
    pub note: &'a (dyn Fn(&str) + Send + Sync),
}

impl std::fmt::Debug for FetchOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchOptions").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// Fetches modules: each once a run, whoever asks for it.
pub struct Sources {
    cache: Cache,
    web: Web,
    registries: Registries,
    s3: Arc<S3Clients>,
    fetched: Mutex<HashMap<String, Arc<OnceCell<PathBuf>>>>,
    started: SystemTime,
}

impl Sources {
    /// `home` is the folder for what is kept between runs, usually `.slipway`.
    pub fn new(home: &Path) -> Self {
        Self::with_clients(home, Arc::default())
    }

    /// Sources that ask S3 with the clients of a run.
    pub(super) fn with_clients(home: &Path, s3: Arc<S3Clients>) -> Self {
        Self {
            cache: Cache::new(home),
            web: Web::default(),
            registries: Registries::default(),
            s3,
            fetched: Mutex::default(),
            started: SystemTime::now(),
        }
    }

    /// The folder behind `//` of a source, which needs no fetching.
    pub fn module_folder(text: &str, base: &Path) -> Result<PathBuf, SourceError> {
        Ok(Source::parse(text, base)?.module)
    }

    /// The folder of a source that is one of this machine, where it is there.
    pub fn local_module(text: &str, base: &Path) -> Option<PathBuf> {
        let source = Source::parse(text, base).ok()?;
        let Place::Local(root) = source.place else { return None };
        Some(clean(&root.join(source.module))).filter(|folder| folder.is_dir())
    }

    /// Brings a source to this machine. `text` is as written in a `source`, relative paths are seen from `base`.
    pub async fn fetch(
        &self,
        text: &str,
        base: &Path,
        options: FetchOptions<'_>,
    ) -> Result<Fetched, SourceError> {
        let address = Source::parse(text, base)?;
        let (root, shared) = match &address.place {
            Place::Local(path) if path.is_dir() => (path.clone(), false),
            Place::Local(path) => match Kind::of(None, &path.to_string_lossy()) {
                Some(kind) if path.is_file() => (self.local_archive(path, kind).await?, true),
                _ => return Err(missing(text, &clean(&path.join(&address.module)))),
            },
            place => (self.once(place, options).await?, true),
        };
        let fetched = Fetched { root, module: address.module, shared };
        if fetched.folder().is_dir() {
            Ok(fetched)
        } else if shared {
            Err(SourceError::ModuleMissing { source_text: text.into(), folder: fetched.module })
        } else {
            Err(missing(text, &fetched.folder()))
        }
    }

    /// The module of a unit on this machine; without a source its own folder is the module. `tool` is `terraform` or
    /// `tofu`, which have registries of their own.
    pub async fn of_unit(
        &self,
        config: &UnitConfig,
        tool: &str,
        session: Session<'_>,
    ) -> Result<Fetched, EngineError> {
        let source = config.source();
        let Some(text) = source else {
            return Ok(Fetched { root: config.dir.clone(), module: PathBuf::new(), shared: false });
        };
        let (registry, note) = (default_registry(tool), |line: &str| session.watcher.line(line));
        let options = FetchOptions { registry: &registry, note: &note };
        tokio::select! {
            fetched = self.fetch(text, &config.dir, options) => Ok(fetched?),
            // Nothing is half there: what was fetched so far is thrown away by the next run.
            () = session.interrupts.reached(Stop::Interrupt) => {
                Err(EngineError::Interrupted { command: "fetching the source".to_owned() })
            }
        }
    }

    /// One fetch a run for all who want the same.
    async fn once(&self, place: &Place, options: FetchOptions<'_>) -> Result<PathBuf, SourceError> {
        let cell = {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fetched.entry(name(place, options.registry)).or_default())
        };
        cell.get_or_try_init(|| self.obtain(place, options)).await.cloned()
    }

    async fn obtain(&self, place: &Place, options: FetchOptions<'_>) -> Result<PathBuf, SourceError> {
        let found = match place {
            Place::Local(path) => return Ok(path.clone()),
            Place::Git(place) => self.git(place, options).await?,
            Place::Registry(place) => self.registry(place, options).await?,
            Place::Http(http) => self.conditional(place, &name(place, ""), &http.file, options).await?,
            Place::S3(s3) => self.conditional(place, &name(place, ""), &s3.file, options).await?,
        };
        Ok(found.folder)
    }

    async fn git(&self, place: &GitPlace, options: FetchOptions<'_>) -> Result<Found, SourceError> {
        let shown = place.shown();
        let reference = place.reference.as_deref().unwrap_or("HEAD");
        let url = place.remote.url();
        let key = |commit: &str| format!("git {url} {commit}");
        if git::whole_commit(reference)
            && let Some(found) = self.cache.find(&key(&reference.to_ascii_lowercase())).await?
        {
            return Ok(found);
        }
        let asked = format!("git {url} ref {reference}");
        let revision = match git::resolve(place).await {
            Ok(revision) => revision,
            Err(error) if error.is_unreachable() => {
                let Some(commit) = self.cache.noted(&asked) else { return Err(error) };
                let Some(found) = self.cache.find(&key(&commit)).await? else { return Err(error) };
                (options.note)(&format!("{error}; {reference} is taken as it was: {}", short(&commit)));
                return Ok(found);
            }
            Err(error) => return Err(error),
        };
        if let (Some(commit), true) = (&revision.commit, revision.is_tag()) {
            self.cache.note(&asked, commit)?;
        }
        // Several refs may be one commit; the beginning of one is known only afterwards.
        let wanted = revision.commit.as_deref().map_or_else(|| asked.clone(), &key);
        if let Some(found) = self.cache.find(&wanted).await? {
            return Ok(found);
        }
        let lock = self.cache.lock(&wanted).await?;
        if let Some(found) = self.cache.find(&wanted).await? {
            return Ok(found);
        }
        (options.note)(&format!("fetching {shown} at {reference}"));
        let scratch = self.cache.scratch(&lock).await?;
        let (tree, commit) = git::fetch(place, &revision, &scratch).await?;
        let entry = Entry { source: shown.to_string(), resolved: commit.clone(), ..Entry::default() };
        self.cache.keep(&lock, &key(&commit), &tree, entry).await
    }

    async fn registry(&self, place: &RegistryPlace, options: FetchOptions<'_>) -> Result<Found, SourceError> {
        let host = place.host.clone().unwrap_or_else(|| options.registry.to_owned());
        let version = if let Some(version) = &place.version {
            version.clone()
        } else {
            let version = self.registries.newest(&self.web, &host, place).await?;
            (options.note)(&format!("{}: no version is named, {version} is the newest", place.path));
            version
        };
        let key = format!("registry {host}/{} {version}", place.path);
        if let Some(found) = self.cache.find(&key).await? {
            return Ok(found);
        }
        let lock = self.cache.lock(&key).await?;
        if let Some(found) = self.cache.find(&key).await? {
            return Ok(found);
        }
        let scratch = self.cache.scratch(&lock).await?;
        (options.note)(&format!("fetching {host}/{} {version}", place.path));
        let location = self.registries.location(&self.web, &host, place, &version).await?;
        let tree = self.follow(location, &scratch, options, 0).await?;
        let entry = Entry { source: format!("{host}/{}", place.path), resolved: version, ..Entry::default() };
        self.cache.keep(&lock, &key, &tree, entry).await
    }

    /// An archive or an object that is asked for anew each run, unless its checksum says that it cannot change.
    async fn conditional(
        &self,
        place: &Place,
        key: &str,
        file: &FileOptions,
        options: FetchOptions<'_>,
    ) -> Result<Found, SourceError> {
        let fixed = file.checksum.as_deref().is_some_and(|checksum| !checksum.starts_with("file:"));
        if fixed && let Some(found) = self.cache.find(key).await? {
            return Ok(found);
        }
        let lock = self.cache.lock(key).await?;
        let known = self.cache.find(key).await?;
        if let Some(found) = &known
            && (fixed || found.fetched >= self.started)
        {
            return Ok(found.clone());
        }
        let scratch = self.cache.scratch(&lock).await?;
        let mut entry = known.as_ref().map(|found| found.entry.clone()).unwrap_or_default();
        let tree = match self.download(place, &mut entry, &scratch, options, 0).await {
            Ok(Some(tree)) => tree,
            Ok(None) => {
                return known.ok_or_else(|| {
                    let cause = "it says nothing has changed".to_owned();
                    WebError::Answer { url: place.shown(), cause }.into()
                });
            }
            Err(error) if error.is_unreachable() => {
                let Some(found) = known else { return Err(error) };
                (options.note)(&format!("{error}; it is taken as it was"));
                return Ok(found);
            }
            Err(error) => return Err(error),
        };
        self.cache.keep(&lock, key, &tree, entry).await
    }

    async fn local_archive(&self, path: &Path, kind: Kind) -> Result<PathBuf, SourceError> {
        let file = path.to_owned();
        let digest = blocking(move |given_up| archive::sha256_of(&file, given_up)).await?;
        let key = format!("file {digest}");
        if let Some(found) = self.cache.find(&key).await? {
            return Ok(found.folder);
        }
        let lock = self.cache.lock(&key).await?;
        if let Some(found) = self.cache.find(&key).await? {
            return Ok(found.folder);
        }
        let scratch = self.cache.scratch(&lock).await?;
        let mut entry = Entry { source: path.display().to_string(), ..Entry::default() };
        let tree = self.unpack(path, kind, &path.display().to_string(), None, &mut entry, &scratch).await?;
        Ok(self.cache.keep(&lock, &key, &tree, entry).await?.folder)
    }
}

/// The registry that `tfr:///…` means: that of the tool, unless the user has another.
pub fn default_registry(tool: &str) -> String {
    let own = variable("TG_TF_DEFAULT_REGISTRY_HOST");
    own.unwrap_or_else(|| {
        let host = if tool == "tofu" { "registry.opentofu.org" } else { "registry.terraform.io" };
        host.to_owned()
    })
}

/// What a place is called in the cache, and within a run: never with a secret in it.
fn name(place: &Place, registry: &str) -> String {
    match place {
        Place::Local(path) => path.display().to_string(),
        Place::Git(place) => {
            format!("git {} ref {}", place.remote.url(), place.reference.as_deref().unwrap_or("HEAD"))
        }
        Place::Registry(place) => format!(
            "registry {}/{} {}",
            place.host.as_deref().unwrap_or(registry),
            place.path,
            place.version.as_deref().unwrap_or("newest")
        ),
        // The query may hold a secret: it tells addresses apart by its digest.
        Place::Http(place) => {
            let digest = crate::support::digest::sha256(place.url.as_str().as_bytes());
            format!("http {} {digest} {:?}", place.shown(), place.file)
        }
        Place::S3(place) => format!(
            "s3 {} {}/{} {} {:?}",
            place.endpoint.as_deref().unwrap_or(&place.region),
            place.bucket,
            place.key,
            place.version.as_deref().unwrap_or("newest"),
            place.file
        ),
    }
}

fn missing(text: &str, path: &Path) -> SourceError {
    let parts: Vec<&str> = text.split('/').collect();
    let looks_like_registry =
        matches!(parts.len(), 3 | 4) && parts.iter().all(|part| !part.is_empty() && !part.starts_with('.'));
    let advice = if looks_like_registry {
        // Terragrunt reads it as a path as well.
        format!("where a registry is meant, write tfr:///{text}?version=…")
    } else {
        "correct `source` in the unit's terraform block".to_owned()
    };
    SourceError::Missing { source_text: text.into(), path: path.to_owned(), advice }
}
