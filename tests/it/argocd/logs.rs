//! Logs that are followed. The pods of the bed have none, since their nodes are invented: an API server of these tests answers.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use wiremock::matchers::{path, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

const POD: &str = "/api/v1/namespaces/shop/pods/web-1";

fn resources(group: &str, kinds: &[(&str, &str)]) -> Value {
    let resource = |(name, kind): &(&str, &str)| json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list", "watch"] });
    let resources: Vec<Value> = kinds.iter().map(resource).collect();
    json!({ "kind": "APIResourceList", "groupVersion": group, "resources": resources })
}

fn list(kind: &str, version: &str, items: &[Value]) -> Value {
    json!({ "kind": kind, "apiVersion": version, "metadata": { "resourceVersion": "1" }, "items": items })
}

fn pod(phase: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-1", "namespace": "shop", "uid": "u2",
            "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": "web", "uid": "u1" }],
        },
        "spec": { "containers": [{ "name": "web", "image": "i" }] },
        "status": { "phase": phase, "containerStatuses": [{ "name": "web", "state": { "running": {} } }] },
    })
}

/// An application whose Job has one pod; how the pod is at the end is for the test to say.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "web", "namespace": "shop", "uid": "u1" },
    });
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "web", "namespace": "argocd" },
        "spec": {},
        "status": { "resources": [
            { "group": "batch", "version": "v1", "kind": "Job", "namespace": "shop", "name": "web" },
        ] },
    });
    let core = [("pods", "Pod"), ("events", "Event")];
    let argo = [("applications", "Application"), ("applicationsets", "ApplicationSet")];
    let answers = [
        ("/api/v1", resources("v1", &core)),
        (
            "/apis/apps/v1",
            resources("apps/v1", &[("replicasets", "ReplicaSet"), ("deployments", "Deployment")]),
        ),
        ("/apis/batch/v1", resources("batch/v1", &[("jobs", "Job")])),
        ("/apis/argoproj.io/v1alpha1", resources("argoproj.io/v1alpha1", &argo)),
        ("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web", application),
        ("/apis/apps/v1/namespaces/shop/replicasets", list("ReplicaSetList", "apps/v1", &[])),
        ("/apis/batch/v1/namespaces/shop/jobs", list("JobList", "batch/v1", std::slice::from_ref(&job))),
        ("/apis/batch/v1/namespaces/shop/jobs/web", job),
        ("/api/v1/namespaces/shop/pods", list("PodList", "v1", &[pod("Running")])),
    ];
    for (at, body) in answers {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    let lines =
        ResponseTemplate::new(200).set_body_string("2026-01-01T10:00:00Z one\n2026-01-01T10:00:01Z two\n");
    let first = Mock::given(path(format!("{POD}/log"))).and(query_param_is_missing("sinceTime"));
    first.respond_with(lines).mount(&server).await;
    server
}

fn estate(server: &MockServer) -> Estate {
    let estate = Estate::new();
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{ "name": "c", "cluster": { "server": server.uri() } }],
        "users": [{ "name": "u", "user": {} }],
        "contexts": [{ "name": "here", "context": { "cluster": "c", "user": "u" } }],
    });
    estate.write("kube.json", &config.to_string());
    let block = "cluster \"dev\" {\n  context = \"here\"\n  kubeconfig = \"kube.json\"\n  argocd {\n    version = \"v3.6.1\"\n  }\n}\n";
    estate.write("slipway.hcl", block);
    estate
}

const FOLLOW: [&str; 4] = ["argocd", "logs", "web", "--follow"];

#[tokio::test(flavor = "multi_thread")]
async fn they_are_followed_to_the_end_of_the_pod() {
    let server = server().await;
    let answer = |phase: &str| {
        Mock::given(path(POD)).respond_with(ResponseTemplate::new(200).set_body_json(pod(phase)))
    };
    // Once for its containers, once after the first stream, and then it has ended.
    answer("Running").up_to_n_times(2).with_priority(1).mount(&server).await;
    answer("Succeeded").mount(&server).await;
    let later =
        ResponseTemplate::new(200).set_body_string("2026-01-01T10:00:01Z two\n2026-01-01T10:00:02Z three");
    Mock::given(path(format!("{POD}/log"))).respond_with(later).mount(&server).await;
    let estate = estate(&server);
    let slipway = Slipway::new(estate.path(), &tool("tofu"));
    let ended = tokio::task::block_in_place(|| slipway.run(&FOLLOW)).exits(0);
    assert_eq!(ended.stdout, "web-1/web  one\nweb-1/web  two\nweb-1/web  three\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_with_what_was_told() {
    let server = server().await;
    let answer = ResponseTemplate::new(200).set_body_json(pod("Running"));
    Mock::given(path(POD)).respond_with(answer).mount(&server).await;
    let silence = ResponseTemplate::new(200).set_delay(std::time::Duration::from_mins(10));
    Mock::given(path(format!("{POD}/log"))).respond_with(silence).mount(&server).await;
    let estate = estate(&server);
    let mut command = Slipway::new(estate.path(), &tool("tofu")).into_command(&FOLLOW);
    let ended = tokio::task::block_in_place(|| {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for told in ["web-1/web  one", "web-1/web  two"] {
            assert_eq!(lines.next().unwrap().unwrap(), told);
        }
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        assert!(lines.next().is_none());
        child.wait().unwrap()
    });
    assert_eq!(ended.code(), Some(130));
}
