//! Modules of a registry, by the module registry protocol.
//!
//! `https://HOST/.well-known/terraform.json` names the address of the modules; `…/versions` lists what there is;
//! `…/VERSION/download` names, in `X-Terraform-Get` or in the body's `location`, where the module really is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header;
use semver::Version;
use tokio::sync::OnceCell;
use url::Url;

use super::SourceError;
use super::address::RegistryPlace;
use super::cli_config::CliConfig;
use super::named::{Named, url_refusal};
use crate::support::web::{Answer, Asking, Authorization, Web, WebError};

/// Answers of registries are no longer than this.
const MOST_TEXT: usize = 8 << 20;

/// The registries of a run: each is asked once for its address.
#[derive(Debug, Default)]
pub(super) struct Registries {
    discovered: Mutex<HashMap<String, Arc<OnceCell<Url>>>>,
    config: std::sync::OnceLock<CliConfig>,
}

#[derive(serde::Deserialize)]
struct Discovery {
    #[serde(rename = "modules.v1")]
    modules: Option<String>,
}

#[derive(serde::Deserialize)]
struct Versions {
    modules: Vec<Module>,
}

#[derive(serde::Deserialize)]
struct Module {
    #[serde(default)]
    versions: Vec<Listed>,
}

#[derive(serde::Deserialize)]
struct Listed {
    version: String,
}

#[derive(serde::Deserialize)]
struct Location {
    location: Option<String>,
}

impl Registries {
    /// The newest version that is no prerelease.
    pub async fn newest(&self, web: &Web, host: &str, place: &RegistryPlace) -> Result<String, SourceError> {
        let url = self.address(web, host, &format!("{}/versions", place.path)).await?;
        let text = self.get(web, &url).await?.text(MOST_TEXT).await?;
        let listed: Versions =
            serde_json::from_str(&text).map_err(|error| WebError::answer(&url, &error.to_string()))?;
        let all = listed.modules.into_iter().flat_map(|module| module.versions);
        let stable = all.filter_map(|listed| Some((lenient(&listed.version)?, listed.version)));
        let newest = stable.filter(|(version, _)| version.pre.is_empty()).max_by(|(a, _), (b, _)| a.cmp(b));
        let newest = newest.map(|(_, text)| text).ok_or_else(|| {
            WebError::answer(&url, "it lists no version that is no prerelease; name one with ?version=")
        });
        Ok(newest?)
    }

    /// Where a version really is: a source of its own, for the other getters.
    pub async fn location(
        &self,
        web: &Web,
        host: &str,
        place: &RegistryPlace,
        version: &str,
    ) -> Result<Named, SourceError> {
        let url = self.address(web, host, &format!("{}/{version}/download", place.path)).await?;
        let response = self.get(web, &url).await?;
        let location = match response.header("x-terraform-get") {
            Some(location) if !location.is_empty() => location,
            _ => {
                let text = response.text(MOST_TEXT).await?;
                let body: Option<Location> = serde_json::from_str(&text).ok();
                body.and_then(|body| body.location)
                    .filter(|location| !location.is_empty())
                    .ok_or_else(|| WebError::answer(&url, "it does not say where the module is"))?
            }
        };
        if ["/", "./", "../"].iter().any(|start| location.starts_with(start)) {
            // `//` in it is not the path's, and must not be lost.
            let (root, module) = super::address::split_module(&location);
            let mut joined = url.join(&root).map_err(|error| WebError::answer(&url, &error.to_string()))?;
            let query = joined.query().map(|query| format!("?{query}")).unwrap_or_default();
            joined.set_query(None);
            let module = if module.is_empty() { module } else { format!("//{module}") };
            return Ok(Named { location: format!("{joined}{module}{query}"), by: url });
        }
        Ok(Named { location, by: url })
    }

    async fn address(&self, web: &Web, host: &str, path: &str) -> Result<Url, SourceError> {
        let cell = {
            let mut discovered = self.discovered.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(discovered.entry(host.to_owned()).or_default())
        };
        let base = cell.get_or_try_init(|| self.discover(web, host)).await?;
        Ok(base.join(path).map_err(|error| WebError::answer(base, &error.to_string()))?)
    }

    async fn discover(&self, web: &Web, host: &str) -> Result<Url, SourceError> {
        let text = format!("https://{host}/.well-known/terraform.json");
        let url = Url::parse(&text).map_err(|error| SourceError::Invalid {
            source_text: format!("tfr://{host}/…").into(),
            cause: error.to_string(),
        })?;
        let at = |modules: &str| {
            let modules = format!("{}/", modules.trim_end_matches('/'));
            url.join(&modules).map_err(|error| WebError::answer(&url, &error.to_string()))
        };
        // The user's configuration may name the address itself.
        if let Some(modules) = self.config().service(host, "modules.v1") {
            return Ok(at(&modules)?);
        }
        let text = self.get(web, &url).await?.text(MOST_TEXT).await?;
        let found: Discovery =
            serde_json::from_str(&text).map_err(|error| WebError::answer(&url, &error.to_string()))?;
        let modules = found
            .modules
            .ok_or_else(|| WebError::answer(&url, "it has no modules.v1, so it keeps no modules"))?;
        let base = at(&modules)?;
        match url_refusal(&base, &url) {
            Some(cause) => Err(WebError::answer(&base, &format!("{host} named it, and {cause}")).into()),
            None => Ok(base),
        }
    }

    async fn get(&self, web: &Web, url: &Url) -> Result<Answer, SourceError> {
        let token = url.host_str().and_then(|host| self.config().token(host, url.port()));
        let authorization = token.map(Authorization::Bearer);
        let accept = [(header::ACCEPT, "application/json".to_owned())];
        let asking = Asking { authorization: authorization.as_ref(), headers: &accept };
        let response = web.get(url, asking).await?;
        if response.status.is_success() {
            Ok(response)
        } else {
            Err(WebError::Status { url: url.into(), status: response.status.as_u16() }.into())
        }
    }

    fn config(&self) -> &CliConfig {
        self.config.get_or_init(CliConfig::of_the_user)
    }
}

/// Registries list `1.2` and `v1.2.3` too.
fn lenient(text: &str) -> Option<Version> {
    let text = text.trim_start_matches('v');
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let dots = numbers.matches('.').count();
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(2_usize.saturating_sub(dots)))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_registries_write_them() {
        assert_eq!(lenient("v1.2").unwrap(), Version::new(1, 2, 0));
        assert_eq!(lenient("3").unwrap(), Version::new(3, 0, 0));
        assert!(!lenient("1.2.3-rc1").unwrap().pre.is_empty());
        assert!(lenient("latest").is_none());
    }
}
