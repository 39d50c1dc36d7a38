//! One call of gRPC at a time, over any stream of bytes.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, RecvStream};
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::causes::innermost;

/// An answer that is larger is none: it would have to be held.
const LARGEST: usize = 128 << 20;
const WINDOW: u32 = 1 << 20;
/// How long a rendering may take. Argo CD's own limit for a tool is shorter.
const PATIENCE: Duration = Duration::from_mins(3);
/// A connection on which nothing is said is given up by whoever is between; one that is pinged more often by the server.
const ALIVE: Duration = Duration::from_secs(15);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The server's own words.
    #[error("{0}")]
    Refused(String),
    /// The connection is broken, or says something else.
    #[error("{0}")]
    Broken(String),
}

/// A connection to a server, closed when this is dropped.
pub(super) struct Connection {
    send: SendRequest<Bytes>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Connection {
    /// Speaks HTTP/2 over a stream.
    pub(super) async fn over<T>(stream: T) -> Result<Self, CallError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new();
        builder.initial_window_size(WINDOW).initial_connection_window_size(4 * WINDOW);
        let (send, mut connection) = builder.handshake(stream).await.map_err(broken)?;
        let pings = connection.ping_pong();
        let mut tasks = vec![tokio::spawn(async move {
            // How it ended is what the calls on it say.
            let _ended = connection.await;
        })];
        tasks.extend(pings.map(|mut pings| {
            tokio::spawn(async move {
                loop {
                    sleep(ALIVE).await;
                    if pings.ping(Ping::opaque()).await.is_err() {
                        return;
                    }
                }
            })
        }));
        Ok(Self { send, tasks })
    }

    /// Calls a method and waits for its answer.
    pub(super) async fn call(&self, method: &str, message: &[u8]) -> Result<Vec<u8>, CallError> {
        let call = timeout(PATIENCE, self.called(method, message)).await;
        call.unwrap_or_else(|_| Err(CallError::Broken(format!("no answer within {} s", PATIENCE.as_secs()))))
    }

    async fn called(&self, method: &str, message: &[u8]) -> Result<Vec<u8>, CallError> {
        let request = Request::post(format!("http://argocd-repo-server{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}S", PATIENCE.as_secs()))
            .body(())
            .map_err(|error| CallError::Broken(error.to_string()))?;
        let mut send = self.send.clone().ready().await.map_err(broken)?;
        let (response, mut body) = send.send_request(request, false).map_err(broken)?;
        let length = u32::try_from(message.len())
            .map_err(|_| CallError::Broken("the question is too large".to_owned()))?;
        // Not compressed, so long, and the message.
        let mut framed = vec![0];
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(message);
        body.send_data(framed.into(), true).map_err(broken)?;
        let response = response.await.map_err(broken)?;
        // A refusal may come without any body, and then stands in the headers.
        verdict(response.headers())?;
        if !response.status().is_success() {
            return Err(CallError::Broken(format!("it answers HTTP {}", response.status())));
        }
        let mut body = response.into_body();
        let bytes = whole(&mut body).await?;
        if let Some(trailers) = body.trailers().await.map_err(broken)? {
            verdict(&trailers)?;
        }
        match bytes.split_at_checked(5) {
            Some((&[0, ..], message)) => Ok(message.to_vec()),
            _ => Err(CallError::Broken("it answers without a message".to_owned())),
        }
    }
}

async fn whole(body: &mut RecvStream) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(broken)?;
        if bytes.len() + piece.len() > LARGEST {
            return Err(CallError::Broken(format!("its answer is larger than {} MiB", LARGEST >> 20)));
        }
        bytes.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len()).map_err(broken)?;
    }
    Ok(bytes)
}

/// An error where the server says one.
fn verdict(headers: &HeaderMap) -> Result<(), CallError> {
    let text =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match text("grpc-status") {
        Some(status) if status != "0" => {
            let message = text("grpc-message").map(|message| unescaped(&message)).unwrap_or_default();
            let message = if message.is_empty() { format!("gRPC status {status}") } else { message };
            Err(CallError::Refused(message))
        }
        _ => Ok(()),
    }
}

/// A message is escaped with percent signs, as in addresses.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let code = more.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = more.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what errors are mapped by")]
fn broken(error: h2::Error) -> CallError {
    CallError::Broken(innermost(&error))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[test]
    fn a_message_is_read_without_its_escapes() {
        assert_eq!(
            unescaped("app path does not exist%3A 100%25 %C3%A9 %zz %"),
            "app path does not exist: 100% é %zz %"
        );
    }

    /// A server that answers one call.
    async fn answering(status: &'static str, body: Option<Vec<u8>>) -> Result<Vec<u8>, CallError> {
        let (here, there) = duplex(1 << 16);
        tokio::spawn(async move {
            let mut connection = h2::server::handshake(there).await.unwrap();
            while let Some(call) = connection.accept().await {
                let (_, mut respond) = call.unwrap();
                let headers = http::Response::builder();
                let Some(body) = body.clone() else {
                    let headers = headers.header("grpc-status", status).header("grpc-message", "not%20so");
                    respond.send_response(headers.body(()).unwrap(), true).unwrap();
                    continue;
                };
                let mut sent = respond.send_response(headers.body(()).unwrap(), false).unwrap();
                sent.send_data(Bytes::from(body), false).unwrap();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", status.parse().unwrap());
                sent.send_trailers(trailers).unwrap();
            }
        });
        Connection::over(here).await?.call("/a/b", b"hello").await
    }

    #[tokio::test]
    async fn an_answer_counts_only_with_the_status_that_comes_behind_it() {
        let framed = Some(vec![0, 0, 0, 0, 2, b'o', b'k']);
        assert_eq!(answering("0", framed.clone()).await.unwrap(), b"ok");
        assert_eq!(answering("13", framed).await.unwrap_err().to_string(), "gRPC status 13");
        assert_eq!(answering("2", None).await.unwrap_err().to_string(), "not so");
        assert!(matches!(answering("0", Some(vec![1, 2])).await, Err(CallError::Broken(_))));
    }
}
