//! Who a unit's commands are, where that is somebody else than whoever runs us: what an
//! [`auth-provider-cmd`](super::auth_provider) answers, and the unit's `iam_role`, which is then assumed by whoever that is.
//!
//! A role is assumed once for all units that name it, and again before its credentials end. They reach the tool and
//! the hooks by their environment, and are written nowhere.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_sts::error::DisplayErrorContext;
use tokio::sync::Mutex;

use super::EngineError;
use super::asking::blocking;
use super::auth_provider::{Answer, AuthProvider, AwsRole, VARIABLE};
use crate::cluster::patience::Patience;
use crate::support::environment::variable;
use crate::support::fs::{FileError, Obstacle, read_text};
use crate::support::secret::Secret;
use crate::terragrunt::config::UnitConfig;

/// Credentials that end sooner than this are fetched anew: a command that begins with them has to end with them.
const MARGIN: Duration = Duration::from_mins(10);
const DEFAULT_DURATION: u32 = 3600;

/// The roles of a run.
#[derive(Debug, Default)]
pub struct Roles {
    /// By the role, and the key of whoever has assumed it.
    assumed: Mutex<HashMap<(Role, Option<String>), Credentials>>,
    patience: Patience,
}

/// Who a unit's commands are.
#[derive(Debug, Default)]
pub struct Identity {
    /// The credentials; none for those of the environment that we run in.
    pub credentials: Option<Credentials>,
    answer: Option<Arc<Answer>>,
}

impl Identity {
    /// The variables by which the tool and the hooks take it.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let others = self.answer.iter().flat_map(|answer| answer.environment());
        others.chain(self.credentials.iter().flat_map(variables)).collect()
    }
}

/// A role as a unit asks for it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Role {
    arn: String,
    duration: u32,
    session: Option<String>,
    web_identity: Option<String>,
}

impl std::fmt::Debug for Role {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Role").field(&self.arn).finish()
    }
}

impl Role {
    /// What the environment says, else what the unit says, as with Terragrunt's flags.
    fn of(config: &UnitConfig) -> Option<Self> {
        let duration = variable("TG_IAM_ASSUME_ROLE_DURATION").and_then(|text| text.parse().ok());
        Some(Self {
            arn: variable("TG_IAM_ASSUME_ROLE")
                .or_else(|| config.iam_role.clone())
                .filter(|arn| !arn.is_empty())?,
            duration: duration.or(config.iam_assume_role_duration).unwrap_or(DEFAULT_DURATION),
            session: variable("TG_IAM_ASSUME_ROLE_SESSION_NAME")
                .or_else(|| config.iam_assume_role_session_name.clone()),
            web_identity: variable("TG_IAM_ASSUME_ROLE_WEB_IDENTITY_TOKEN")
                .or_else(|| config.iam_web_identity_token.clone()),
        })
    }

    /// The one that an auth-provider-cmd names.
    fn answered(role: &AwsRole) -> Self {
        Self {
            arn: role.arn.clone(),
            duration: if role.duration == 0 { DEFAULT_DURATION } else { role.duration },
            session: role.session.clone().filter(|session| !session.is_empty()),
            web_identity: role.web_identity.clone(),
        }
    }

    /// The token, or what is in the file that holds it.
    fn token(&self, unit: &Path) -> Result<Option<Secret>, FileError> {
        let Some(text) = self.web_identity.as_ref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let file = unit.join(Path::new(text));
        match read_text(&file) {
            Ok(token) => Ok(Some(Secret::new(token.trim()))),
            Err(error) if Obstacle::of(&error).is_some() => Err(FileError::on("read", &file)(error)),
            // It is no file.
            Err(_) => Ok(Some(Secret::new(text.clone()))),
        }
    }

