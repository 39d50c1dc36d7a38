//! One provider cache for all units, and who may run `init` at the same time.
//!
//! Terraform's plugin cache does not bear two writers. So a unit that needs providers nobody has installed in this
//! run yet runs `init` alone. What it selected serves all units that need the same: one without a lock file of its
//! own gets a copy of that selection, and its `init` then only reads the cache, beside others. Without a lock file
//! Terraform would not trust the cache either, but fetch and unpack the provider again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::engine::EngineError;
use crate::engine::cache::{PROVIDERS_LOCK, has_come};
use crate::engine::tool::{LOCK_FILE, Tool};
use crate::hcl::source::SourceFile;
use crate::support::confined::{EVERYBODY, Root};
use crate::support::digest::hex;
use crate::support::fs::{FileError, read_regular};
use crate::terraform::{self, ModuleTree, Requirements, Written};

/// The provider that is built into both tools.
const BUILT_IN: &str = "terraform";

/// What the providers of a module are chosen by: two modules of equal needs get the same selection from `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// No provider but the one that is built in.
    Nothing,
    /// Something, as a digest.
    Some(String),
}

/// Permission to run `init`, for as long as it is held.
pub struct InitPermit<'a> {
    guard: Guard<'a>,
    /// Whether the lock file is a copy of the selection made for another unit.
    pub copied: bool,
    /// Whether the tool selects by itself.
    selects: bool,
}

enum Guard<'a> {
    /// None but the built-in provider is needed.
    Unbound,
    BesideOthers {
        _guard: RwLockReadGuard<'a, ()>,
        _file: File,
    },
    Alone {
        _guard: RwLockWriteGuard<'a, ()>,
        _file: File,
    },
}

/// What this run has installed.
#[derive(Debug)]
pub struct Providers {
    /// Held by whoever may write the cache, or reads it.
    installing: RwLock<()>,
    /// Our own folder, whose lock file is the same for other runs over the same cache.
    home: PathBuf,
    learned: Mutex<Learned>,
}

#[derive(Debug, Default)]
struct Learned {
    /// The selection that `init` makes by itself, as a lock file, by needs.
    selections: HashMap<String, Vec<u8>>,
    /// Needs and lock files whose every provider is in the cache.
    installed: HashSet<(String, Vec<u8>)>,
}

impl Providers {
    /// For the cache in `home`.
    pub fn new(home: &Path) -> Self {
        Self { installing: RwLock::default(), home: home.to_owned(), learned: Mutex::default() }
    }

