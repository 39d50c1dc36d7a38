//! Who holds the locks of a run, and whether that is known to be dead.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::support::environment::variable;
use crate::support::fs::read_text;

/// A run that holds locks, as it is written into them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run's id.
    pub run: String,
    /// Its command, such as `up`.
    pub command: String,
    /// Who started it.
    pub user: Option<String>,
    /// The machine's name.
    pub host: Option<String>,
    /// The process on that machine.
    pub process: u32,
    /// Since when.
    pub since: Timestamp,
    /// What tells the process from every other one, where the machine can say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}

/// What tells a process from every other one: process ids are used again, and every container has a process 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The machine since it was started.
    boot: String,
    /// The namespace that its process id counts in.
    namespace: String,
    /// When the process was started, in the kernel's ticks.
    started: u64,
}

impl Identity {
    fn of(process: u32) -> Option<Self> {
        let boot = read_text(Path::new("/proc/sys/kernel/random/boot_id")).ok()?;
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
        Some(Self {
            boot: boot.trim().to_owned(),
            namespace: namespace.to_string_lossy().into_owned(),
            started: started(process)?,
        })
    }
}

/// When a process was started, the 22nd field of its `stat`; its name, in parentheses, may hold anything.
fn started(process: u32) -> Option<u64> {
    let stat = read_text(Path::new(&format!("/proc/{process}/stat"))).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

impl Holder {
    /// This process.
    pub fn ours(run: &str, command: &str) -> Self {
        let process = std::process::id();
        Self {
            run: run.to_owned(),
            command: command.to_owned(),
            user: variable("USER"),
            host: sysinfo::System::host_name().ok(),
            process,
            since: Timestamp::now(),
            identity: Identity::of(process),
        }
    }

    /// Whether it is certain that the process is gone: it ran on this machine since its last start, in our own
    /// namespace of processes, and is not there. Of other machines nothing is certain.
    pub fn is_dead(&self) -> bool {
        let (Some(theirs), Some(ours)) = (&self.identity, Identity::of(std::process::id())) else {
            return false;
        };
        theirs.boot == ours.boot
            && theirs.namespace == ours.namespace
            && started(self.process) != Some(theirs.started)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { run, command, user, host, process, since, .. } = self;
        write!(f, "run {run} (`slipway {command}`")?;
        if let Some(user) = user {
            write!(f, " by {user}")?;
        }
        if let Some(host) = host {
            write!(f, " on {host}")?;
        }
        write!(f, ", process {process}, since {})", since.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_dead() {
        let ours = Holder::ours("r", "apply");
        assert!(!ours.is_dead());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = Holder { process: child.id(), ..ours.clone() };
        assert!(gone.is_dead());
        let identity = ours.identity.clone().unwrap();
        let used_again = Identity { started: identity.started + 1, ..identity.clone() };
        assert!(Holder { identity: Some(used_again), ..ours.clone() }.is_dead());
        let elsewhere = Identity { boot: "another".to_owned(), ..identity };
        assert!(!Holder { identity: Some(elsewhere), ..gone.clone() }.is_dead());
        assert!(!Holder { identity: None, ..gone }.is_dead());
    }
}
