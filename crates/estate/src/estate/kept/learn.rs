//! Making the record of an estate that was read.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::check::real_place;
use super::outline::Table;
use super::record::{File, Folder, Record};
use super::stamp::Stamp;
use crate::estate::walk::Folders;
use crate::terragrunt::{Outline, Question, paths};
use slipway_support::fs::is_on_local_disk;
use slipway_support::parallel;

/// What was learnt by reading an estate, beside its units.
#[derive(Debug)]
pub(in crate::estate) struct Learnt {
    /// Under which name it is kept, and by whom it was read.
    pub(super) name: String,
    pub(super) program: String,
    /// The folder that was walked, absolute.
    pub(super) around: PathBuf,
    pub(super) folders: Folders,
    pub(super) stacks: Vec<PathBuf>,
    /// What was known before, and still holds but for files that have another content.
    pub(super) before: Option<Vec<u8>>,
    pub(super) asked: Asked,
}

/// What was asked while an estate was read.
#[derive(Debug)]
pub(super) struct Asked {
    pub questions: Vec<(PathBuf, Question, bool)>,
    pub in_repositories: Vec<PathBuf>,
    /// When that began.
    pub began: SystemTime,
}

/// The record of all units, as the bytes of its file; none where what would be kept could become another one without anybody noticing.
pub(super) fn record(learnt: &Learnt, outlines: &[&Outline]) -> Option<Vec<u8>> {
    let Asked { questions, in_repositories, began } = &learnt.asked;
    let mut folders: Vec<&Path> = learnt.folders.all.iter().map(PathBuf::as_path).collect();
    folders.sort_unstable_by_key(|folder| folder.as_os_str());
    let walked: HashSet<&OsStr> = folders.iter().map(|folder| folder.as_os_str()).collect();
    let table = Table::of(&folders, outlines);
    let mut record = Record { reader: &learnt.program, ..Record::default() };
    add_places(&mut record, &folders, &table, &learnt.folders)?;
    add_units(&mut record, outlines, &table, &walked, *began)?;
    record.stacks = learnt.stacks.iter().map(|file| file.to_str()).collect::<Option<_>>()?;
    count_entries(&mut record);
    let before = learnt.before.as_deref().and_then(Record::of);
    let real = real_places(&learnt.around, before.as_ref(), in_repositories, &walked)?;
    let texts = real.iter().map(|(folder, real)| Some((folder.to_str()?, real.to_str()?)));
    record.real = texts.collect::<Option<_>>()?;
    // A folder that has just been changed may be changed once more without another stamp.
    for folder in &mut record.folders {
        folder.stamp = folder.stamp.filter(|stamp| stamp.is_settled(*began));
        record.is_early |= folder.stamp.is_none();
    }
    let only_before = only_before(before.as_ref(), questions);
    add_answers(&mut record, questions.iter().chain(&only_before), &table)?;
    record.bytes()
}

/// Adds the folders and files as they are now. None where one of them is written to by others, or a folder is gone.
fn add_places<'a>(
    record: &mut Record<'a>,
    folders: &[&'a Path],
    table: &Table<'a>,
    walked: &Folders,
) -> Option<()> {
    let stamps = parallel::map(folders, |folder| Stamp::of(folder));
    for (path, stamp) in folders.iter().zip(stamps) {
        let has_links = walked.with_links.contains(*path);
        record.folders.push(Folder { path: path.to_str()?, stamp: Some(stamp?), has_links, entries: 0 });
    }
    let stamps = parallel::map(&table.files, |file| Stamp::of(file));
    for (path, stamp) in table.files.iter().zip(stamps) {
        record.files.push(File { path: path.to_str()?, stamp });
    }
    let folders = record.folders.iter().map(|folder| (folder.path, folder.stamp));
    let all = folders.chain(record.files.iter().map(|file| (file.path, file.stamp)));
    let devices: HashMap<u64, &str> = all.filter_map(|(path, stamp)| Some((stamp?.device, path))).collect();
    devices.values().all(|path| is_on_local_disk(Path::new(path))).then_some(())
}

