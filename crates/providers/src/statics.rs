//! What a program answers always the same, asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::exchange::Reply;

/// The path, and the message with its frame.
type Asked = (String, Bytes);

/// Answers by what was asked.
#[derive(Debug, Default)]
pub struct Statics(Mutex<HashMap<Asked, Arc<OnceCell<Reply>>>>);

impl Statics {
    /// The answer that is known; or else what is answered to whoever comes first, while the others wait. One that is not for
    /// good is an error, and asked for again.
    pub async fn answer<A: Future<Output = Result<Reply, E>>, E>(
        &self,
        path: &str,
        message: &Bytes,
        ask: impl FnOnce() -> A,
    ) -> Result<Reply, NotForGood<E>> {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry((path.to_owned(), message.clone())).or_default())
        };
        let first = || async {
            let reply = ask().await.map_err(NotForGood::Failed)?;
            if reply.is_for_good() { Ok(reply) } else { Err(NotForGood::Reply(Box::new(reply))) }
        };
        cell.get_or_try_init(first).await.cloned()
    }

    /// An answer that is known, to a question of nothing.
    pub fn known(&self, path: &str) -> Option<Reply> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(path.to_owned(), Bytes::from_static(EMPTY)))?.get().cloned()
    }
}

/// A message of nothing, with its frame.
pub const EMPTY: &[u8] = &[0; 5];

/// What is not kept.
#[derive(Debug)]
pub enum NotForGood<E> {
    /// Another answer may be another one.
    Reply(Box<Reply>),
    /// There is none.
    Failed(E),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::exchange::Code;
    use super::*;

    #[tokio::test]
    async fn what_is_for_good_is_asked_once_and_a_failure_again() {
        let statics = Statics::default();
        let asked = AtomicUsize::new(0);
        let message = Bytes::from_static(EMPTY);
        let ask = |reply: Reply| {
            statics.answer("/x", &message, || async {
                asked.fetch_add(1, Ordering::SeqCst);
                Ok::<_, ()>(reply)
            })
        };
        assert!(matches!(ask(Reply::refusal(Code::Internal, "")).await, Err(NotForGood::Reply(_))));
        assert!(statics.known("/x").is_none());
        let (one, other) = tokio::join!(ask(Reply::message(b"1")), ask(Reply::message(b"2")));
        assert_eq!(one.unwrap().told(), other.unwrap().told());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(statics.known("/x").is_some());
    }
}
