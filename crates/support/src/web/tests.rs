//! The client held against servers that mean it ill.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;

/// A server on loopback that answers each connection by a function and keeps what it was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                    // Whoever speaks TLS is answered in the clear.
                    if head == [0x16] {
                        break;
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                answer(&mut stream);
            }
        });
        Self { address, asked }
    }

    /// One that says the same to everybody.
    fn saying(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |stream| drop(stream.write_all(text.as_bytes())))
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// For servers that answer, however busy this machine is.
fn patient() -> Web {
    let long = Duration::from_secs(30);
    Web::with_limits(Limits { connect: long, silence: long, whole: long })
}

/// For servers that do not.
fn hasty() -> Web {
    let short = Duration::from_millis(300);
    Web::with_limits(Limits { connect: short, silence: short, whole: Duration::from_millis(900) })
}

async fn text(url: &Url) -> Result<String, WebError> {
    text_by(&patient(), url).await
}

async fn text_by(web: &Web, url: &Url) -> Result<String, WebError> {
    web.get(url, Asking::default()).await?.successful()?.text(1 << 10).await
}

#[tokio::test]
async fn a_body_without_end_is_given_up_and_what_was_saved_is_bounded() {
    let endless = || {
        Server::new(|stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        })
    };
    let server = endless();
    let error = text(&server.url("/a")).await.unwrap_err().to_string();
    assert_eq!(error, format!("{} gave no usable answer: it is far too long", server.url("/a")));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let found = patient().get(&endless().url("/a"), Asking::default()).await.unwrap();
    let error = found.save(&file, 1 << 20).await.unwrap_err().to_string();
    assert!(error.ends_with("it is larger than 1 MiB"), "{error}");
    assert!(file.metadata().unwrap().len() <= 1 << 20);
}

#[tokio::test]
async fn a_server_that_falls_silent_or_only_drips_is_given_up_in_time() {
    let silent = Server::new(|_| std::thread::sleep(Duration::from_secs(5)));
    let error = text_by(&hasty(), &silent.url("/")).await.unwrap_err().to_string();
    assert!(error.ends_with("was not reached: it does not answer"), "{error}");
    let half = Server::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
        std::thread::sleep(Duration::from_secs(5));
    });
    let error = text_by(&hasty(), &half.url("/")).await.unwrap_err().to_string();
    assert!(error.ends_with("was not reached: it fell silent"), "{error}");
    let dripping = Server::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = Instant::now();
    let error = text_by(&hasty(), &dripping.url("/")).await.unwrap_err().to_string();
    assert!(error.ends_with("was not reached: it takes too long to answer"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn credentials_go_to_the_host_they_are_for_and_nowhere_else() {
    let elsewhere = Server::saying(answer("elsewhere"));
    // Only https leads to another host, so the one that is led to has to be the same; the other is refused untouched.
    let to = elsewhere.address.clone();
    let server = Server::saying(redirect(&format!("http://{to}/stolen")));
    let bearer = Authorization::Bearer(Secret::new("canary-web-token"));
    let asking = Asking { authorization: Some(&bearer), headers: &[] };
    let error = patient().get(&server.url("/"), asking).await.unwrap_err().to_string();
    assert!(error.ends_with("it leads elsewhere, and neither over https nor ssh"), "{error}");
    assert!(elsewhere.asked().is_empty());
    assert!(server.asked().iter().all(|asked| asked.contains("authorization: Bearer canary-web-token")));
    // To another origin over https the connection is made, and what is sent there is no header of ours: TLS comes first.
    let secure = Server::saying(redirect(&format!("https://user:canary-web-chosen@{to}/x")));
    let asking = Asking { authorization: Some(&bearer), headers: &[] };
    let error = patient().get(&secure.url("/"), asking).await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("https://{to}/x was not reached: no secure connection (TLS): ")),
        "{error}"
    );
    assert!(elsewhere.asked().iter().all(|asked| !asked.contains("canary")), "{:?}", elsewhere.asked());
}

