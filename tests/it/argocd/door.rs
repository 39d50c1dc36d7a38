//! A door before the bed's API server, which lets a command in and says when it has made so many changes.
//!
//! It has the API server's own certificate, keeps in mind what was changed, and holds the answer to the last change back: whoever
//! is killed then has made just these, and does not know of the last.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use kube::Client;
use kube::client::Body;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::runtime::Handle;

use crate::support::bed::Bed;

/// The door; it is open until the test's process ends.
pub struct Door {
    /// `https://127.0.0.1:PORT`.
    pub address: String,
    /// The authority that signed its certificate, in PEM.
    pub authority: Vec<u8>,
    watch: Arc<Mutex<Watch>>,
}

/// What is waited for.
#[derive(Default)]
struct Watch {
    changes: Vec<String>,
    last: Option<(usize, Sender<()>)>,
}

impl Door {
    /// What comes in is asked by the client.
    pub fn before(bed: &Bed, client: Client) -> Self {
        let kubeconfig = Path::new(bed.text("/kubernetes/kubeconfig"));
        let folder = kubeconfig.parent().unwrap().join("kubernetes/certificates");
        let chain = vec![CertificateDer::from_pem_file(folder.join("server.crt")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(config.with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let watch = Arc::<Mutex<Watch>>::default();
        let (shared, runtime) = (Arc::clone(&watch), Handle::current());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // An answer that waits for the next one would take forty times as long.
                stream.set_nodelay(true).unwrap();
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = BufReader::new(StreamOwned::new(connection, stream));
                let (watch, client, runtime) = (Arc::clone(&shared), client.clone(), runtime.clone());
                // One that is killed hangs up at any time.
                std::thread::spawn(move || serve(stream, &watch, &client, &runtime).ok());
            }
        });
        Self { address, authority: std::fs::read(folder.join("ca.crt")).unwrap(), watch }
    }

    /// From now on so many changes are let in, and nothing is heard any more of the last of them, which is told to `reached`.
    pub fn close_after(&self, changes: usize, reached: Sender<()>) {
        *self.watch.lock().unwrap() = Watch { changes: Vec::new(), last: Some((changes, reached)) };
    }

    /// From now on everything is let in.
    pub fn open(&self) {
        *self.watch.lock().unwrap() = Watch::default();
    }

    /// What was changed since then.
    pub fn changes(&self) -> Vec<String> {
        self.watch.lock().unwrap().changes.clone()
    }
}

fn serve(
    mut stream: BufReader<StreamOwned<ServerConnection, std::net::TcpStream>>,
    watch: &Mutex<Watch>,
    client: &Client,
    runtime: &Handle,
) -> std::io::Result<()> {
    while let Some((what, request)) = read(&mut stream)? {
        let answer = runtime.block_on(async {
            let answer = client.send(request).await.map_err(std::io::Error::other)?;
            let (parts, body) = answer.into_parts();
            let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((parts, body))
        });
        let (parts, body) = answer?;
        if parts.status.is_success() && watch.lock().unwrap().is_last(what.as_ref()) {
            // Until whoever asked is gone.
            stream.read_exact(&mut [0])?;
        }
        let mut answer =
            format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n", parts.status, body.len()).into_bytes();
        if let Some(kind) = parts.headers.get(http::header::CONTENT_TYPE) {
            write!(answer, "Content-Type: {}\r\n", kind.to_str().unwrap())?;
        }
        answer.extend_from_slice(b"\r\n");
        answer.extend_from_slice(&body);
        let into = stream.get_mut();
        into.write_all(&answer)?;
        into.flush()?;
    }
    Ok(())
}

impl Watch {
    /// Keeps a change in mind, and says whether it is the last that is let in.
    fn is_last(&mut self, change: Option<&String>) -> bool {
        self.changes.extend(change.cloned());
        match &self.last {
            Some((count, reached)) if change.is_some() && self.changes.len() == *count => {
                reached.send(()).unwrap();
                true
            }
            _ => false,
        }
    }
}

/// A request, and what it changes if it changes something; none where nobody asks any more.
fn read(stream: &mut impl BufRead) -> std::io::Result<Option<(Option<String>, http::Request<Body>)>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let mut request = http::Request::builder().method(&*method).uri(&target);
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "transfer-encoding" => panic!("{method} {target} comes in parts"),
            // Who asks is said by the client.
            "authorization" | "host" | "connection" => {}
            _ => request = request.header(name, value),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let is_change = method != "GET" && !target.contains("dryRun");
    let change = is_change.then(|| format!("{method} {}", target.split('?').next().unwrap_or_default()));
    Ok(Some((change, request.body(Body::from(body)).unwrap())))
}
