//! A login for the manifests repository, where neither slipway.hcl nor a token says one: a GitHub App's, or the pipeline's own.

use crate::forge::github::AppKey;
use crate::forge::{ForgeError, Kind, Place};
use crate::gitops::RepositorySpec;
use crate::launch::CommandError;
use crate::support::environment::{self, variable};
use crate::support::git::GitRemote;
use crate::support::secret::Secret;

/// The user that GitLab knows a job's token by.
pub(super) const JOB_USER: &str = "gitlab-ci-token";

/// The same with a login, where one is known for it.
pub(super) async fn with_login(spec: RepositorySpec) -> Result<RepositorySpec, CommandError> {
    let remote = GitRemote::new(&spec.url, "").ok();
    let Some(remote) = remote.filter(|remote| remote.credentials().is_none() && remote.user().is_none())
    else {
        return Ok(spec);
    };
    let is_web = remote.url().starts_with("https://") || remote.url().starts_with("http://");
    if !is_web || spec.credentials.as_ref().is_some_and(|token| !token.is_empty()) {
        return Ok(spec);
    }
    if let (Some(app), Some(key)) =
        (variable(environment::GITHUB_APP_ID), variable(environment::GITHUB_APP_KEY))
    {
        let api = variable("SLIPWAY_FORGE_API");
        let place = Place::of(remote.url(), Some(Kind::GitHub), api.as_deref(), &variable).map_err(failed)?;
        let key = AppKey {
            app,
            installation: variable(environment::GITHUB_APP_INSTALLATION),
            key: Secret::new(key),
        };
        let token = key.token(&place).await.map_err(failed)?;
        return Ok(RepositorySpec { credentials: Some(token), ..spec });
    }
    // Source and manifests in one repository: the pipeline's token is for that.
    let Ok(place) = Place::of(remote.url(), None, None, &variable) else { return Ok(spec) };
    let is = |name: &str, value: &str| variable(name).is_some_and(|known| known == value);
    let own = match place.kind {
        Kind::GitHub if is("GITHUB_ACTIONS", "true") && is("GITHUB_REPOSITORY", &place.path) => place
            .is_at(&variable("GITHUB_SERVER_URL").unwrap_or_default())
            .then(|| (None, variable("GITHUB_TOKEN"))),
        Kind::GitLab if is("GITLAB_CI", "true") && is("CI_PROJECT_PATH", &place.path) => {
            let user = Some(JOB_USER.to_owned());
            place
                .is_at(&variable("CI_SERVER_URL").unwrap_or_default())
                .then(|| (user, variable("CI_JOB_TOKEN")))
        }
        _ => None,
    };
    Ok(match own {
        Some((username, Some(token))) => {
            let username = spec.username.clone().or(username);
            RepositorySpec { username, credentials: Some(Secret::new(token)), ..spec }
        }
        _ => spec,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failed(error: ForgeError) -> CommandError {
    CommandError::failed(&error, None)
}
