//! Tokens: a registry sends us to a server that gives one for a login, or for none.

use http::{Method, header};
use serde::Deserialize;
use url::Url;

use super::error::RegistryError;
use super::login::{Login, LoginKind};
use super::place::{Place, is_loopback};
use crate::support::secret::Secret;
use crate::support::web::{Answer, Asking, Authorization, Web, WebError};

/// The longest answer that is read; tokens of some registries have kilobytes.
const LONGEST: usize = 1 << 20;

/// Where a registry sends for a token, and for which.
pub(super) struct Errand<'a> {
    pub place: &'a Place,
    pub realm: &'a str,
    pub service: Option<&'a str>,
    pub scope: Option<&'a str>,
}

#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
}

impl Errand<'_> {
    /// Fetches a token; none where the server refuses the login, with what it says.
    pub async fn run(
        &self,
        web: &Web,
        login: Option<&Login>,
    ) -> Result<Result<Authorization, String>, RegistryError> {
        if let Some(LoginKind::Token(token)) = login.map(|login| &login.kind) {
            return Ok(Ok(Authorization::Bearer(token.clone())));
        }
        let mut url = self.address()?;
        let own = format!("repository:{}:pull", self.place.repository);
        let scope = self.scope.unwrap_or(&own);
        let answer = if let Some(LoginKind::Identity(token)) = login.map(|login| &login.kind) {
            self.exchange(web, &url, scope, token).await?
        } else {
            let user = login.and_then(|login| match &login.kind {
                LoginKind::Password { user, .. } => Some(user.as_str()),
                LoginKind::Identity(_) | LoginKind::Token(_) => None,
            });
            let pairs = [("service", self.service), ("scope", Some(scope)), ("account", user)];
            let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
            url.query_pairs_mut().extend_pairs(pairs);
            let authorization = login.and_then(Login::basic);
            web.get(&url, Asking { authorization: authorization.as_ref(), headers: &[] }).await?
        };
        if matches!(answer.status.as_u16(), 400 | 401 | 403) {
            return Ok(Err(format!("status {} of {}", answer.status.as_u16(), host(&url))));
        }
        let answer = answer.successful()?;
        let url = answer.url.clone();
        let bytes = answer.bytes(LONGEST).await?;
        let given: Given = serde_json::from_slice(&bytes)
            .map_err(|_| WebError::answer(&without_query(&url), "it gave no token"))?;
        let token = given.token.or(given.access_token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| WebError::answer(&without_query(&url), "it gave no token"))?;
        Ok(Ok(Authorization::Bearer(Secret::new(token))))
    }

    /// Gives a token that was kept for one that the registry takes, as OAuth 2 has it.
    async fn exchange(
        &self,
        web: &Web,
        url: &Url,
        scope: &str,
        token: &Secret,
    ) -> Result<Answer, RegistryError> {
        let headers = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned())];
        let asking = Asking { authorization: None, headers: &headers };
        Ok(web.change(Method::POST, url, asking, self.form(scope, token)).await?)
    }

    fn form(&self, scope: &str, token: &Secret) -> Vec<u8> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token").append_pair("client_id", "slipway");
        if let Some(service) = self.service {
            form.append_pair("service", service);
        }
        form.append_pair("scope", scope).append_pair("refresh_token", token.expose());
        form.finish().into_bytes()
    }

    /// The server's address: over TLS, or on this machine where the registry is there as well.
    fn address(&self) -> Result<Url, RegistryError> {
        let refuse = |cause| RegistryError::Realm {
            registry: self.place.registry.clone(),
            realm: self.realm.to_owned(),
            cause,
        };
        let url = Url::parse(self.realm).map_err(|_| refuse("that is no address"))?;
        let is_here = url.host_str().is_some_and(is_loopback) && self.place.is_loopback();
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_here => Ok(url),
            _ => Err(refuse("it is not reached over https")),
        }
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}
