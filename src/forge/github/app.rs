//! A GitHub App as a login: its key signs a token that is exchanged for one of an installation, which lives for an hour.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jiff::Timestamp;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::forge::address;
use crate::forge::api::{Api, at};
use crate::forge::error::ForgeError;
use crate::forge::place::Place;
use crate::support::secret::Secret;

/// GitHub refuses a token that is for longer than ten minutes; clocks differ.
const LIFE_SECONDS: i64 = 540;
const SKEW_SECONDS: i64 = 60;

/// The key of a GitHub App, and which installation is meant.
#[derive(Debug)]
pub struct AppKey {
    /// The app's id, or its client id.
    pub app: String,
    /// The installation; found by the repository where nobody says.
    pub installation: Option<String>,
    /// The private key, in PEM.
    pub key: Secret,
}

impl AppKey {
    /// A token of the installation, for one repository.
    pub async fn token(&self, place: &Place) -> Result<Secret, ForgeError> {
        let api = Api::new(place, self.signed(Timestamp::now().as_second())?);
        let (owner, name) = place.path.split_once('/').unwrap_or((&place.path, ""));
        let installation = if let Some(installation) = &self.installation {
            installation.clone()
        } else {
            let url = address(&api.base, &["repos", owner, name, "installation"], &[]);
            let reply =
                api.ask(Method::GET, &url, None).await?.granted(&api, "find the app's installation")?;
            let id = at(&reply.json, "id").as_u64();
            id.ok_or_else(|| api.unusable(&url, "an installation without an id"))?.to_string()
        };
        let url = address(&api.base, &["app", "installations", &installation, "access_tokens"], &[]);
        let asked = json!({"repositories": [name]});
        let reply = api.ask(Method::POST, &url, Some(&asked)).await?.granted(&api, "let the app in")?;
        let token = at(&reply.json, "token").as_str().filter(|token| !token.is_empty());
        Ok(Secret::new(token.ok_or_else(|| api.unusable(&url, "no token"))?))
    }

    /// The token by which the app itself is known: RS256, as RFC 7515 has it. `now` is in seconds since 1970.
    fn signed(&self, now: i64) -> Result<Secret, ForgeError> {
        let wrong = |problem| ForgeError::Key { problem };
        // Variables may hold `\n` for line breaks.
        let pem = self.key.expose().replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| wrong("it is no private key in PEM"))?;
        let key = any_supported_type(&key).map_err(|_| wrong("it is of no kind that is known here"))?;
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.ok_or_else(|| wrong("it is no key of RSA"))?;
        let claims = json!({"iat": now - SKEW_SECONDS, "exp": now + LIFE_SECONDS, "iss": self.app});
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "typ": "JWT"}).to_string());
        let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = signer.sign(text.as_bytes()).map_err(|_| wrong("it does not sign"))?;
        Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}
