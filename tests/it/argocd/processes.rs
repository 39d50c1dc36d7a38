//! Argo CD's controllers on the bed, held for a while.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::bed::Bed;

/// The process of a part of the bed's Argo CD.
pub fn argocd(bed: &Bed, part: &str) -> Vec<Pid> {
    let kubeconfig = bed.text("/kubernetes/kubeconfig");
    let folder = std::path::Path::new(kubeconfig).parent().unwrap().to_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).ok()?).into_owned();
        let is_it = line.split('\0').next()?.ends_with(part) && line.contains(&folder);
        is_it.then(|| Pid::from_raw(pid))
    });
    let found: Vec<Pid> = processes.collect();
    assert!(!found.is_empty(), "{part} runs");
    found
}

/// Processes that do nothing until this is dropped.
pub struct Held(Vec<Pid>);

impl Held {
    pub fn now(processes: &[Pid]) -> Self {
        for process in processes {
            kill(*process, Signal::SIGSTOP).unwrap();
        }
        Self(processes.to_vec())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for process in &self.0 {
            let _is_gone = kill(*process, Signal::SIGCONT);
        }
    }
}
