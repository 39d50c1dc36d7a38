//! A server of tokens, to which a real registry sends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_eddsa_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, SignatureScheme};
use serde_json::{Value, json};

use super::registry::PASSWORD;

pub const SERVICE: &str = "registry.test";
pub const ISSUER: &str = "tokens.test";
/// Of these tests alone.
const KEY: &str = "MC4CAQAwBQYDK2VwBCIEIJq7SbXpPdrk+9xoHoI90vGkhmFCR6kGeIRj1PyCaRIu";
const PUBLIC: &str = "UxMw6D24vFdV9qJTnZBg8PSxP8EGqCuumhLFpPKKHMU";
const NAME: &str = "test";

/// The keys by which the registry knows its tokens.
pub fn keys() -> Value {
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": NAME, "x": PUBLIC}]})
}

/// What the server does with who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// To everybody.
    All,
    /// To `puller`, by Basic or by the token that stands for its password.
    Puller,
    /// Tokens that have ended.
    Ended,
    /// A page.
    Page,
}

/// A running server.
pub struct Tokens {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tokens {
    pub fn start(gives: Gives) -> Self {
        Self::serve(gives, None)
    }

    /// The same behind TLS, with `server.crt` and `server.key` of a folder.
    pub fn start_tls(gives: Gives, certificates: &Path) -> Self {
        let read = |name: &str| std::fs::read(certificates.join(name)).unwrap();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read("server.crt")).collect();
        let key = PrivateKeyDer::from_pem_slice(&read("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.unwrap(), key)
            .unwrap();
        Self::serve(gives, Some(Arc::new(config)))
    }

    fn serve(gives: Gives, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let speak = |stream: &mut dyn Stream| {
                    let request = request(stream)?;
                    let answer = answer(&request, gives);
                    seen.lock().unwrap().push(request);
                    stream.write_all(answer.as_bytes()).ok()
                };
                let _gone = match &tls {
                    None => speak(&mut stream),
                    Some(tls) => {
                        let mut connection = ServerConnection::new(Arc::clone(tls)).unwrap();
                        speak(&mut rustls::Stream::new(&mut connection, &mut stream))
                    }
                };
            }
        });
        Self { address, asked }
    }

    pub fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// The requests, heads and bodies.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// What is spoken over: with TLS or without.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// The head of a request with its body.
pub fn request(stream: &mut dyn Stream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(text + &String::from_utf8_lossy(&body))
}

fn answer(request: &str, gives: Gives) -> String {
    let respond = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let basic = format!("Basic {}", STANDARD.encode(format!("puller:{PASSWORD}")));
    let is_puller = request.contains(&basic) || request.contains(&format!("refresh_token={PASSWORD}"));
    match gives {
        Gives::Page => return respond("200 OK", "<html>hello</html>"),
        Gives::Puller if !is_puller => return respond("401 Unauthorized", "{}"),
        _ => {}
    }
    let target = request.split_whitespace().nth(1).unwrap_or_default();
    let body = request.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let query = if body.is_empty() { target.split_once('?').map_or("", |(_, query)| query) } else { body };
    let scope = query.split('&').find_map(|pair| pair.strip_prefix("scope=")).unwrap_or_default();
    let scope = scope.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
    let parts: Vec<&str> = scope.split(':').collect();
    let access = json!([{"type": parts[0], "name": parts[1], "actions": ["pull"]}]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ends = if gives == Gives::Ended { now - 3600 } else { now + 300 };
    let token = signed(&json!({
        "iss": ISSUER, "aud": SERVICE, "sub": "", "jti": "1", "access": access,
        "iat": now - 7200, "nbf": now - 7200, "exp": ends,
    }));
    respond("200 OK", &json!({"token": token, "access_token": token, "expires_in": 300}).to_string())
}

fn signed(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": "JWT", "kid": NAME})), part(claims));
    let key = PrivatePkcs8KeyDer::from(STANDARD.decode(KEY).unwrap());
    let signer = any_eddsa_type(&key).unwrap().choose_scheme(&[SignatureScheme::ED25519]).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signer.sign(text.as_bytes()).unwrap()))
}
