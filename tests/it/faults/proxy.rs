//! A proxy before the emulated AWS that breaks some of the calls, as networks and busy services do.
//!
//! Which calls is decided by a seed and by the call itself, not by when it comes: a run that goes wrong can be had again.
//! Whatever is broken here has not reached AWS, except for answers that get lost on their way back.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service has an error of its own.
    Internal,
    /// The service is asked too much, told in its own protocol.
    Throttle,
    /// Nothing comes for a while, and then the end.
    Hang,
    /// The connection is reset.
    Reset,
    /// The call is carried out, and its answer lost; only where carrying it out twice is the same.
    Lost,
}

/// Which calls break, and how.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Decides.
    pub seed: u64,
    /// Of a thousand calls.
    pub per_mille: u64,
    /// How long a call hangs.
    pub hang: Duration,
    /// Only calls whose name holds this.
    pub only: &'static str,
    /// The kinds there are.
    pub kinds: &'static [Fault],
    /// How often each call may break.
    pub times: u64,
}

impl Weather {
    /// Five calls of a hundred, in every way.
    pub fn rough(seed: u64) -> Self {
        use Fault::{Hang, Internal, Lost, Reset, Throttle};
        let kinds = &[Internal, Throttle, Hang, Reset, Lost];
        Self { seed, per_mille: 50, hang: Duration::from_secs(3), only: "", kinds, times: u64::MAX }
    }

    fn fault(&self, call: &str, occurrence: u64) -> Option<Fault> {
        let text = format!("{} {call} {occurrence}", self.seed);
        // FNV-1a, and one round of mixing: its low bits alone follow the last letters.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = mixed ^ (mixed >> 32);
        let kind = usize::try_from((mixed >> 20) % self.kinds.len() as u64).unwrap();
        let breaks = mixed % 1000 < self.per_mille && occurrence <= self.times;
        (call.contains(self.only) && breaks).then(|| self.kinds[kind])
    }
}

/// The proxy; it ends with this.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    weather: Mutex<Option<Weather>>,
    seen: Mutex<HashMap<String, u64>>,
    struck: Mutex<Vec<(String, Fault)>>,
    calls: AtomicU64,
    over: AtomicBool,
}

impl Proxy {
    /// Before an endpoint such as `http://127.0.0.1:4566`, in fair weather.
    pub fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            weather: Mutex::default(),
            seen: Mutex::default(),
            struck: Mutex::default(),
            calls: AtomicU64::default(),
            over: AtomicBool::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if serving.over.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(connection));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.address
    }

    /// From now on it is like this; without one all is well.
    pub fn set(&self, weather: Option<Weather>) {
        *self.shared.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// What has been broken so far.
    pub fn struck(&self) -> Vec<(String, Fault)> {
        self.shared.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // It waits for a connection: this one it sees, and ends.
        drop(TcpStream::connect(self.address.trim_start_matches("http://")));
    }
}

