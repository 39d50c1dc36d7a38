//! Folders that are not there yet, as if they were: what a stack would generate.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// What would stand in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The folder that its files would be copied from.
    pub source: PathBuf,
    /// The files that would be written beside them, by name.
    pub texts: BTreeMap<&'static str, Arc<str>>,
}

/// The folders that would be there.
#[derive(Default)]
pub(crate) struct Overlay {
    places: RwLock<BTreeMap<PathBuf, Place>>,
    /// So that estates without stacks pay nothing.
    used: AtomicBool,
}

impl Overlay {
    pub fn add(&self, dir: &Path, place: Place) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(dir.to_path_buf(), place);
        self.used.store(true, Ordering::Release);
    }

    /// Whether there are any.
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    /// The text of a file that would be written.
    pub fn text(&self, path: &Path) -> Option<Arc<str>> {
        self.place(path, |place, inside| place.texts.get(inside.to_str()?).cloned())
    }

    /// Where the file or folder at `path` really is: elsewhere, if it would be copied.
    pub fn on_disk<'a>(&self, path: &'a Path) -> Cow<'a, Path> {
        let elsewhere = self.place(path, |place, inside| {
            let copied =
                if inside.as_os_str().is_empty() { place.source.clone() } else { place.source.join(inside) };
            copied.exists().then_some(copied)
        });
        elsewhere.map_or(Cow::Borrowed(path), Cow::Owned)
    }

    /// The innermost folder that would hold `path`, and the path in it.
    fn place<T>(&self, path: &Path, use_it: impl FnOnce(&Place, &Path) -> Option<T>) -> Option<T> {
        if !self.is_used() {
            return None;
        }
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let dir = path.ancestors().find(|above| places.contains_key(*above))?;
        use_it(places.get(dir)?, path.strip_prefix(dir).ok()?)
    }
}
