//! Taking turns: whoever was late, or comes while others wait, draws a ticket, and pushes when it is the first.
//!
//! A ticket is a reference of the remote's, `refs/slipway/queue/BRANCH/TIME-RANDOM`, at the commit that the branch had. It comes along
//! with each fetch of the branch, and goes with the push of the commit, both or neither. Nothing else follows from one: it only makes
//! others wait, for a bounded time. Whether a commit lands is Git's to say, as without tickets, and nothing is ever forced. Whoever
//! does not know of tickets pushes as ever; where the remote takes no such references, everybody does.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::debug;

use super::Repository;
use super::reach::{NEWEST, depth};
use crate::error::GitOpsError;
use slipway_support::git::GitError;

/// Where the tickets of a branch are on the remote.
const QUEUE: &str = "refs/slipway/queue/";
/// Where they are kept here.
const HERE: &str = "refs/queue/";
/// How long whoever is first may do nothing before it is taken for dead; longer where pushes take long.
const LIFE: Duration = Duration::from_secs(5);
/// So many turns may pass in that time.
const TURNS: u32 = 6;
/// One that is older by its name was left behind on a remote from which nobody may remove it.
const OLDEST: Duration = Duration::from_mins(10);
/// Whoever waited longer goes without.
const MOST_WAITING: Duration = Duration::from_mins(10);
const SHORTEST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(20);
/// How long until the first look, where that tells how fast the others go.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How often a ticket is asked for: two that come and go at once may be in each other's way.
const DRAWS: usize = 3;

/// Whether this waits with others.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Its own ticket.
    ticket: Option<String>,
    /// Whether the remote takes no tickets.
    is_refused: bool,
}

/// How fast the others go.
#[derive(Debug)]
struct Pace {
    /// What a try of ours took.
    ours: Duration,
    /// What a turn of theirs takes, as far as that was seen.
    theirs: Option<Duration>,
    looks: u32,
    /// Who was first, our place then, and since when that is so.
    last: Option<(String, usize, Instant)>,
}

impl Pace {
    fn of(ours: Duration) -> Self {
        Self { ours: ours.max(SHORTEST_LOOK), theirs: None, looks: 0, last: None }
    }

    /// Takes in who is first now; says whether it was that for longer than anybody alive.
    fn sees_nothing_of(&mut self, head: &str, place: usize) -> bool {
        let now = Instant::now();
        match &self.last {
            Some((first, _, since)) if first == head => {
                now.duration_since(*since) > LIFE.max(self.theirs.unwrap_or(self.ours) * TURNS)
            }
            known => {
                let passed = known.as_ref().and_then(|(_, before, _)| before.checked_sub(place));
                let passed =
                    passed.and_then(|passed| u32::try_from(passed).ok()).filter(|passed| *passed > 0);
                if let (Some((_, _, since)), Some(passed)) = (known, passed) {
                    self.theirs = Some(now.duration_since(*since) / passed);
                }
                self.last = Some((head.to_owned(), place, now));
                false
            }
        }
    }

    /// Half of the way is waited for at once: who looks seldom is in nobody's way.
    fn until_next_look(&mut self, place: usize) -> Duration {
        let ahead = u32::try_from(place).unwrap_or(u32::MAX);
        let look = match self.theirs {
            Some(theirs) => theirs.saturating_mul(ahead) / 2,
            // What our own took says little where many tried at once.
            None => self.ours.min(FIRST_LOOK).saturating_mul(1 << self.looks.min(4)),
        };
        self.looks += 1;
        look.clamp(SHORTEST_LOOK, LONGEST_LOOK)
    }
}

impl Repository {
    /// What is fetched beside the branch.
    pub(super) fn queue_refspec(&self) -> String {
        format!("+{QUEUE}{}/*:{HERE}*", self.branch)
    }

    fn ticket_ref(&self, ticket: &str) -> String {
        format!("{QUEUE}{}/{ticket}", self.branch)
    }

    /// Whether turns are taken, so that a pause of random length is not needed.
    pub(super) fn takes_turns(&self) -> bool {
        !self.queue.is_refused && self.way.branch.is_none()
    }

    /// Waits until it is our turn, where others wait, or we were too late; then the tip was fetched just now. `turn` is what a try takes.
    pub(super) async fn take_turn(&mut self, is_late: bool, turn: Duration) -> Result<(), GitOpsError> {
        if !self.takes_turns() || self.is_rehearsing() {
            return Ok(());
        }
        let mut dead = BTreeSet::new();
        if self.queue.ticket.is_none() {
            if !is_late && self.waiting(&dead).await?.is_empty() {
                return Ok(());
            }
            self.draw().await;
            self.fetch().await?;
        }
        let Some(own) = self.queue.ticket.clone() else { return Ok(()) };
        let begun = Instant::now();
        let mut others = Pace::of(turn);
        loop {
            let waiting = self.waiting(&dead).await?;
            let Some(place) = waiting.iter().position(|ticket| *ticket == own) else {
                // Somebody took us for dead, or it is not shown to us.
                debug!(ticket = own, "the ticket is gone");
                self.queue.is_refused = true;
                return self.fetch().await;
            };
            let Some(head) = waiting.first().filter(|_| place > 0 && begun.elapsed() < MOST_WAITING) else {
                return self.fetch().await;
            };
            if others.sees_nothing_of(head, place) {
                debug!(ticket = head, "whoever has it is taken for dead");
                if !self.remove(head).await {
                    self.queue.is_refused = true;
                    return self.fetch().await;
                }
                dead.insert(head.clone());
                continue;
            }
            tokio::time::sleep(others.until_next_look(place)).await;
            self.fetch_tickets().await?;
        }
    }

