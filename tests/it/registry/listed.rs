//! All images of a repository held to their registries.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::support::manifests::{bare, deployment};
use crate::support::registry::{IMAGE, Registry};
use crate::support::slipway::{Ended, Slipway};
use crate::support::tokens::request;

struct Desk {
    folder: tempfile::TempDir,
    bare: PathBuf,
}

impl Desk {
    fn new(files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bare = bare(folder.path(), files);
        Self { folder, bare }
    }

    fn check(&self, more: &[&str]) -> Ended {
        let slipway = Slipway::new(self.folder.path(), Path::new("/nowhere/terraform"));
        let slipway = slipway.env("SLIPWAY_MANIFESTS_URL", &self.bare);
        slipway.run(&[&["image", "list", "--check"], more].concat())
    }
}

fn words(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_image_is_told_to_be_there_or_not_for_the_platforms_that_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push("app", "v1", "linux/amd64");
    registry.push_index("other", "v1", &["linux/amd64", "linux/arm64"]);
    let at = |rest: &str| format!("{}/{rest}", registry.address);
    let file =
        |app: &str, image: &str| (format!("manifests/{app}/d.yaml"), deployment(app, &[("web", image)]));
    let desk = |images: &[(&str, &str)]| {
        let files: Vec<(String, String)> = images.iter().map(|(app, rest)| file(app, &at(rest))).collect();
        Desk::new(&files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect::<Vec<_>>())
    };
    let both = desk(&[("app", "app:v1"), ("other", "other:v1")]);
    let shown = words(&both.check(&[]).exits(0).stdout);
    assert_eq!(shown[0], "APP CONTAINER IMAGE PLACE REGISTRY");
    assert_eq!(shown.len(), 3);
    assert!(shown[1].starts_with(&format!("app Deployment/app/web {} manifests/app/d.yaml:", at("app:v1"))));
    assert!(shown[1].ends_with(" there") && shown[2].ends_with(" there"), "{shown:?}");
    // Not for all platforms.
    let refused = both.check(&["--platform", "linux/amd64,linux/arm64", "--format", "json"]).exits(5);
    let told = refused.json();
    let state = |number: usize| told[number]["check"]["state"].as_str().unwrap();
    assert_eq!((state(0), state(1)), ("not there", "there"));
    assert!(told[0]["check"]["problem"].as_str().unwrap().contains("is not built for linux/arm64"), "{told}");
    std::fs::write(both.folder.path().join("slipway.hcl"), "apps {\n  platforms = [\"linux/arm64\"]\n}\n")
        .unwrap();
    both.check(&[]).exits(5).says("1 of 2 images are not in their registries as they have to be");
    // Not at all.
    let gone = desk(&[("app", "app:v2"), ("other", "other:v1"), ("third", "app:v2")]);
    let refused = gone.check(&[]).exits(5).says("2 of 3 images");
    assert_eq!(refused.stderr.matches("app:v2 is not in its registry").count(), 1, "{}", refused.stderr);
}

#[test]
fn what_cannot_be_asked_for_is_a_failure_and_no_missing_image() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk =
        Desk::new(&[("manifests/app/d.yaml", deployment("app", &[("web", &format!("{gone}/app:v1"))]))]);
    let failed = desk.check(&["--format", "json"]).exits(1);
    assert_eq!(failed.json()[0]["check"]["state"], "not known");
    failed.says("was not reached").says("1 of 1 images are not known to be in their registries");
    // Of a tag alone nobody knows the image, and a template is none.
    let chart = ("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n".to_owned());
    let values = ("manifests/web/values.yaml", "image:\n  tag: v1\n".to_owned());
    let template = ("manifests/app/d.yaml", deployment("app", &[("web", "${IMAGE}")]));
    let failed = Desk::new(&[chart, values, template]).check(&[]).exits(1);
    failed
        .says("manifests/web/values.yaml:2: :v1 is not known")
        .says("only the tag is written")
        .says("2 of 2 images");
}

#[test]
fn asked_for_is_what_clusters_pull_and_not_what_something_else_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push("mirror/web", "v1", "linux/amd64");
    registry.push("mirror/side", "v3", "linux/amd64");
    // Nobody listens where the manifests say that the images are.
    let manifest = deployment("web", &[("web", "127.0.0.1:1/web:v0"), ("side", "127.0.0.1:1/side:v3")]);
    let kustomization = format!(
        "resources: [d.yaml]\nimages:\n- name: 127.0.0.1:1/web\n  newName: {0}/mirror/web\n  newTag: v1\n- name: 127.0.0.1:1/side\n  newName: {0}/mirror/side\n",
        registry.address
    );
    let desk =
        Desk::new(&[("manifests/web/d.yaml", manifest), ("manifests/web/kustomization.yaml", kustomization)]);
    let told = desk.check(&["--format", "json"]).exits(0).json();
    let state = |name: &str| {
        let is_it = |one: &&serde_json::Value| one["image"].as_str().unwrap().ends_with(name);
        told.as_array().unwrap().iter().find(is_it).unwrap()["check"].clone()
    };
    assert_eq!(state("web:v0")["state"], "not used", "{told}");
    assert_eq!(state("mirror/web:v1")["state"], "there", "{told}");
    let side = state("side:v3");
    let pulled = format!("{}/mirror/side:v3", registry.address);
    assert_eq!(
        (side["state"].as_str(), side["pulled"][0].as_str()),
        (Some("there"), Some(pulled.as_str())),
        "{told}"
    );
}

#[test]
fn many_images_are_asked_for_at_once_and_no_more_than_eight() {
    const ALL: usize = 24;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // In hand, the most of that, and all that came.
    let count = Arc::new((Mutex::new((0_usize, 0_usize, 0_usize)), Condvar::new()));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), counted) = (stream, Arc::clone(&counted)) else { break };
            std::thread::spawn(move || {
                let Some(asked) = request(&mut stream) else { return };
                assert!(asked.starts_with("HEAD "), "{asked}");
                let (count, changed) = &*counted;
                let mut now = count.lock().unwrap();
                *now = (now.0 + 1, now.1.max(now.0 + 1), now.2 + 1);
                changed.notify_all();
                // Held until there are eight of them, or no more to come.
                let is_short = |now: &mut (usize, usize, usize)| now.1 < 8 && now.2 < ALL;
                let (mut now, _) = changed.wait_timeout_while(now, Duration::from_secs(8), is_short).unwrap();
                now.0 -= 1;
                drop(now);
                let digest = format!("sha256:{}", "0a".repeat(32));
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: {IMAGE}\r\ndocker-content-digest: {digest}\r\nconnection: close\r\n\r\n"
                );
            });
        }
    });
    let images: Vec<String> = (0..ALL).map(|number| format!("{address}/app-{number}:v1")).collect();
    let names: Vec<String> = (0..ALL).map(|number| format!("c{number}")).collect();
    let containers: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(images.iter().map(String::as_str)).collect();
    Desk::new(&[("manifests/app/d.yaml", deployment("app", &containers))]).check(&[]).exits(0);
    let (_, most, all) = *count.0.lock().unwrap();
    assert_eq!((most, all), (8, ALL));
}
