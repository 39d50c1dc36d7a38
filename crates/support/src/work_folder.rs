//! Where commands work on one thing, one process tree at a time, and where they write what they print.
//!
//! A command that touches state must outlive us: whoever kills us must not break what it is doing. So it does not write
//! into pipes, whose other end dies with us (a program of Go is killed by its next write), but into files that we follow.
//!
//! The place is locked by `flock`, and the lock is handed to the command as its standard input, an empty file. It lasts
//! as long as we or any process that inherited it from us: whoever comes after a killed run sees by it that a command of
//! that run still works, without process ids, and can wait for it. (On network file systems `flock` is not inherited;
//! such a folder cannot tell the next run that a command outlived us.)

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use super::confined::{PRIVATE_FOLDER, Root};
use super::fs::{FileError, open_regular, read_text};
use super::unit_name::as_file_name;

/// The file that is locked; it says who holds it.
const LOCK: &str = "lock";

/// The place of one unit in `home`, the folder of ours: flat, so that nothing of one unit's lies below another's.
pub fn of_unit(home: &Path, unit: &str) -> PathBuf {
    home.join("work").join(as_file_name(unit))
}

/// A place that is ours.
#[derive(Debug)]
pub struct WorkFolder {
    folder: Arc<Root>,
    lock: File,
}

/// A file that a command writes, with our end to read it from.
pub struct OutputFile {
    /// The command's end.
    pub writer: File,
    /// Our end.
    pub reader: File,
    place: Place,
}

/// Where such a file is.
struct Place {
    folder: Arc<Root>,
    name: PathBuf,
}

impl WorkFolder {
    /// Takes the place `folder`, which is below `home`, our own folder; `None` where somebody works there. `holder` tells
    /// others who we are.
    pub fn take(home: &Path, folder: &Path, holder: &str) -> Result<Option<Self>, FileError> {
        let folder = Root::own(home)?.folder(folder, PRIVATE_FOLDER)?;
        let path = folder.path().join(LOCK);
        let mut lock = folder.update(Path::new(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(FileError::on("lock", &path)(error)),
        }
        // It ends behind what is written: whoever inherits it as standard input reads nothing.
        let written = lock.set_len(0).and_then(|()| lock.write_all(holder.as_bytes()));
        written.map_err(FileError::on("write", &path))?;
        Ok(Some(Self { folder: Arc::new(folder), lock }))
    }

    /// Whoever said to hold it last.
    pub fn holder(folder: &Path) -> Option<String> {
        let holder = read_text(&folder.join(LOCK)).ok()?;
        (!holder.is_empty()).then_some(holder)
    }

    /// Whether somebody works there.
    pub fn is_taken(folder: &Path) -> bool {
        let Ok(file) = open_regular(&folder.join(LOCK)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// What a command printed that outlived whoever started it, where there was one.
    pub fn left_behind(&self) -> Option<String> {
        let read = |name: &str| {
            let mut text = Vec::new();
            self.folder.open(Path::new(name)).ok()?.take(LEFT_BEHIND).read_to_end(&mut text).ok()?;
            // Told once.
            let _gone = self.folder.remove(Path::new(name));
            Some(String::from_utf8_lossy(&text).into_owned())
        };
        let (stdout, stderr) = (read("stdout"), read("stderr"));
        let any = stdout.is_some() || stderr.is_some();
        any.then(|| format!("{}{}", stdout.unwrap_or_default(), stderr.unwrap_or_default()))
    }

    /// The lock, for a command to hold as well.
    pub fn stdin(&self) -> std::io::Result<Stdio> {
        Ok(self.lock.try_clone()?.into())
    }

    /// An empty file for one of the streams of a command.
    pub fn output_file(&self, name: &str) -> std::io::Result<OutputFile> {
        let place = Path::new(name);
        let made = || {
            // Never the file of an earlier command, which one of its children may still write.
            self.folder.remove(place)?;
            self.folder.create_new(place)
        };
        let writer = made().map_err(|error| error.source)?;
        let reader = self.folder.open(place)?;
        let place = Place { folder: Arc::clone(&self.folder), name: place.to_owned() };
        Ok(OutputFile { writer, reader, place })
    }
}

/// The most bytes that are told of what a command printed after its run was killed.
const LEFT_BEHIND: u64 = 256 * 1024;

/// Follows a file that grows, line by line.
pub struct Follower {
    reader: File,
    place: Place,
    rest: Vec<u8>,
}

impl Follower {
    /// Hands over the lines that have become whole since the last time; with `end`, the last one as well.
    pub fn lines(&mut self, end: bool, mut take: impl FnMut(String)) {
        // What cannot be read is lost to the log, and to nothing else.
        let _unreadable = self.reader.read_to_end(&mut self.rest);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned();
        let mut begin = 0;
        let lines = self.rest.split_inclusive(|byte| *byte == b'\n');
        for line in lines.take_while(|line| line.ends_with(b"\n")) {
            take(text(line));
            begin += line.len();
        }
        self.rest.drain(..begin);
        if end && !self.rest.is_empty() {
            take(text(&std::mem::take(&mut self.rest)));
        }
    }

    /// The command has ended, and so has the file.
    pub fn forget(self) {
        let _gone = self.place.folder.remove(&self.place.name);
    }
}

impl OutputFile {
    /// The command's end, and who follows it.
    pub fn split(self) -> (File, Follower) {
        (self.writer, Follower { reader: self.reader, place: self.place, rest: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that another test starts at this moment holds every file of ours until it has become its program.
    fn wait_until_free(folder: &Path) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while WorkFolder::is_taken(folder) {
            assert!(std::time::Instant::now() < deadline, "it stays taken");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[test]
    fn a_place_is_held_by_one_and_says_by_whom() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("unit");
        assert!(!WorkFolder::is_taken(&folder));
        let place = WorkFolder::take(dir.path(), &folder, "run a").unwrap().unwrap();
        assert!(WorkFolder::take(dir.path(), &folder, "run b").unwrap().is_none());
        assert!(WorkFolder::is_taken(&folder));
        assert_eq!(WorkFolder::holder(&folder).as_deref(), Some("run a"));
        drop(place);
        wait_until_free(&folder);
    }

    #[test]
    fn a_command_keeps_the_place_beyond_its_run() {
        let dir = tempfile::tempdir().unwrap();
        let place = WorkFolder::take(dir.path(), Path::new("unit"), "run a").unwrap().unwrap();
        let mut command = std::process::Command::new("sh");
        // What it reads from its standard input is nothing.
        command.args(["-c", "cat; sleep 0.3"]).stdin(place.stdin().unwrap()).stdout(Stdio::piped());
        let child = command.spawn().unwrap();
        drop((place, command));
        assert!(WorkFolder::is_taken(&dir.path().join("unit")));
        assert!(child.wait_with_output().unwrap().stdout.is_empty());
        wait_until_free(&dir.path().join("unit"));
    }

    #[test]
    fn lines_are_handed_over_when_they_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let place = WorkFolder::take(dir.path(), Path::new("unit"), "run a").unwrap().unwrap();
        let (mut writer, mut follower) = place.output_file("stdout").unwrap().split();
        let mut seen = Vec::new();
        writer.write_all(b"one\r\ntw").unwrap();
        follower.lines(false, |line| seen.push(line));
        assert_eq!(seen, ["one"]);
        writer.write_all(b"o\nthree").unwrap();
        follower.lines(true, |line| seen.push(line));
        assert_eq!(seen, ["one", "two", "three"]);
        follower.forget();
        assert_eq!(place.left_behind(), None);
    }
}