#[tokio::test]
async fn a_login_in_the_address_is_sent_as_one_and_shown_nowhere() {
    let server = Server::saying("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let url =
        Url::parse(&format!("http://ann:canary-web%40word@{}/a?token=canary-web-query", server.address))
            .unwrap();
    let error = text(&url).await.unwrap_err().to_string();
    assert!(error.ends_with("answered with status 404") && !error.contains("canary"), "{error}");
    let login = STANDARD.encode("ann:canary-web@word");
    let asked = server.asked().join("");
    assert!(asked.contains(&format!("authorization: Basic {login}")), "{asked}");
    assert!(asked.starts_with("GET /a?token=canary-web-query HTTP/1.1"), "{asked}");
}

#[tokio::test]
async fn redirects_lead_to_no_file_no_other_scheme_and_not_on_for_ever() {
    for (to, why) in [
        ("file:///etc/passwd", "it leads to a folder of this machine"),
        ("ftp://example.com/x", "neither over https nor ssh"),
        ("ssh://git@example.com/x", "neither over https nor ssh"),
        ("/again", "it leads on and on"),
        ("http://[broken", "invalid IPv6 address"),
    ] {
        let server = Server::saying(redirect(to));
        let error = text(&server.url("/")).await.unwrap_err().to_string();
        assert!(error.contains("gave no usable answer: ") && error.ends_with(why), "{to}: {error}");
        assert!(server.asked().len() <= MOST_REDIRECTS + 1);
    }
}

#[tokio::test]
async fn a_connection_that_is_not_secure_is_told_as_such_with_a_way_out() {
    let server = Server::saying(answer("in the clear"));
    let url = Url::parse(&format!("https://{}/", server.address)).unwrap();
    let error = text(&url).await.unwrap_err();
    assert!(matches!(error, WebError::Insecure { .. }), "{error}");
    assert!(error.advice().unwrap().contains("SSL_CERT_FILE"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = text(&Url::parse(&format!("https://{nobody}/")).unwrap()).await.unwrap_err();
    assert!(matches!(error, WebError::Unreachable { .. }), "nobody was there to speak TLS: {error}");
}

/// What is asked by way of a proxy, without touching this process's environment.
async fn through(proxy: &str, url: &Url) -> Result<String, WebError> {
    let proxy = Proxy::named(proxy, url);
    patient()
        .get_by(url, Asking::default(), &|_| Some(proxy.clone()))
        .await?
        .successful()?
        .text(1 << 10)
        .await
}

#[tokio::test]
async fn a_proxy_is_asked_in_its_way_with_its_login_which_is_shown_nowhere() {
    let proxy = Server::saying(answer("by the proxy"));
    let named = format!("http://ann:canary-web-proxy@{}", proxy.address);
    let plain = Url::parse("http://modules.example.com/a?b=c").unwrap();
    assert_eq!(through(&named, &plain).await.unwrap(), "by the proxy");
    let asked = proxy.asked().join("");
    assert!(asked.starts_with("GET http://modules.example.com/a?b=c HTTP/1.1"), "{asked}");
    let login = STANDARD.encode("ann:canary-web-proxy");
    assert!(asked.contains(&format!("proxy-authorization: Basic {login}")), "{asked}");

    let refusing = Server::saying("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let named = format!("http://ann:canary-web-proxy@{}", refusing.address);
    let secure = Url::parse("https://modules.example.com/a").unwrap();
    let error = through(&named, &secure).await.unwrap_err().to_string();
    assert!(refusing.asked().join("").starts_with("CONNECT modules.example.com:443 HTTP/1.1"));
    assert!(error.contains(&format!("by the proxy http://{}: ", refusing.address)), "{error}");
    assert!(!error.contains("canary") && !error.contains(&login), "{error}");

    let error = through("socks5://ann:canary-web-proxy@127.0.0.1:9", &secure).await.unwrap_err().to_string();
    assert!(error.contains("name one by http:// or https://") && !error.contains("canary"), "{error}");
}
