//! What holds images, left for whoever comes next: on the remote, and beside the clone that is kept.
//!
//! On the remote it is a commit without files at `refs/slipway/holds/BRANCH/known`, which nothing leads to. It comes along with each
//! fetch, and a bump writes it anew where it has fallen behind, after its own push. Nobody has to believe it: it counts where its
//! commit is on the branch, and only for what came before that. Where the remote takes no such reference, or it is lost, more is fetched.

use tracing::debug;

use super::Repository;
use super::kept::Kept;
use super::reach::NEWEST;
use crate::error::GitOpsError;
use crate::said;
use crate::standing::Standing;

/// Where it is on the remote.
const HOLDS: &str = "refs/slipway/holds/";
/// Where it is kept here.
const HERE: &str = "refs/holds/";
/// Its last part, so that one branch may be called like the folder of another.
const KNOWN: &str = "known";
/// It is written anew where so many commits came since.
const EVERY: usize = 32;

impl Repository {
    /// What is fetched beside the branch. A star, since git refuses to fetch what is not there unless it may be one of several.
    pub(super) fn holds_refspec(&self) -> String {
        format!("+{HOLDS}{}/*:{HERE}*", self.branch)
    }

    /// What was left by others, and by us.
    pub(super) async fn told(&self) -> Vec<Standing> {
        let here = self.kept_here().and_then(|kept| kept.remembered());
        let texts = [self.told_there().await.map(|(_, text)| text), here];
        texts.into_iter().flatten().filter_map(|text| Standing::read(&text)).collect()
    }

    /// What the remote has, and the commit that it is in.
    async fn told_there(&self) -> Option<(String, String)> {
        let name = format!("{HERE}{KNOWN}^{{commit}}");
        let there =
            self.git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).await.ok()?;
        let asked = ["log", "-1", "--no-show-signature", "--no-color", "--format=%B", &there];
        let text = self.git.text(&asked).await.ok()?;
        Some((there, text))
    }

    /// Keeps it beside the clone that is kept, where there is one.
    pub(super) fn remember(&self, known: &Standing) {
        if let (Some(kept), Some(text)) = (self.kept_here(), known.text()) {
            kept.remember(&text);
        }
    }

    fn kept_here(&self) -> Option<Kept> {
        let (home, format) = self.home.as_ref()?;
        Kept::find(home, &self.named, format)
    }

    /// Leaves what is known by now for whoever comes next, where that is due.
    pub(super) async fn tell(&mut self) {
        if let Err(error) = self.try_to_tell().await {
            debug!(%error, "what holds images is not left on the remote");
        }
    }

    async fn try_to_tell(&mut self) -> Result<(), GitOpsError> {
        let is_shallow = self.is_cut() && !self.is_short();
        // All of a short history is soon fetched.
        if is_shallow || !self.is_short() && !self.has_more_than(NEWEST, None).await? {
            return Ok(());
        }
        let there = self.told_there().await;
        let known = there.as_ref().and_then(|(_, text)| Standing::read(text));
        if let Some(known) = known
            && self.knows(&known.as_of).await
            && !self.has_more_than(EVERY, Some(&known.as_of)).await?
        {
            return Ok(());
        }
        let Some(known) = said::stock(self).await? else { return Ok(()) };
        self.remember(&known);
        let Some(text) = known.text() else { return Ok(()) };
        let tree = self.git.run(&["hash-object", "-w", "-t", "tree", "--stdin"], &[]).await?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        let commit = self.git.run(&["commit-tree", &tree, "-F", "-"], text.as_bytes()).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let name = format!("{HOLDS}{}/{KNOWN}", self.branch);
        // Only in the place of what was seen: whoever was faster has done it.
        let before = there.map(|(commit, _)| commit).unwrap_or_default();
        let lease = format!("--force-with-lease={name}:{before}");
        self.push_as(&[&lease, &format!("{commit}:{name}")]).await?;
        self.git.run(&["update-ref", &format!("{HERE}{KNOWN}"), &commit], &[]).await?;
        Ok(())
    }

    /// Whether the tip has more commits than so many that another one does not have.
    async fn has_more_than(&self, many: usize, since: Option<&str>) -> Result<bool, GitOpsError> {
        let most = format!("--max-count={}", many + 1);
        let without = since.map(|since| format!("^{since}"));
        let mut arguments = vec!["rev-list", "--count", &most, &self.tip];
        arguments.extend(without.as_deref());
        arguments.push("--");
        let count = self.ask(&arguments, "").await?;
        Ok(count.trim().parse::<usize>().is_ok_and(|count| count > many))
    }
}
