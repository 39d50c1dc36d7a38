//! A provider's process: how it is started, spoken to, and ended.
//!
//! It has a process group of its own, and a shell that waits beside it for the end of a pipe whose other end only we hold.
//! When we drop that, or end however we end, the shell kills the group. The provider itself would go on for ever.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use slipway_support::children::AtWork;
use slipway_support::process::program;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use super::error::ProviderError;
use super::exchange::{Reply, WINDOW, send_all};
use super::handshake::{Handshake, HandshakeError};
use super::place::{Ending, Place};

/// Runs the provider in the place of the shell, and beside it who ends both with the pipe.
const TOGETHER: &str = "exec 3<&0; { read -r end; kill -9 0; } <&3 3<&- >/dev/null 2>&1 & \
                        exec \"$0\" 3<&- </dev/null";
/// By which providers know that it is no person who starts them.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");
/// How long a provider may take until it says where it is: as long as the tools give it.
const BEGINNING: Duration = Duration::from_mins(1);
/// The longest first line.
const LONGEST_LINE: u64 = 64 << 10;
/// How long one that has ended may take to be known as ended: its connection breaks before.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// So many bytes are kept of what it prints.
const KEPT: usize = 32 << 10;
/// The longest of its words that are told.
const TOLD: usize = 400;

