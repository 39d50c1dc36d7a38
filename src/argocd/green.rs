//! Whether an Application is green, and what is said where it is not.

use super::application::ApplicationStatus;
use crate::support::git::short;

/// Why an Application is not green.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub text: String,
    /// Whether it will not go away by waiting alone, as far as one can see.
    pub is_trouble: bool,
    /// Whether a comparison with Git could change it.
    pub wants_look: bool,
}

impl ApplicationStatus {
    /// Why it is not green at a commit, with its name; `None` where it is.
    ///
    /// Right after a push an Application is Synced and Healthy at the old commit, and on a comparison error its
    /// health still says Healthy: so everything has to hold at once. `lacks` says why it does not have the commit.
    /// One that never had to sync, since the cluster was as Git says when it came, has no operation.
    pub fn not_green(&self, lacks: Option<&str>) -> Option<String> {
        self.reason(lacks).map(|reason| format!("{}: {}", self.name, reason.text))
    }

    /// The same, without its name.
    pub(super) fn reason(&self, lacks: Option<&str>) -> Option<Reason> {
        let Self { sync, health, operation, errors, .. } = self;
        let trouble = |text: String| Some(Reason { text, is_trouble: true, wants_look: true });
        let waits = |text: String, wants_look| Some(Reason { text, is_trouble: false, wants_look });
        if let Some(error) = errors.first() {
            return trouble(format!("{error}{}", self.failures()));
        }
        if matches!(operation.as_str(), "Failed" | "Error") {
            return trouble(format!("its sync failed: {}{}", self.message, self.failures()));
        }
        if sync.is_empty() {
            return waits("not compared with Git yet".to_owned(), true);
        }
        let running = self.running();
        let is_retried = self.facts.attempt > 0 && running.is_some();
        let beside = running.clone().map(|running| format!("; {running}")).unwrap_or_default();
        if let Some(reason) = lacks.or(self.doubt.as_deref()) {
            let text = format!("{reason}{beside}");
            return Some(Reason { text, is_trouble: is_retried, wants_look: true });
        }
        if sync != "Synced" {
            let why = if running.is_some() { beside } else { self.stays() };
            let what = self.out_of_sync.join(", ");
            let text = format!("{} {}{why}", sync.trim_end(), what);
            let is_trouble = is_retried || (running.is_none() && !why.is_empty());
            return Some(Reason {
                text: text.replace(" ;", ";").trim_end().to_owned(),
                is_trouble,
                wants_look: true,
            });
        }
        if let Some(running) = running {
            return Some(Reason { text: running, is_trouble: is_retried, wants_look: false });
        }
        (health != "Healthy").then(|| Reason {
            text: health.clone(),
            is_trouble: health == "Degraded",
            wants_look: false,
        })
    }

    /// What is said of an operation that has not ended.
    fn running(&self) -> Option<String> {
        let Self { operation, message, facts, .. } = self;
        if matches!(operation.as_str(), "Succeeded" | "" | "Failed" | "Error") {
            return None;
        }
        let of = match facts.syncs.first() {
            Some(revision) if facts.is_held_up => format!(" of the other commit {}", short(revision)),
            _ => String::new(),
        };
        let way_out = if facts.is_held_up {
            "; `slipway argocd wait --end-old-syncs` ends it, and the newer commit is synced"
        } else {
            ""
        };
        let said = facts.cause.as_deref().unwrap_or(message);
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let failures = self.failures();
        Some(if facts.attempt > 0 {
            let attempt = facts.attempt + 1;
            format!("its sync{of} fails and is tried again, attempt {attempt}{said}{failures}{way_out}")
        } else {
            format!("its sync{of} {operation}{said}{failures}{way_out}")
        })
    }

    /// What did not sync, where the message does not say it already.
    fn failures(&self) -> String {
        let unsaid = self.facts.failures.iter().filter(|failure| {
            let said = failure.split_once(": ").map_or(failure.as_str(), |(_, said)| said);
            said.is_empty() || !self.message.contains(said)
        });
        unsaid.fold(String::new(), |text, failure| format!("{text}; {failure}"))
    }

    /// Why Argo CD does not sync by itself what differs.
    fn stays(&self) -> String {
        let Self { facts, name, .. } = self;
        let why = if !facts.is_automated {
            format!("automated sync is off; `slipway argocd sync {name}` syncs it")
        } else if facts.lacks_pruning {
            format!(
                "it would have to be deleted, and pruning is off; `slipway argocd sync {name} --prune` does it"
            )
        } else if self.sync == "OutOfSync" && !facts.heals && self.is_synced_before() {
            format!(
                "it differs since its last sync, and self-heal is off; `slipway argocd sync {name}` takes that back"
            )
        } else {
            return String::new();
        };
        format!("; {why}")
    }

    /// Whether what was compared is what was synced last.
    fn is_synced_before(&self) -> bool {
        let compared = self.sources.iter().map(|source| &source.revision);
        self.operation == "Succeeded" && !self.facts.hydrates && self.facts.syncs.iter().eq(compared)
    }
}

#[cfg(test)]
mod tests;
