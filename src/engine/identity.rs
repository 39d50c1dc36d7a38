//! Who units are, for the `get_aws_…` functions and the programs that configurations start: asked of AWS at most once a run
//! for each of the credentials at hand.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sts::error::DisplayErrorContext;

use super::auth_provider::AuthProvider;
use super::role::{Identity, Roles};
use crate::cluster::iam::account_alias;
use crate::cluster::patience::Patience;
use crate::terragrunt::AwsIdentity;

/// Asks STS and IAM, with the environment's credentials or those that an auth-provider-cmd gives a unit.
#[derive(Debug, Default)]
pub struct SdkIdentity {
    roles: Arc<Roles>,
    /// By the key of the credentials; none for the environment's.
    answers: Mutex<HashMap<Option<String>, Arc<Answers>>>,
    patience: Patience,
}

/// What AWS said of one who asks.
#[derive(Debug, Default)]
struct Answers {
    caller: OnceLock<Result<Caller, String>>,
    alias: OnceLock<Result<String, String>>,
}

#[derive(Clone, Debug)]
struct Caller {
    account: String,
    arn: String,
    user_id: String,
}

impl SdkIdentity {
    /// For whoever only looks.
    pub fn with_patience(patience: Patience) -> Self {
        Self { patience, roles: Arc::new(Roles::with_patience(patience)), ..Self::default() }
    }

    /// Whether anybody has asked.
    pub fn was_asked(&self) -> bool {
        !self.answers.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn told(&self, unit: &Path) -> Result<Identity, String> {
        if AuthProvider::of_environment().is_none() {
            return Ok(Identity::default());
        }
        let (roles, unit) = (Arc::clone(&self.roles), unit.to_owned());
        ask(async move { roles.told(&unit).await.map_err(|error| error.to_string()) })
    }

    /// What is known of who a unit is, and the credentials to ask for the rest.
    fn of(&self, unit: &Path) -> Result<(Arc<Answers>, Option<Credentials>), String> {
        let credentials = self.told(unit)?.credentials;
        let key = credentials.as_ref().map(|credentials| credentials.access_key_id().to_owned());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((Arc::clone(answers.entry(key).or_default()), credentials))
    }

    fn caller(&self, unit: &Path) -> Result<Caller, String> {
        let (answers, credentials) = self.of(unit)?;
        answers.caller.get_or_init(|| ask(caller(credentials, self.patience))).clone()
    }
}

impl AwsIdentity for SdkIdentity {
    fn account_id(&self, unit: &Path) -> Result<String, String> {
        self.caller(unit).map(|caller| caller.account)
    }

    fn account_alias(&self, unit: &Path) -> Result<String, String> {
        let (answers, credentials) = self.of(unit)?;
        answers.alias.get_or_init(|| ask(alias(credentials, self.patience))).clone()
    }

    fn caller_arn(&self, unit: &Path) -> Result<String, String> {
        self.caller(unit).map(|caller| caller.arn)
    }

    fn caller_user_id(&self, unit: &Path) -> Result<String, String> {
        self.caller(unit).map(|caller| caller.user_id)
    }

    fn variables(&self, unit: &Path) -> Result<BTreeMap<String, String>, String> {
        let variables = self.told(unit)?.variables().into_iter();
        // All of them were text where they came from.
        Ok(variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect())
    }
}

/// Functions are evaluated on threads without a runtime, or on those of one that must not be blocked: a
/// thread of its own serves both.
fn ask<T: Send + 'static>(
    question: impl Future<Output = Result<T, String>> + Send + 'static,
) -> Result<T, String> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(question)
    });
    thread.join().unwrap_or_else(|_| Err("the request to AWS ended unexpectedly".to_owned()))
}

async fn config(credentials: Option<Credentials>, patience: Patience) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(credentials) = credentials {
        loader = loader.credentials_provider(credentials);
    }
    loader.timeout_config(patience.timeouts()).retry_config(patience.attempts()).load().await
}

async fn caller(credentials: Option<Credentials>, patience: Patience) -> Result<Caller, String> {
    let client = aws_sdk_sts::Client::new(&config(credentials, patience).await);
    let identity = client.get_caller_identity().send().await;
    let identity =
        identity.map_err(|error| format!("AWS did not say who calls: {}", DisplayErrorContext(error)))?;
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    Ok(Caller {
        account: text(identity.account()),
        arn: text(identity.arn()),
        user_id: text(identity.user_id()),
    })
}

async fn alias(credentials: Option<Credentials>, patience: Patience) -> Result<String, String> {
    let aws = config(credentials, patience).await;
    let alias = account_alias(&aws).await;
    let alias =
        alias.map_err(|failure| format!("AWS did not say the account's alias: {}", failure.detail()))?;
    alias.ok_or_else(|| "the AWS account has no alias".to_owned())
}
