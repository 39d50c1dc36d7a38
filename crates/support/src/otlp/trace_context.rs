//! Which trace a process works in, by the W3C Trace Context: `00-TRACE-PARENT-FLAGS`, as pipelines and tools hand it on in
//! `TRACEPARENT`.

use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// The variable that hands it on.
pub const VARIABLE: &str = "TRACEPARENT";

/// The trace of this process, and its own span in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace, 32 hexadecimal digits.
    pub trace: String,
    /// The span that whoever started us works in, 16 hexadecimal digits; none where nobody said so.
    pub parent: Option<String>,
    /// Our own span.
    pub span: String,
}

impl TraceContext {
    /// That of this process, always the same.
    pub fn current() -> &'static Self {
        static CURRENT: OnceLock<TraceContext> = OnceLock::new();
        CURRENT.get_or_init(|| {
            let given = std::env::var(VARIABLE).ok();
            Self::below(given.as_deref(), uuid::Uuid::new_v4().as_bytes(), uuid::Uuid::new_v4().as_bytes())
        })
    }

    /// Below what is handed on; where that is no context, a trace of its own begins, as the standard wants it.
    fn below(given: Option<&str>, trace: &[u8; 16], span: &[u8; 16]) -> Self {
        let span = hex(&span[..8]);
        match given.and_then(parse) {
            Some((trace, parent)) => Self { trace, parent: Some(parent), span },
            None => Self { trace: hex(trace), parent: None, span },
        }
    }

    /// The span of a part of our work: always the same one for the same name.
    pub fn span_of(&self, name: &str) -> String {
        let digest = Sha256::new().chain_update(&self.trace).chain_update(&self.span).chain_update(name);
        hex(&digest.finalize()).chars().take(16).collect()
    }

    /// What is handed on to a program that works for such a part.
    pub fn handed_on(&self, name: &str) -> String {
        format!("00-{}-{}-01", self.trace, self.span_of(name))
    }
}

/// The trace and the span of a context that is one.
fn parse(text: &str) -> Option<(String, String)> {
    let mut fields = text.trim().split('-');
    let (version, trace, span) = (fields.next()?, fields.next()?, fields.next()?);
    let flags = fields.next()?;
    // A later version may hold more.
    let is_known = version != "ff" && (version != "00" || fields.next().is_none());
    let is_id = |text: &str, digits: usize| is_hex(text, digits) && text.bytes().any(|byte| byte != b'0');
    (is_known && is_hex(version, 2) && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2))
        .then(|| (trace.to_owned(), span.to_owned()))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn below(given: Option<&str>) -> TraceContext {
        TraceContext::below(given, &[1; 16], &[2; 16])
    }

    #[test]
    fn what_is_handed_on_is_gone_on_with_and_handed_on() {
        let context = below(Some(GIVEN));
        assert_eq!(context.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.parent.as_deref(), Some("00f067aa0ba902b7"));
        assert_eq!(context.span, "0202020202020202");
        let of_unit = context.handed_on("live/dev/vpc");
        let span = context.span_of("live/dev/vpc");
        assert_eq!(of_unit, format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-01"));
        assert_eq!(below(Some(&of_unit)).parent.as_deref(), Some(span.as_str()));
        assert_ne!(span, context.span_of("live/dev/cluster"));
    }

    #[test]
    fn what_is_no_context_begins_a_trace_of_its_own() {
        let wrong = [
            "",
            "00-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ];
        for given in wrong.map(Some).into_iter().chain([None]) {
            let context = below(given);
            assert_eq!(
                (context.trace.as_str(), context.parent),
                ("01010101010101010101010101010101", None),
                "{given:?}"
            );
        }
        let later = below(Some("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
        assert_eq!(later.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    }
}
