//! From nothing to a cluster that follows Git, out of what `slipway init` writes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::pipeline::Source;
use super::{commit, for_the_provider_of_the_bed, init, push};
use crate::install::{NO_STATIC, release};
use crate::support::bed::Bed;
use crate::support::manifests;
use crate::support::skipped::partly_skipped;
use crate::support::slipway::Slipway;
use crate::support::tool;

const MANIFESTS: &str = "begun";

/// A bed, and the two repositories.
struct World {
    bed: Bed,
    folder: tempfile::TempDir,
    bare: PathBuf,
}

impl World {
    fn new() -> Self {
        let bed = Bed::start(&[]);
        let folder = tempfile::tempdir().unwrap();
        let url = manifests::url(&bed, MANIFESTS);
        let common = ["--env", "dev", "--ci", "none"];
        let estate = ["estate", "estate", "--organization", "acme", "--manifests-repo", &url, "--emulator"];
        init(folder.path(), &[&estate[..], &common].concat()).exits(0);
        let app = ["manifests", "manifests", "--app", "web=registry.example/web:v1", "--repo", &url];
        init(folder.path(), &[&app[..], &common].concat()).exits(0);
        for_the_provider_of_the_bed(&folder.path().join("estate"));
        for repository in ["estate", "manifests"] {
            commit(&folder.path().join(repository));
        }
        let bare = Path::new(bed.text("/git/root")).join(format!("{MANIFESTS}.git"));
        push(&folder.path().join("manifests"), &bare);
        Self { bed, folder, bare }
    }

    fn slipway(&self) -> Slipway {
        let settings = manifests::settings(&self.bed, MANIFESTS);
        let slipway = Slipway::new(&self.folder.path().join("estate"), &tool("tofu")).bed(&self.bed);
        settings.into_iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value))
    }

    fn live_image(&self) -> String {
        let path = "jsonpath={.spec.template.spec.containers[0].image}";
        self.bed.kubectl(&["-n", "web", "get", "deployment", "web", "-o", path])
    }
}

#[test]
fn what_is_begun_comes_up_and_follows_git() {
    let world = World::new();
    let up = world.slipway().run(&["up", "dev", "--yes", "--backend-bootstrap"]);
    drop(up.exits(0).says("verify dev").says("applications dev"));
    assert_eq!(world.live_image(), "registry.example/web:v1");
    let first = manifests::head(&world.bare);
    let set = [
        "image",
        "set",
        "web=registry.example/web:v2",
        "--manifests",
        "manifests/dev",
        "--wait",
        "--cluster",
        "dev",
    ];
    world.slipway().run(&set).exits(0).says("v1 → registry.example/web:v2");
    assert_eq!(world.live_image(), "registry.example/web:v2");
    assert_ne!(manifests::head(&world.bare), first);
    // A commit to the application's repository, and nobody does anything more.
    if let Some(release) = release() {
        let source = Source::new(release, &manifests::url(&world.bed, MANIFESTS), &["--env", "dev"]);
        let ran = source.pushed(&world.bed);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
        // As a webhook of the forge would.
        let refresh = ["annotate", "applications.argoproj.io", "web", "argocd.argoproj.io/refresh=normal"];
        world.bed.kubectl(&[&["-n", "argocd"], &refresh[..]].concat());
        let wanted = format!("registry.example/web:{}", source.head());
        let deadline = Instant::now() + Duration::from_mins(2);
        while world.live_image() != wanted {
            assert!(Instant::now() < deadline, "the cluster runs {}", world.live_image());
            std::thread::sleep(Duration::from_millis(200));
        }
    } else {
        partly_skipped(NO_STATIC);
    }
    world.slipway().run(&["down", "dev", "--yes"]).exits(0);
}
