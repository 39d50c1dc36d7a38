//! Asking registries for images.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::{Method, header};
use jiff::Timestamp;
use tokio::sync::Mutex;
use url::Url;

use super::challenge::{self, Challenge};
use super::ecr;
use super::error::RegistryError;
use super::login::Login;
use super::logins::Logins;
use super::manifest::{
    ACCEPTED, Configuration, Entry, Glance, Image, Index, Manifest, complaint, digest_like,
};
use super::place::Place;
use super::platform::{Platform, listed};
use super::token::Errand;
use crate::gitops::ImageReference;
use crate::support::web::{Answer, Asking, Authorization, Limits, Web, WebError};

/// Registries take no manifest that is longer.
const LONGEST_MANIFEST: usize = 4 << 20;
const LONGEST_CONFIGURATION: usize = 8 << 20;
const LONGEST_COMPLAINT: usize = 64 << 10;
/// How many manifests of an index are looked at that say no platform.
const MOST_UNSAID: usize = 16;
/// A registry that is busy, or a connection that broke at once, is asked again after these.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// Longer than that nobody is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What took longer to fail is not tried again.
const AT_ONCE: Duration = Duration::from_secs(2);

/// What is asked of an image, beside whether it is there.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The platforms that it has to be built for.
    pub platforms: Vec<Platform>,
    /// Whether one of them is enough.
    pub any: bool,
    /// Whether its age is asked for.
    pub created: bool,
    /// Whether its digest will be relied on: then it is read, and held to that.
    pub pins: bool,
}

impl Question {
    /// Whether nothing is asked but whether it is there.
    fn is_of_being_there(&self) -> bool {
        self.platforms.is_empty() && !self.created && !self.pins
    }
}

/// What a registry says of an image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its digest: of the index, where it is built for several platforms. The bytes were held to it, where they were read.
    pub digest: String,
    /// Of the platforms asked for, those that it is not built for, where one was enough.
    pub missing: Vec<Platform>,
    /// When it was built, where that was asked and is said.
    pub created: Option<Timestamp>,
}

/// The way to registries, with the logins of this machine.
#[derive(Debug, Default)]
pub struct Registries {
    web: Web,
    logins: Logins,
    /// By what we were let in, for what is asked next.
    known: Mutex<BTreeMap<Place, Authorization>>,
}

impl Registries {
    /// With these logins. A registry has 5 s to connect, 10 s to begin an answer, 30 s for all of it.
    pub fn new(logins: Logins) -> Self {
        Self::with_limits(
            logins,
            Limits {
                connect: Duration::from_secs(5),
                silence: Duration::from_secs(10),
                whole: Duration::from_secs(30),
            },
        )
    }

    /// With these logins, and waiting no longer than that.
    pub fn with_limits(logins: Logins, limits: Limits) -> Self {
        Self { web: Web::with_limits(limits), logins, known: Mutex::default() }
    }

    /// Asks for an image. One that is not there, or not as it has to be, is an error that [is certain](RegistryError::is_certain).
    pub async fn look(&self, image: &ImageReference, question: &Question) -> Result<Found, RegistryError> {
        let look = Look { registries: self, place: Place::of(&image.name), image: image.to_string() };
        let reference = image.digest.as_deref().or(image.tag.as_deref()).unwrap_or("latest");
        if question.is_of_being_there()
            && let Some(Glance { digest, .. }) = look.glance(reference).await?
        {
            return Ok(Found { digest, missing: Vec::new(), created: None });
        }
        let (digest, manifest) = look.manifest(reference).await?;
        let (offered, created) = match &manifest {
            _ if question.platforms.is_empty() && !question.created => (Vec::new(), None),
            Manifest::Image(one) => look.single(one).await?,
            Manifest::Index(index) => look.several(index, question).await?,
        };
        let missing: Vec<Platform> = question
            .platforms
            .iter()
            .filter(|wanted| !offered.iter().any(|offered| wanted.takes(offered)))
            .cloned()
            .collect();
        let is_enough = missing.is_empty() || question.any && missing.len() < question.platforms.len();
        if !is_enough {
            let offered =
                if offered.is_empty() { "no platform that it says".to_owned() } else { listed(&offered) };
            return Err(RegistryError::Platform { image: look.image, missing: listed(&missing), offered });
        }
        Ok(Found { digest, missing, created: created.filter(|_| question.created) })
    }

