//! An API server that does not answer now and then. Whoever waits for applications asks again, and says so.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::Client;
use kube::client::Body;
use slipway::argocd::{ArgoCdError, Wanted, wait_green};
use tower::BoxError;

use super::processes::{Held, argocd};
use super::world::{Exactly, World};
use crate::support::manifests::head;

const LONG: Duration = Duration::from_mins(6);

/// How a request ends that gets no answer.
#[derive(Clone, Copy)]
enum End {
    TimedOut,
    /// The API server cannot ask what is behind it.
    Busy,
}

/// A client before the API server, some of whose requests end without an answer.
fn client(world: &World, ends: impl Fn(&str) -> Option<End> + Send + Sync + 'static) -> Client {
    let (client, ends) = (world.client.clone(), Arc::new(ends));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (client, ends) = (client.clone(), Arc::clone(&ends));
        async move {
            let busy = r#"{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "etcdserver: request timed out", "reason": "InternalError", "code": 500}"#;
            match ends(&format!("{} {}", request.method(), request.uri().path())) {
                Some(End::TimedOut) => {
                    Err(BoxError::from(std::io::Error::new(std::io::ErrorKind::TimedOut, "timed out")))
                }
                Some(End::Busy) => {
                    Ok(http::Response::builder().status(500).body(Body::from(busy.as_bytes().to_vec()))?)
                }
                None => Ok(client.send(request).await?),
            }
        }
    });
    Client::new(service, "default")
}

/// A wait by it, and what was said in it.
async fn waited(
    world: &World,
    client: Client,
    timeout: Duration,
) -> (Result<usize, ArgoCdError>, Vec<String>) {
    let (url, commit) = (world.url(), head(&world.repository));
    let lines = Mutex::new(Vec::new());
    let progress = |line: String| lines.lock().unwrap().push(line);
    let green = wait_green(client, "argocd", &Wanted::at(&url, &commit, timeout), &Exactly, &progress).await;
    (green.map(|applications| applications.len()), lines.into_inner().unwrap())
}

/// With an Argo CD whose applications are green.
pub async fn is_asked_again(world: &World) {
    // Each kind of request ends without an answer once, after the first that had one.
    for end in [End::TimedOut, End::Busy] {
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let asked = Arc::clone(&seen);
        let client =
            client(world, move |request| seen.lock().unwrap().insert(request.to_owned()).then_some(end));
        world.add(&format!("notes/{}.md", end as u8), "every application is behind, and is asked to look");
        let (green, lines) = waited(world, client, LONG).await;
        green.unwrap_or_else(|error| panic!("{error} after {lines:?}"));
        let told = match end {
            End::TimedOut => "the cluster did not answer: timed out",
            End::Busy => "the cluster did not answer: etcdserver: request timed out (500)",
        };
        assert!(lines.iter().any(|line| line.contains(told)), "{lines:?}");
        let asked = asked.lock().unwrap();
        let kinds = ["GET /apis/argoproj.io/v1alpha1", "applicationsets", "PATCH", "/applications/"];
        assert!(kinds.iter().all(|kind| asked.iter().any(|one| one.contains(kind))), "{asked:?}");
    }

    // Nothing answers any more: what was said last is in the end's reasons.
    let held = Held::now(&argocd(&world.bed, "argocd-application-controller"));
    world.add("notes/last.md", "nobody looks at this");
    let asked = Mutex::new(0);
    let some = client(world, move |_| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        (*asked > 6).then_some(End::TimedOut)
    });
    let (green, lines) = waited(world, some, Duration::from_secs(4)).await;
    let error = green.unwrap_err();
    assert!(matches!(error, ArgoCdError::Timeout { .. }), "{error} after {lines:?}");
    let error = error.to_string();
    assert!(error.contains("still at") && error.contains("did not answer: timed out"), "{error}");
    drop(held);

    // Nothing has ever answered: that is no wait for applications.
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let none = client(world, move |_| {
        *count.lock().unwrap() += 1;
        Some(End::TimedOut)
    });
    let (green, lines) = waited(world, none, LONG).await;
    assert!(matches!(green, Err(ArgoCdError::Unreachable(_))), "{green:?} after {lines:?}");
    assert_eq!(*asked.lock().unwrap(), 3);
    waited(world, world.client.clone(), LONG).await.0.unwrap();
}
