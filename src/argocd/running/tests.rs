use serde_json::json;

use super::*;

fn one(workload: &str, image: &str) -> Running {
    Running { workload: workload.into(), container: "c".into(), image: image.into(), is_wish: true }
}

fn wanted(image: &str, before: &[Running]) -> Somewhere {
    Somewhere { application: "web".into(), image: image.into(), before: before.to_vec(), is_rendered: true }
}

fn other(text: &str) -> Seen {
    Seen::Other(text.to_owned())
}

#[test]
fn a_container_has_to_run_the_image_that_did_not_before() {
    let (old, side) = (one("Deployment/web", "r.io/web:v1"), one("Deployment/side", "r.io/web:v2"));
    let before = [old.clone(), side.clone(), one("Deployment/other", "r.io/other:v1")];
    let now = wanted("r.io/web:v2", &before);
    let wrong = other("Deployment/web/c runs r.io/web:v1, not r.io/web:v2");
    assert_eq!(judge(&now, &before), wrong);
    assert_eq!(judge(&now, &[one("Deployment/web", "r.io/web:v2"), side.clone()]), Seen::Runs);
    // It may be called otherwise since, or be the only one that is left.
    assert_eq!(judge(&now, &[old.clone(), side.clone(), one("Job/web-2", "r.io/web:v2")]), Seen::Runs);
    assert_eq!(judge(&now, std::slice::from_ref(&side)), Seen::Runs);
    assert_eq!(judge(&now, &[old, side]), wrong);
}

#[test]
fn what_nobody_runs_is_not_seen_and_a_pod_that_is_over_is_in_nobodys_way() {
    assert_eq!(judge(&wanted("r.io/web:v2", &[]), &[one("Deployment/x", "r.io/other:v2")]), Seen::Nothing);
    let over = Running { is_wish: false, ..one("Pod/web-1", "r.io/web:v1") };
    let new = one("Pod/web-2", "r.io/web:v2");
    let now = wanted("r.io/web:v2", std::slice::from_ref(&over));
    assert_eq!(judge(&now, std::slice::from_ref(&over)), Seen::Nothing);
    assert_eq!(judge(&now, &[over, new]), Seen::Runs);
}

#[test]
fn a_tag_alone_is_seen_where_something_runs_it_that_did_not() {
    let before = [one("Deployment/web", "r.io/x:v1"), one("Deployment/side", "r.io/y:v2")];
    let now = wanted("web:v2", &before);
    assert_eq!(judge(&now, &before), Seen::Nothing);
    assert_eq!(judge(&now, &[one("Deployment/web", "r.io/x:v2"), before[1].clone()]), Seen::Runs);
}

#[test]
fn images_are_the_same_however_much_is_said_of_them() {
    let is = |live: &str, wanted: &str| {
        let (live, wanted) = (Image::of(live), Image::of(wanted));
        live.name == wanted.name && live.has_version_of(&wanted)
    };
    let digest = format!("sha256:{}", "0a".repeat(32));
    assert!(is("nginx:1.27", "docker.io/library/nginx:1.27") && is("docker.io/team/a:v1", "team/a:v1"));
    assert!(is(&format!("r.io:5000/a@{digest}"), &format!("r.io:5000/a:v1@{digest}")));
    assert!(is("r.io/a:v1", &format!("r.io/a:v1@{digest}")));
    assert!(!is("r.io/a:v2", "r.io/a:v1") && !is("r.io/a", "r.io/a:v1") && !is("r.io/b:v1", "r.io/a:v1"));
    assert!(!is(&format!("r.io/a:v1@{digest}"), "r.io/a:v1"));
}

#[test]
fn images_are_found_wherever_a_workload_keeps_them() {
    let object = json!({
        "spec": {
            "template": { "spec": {
                "initContainers": [{ "name": "i", "image": "r.io/i:v1" }],
                "containers": [{ "name": "c", "image": "r.io/c:v1" }],
            } },
            "steps": [{ "image": "r.io/s:v1" }],
        },
        "status": { "image": "r.io/status:v1" },
    });
    let mut all = Vec::new();
    images(&object, "W", 0, &mut all);
    let mut names: Vec<(&str, &str)> =
        all.iter().map(|one| (one.container.as_str(), one.image.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, [("", "r.io/s:v1"), ("c", "r.io/c:v1"), ("i", "r.io/i:v1")]);
}

#[test]
fn an_image_is_said_also_where_it_is_cut_in_two_and_not_by_what_the_cluster_says() {
    let object = |data: Value| -> DynamicObject {
        let object = json!({ "apiVersion": "x/v1", "kind": "X", "metadata": { "name": "x" } });
        let mut object: DynamicObject = serde_json::from_value(object).unwrap();
        object.data = data;
        object
    };
    let image = Image::of("r.io/runner:v2");
    assert!(says(&object(json!({ "data": { "args": "--runner=r.io/runner:v2" } })), &image));
    assert!(says(&object(json!({ "spec": { "repository": "r.io/runner", "tag": "v2" } })), &image));
    assert!(!says(&object(json!({ "spec": { "repository": "r.io/runner", "tag": "v1" } })), &image));
    assert!(!says(&object(json!({ "status": { "image": "r.io/runner:v2" } })), &image));
}
