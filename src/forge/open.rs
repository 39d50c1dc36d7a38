//! The requests that are open for a branch, and the files that they change.

use std::collections::BTreeSet;
use std::path::PathBuf;

use http::Method;
use serde_json::Value;
use url::Url;

use super::Forge;
use super::api::{Api, at};
use super::error::ForgeError;

/// No more are looked at, those first that were touched last: one page of either forge.
pub const MOST: usize = 100;

/// A request that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Who has opened it.
    pub author: String,
    /// Its address for people.
    pub url: String,
    /// The files that it changes, before and after, from the root of the repository.
    pub files: Vec<PathBuf>,
}

/// What the two forges call things.
struct Words {
    requests: &'static str,
    number: &'static str,
    author: &'static str,
    page: &'static str,
    files: &'static str,
    now: &'static str,
    before: &'static str,
}

const GITHUB: Words = Words {
    requests: "pulls",
    number: "number",
    author: "login",
    page: "html_url",
    files: "files",
    now: "filename",
    before: "previous_filename",
};
const GITLAB: Words = Words {
    requests: "merge_requests",
    number: "iid",
    author: "username",
    page: "web_url",
    files: "diffs",
    now: "new_path",
    before: "old_path",
};

impl Forge {
    /// The requests for a branch, besides that of a number: at most [`MOST`].
    pub async fn open_for(&self, base: &str, besides: u64) -> Result<Vec<OpenRequest>, ForgeError> {
        let (api, words) = match self {
            Self::GitHub(forge) => (forge.api(), GITHUB),
            Self::GitLab(forge) => (forge.api(), GITLAB),
        };
        let query = match self {
            Self::GitHub(_) => {
                [("state", "open"), ("base", base), ("sort", "updated"), ("direction", "desc")]
            }
            Self::GitLab(_) => {
                [("state", "opened"), ("target_branch", base), ("order_by", "updated_at"), ("sort", "desc")]
            }
        };
        let page = [("per_page", "100")];
        let url = self.below(&[words.requests], &[&query[..], &page].concat());
        let open = api.ask(Method::GET, &url, None).await?.granted(api, "list the requests")?.json;
        let open = open.as_array().ok_or_else(|| api.unusable(&url, "a list was expected"))?;
        let mut requests = Vec::new();
        for one in open.iter().take(MOST) {
            let Some(number) = at(one, words.number).as_u64().filter(|number| *number != besides) else {
                continue;
            };
            let url = self.below(&[words.requests, &number.to_string(), words.files], &page);
            requests.push(words.request(one, number, files(api, &url, &words).await?));
        }
        Ok(requests)
    }

    fn below(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        match self {
            Self::GitHub(forge) => forge.at(segments, query),
            Self::GitLab(forge) => forge.at(segments, query),
        }
    }
}

impl Words {
    fn request(&self, one: &Value, number: u64, files: Vec<PathBuf>) -> OpenRequest {
        let text = |value: &Value, key: &str| at(value, key).as_str().unwrap_or_default().to_owned();
        let author = if self.requests == GITHUB.requests { at(one, "user") } else { at(one, "author") };
        OpenRequest {
            number,
            title: text(one, "title"),
            author: text(author, self.author),
            url: text(one, self.page),
            files,
        }
    }
}

async fn files(api: &Api, url: &Url, words: &Words) -> Result<Vec<PathBuf>, ForgeError> {
    let listed = api.list("list the files of a request", url).await?;
    let paths = listed.iter().flat_map(|file| [at(file, words.now), at(file, words.before)]);
    let paths: BTreeSet<PathBuf> = paths.filter_map(Value::as_str).map(PathBuf::from).collect();
    Ok(paths.into_iter().collect())
}
