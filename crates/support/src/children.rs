//! The processes that we have started and that have not ended, so that none is left when we are stopped.
//!
//! A tool has a process group of its own: whoever it starts is in there, unless that one wants to be elsewhere. What an
//! expression of a configuration starts (`run_cmd`) is in our own group, since it may ask at the terminal, and is ended
//! with all that descends from it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::fs::read_regular;

/// How long what a tool has left behind may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How often descendants are looked for: once, or once more for each that is being started.
const MOST_LOOKS: usize = 50;
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A group, by its leader, which is at work.
    Group,
    /// A group whose leader has ended, and which is not empty.
    Left,
    /// A process in our own group.
    Evaluation,
}

static CHILDREN: Mutex<BTreeMap<i32, Kind>> = Mutex::new(BTreeMap::new());

/// Held while a process is started, until it is known here: whoever ends everything waits for that.
static STARTING: RwLock<()> = RwLock::new(());
/// Whether everything was ended, so that nothing is started any more.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// How long whoever ends everything waits for those that are being started: a disk may not answer.
const START: Duration = Duration::from_millis(100);

fn children() -> MutexGuard<'static, BTreeMap<i32, Kind>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that is at work; it is forgotten when this is dropped, which has to be when it was waited for.
#[derive(Debug)]
pub struct AtWork(Option<i32>);

impl AtWork {
    /// The leader of a process group.
    pub fn group(leader: Option<u32>) -> Self {
        Self::of(leader, Kind::Group)
    }

    fn of(process: Option<u32>, kind: Kind) -> Self {
        let process = process.and_then(|process| i32::try_from(process).ok());
        if let Some(process) = process {
            children().insert(process, kind);
        }
        Self(process)
    }

    /// The leader has ended: where others are left in its group, that is remembered for [`end_left`].
    pub fn leader_ended(mut self) {
        let Some(leader) = self.0.take() else { return };
        let mut children = children();
        if is_alive(leader) {
            children.insert(leader, Kind::Left)
        } else {
            children.remove(&leader)
        };
    }
}

/// Starts a process for an expression, or for a question that takes milliseconds, in our own group. It is known from its
/// beginning: it may be told to end before the call that starts it has come back.
pub fn start_evaluation(command: &mut Command) -> std::io::Result<(Child, AtWork)> {
    start(|| command.spawn(), |child| Some(child.id()))
}

/// [`start_evaluation`] of whatever starts a process and knows its number.
pub(super) fn start<P>(
    start: impl FnOnce() -> std::io::Result<P>,
    id: impl FnOnce(&P) -> Option<u32>,
) -> std::io::Result<(P, AtWork)> {
    let _starting = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    if IS_OVER.load(Ordering::SeqCst) {
        return Err(std::io::Error::new(ErrorKind::Interrupted, "everything is being stopped"));
    }
    let process = start()?;
    let at_work = AtWork::of(id(&process), Kind::Evaluation);
    Ok((process, at_work))
}

