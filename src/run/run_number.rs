//! Which run came after which.
//!
//! Ids begin with the time, for people. Clocks go back, though: after a correction, on another machine that has taken
//! the folder over, in a virtual machine that slept. So each run gets a number, one more than any run before it, and
//! by that they are ordered. Runs of an older slipway have none and come before all that have one.

use std::path::Path;

use crate::support::confined::{PRIVATE, Root};
use crate::support::fs::{FileError, read_regular};

/// The file in a run's folder that holds its number.
const NUMBER: &str = "number";
/// The file in `.slipway` that is locked while a number is given.
const LOCK: &str = "runs.lock";

/// No count of runs comes near: what is above is nobody's number.
const MOST: u64 = u32::MAX as u64;

/// Gives the run in a folder its number: one more than the highest `before`. Others who begin a run wait meanwhile,
/// a few milliseconds, so that no two get the same.
pub fn give(
    home: &Root,
    run: &str,
    before: impl FnOnce() -> Result<u64, FileError>,
) -> Result<(), FileError> {
    let lock = home.update(Path::new(LOCK))?;
    lock.lock().map_err(FileError::on("lock", &home.path().join(LOCK)))?;
    let number = before()?.saturating_add(1);
    let file = Path::new("runs").join(run).join(NUMBER);
    home.write(&file, format!("{number}\n").as_bytes(), PRIVATE)
}

/// The number of the run in a folder; zero where it has none that can be read.
pub fn of(run: &Path) -> u64 {
    let text = read_regular(&run.join(NUMBER)).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let number = text.and_then(|text| text.trim().parse().ok()).filter(|number| *number < MOST);
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of(dir.path()), 0);
        for text in ["", "seven", "-1", "99999999999999999999999", "9999999999"] {
            std::fs::write(dir.path().join(NUMBER), text).unwrap();
            assert_eq!(of(dir.path()), 0, "{text}");
        }
        give(&Root::at(dir.path()).unwrap(), "a", || Ok(6)).unwrap();
        assert_eq!(of(&dir.path().join("runs/a")), 7);
    }

    #[test]
    fn a_lock_that_is_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::os::unix::fs::symlink(&other, dir.path().join(LOCK)).unwrap();
        assert!(give(&Root::at(dir.path()).unwrap(), "a", || Ok(6)).is_err());
        assert!(!other.exists());
    }
}
