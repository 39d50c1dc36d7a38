//! A real Git server for tests: `git http-backend` behind a small HTTP bridge, with basic authentication.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Serves the bare repositories in a folder on loopback, for as long as the test's process lives.
pub struct GitServer {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    conversations: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

struct Site {
    folder: PathBuf,
    authorization: String,
    conversations: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl GitServer {
    /// How many bytes were sent and received in the bodies of answers and requests.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// How often a client that was let in has begun to fetch or to push.
    pub fn conversations(&self) -> usize {
        self.conversations.load(Ordering::SeqCst)
    }

    pub fn start(folder: &Path, user: &str, password: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let authorization = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let conversations = Arc::new(AtomicUsize::new(0));
        let bytes = Arc::new(AtomicUsize::new(0));
        let site = Arc::new(Site {
            folder: folder.to_owned(),
            authorization,
            conversations: Arc::clone(&conversations),
            bytes: Arc::clone(&bytes),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let site = Arc::clone(&site);
                // A client that hangs up early is no concern of the server's.
                std::thread::spawn(move || answer(&site, &stream).ok());
            }
        });
        Self { address, conversations, bytes }
    }
}

fn answer(site: &Site, mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let header = |name: &str| {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if header("expect").eq_ignore_ascii_case("100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = if header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        chunks(&mut reader)?
    } else {
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        body
    };
    // `/moved/…` has moved within the server, `/away/HOST:PORT/…` to another one.
    let away = target.strip_prefix("/away/").map(|place| format!("http://{place}"));
    if let Some(place) = target.strip_prefix("/moved").map(str::to_owned).or(away) {
        let response = format!(
            "HTTP/1.1 301 Moved Permanently\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        return stream.write_all(response.as_bytes());
    }
    if header("authorization") != site.authorization {
        return stream.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    if target.contains("/info/refs") {
        site.conversations.fetch_add(1, Ordering::SeqCst);
    }
    site.bytes.fetch_add(body.len(), Ordering::SeqCst);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &site.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "tester")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = backend.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(&body).ok());
    let output = backend.wait_with_output()?.stdout;
    feeder.join().ok();
    let split = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let content = output.get(split + 4..).unwrap_or_default();
    site.bytes.fetch_add(content.len(), Ordering::SeqCst);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut response = format!("HTTP/1.1 {status}\r\n");
    for line in head.lines().filter(|line| !line.starts_with("Status: ")) {
        response.push_str(line);
        response.push_str("\r\n");
    }
    response.push_str("Connection: close\r\n");
    stream.write_all(format!("{response}Content-Length: {}\r\n\r\n", content.len()).as_bytes())?;
    stream.write_all(content)
}

fn chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let start = body.len();
        body.resize(start + size, 0);
        reader.read_exact(&mut body[start..])?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(body);
        }
    }
}