/// Waits until those that are being started are known.
fn wait_for_starting() {
    let begun = Instant::now();
    while matches!(STARTING.try_write(), Err(TryLockError::WouldBlock)) && begun.elapsed() < START {
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl AtWork {
    /// Kills a process that an expression has started, with all that descends from it.
    pub fn kill(&self) {
        self.0.into_iter().for_each(kill_tree);
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(process) = self.0 {
            children().remove(&process);
        }
    }
}

/// Ends what tools have left behind in their groups: asked first, and killed where that does not help, or `at_once`.
pub async fn end_left(at_once: bool) {
    let left = of_kind(|kind| kind == Kind::Left);
    if left.is_empty() {
        return;
    }
    if !at_once {
        signal_groups(&left, Signal::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < GRACE && left.iter().any(|group| is_alive(*group)) {
            tokio::time::sleep(LOOK).await;
        }
    }
    signal_groups(&left, Signal::SIGKILL);
    children().retain(|process, _| !left.contains(process));
}

/// Kills what expressions have started.
pub fn end_evaluations() {
    wait_for_starting();
    of_kind(|kind| kind == Kind::Evaluation).into_iter().for_each(kill_tree);
}

/// Asks everything to end, and kills what has not after so long.
pub fn end_all(patience: Duration) {
    IS_OVER.store(true, Ordering::SeqCst);
    let groups = of_kind(|kind| kind != Kind::Evaluation);
    signal_groups(&groups, Signal::SIGTERM);
    end_evaluations();
    let begun = Instant::now();
    while begun.elapsed() < patience && groups.iter().any(|group| is_alive(*group)) {
        std::thread::sleep(LOOK);
    }
    signal_groups(&groups, Signal::SIGKILL);
}

/// Kills everything.
pub fn kill_all() {
    IS_OVER.store(true, Ordering::SeqCst);
    signal_groups(&of_kind(|kind| kind != Kind::Evaluation), Signal::SIGKILL);
    end_evaluations();
}

fn of_kind(wanted: impl Fn(Kind) -> bool) -> Vec<i32> {
    children().iter().filter(|(_, kind)| wanted(**kind)).map(|(process, _)| *process).collect()
}

/// Whether there is anybody in a group of ours.
fn is_alive(group: i32) -> bool {
    killpg(Pid::from_raw(group), None).is_ok()
}

/// A group whose leader was waited for keeps its number as long as anybody is in it. So where there is a process of
/// that number again, the group is another one, and none of ours.
fn signal_groups(groups: &[i32], signal: Signal) {
    for group in groups {
        let ended = children().get(group).is_some_and(|kind| *kind == Kind::Left);
        if !ended || !Path::new(&format!("/proc/{group}")).exists() {
            let _gone = killpg(Pid::from_raw(*group), signal);
        }
    }
}

/// Kills a process with all that descends from it. They are stopped first: a process that is killed while it starts
/// another one would leave that behind.
fn kill_tree(process: i32) {
    let mut doomed = BTreeSet::from([process]);
    for _ in 0..MOST_LOOKS {
        for process in &doomed {
            let _gone = kill(Pid::from_raw(*process), Signal::SIGSTOP);
        }
        let processes = processes();
        let still = |process: &Process| !doomed.contains(&process.id) || process.is_still;
        let all_still = processes.iter().all(still);
        let children = processes.iter().filter(|process| doomed.contains(&process.parent));
        let children: Vec<i32> = children.map(|child| child.id).filter(|id| !doomed.contains(id)).collect();
        if all_still && children.is_empty() {
            break;
        }
        doomed.extend(children);
        std::thread::sleep(Duration::from_millis(1));
    }
    for process in doomed {
        let _gone = kill(Pid::from_raw(process), Signal::SIGKILL);
    }
}

struct Process {
    id: i32,
    parent: i32,
    /// Stopped, or dead: it starts nothing.
    is_still: bool,
}

fn processes() -> Vec<Process> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
    let look = |id: i32| {
        let stat = read_regular(Path::new(&format!("/proc/{id}/stat"))).ok()?;
        // The name may hold anything, and ends with the last parenthesis.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = String::from_utf8_lossy(stat.get(end + 1..)?).into_owned();
        let mut fields = rest.split_whitespace();
        let is_still = matches!(fields.next()?, "T" | "t" | "Z" | "X");
        Some(Process { id, parent: fields.next()?.parse().ok()?, is_still })
    };
    processes.flatten().filter_map(number).filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_until(what: &str, met: impl Fn() -> bool) {
        let begun = Instant::now();
        while !met() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(LOOK);
        }
    }

    fn runs(process: i32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }

    #[tokio::test]
    async fn what_a_tool_leaves_in_its_group_is_remembered_and_ended() {
        use std::os::unix::process::CommandExt;
        let dir = tempfile::tempdir().unwrap();
        let note = dir.path().join("grandchild");
        // One that is asked in vain, so that it has to be killed.
        let script = format!("(trap '' TERM; while :; do sleep 0.1; done) & echo $! > {}", note.display());
        let mut command = Command::new("sh");
        let mut leader = command.args(["-c", &script]).process_group(0).spawn().unwrap();
        let at_work = AtWork::group(Some(leader.id()));
        leader.wait().unwrap();
        at_work.leader_ended();
        let grandchild: i32 = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        assert!(runs(grandchild));
        end_left(false).await;
        wait_until("it goes on", || !runs(grandchild));
        let id = i32::try_from(leader.id()).unwrap();
        assert!(!children().contains_key(&id), "and it is forgotten");
    }

    #[test]
    fn a_tool_that_leaves_nobody_is_forgotten() {
        use std::os::unix::process::CommandExt;
        let mut leader = Command::new("true").process_group(0).spawn().unwrap();
        let at_work = AtWork::group(Some(leader.id()));
        leader.wait().unwrap();
        let id = i32::try_from(leader.id()).unwrap();
        assert!(children().contains_key(&id));
        at_work.leader_ended();
        assert!(!children().contains_key(&id));
    }

    #[test]
    fn what_an_expression_starts_is_killed_with_all_that_descends_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let note = dir.path().join("grandchild");
        let script = format!("sh -c 'sleep 300 & echo $! > {}; wait'; true", note.display());
        let mut child = Command::new("sh").args(["-c", &script]).spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        wait_until("it does not begin", || {
            std::fs::read_to_string(&note).is_ok_and(|text| text.ends_with('\n'))
        });
        let grandchild: i32 = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        kill_tree(id);
        assert!(!child.wait().unwrap().success());
        wait_until("it goes on", || !runs(grandchild));
    }
}
