//! What is collected of a run: its trace and its figures, by a collector of these tests.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use serde_json::Value;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::broken;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::{terraforms, tool};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

async fn collector(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

async fn asked(server: &MockServer, path: &str) -> Vec<Request> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().filter(|request| request.url.path() == path).collect()
}

/// An attribute's value as text.
fn attribute(of: &Value, key: &str) -> Option<String> {
    let found = of["attributes"].as_array()?.iter().find(|one| one["key"] == *key)?;
    let value = found["value"].as_object()?.values().next()?;
    Some(value.as_str()?.to_owned())
}

fn nanoseconds(span: &Value, end: &str) -> u128 {
    span[format!("{end}TimeUnixNano")].as_str().unwrap().parse().unwrap()
}

fn run(slipway: Slipway, arguments: &[&str]) -> Ended {
    tokio::task::block_in_place(|| slipway.run(arguments))
}

/// A tool that writes down which context it was given for which unit.
fn noting(estate: &Estate) -> std::path::PathBuf {
    let notes = estate.path().join("contexts").display().to_string();
    let tool = terraforms()[0].display().to_string();
    let file = estate
        .write("noting", &format!("#!/bin/sh\necho \"$PWD $TRACEPARENT\" >> {notes}\nexec {tool} \"$@\"\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_one_trace_with_its_units_their_steps_and_the_context_of_each_tool() {
    let server = collector(ResponseTemplate::new(200)).await;
    let estate = broken();
    let slipway = Slipway::new(estate.path(), &noting(&estate))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", server.uri())
        .env("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary-otlp-5512")
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=dev")
        .env("TRACEPARENT", format!("00-{TRACE}-{PARENT}-01"));
    let ended = run(slipway, &["apply", "--yes"]).exits(1);
    assert!(!ended.stderr.contains("was not taken"), "{}", ended.stderr);

    let requests = asked(&server, "/v1/traces").await;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].headers["api-key"], "canary-otlp-5512");
    assert_eq!(requests[0].headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    let resource = &body["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name").as_deref(), Some("slipway"));
    assert_eq!(attribute(resource, "deployment.environment.name").as_deref(), Some("dev"));
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let by_name: BTreeMap<&str, &Value> =
        spans.iter().map(|span| (span["name"].as_str().unwrap(), span)).collect();
    let whole = by_name["slipway apply"];
    assert_eq!((&whole["traceId"], &whole["parentSpanId"]), (&Value::from(TRACE), &Value::from(PARENT)));
    assert_eq!(whole["status"]["code"], 2);
    let (network, cluster) = (by_name["networking"], by_name["cluster"]);
    assert_eq!(attribute(network, "slipway.result").as_deref(), Some("applied"));
    assert_eq!(attribute(network, "slipway.resources.add").as_deref(), Some("1"));
    assert_eq!(network["status"]["code"], 1);
    assert_eq!(
        (&cluster["status"]["code"], attribute(cluster, "slipway.result").as_deref()),
        (&Value::from(2), Some("failed"))
    );
    assert!(cluster["status"]["message"].as_str().unwrap().contains("it broke"), "{}", cluster["status"]);
    assert!(!by_name.contains_key("identity"), "what never began has no span");
    for span in spans {
        assert_eq!(span["traceId"], TRACE);
        assert!(nanoseconds(span, "start") <= nanoseconds(span, "end"), "{span}");
        assert!(nanoseconds(span, "start") >= nanoseconds(whole, "start"), "{span}");
        assert!(nanoseconds(span, "end") <= nanoseconds(whole, "end"), "{span}");
    }
    let steps: Vec<&str> = spans
        .iter()
        .filter(|span| span["parentSpanId"] == network["spanId"])
        .map(|span| span["name"].as_str().unwrap())
        .collect();
    assert_eq!((steps.first(), steps.last()), (Some(&"prepare"), Some(&"apply")), "{steps:?}");

    let contexts = std::fs::read_to_string(estate.path().join("contexts")).unwrap();
    let of_network = format!("00-{TRACE}-{}-01", network["spanId"].as_str().unwrap());
    assert!(contexts.lines().any(|line| line.ends_with(&of_network)), "{of_network} in:\n{contexts}");
    for line in contexts.lines().filter(|line| line.contains("networking")) {
        assert!(line.ends_with(&of_network), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_run_are_its_time_its_ends_and_its_resources() {
    let server = collector(ResponseTemplate::new(200)).await;
    let estate = broken();
    let slipway = Slipway::new(estate.path(), &terraforms()[0])
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", format!("{}/own/path", server.uri()));
    drop(run(slipway, &["apply", "--yes"]).exits(1));
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "traces go nowhere");
    let request = asked(&server, "/own/path").await.remove(0);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let metrics = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let points = |name: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == *name).unwrap();
        metric["gauge"]["dataPoints"].as_array().unwrap().clone()
    };
    assert!(points("slipway.run.duration")[0]["asDouble"].as_f64().unwrap() > 0.0);
    let count = |name: &str, key: &str| -> BTreeMap<String, String> {
        let points = points(name).into_iter();
        points
            .map(|point| (attribute(&point, key).unwrap(), point["asInt"].as_str().unwrap().to_owned()))
            .collect()
    };
    let ends = count("slipway.run.nodes", "slipway.result");
    assert_eq!((ends["failed"].as_str(), ends["skipped"].as_str()), ("1", "1"), "{ends:?}");
    let resources = count("slipway.run.resources", "slipway.action");
    assert_eq!(resources["destroy"], "0", "{resources:?}");
    assert_ne!(resources["add"], "0", "{resources:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_refuses_or_says_nothing_costs_a_moment_and_changes_no_result() {
    let estate = Estate::chain();
    let at = |endpoint: &str| {
        let slipway =
            Slipway::new(estate.path(), &terraforms()[0]).env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint);
        let begun = Instant::now();
        (run(slipway, &["plan", "networking"]).exits(0), begun.elapsed())
    };
    let (_, usual) = at("");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1/traces", silent.local_addr().unwrap());
    let (ended, took) = at(&address);
    drop(ended.says("warning: the run's trace was not taken: "));
    assert!(took.as_secs() < usual.as_secs() + 20, "{took:?} after {usual:?}");
    drop(silent);
    drop(at(&address).0.says("warning: the run's trace was not taken: "));
    let busy = collector(ResponseTemplate::new(503)).await;
    drop(at(&busy.uri()).0.says("503"));
    let told =
        serde_json::json!({ "partialSuccess": { "rejectedSpans": "3", "errorMessage": "too\u{1b}[2J old" } });
    let partly = collector(ResponseTemplate::new(200).set_body_json(told)).await;
    drop(at(&partly.uri()).0.says("refused a part of it: too"));
    drop(at("collector:4317").0.says("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spans_of_opentofu_stand_below_those_of_its_unit() {
    let server = collector(ResponseTemplate::new(200)).await;
    let estate = Estate::chain();
    let slipway = Slipway::new(estate.path(), &tool("tofu"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", server.uri())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .env("OTEL_TRACES_EXPORTER", "otlp")
        .env("TRACEPARENT", format!("00-{TRACE}-{PARENT}-01"));
    drop(run(slipway, &["apply", "--yes"]).exits(0));
    let requests = asked(&server, "/v1/traces").await;
    let (ours, theirs): (Vec<Request>, Vec<Request>) =
        requests.into_iter().partition(|request| request.headers["content-type"] == "application/json");
    assert_eq!(ours.len(), 1);
    let body: Value = serde_json::from_slice(&ours[0].body).unwrap();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let network = spans.iter().find(|span| span["name"] == "networking").unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let holds = |request: &Request, id: &str| {
        let id = bytes(id);
        request.body.windows(id.len()).any(|window| window == id)
    };
    let span = network["spanId"].as_str().unwrap();
    assert!(
        theirs.iter().any(|request| holds(request, TRACE) && holds(request, span)),
        "{} requests of the tool, none below {span}",
        theirs.len()
    );
}
