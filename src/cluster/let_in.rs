//! A 401 that may pass: whether a token is good the API server asks somebody else, who may be busy.
//!
//! EKS's API server hands each token to a webhook, and that asks STS; where either does not answer in time, or is throttled,
//! the API server says 401 as it does to a token that is wrong. Nothing has been done then, so the request can be made again,
//! with another token. Whoever was let in before is worth more patience than somebody who never was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use kube::client::Body;
use tower::retry::Policy;
use tracing::debug;

use super::token::TokenSource;

/// The pauses for one who was let in before.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// As many of them has one who never was: an answer that is no should come soon.
const OF_STRANGERS: usize = 1;

/// Makes requests again that were answered by 401. Each request has a clone of its own.
#[derive(Clone, Debug)]
pub struct LetIn {
    source: Arc<TokenSource>,
    before: Arc<AtomicBool>,
    pauses: &'static [Duration],
    attempts: usize,
}

impl LetIn {
    /// For the requests that take their tokens from there.
    pub fn new(source: Arc<TokenSource>) -> Self {
        Self { source, before: Arc::default(), pauses: &PAUSES, attempts: 0 }
    }
}

impl<B, E> Policy<Request<Body>, Response<B>, E> for LetIn {
    type Future = BoxFuture<'static, ()>;

    fn retry(
        &mut self,
        _request: &mut Request<Body>,
        result: &mut Result<Response<B>, E>,
    ) -> Option<Self::Future> {
        let status = result.as_ref().ok()?.status();
        if status != StatusCode::UNAUTHORIZED {
            self.before.store(true, Ordering::Relaxed);
            return None;
        }
        let most = if self.before.load(Ordering::Relaxed) { self.pauses.len() } else { OF_STRANGERS };
        let pause = *self.pauses.get(..most)?.get(self.attempts)?;
        self.attempts += 1;
        debug!(attempt = self.attempts, "the API server did not know the token: another one in {pause:?}");
        let source = Arc::clone(&self.source);
        let again = async move {
            tokio::time::sleep(pause).await;
            source.forget().await;
        };
        Some(again.boxed())
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        let mut again = Request::new(request.body().try_clone()?);
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.version_mut() = request.version();
        *again.headers_mut() = request.headers().clone();
        *again.extensions_mut() = request.extensions().clone();
        Some(again)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use tower::retry::RetryLayer;
    use tower::{Layer as _, Service as _};

    use super::*;

    /// An API server that answers with these codes in turn, and then with the last of them.
    fn answering(
        codes: &'static [u16],
    ) -> (impl FnMut() -> BoxFuture<'static, u16>, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let server = tower::service_fn(move |request: Request<Body>| {
            let seen = Arc::clone(&seen);
            async move {
                let body = request.into_body().try_clone().map(Body::collect_bytes);
                let text = match body {
                    Some(bytes) => String::from_utf8(bytes.await.unwrap().to_vec()).unwrap(),
                    None => String::new(),
                };
                let mut seen = seen.lock().unwrap();
                seen.push(text);
                let code = codes.get(seen.len() - 1).or(codes.last()).unwrap();
                Ok::<_, Infallible>(Response::builder().status(*code).body(()).unwrap())
            }
        });
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let source = TokenSource::new(SharedCredentialsProvider::new(credentials), "eu-west-1", "dev");
        let policy = LetIn { pauses: &[Duration::ZERO; PAUSES.len()], ..LetIn::new(Arc::new(source)) };
        let mut service = RetryLayer::new(policy).layer(server);
        let ask = move || {
            let request = Request::post("/api").body(Body::from(b"what".to_vec())).unwrap();
            let answer = service.call(request);
            async move { answer.await.unwrap().status().as_u16() }.boxed()
        };
        (ask, asked)
    }

    #[tokio::test]
    async fn who_was_let_in_before_is_asked_for_again_with_all_that_was_said() {
        let (mut ask, asked) = answering(&[200, 401, 401, 401, 201]);
        assert_eq!((ask().await, ask().await), (200, 201));
        assert_eq!(*asked.lock().unwrap(), ["what"; 5]);
    }

    #[tokio::test]
    async fn a_stranger_is_refused_after_the_second_no_and_each_request_counts_for_itself() {
        let (mut ask, asked) = answering(&[401]);
        assert_eq!((ask().await, ask().await), (401, 401));
        assert_eq!(asked.lock().unwrap().len(), 4);
        let (mut ask, asked) = answering(&[401, 403]);
        assert_eq!(ask().await, 403, "one who may not is known");
        assert_eq!(asked.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn it_ends_for_everybody() {
        let (mut ask, asked) = answering(&[200, 401]);
        assert_eq!((ask().await, ask().await), (200, 401));
        assert_eq!(asked.lock().unwrap().len(), 1 + 1 + PAUSES.len());
    }
}
