//! The folder that an archive is unpacked into: nothing leads out of it, and it does not fill the disk.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::super::SourceError;
use super::bounded::{Ended, Watched};
use super::broken::{MOST_FILES, broken};
use crate::support::confined::{FOLDER, Kind, Root};
use crate::support::interrupt::GivenUp;

/// The most bytes of a path: no system opens a longer one.
pub(super) const MOST_NAME: usize = 4096;
/// How many folders may lie in each other.
const MOST_DEPTH: usize = 128;
/// How many links one way may go through, as in Linux.
const MOST_LINKS: usize = 40;
/// The most bytes of all links: they are kept until the end, when it can be told where each leads.
const MOST_LINK_BYTES: usize = 16 << 20;
/// The most steps that are gone along all links.
const MOST_LINK_STEPS: usize = 2_000_000;

/// The folder that is filled, and how much more may go in.
pub(super) struct Target<'a> {
    name: &'a str,
    folder: &'a Root,
    left: u64,
    most: u64,
    files: usize,
    /// Where the links stand, relative to the folder, and where they lead.
    links: BTreeMap<OsString, PathBuf>,
    link_bytes: usize,
    given_up: GivenUp,
}

impl<'a> Target<'a> {
    /// A folder for the archive `name`, of which at most so many bytes may come out.
    pub fn new(name: &'a str, folder: &'a Root, most: u64, given_up: &GivenUp) -> Self {
        let links = BTreeMap::new();
        Self { name, folder, left: most, most, files: 0, links, link_bytes: 0, given_up: given_up.clone() }
    }

    /// What messages call the archive.
    pub fn name(&self) -> &str {
        self.name
    }

    /// An error of one entry.
    pub fn refuse(&self, entry: &Path, cause: &str) -> SourceError {
        let shown = entry.to_string_lossy();
        broken(self.name, &format!("its entry \"{}\" {cause}", shown.escape_debug()))
    }

    /// An error of reading the archive as such.
    pub fn unreadable(&self, error: &std::io::Error) -> SourceError {
        let cause = Ended::behind(error).map_or_else(|| error.to_string(), |ended| ended.to_string());
        broken(self.name, &cause)
    }

    /// A folder.
    pub fn directory(&mut self, entry: &Path) -> Result<(), SourceError> {
        let place = self.place(entry)?;
        if self.links.contains_key(place.as_os_str()) {
            return Err(self.refuse(entry, "goes through a link"));
        }
        self.folder(&place)
    }

    /// A link; where it leads is judged at the end, when all of them are known.
    pub fn link(&mut self, entry: &Path, to: &Path) -> Result<(), SourceError> {
        let place = self.place(entry)?;
        self.count()?;
        if to.as_os_str().len() > MOST_NAME || to.is_absolute() {
            return Err(self.refuse(entry, "is a link that leads out of it"));
        }
        self.link_bytes += place.as_os_str().len() + to.as_os_str().len();
        if self.link_bytes > MOST_LINK_BYTES {
            return Err(broken(self.name, "its links are too many, or too long"));
        }
        self.room(&place)?;
        self.folder.symlink(to, &place)?;
        self.links.insert(place.into_os_string(), to.to_owned());
        Ok(())
    }

    /// A file with the content of one that came before: the cache has links enough.
    pub fn copy(&mut self, entry: &Path, original: &Path, mode: u32) -> Result<(), SourceError> {
        let Ok(file) = self.folder.open(&self.place(original)?) else {
            return Err(self.refuse(entry, "is a link to a file that is not in the archive"));
        };
        let mut file = Watched::new(file, &self.given_up);
        self.file(entry, mode, &mut file)
    }

    /// A file.
    pub fn file(&mut self, entry: &Path, mode: u32, input: &mut impl Read) -> Result<(), SourceError> {
        let place = self.place(entry)?;
        self.count()?;
        self.room(&place)?;
        let mut file = self.folder.create_new(&place)?;
        let written = std::io::copy(&mut input.take(self.left.saturating_add(1)), &mut file);
        let written = written.map_err(|error| match Ended::behind(&error) {
            Some(_) => self.unreadable(&error),
            None => self.refuse(entry, &format!("is broken: {error}")),
        })?;
        let left = self.left.checked_sub(written);
        self.left = left.ok_or_else(|| broken(self.name, &Ended::TooMuch { most: self.most }.to_string()))?;
        let executable = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
        Ok(self.folder.set_mode(&place, executable)?)
    }

