//! What no real registry does on demand: it hangs, sends pages, other bytes, or elsewhere.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use slipway::registry::{Found, Question, Registries, RegistryError};
use slipway::support::digest::sha256;
use slipway::support::web::Limits;

use super::{image, logins};
use crate::support::registry::{IMAGE, PASSWORD, login};
use crate::support::tokens::request;

/// A server that answers requests by a function; none leaves the connection open, and silent.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let Some(request) = request(&mut stream) else { continue };
                let answer = answer(&request);
                seen.lock().unwrap().push(request);
                match answer {
                    Some(answer) => drop(stream.write_all(answer.as_bytes())),
                    None => held.push(stream),
                }
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn look(&self, rest: &str) -> Result<Found, RegistryError> {
        let platforms = vec!["linux/amd64".parse().unwrap()];
        self.answer_to(rest, Question { platforms, ..Question::default() }).await
    }

    async fn answer_to(&self, rest: &str, question: Question) -> Result<Found, RegistryError> {
        let kept = login(&self.address, "puller", PASSWORD);
        let limits = Limits {
            connect: Duration::from_secs(5),
            silence: Duration::from_millis(700),
            whole: Duration::from_secs(20),
        };
        let registries = Registries::with_limits(logins(Some(kept.path())), limits);
        registries.look(&image(&format!("{}/{rest}", self.address)), &question).await
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a server that answers nothing is another one")]
fn answer(status: &str, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"))
}

fn configuration() -> String {
    json!({"os": "linux", "architecture": "amd64"}).to_string()
}

fn manifest() -> String {
    let digest = format!("sha256:{}", sha256(configuration().as_bytes()));
    json!({"schemaVersion": 2, "mediaType": IMAGE, "config": {"digest": digest}, "layers": []}).to_string()
}

#[tokio::test]
async fn what_does_not_answer_as_a_registry_says_nothing_of_the_image() {
    let page = "<html>welcome</html>";
    let cases: Vec<(Server, &str)> = vec![
        (
            Server::new(move |_| answer("200 OK", "content-type: text/html\r\n", page)),
            "no manifest of an image",
        ),
        (
            Server::new(move |_| answer("404 Not Found", "content-type: text/html\r\n", page)),
            "no reason given",
        ),
        (Server::new(|_| answer("200 OK", "", "{\"schemaVersion\": 1, \"fsLayers\": []}")), "first format"),
        (Server::new(|_| answer("418 Teapot", "", "")), "answered with status 418"),
        (Server::new(|_| answer("401 Unauthorized", "", "")), "lets nobody in"),
        (Server::new(|_| answer("302 Found", "location: http://127.0.0.2:1/\r\n", "")), "leads elsewhere"),
        (
            Server::new(|_| answer("302 Found", "location: file:///etc/passwd\r\n", "")),
            "folder of this machine",
        ),
        (Server::new(|_| Some("SSH-2.0-OpenSSH\r\n".to_owned())), "was not reached"),
    ];
    for (server, words) in cases {
        let error = server.look("app:v1").await.unwrap_err();
        assert!(!error.is_certain() && error.to_string().contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn a_registry_that_hangs_is_given_up() {
    let silent = Server::new(|_| None);
    let began = Instant::now();
    let error = silent.look("app:v1").await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
    // And once it has begun to answer.
    let half = Server::new(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{".to_owned()));
    let error = half.look("app:v1").await.unwrap_err();
    assert!(!error.is_certain(), "{error}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_registry_that_is_busy_for_a_moment_is_asked_again() {
    let busy = Arc::new(Mutex::new(vec!["503 Service Unavailable", "429 Too Many Requests"]));
    let left = Arc::clone(&busy);
    let server = Server::new(move |request| match left.lock().unwrap().pop() {
        Some(status) => answer(status, "retry-after: 0\r\n", ""),
        None if request.contains("/blobs/") => answer("200 OK", "", &configuration()),
        None => answer("200 OK", "", &manifest()),
    });
    server.look("app:v1").await.unwrap();
    assert!(busy.lock().unwrap().is_empty());
    // One that says it takes an hour is not waited for.
    let limited = Server::new(|_| answer("429 Too Many Requests", "retry-after: 3600\r\n", ""));
    let began = Instant::now();
    let error = limited.look("app:v1").await.unwrap_err();
    assert!(error.to_string().contains("status 429") && !error.is_certain(), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30) && limited.asked().len() == 1);
}

#[tokio::test]
async fn bytes_that_are_not_what_their_digest_says_are_refused() {
    let other = "0".repeat(64);
    let header = format!("docker-content-digest: sha256:{other}\r\n");
    let lying = Server::new(move |_| answer("200 OK", &header, &manifest()));
    let error = lying.look("app:v1").await.unwrap_err();
    assert!(error.is_certain() && matches!(error, RegistryError::Digest { .. }), "{error}");
    let swapped = Server::new(|_| answer("200 OK", "", &manifest()));
    let error = swapped.look(&format!("app@sha256:{}", "1".repeat(64))).await.unwrap_err();
    assert!(matches!(error, RegistryError::Digest { what: "the manifest", .. }), "{error}");
    let forged = Server::new(|request| {
        let body = if request.contains("/blobs/") { configuration() + " " } else { manifest() };
        answer("200 OK", "", &body)
    });
    let error = forged.look("app:v1").await.unwrap_err();
    assert!(matches!(error, RegistryError::Digest { what: "the configuration", .. }), "{error}");
}

#[tokio::test]
async fn whether_an_image_is_there_is_no_pull_and_a_registry_that_answers_head_wrongly_is_asked_by_get() {
    let digest = format!("sha256:{}", sha256(manifest().as_bytes()));
    let said =
        |kind: &str, digest: &str| format!("content-type: {kind}\r\ndocker-content-digest: {digest}\r\n");
    let asked = |head: Option<String>| {
        Server::new(move |request| {
            if request.starts_with("HEAD ") { head.clone() } else { answer("200 OK", "", &manifest()) }
        })
    };
    let methods = |server: &Server| -> Vec<String> {
        server.asked().iter().map(|one| one.split(' ').next().unwrap().to_owned()).collect()
    };
    let right = answer("200 OK", &said(IMAGE, &digest), "");
    let server = asked(right.clone());
    assert_eq!(server.answer_to("app:v1", Question::default()).await.unwrap().digest, digest);
    assert_eq!(methods(&server), ["HEAD"]);
    // What is relied on is read.
    let pins = Question { pins: true, ..Question::default() };
    let server = asked(right.clone());
    assert_eq!(server.answer_to("app:v1", pins).await.unwrap().digest, digest);
    assert_eq!(methods(&server), ["GET"]);
    for wrong in [
        answer("405 Method Not Allowed", "", ""),
        answer("404 Not Found", "", ""),
        answer("500 Internal Server Error", "", ""),
        answer("401 Unauthorized", "", ""),
        answer("200 OK", "", ""),
        answer("200 OK", &said("text/html", &digest), "<html>"),
        answer("200 OK", &said(IMAGE, "sha256:0"), ""),
        answer("302 Found", "location: http://127.0.0.2:1/\r\n", ""),
        Some("no HTTP".to_owned()),
        Some(String::new()),
        None,
    ] {
        let server = asked(wrong.clone());
        let found = server.answer_to("app:v1", Question::default()).await;
        assert_eq!(found.unwrap().digest, digest, "{wrong:?}");
        assert_eq!(methods(&server), ["HEAD", "GET"], "{wrong:?}");
    }
    // Another one than was asked for, by its digest.
    let other = format!("sha256:{}", "0".repeat(64));
    let server = asked(answer("200 OK", &said(IMAGE, &other), ""));
    let found = server.answer_to(&format!("app@{digest}"), Question::default()).await.unwrap();
    assert_eq!((found.digest, methods(&server)), (digest, vec!["HEAD".to_owned(), "GET".to_owned()]));
}

#[tokio::test]
async fn a_login_goes_nowhere_else() {
    let elsewhere = Server::new(|_| answer("200 OK", "", &configuration()));
    // Where it sends for tokens, and where it has its blobs, is for a registry to say; not to whom its login is shown.
    for realm in ["http://192.0.2.1/token", "http://tokens.example/token", "file:///etc/passwd", "nonsense"] {
        let header = format!("www-authenticate: Bearer realm=\"{realm}\"\r\n");
        let sending = Server::new(move |_| answer("401 Unauthorized", &header, ""));
        let error = sending.look("app:v1").await.unwrap_err();
        assert!(matches!(error, RegistryError::Realm { .. }) && error.to_string().contains(realm), "{error}");
        assert_eq!(sending.asked().len(), 1);
    }
    let blobs = format!("location: http://{}/blob\r\n", elsewhere.address);
    let basic = Server::new(move |request| {
        if !request.to_ascii_lowercase().contains("authorization: basic") {
            answer("401 Unauthorized", "www-authenticate: Basic realm=\"x\"\r\n", "")
        } else if request.contains("/blobs/") {
            answer("307 Temporary Redirect", &blobs, "")
        } else {
            answer("200 OK", "", &manifest())
        }
    });
    // Without encryption it is not followed at all.
    let error = basic.look("app:v1").await.unwrap_err();
    assert!(!error.is_certain(), "{error}");
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}