    /// Asks for something of a repository, let in as it has to be. The answer may be one of failure, but for those that want a
    /// login.
    async fn get(
        &self,
        method: &Method,
        place: &Place,
        what: &str,
        accepted: &str,
    ) -> Result<Answer, RegistryError> {
        let url = &place.url(what)?;
        let asking = Wish { method, url, accepted };
        let known = self.known.lock().await.get(place).cloned();
        let first = self.ask(asking, known.as_ref()).await?;
        if !is_closed(&first) {
            return Ok(first);
        }
        let offered = first.headers.get_all(header::WWW_AUTHENTICATE).iter();
        let offered: Vec<Challenge> =
            offered.filter_map(|value| value.to_str().ok()).flat_map(challenge::read).collect();
        let mut problems = Vec::new();
        for login in [self.logins.of(place).await, self.of_aws(place).await] {
            match login {
                Ok(None) => {}
                Err(error) => problems.push(error),
                Ok(Some(login)) => match self.enter(place, asking, &offered, Some(&login)).await? {
                    Ok(answer) => return Ok(answer),
                    Err(said) => problems.push(RegistryError::Refused {
                        registry: place.registry.clone(),
                        repository: place.repository.clone(),
                        from: login.from,
                        said,
                    }),
                },
            }
        }
        if let Some(first) = problems.into_iter().next() {
            return Err(first);
        }
        match self.enter(place, asking, &offered, None).await? {
            Ok(answer) => Ok(answer),
            Err(_) => Err(RegistryError::NoLogin {
                registry: place.registry.clone(),
                repository: place.repository.clone(),
            }),
        }
    }

    /// AWS's own login, for a registry of ECR's.
    async fn of_aws(&self, place: &Place) -> Result<Option<Login>, RegistryError> {
        match ecr::region(&place.registry) {
            Some(region) => ecr::login(&place.registry, region).await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks once more, with a login or as nobody, in a way that the registry offers; the other answer is why not.
    async fn enter(
        &self,
        place: &Place,
        asking: Wish<'_>,
        offered: &[Challenge],
        login: Option<&Login>,
    ) -> Result<Result<Answer, String>, RegistryError> {
        let bearer = offered.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => {
                Some(Errand { place, realm, service: service.as_deref(), scope: scope.as_deref() })
            }
            Challenge::Basic => None,
        });
        let authorization = match (&bearer, login) {
            (Some(errand), login) => match errand.run(&self.web, login).await? {
                Ok(authorization) => authorization,
                Err(said) => return Ok(Err(said)),
            },
            (None, Some(login)) if offered.contains(&Challenge::Basic) => match login.basic() {
                Some(authorization) => authorization,
                None => return Ok(Err("it wants a password, and a token is kept".to_owned())),
            },
            (None, Some(_)) => return Ok(Err("it lets nobody in by a password or a token".to_owned())),
            (None, None) => return Ok(Err(String::new())),
        };
        let answer = self.ask(asking, Some(&authorization)).await?;
        if is_closed(&answer) {
            let status = answer.status.as_u16();
            let said = complaint(&answer.bytes(LONGEST_COMPLAINT).await.unwrap_or_default());
            return Ok(Err(said.unwrap_or_else(|| format!("status {status}"))));
        }
        self.known.lock().await.insert(place.clone(), authorization);
        Ok(Ok(answer))
    }

    async fn ask(
        &self,
        Wish { method, url, accepted }: Wish<'_>,
        authorization: Option<&Authorization>,
    ) -> Result<Answer, RegistryError> {
        let headers = [(header::ACCEPT, accepted.to_owned())];
        if *method != Method::GET {
            let asking = Asking { authorization, headers: &headers };
            return Ok(self.web.change(method.clone(), url, asking, Vec::new()).await?);
        }
        let mut pauses = PAUSES.into_iter();
        loop {
            let begun = Instant::now();
            let answer = self.web.get(url, Asking { authorization, headers: &headers }).await;
            let pause = match &answer {
                Ok(answer) if matches!(answer.status.as_u16(), 429 | 500 | 502..=504) => {
                    let asked = answer.header(header::RETRY_AFTER).and_then(|text| text.parse().ok());
                    pauses.next().map(|pause| asked.map_or(pause, Duration::from_secs))
                }
                Err(WebError::Unreachable { .. }) if begun.elapsed() < AT_ONCE => pauses.next(),
                _ => None,
            };
            match pause.filter(|pause| *pause <= LONGEST_PAUSE) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(answer?),
            }
        }
    }
}

/// What is asked of a registry.
#[derive(Clone, Copy)]
struct Wish<'a> {
    method: &'a Method,
    url: &'a Url,
    /// The kinds of answers that are understood.
    accepted: &'a str,
}

/// Whether it wants a login, or another one.
fn is_closed(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 401 | 403)
}

/// The questions for one image.
struct Look<'a> {
    registries: &'a Registries,
    place: Place,
    image: String,
}

