//! What is waited for, what is said meanwhile, and what it costs the API server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use slipway::argocd::{
    ApplicationStatus, ArgoCdError, Wanted, bootstrap, status, uninstall, wait_available, wait_green,
};
use slipway::project::LeftOut;

use super::processes::{Held, argocd};
use super::world::{Exactly, World};
use crate::support::manifests::head;

const LONG: Duration = Duration::from_mins(6);
const APPLICATIONS: &str = "applications.argoproj.io";

fn quiet(_line: String) {}

/// A wait, and what was said in it.
async fn waited(
    world: &World,
    timeout: Duration,
    change: impl FnOnce(&mut Wanted<'_>),
) -> (Result<Vec<ApplicationStatus>, ArgoCdError>, Vec<String>) {
    let (url, commit) = (world.url(), head(&world.repository));
    let mut wanted = Wanted::at(&url, &commit, timeout);
    change(&mut wanted);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let progress = move |line: String| kept.lock().unwrap().push(line);
    let green = wait_green(world.client.clone(), "argocd", &wanted, &Exactly, &progress).await;
    let lines = lines.lock().unwrap().clone();
    (green, lines)
}

/// Waits until a line of progress says so, which comes before the end of a wait and not only with it.
async fn said(world: &World, told: &str) {
    let (heard, hear) = tokio::sync::oneshot::channel();
    let (url, commit) = (world.url(), head(&world.repository));
    let (wanted, heard) = (Wanted::at(&url, &commit, LONG), Mutex::new(Some(heard)));
    let progress = |line: String| {
        if line.contains(told) {
            heard.lock().unwrap().take().map(|heard| heard.send(()));
        }
    };
    tokio::select! {
        _ = hear => {},
        green = wait_green(world.client.clone(), "argocd", &wanted, &Exactly, &progress) => panic!("{green:?}"),
    }
}

fn application(name: &str, url: &str, path: &str, policy: &Value) -> String {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd", "labels": { "team": "data" } },
        "spec": {
            "project": "default",
            "source": { "repoURL": url, "targetRevision": "main", "path": path },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "default" },
            "syncPolicy": policy,
        },
    })
    .to_string()
}

fn config_map(name: &str) -> String {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "a": "1" } })
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn green_is_all_that_git_says_and_what_is_in_the_way_is_told_at_once() {
    let world = World::new("argo-waiting").await;
    let spec = world.spec("argocd").await;
    bootstrap(world.client.clone(), &spec, &quiet).await.unwrap();
    wait_available(world.client.clone(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
    world.green("argocd", LONG).await.unwrap();

    never_green_at_the_old_commit(&world).await;
    super::unanswered::is_asked_again(&world).await;
    a_set_is_green_with_what_it_makes(&world).await;
    what_is_off_is_told_and_can_be_left_out(&world).await;
    a_sync_that_is_tried_again_says_why_and_can_be_ended(&world).await;
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &quiet).await.unwrap();
}

/// So often it is asked after each push, at once: a hundred times in all where the variable is set, and as the suite bears it otherwise.
fn at_once() -> usize {
    if std::env::var_os("SLIPWAY_EVERY_KILL").is_some() { 25 } else { 6 }
}

/// With a controller that is stopped half of the time, a hundred times while it is and a hundred times while it goes on.
async fn never_green_at_the_old_commit(world: &World) {
    world.several_sources("argocd");
    // Held before its first comparison it would have no old commit to be still at.
    waited(world, LONG, |_| ()).await.0.unwrap();
    for replicas in 2..6 {
        let (from, to) = (format!("replicas: {replicas}"), format!("replicas: {}", replicas + 1));
        world.push("manifests/app-a/deployment.yaml", &from, &to);
        let held = Held::now(&argocd(&world.bed, "argocd-application-controller"));
        let asked = |timeout| join_all((0..at_once()).map(move |_| waited(world, timeout, |_| ())));
        for (green, _) in asked(Duration::from_secs(1)).await {
            let error = green.unwrap_err().to_string();
            for name in ["app-a", "several"] {
                assert!(error.contains(&format!("{name}: still at")), "{error}");
            }
        }
        drop(held);
        let tip = head(&world.repository);
        for (green, lines) in asked(LONG).await {
            for one in green.unwrap() {
                assert!(one.sources.iter().all(|source| source.revision == tip), "{one:?} after {lines:?}");
                assert!(!one.healed, "nobody changed anything in the cluster: {one:?}");
            }
        }
    }
    world.bed.kubectl(&["-n", "argocd", "delete", APPLICATIONS, "several"]);
}

async fn a_set_is_green_with_what_it_makes(world: &World) {
    let set = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
        "metadata": { "name": "tenants", "namespace": "argocd" },
        "spec": {
            "generators": [{ "git": { "repoURL": world.url(), "revision": "main", "directories": [{ "path": "manifests/tenants/*" }] } }],
            "template": {
                "metadata": { "name": "tenant-{{path.basename}}" },
                "spec": {
                    "project": "default",
                    "source": { "repoURL": world.url(), "targetRevision": "main", "path": "{{path}}" },
                    "destination": { "server": "https://kubernetes.default.svc", "namespace": "default" },
                    "syncPolicy": { "automated": {} },
                },
            },
        },
    });
    world.add("manifests/tenants/one/map.json", &config_map("tenant-one"));
    world.add("manifests/apps/tenants.json", &set.to_string());
    let names = |applications: Vec<ApplicationStatus>| {
        let names = applications.into_iter().map(|one| one.name);
        names.filter(|name| name.starts_with("tenant-")).collect::<Vec<_>>()
    };
    assert_eq!(names(world.green("argocd", LONG).await.unwrap()), ["tenant-one"]);

    // What a push adds is generated when it is asked for, and no sooner is it green.
    let held = Held::now(&argocd(&world.bed, "argocd-applicationset-controller"));
    world.add("manifests/tenants/two/map.json", &config_map("tenant-two"));
    world.stuck("argocd", &["ApplicationSet tenants: what it generates is not known yet"]).await;
    drop(held);
    assert_eq!(names(world.green("argocd", LONG).await.unwrap()), ["tenant-one", "tenant-two"]);

    // A generator that fails says why.
    world.push("manifests/apps/tenants.json", "\"revision\":\"main\"", "\"revision\":\"none\"");
    world.stuck("argocd", &["ApplicationSet tenants: ApplicationGenerationFromParamsError"]).await;
    let (left_out, _) = waited(world, LONG, |wanted| {
        wanted.left_out = Box::leak(Box::new(LeftOut::parse(&["tenants", "root"]).unwrap()));
    })
    .await;
    left_out.unwrap();
    world.push("manifests/apps/tenants.json", "\"revision\":\"none\"", "\"revision\":\"main\"");
    world.green("argocd", LONG).await.unwrap();
}

