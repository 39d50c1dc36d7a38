//! Answers and messages of gRPC over HTTP/2, passed on as bytes.

use std::fmt::Write;
use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Response};

use super::protobuf::{framed, unframed};

/// How much may be on its way before whoever reads has taken it: schemas are some megabytes.
pub const WINDOW: u32 = 8 << 20;
/// A message that is larger is none: it would have to be held.
const LARGEST: usize = 256 << 20;

/// Codes of gRPC that answers end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The call was ended before it came to its end.
    Cancelled,
    /// There is no such call.
    Unimplemented,
    /// The provider has failed. Tools show what is said with this one, and hide it with the others that would fit.
    Internal,
}

impl Code {
    fn number(self) -> &'static str {
        match self {
            Self::Cancelled => "1",
            Self::Unimplemented => "12",
            Self::Internal => "13",
        }
    }
}

/// An answer as a whole.
#[derive(Clone, Debug)]
pub struct Reply {
    headers: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

impl Reply {
    /// A message.
    pub fn message(message: &[u8]) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Self { headers: said(), body: framed(message).into(), trailers: Some(trailers) }
    }

    /// No message, but why there is none.
    pub fn refusal(code: Code, text: &str) -> Self {
        let mut headers = said();
        headers.insert("grpc-status", HeaderValue::from_static(code.number()));
        let text = HeaderValue::from_str(&escaped(text));
        headers.insert("grpc-message", text.unwrap_or(HeaderValue::from_static("")));
        Self { headers, body: Bytes::new(), trailers: None }
    }

    /// All of an answer.
    pub async fn read(response: Response<RecvStream>) -> Result<Self, h2::Error> {
        let (parts, mut body) = response.into_parts();
        let whole = read_all(&mut body).await?;
        Ok(Self { headers: parts.headers, body: whole, trailers: body.trailers().await? })
    }

    /// How it ended, as gRPC counts.
    fn status(&self) -> Option<&[u8]> {
        let trailers = self.trailers.iter().chain([&self.headers]);
        trailers.filter_map(|headers| headers.get("grpc-status")).map(HeaderValue::as_bytes).next()
    }

    /// Its message, where it ended well.
    pub fn told(&self) -> Option<&[u8]> {
        (self.status() == Some(b"0")).then(|| unframed(&self.body)).flatten()
    }

    /// Whether every other process out of the same program would answer the same.
    pub fn is_for_good(&self) -> bool {
        self.told().is_some() || self.status() == Some(Code::Unimplemented.number().as_bytes())
    }

    /// Sends it as the answer of a call.
    pub async fn send(&self, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
        let mut response = Response::new(());
        *response.headers_mut() = self.headers.clone();
        let is_all = self.body.is_empty() && self.trailers.is_none();
        let mut stream = respond.send_response(response, is_all)?;
        if is_all {
            return Ok(());
        }
        send_all(&mut stream, self.body.clone(), self.trailers.is_none()).await?;
        match &self.trailers {
            Some(trailers) => stream.send_trailers(trailers.clone()),
            None => Ok(()),
        }
    }
}

/// The headers of every answer.
pub fn said() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers
}

/// Percent signs for all that a header may not hold.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            escaped.push(char::from(byte));
        } else {
            let _a_string_takes_all = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// All that comes.
pub async fn read_all(body: &mut RecvStream) -> Result<Bytes, h2::Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        if whole.len() + piece.len() > LARGEST {
            return Err(Reason::ENHANCE_YOUR_CALM.into());
        }
        body.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Sends all of something, as fast as it is taken.
pub async fn send_all(stream: &mut SendStream<Bytes>, mut data: Bytes, end: bool) -> Result<(), h2::Error> {
    if data.is_empty() && end {
        return stream.send_data(data, true);
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let granted = poll_fn(|context| stream.poll_capacity(context)).await;
        let granted = granted.unwrap_or(Err(Reason::CANCEL.into()))?;
        let piece = data.split_to(granted.min(data.len()));
        if !piece.is_empty() {
            stream.send_data(piece, end && data.is_empty())?;
        }
    }
    Ok(())
}

/// Passes an answer on as it comes; an error is what the one side said, or that the other does not listen any more.
pub async fn pass_on(
    response: Response<RecvStream>,
    respond: &mut SendResponse<Bytes>,
) -> Result<Passed, h2::Error> {
    let (parts, mut body) = response.into_parts();
    let is_all = body.is_end_stream();
    let mut stream = respond.send_response(Response::from_parts(parts, ()), is_all)?;
    if is_all {
        return Ok(Passed::Whole);
    }
    loop {
        let piece = tokio::select! {
            piece = body.data() => piece,
            // Whoever asked has given up.
            reset = poll_fn(|context| stream.poll_reset(context)) => return Err(reset?.into()),
        };
        let Some(piece) = piece else { break };
        let Ok(piece) = piece else { return Ok(Passed::Broken(stream)) };
        let length = piece.len();
        send_all(&mut stream, piece, false).await?;
        body.flow_control().release_capacity(length)?;
    }
    match body.trailers().await {
        Ok(Some(trailers)) => stream.send_trailers(trailers)?,
        Ok(None) => stream.send_data(Bytes::new(), true)?,
        Err(_) => return Ok(Passed::Broken(stream)),
    }
    Ok(Passed::Whole)
}

/// How passing an answer on has ended.
pub enum Passed {
    /// All of it was passed on.
    Whole,
    /// It broke off; whoever listens does not know yet.
    Broken(SendStream<Bytes>),
}

/// Ends an answer that broke off.
pub fn break_off(mut stream: SendStream<Bytes>, text: &str) -> Result<(), h2::Error> {
    let trailers = Reply::refusal(Code::Internal, text).headers;
    stream.send_trailers(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_header_may_not_hold_is_escaped() {
        assert_eq!(escaped("100 % of\né"), "100 %25 of%0A%C3%A9");
    }

    #[test]
    fn a_refusal_tells_nothing_and_only_one_that_stays_is_for_good() {
        let refusal = Reply::refusal(Code::Internal, "no");
        assert!(refusal.told().is_none() && !refusal.is_for_good());
        assert!(Reply::refusal(Code::Unimplemented, "no").is_for_good());
        assert_eq!(Reply::message(b"x").told(), Some(&b"x"[..]));
    }
}