    /// Judges what has come: something has to be there, and no link may lead out, whichever others it goes through.
    pub fn finish(&self) -> Result<(), SourceError> {
        if self.files == 0 {
            return Err(broken(self.name, "there is nothing in it"));
        }
        let mut steps = 0;
        for (link, to) in &self.links {
            let link = Path::new(link);
            if self.given_up.is() {
                return Err(broken(self.name, &Ended::GivenUp.to_string()));
            }
            self.follow(link, to, &mut steps).map_err(|cause| self.refuse(link, cause))?;
        }
        Ok(())
    }

    /// Goes the way of a link as the system would: a `..` behind another link leads above where that one leads to.
    fn follow(&self, link: &Path, to: &Path, steps: &mut usize) -> Result<(), &'static str> {
        const OUT: &str = "is a link that leads out of it";
        let mut at = link.parent().unwrap_or(Path::new("")).to_owned();
        let mut way: VecDeque<Component<'_>> = to.components().collect();
        let mut links = 0;
        while let Some(step) = way.pop_front() {
            *steps += 1;
            if *steps > MOST_LINK_STEPS {
                return Err("is one of too many links through others");
            }
            match step {
                Component::CurDir => {}
                Component::ParentDir if at.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(OUT),
                Component::Normal(part) => {
                    at.push(part);
                    let Some(next) = self.links.get(at.as_os_str()) else { continue };
                    links += 1;
                    if links > MOST_LINKS {
                        return Err("is a link that goes round in a circle, or on and on");
                    }
                    at.pop();
                    next.components().rev().for_each(|component| way.push_front(component));
                }
            }
        }
        Ok(())
    }

    /// Where an entry goes, relative to the folder: inside, and not through a link that came before it.
    fn place(&self, entry: &Path) -> Result<PathBuf, SourceError> {
        let bytes = entry.as_os_str().as_bytes();
        if bytes.len() > MOST_NAME {
            let start = Path::new(OsStr::from_bytes(bytes.get(..60).unwrap_or(bytes)));
            let cause = format!("… has a name of {} bytes, and {MOST_NAME} are the most", bytes.len());
            return Err(self.refuse(start, &cause));
        }
        let mut place = PathBuf::new();
        let mut depth = 0;
        for component in entry.components() {
            if !self.links.is_empty() && self.links.contains_key(place.as_os_str()) {
                return Err(self.refuse(entry, "goes through a link"));
            }
            match component {
                Component::CurDir => {}
                Component::Normal(part) => place.push(part),
                Component::ParentDir => return Err(self.refuse(entry, "leads out of it")),
                Component::RootDir | Component::Prefix(_) => {
                    return Err(self.refuse(entry, "is an absolute path"));
                }
            }
            depth += 1;
        }
        // Backslashes are separators to some programs that make zip files, and never part of a module's name.
        if bytes.contains(&0) || bytes.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..") {
            return Err(self.refuse(entry, "leads out of it"));
        }
        if depth > MOST_DEPTH {
            return Err(self.refuse(entry, &format!("lies more than {MOST_DEPTH} folders deep")));
        }
        Ok(place)
    }

    /// Makes room for a file or link. The same name twice: the later one counts, and never through a link.
    fn room(&mut self, place: &Path) -> Result<(), SourceError> {
        if let Some(above) = place.parent() {
            self.folder(above)?;
        }
        if self.folder.kind(place)?.is_some_and(|kind| kind != Kind::Folder) {
            self.folder.remove(place)?;
            self.links.remove(place.as_os_str());
        }
        Ok(())
    }

    /// A folder with those above it; each that is new counts.
    fn folder(&mut self, place: &Path) -> Result<(), SourceError> {
        let mut missing = 0;
        for above in place.ancestors().filter(|above| !above.as_os_str().is_empty()) {
            if self.folder.kind(above)? == Some(Kind::Folder) {
                break;
            }
            missing += 1;
        }
        if missing == 0 {
            return Ok(());
        }
        (0..missing).try_for_each(|_| self.count())?;
        Ok(self.folder.create_dir_all(place, FOLDER)?)
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(broken(self.name, &format!("it holds more than {MOST_FILES} files")));
        }
        Ok(())
    }
}
