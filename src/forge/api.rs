//! JSON over HTTP, as forges speak it: asked again with patience, explained where it is refused.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::error::ForgeError;
use super::place::{Kind, Place};
use crate::support::redact;
use crate::support::secret::Secret;
use crate::support::web::{Asking, Authorization, Limits, Web, WebError};

/// How long a forge is waited for in all, when it is busy or wants to be left alone.
const PATIENCE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// No answer that is read here is longer.
const MOST_ANSWER: usize = 16 << 20;
/// More pages than these of a list are not read.
const MOST_PAGES: usize = 50;
/// So much of what a forge says is shown.
const MOST_SAID: usize = 300;

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    silence: Duration::from_secs(30),
    whole: Duration::from_mins(1),
};

/// The API of a forge.
#[derive(Debug)]
pub(super) struct Api {
    web: Web,
    /// Its address.
    pub base: Url,
    kind: Kind,
    authorization: Authorization,
    headers: Vec<(HeaderName, String)>,
}

/// An answer, of any status.
pub(super) struct Reply {
    pub status: u16,
    pub json: Value,
    headers: HeaderMap,
    url: Url,
}

impl Api {
    pub fn new(place: &Place, token: Secret) -> Self {
        let mut headers = vec![(http::header::CONTENT_TYPE, "application/json".to_owned())];
        if place.kind == Kind::GitHub {
            headers.push((http::header::ACCEPT, "application/vnd.github+json".to_owned()));
            headers.push((HeaderName::from_static("x-github-api-version"), "2022-11-28".to_owned()));
        }
        let authorization = Authorization::Bearer(token);
        Self {
            web: Web::with_limits(LIMITS),
            base: place.api.clone(),
            kind: place.kind,
            authorization,
            headers,
        }
    }

    /// Asks, again where the forge is busy. A request twice is no harm: what it makes is there only once.
    pub async fn ask(&self, method: Method, url: &Url, body: Option<&Value>) -> Result<Reply, ForgeError> {
        let until = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let tried = self.once(method.clone(), url, body).await;
            let wait = match &tried {
                Err(ForgeError::Web(WebError::Unreachable { .. })) => None,
                Err(_) => return tried,
                Ok(reply) => match reply.left_alone() {
                    Some(wait) => Some(wait),
                    None if matches!(reply.status, 500 | 502 | 503 | 504) => None,
                    None => return tried,
                },
            };
            let random = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
            let next = wait.unwrap_or_else(|| pause.mul_f64(0.5 + random / 2.0));
            if Instant::now() + next > until {
                return match (tried, wait) {
                    (Ok(_), Some(wait)) => Err(ForgeError::Limited {
                        host: url.host_str().unwrap_or_default().to_owned(),
                        seconds: wait.as_secs().max(1),
                    }),
                    (tried, _) => tried,
                };
            }
            tokio::time::sleep(next).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, method: Method, url: &Url, body: Option<&Value>) -> Result<Reply, ForgeError> {
        let asking = Asking { authorization: Some(&self.authorization), headers: &self.headers };
        let answer = if method == Method::GET {
            self.web.get(url, asking).await?
        } else {
            let body = body.map(ToString::to_string).unwrap_or_default();
            self.web.change(method, url, asking, body.into_bytes()).await?
        };
        let (status, headers, url) = (answer.status.as_u16(), answer.headers.clone(), answer.url.clone());
        let text = answer.text(MOST_ANSWER).await?;
        let json = match serde_json::from_str(&text) {
            Ok(json) => json,
            // A proxy's page says nothing that counts, beside its status.
            Err(_) if !(200..300).contains(&status) || text.trim().is_empty() => Value::Null,
            Err(error) => return Err(self.unusable(&url, &error.to_string())),
        };
        Ok(Reply { status, json, headers, url })
    }

    /// Asks for a list, with all its pages.
    pub async fn list(&self, what: &'static str, url: &Url) -> Result<Vec<Value>, ForgeError> {
        self.list_in(what, url, None).await
    }

    /// Asks for a list, with all its pages; each of them may hold it under a key.
    pub async fn list_in(
        &self,
        what: &'static str,
        url: &Url,
        key: Option<&str>,
    ) -> Result<Vec<Value>, ForgeError> {
        let mut all = Vec::new();
        let mut next = Some(url.clone());
        for _ in 0..MOST_PAGES {
            let Some(url) = next.take() else { break };
            let reply = self.ask(Method::GET, &url, None).await?.granted(self, what)?;
            next = reply.next().filter(|next| next.origin() == self.base.origin());
            let Some(items) = key.map_or(&reply.json, |key| at(&reply.json, key)).as_array() else {
                return Err(self.unusable(&reply.url, "a list was expected"));
            };
            all.extend(items.iter().cloned());
        }
        Ok(all)
    }

