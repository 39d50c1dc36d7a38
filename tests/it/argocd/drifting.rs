//! What a look for drift finds, and what it costs the API server.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use kube::Client;
use kube::client::Body;
use kube::core::DynamicObject;
use serde_json::{Value, json};
use slipway::argocd::{ApplicationStatus, drift};
use slipway::cluster::connect;
use tower::Service;

use crate::cluster::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;

/// So many objects in each of two namespaces.
const MANY: usize = 30;
const NAMESPACES: [&str; 2] = ["drift-one", "drift-two"];

/// A client as whom requests are made, and the paths that are asked for.
#[derive(Clone)]
struct Counted {
    client: Client,
    user: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service<Request<Body>> for Counted {
    type Response = Response<Body>;
    type Error = kube::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, kube::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), kube::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        self.asked.lock().unwrap().push(request.uri().path().to_owned());
        if let Some(user) = self.user {
            request.headers_mut().insert("impersonate-user", HeaderValue::from_static(user));
        }
        let client = self.client.clone();
        async move { client.send(request).await }.boxed()
    }
}

fn counted(client: &Client, user: Option<&'static str>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let service = Counted { client: client.clone(), user, asked: Arc::clone(&asked) };
    (Client::new(service, "default"), asked)
}

fn map(namespace: &str, number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "1" },
        "metadata": { "name": format!("map-{number:02}"), "namespace": namespace },
    })
}

fn resource(kind: &str, namespace: &str, name: &str) -> Value {
    json!({ "group": "", "version": "v1", "kind": kind, "namespace": namespace, "name": name, "status": "Synced" })
}

#[tokio::test(flavor = "multi_thread")]
async fn many_objects_are_listed_by_kind_and_namespace_and_each_that_others_have_changed_is_found() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "argo-drifting").await;
    let connected = connect(&aws, "argo-drifting").await.unwrap().client;
    let (client, asked) = counted(&connected, None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.json");
    let mut items: Vec<Value> = NAMESPACES
        .iter()
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }))
        .collect();
    items.extend(NAMESPACES.iter().flat_map(|namespace| (0..MANY).map(|number| map(namespace, number))));
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
    std::fs::write(&file, list.to_string()).unwrap();
    let apply = ["apply", "--server-side", "--field-manager=argocd-controller", "-f", file.to_str().unwrap()];
    bed.kubectl(&apply);
    // One that Git does not have is in the list, and nobody's.
    bed.kubectl(&["-n", NAMESPACES[0], "create", "configmap", "stray", "--from-literal=b=2"]);
    for (namespace, name) in [(NAMESPACES[0], "map-03"), (NAMESPACES[1], "map-29"), (NAMESPACES[1], "map-00")]
    {
        let patch = r#"{"data": {"by-hand": "yes"}}"#;
        bed.kubectl(&["-n", namespace, "patch", "configmap", name, "--type=merge", "-p", patch]);
    }

    let mut resources: Vec<Value> = Vec::new();
    for number in (0..MANY).rev() {
        resources.extend(
            NAMESPACES.map(|namespace| resource("ConfigMap", namespace, &format!("map-{number:02}"))),
        );
    }
    resources.extend(NAMESPACES.map(|name| resource("Namespace", "", name)));
    resources.push(resource("ConfigMap", NAMESPACES[0], "gone"));
    resources.push(
        json!({ "group": "gone.example", "version": "v1", "kind": "Gone", "namespace": "x", "name": "x" }),
    );
    let application: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "many" },
        "spec": {}, "status": { "resources": resources },
    }))
    .unwrap();
    let status = ApplicationStatus::of(&application);
    let found = drift(client.clone(), std::slice::from_ref(&status)).await.unwrap();
    let found: Vec<String> = found
        .iter()
        .map(|one| format!("{} {} {}", one.resource.namespace, one.resource, one.field))
        .collect();
    // In the order in which the Application names them.
    let expected = ["drift-two ConfigMap/map-29", "drift-one ConfigMap/map-03", "drift-two ConfigMap/map-00"];
    assert_eq!(found, expected.map(|one| format!("{one} .data.by-hand")));
    let requests = asked.lock().unwrap().clone();
    let lists = requests.iter().filter(|path| path.ends_with("/configmaps")).count();
    assert_eq!(lists, 2, "{requests:?}");
    assert!(requests.len() <= 8, "{}: {requests:?}", requests.len());

    // Who may not list, but read each by its name, finds the same.
    let_read(&bed, &folder.path().join("reader.json"));
    let (limited, asked) = counted(&connected, Some("drift-reader"));
    let again = drift(limited, std::slice::from_ref(&status)).await.unwrap();
    assert_eq!(again.len(), expected.len());
    assert!(asked.lock().unwrap().len() > 2 * MANY);
    for namespace in NAMESPACES {
        bed.kubectl(&["delete", "namespace", namespace, "--wait=false"]);
    }
}

/// Lets somebody read objects by their name only.
fn let_read(bed: &Bed, file: &std::path::Path) {
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps", "namespaces"], "verbs": ["get"] }]);
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "drift-reader" }, "rules": rules });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "drift-reader" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "drift-reader" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "drift-reader" }],
    });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [role, binding] });
    std::fs::write(file, list.to_string()).unwrap();
    bed.kubectl(&["apply", "-f", file.to_str().unwrap()]);
}
