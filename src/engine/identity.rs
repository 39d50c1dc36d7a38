//! Who the AWS credentials at hand belong to, for the `get_aws_…` functions: asked at most once a run.

use std::sync::OnceLock;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::error::DisplayErrorContext;

use crate::cluster::patience::Patience;
use crate::terragrunt::AwsIdentity;

/// Asks STS and IAM through the SDK, with the environment's credentials.
#[derive(Debug, Default)]
pub struct SdkIdentity {
    caller: OnceLock<Result<Caller, String>>,
    alias: OnceLock<Result<String, String>>,
    patience: Patience,
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
        Self { patience, ..Self::default() }
    }

    /// Whether anybody has asked.
    pub fn was_asked(&self) -> bool {
        self.caller.get().is_some() || self.alias.get().is_some()
    }

    fn caller(&self) -> Result<&Caller, String> {
        self.caller.get_or_init(|| ask(caller(self.patience))).as_ref().map_err(Clone::clone)
    }
}

impl AwsIdentity for SdkIdentity {
    fn account_id(&self) -> Result<String, String> {
        self.caller().map(|caller| caller.account.clone())
    }

    fn account_alias(&self) -> Result<String, String> {
        self.alias.get_or_init(|| ask(alias(self.patience))).clone()
    }

    fn caller_arn(&self) -> Result<String, String> {
        self.caller().map(|caller| caller.arn.clone())
    }

    fn caller_user_id(&self) -> Result<String, String> {
        self.caller().map(|caller| caller.user_id.clone())
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

async fn config(patience: Patience) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::latest());
    loader.timeout_config(patience.timeouts()).retry_config(patience.attempts()).load().await
}

async fn caller(patience: Patience) -> Result<Caller, String> {
    let client = aws_sdk_sts::Client::new(&config(patience).await);
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

async fn alias(patience: Patience) -> Result<String, String> {
    let client = aws_sdk_iam::Client::new(&config(patience).await);
    let answer = client.list_account_aliases().send().await;
    let answer = answer
        .map_err(|error| format!("AWS did not say the account's alias: {}", DisplayErrorContext(error)))?;
    answer.account_aliases().first().cloned().ok_or_else(|| "the AWS account has no alias".to_owned())
}
