//! The statuses that a pipeline gives a commit: one a name, made where there is none that says the same.
//!
//! Forges keep every status that was ever set and show the newest of a name. So what is there is looked at first, and nothing is set
//! twice; a run that ends late sets none over that of a newer one, which the address of its page tells.

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::api::at;
use super::error::ForgeError;
use super::{Forge, github::GitHub, gitlab::GitLab};

/// No forge takes a longer description.
const LONGEST: usize = 140;

/// How a commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not known yet.
    Pending,
    /// All is well.
    Success,
    /// Something is not.
    Failure,
}

/// A status that is to be there.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its name, such as `slipway/plan/dev`.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// That in words.
    pub text: String,
}

/// Whose statuses they are.
#[derive(Clone, Copy, Debug)]
pub struct Pipeline<'a> {
    /// The commit.
    pub commit: &'a str,
    /// The number of the run.
    pub run: u64,
    /// Where people see it.
    pub page: Option<&'a str>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It was set.
    Set,
    /// It says so already.
    Same,
    /// A newer run has set it.
    Newer,
}

/// One that is there.
struct Found {
    name: String,
    state: String,
    text: String,
    page: String,
}

impl Forge {
    /// Sees to it that a commit has these statuses; what became of each, in their order.
    pub async fn status(&self, pipeline: Pipeline<'_>, wanted: &[Status]) -> Result<Vec<Set>, ForgeError> {
        let found = self.statuses(pipeline.commit).await?;
        let mut set = Vec::new();
        for status in wanted {
            let there = found.iter().find(|one| one.name == status.name);
            set.push(match there {
                Some(there) if is_newer(&there.page, pipeline) => Set::Newer,
                Some(there) if self.says_so(there, status, pipeline) => Set::Same,
                _ => self.set(status, pipeline).await?,
            });
        }
        Ok(set)
    }

    fn says_so(&self, there: &Found, status: &Status, pipeline: Pipeline<'_>) -> bool {
        there.state == self.word(status.state)
            && there.text == short(&status.text)
            && there.page == pipeline.page.unwrap_or_default()
    }

    fn word(&self, state: State) -> &'static str {
        match (self, state) {
            (_, State::Pending) => "pending",
            (_, State::Success) => "success",
            (Self::GitHub(_), State::Failure) => "failure",
            (Self::GitLab(_), State::Failure) => "failed",
        }
    }

    /// The newest of each name.
    async fn statuses(&self, commit: &str) -> Result<Vec<Found>, ForgeError> {
        let (all, words) = match self {
            Self::GitHub(forge) => (forge.statuses(commit).await?, ["context", "state"]),
            Self::GitLab(forge) => (forge.statuses(commit).await?, ["name", "status"]),
        };
        let [name, state] = words;
        let text = |one: &Value, key: &str| at(one, key).as_str().unwrap_or_default().to_owned();
        Ok(all
            .iter()
            .map(|one| Found {
                name: text(one, name),
                state: text(one, state),
                text: text(one, "description"),
                page: text(one, "target_url"),
            })
            .collect())
    }

    async fn set(&self, status: &Status, pipeline: Pipeline<'_>) -> Result<Set, ForgeError> {
        let (api, url, name) = match self {
            Self::GitHub(forge) => (forge.api(), forge.at(&["statuses", pipeline.commit], &[]), "context"),
            Self::GitLab(forge) => (forge.api(), forge.at(&["statuses", pipeline.commit], &[]), "name"),
        };
        let mut body = json!({
            name: status.name, "state": self.word(status.state), "description": short(&status.text),
        });
        if let (Some(page), Some(body)) = (pipeline.page, body.as_object_mut()) {
            body.insert("target_url".to_owned(), json!(page));
        }
        let reply = api.ask(Method::POST, &url, Some(&body)).await?;
        // Another job was faster, or an answer got lost.
        if matches!(self, Self::GitLab(_))
            && reply.status == 400
            && reply.said().contains("Cannot transition")
        {
            return Ok(Set::Same);
        }
        reply.granted(api, "set the status of a commit").map(|_| Set::Set)
    }
}

impl GitHub {
    async fn statuses(&self, commit: &str) -> Result<Vec<Value>, ForgeError> {
        let url: Url = self.at(&["commits", commit, "status"], &[("per_page", "100")]);
        self.api().list_in("list the statuses of a commit", &url, Some("statuses")).await
    }
}

impl GitLab {
    async fn statuses(&self, commit: &str) -> Result<Vec<Value>, ForgeError> {
        let url = self.at(&["repository", "commits", commit, "statuses"], &[("per_page", "100")]);
        self.api().list("list the statuses of a commit", &url).await
    }
}

/// Whether a page is that of a run that began later than ours: the same address but for a higher number at its end.
fn is_newer(there: &str, ours: Pipeline<'_>) -> bool {
    let before = |page: &str| page.rsplit_once('/').map(|(before, _)| before.to_owned());
    let number = there.rsplit_once('/').and_then(|(_, number)| number.parse::<u64>().ok());
    number.is_some_and(|number| number > ours.run) && before(there) == ours.page.and_then(before)
}

/// As much of a text as a forge takes.
fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let begin: String = text.chars().take(LONGEST - 1).collect();
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_newer_where_its_number_is_higher_on_the_same_page() {
        let ours = |page| Pipeline { commit: "c", run: 7, page };
        let page = "https://github.com/acme/infra/actions/runs/";
        let own = format!("{page}7");
        for (there, expected) in [("8", true), ("7", false), ("6", false), ("x", false), ("", false)] {
            assert_eq!(is_newer(&format!("{page}{there}"), ours(Some(&own))), expected, "{there}");
        }
        assert!(!is_newer("https://elsewhere.example/9", ours(Some(&own))));
        assert!(!is_newer("", ours(None)) && !is_newer("9", ours(None)));
    }

    #[test]
    fn a_text_is_cut_to_what_a_forge_takes() {
        assert_eq!(short("3 to add"), "3 to add");
        let cut = short(&"ö".repeat(200));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (LONGEST, true));
    }
}
