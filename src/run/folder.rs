//! A run's folder: `.slipway/runs/<id>/` with its journal, logs and plans. Only its owner can read it.

use std::cmp::Reverse;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::journal::JOURNAL;
use super::run_number;
use crate::support::confined::{Kind, PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::fs::FileError;
use crate::support::unit_name::as_file_name;

/// Where runs are, in our own folder.
const RUNS: &str = "runs";
const LOGS: &str = "logs";
const PLANS: &str = "plans";

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// The run's id.
    pub id: String,
    home: PathBuf,
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run.
    pub fn create(home: &Path) -> Result<Self, FileError> {
        let now = Timestamp::now();
        // Runs of one second are in order as well: the first four letters are the part of the second that is over.
        let part = u64::from(now.subsec_nanosecond().unsigned_abs()) * 0x1_0000 / 1_000_000_000;
        let random = uuid::Uuid::new_v4().simple().to_string();
        let second = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d-%H%M%S").to_string();
        let id = format!("{second}-{part:04x}{random:.2}");
        let folder = Self { path: home.join(RUNS).join(&id), home: home.to_owned(), id };
        let ours = Root::own(home)?;
        let runs = ours.folder(Path::new(RUNS), PRIVATE_FOLDER)?;
        folder.make_ready()?;
        // The run's own name; what is in its folder is its journal's to see to.
        runs.sync()?;
        run_number::give(&ours, &folder.id, || {
            Ok(entries(home)?.iter().map(|run| run_number::of(&run.path)).max().unwrap_or_default())
        })?;
        // Plans and logs are nothing to commit, whoever runs this first in a tree.
        ours.write_if_changed(Path::new(".gitignore"), b"*\n", PRIVATE)?;
        Ok(folder)
    }

    /// Makes the folders of logs and plans. What the tools are going to write is no link there: of a run that is gone on with,
    /// somebody may have had the folder meanwhile.
    pub fn make_ready(&self) -> Result<(), FileError> {
        let root = self.root()?;
        root.create_dir_all(Path::new(LOGS), PRIVATE_FOLDER)?;
        let plans = root.folder(Path::new(PLANS), PRIVATE_FOLDER)?;
        for entry in std::fs::read_dir(plans.path()).map_err(FileError::on("read", plans.path()))? {
            let name = entry.map_err(FileError::on("read", plans.path()))?.file_name();
            if plans.kind(Path::new(&name))? != Some(Kind::File) {
                plans.remove_all(Path::new(&name))?;
            }
        }
        Ok(())
    }

    /// The folder, to write in.
    pub fn root(&self) -> Result<Root, FileError> {
        Root::own(&self.home)?.folder(&self.path, PRIVATE_FOLDER)
    }

    /// Removes it with all that is in it: a run that has done nothing is none.
    pub fn remove(&self) -> Result<(), FileError> {
        Root::own(&self.home)?.remove_all(&self.path).map(drop)
    }

    /// The folders of all runs, newest first, whatever the clock said when they began.
    pub fn all(home: &Path) -> Result<Vec<Self>, FileError> {
        let mut folders = entries(home)?;
        folders.retain(Self::has_journal);
        // Those without a number are older than all that have one; their ids are all that tells them apart.
        folders.sort_by_cached_key(|folder| Reverse((run_number::of(&folder.path), folder.id.clone())));
        Ok(folders)
    }

    /// The run whose id begins so; the newest one where nothing is said.
    pub fn find(home: &Path, id: Option<&str>) -> Result<Option<Self>, FileError> {
        let all = Self::all(home)?;
        Ok(all.into_iter().find(|folder| id.is_none_or(|id| folder.id.starts_with(id))))
    }

    /// Whether there is one; where that cannot be seen, whoever reads it tells why.
    fn has_journal(&self) -> bool {
        match self.journal().symlink_metadata() {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    /// The folder of the plans.
    pub fn plans(&self) -> PathBuf {
        self.path.join(PLANS)
    }

    /// The log of one node.
    pub fn log(&self, node: &str) -> PathBuf {
        self.logs().join(format!("{}.log", as_file_name(node)))
    }

    /// The saved plan of one unit.
    pub fn plan(&self, node: &str) -> PathBuf {
        self.plans().join(format!("{}.tfplan", as_file_name(node)))
    }
}

/// All that lies where runs lie, in no order.
fn entries(home: &Path) -> Result<Vec<RunFolder>, FileError> {
    let runs = home.join(RUNS);
    let read = match std::fs::read_dir(&runs) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(FileError::on("read", &runs))?,
    };
    let entry = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.map_err(FileError::on("read", &runs))?;
        let id = entry.file_name().to_string_lossy().into_owned();
        Ok(RunFolder { id, home: home.to_owned(), path: entry.path() })
    };
    read.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let run = RunFolder::create(home.path()).unwrap();
        assert!(RunFolder::all(home.path()).unwrap().is_empty(), "a folder without a journal is no run");
        std::fs::write(run.journal(), "").unwrap();
        assert_eq!(RunFolder::all(home.path()).unwrap()[0].id, run.id);
    }

    /// Runs by their ids, which are in the order of the alphabet.
    fn ids(home: &Path) -> Vec<String> {
        RunFolder::all(home).unwrap().into_iter().map(|run| run.id).collect()
    }

    #[test]
    fn the_order_is_that_in_which_runs_began_whatever_the_clock_said() {
        let home = tempfile::tempdir().unwrap();
        // Of an older slipway, and of a clock that went wrong.
        for id in ["20200101-000000-000000", "21990101-000000-000000"] {
            std::fs::create_dir_all(home.path().join("runs").join(id)).unwrap();
            std::fs::write(home.path().join("runs").join(id).join("journal.jsonl"), "").unwrap();
        }
        let first = RunFolder::create(home.path()).unwrap();
        std::fs::write(first.journal(), "").unwrap();
        // The clock was ahead when it began, and has been put right since.
        let ahead = home.path().join("runs/21500101-000000-000000");
        std::fs::rename(first.path(), &ahead).unwrap();
        let second = RunFolder::create(home.path()).unwrap();
        std::fs::write(second.journal(), "").unwrap();
        let expected = [
            second.id.as_str(),
            "21500101-000000-000000",
            "21990101-000000-000000",
            "20200101-000000-000000",
        ];
        assert_eq!(ids(home.path()), expected);
        assert_eq!(RunFolder::find(home.path(), None).unwrap().unwrap().id, second.id);
        assert_eq!(RunFolder::find(home.path(), Some("21")).unwrap().unwrap().id, expected[1]);
    }

    #[test]
    fn runs_that_begin_at_once_get_numbers_of_their_own() {
        let home = tempfile::tempdir().unwrap();
        let begin = || RunFolder::create(home.path()).unwrap();
        let runs: Vec<RunFolder> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(begin)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut numbers: Vec<u64> = runs.iter().map(|run| run_number::of(run.path())).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn a_place_that_cannot_be_read_is_not_one_without_runs() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join(".slipway");
        assert!(RunFolder::all(&home).unwrap().is_empty());
        std::fs::write(&home, "").unwrap();
        assert!(RunFolder::all(&home).is_err());
    }
}