    /// Assumes it as `caller`, or as whoever runs us.
    async fn assume(
        &self,
        unit: &Path,
        caller: Option<Credentials>,
        patience: Patience,
    ) -> Result<Credentials, EngineError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(patience.timeouts())
            .retry_config(patience.attempts());
        if std::env::var_os("AWS_REGION").is_none() {
            // Any region will do for STS, and it wants one.
            let region = std::env::var("AWS_DEFAULT_REGION").unwrap_or_else(|_| "us-east-1".to_owned());
            loader = loader.region(Region::new(region));
        }
        if let Some(caller) = caller {
            loader = loader.credentials_provider(caller);
        }
        let client = aws_sdk_sts::Client::new(&loader.load().await);
        let session = self.session.clone().unwrap_or_else(|| format!("slipway-{}", uuid::Uuid::new_v4()));
        let duration = i32::try_from(self.duration).unwrap_or(i32::MAX);
        let answer = match self.token(unit)? {
            Some(token) => client
                .assume_role_with_web_identity()
                .role_arn(&self.arn)
                .role_session_name(session)
                .duration_seconds(duration)
                .web_identity_token(token.expose())
                .send()
                .await
                .map(|answer| answer.credentials)
                .map_err(|error| token.redact(&DisplayErrorContext(&error).to_string())),
            None => client
                .assume_role()
                .role_arn(&self.arn)
                .role_session_name(session)
                .duration_seconds(duration)
                .send()
                .await
                .map(|answer| answer.credentials)
                .map_err(|error| DisplayErrorContext(&error).to_string()),
        };
        let refused = |cause: String| {
            // The context of the SDK's errors goes on for paragraphs; the first part says it.
            let cause = cause.split(" (").next().unwrap_or(&cause).to_owned();
            EngineError::Role { role: self.arn.clone(), cause }
        };
        let given = answer.map_err(refused)?.ok_or_else(|| refused("it gave no credentials".to_owned()))?;
        let ends = SystemTime::try_from(given.expiration).ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            ends,
            "slipway",
        ))
    }
}

impl Roles {
    /// For whoever only looks whether they can be assumed.
    pub fn with_patience(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    /// The ARN of a unit's role; none where it names none.
    pub fn arn(config: &UnitConfig) -> Option<String> {
        Role::of(config).map(|role| role.arn)
    }

    /// Who a unit's commands are.
    pub async fn identity(&self, config: &UnitConfig) -> Result<Identity, EngineError> {
        let mut identity = self.told(&config.dir).await?;
        if let Some(role) = Role::of(config) {
            identity.credentials = Some(self.assumed(role, &config.dir, identity.credentials).await?);
        }
        Ok(identity)
    }

    /// The credentials of a unit; none where nothing says who it is.
    pub async fn credentials(&self, config: &UnitConfig) -> Result<Option<Credentials>, EngineError> {
        Ok(self.identity(config).await?.credentials)
    }

    /// Who a unit is by the auth-provider-cmd, where there is one. Its `iam_role` does not count here: it may be what is
    /// being evaluated.
    pub async fn told(&self, unit: &Path) -> Result<Identity, EngineError> {
        let Some(provider) = AuthProvider::of_environment() else { return Ok(Identity::default()) };
        let of = unit.to_owned();
        let answer = blocking(VARIABLE, move || provider.answer(&of)).await?;
        let credentials = match &answer.role {
            Some(role) => Some(self.assumed(Role::answered(role), unit, None).await?),
            None => answer.credentials.clone(),
        };
        Ok(Identity { credentials, answer: Some(answer) })
    }

    async fn assumed(
        &self,
        role: Role,
        unit: &Path,
        caller: Option<Credentials>,
    ) -> Result<Credentials, EngineError> {
        let key = (role, caller.as_ref().map(|caller| caller.access_key_id().to_owned()));
        // Held while one is assumed: whoever comes second waits for the same.
        let mut assumed = self.assumed.lock().await;
        let lasts = |credentials: &&Credentials| {
            // Roles may be given out for less than the margin; those are used up to their half.
            let margin = MARGIN.min(Duration::from_secs(u64::from(key.0.duration) / 2));
            credentials.expiry().is_none_or(|ends| ends > SystemTime::now() + margin)
        };
        if let Some(credentials) = assumed.get(&key).filter(lasts) {
            return Ok(credentials.clone());
        }
        let credentials = key.0.assume(unit, caller, self.patience).await?;
        assumed.insert(key, credentials.clone());
        Ok(credentials)
    }
}

/// The variables by which AWS's own tools take credentials.
fn variables(credentials: &Credentials) -> Vec<(OsString, OsString)> {
    let token = credentials.session_token().unwrap_or_default();
    [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
        ("AWS_SESSION_TOKEN", token),
        ("AWS_SECURITY_TOKEN", token),
    ]
    .map(|(name, value)| (OsString::from(name), OsString::from(value)))
    .into()
}
