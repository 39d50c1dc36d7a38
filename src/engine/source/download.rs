//! Archives and objects downloaded and unpacked, and addresses that lead to other addresses.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use http::header;
use url::Url;

use super::address::{HttpPlace, Login, Place, S3Place, Source};
use super::archive::{self, Kind};
use super::cache::{Entry, blocking};
use super::named::{self, Named};
use super::s3::{self, Object};
use super::{FetchOptions, SourceError, Sources, git, netrc};
use crate::support::address::Address;
use crate::support::confined::{PRIVATE_FOLDER, Root};
use crate::support::web::{Asking, Authorization, WebError};

/// How often one place may lead to another.
const MOST_STEPS: usize = 5;
/// Pages and lists are no longer than this.
const MOST_TEXT: usize = 8 << 20;

impl Sources {
    /// Gets what an address that a server named leads to, into a folder under `scratch`.
    pub(super) fn follow<'a>(
        &'a self,
        Named { location, by }: Named,
        scratch: &'a Path,
        options: FetchOptions<'a>,
        step: usize,
    ) -> BoxFuture<'a, Result<PathBuf, SourceError>> {
        Box::pin(async move {
            let url = location.as_str();
            let invalid = |cause: &str| {
                SourceError::from(WebError::Answer { url: url.into(), cause: cause.to_owned() })
            };
            if step >= MOST_STEPS {
                return Err(invalid("it leads on and on"));
            }
            let above = scratch;
            let scratch = scratch.join(format!("step-{step}"));
            Root::at(above)?.create_dir_all(&scratch, PRIVATE_FOLDER)?;
            let address = Source::parse(url, Path::new("/"))?;
            if let Some(cause) = named::refusal(&address.place, &by) {
                return Err(invalid(&format!("{} named it, and {cause}", Address::from(&by))));
            }
            let tree = match &address.place {
                Place::Git(place) => {
                    let revision = git::resolve(place).await?;
                    git::fetch(place, &revision, &scratch).await?.0
                }
                Place::Registry(place) => {
                    let host = place.host.clone().unwrap_or_else(|| options.registry.to_owned());
                    let version = match &place.version {
                        Some(version) => version.clone(),
                        None => self.registries.newest(&self.web, &host, place).await?,
                    };
                    let next = self.registries.location(&self.web, &host, place, &version).await?;
                    self.follow(next, &scratch, options, step + 1).await?
                }
                place => {
                    let mut entry = Entry::default();
                    let tree = self.download(place, &mut entry, &scratch, options, step).await?;
                    tree.ok_or_else(|| invalid("it says nothing has changed"))?
                }
            };
            within(&tree, &address.module)
                .ok_or_else(|| SourceError::ModuleMissing { source_text: url.into(), folder: address.module })
        })
    }

    /// Downloads and unpacks; none where it is what `entry` says already. Fills `entry`.
    pub(super) async fn download(
        &self,
        place: &Place,
        entry: &mut Entry,
        scratch: &Path,
        options: FetchOptions<'_>,
        step: usize,
    ) -> Result<Option<PathBuf>, SourceError> {
        match place {
            Place::Http(place) => self.download_http(place, entry, scratch, options, step).await,
            Place::S3(place) => self.download_s3(place, entry, scratch, options).await,
            _ => Ok(None),
        }
    }

    async fn download_http(
        &self,
        place: &HttpPlace,
        entry: &mut Entry,
        scratch: &Path,
        options: FetchOptions<'_>,
        step: usize,
    ) -> Result<Option<PathBuf>, SourceError> {
        let host = place.url.host_str().unwrap_or_default();
        let login = place.login.clone().or_else(|| netrc::login_of(host)).map(Login::into_authorization);
        let kind = Kind::of(place.file.archive.as_deref(), place.url.path());
        let mut url = place.url.clone();
        if kind.is_none() {
            url.query_pairs_mut().append_pair("terraform-get", "1");
        }
        let mut extra = Vec::new();
        extra.extend(entry.etag.take().map(|mark| (header::IF_NONE_MATCH, mark)));
        extra.extend(entry.last_modified.take().map(|time| (header::IF_MODIFIED_SINCE, time)));
        let answer = self.web.get(&url, Asking { authorization: login.as_ref(), headers: &extra }).await?;
        if answer.status.as_u16() == 304 {
            return Ok(None);
        }
        let shown = place.shown();
        if !answer.status.is_success() {
            return Err(WebError::Status { url: shown, status: answer.status.as_u16() }.into());
        }
        *entry = Entry {
            source: shown.to_string(),
            etag: answer.header(header::ETAG),
            last_modified: answer.header(header::LAST_MODIFIED),
            ..Entry::default()
        };
        (options.note)(&format!("fetching {shown}"));
        let Some(kind) = kind else {
            let named = answer.header("x-terraform-get").filter(|location| !location.is_empty());
            let location = match named {
                Some(location) => Some(location),
                None => meta_location(&answer.text(MOST_TEXT).await?),
            };
            let location = location.ok_or_else(|| {
                WebError::answer(
                    &place.url,
                    "it is no archive by its name, and names no other place; say ?archive=",
                )
            })?;
            let named = Named { location: absolute(&place.url, &location), by: place.url.clone() };
            return Ok(Some(self.follow(named, scratch, options, step + 1).await?));
        };
        let file = scratch.join("archive");
        answer.save(&file, archive::MOST_FILE).await?;
        let checksum = match place.file.checksum.as_deref().map(|text| (text, text.strip_prefix("file:"))) {
            Some((_, Some(list))) => Some(self.listed_checksum(list, &place.url, login.as_ref()).await?),
            Some((checksum, None)) => Some(checksum.to_owned()),
            None => None,
        };
        self.unpack(&file, kind, &shown.to_string(), checksum, entry, scratch).await.map(Some)
    }

    async fn download_s3(
        &self,
        place: &S3Place,
        entry: &mut Entry,
        scratch: &Path,
        options: FetchOptions<'_>,
    ) -> Result<Option<PathBuf>, SourceError> {
        let name = format!("s3://{}/{}", place.bucket, place.key);
        let etag = entry.etag.take();
        *entry = Entry { source: name.clone(), ..Entry::default() };
        match s3::get(&self.s3, place, etag.as_deref(), scratch).await? {
            Object::Unchanged => Ok(None),
            Object::Folder(folder) => Ok(Some(folder)),
            Object::Nothing => Err(WebError::Status { url: name.into(), status: 404 }.into()),
            Object::File(file, mark) => {
                (options.note)(&format!("fetching {name}"));
                let kind = Kind::of(place.file.archive.as_deref(), &place.key).ok_or_else(|| {
                    let cause = "it is no archive by its name; say ?archive=".to_owned();
                    WebError::Answer { url: name.as_str().into(), cause }
                })?;
                entry.etag = mark;
                let checksum = place.file.checksum.clone();
                self.unpack(&file, kind, &name, checksum, entry, scratch).await.map(Some)
            }
        }
    }

    pub(super) async fn unpack(
        &self,
        file: &Path,
        kind: Kind,
        name: &str,
        checksum: Option<String>,
        entry: &mut Entry,
        scratch: &Path,
    ) -> Result<PathBuf, SourceError> {
        let tree = scratch.join("tree");
        let (file, name, to) = (file.to_owned(), name.to_owned(), tree.clone());
        entry.resolved = blocking(move |given_up| {
            if let Some(checksum) = checksum {
                archive::check(&file, &name, &checksum, given_up)?;
            }
            archive::unpack(&file, kind, &name, &to, given_up)?;
            Ok(format!("sha256:{}", archive::sha256_of(&file, given_up)?))
        })
        .await?;
        Ok(tree)
    }

    async fn listed_checksum(
        &self,
        list: &str,
        file: &Url,
        login: Option<&Authorization>,
    ) -> Result<String, SourceError> {
        let url = file.join(list).map_err(|error| WebError::answer(file, &error.to_string()))?;
        let login = login.filter(|_| url.origin() == file.origin());
        let answer = self.web.get(&url, Asking { authorization: login, ..Asking::default() }).await?;
        if !answer.status.is_success() {
            return Err(WebError::Status { url: (&url).into(), status: answer.status.as_u16() }.into());
        }
        let name = file.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        archive::listed(&answer.text(MOST_TEXT).await?, name)
            .ok_or_else(|| WebError::answer(&url, &format!("it lists no checksum for {name}")).into())
    }
}