    /// Saves what is at an address, which may lead elsewhere, into a new file of `most` bytes at most.
    pub async fn save(
        &self,
        what: &'static str,
        url: &Url,
        file: &Path,
        most: u64,
    ) -> Result<(), ForgeError> {
        let asking = Asking { authorization: Some(&self.authorization), headers: &[] };
        let answer = self.web.get(url, asking).await?;
        let (status, headers, at) = (answer.status.as_u16(), answer.headers.clone(), answer.url.clone());
        if answer.status.is_success() {
            return Ok(answer.save(file, most).await?);
        }
        Err(Reply { status, json: Value::Null, headers, url: at }.refused(self, what))
    }

    pub fn unusable(&self, url: &Url, problem: &str) -> ForgeError {
        ForgeError::Answer { url: url.into(), problem: problem.to_owned(), forge: self.kind.name() }
    }
}

impl Reply {
    /// The answer, where the forge did as asked.
    pub fn granted(self, api: &Api, what: &'static str) -> Result<Self, ForgeError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(self.refused(api, what))
    }

    /// Why the forge did not do as asked.
    pub fn refused(&self, api: &Api, what: &'static str) -> ForgeError {
        let way = match (api.kind, self.status) {
            (_, 401) => "the token is unknown there, or has expired".to_owned(),
            (Kind::GitHub, 403) => match self.header("x-accepted-github-permissions") {
                Some(needed) => format!("the token lacks a permission, {}", clean(&needed)),
                None => "the token needs the permissions contents: write and pull-requests: write, and an organisation with \
                         single sign-on has to allow it"
                    .to_owned(),
            },
            (Kind::GitHub, 404) => "the repository is not there, or the token may not see it: it needs contents: write and \
                                    pull-requests: write on it"
                .to_owned(),
            (Kind::GitLab, 403 | 404) => "the token needs the scope api and the role Developer in the project; a job token \
                                          (CI_JOB_TOKEN) opens no merge requests"
                .to_owned(),
            (_, 400..500) => "correct what is asked for".to_owned(),
            _ => "try again later".to_owned(),
        };
        ForgeError::Refused { forge: api.kind.name(), what, status: self.status, said: self.said(), way }
    }

    /// What the forge says of it: the message, and the parts of it.
    pub fn said(&self) -> String {
        let mut parts = Vec::new();
        for key in ["message", "error", "error_description", "errors"] {
            words(at(&self.json, key), &mut parts);
        }
        parts.dedup();
        if parts.is_empty() { "no reason given".to_owned() } else { clean(&parts.join(": ")) }
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// How long the forge wants to be left alone.
    fn left_alone(&self) -> Option<Duration> {
        if !matches!(self.status, 403 | 429) {
            return None;
        }
        if let Some(seconds) = self.header("retry-after").and_then(|text| text.trim().parse().ok()) {
            return Some(Duration::from_secs(seconds));
        }
        let is_spent = ["x-ratelimit-remaining", "ratelimit-remaining"]
            .iter()
            .any(|name| self.header(name).is_some_and(|left| left.trim() == "0"));
        let reset: Option<i64> = ["x-ratelimit-reset", "ratelimit-reset"]
            .iter()
            .find_map(|name| self.header(name)?.trim().parse().ok());
        let seconds = reset.map(|reset| reset.saturating_sub(Timestamp::now().as_second()).max(1));
        match (is_spent, seconds) {
            (true, Some(seconds)) => Some(Duration::from_secs(seconds.unsigned_abs())),
            _ if self.status == 429 => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// The next page of a list: `Link: <…>; rel="next"`.
    fn next(&self) -> Option<Url> {
        let links = self.header("link")?;
        let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let address = link.split_once('<')?.1.split_once('>')?.0;
        self.url.join(address).ok()
    }
}

const NOTHING: &Value = &Value::Null;

/// A field of an answer; null where it has none.
pub(super) fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(NOTHING)
}

/// The texts in an answer's reason, however it is built.
fn words(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::String(text) => parts.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| words(one, parts)),
        Value::Object(fields) if fields.contains_key("message") => words(at(value, "message"), parts),
        Value::Object(fields) => {
            let named = fields.iter().filter(|(key, _)| *key != "documentation_url");
            let texts = named.filter_map(|(key, value)| value.as_str().map(|text| format!("{key} {text}")));
            let all: Vec<String> = texts.collect();
            if all.is_empty() {
                fields.values().for_each(|one| words(one, parts));
            } else {
                parts.push(all.join(", "));
            }
        }
        _ => {}
    }
}

/// One line without secrets, and not too long.
fn clean(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_SAID).collect();
    redact::clean(line.trim()).into_owned()
}
