//! A web server for archives and a registry, which remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What it answers.
#[derive(Clone, Default)]
pub struct Page {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The `Authorization` without which it answers 401.
    pub authorization: Option<String>,
    /// Sends half of the body, and then nothing any more.
    pub stalls: bool,
    /// Sends half of the body, and hangs up.
    pub breaks_off: bool,
}

impl Page {
    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn only_for(mut self, authorization: &str) -> Self {
        self.authorization = Some(authorization.to_owned());
        self
    }
}

#[derive(Default)]
struct Site {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<String>>,
}

/// Serves on loopback until the test's process ends.
pub struct Server {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    site: Arc<Site>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// The same with TLS, and a certificate that it signs itself and leaves at `certificate`.
    pub fn start_secure(certificate: &Path) -> Self {
        let key = certificate.with_extension("key");
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ])
            .args([
                "-subj",
                "/CN=test",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
            ])
            .arg(&key)
            .arg("-out")
            .arg(certificate)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Self::start_with(Some(Arc::new(config.with_single_cert(chain, key).unwrap())))
    }

    fn start_with(secure: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if secure.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let site = Arc::<Site>::default();
        let shared = Arc::clone(&site);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (site, secure) = (Arc::clone(&shared), secure.clone());
                // A client that hangs up early is no concern of the server's.
                std::thread::spawn(move || match secure {
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        let mut stream = rustls::StreamOwned::new(connection, stream);
                        let answered = answer(&site, &mut stream);
                        stream.conn.send_close_notify();
                        answered.and_then(|()| stream.flush()).ok()
                    }
                    None => answer(&site, &mut { stream }).ok(),
                });
            }
        });
        Self { address, site }
    }

    pub fn put(&self, path: &str, page: Page) -> &Self {
        self.site.pages.lock().unwrap().insert(path.to_owned(), page);
        self
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.site.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

fn answer(site: &Site, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut *stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split_whitespace().nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    site.asked.lock().unwrap().push(path.clone());
    let Some(page) = site.pages.lock().unwrap().get(&path).cloned() else {
        return reply(stream, "404 Not Found", &[], b"nothing here");
    };
    if page.authorization.is_some() && headers.get("authorization") != page.authorization.as_ref() {
        return reply(stream, "401 Unauthorized", &[], b"who are you");
    }
    let etag = page.headers.iter().find(|(name, _)| name == "ETag").map(|(_, value)| value);
    if etag.is_some() && headers.get("if-none-match") == etag {
        return reply(stream, "304 Not Modified", &[], b"");
    }
    if page.stalls || page.breaks_off {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.body.len())?;
        stream.write_all(&page.body[..page.body.len() / 2])?;
        if page.stalls {
            std::thread::sleep(Duration::from_mins(1));
        }
        return Ok(());
    }
    reply(stream, "200 OK", &page.headers, &page.body)
}

fn reply(
    stream: &mut impl Write,
    status: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(body)
}
