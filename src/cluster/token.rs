//! The bearer token that EKS accepts: a presigned `GetCallerIdentity`.
//!
//! The API server hands the token to a webhook, which sends the request inside it to STS and so learns who signed it.
//! The form is aws-iam-authenticator's: `k8s-aws-v1.` and the base64url of the URL, without padding.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;

use crate::support::causes::innermost;

const PREFIX: &str = "k8s-aws-v1.";
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// The authenticator wants this very value; it does not bound the token's life.
const EXPIRES: Duration = Duration::from_mins(1);
/// A token lives 15 minutes from its `X-Amz-Date`; the last one is left for requests under way and clocks that differ.
const RENEW_AFTER: Duration = Duration::from_mins(14);
/// Credentials are not used in their last minute, for the same reason.
const LEEWAY: Duration = Duration::from_mins(1);

/// Why no token could be minted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The credentials provider has none.
    #[error(
        "no AWS credentials to sign the token of cluster \"{cluster}\": {detail}; set AWS_PROFILE or log in with SSO"
    )]
    NoCredentials {
        /// The cluster.
        cluster: String,
        /// What the providers said.
        detail: String,
    },
    /// The request cannot be signed: a cluster name that is no header value, for one.
    #[error(
        "the token of cluster \"{cluster}\" cannot be signed: {detail}; check the cluster's name and region"
    )]
    Signing {
        /// The cluster.
        cluster: String,
        /// What the signer said.
        detail: String,
    },
}

/// A bearer token. Never printed: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself, for the Authorization header and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

/// Mints tokens for one cluster, and a new one where the last is 14 minutes old, or its credentials end.
#[derive(Debug)]
pub struct TokenSource {
    credentials: SharedCredentialsProvider,
    region: String,
    cluster: String,
    current: Mutex<Option<Kept>>,
}

/// A token that was minted, and until when it is handed out.
#[derive(Debug)]
struct Kept {
    minted: SystemTime,
    until: SystemTime,
    token: Token,
}

impl TokenSource {
    /// A source for `cluster` in `region`, signing with whatever `credentials` provides at that time.
    pub fn new(credentials: SharedCredentialsProvider, region: &str, cluster: &str) -> Self {
        Self {
            credentials,
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            current: Mutex::new(None),
        }
    }

    /// A token that is good for at least another minute.
    pub async fn token(&self) -> Result<Token, TokenError> {
        self.token_at(SystemTime::now()).await
    }

    /// Mints another one the next time: this one was refused.
    pub async fn forget(&self) {
        *self.current.lock().await = None;
    }

    /// A token, and until when it is to be used: 14 minutes, or until a minute before its credentials end.
    pub async fn with_end(&self) -> Result<(Token, SystemTime), TokenError> {
        self.kept_at(SystemTime::now()).await
    }

    async fn token_at(&self, now: SystemTime) -> Result<Token, TokenError> {
        self.kept_at(now).await.map(|(token, _)| token)
    }

    async fn kept_at(&self, now: SystemTime) -> Result<(Token, SystemTime), TokenError> {
        // Held over the signing, so that requests which come together mint one token and not one each.
        let mut current = self.current.lock().await;
        if let Some(Kept { minted, until, token }) = &*current
            && (*minted..*until).contains(&now)
        {
            return Ok((token.clone(), *until));
        }
        let credentials = self.credentials.provide_credentials().await.map_err(|error| {
            TokenError::NoCredentials { cluster: self.cluster.clone(), detail: innermost(&error) }
        })?;
        // AWS refuses what was signed by credentials that have ended since, so the token ends with them.
        let ends = credentials.expiry().map(|end| end.checked_sub(LEEWAY).unwrap_or(SystemTime::UNIX_EPOCH));
        let token = mint(credentials, &self.region, &self.cluster, now)?;
        let until = ends.map_or(now + RENEW_AFTER, |ends| ends.min(now + RENEW_AFTER));
        *current = Some(Kept { minted: now, until, token: token.clone() });
        Ok((token, until))
    }
}

/// The token of `cluster` in `region` as of `now`.
pub fn mint(
    credentials: Credentials,
    region: &str,
    cluster: &str,
    now: SystemTime,
) -> Result<Token, TokenError> {
    presign(credentials, region, cluster, now)
        .map(|url| Token(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))))
        .map_err(|error| TokenError::Signing {
            cluster: cluster.to_owned(),
            detail: innermost(error.as_ref()),
        })
}