/// A folder of a tree, in which a part may be a pattern that one folder matches, such as `*`.
fn within(tree: &Path, module: &Path) -> Option<PathBuf> {
    let mut folder = tree.to_owned();
    for part in module.components() {
        let std::path::Component::Normal(part) = part else { continue };
        let literal = folder.join(part);
        if literal.is_dir() {
            folder = literal;
            continue;
        }
        let pattern = regex::Regex::new(&format!(
            "^{}$",
            regex::escape(&part.to_string_lossy()).replace(r"\*", ".*").replace(r"\?", ".")
        ))
        .ok()?;
        let entries = std::fs::read_dir(&folder).ok()?.flatten();
        let matching = |entry: &std::fs::DirEntry| pattern.is_match(&entry.file_name().to_string_lossy());
        let mut matches = entries.filter(matching).map(|entry| entry.path()).filter(|path| path.is_dir());
        folder = matches.next()?;
        if matches.next().is_some() {
            return None;
        }
    }
    // A link may be such a part, but not one that leads out of the tree.
    let real = folder.canonicalize().ok().filter(|real| real.is_dir())?;
    let below = real.strip_prefix(tree.canonicalize().ok()?).ok()?.to_owned();
    Some(tree.join(below))
}

/// `<meta name="terraform-get" content="…">` in the head of a page.
fn meta_location(page: &str) -> Option<String> {
    let tag = regex::Regex::new(r"(?is)<meta\s[^>]*>").ok()?;
    let attribute = |text: &str, name: &str| {
        let pattern = regex::Regex::new(&format!(r#"(?is)\b{name}\s*=\s*["']([^"']*)["']"#)).ok()?;
        Some(pattern.captures(text)?.get(1)?.as_str().to_owned())
    };
    let head = page.split("<body").next().unwrap_or(page);
    tag.find_iter(head)
        .find(|found| attribute(found.as_str(), "name").as_deref() == Some("terraform-get"))
        .and_then(|found| attribute(found.as_str(), "content"))
}

/// A location as a whole address, where the server names a path only.
fn absolute(base: &Url, location: &str) -> String {
    if location.starts_with('/') && !location.starts_with("//") {
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        return format!("{}://{}{port}{location}", base.scheme(), base.host_str().unwrap_or_default());
    }
    location.to_owned()
}