impl Look<'_> {
    /// Whether a manifest is there, asked by HEAD, which is no pull for registries that count them. None where the answer does not
    /// leave that sure, as where it is not there: a GET then says why.
    async fn glance(&self, reference: &str) -> Result<Option<Glance>, RegistryError> {
        let begun = Instant::now();
        let path = format!("manifests/{reference}");
        match self.registries.get(&Method::HEAD, &self.place, &path, ACCEPTED).await {
            Ok(answer) if answer.status.as_u16() == 200 => {
                let said = |name: &str| answer.header(name).unwrap_or_default();
                Ok(Glance::of(reference, &said("content-type"), &said("docker-content-digest")))
            }
            // Who is not there, or hangs, is not waited for twice.
            Err(error) if begun.elapsed() >= AT_ONCE => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// A manifest by its tag or digest, with its digest.
    async fn manifest(&self, reference: &str) -> Result<(String, Manifest), RegistryError> {
        let answer = self
            .registries
            .get(&Method::GET, &self.place, &format!("manifests/{reference}"), ACCEPTED)
            .await?;
        let promised = answer.header("docker-content-digest");
        let bytes = self.body(answer, LONGEST_MANIFEST).await?;
        // What was asked for by its digest has that, whatever is promised beside.
        let expected = Some(reference).filter(|text| text.contains(':')).map(str::to_owned).or(promised);
        let digest = digest_like(expected.as_deref().unwrap_or_default(), &bytes);
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            return Err(self.other("the manifest", expected, digest));
        }
        Ok((digest, Manifest::read(&bytes).map_err(|cause| self.no_answer(cause))?))
    }

    async fn configuration(&self, digest: &str) -> Result<Configuration, RegistryError> {
        let answer =
            self.registries.get(&Method::GET, &self.place, &format!("blobs/{digest}"), "*/*").await?;
        let bytes = self.body(answer, LONGEST_CONFIGURATION).await?;
        let got = digest_like(digest, &bytes);
        if got != digest {
            return Err(self.other("the configuration", digest.to_owned(), got));
        }
        Configuration::read(&bytes).map_err(|cause| self.no_answer(cause))
    }

    /// What an image for one platform is for, and when it was built.
    async fn single(&self, image: &Image) -> Result<(Vec<Platform>, Option<Timestamp>), RegistryError> {
        let configuration = self.configuration(&image.config).await?;
        Ok((configuration.platform.into_iter().collect(), image.created.or(configuration.created)))
    }

    /// What an index has, of what is asked for as it is there; and when it was built.
    async fn several(
        &self,
        index: &Index,
        question: &Question,
    ) -> Result<(Vec<Platform>, Option<Timestamp>), RegistryError> {
        let (mut offered, mut created, mut unsaid) = (Vec::new(), index.created, 0);
        for Entry { digest, platform } in &index.entries {
            let is_wanted = platform
                .as_ref()
                .map(|platform| question.platforms.iter().any(|wanted| wanted.takes(platform)));
            unsaid += usize::from(is_wanted.is_none());
            let is_dated = question.created && created.is_none() && question.platforms.is_empty();
            if is_wanted == Some(false) && !is_dated || is_wanted.is_none() && unsaid > MOST_UNSAID {
                offered.extend(platform.clone());
                continue;
            }
            if let Some(platform) = platform.as_ref().filter(|_| !question.created)
                && let Some(seen) = self.glance(digest).await?
            {
                offered.extend((!seen.is_index).then(|| platform.clone()));
                continue;
            }
            // An index may name what was never pushed, or was removed since.
            let manifest = match self.manifest(digest).await {
                Err(RegistryError::NotThere { .. }) => continue,
                manifest => manifest?.1,
            };
            let Manifest::Image(image) = manifest else { continue };
            created = created.or(image.created);
            if platform.is_some() && (created.is_some() || !question.created) {
                offered.extend(platform.clone());
                continue;
            }
            let (of_image, when) = self.single(&image).await?;
            offered.extend(platform.clone().map_or(of_image, |platform| vec![platform]));
            created = created.or(when);
        }
        Ok((offered, created))
    }

    /// The body of an answer that is one of success.
    async fn body(&self, answer: Answer, most: usize) -> Result<Vec<u8>, RegistryError> {
        if answer.status.is_success() {
            return Ok(answer.bytes(most).await?);
        }
        let (status, url) = (answer.status.as_u16(), answer.url.clone());
        let said = complaint(&answer.bytes(LONGEST_COMPLAINT).await.unwrap_or_default());
        let registry = self.place.registry.clone();
        Err(match (status, said) {
            (404, Some(said)) => RegistryError::NotThere { image: self.image.clone(), registry, said },
            (404, None) => self.no_answer(format!("{} is not known there, and no reason given", url.path())),
            (429 | 500.., _) | (_, None) => WebError::Status { url: (&url).into(), status }.into(),
            (_, Some(said)) => self.no_answer(format!("status {status}, {said}")),
        })
    }

    fn no_answer(&self, cause: String) -> RegistryError {
        RegistryError::Answer { registry: self.place.registry.clone(), cause }
    }

    fn other(&self, what: &'static str, expected: String, got: String) -> RegistryError {
        let (image, registry) = (self.image.clone(), self.place.registry.clone());
        RegistryError::Digest { image, what, registry, expected, got }
    }
}