fn presign(
    credentials: Credentials,
    region: &str,
    cluster: &str,
    now: SystemTime,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let url = format!("https://{}/?Action=GetCallerIdentity&Version=2011-06-15", sts_host(region));
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let identity = credentials.into();
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers = std::iter::once((CLUSTER_HEADER, cluster));
    let request = SignableRequest::new("GET", url.as_str(), headers, SignableBody::Bytes(&[]))?;
    let (instructions, _signature) = sign(request, &parameters)?.into_parts();
    let mut signed = http::Request::builder().uri(&url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    Ok(signed.uri().to_string())
}

/// STS of the region. The webhook at the other end knows AWS's own hosts only, so `AWS_ENDPOINT_URL` has no say here.
fn sts_host(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("sts.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn credentials(session: Option<&str>) -> Credentials {
        Credentials::new("AKIDEXAMPLE", "secret", session.map(str::to_owned), None, "test")
    }

    fn decoded(token: &Token) -> url::Url {
        let encoded = token.reveal().strip_prefix("k8s-aws-v1.").unwrap();
        assert!(!encoded.contains('='), "base64url without padding");
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
        url.parse().unwrap()
    }

    fn query(url: &url::Url) -> BTreeMap<String, String> {
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn a_token_is_a_presigned_caller_identity_of_the_regional_sts() {
        let token = mint(credentials(None), "eu-west-1", "dev", at(1_700_000_000)).unwrap();
        let url = decoded(&token);
        assert_eq!(url.scheme(), "https");
        assert_eq!(url.host_str(), Some("sts.eu-west-1.amazonaws.com"));
        assert_eq!(url.path(), "/");
        let query = query(&url);
        assert_eq!(query["Action"], "GetCallerIdentity");
        assert_eq!(query["Version"], "2011-06-15");
        assert_eq!(query["X-Amz-Expires"], "60");
        assert_eq!(query["X-Amz-Date"], "20231114T221320Z");
        assert_eq!(query["X-Amz-SignedHeaders"], "host;x-k8s-aws-id");
        assert_eq!(query["X-Amz-Credential"], "AKIDEXAMPLE/20231114/eu-west-1/sts/aws4_request");
        assert_eq!(query["X-Amz-Signature"].len(), 64);
        assert_eq!(query.len(), 8, "the authenticator refuses any other parameter: {query:?}");
    }

    #[test]
    fn a_session_token_is_the_only_parameter_that_may_be_added() {
        let token = mint(credentials(Some("session")), "eu-west-1", "dev", at(1_700_000_000)).unwrap();
        let query = query(&decoded(&token));
        assert_eq!(query["X-Amz-Security-Token"], "session");
        assert_eq!(query.len(), 9, "{query:?}");
    }

    #[test]
    fn the_signature_covers_the_clusters_name() {
        let signature = |cluster| {
            let token = mint(credentials(None), "eu-west-1", cluster, at(1_700_000_000)).unwrap();
            query(&decoded(&token)).remove("X-Amz-Signature").unwrap()
        };
        assert_ne!(signature("dev"), signature("prod"));
    }

    #[test]
    fn china_has_hosts_of_its_own() {
        let token = mint(credentials(None), "cn-north-1", "dev", at(1_700_000_000)).unwrap();
        assert_eq!(decoded(&token).host_str(), Some("sts.cn-north-1.amazonaws.com.cn"));
    }

    #[tokio::test]
    async fn a_token_is_kept_for_14_minutes_and_then_minted_anew() {
        let source = TokenSource::new(SharedCredentialsProvider::new(credentials(None)), "eu-west-1", "dev");
        let start = 1_700_000_000;
        let first = source.token_at(at(start)).await.unwrap();
        let kept = source.token_at(at(start + 14 * 60 - 1)).await.unwrap();
        let renewed = source.token_at(at(start + 14 * 60)).await.unwrap();
        assert_eq!(first, kept);
        assert_ne!(first, renewed);
    }

    #[tokio::test]
    async fn a_token_is_not_handed_out_beyond_the_credentials_that_signed_it() {
        let start = 1_700_000_000;
        let ending = |seconds: u64| {
            let end = Some(at(start + seconds));
            let credentials =
                Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), end, "test");
            TokenSource::new(SharedCredentialsProvider::new(credentials), "eu-west-1", "dev")
        };
        let source = ending(5 * 60);
        let first = source.token_at(at(start)).await.unwrap();
        assert_eq!(first, source.token_at(at(start + 4 * 60 - 1)).await.unwrap());
        assert_ne!(first, source.token_at(at(start + 4 * 60)).await.unwrap());
        // Credentials in their last seconds sign a token for each request; a long session changes nothing.
        let last = ending(10);
        assert_ne!(last.token_at(at(start)).await.unwrap(), last.token_at(at(start + 1)).await.unwrap());
        let long = ending(3600);
        let first = long.token_at(at(start)).await.unwrap();
        assert_eq!(first, long.token_at(at(start + 14 * 60 - 1)).await.unwrap());
        assert_ne!(first, long.token_at(at(start + 14 * 60)).await.unwrap());
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let token = mint(credentials(None), "eu-west-1", "dev", at(1_700_000_000)).unwrap();
        assert_eq!(format!("{token:?}"), "Token(hidden)");
    }
}