    /// Waits until the unit in the folder `dir` may run `init`.
    pub async fn permit(&self, needs: &Needs, dir: &Root) -> Result<InitPermit<'_>, EngineError> {
        let Needs::Some(needs) = needs else {
            return Ok(InitPermit { guard: Guard::Unbound, copied: false, selects: false });
        };
        if let Some(copied) = self.is_installed(needs, dir)? {
            return self.beside_others(copied).await;
        }
        let guard = self.installing.write().await;
        // Whoever was waited for may have installed it.
        if let Some(copied) = self.is_installed(needs, dir)? {
            drop(guard);
            return self.beside_others(copied).await;
        }
        let selects = dir.kind(Path::new(LOCK_FILE))?.is_none();
        let guard = Guard::Alone { _guard: guard, _file: self.lock_file(File::lock).await? };
        Ok(InitPermit { guard, copied: false, selects })
    }

    /// As `permit`, after a copied selection was refused: it is thrown away, and the tool selects by itself.
    pub async fn permit_without_copy(&self, dir: &Root) -> Result<InitPermit<'_>, EngineError> {
        let guard = self.installing.write().await;
        dir.remove(Path::new(LOCK_FILE))?;
        let guard = Guard::Alone { _guard: guard, _file: self.lock_file(File::lock).await? };
        Ok(InitPermit { guard, copied: false, selects: true })
    }

    /// Waits until nobody else is at the providers, for a command of which nobody knows what it brings.
    pub async fn permit_alone(&self) -> Result<InitPermit<'_>, EngineError> {
        let guard = self.installing.write().await;
        let guard = Guard::Alone { _guard: guard, _file: self.lock_file(File::lock).await? };
        Ok(InitPermit { guard, copied: false, selects: false })
    }

    /// Takes note of an `init` that succeeded.
    pub fn learn(&self, permit: &InitPermit<'_>, needs: &Needs, dir: &Path) {
        let (Needs::Some(needs), Guard::Alone { .. }) = (needs, &permit.guard) else { return };
        has_come();
        let Ok(lock) = read_regular(&dir.join(LOCK_FILE)) else { return };
        let mut learned = self.learned();
        if permit.selects {
            learned.selections.insert(needs.clone(), lock.clone());
        }
        learned.installed.insert((needs.clone(), lock));
    }

    async fn beside_others(&self, copied: bool) -> Result<InitPermit<'_>, EngineError> {
        let guard = self.installing.read().await;
        let guard = Guard::BesideOthers { _guard: guard, _file: self.lock_file(File::lock_shared).await? };
        Ok(InitPermit { guard, copied, selects: false })
    }

    /// The file that keeps other runs out, locked.
    async fn lock_file(&self, lock: fn(&File) -> std::io::Result<()>) -> Result<File, EngineError> {
        let home = self.home.clone();
        let locked = tokio::task::spawn_blocking(move || {
            let file = Root::own(&home)?.update(Path::new(PROVIDERS_LOCK))?;
            lock(&file).map(|()| file).map_err(FileError::on("lock", &home.join(PROVIDERS_LOCK)))
        });
        let lost = |error| FileError::on("lock", &self.home)(std::io::Error::other(error));
        Ok(locked.await.map_err(lost)??)
    }

    /// Whether `init` would only read the cache, and if so, whether it needed a copied lock file for that.
    fn is_installed(&self, needs: &str, dir: &Root) -> Result<Option<bool>, EngineError> {
        let learned = self.learned();
        match read_regular(&dir.path().join(LOCK_FILE)) {
            Ok(lock) => Ok(learned.installed.contains(&(needs.to_owned(), lock)).then_some(false)),
            Err(_) => match learned.selections.get(needs) {
                Some(lock) => {
                    dir.write_if_changed(Path::new(LOCK_FILE), lock, EVERYBODY)?;
                    Ok(Some(true))
                }
                None => Ok(None),
            },
        }
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `init` complains about a lock file.
pub fn refuses_lock_file(error: &EngineError) -> bool {
    matches!(error, EngineError::Failed { cause, .. } if cause.contains("lock file") || cause.contains("locked provider"))
}

/// The needs of a module, out of its configuration and that of the local modules that it calls.
pub fn needs(tool: &Tool, modules: &ModuleTree) -> Needs {
    // What a name stands for is said in each module by itself, so what is said goes together by folder.
    let modules: BTreeSet<Module<'_>> =
        modules.modules().map(|(module, files)| Module::of(module, files)).collect();
    if modules.iter().all(Module::is_built_in) {
        return Needs::Nothing;
    }
    let mut digest = Sha256::new();
    digest.update(format!("{} {}", tool.path.display(), tool.version));
    for module in &modules {
        digest.update([0]);
        digest.update(format!("{module:?}"));
    }
    Needs::Some(hex(&digest.finalize()))
}

/// What the providers of one folder are chosen by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Module<'m> {
    providers: &'m Requirements,
    /// Source and version of the modules that it calls from elsewhere; those on this machine are among the others.
    calls: BTreeSet<[Option<&'m str>; 2]>,
    /// The files of one that the tool will refuse, which count as a whole.
    broken: Vec<&'m str>,
}

impl<'m> Module<'m> {
    fn of(module: &'m terraform::Module, files: &'m [Arc<SourceFile>]) -> Self {
        let others = module.calls.values().filter(|call| call.path().is_none());
        let written = |written: &'m Option<Written>| written.as_ref().map(Written::text);
        let is_broken = !module.diagnostics.is_empty();
        Self {
            providers: &module.providers,
            calls: others.map(|call| [written(&call.source), written(&call.version)]).collect(),
            broken: files.iter().filter(|_| is_broken).map(|file| file.text()).collect(),
        }
    }

    /// Whether it needs no provider but the one that is built in.
    fn is_built_in(&self) -> bool {
        let Requirements { used, required, versions } = self.providers;
        used.iter().all(|name| name == BUILT_IN)
            && [required.is_empty(), versions.is_empty(), self.calls.is_empty(), self.broken.is_empty()]
                == [true; 4]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::ToolKind;

    fn tool() -> Tool {
        Tool { path: "/bin/terraform".into(), name: "terraform", version: "1.11.4".to_owned() }
    }

    /// The needs of the module in the folder of the first file.
    fn of(files: &[(&str, &str)]) -> Needs {
        let dir = tempfile::tempdir().unwrap();
        let place = |file: &str| dir.path().join(file.trim_start_matches('/'));
        for (file, text) in files {
            std::fs::create_dir_all(place(file).parent().unwrap()).unwrap();
            std::fs::write(place(file), text).unwrap();
        }
        let folder = place(files[0].0);
        needs(&tool(), &ModuleTree::read(folder.parent().unwrap(), ToolKind::Terraform).unwrap())
    }

    const AWS: &str = "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"~> 5\" }\n  }\n}\n";

    #[test]
    fn modules_that_differ_in_anything_but_providers_need_the_same() {
        let vpc = of(&[("/a/main.tf", "resource \"aws_vpc\" \"x\" {}"), ("/a/versions.tf", AWS)]);
        let backend = "terraform {\n  backend \"local\" {\n    path = \"b\"\n  }\n}\nprovider \"aws\" {\n  region = \"x\"\n}";
        let subnet = of(&[
            ("/b/all.tf", &format!("{AWS}\nresource \"aws_subnet\" \"x\" {{}}")),
            ("/b/backend.tf", backend),
        ]);
        assert_eq!(vpc, subnet);
        let newer = of(&[
            ("/a/main.tf", "resource \"aws_vpc\" \"x\" {}"),
            ("/a/versions.tf", &AWS.replace('5', "6")),
        ]);
        assert_ne!(vpc, newer);
        let called = of(&[(
            "/b/main.tf",
            &format!("{AWS}\nresource \"aws_vpc\" \"x\" {{}}\nmodule \"m\" {{\n  source = \"org/m/aws\"\n}}"),
        )]);
        assert_ne!(vpc, called);
    }

    #[test]
    fn the_built_in_provider_is_no_need() {
        let module = "resource \"terraform_data\" \"x\" {}\nmodule \"m\" {\n  source = \"./m\"\n}";
        assert_eq!(
            of(&[("/a/main.tf", module), ("/a/m/main.tf", "output \"o\" {\n  value = 1\n}")]),
            Needs::Nothing
        );
        assert_ne!(of(&[("/a/main.tf", "data \"null_data_source\" \"x\" {}")]), Needs::Nothing);
        assert_ne!(
            of(&[("/a/main.tf", "resource \"terraform_data\" \"x\" {\n  provider = other.x\n}")]),
            Needs::Nothing
        );
    }

    #[tokio::test]
    async fn the_first_selects_alone_and_the_others_go_together_on_its_selection() {
        let dir = tempfile::tempdir().unwrap();
        let unit = |name: &str| {
            let unit = dir.path().join(name);
            std::fs::create_dir_all(&unit).unwrap();
            Root::at(&unit).unwrap()
        };
        let (first, second, third, locked) = (unit("first"), unit("second"), unit("third"), unit("locked"));
        std::fs::write(locked.path().join(LOCK_FILE), "older").unwrap();
        let providers = Providers::new(dir.path());
        let needs = Needs::Some("aws".to_owned());

        let permit = providers.permit(&needs, &first).await.unwrap();
        assert!(matches!(permit.guard, Guard::Alone { .. }));
        std::fs::write(first.path().join(LOCK_FILE), "newest").unwrap();
        providers.learn(&permit, &needs, first.path());
        drop(permit);

        let permit = providers.permit(&needs, &second).await.unwrap();
        let beside = providers.permit(&needs, &third).await.unwrap();
        assert!(permit.copied && beside.copied);
        assert_eq!(std::fs::read_to_string(third.path().join(LOCK_FILE)).unwrap(), "newest");
        drop((permit, beside));

        // What a team has locked stays, and is no selection for others.
        let permit = providers.permit(&needs, &locked).await.unwrap();
        assert!(matches!(permit.guard, Guard::Alone { .. }) && !permit.copied);
        providers.learn(&permit, &needs, locked.path());
        drop(permit);
        assert_eq!(std::fs::read_to_string(locked.path().join(LOCK_FILE)).unwrap(), "older");
        let fourth = unit("fourth");
        drop(providers.permit(&needs, &fourth).await.unwrap());
        assert_eq!(std::fs::read_to_string(fourth.path().join(LOCK_FILE)).unwrap(), "newest");
    }
}