    /// The tickets alone: who waits needs no commits yet.
    async fn fetch_tickets(&self) -> Result<(), GitOpsError> {
        let refspec = self.queue_refspec();
        let depth = self.is_short().then(|| depth(NEWEST));
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--prune"];
        arguments.extend(depth.as_deref());
        arguments.extend(["--", self.remote.url(), &refspec]);
        Ok(self.git.run(&arguments, &[]).await.map(drop)?)
    }

    /// Pushes a commit; with it our ticket goes.
    pub(super) async fn push_in_turn(&mut self, commit: &str) -> Result<(), GitError> {
        let Some(ticket) = self.queue.ticket.clone() else { return self.push(commit).await };
        let refspec = format!("{commit}:{}", self.branch_ref());
        let gone = format!(":{}", self.ticket_ref(&ticket));
        match self.push_as(&["--atomic", &refspec, &gone]).await {
            Ok(()) => {
                self.queue.ticket = None;
                Ok(())
            }
            Err(
                error
                @ (GitError::PushRejected { .. } | GitError::Network { .. } | GitError::TimedOut { .. }),
            ) => Err(error),
            // It may be the ticket that is refused: it is gone already, or the remote does not know `--atomic`.
            Err(error) => {
                debug!(%error, "the commit is pushed without its ticket");
                self.push(commit).await
            }
        }
    }

    /// Gives our ticket back.
    pub(super) async fn leave_queue(&mut self) {
        if let Some(ticket) = self.queue.ticket.take() {
            self.remove(&ticket).await;
        }
    }

    /// The tickets by their order, without those of the dead.
    async fn waiting(&self, dead: &BTreeSet<String>) -> Result<Vec<String>, GitOpsError> {
        let listed = self.git.text(&["for-each-ref", "--format=%(refname:lstrip=2)", HERE]).await?;
        let now = milliseconds();
        let counts = |ticket: &&str| {
            // Another branch, whose name begins with ours.
            let is_ours = self.queue.ticket.as_deref() == Some(*ticket);
            !ticket.contains('/') && (is_ours || !dead.contains(*ticket) && !is_old(ticket, now))
        };
        let mut all: Vec<String> = listed.lines().filter(counts).map(str::to_owned).collect();
        all.sort();
        Ok(all)
    }

    async fn draw(&mut self) {
        for _ in 0..DRAWS {
            let random = uuid::Uuid::new_v4().simple().to_string();
            let ticket = format!("{:014}-{}", milliseconds(), random.get(..12).unwrap_or(&random));
            let refspec = format!("{}:{}", self.tip, self.ticket_ref(&ticket));
            match self.push_beside(&[&refspec]).await {
                Ok(()) => {
                    self.queue.ticket = Some(ticket);
                    return;
                }
                Err(GitError::PushRejected { .. }) => {}
                Err(error) => {
                    debug!(%error, "the remote takes no tickets");
                    break;
                }
            }
        }
        self.queue.is_refused = true;
    }

    /// Removes a ticket, where somebody else has not done so; false where the remote lets nobody.
    async fn remove(&mut self, ticket: &str) -> bool {
        let gone = format!(":{}", self.ticket_ref(ticket));
        let removed = self.push_as(&[&gone]).await;
        if let Err(error) = &removed {
            debug!(%error, ticket, "the ticket was not removed");
        }
        !matches!(removed, Err(GitError::PushRefused { .. }))
    }
}

fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// Whether a ticket is older than any that somebody waits with, by its name.
fn is_old(ticket: &str, now: u128) -> bool {
    let drawn = ticket.split('-').next().and_then(|time| time.parse::<u128>().ok());
    drawn.is_none_or(|drawn| drawn.saturating_add(OLDEST.as_millis()) < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_far_behind_looks_seldom_and_who_is_next_at_once() {
        let mut pace = Pace::of(Duration::from_secs(30));
        assert!(!pace.sees_nothing_of("a", 40));
        assert_eq!(pace.until_next_look(40), FIRST_LOOK, "a crowd is no measure");
        pace.last = Some(("a".into(), 40, Instant::now().checked_sub(Duration::from_secs(2)).unwrap()));
        assert!(!pace.sees_nothing_of("b", 30));
        let look = pace.until_next_look(30);
        assert!((Duration::from_millis(2900)..Duration::from_millis(3600)).contains(&look), "{look:?}");
        assert!(pace.until_next_look(1) < Duration::from_millis(200));
        pace.last = Some(("b".into(), 30, Instant::now().checked_sub(LIFE * 2).unwrap()));
        assert!(pace.sees_nothing_of("b", 30));
    }

    #[test]
    fn a_ticket_grows_old_by_its_name() {
        let now = 1_800_000_000_000;
        assert!(!is_old("01800000000000-a", now) && !is_old("01799999500000-a", now));
        assert!(is_old("01799999000000-a", now) && is_old("strange", now));
        assert!(!is_old("01900000000000-a", now), "of a clock that is ahead");
    }
}