/// A request as it came, without what is about the connection.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) {
        let Some(request) = Request::read(&connection) else { return };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let call = request.name();
        let occurrence = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = seen.entry(call.clone()).or_default();
            *count += 1;
            *count
        };
        let weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fault = weather.as_ref().and_then(|weather| weather.fault(&call, occurrence));
        let fault = fault.map(|fault| {
            let fault = if fault == Fault::Lost && !request.may_be_repeated() { Fault::Reset } else { fault };
            self.struck.lock().unwrap_or_else(PoisonError::into_inner).push((call, fault));
            fault
        });
        match fault {
            Some(Fault::Hang) => self.hang(weather.map(|weather| weather.hang).unwrap_or_default()),
            Some(Fault::Internal) => drop(connection.write_all(&request.refusal(Fault::Internal))),
            Some(Fault::Throttle) => drop(connection.write_all(&request.refusal(Fault::Throttle))),
            Some(Fault::Reset) => return reset(connection),
            Some(Fault::Lost) => {
                let _lost = self.forward(&request);
                return reset(connection);
            }
            None => {
                if let Ok(answer) = self.forward(&request) {
                    let _gone = connection.write_all(&answer);
                }
            }
        }
        let _gone = connection.shutdown(Shutdown::Write);
    }

    fn hang(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end && !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn forward(&self, request: &Request) -> std::io::Result<Vec<u8>> {
        let mut upstream = TcpStream::connect(&self.upstream)?;
        upstream.write_all(&request.bytes())?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Ends a connection the hard way: what comes next is a reset, not an end.
fn reset(connection: TcpStream) {
    connection.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _inside = runtime.enter();
    // The standard library cannot say this.
    tokio::net::TcpStream::from_std(connection).unwrap().set_zero_linger().unwrap();
}

impl Request {
    fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let header =
            |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
        if header("expect").is_some() {
            let mut connection = connection;
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        let mut body = Vec::new();
        if header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            loop {
                let mut size = String::new();
                reader.read_line(&mut size).ok()?;
                let size = usize::from_str_radix(size.trim().split(';').next()?, 16).ok()?;
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).ok()?;
                body.extend_from_slice(&chunk[..size]);
                if size == 0 {
                    break;
                }
            }
        } else {
            body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
            reader.read_exact(&mut body).ok()?;
        }
        let about_connection = ["connection", "expect", "transfer-encoding", "content-length"];
        headers.retain(|(name, _)| !about_connection.contains(&name.as_str()));
        Some(Self { method, path, headers, body })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()).unwrap();
        [head.as_bytes(), &self.body].concat()
    }

    fn service(&self) -> &str {
        let credential = self.header("authorization").split("Credential=").nth(1).unwrap_or_default();
        credential.split('/').nth(3).unwrap_or("unsigned")
    }

    /// The action of a form, or else method and path: what the same call is called the next time.
    fn name(&self) -> String {
        let form = String::from_utf8_lossy(&self.body);
        let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
        match action.filter(|_| self.method == "POST") {
            Some(action) => format!("{} {action}", self.service()),
            None => format!("{} {} {}", self.service(), self.method, self.path),
        }
    }

    /// Whether doing it twice is the same as doing it once.
    fn may_be_repeated(&self) -> bool {
        let reads = ["GET", "HEAD"].contains(&self.method.as_str());
        let name = self.name();
        let asks = ["Describe", "Get", "List"]
            .iter()
            .any(|word| name.split(' ').nth(1).unwrap_or("").starts_with(word));
        // A state is written whole. Its lock is not: the second time it is taken already, by oneself.
        let state = self.service() == "s3" && name.ends_with(".tfstate?x-id=PutObject");
        reads || asks || state
    }

    /// An error in the words of the service.
    fn refusal(&self, fault: Fault) -> Vec<u8> {
        let throttled = fault == Fault::Throttle;
        let (status, code, kind, body) = match self.service() {
            "s3" => {
                let (status, code) = if throttled { (503, "SlowDown") } else { (500, "InternalError") };
                (
                    status,
                    code,
                    "application/xml",
                    format!("<Error><Code>{code}</Code><Message>by the weather</Message></Error>"),
                )
            }
            "ec2" => {
                let (status, code) =
                    if throttled { (503, "RequestLimitExceeded") } else { (500, "InternalError") };
                let error = format!("<Error><Code>{code}</Code><Message>by the weather</Message></Error>");
                (
                    status,
                    code,
                    "text/xml",
                    format!("<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"),
                )
            }
            "iam" | "sts" => {
                let (status, code) = if throttled { (400, "Throttling") } else { (500, "InternalFailure") };
                let error = format!(
                    "<Error><Type>Sender</Type><Code>{code}</Code><Message>by the weather</Message></Error>"
                );
                (
                    status,
                    code,
                    "text/xml",
                    format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"),
                )
            }
            _ => {
                let (status, code) =
                    if throttled { (429, "ThrottlingException") } else { (500, "ServerException") };
                (
                    status,
                    code,
                    "application/json",
                    format!("{{\"__type\":\"{code}\",\"message\":\"by the weather\"}}"),
                )
            }
        };
        let head = format!(
            "HTTP/1.1 {status} Refused\r\ncontent-type: {kind}\r\nx-amzn-errortype: {code}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let body = if self.method == "HEAD" { String::new() } else { body };
        format!("{head}{body}").into_bytes()
    }
}
