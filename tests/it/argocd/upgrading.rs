//! A bootstrap that is cut off, one that brings another version, and one after somebody's hand.
//!
//! The manifests are those of two releases; the programs behind them are the newer one's all along, since the bed has those only.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use kube::Client;
use kube::client::Body;
use kube::core::DynamicObject;
use slipway::argocd::{
    ArgoCdError, BootstrapSpec, Change, Manifest, ManifestSpec, bootstrap, rehearse, status, uninstall,
    wait_available,
};
use slipway::project::Flavor;
use tokio::sync::Notify;
use tower::Service;

use super::world::World;
use crate::support::root;

const LONG: Duration = Duration::from_mins(6);

/// A client that is cut off after so many requests that change something, before their answer comes.
#[derive(Clone)]
struct CutOff {
    client: Client,
    left: Arc<AtomicUsize>,
    cut: Arc<Notify>,
}

impl Service<http::Request<Body>> for CutOff {
    type Response = http::Response<Body>;
    type Error = kube::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let is_change = request.method() != http::Method::GET
            && !request.uri().query().unwrap_or_default().contains("dryRun");
        let (client, left, cut) = (self.client.clone(), Arc::clone(&self.left), Arc::clone(&self.cut));
        Box::pin(async move {
            let answer = client.send(request).await;
            if is_change && left.fetch_sub(1, Ordering::SeqCst) == 1 {
                cut.notify_one();
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

/// Runs a bootstrap until it has made so many changes; whether it came so far.
async fn cut_off(world: &World, spec: &BootstrapSpec, changes: usize) -> bool {
    let service = CutOff {
        client: world.client.clone(),
        left: Arc::new(AtomicUsize::new(changes)),
        cut: Arc::default(),
    };
    let cut = Arc::clone(&service.cut);
    let client = Client::new(service, "default");
    tokio::select! {
        ended = bootstrap(client, spec, &|_| ()) => { ended.unwrap(); false }
        () = cut.notified() => true,
    }
}

async fn release(version: &str) -> Manifest {
    let file = root().join(format!(".tools/argocd/core-install-{version}.yaml"));
    let location = file.to_str().unwrap().into();
    let (version, sha256, cache) = (format!("v{version}"), None, "/nowhere".into());
    let spec = ManifestSpec { version, flavor: Flavor::Core, location: Some(location), sha256, cache };
    Manifest::load(&spec).await.unwrap()
}

fn object(kind: &str, api: &str, name: &str) -> DynamicObject {
    let labels = serde_json::json!({ "app.kubernetes.io/part-of": "argocd" });
    serde_json::from_value(serde_json::json!({
        "apiVersion": api, "kind": kind, "metadata": { "name": name, "labels": labels },
    }))
    .unwrap()
}

/// Looks at the health of all Applications, again and again.
struct Watching {
    looking: tokio::task::JoinHandle<()>,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Watching {
    fn begin(client: Client) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let looking = tokio::spawn(async move {
            loop {
                for one in status(client.clone(), "argocd").await.unwrap() {
                    kept.lock().unwrap().push((one.name, one.health));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { looking, seen }
    }

    /// Each of them was healthy whenever it was looked at.
    fn assert_healthy(self) {
        // What went wrong with a look is told here.
        assert!(!self.looking.is_finished());
        self.looking.abort();
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        assert!(seen.len() > 6, "{seen:?}");
        assert!(seen.iter().all(|(_, health)| health == "Healthy"), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_gone_on_with_and_a_newer_version_comes_while_all_stays_healthy() {
    let world = World::new("argo-upgrade").await;
    let client = || world.client.clone();
    let new = world.spec("argocd").await;
    let mut old = BootstrapSpec { manifest: release("3.5.7").await, ..new.clone() };
    // What the newer release does not have any more.
    old.manifest.objects.push(object("ConfigMap", "v1", "argocd-gone-cm"));
    old.manifest.objects.push(object("ClusterRole", "rbac.authorization.k8s.io/v1", "argocd-gone"));

    // Cut off again and again, each time some changes further; the last run ends whole.
    let mut times = 0;
    for changes in [1, 2, 5, 8, 8, 8] {
        times += usize::from(cut_off(&world, &old, changes).await);
    }
    assert_eq!(times, 6, "there are more than 32 changes");
    bootstrap(client(), &old, &|_| ()).await.unwrap();
    let whole = rehearse(client(), &old).await.unwrap();
    assert!(whole.steps.iter().all(|step| step.change == Change::Unchanged) && whole.leftover.is_empty());
    wait_available(client(), "argocd", &old.manifest, LONG, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();

    // Somebody else's with the same label stays.
    world.bed.kubectl(&["-n", "argocd", "create", "configmap", "theirs"]);
    world.bed.kubectl(&["-n", "argocd", "label", "configmap", "theirs", "app.kubernetes.io/part-of=argocd"]);
    let watching = Watching::begin(client());
    // An upgrade that is cut off before it has removed anything is ended by the next.
    assert!(cut_off(&world, &new, 3).await);
    let said = Mutex::new(Vec::new());
    let changes = bootstrap(client(), &new, &|line| said.lock().unwrap().push(line)).await.unwrap();
    assert_eq!((changes.from.as_deref(), changes.removed), (Some("v3.5.7"), 2), "{changes:?}");
    let said = said.into_inner().unwrap().join("\n");
    assert!(said.contains("upgrade of Argo CD from v3.5.7 to v3.6.1"), "{said}");
    assert!(said.contains("3.5 → 3.6: ") && said.contains("removing ConfigMap argocd-gone-cm"), "{said}");
    wait_available(client(), "argocd", &new.manifest, LONG, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();
    watching.assert_healthy();
    assert!(!bootstrap(client(), &new, &|_| ()).await.unwrap().any());
    let theirs = ["-n", "argocd", "get", "configmap", "theirs", "-o", "name"];
    assert_eq!(world.bed.kubectl(&theirs), "configmap/theirs\n");
    assert_eq!(world.bed.kubectl(&["get", "clusterrole", "argocd-gone", "--ignore-not-found"]), "");

    // Back is refused.
    let back = bootstrap(client(), &old, &|_| ()).await.unwrap_err();
    assert!(matches!(back, ArgoCdError::Downgrade { .. }), "{back}");

    // Somebody's hand is told and put right.
    let deployment = "deployment/argocd-applicationset-controller";
    world.bed.kubectl(&["-n", "argocd", "set", "image", deployment, "*=quay.io/argoproj/argocd:v3.6.0"]);
    let patch = r#"{"data": {"resource.exclusions": "[]"}}"#;
    let manager = "--field-manager=kubectl-edit";
    world.bed.kubectl(&[
        "-n",
        "argocd",
        "patch",
        "configmap",
        "argocd-cm",
        "--type=merge",
        manager,
        "-p",
        patch,
    ]);
    let said = Mutex::new(Vec::new());
    let changes = bootstrap(client(), &new, &|line| said.lock().unwrap().push(line)).await.unwrap();
    let said = said.into_inner().unwrap().join("\n");
    assert_eq!((changes.changed, changes.put_right), (2, 2), "{changes:?} {said}");
    assert!(
        said.contains("ConfigMap argocd-cm was changed by hand") && said.contains("kubectl-set set .spec"),
        "{said}"
    );
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    assert_eq!(
        world.bed.kubectl(&["-n", "argocd", "get", deployment, "-o", image]),
        "quay.io/argoproj/argocd:v3.6.1"
    );

    // Nothing of it is left, whatever kind it has.
    uninstall(client(), "argocd", &new.manifest, LONG, &|_| ()).await.unwrap();
    for kind in ["customresourcedefinitions", "clusterroles", "clusterrolebindings", "namespaces"] {
        let names = world.names(kind);
        assert!(!names.contains("argocd") && !names.contains("argoproj"), "{names}");
    }
    let all = "deployments,statefulsets,services,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies";
    let labelled =
        world.bed.kubectl(&["get", all, "-A", "-l", "app.kubernetes.io/part-of=argocd", "-o", "name"]);
    assert_eq!(labelled, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_minor_versions_are_passed_at_once_while_all_stays_healthy() {
    let world = World::new("argo-two-back").await;
    let client = || world.client.clone();
    let new = world.spec("argocd").await;
    let old = BootstrapSpec { manifest: release("3.4.13").await, ..new.clone() };
    bootstrap(client(), &old, &|_| ()).await.unwrap();
    wait_available(client(), "argocd", &old.manifest, LONG, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();

    let watching = Watching::begin(client());
    let said = Mutex::new(Vec::new());
    let changes = bootstrap(client(), &new, &|line| said.lock().unwrap().push(line)).await.unwrap();
    let names = |spec: &BootstrapSpec| -> BTreeSet<String> {
        let name = |object: &DynamicObject| format!("{:?} {:?}", object.types, object.metadata.name);
        spec.manifest.objects.iter().map(name).collect()
    };
    let (came, went) =
        (names(&new).difference(&names(&old)).count(), names(&old).difference(&names(&new)).count());
    assert_eq!((changes.from.as_deref(), changes.created, changes.removed), (Some("v3.4.13"), came, went));
    let said = said.into_inner().unwrap().join("\n");
    assert!(said.contains("upgrade of Argo CD from v3.4.13 to v3.6.1"), "{said}");
    for step in ["3.4 → 3.5: ", "3.5 → 3.6: "] {
        assert!(said.contains(step), "{said}");
    }
    wait_available(client(), "argocd", &new.manifest, LONG, &|_| ()).await.unwrap();
    world.green("argocd", LONG).await.unwrap();
    watching.assert_healthy();
    // It goes on following Git.
    world.push("manifests/app-a/deployment.yaml", "replicas: 2", "replicas: 3");
    world.green("argocd", LONG).await.unwrap();
    assert!(!bootstrap(client(), &new, &|_| ()).await.unwrap().any());
    uninstall(client(), "argocd", &new.manifest, LONG, &|_| ()).await.unwrap();
}
