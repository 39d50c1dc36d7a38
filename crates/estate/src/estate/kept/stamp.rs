//! Which file or folder is at a path, and when it was changed last.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How long ago something must have been changed for the next change of it to have another time: file systems count in steps,
/// of some milliseconds as a rule and of a second at most.
const SETTLED: Duration = Duration::from_secs(2);

/// What is another one after each change: of a file whatever happens to it, of a folder whatever comes into it, goes, or gets
/// another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// The file system.
    pub device: u64,
    inode: u64,
    size: u64,
    /// In nanoseconds since 1970. This one is anybody's to set.
    modified: i64,
    /// The same, of the last change of whatever kind, by the system's clock: nobody sets it.
    changed: i64,
}

impl Stamp {
    /// Of what is at a path now, behind links; none where nothing is, or nothing that can be seen.
    pub fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        let nanoseconds =
            |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: nanoseconds(found.mtime(), found.mtime_nsec()),
            changed: nanoseconds(found.ctime(), found.ctime_nsec()),
        })
    }

    /// Whether the last change was so long before `began` that whoever read it since has read what is there now, and that one
    /// more change will be seen.
    pub fn is_settled(&self, began: SystemTime) -> bool {
        let before = began.checked_sub(SETTLED).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let before = before.and_then(|time| i64::try_from(time.as_nanos()).ok());
        before.is_some_and(|before| self.changed < before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_happens_to_a_file_gives_it_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let first = Stamp::of(&file).unwrap();
        assert_eq!(Stamp::of(&file), Some(first));
        assert_eq!(Stamp::of(&folder.path().join("b")), None);
        std::thread::sleep(Duration::from_millis(20));
        // The same text, length and time, by which a copy would look like the original.
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::fs::write(&file, "two").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let second = Stamp::of(&file).unwrap();
        assert_eq!((second.modified, second.size), (first.modified, first.size));
        assert_ne!(second, first);
        std::fs::write(folder.path().join("b"), "two").unwrap();
        std::fs::rename(folder.path().join("b"), &file).unwrap();
        assert_ne!(Stamp::of(&file).unwrap().inode, second.inode);
    }

    #[test]
    fn what_has_just_been_changed_is_not_settled() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(file.path()).unwrap();
        let now = SystemTime::now();
        assert!(!stamp.is_settled(now));
        assert!(!stamp.is_settled(UNIX_EPOCH));
        assert!(stamp.is_settled(now + Duration::from_secs(3)));
    }
}
