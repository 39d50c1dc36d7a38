//! Secrets of fixtures, and the search for them in whatever a run leaves behind or shows on its way.
//!
//! Every secret that a fixture uses begins with [`CANARY`]. After each run of the program its output is searched, every
//! file that it has written outside of what belongs to the tools, and the arguments of every process under it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, SystemTime};

use memchr::memmem;

/// How every secret of a fixture begins.
pub const CANARY: &str = "canary-";

/// Folders that belong to the tools and to the fixtures: states, modules, caches, plans in the tools' own format.
const NOT_OURS: &[&str] =
    &[".git", ".terraform", ".terragrunt-cache", "infra", "live", "modules", "providers", "states", "module"];

/// Commands whose answer is a value that was asked for by name.
const REVEALING: &[&str] = &["output", "render"];

/// How often processes are looked at: a tool lives for longer, and each look costs a read for every process of the machine.
const GLANCE: Duration = Duration::from_millis(150);

/// So many times a process is looked at each time, and from then on each so many times.
const OFTEN: u32 = 8;

/// Searches what a run has said and written since it began.
#[track_caller]
pub fn search(dir: &Path, arguments: &[&str], began: SystemTime, said: &[&str]) {
    if !arguments.iter().any(|argument| REVEALING.contains(argument)) {
        for text in said {
            assert_clean("the output", text.as_bytes());
        }
    }
    for file in written(dir, began) {
        let Ok(content) = std::fs::read(&file) else { continue };
        assert_clean(&file.display().to_string(), &content);
    }
}

/// Searches the arguments that processes under one had while it ran. Its own are what the user typed, and a child has
/// them too until it has become the program that it was made for.
#[track_caller]
pub fn search_processes(parent: Process) {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let own: Vec<&str> =
        seen.iter().filter(|glance| glance.process == parent).map(|glance| &*glance.arguments).collect();
    let under = seen.iter().filter(|glance| glance.process != parent && glance.ancestors.contains(&parent));
    let shown = under.into_iter().find(|glance| !own.contains(&&*glance.arguments));
    assert!(
        shown.is_none(),
        "a secret was in the arguments of a process: {:?}",
        shown.map(|glance| &glance.arguments)
    );
}

#[track_caller]
fn assert_clean(place: &str, content: &[u8]) {
    let at = memmem::find(content, CANARY.as_bytes());
    let around = at.map(|at| {
        let end = content.len().min(at + 80);
        String::from_utf8_lossy(&content[at.saturating_sub(120)..end]).into_owned()
    });
    assert_eq!(around, None, "a secret of the fixtures is in {place}");
}

/// The files that were written since, outside of what is not ours.
fn written(folder: &Path, since: SystemTime) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() && !NOT_OURS.contains(&&*name) {
            found.extend(written(&path, since));
        }
        let new = metadata.modified().is_ok_and(|modified| modified > since);
        if metadata.is_file() && new && !name.ends_with(".tfplan") && !name.contains(".tfstate") {
            found.push(path);
        }
    }
    found
}

/// A process, told from every other one: numbers are used again, and a suite starts more than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    id: u32,
    /// When it was started, in the kernel's ticks.
    started: u64,
}

impl Process {
    /// The one that has the number now, with the number of its parent.
    fn with_parent(id: u32) -> Option<(Self, u32)> {
        // `pid (name) state parent …`, where the name may hold anything; the start is the 22nd.
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let mut fields = text.rsplit(')').next()?.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        Some((Self { id, started: fields.nth(17)?.parse().ok()? }, parent))
    }

    /// A child that nobody has waited for yet, so that the number is its own.
    pub fn of(child: &Child) -> Self {
        Self::with_parent(child.id()).unwrap().0
    }
}

struct Glance {
    process: Process,
    arguments: String,
    ancestors: BTreeSet<Process>,
}

static SEEN: Mutex<Vec<Glance>> = Mutex::new(Vec::new());
static WATCH: Once = Once::new();

/// Looks at all processes from now on, as long as the tests run.
pub fn watch_processes() {
    WATCH.call_once(|| {
        std::thread::spawn(|| {
            let mut known = BTreeMap::new();
            loop {
                look(&mut known);
                std::thread::sleep(GLANCE);
            }
        });
    });
}

/// Looks at those that are new, and now and then at the others: `known` counts the looks at each. What lives on for long is the
/// machine's own and the beds', and hardly ever becomes another program.
fn look(known: &mut BTreeMap<u32, u32>) {
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let looks: BTreeMap<u32, u32> = ids.map(|id| (id, known.get(&id).map_or(0, |looks| looks + 1))).collect();
    *known = looks;
    let wanted = known.iter().filter(|(_, looks)| **looks < OFTEN || **looks % OFTEN == 0);
    for &id in wanted.map(|(id, _)| id) {
        let Ok(arguments) = std::fs::read(format!("/proc/{id}/cmdline")) else { continue };
        if memmem::find(&arguments, CANARY.as_bytes()).is_none() {
            continue;
        }
        let Some((process, mut parent)) = Process::with_parent(id) else { continue };
        let mut ancestors = BTreeSet::from([process]);
        while let Some((above, next)) = Process::with_parent(parent).filter(|(above, _)| above.id > 1) {
            if !ancestors.insert(above) {
                break;
            }
            parent = next;
        }
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(Glance { process, arguments, ancestors });
    }
}