/// What is started, and what it may see.
#[derive(Debug)]
pub struct Spec {
    /// The provider's source, for messages.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// A process that is there, until this is dropped.
#[derive(Debug)]
pub struct Process {
    /// The provider's source, for messages.
    pub name: String,
    /// The version of the protocol.
    pub protocol: u32,
    send: SendRequest<Bytes>,
    /// How it ended, with its last words, once it has.
    ended: Ending,
    calls: AtomicUsize,
    _until_dropped: Option<ChildStdin>,
}

/// A call that a process is at.
#[derive(Debug)]
pub struct Entered(Arc<Process>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

impl std::ops::Deref for Entered {
    type Target = Arc<Process>;

    fn deref(&self) -> &Arc<Process> {
        &self.0
    }
}

impl Process {
    /// Starts one that works in the folder `dir`.
    pub async fn start(place: &Arc<Place>, spec: &Spec, dir: &Path) -> Result<Arc<Self>, ProviderError> {
        let name = spec.name.clone();
        let failed = |source| ProviderError::Start { name: spec.name.clone(), source };
        let folder = place.folder()?;
        let mut command = Command::from(program("/bin/sh"));
        command
            .args(["-c", TOGETHER])
            .arg(&spec.program)
            .env_clear()
            .envs(spec.environment.iter().map(|(name, value)| (name, value)))
            .envs([COOKIE, ("PLUGIN_PROTOCOL_VERSIONS", "5,6")])
            // Where its socket and all else that it makes for a while comes to lie.
            .env("TMPDIR", folder.path())
            .current_dir(dir)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let id = child.id().unwrap_or_default();
        let until_dropped = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let at_work = AtWork::group(child.id());
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let listening = tokio::spawn(listen(stderr, Arc::clone(&said)));
        let (tell, ended) = watch::channel(None);
        place.started(id, ended.clone());
        let waiting = Waiting { child, at_work, listening, said: Arc::clone(&said) };
        let kept = Arc::clone(place);
        tokio::spawn(async move {
            let how = waiting.wait().await;
            tell.send_replace(Some(how));
            drop((folder, kept));
        });
        let handshake = shake_hands(stdout, ended.clone()).await.map_err(|why| {
            let said = last_words(&said.lock().unwrap_or_else(PoisonError::into_inner));
            let said = said.map(|said| format!("; it last said: {said}")).unwrap_or_default();
            ProviderError::Handshake { name: name.clone(), why, said }
        })?;
        let stream = UnixStream::connect(&handshake.socket).await.map_err(failed)?;
        let broken = |error: h2::Error| ProviderError::Broken { name: name.clone(), why: error.to_string() };
        let mut builder = Builder::new();
        builder.initial_window_size(WINDOW).initial_connection_window_size(4 * WINDOW).enable_push(false);
        let (send, connection) = builder.handshake(stream).await.map_err(broken)?;
        tokio::spawn(async move {
            // How it ended is what the calls on it say.
            let _ended = connection.await;
        });
        place.tell(&format!("a provider was started: {name}, process {id}, protocol {}", handshake.protocol));
        Ok(Arc::new(Self {
            name,
            protocol: handshake.protocol,
            send,
            ended,
            calls: AtomicUsize::new(0),
            _until_dropped: until_dropped,
        }))
    }

    /// Notes that it is at a call, until what is returned is dropped.
    pub fn enter(self: &Arc<Self>) -> Entered {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Entered(Arc::clone(self))
    }

    /// Whether it is at no call.
    pub fn is_idle(&self) -> bool {
        self.calls.load(Ordering::SeqCst) == 0
    }

    /// Whether it is there still.
    pub fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Begins a call, with all that is asked.
    pub async fn call(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<RecvStream>, h2::Error> {
        let mut request = Request::post(format!("http://localhost{path}"))
            .body(())
            .map_err(|_| h2::Error::from(Reason::PROTOCOL_ERROR))?;
        *request.headers_mut() = headers.clone();
        // What is compressed could not be looked into.
        request.headers_mut().remove("grpc-accept-encoding");
        let mut send = self.send.clone().ready().await?;
        let (response, mut stream) = send.send_request(request, false)?;
        send_all(&mut stream, body, true).await?;
        response.await
    }

    /// Asks, and waits for all of the answer.
    pub async fn ask(&self, path: &str, headers: &HeaderMap, body: Bytes) -> Result<Reply, ProviderError> {
        let reply = async { Reply::read(self.call(path, headers, body).await?).await };
        match reply.await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.why(&error).await),
        }
    }

    /// Why a call of it has broken off: it has most often ended.
    pub async fn why(&self, error: &h2::Error) -> ProviderError {
        let mut ended = self.ended.clone();
        let how = timeout(LAST_WORDS, ended.wait_for(Option::is_some)).await;
        let how = how.ok().and_then(Result::ok).and_then(|how| how.clone());
        ProviderError::Broken { name: self.name.clone(), why: how.unwrap_or_else(|| error.to_string()) }
    }
}

/// Whoever waits for the end of a process.
struct Waiting {
    child: Child,
    at_work: AtWork,
    listening: tokio::task::JoinHandle<()>,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Waiting {
    /// How it ended, with its last words.
    async fn wait(mut self) -> String {
        let status = self.child.wait().await;
        drop(self.at_work);
        // One that it has started may hold its standard error open.
        let _all_or_enough = timeout(LAST_WORDS / 2, self.listening).await;
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        match last_words(&self.said.lock().unwrap_or_else(PoisonError::into_inner)) {
            Some(said) => format!("it has ended, {how}; it last said: {said}"),
            None => format!("it has ended, {how}"),
        }
    }
}

/// Waits for the first line, and lets what follows pass.
async fn shake_hands(
    stdout: Option<impl AsyncRead + Unpin + Send + 'static>,
    mut ended: Ending,
) -> Result<Handshake, HandshakeError> {
    let Some(stdout) = stdout else { return Err(HandshakeError::Other(String::new())) };
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    let mut first = (&mut stdout).take(LONGEST_LINE);
    let silent = |_| HandshakeError::Silent(BEGINNING.as_secs());
    let read = timeout(BEGINNING, first.read_until(b'\n', &mut line)).await.map_err(silent)?;
    if read.is_ok_and(|length| length == 0) {
        let ended = timeout(LAST_WORDS, ended.wait_for(Option::is_some)).await;
        let how = ended.ok().and_then(Result::ok).and_then(|how| how.clone());
        let how = how.as_deref().and_then(|how| how.split(';').next()).unwrap_or("nobody knows how");
        return Err(HandshakeError::Ended(how.trim_start_matches("it has ended, ").to_owned()));
    }
    let handshake = String::from_utf8_lossy(&line).parse()?;
    tokio::spawn(async move {
        let _nobody_reads_it = tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await;
    });
    Ok(handshake)
}

/// Keeps the end of what a provider prints.
async fn listen(stderr: Option<impl AsyncRead + Unpin>, said: Arc<Mutex<Vec<u8>>>) {
    let Some(mut stderr) = stderr else { return };
    let mut piece = vec![0; 4 << 10];
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend_from_slice(piece.get(..length).unwrap_or_default());
        let excess = said.len().saturating_sub(KEPT);
        said.drain(..excess);
    }
}

/// What is worth telling of it: that it panicked, or else the last line that is no idle talk.
fn last_words(said: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let panicked = lines().rfind(|line| line.starts_with("panic:") || line.starts_with("fatal error:"));
    let told = panicked.map(str::to_owned).or_else(|| lines().rev().find_map(worth_telling))?;
    Some(told.chars().take(TOLD).collect())
}

/// The text of a line. Logs of providers are JSON, a line each, and full of what is no matter.
fn worth_telling(line: &str) -> Option<String> {
    let Ok(logged) = serde_json::from_str::<serde_json::Value>(line) else { return Some(line.to_owned()) };
    let text = |name: &str| logged.get(name).and_then(serde_json::Value::as_str);
    match text("@level") {
        Some("trace" | "debug" | "info") => None,
        _ => Some(text("@message").unwrap_or(line).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_goes_before_what_is_printed_after_it_and_logs_are_read() {
        assert_eq!(last_words(b"panic: boom\n\ngoroutine 1:\nmain.go:1\n").as_deref(), Some("panic: boom"));
        assert_eq!(
            last_words(b"one\n{\"@level\": \"warn\", \"@message\": \"two\"}\n").as_deref(),
            Some("two")
        );
        let idle = b"one\n{\"@level\": \"debug\", \"@message\": \"plugin address\"}\n";
        assert_eq!(last_words(idle).as_deref(), Some("one"));
        assert_eq!(last_words(b"\n \n"), None);
    }

    fn spec(script: &str, dir: &Path) -> Spec {
        use std::os::unix::fs::PermissionsExt;
        let program = dir.join("terraform-provider-x");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Spec {
            name: "registry/x/x".to_owned(),
            program,
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        }
    }

    async fn refused(script: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Box::new(|_| ())).unwrap();
        Process::start(&place, &spec(script, dir.path()), dir.path()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn one_that_does_not_begin_is_told_with_its_words() {
        let ended = refused("echo 'no such region' >&2; exit 3").await;
        assert_eq!(
            ended,
            "provider registry/x/x does not say where it is to be reached: it has ended, exit status: 3; it last said: no such region"
        );
        assert!(refused("echo hello; sleep 300").await.contains("it says \"hello\""));
    }
}