async fn what_is_off_is_told_and_can_be_left_out(world: &World) {
    world.add("manifests/manual/map.json", &config_map("manual"));
    world.add(
        "manifests/apps/manual.json",
        &application("manual", &world.url(), "manifests/manual", &json!({})),
    );
    world.stuck("argocd", &["manual: OutOfSync ConfigMap/manual; automated sync is off"]).await;
    said(world, "automated sync is off").await;
    for selector in ["manual", "label:team=data"] {
        let (green, _) = waited(world, LONG, |wanted| {
            wanted.left_out = Box::leak(Box::new(LeftOut::parse(&[selector]).unwrap()));
        })
        .await;
        green.unwrap();
    }

    // A deny window is told by the calendar of the project.
    let window = json!({ "spec": { "syncWindows": [
        { "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["manual"] },
    ] } });
    let patch = |kind: &str, name: &str, patch: &Value| {
        world.bed.kubectl(&["-n", "argocd", "patch", kind, name, "--type=merge", "-p", &patch.to_string()]);
    };
    patch("appprojects.argoproj.io", "default", &window);
    world.push("manifests/apps/manual.json", "\"syncPolicy\":{}", "\"syncPolicy\":{\"automated\":{}}");
    let denied = "a sync window of the project default denies it until";
    world.stuck("argocd", &[denied]).await;
    said(world, denied).await;
    patch("appprojects.argoproj.io", "default", &json!({ "spec": { "syncWindows": null } }));
    world.green("argocd", LONG).await.unwrap();

    // Without self-heal what is changed by hand stays, and is not green.
    let by_hand = |value: &str| {
        let patch = json!({ "data": { "a": value } }).to_string();
        world.bed.kubectl(&["-n", "default", "patch", "configmap", "manual", "--type=merge", "-p", &patch]);
    };
    by_hand("2");
    let begun = Instant::now();
    let reason = loop {
        let applications = status(world.client.clone(), "argocd").await.unwrap();
        let manual = applications.into_iter().find(|one| one.name == "manual").unwrap();
        if let Some(reason) = manual.not_green(None) {
            break reason;
        }
        assert!(begun.elapsed() < LONG, "Argo CD sees it");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(
        reason.contains("manual: OutOfSync ConfigMap/manual; it differs since its last sync"),
        "{reason}"
    );
    world.stuck("argocd", &[reason.as_str()]).await;
    by_hand("1");

    // What Git suspends is as it should be.
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "asleep" },
        "spec": { "suspend": true, "template": { "spec": {
            "restartPolicy": "Never", "containers": [{ "name": "job", "image": "registry.example/job:v1" }],
        } } },
    });
    world.add("manifests/manual/job.json", &job.to_string());
    let (green, lines) = waited(world, LONG, |_| ()).await;
    let green = green.unwrap_or_else(|error| panic!("{error} after {lines:?}"));
    assert_eq!(green.iter().find(|one| one.name == "manual").unwrap().health, "Suspended");
}

