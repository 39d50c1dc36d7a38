//! Freezes that people set: an app's images, or those of all, are held until somebody lifts that, or until a time.
//!
//! They are empty commits with trailers, as all that is known of the history is in it.

use jiff::Timestamp;

use super::error::GitOpsError;
use super::log::Logged;
use super::trailers;

/// In the place of an app: every one.
pub(super) const EVERY_APP: &str = "*";

/// A freeze that somebody set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The app's folder; of all apps under a root that, with `/*` behind it.
    pub folder: String,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Until when, where that was said.
    pub until: Option<Timestamp>,
    /// Who committed it.
    pub by: String,
    /// The pipeline or person behind it.
    pub source: Option<String>,
    /// Its commit.
    pub commit: String,
}

impl Freeze {
    /// Whether it holds the apps in a folder.
    pub(super) fn holds(&self, folder: &str) -> bool {
        match self.root() {
            Some(root) => super::layout::within(folder, root),
            None => self.folder == folder,
        }
    }

    /// The root of the apps that it holds, where it holds all of them.
    fn root(&self) -> Option<&str> {
        self.folder.strip_suffix(EVERY_APP).map(|root| root.trim_end_matches('/'))
    }

    /// Whether it holds all apps.
    pub fn is_of_all(&self) -> bool {
        self.root().is_some()
    }

    /// Whether its time is not over.
    pub(super) fn stands(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// As the reason of a refusal.
    pub(super) fn refusal(&self, app: &str) -> GitOpsError {
        let until = self.until.map_or_else(String::new, |until| format!(", until {until}"));
        let by =
            self.source.as_ref().map_or_else(|| self.by.clone(), |source| format!("{} ({source})", self.by));
        let commit = slipway_support::git::short(&self.commit);
        GitOpsError::Held {
            app: app.to_owned(),
            reason: self.reason.clone(),
            when: format!("since {}{until} by {by}, commit {commit}", self.since),
            all: self.is_of_all(),
        }
    }
}

/// The freezes that commits say and no later one lifts, whether their time is over or not; the newest first. `now` says what a
/// folder is called by now.
pub(super) fn freezes_of(commits: &[Logged], now: impl Fn(&str) -> String) -> Vec<Freeze> {
    let (mut frozen, mut lifted) = (Vec::new(), Vec::new());
    for commit in commits {
        for group in trailers::groups(&commit.message) {
            let folder = group.value(trailers::LIFTS).or_else(|| group.value(trailers::APP));
            if let Some(folder) = folder {
                lifted.extend(group.values(trailers::UNFREEZES).map(|of| (now(folder), of.to_owned())));
            }
            let Some(folder) = group.value(trailers::FREEZES) else { continue };
            let until = group.value(trailers::FREEZE_UNTIL).and_then(|until| until.parse().ok());
            frozen.push(Freeze {
                folder: now(folder),
                reason: group.value(trailers::FREEZE_REASON).unwrap_or("no reason given").to_owned(),
                since: commit.when.clone(),
                until,
                by: commit.author.clone(),
                source: group.value(trailers::SOURCE).map(str::to_owned),
                commit: commit.commit.clone(),
            });
        }
    }
    frozen.retain(|freeze| !lifted.contains(&(freeze.folder.clone(), freeze.commit.clone())));
    frozen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(commit: &str, message: &str) -> Logged {
        Logged { commit: commit.to_owned(), message: message.to_owned(), ..Logged::default() }
    }

    #[test]
    fn a_freeze_stands_until_its_own_folder_lifts_it() {
        let commits = [
            logged("c4", "x\n\nSlipway-App: m/b\nSlipway-Unfreezes: c1"),
            logged("c3", "x\n\nSlipway-Lifts: m/b\nSlipway-Unfreezes: c2"),
            logged(
                "c2",
                "x\n\nSlipway-Freezes: m/a\nSlipway-Freeze-Until: soon\nSlipway-Freezes: m/b\nSlipway-Freeze-Reason: r",
            ),
            logged("c1", "x\n\nSlipway-Freezes: m/*\nSlipway-Freeze-Until: 2026-01-01T00:00:00Z"),
        ];
        let all = freezes_of(&commits, str::to_owned);
        let told: Vec<(&str, &str)> =
            all.iter().map(|one| (one.folder.as_str(), one.reason.as_str())).collect();
        assert_eq!(
            told,
            [("m/a", "no reason given"), ("m/*", "no reason given")],
            "an app lifts no freeze of all"
        );
        // By the name that it has now.
        let moved = freezes_of(&commits, |folder| folder.replace("m/a", "m/b"));
        assert_eq!(moved.len(), 1, "it lifted what was called otherwise then");
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(all[0].stands(now) && !all[1].stands(now), "an end that cannot be read is none");
        assert!(all[1].holds("m/x") && !all[1].holds("mm/x") && !all[0].holds("m/x"));
        assert!(all[1].is_of_all() && Freeze { folder: "*".into(), ..all[0].clone() }.holds("x"));
    }
}
