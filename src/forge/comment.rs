//! The one comment that a pipeline keeps on a request: made once, brought up to date, and taken away again.
//!
//! It is known by its first line, which nobody sees. Two pipelines may make one at the same moment, and an answer may get lost
//! behind which one was made: so what is there is looked at again, and the oldest one stays.

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::api::at;
use super::error::ForgeError;
use super::{Forge, github::GitHub, gitlab::GitLab};

/// How the first line begins.
const MARK: &str = "<!-- slipway comment ";

/// What is to be on a request.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The request's number.
    pub request: u64,
    /// Which of several comments it is, such as `plan`: a word.
    pub name: &'a str,
    /// The number of the pipeline: one that is older writes over none that is newer.
    pub run: u64,
    /// What it says; none where there is nothing to say.
    pub text: Option<&'a str>,
    /// Whether only what programs have written can be ours.
    pub by_programs: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was made.
    Made,
    /// It was brought up to date.
    Updated,
    /// It says so already.
    Same,
    /// It was taken away.
    Deleted,
    /// There is nothing to say, and there is none.
    Nothing,
    /// A newer pipeline has written it.
    Newer,
}

/// A comment of ours.
struct Found {
    id: u64,
    body: String,
}

impl Found {
    /// The pipeline that has written it.
    fn run(&self) -> u64 {
        let line = self.body.lines().next().unwrap_or_default();
        let word = line.split_whitespace().find_map(|word| word.strip_prefix("run="));
        word.and_then(|run| run.parse().ok()).unwrap_or_default()
    }
}

impl Forge {
    /// Sees to it that a request has this comment, and no other by that name.
    pub async fn comment(&self, wanted: Wanted<'_>) -> Result<Posted, ForgeError> {
        let found = self.ours(&wanted).await?;
        if found.iter().any(|one| one.run() > wanted.run) {
            return Ok(Posted::Newer);
        }
        let Some(text) = wanted.text else {
            for one in &found {
                self.remove(&wanted, one.id).await?;
            }
            return Ok(if found.is_empty() { Posted::Nothing } else { Posted::Deleted });
        };
        let body = format!("{MARK}{} run={} -->\n{text}", wanted.name, wanted.run);
        if let Some((first, others)) = found.split_first() {
            for one in others {
                self.remove(&wanted, one.id).await?;
            }
            if first.body.trim_end() == body.trim_end() {
                return Ok(Posted::Same);
            }
            if self.change(&wanted, first.id, &body).await? {
                return Ok(Posted::Updated);
            }
        }
        self.make(&wanted, &body).await?;
        // Another pipeline may have made one meanwhile, or this one twice: the oldest stays, with what the newest says.
        let found = self.ours(&wanted).await?;
        if let Some((first, others)) = found.split_first().filter(|(_, others)| !others.is_empty()) {
            let newest = found.iter().max_by_key(|one| one.run()).unwrap_or(first);
            if newest.id != first.id {
                self.change(&wanted, first.id, &newest.body).await?;
            }
            for one in others {
                self.remove(&wanted, one.id).await?;
            }
        }
        Ok(Posted::Made)
    }

    /// The comments by this name, the oldest first.
    async fn ours(&self, wanted: &Wanted<'_>) -> Result<Vec<Found>, ForgeError> {
        let mark = format!("{MARK}{} ", wanted.name);
        let (all, author) = match self {
            Self::GitHub(forge) => (forge.comments(wanted.request).await?, None),
            Self::GitLab(forge) => (forge.notes(wanted.request).await?, Some(forge.whoami().await?)),
        };
        let is_ours = |one: &&Value| match (&author, wanted.by_programs) {
            (Some(id), _) => at(at(one, "author"), "id") == id,
            (None, true) => at(at(one, "user"), "type") == "Bot",
            (None, false) => true,
        };
        let read = |one: &Value| {
            let body = at(one, "body").as_str().filter(|body| body.starts_with(&mark))?;
            Some(Found { id: at(one, "id").as_u64()?, body: body.to_owned() })
        };
        let mut found: Vec<Found> = all.iter().filter(is_ours).filter_map(read).collect();
        found.sort_by_key(|one| one.id);
        Ok(found)
    }

    async fn make(&self, wanted: &Wanted<'_>, body: &str) -> Result<(), ForgeError> {
        let body = json!({ "body": body });
        let (api, url) = match self {
            Self::GitHub(forge) => (forge.api(), forge.comments_at(wanted.request)),
            Self::GitLab(forge) => (forge.api(), forge.notes_at(wanted.request)),
        };
        api.ask(Method::POST, &url, Some(&body)).await?.granted(api, "comment on the request").map(drop)
    }

    /// Whether it was there to be changed.
    async fn change(&self, wanted: &Wanted<'_>, id: u64, body: &str) -> Result<bool, ForgeError> {
        let body = json!({ "body": body });
        let (api, method, url) = match self {
            Self::GitHub(forge) => (forge.api(), Method::PATCH, forge.comment_at(id)),
            Self::GitLab(forge) => (forge.api(), Method::PUT, forge.note_at(wanted.request, id)),
        };
        let reply = api.ask(method, &url, Some(&body)).await?;
        if reply.status == 404 {
            return Ok(false);
        }
        reply.granted(api, "update the comment").map(|_| true)
    }

    async fn remove(&self, wanted: &Wanted<'_>, id: u64) -> Result<(), ForgeError> {
        let (api, url) = match self {
            Self::GitHub(forge) => (forge.api(), forge.comment_at(id)),
            Self::GitLab(forge) => (forge.api(), forge.note_at(wanted.request, id)),
        };
        let reply = api.ask(Method::DELETE, &url, None).await?;
        // Somebody else was faster.
        if reply.status == 404 { Ok(()) } else { reply.granted(api, "delete the comment").map(drop) }
    }
}

impl GitHub {
    fn comments_at(&self, request: u64) -> Url {
        self.at(&["issues", &request.to_string(), "comments"], &[("per_page", "100")])
    }

    fn comment_at(&self, id: u64) -> Url {
        self.at(&["issues", "comments", &id.to_string()], &[])
    }

    async fn comments(&self, request: u64) -> Result<Vec<Value>, ForgeError> {
        self.api().list("list the comments", &self.comments_at(request)).await
    }
}

impl GitLab {
    fn notes_at(&self, request: u64) -> Url {
        let number = request.to_string();
        self.at(&["merge_requests", &number, "notes"], &[("per_page", "100"), ("sort", "asc")])
    }

    fn note_at(&self, request: u64, id: u64) -> Url {
        self.at(&["merge_requests", &request.to_string(), "notes", &id.to_string()], &[])
    }

    async fn notes(&self, request: u64) -> Result<Vec<Value>, ForgeError> {
        self.api().list("list the notes", &self.notes_at(request)).await
    }

    async fn whoami(&self) -> Result<Value, ForgeError> {
        let url = super::address(&self.api().base, &["user"], &[]);
        let reply =
            self.api().ask(Method::GET, &url, None).await?.granted(self.api(), "ask whose token it is")?;
        Ok(at(&reply.json, "id").clone())
    }
}
