use std::sync::Mutex;

use serde_json::json;
use wiremock::matchers::{path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn pod(value: &Value) -> DynamicObject {
    serde_json::from_value(value.clone()).unwrap()
}

fn status(phase: &str, state: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web-1", "namespace": "shop" },
        "spec": { "restartPolicy": "Always" },
        "status": { "phase": phase, "containerStatuses": [{ "name": "web", "state": state }] },
    })
}

#[test]
fn a_line_that_comes_again_is_told_once_and_one_of_the_same_moment_is_another() {
    let mut told = Told::default();
    let tell = |told: &mut Told, lines: &[&str]| -> Vec<String> {
        told.begins();
        lines.iter().filter_map(|line| told.takes(line).map(str::to_owned)).collect()
    };
    let (one, two, three) =
        ("2026-01-01T10:00:00.1Z one", "2026-01-01T10:00:00.2Z two", "2026-01-01T10:00:00.2Z three");
    assert_eq!(tell(&mut told, &[one, two]), ["one", "two"]);
    assert_eq!(tell(&mut told, &[one, two, three]), ["three"]);
    assert_eq!(
        tell(&mut told, &[two, three, "2026-01-01T10:00:01Z ", "failed to open"]),
        ["", "failed to open"]
    );
}

#[test]
fn a_container_has_ended_where_nobody_starts_it_again() {
    let of = |value: &Value| state(&pod(value), "web");
    assert_eq!(of(&status("Running", &json!({ "running": {} }))), State::Runs);
    let crashed = status("Running", &json!({ "terminated": { "exitCode": 1 } }));
    assert_eq!(of(&crashed), State::Waits);
    let mut alone = crashed.clone();
    alone["spec"]["restartPolicy"] = json!("Never");
    assert_eq!(of(&alone), State::Ended);
    assert_eq!(of(&status("Failed", &json!({ "running": {} }))), State::Ended);
    let mut first = status("Pending", &json!({ "waiting": {} }));
    first["status"]["initContainerStatuses"] =
        json!([{ "name": "init", "state": { "terminated": { "exitCode": 0 } } }]);
    assert_eq!((state(&pod(&first), "init"), of(&first)), (State::Ended, State::Waits));
}

/// The pods of the bed have no logs: their nodes are invented.
#[tokio::test]
async fn a_stream_that_breaks_off_goes_on_where_it_ended_until_the_pod_ends() {
    let server = MockServer::start().await;
    let answers = async |at: &str, body: Value| {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    };
    let resource = |name: &str, kind: &str| json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"] });
    answers(
        "/api/v1",
        json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": [resource("pods", "Pod")] }),
    )
    .await;
    let at = "/api/v1/namespaces/shop/pods/web-1";
    let once = |body: Value, priority: u8| {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path(at)).respond_with(answer).up_to_n_times(1).with_priority(priority)
    };
    once(status("Running", &json!({ "running": {} })), 1).mount(&server).await;
    once(status("Succeeded", &json!({ "terminated": { "exitCode": 0 } })), 2).mount(&server).await;
    let log = |since: bool| {
        let asked = Mock::given(path(format!("{at}/log"))).and(query_param("follow", "true"));
        if since {
            asked
                .and(query_param("sinceTime", "2026-01-01T10:00:01Z"))
                .and(query_param_is_missing("tailLines"))
        } else {
            asked.and(query_param_is_missing("sinceTime")).and(query_param("tailLines", "5"))
        }
    };
    let text = |body: &str| ResponseTemplate::new(200).set_body_string(body);
    log(false)
        .respond_with(text("2026-01-01T10:00:00Z one\n2026-01-01T10:00:01.7Z two\n"))
        .mount(&server)
        .await;
    log(true)
        .respond_with(text("2026-01-01T10:00:01.7Z two\n2026-01-01T10:00:02Z thr\u{e9}e"))
        .mount(&server)
        .await;

    let config = kube::Config::new(server.uri().parse().unwrap());
    let objects = Objects::new(Client::try_from(config).unwrap(), "argocd");
    let told = Mutex::new(Vec::new());
    let tell = |line: LogLine<'_>| -> Result<(), std::fmt::Error> {
        told.lock().unwrap().push(format!("{}/{}: {}", line.pod, line.container, line.text));
        Ok(())
    };
    let web = ("shop".to_owned(), "web-1".to_owned(), "web".to_owned());
    assert_eq!(follow(&objects, &web, 5, &tell).await.unwrap(), Ok(true));
    assert_eq!(told.into_inner().unwrap(), ["web-1/web: one", "web-1/web: two", "web-1/web: thr\u{e9}e"]);
    // Who cannot tell it any more goes no further.
    let closed = |_: LogLine<'_>| Err(std::fmt::Error);
    assert_eq!(follow(&objects, &web, 5, &closed).await.unwrap(), Err(std::fmt::Error));
}