/// Adds the units: the outlines of those that can be kept, and which the others are.
fn add_units<'a>(
    record: &mut Record<'a>,
    outlines: &[&'a Outline],
    table: &Table<'a>,
    walked: &HashSet<&OsStr>,
    began: SystemTime,
) -> Option<()> {
    for outline in outlines {
        let file = &outline.file;
        let is_walked = walked.contains(paths::folder(file).as_os_str());
        let is_settled = |(file, _): &(u32, bool)| {
            let stamp = record.files.get(*file as usize).and_then(|file| file.stamp);
            stamp.is_none_or(|stamp| stamp.is_settled(began))
        };
        match table.kept(outline, is_walked) {
            Some(kept) if kept.rests_on.iter().all(is_settled) => record.outlines.push(kept),
            kept => {
                record.is_early |= kept.is_some();
                record.others.push((file.to_str()?, is_walked));
            }
        }
    }
    Some(())
}

/// Counts what the walk goes by in each folder.
fn count_entries(record: &mut Record<'_>) {
    let mut counts: HashMap<&OsStr, u32> = HashMap::new();
    for path in record.walked_folders().skip(1).chain(record.walked_files()) {
        *counts.entry(paths::folder(Path::new(path)).as_os_str()).or_default() += 1;
    }
    for folder in &mut record.folders {
        folder.entries = counts.get(OsStr::new(folder.path)).copied().unwrap_or_default();
    }
}

/// Where the folders really are that others than the walk have led to; folders of the walk are where it has found them.
fn real_places(
    around: &Path,
    before: Option<&Record<'_>>,
    in_repositories: &[PathBuf],
    walked: &HashSet<&OsStr>,
) -> Option<Vec<(PathBuf, PathBuf)>> {
    let before = before.iter().flat_map(|before| &before.real).map(|(folder, _)| Path::new(*folder));
    let others = in_repositories.iter().map(PathBuf::as_path).chain(before);
    let others: HashSet<&Path> = others.filter(|folder| !walked.contains(folder.as_os_str())).collect();
    let all = std::iter::once(around).chain(others);
    all.map(|folder| Some((folder.to_path_buf(), real_place(folder)?))).collect()
}

/// What was asked before, and not now: by those whose outlines were known.
fn only_before(
    before: Option<&Record<'_>>,
    now: &[(PathBuf, Question, bool)],
) -> Vec<(PathBuf, Question, bool)> {
    let Some(before) = before else { return Vec::new() };
    let known: HashSet<(&OsStr, Question)> =
        now.iter().map(|(path, question, _)| (path.as_os_str(), *question)).collect();
    let lacking = before.lacking.iter().filter_map(|lacking| before.lacking_path(lacking));
    let lacking = lacking.map(|(path, question)| (path, question, false));
    let asked = before.asked.iter().map(|(path, question, answer)| (PathBuf::from(path), *question, *answer));
    let all = lacking.chain(asked);
    all.filter(|(path, question, _)| !known.contains(&(path.as_os_str(), *question))).collect()
}

/// Adds the answers. None where one is another by now.
fn add_answers<'a>(
    record: &mut Record<'a>,
    answers: impl Iterator<Item = &'a (PathBuf, Question, bool)>,
    table: &Table<'_>,
) -> Option<()> {
    let mut names: HashMap<&str, u32> = HashMap::new();
    for (path, question, answer) in answers {
        // What is there and is held to its stamp is there as long as that holds.
        if *answer && table.holds(path) {
            continue;
        }
        // So is not there what is not in a folder, but where a link has that name: what that leads to comes and goes elsewhere.
        let folder = table.folder(paths::folder(path)).filter(|index| {
            let folder = record.folders.get(*index as usize);
            folder.is_some_and(|folder| folder.stamp.is_some() && !folder.has_links)
        });
        match (answer, folder, path.file_name()) {
            (false, Some(folder), Some(name)) => {
                let name = name.to_str()?;
                let next = u32::try_from(names.len()).ok()?;
                let place = *names.entry(name).or_insert(next);
                if place == next {
                    record.names.push(name);
                }
                record.lacking.push((folder, place, *question));
            }
            _ if question.ask(path) == *answer => record.asked.push((path.to_str()?, *question, *answer)),
            _ => return None,
        }
    }
    Some(())
}
