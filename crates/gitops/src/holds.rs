//! All that holds one image at a moment: a rollback, a freeze of its app, one of all apps, a window.

use jiff::{Timestamp, Zoned};

use super::error::GitOpsError;
use super::freeze::Freeze;
use super::record::ImageRecord;
use super::repository::Snapshot;
use super::window::FreezeWindow;
use slipway_support::git::short;

/// What holds an image.
pub(super) struct Holds<'a> {
    rollback: Option<&'a ImageRecord>,
    of_app: Vec<&'a Freeze>,
    of_all: Vec<&'a Freeze>,
    windows: Vec<(&'a FreezeWindow, Zoned)>,
}

impl<'a> Holds<'a> {
    /// What does now.
    pub fn of(snapshot: &'a Snapshot, folder: &str, app: &str, rollback: Option<&'a ImageRecord>) -> Self {
        let now = Timestamp::now();
        // Whatever the folder is called by a link: what is set there is set for all of them.
        let names = snapshot.tree.names_of(folder);
        let holds = |freeze: &Freeze| freeze.holds(folder) || names.iter().any(|name| freeze.holds(name));
        let freezes = snapshot.freezes.iter().filter(|freeze| holds(freeze) && freeze.stands(now));
        let (of_all, of_app) = freezes.partition(|freeze| freeze.is_of_all());
        let windows = snapshot.rules.windows.iter().filter(|window| window.is_for(app));
        let windows = windows.filter_map(|window| Some((window, window.ends(now)?))).collect();
        Self { rollback, of_app, of_all, windows }
    }

    /// Refuses what is held. What is the app's own can be lifted with the bump; what is for all has to be set in spite of.
    pub fn check(&self, app: &str, (unfreezes, in_spite): (bool, bool)) -> Result<(), GitOpsError> {
        if in_spite {
            return Ok(());
        }
        if let Some(freeze) = self.of_all.first() {
            return Err(freeze.refusal(app));
        }
        if let Some((window, end)) = self.windows.first() {
            return Err(GitOpsError::InWindow {
                app: app.to_owned(),
                window: window.name.clone(),
                place: window.place.clone(),
                until: end.to_string(),
            });
        }
        if unfreezes {
            return Ok(());
        }
        if let Some(freeze) = self.of_app.first() {
            return Err(freeze.refusal(app));
        }
        self.rollback.map_or(Ok(()), |rollback| {
            Err(GitOpsError::Frozen {
                app: app.to_owned(),
                from: rollback.previous.clone(),
                commit: short(&rollback.commit).to_owned(),
                since: format!("since {} by {}", rollback.when, rollback.author),
            })
        })
    }

    /// The commits that hold the app itself.
    pub fn of_the_app(&self) -> Vec<String> {
        let freezes = self.of_app.iter().map(|freeze| freeze.commit.clone());
        self.rollback.iter().map(|rollback| rollback.commit.clone()).chain(freezes).collect()
    }

    /// What goes on holding, but for what is lifted.
    pub fn despite(&self, lifted: &[String]) -> Vec<String> {
        let of_all = self.of_all.iter().map(|freeze| freeze.commit.clone());
        let windows = self.windows.iter().map(|(window, _)| format!("window {}", window.name));
        let all = self.of_the_app().into_iter().chain(of_all).chain(windows);
        all.filter(|held| !lifted.contains(held)).collect()
    }
}