async fn a_sync_that_is_tried_again_says_why_and_can_be_ended(world: &World) {
    // Its retries stay with the commit that they began at.
    let policy = json!({ "automated": {}, "retry": { "limit": 20, "backoff": { "duration": "10m", "maxDuration": "10m" } } });
    let wrong = config_map("fine").replace("\"fine\"", "\"Not_Fine\"");
    world.add("manifests/tried/map.json", &wrong);
    world.add("manifests/apps/tried.json", &application("tried", &world.url(), "manifests/tried", &policy));
    world.stuck("argocd", &["is tried again, attempt", "metadata.name: Invalid value"]).await;
    said(world, "metadata.name: Invalid value").await;

    world.push("manifests/tried/map.json", "Not_Fine", "fine");
    world.stuck("argocd", &["its sync of the other commit", "--end-old-syncs"]).await;
    // Left alone, it would try again in ten minutes.
    let (green, lines) = waited(world, LONG, |wanted| wanted.ends_old_syncs = true).await;
    green.unwrap_or_else(|error| panic!("{error} after {lines:?}"));
    world.bed.kubectl(&["-n", "argocd", "delete", APPLICATIONS, "tried", "--wait=false"]);
}

/// How often the API server was asked for Applications.
fn asked(world: &World, verb: &str) -> f64 {
    let metrics = world.bed.kubectl(&["get", "--raw", "/metrics"]);
    let is_it = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains("resource=\"applications\"")
            && line.contains(&format!("verb=\"{verb}\""))
    };
    metrics.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_applications_cost_one_list_and_one_watch_and_are_told_in_short_lines() {
    const COUNT: usize = 200;
    let world = World::new("argo-many").await;
    let spec = world.spec("argocd").await;
    // Nobody else looks at them: the definitions alone, without controllers.
    let definitions: Vec<String> = spec
        .manifest
        .objects
        .iter()
        .filter(|object| object.types.as_ref().is_some_and(|types| types.kind == "CustomResourceDefinition"))
        .map(|object| serde_json::to_string(object).unwrap())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.json");
    let apply = |objects: &[String]| {
        std::fs::write(&file, objects.join("\n---\n")).unwrap();
        world.bed.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file.to_str().unwrap()]);
    };
    apply(&definitions);
    let absent = waited(&world, LONG, |_| ()).await.0.unwrap_err();
    assert!(matches!(absent, ArgoCdError::NotInstalled { .. }), "{absent}");
    world.bed.kubectl(&["create", "namespace", "argocd"]);
    world.bed.kubectl(&["wait", "--for=condition=Established", "crd", APPLICATIONS, "--timeout=60s"]);
    let tip = head(&world.repository);
    let object = |number: usize, revision: &str| {
        let mut object: Value = serde_json::from_str(&application(
            &format!("app-{number:03}"),
            &world.url(),
            "x",
            &json!({ "automated": {} }),
        ))
        .unwrap();
        object["status"] = json!({
            "sync": { "status": "Synced", "revision": revision, "comparedTo": { "destination": {}, "source": object["spec"]["source"] } },
            "health": { "status": "Healthy" }, "operationState": { "phase": "Succeeded", "startedAt": "2026-01-01T00:00:00Z", "operation": {} },
        });
        object.to_string()
    };
    let old = "a".repeat(40);
    apply(&(0..COUNT).map(|number| object(number, &old)).collect::<Vec<_>>());

    let before = (asked(&world, "LIST"), asked(&world, "WATCH"));
    let (green, lines) = {
        let waiting = waited(&world, LONG, |_| ());
        let changing = async {
            for part in 0..4 {
                tokio::time::sleep(Duration::from_secs(2)).await;
                let part: Vec<_> =
                    (part * COUNT / 4..(part + 1) * COUNT / 4).map(|number| object(number, &tip)).collect();
                tokio::task::block_in_place(|| apply(&part));
            }
        };
        tokio::join!(waiting, changing).0
    };
    assert_eq!(green.unwrap().len(), COUNT);
    let lists = asked(&world, "LIST") - before.0;
    assert!((lists - 1.0).abs() < 0.1, "{lists} lists");
    assert!(asked(&world, "WATCH") - before.1 <= 1.0, "the watch");
    let longest = lines.iter().map(String::len).max().unwrap();
    assert!(
        longest < 400 && lines.len() < 40,
        "{} lines, the longest of {longest} bytes: {lines:?}",
        lines.len()
    );
    assert!(lines.iter().any(|line| line.contains("of 200 are green, now also")), "{lines:?}");
    world.bed.kubectl(&["delete", "namespace", "argocd"]);
    world.bed.kubectl(&["delete", "-f", file.to_str().unwrap(), "--ignore-not-found"]);
    apply(&definitions);
    world.bed.kubectl(&["delete", "-f", file.to_str().unwrap()]);
}
