//! The whole way on real components, judged by what the emulators' own APIs say.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::{Slipway, system_path};
use crate::support::stopping::until;
use crate::support::{manifests, terraforms, terragrunt};

const MANIFESTS: &str = "gitops-manifests-repo";

/// A bed, a copy of the estate, and a manifests repository.
struct World {
    bed: Bed,
    estate: Estate,
    repository: PathBuf,
}

impl World {
    fn new() -> Self {
        let bed = Bed::start(&[]);
        let estate = Estate::of_the_project();
        let repository = manifests::seed(&bed, MANIFESTS);
        Self { bed, estate, repository }
    }

    fn slipway(&self, engine: &str, tool: &Path) -> Slipway {
        let path = terragrunt()
            .and_then(|program| Some(format!("{}:{}", system_path(), program.parent()?.display())));
        Slipway::new(self.estate.path(), tool)
            .bed(&self.bed)
            .env("PATH", path.unwrap_or_else(system_path))
            .env("SLIPWAY_ENGINE", engine)
            .env("SLIPWAY_MANIFESTS_URL", manifests::url(&self.bed, MANIFESTS))
            .env("SLIPWAY_MANIFESTS_USERNAME", self.bed.text("/git/username"))
            .env("SLIPWAY_MANIFESTS_TOKEN", self.bed.text("/git/password"))
            .env("SLIPWAY_ARGOCD_MANIFEST", self.bed.text("/argocd/manifests/core"))
    }

    fn head(&self) -> String {
        manifests::head(&self.repository)
    }

    /// Changes an image by hand, and waits until that is healed. What is healed sooner after a sync is taken for the end of that.
    fn change_by_hand(&self) {
        let since_sync = || {
            let application = self.application("app-a");
            let last = application["status"]["history"].as_array().unwrap().last().unwrap();
            let synced: Timestamp = last["deployedAt"].as_str().unwrap().parse().unwrap();
            Timestamp::now().duration_since(synced)
        };
        until("the last sync is long ago", || since_sync() > SignedDuration::from_secs(31));
        self.bed.kubectl(&[
            "-n",
            "app-a",
            "set",
            "image",
            "deployment/app-a",
            "app-a=registry.example/app-a:by-hand",
        ]);
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.live_image() != "registry.example/app-a:v2" {
            assert!(Instant::now() < deadline, "the change by hand was not healed");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn live_image(&self) -> String {
        let path = "jsonpath={.spec.template.spec.containers[?(@.name=='app-a')].image}";
        self.bed.kubectl(&["-n", "app-a", "get", "deployment", "app-a", "-o", path])
    }

    fn application(&self, name: &str) -> Value {
        let text = self.bed.kubectl(&["-n", "argocd", "get", "applications.argoproj.io", name, "-o", "json"]);
        serde_json::from_str(&text).unwrap()
    }

    fn clusters(&self) -> Vec<Value> {
        let answer: Value = serde_json::from_str(&self.bed.aws("eks", "/clusters")).unwrap();
        answer["clusters"].as_array().unwrap().clone()
    }

    /// How many of something EC2 has, besides what an account is born with.
    fn count(&self, action: &str, element: &str) -> usize {
        let filter = "Filter.1.Name=tag:Environment&Filter.1.Value.1=dev";
        let answer = self.bed.aws("ec2", &format!("/?Action={action}&Version=2016-11-15&{filter}"));
        answer.matches(&format!("<{element}>")).count()
    }
}

impl World {
    /// Right after all of it came up nothing has drifted, the cluster with its node group and add-ons included.
    fn has_drift_only_where_somebody_was_at_work(&self, slipway: &dyn Fn() -> Slipway) {
        drop(
            slipway()
                .run(&["drift", "dev"])
                .exits(0)
                .says("applications dev")
                .says("3 applications are as Git says"),
        );
        let vpcs = self.bed.aws(
            "ec2",
            "/?Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag:Environment&Filter.1.Value.1=dev",
        );
        let vpc = vpcs.split("<vpcId>").nth(1).unwrap().split('<').next().unwrap();
        let tag = |action: &str| {
            let tag = "Tag.1.Key=Owner&Tag.1.Value=somebody";
            self.bed.aws("ec2", &format!("/?Action={action}&Version=2016-11-15&ResourceId.1={vpc}&{tag}"));
        };
        tag("CreateTags");
        self.bed.kubectl(&["-n", "app-a", "set", "env", "deployment/app-a", "DEBUG=1"]);
        let drift = slipway().run(&["drift", "dev", "--detail"]).exits(4);
        let field = ".spec.template.spec.containers[name=app-a].env";
        drop(
            drift
                .says("2 drifted")
                .says("app-a: Deployment/app-a")
                .says(field)
                .says("set by kubectl-set")
                .says("tags.Owner"),
        );
        drop(slipway().run(&["drift", "dev", "--no-applications"]).exits(4).says("1 drifted"));
        tag("DeleteTags");
        self.bed.kubectl(&["-n", "app-a", "set", "env", "deployment/app-a", "DEBUG-"]);
    }
}

fn tell_the_story(engine: &str, tool: &Path) {
    let world = World::new();
    let slipway = || world.slipway(engine, tool);

    slipway()
        .run(&["up", "dev", "--yes", "--backend-bootstrap"])
        .exits(0)
        .says("applications dev")
        .says("verify dev");
    assert_eq!(world.clusters(), ["acme-dev"]);
    let described: Value = serde_json::from_str(&world.bed.aws("eks", "/clusters/acme-dev")).unwrap();
    assert_eq!(described["cluster"]["status"], "ACTIVE");
    assert_eq!(world.count("DescribeVpcs", "vpcId"), 1);
    assert_eq!(world.count("DescribeSubnets", "subnetId"), 4);
    let first = world.head();
    for name in ["app-a", "app-b"] {
        let status = &world.application(name)["status"];
        assert_eq!(status["sync"]["status"], "Synced", "{name}");
        assert_eq!(status["health"]["status"], "Healthy", "{name}");
        assert_eq!(status["sync"]["revision"], Value::String(first.clone()), "{name}");
    }
    assert_eq!(world.live_image(), "registry.example/app-a:v1");

    // A second time changes nothing, in the infrastructure, in the cluster and in Git.
    let application = world.application("app-a")["spec"].clone();
    drop(slipway().run(&["up", "dev", "--yes"]).exits(0).says("nothing to change"));
    let planned = slipway().run(&["plan", "dev", "--format", "json"]).exits(0).json();
    assert_eq!(planned["command"], "plan");
    let verified = slipway().run(&["verify", "dev", "--format", "json"]).exits(0).json();
    assert_eq!(verified["cluster"]["name"], "acme-dev");
    let applications = slipway().run(&["argocd", "status", "dev", "--format", "json"]).exits(0).json();
    let names = applications["applications"].as_array().unwrap().iter().map(|one| &one["name"]);
    assert!(names.clone().any(|name| name == "app-a") && names.clone().any(|name| name == "app-b"));
    assert_eq!(world.application("app-a")["spec"], application);
    assert_eq!(world.head(), first);

    world.has_drift_only_where_somebody_was_at_work(&slipway);

    let image = "app-a=registry.example/app-a:v2";
    slipway()
        .run(&["image", "set", image, "--wait", "--cluster", "dev"])
        .exits(0)
        .says("v1 → registry.example/app-a:v2");
    let second = world.head();
    assert_ne!(second, first);
    assert_eq!(world.live_image(), "registry.example/app-a:v2");
    assert_eq!(world.application("app-a")["status"]["sync"]["revision"], Value::String(second.clone()));

    // An image that does not come to run is taken back by itself, and only that one is held.
    let broken = ["image", "set", "app-a=registry.example/app-a:v9-broken", "--wait", "--cluster", "dev"];
    let tried = [&broken[..], &["--timeout", "20", "--rollback-on-failure"]].concat();
    let failed = slipway().run(&tried).exits(1).says("ImagePullBackOff registry.example/app-a:v9-broken");
    drop(failed.says("v9-broken → registry.example/app-a:v2").says("which runs").says("that failed is held"));
    assert_eq!(world.live_image(), "registry.example/app-a:v2");
    let second = world.head();
    drop(slipway().run(&broken).exits(5).says("is frozen"));

    world.change_by_hand();
    slipway().run(&["argocd", "wait", "dev"]).exits(0);
    let status = slipway().run(&["argocd", "status", "dev"]).exits(0);
    drop(status.says("app-a").says("Synced").says(&second[..12]).says("healed what differed from Git"));

    slipway().run(&["image", "rollback", "app-a", "--wait", "--cluster", "dev"]).exits(0);
    assert_eq!(world.live_image(), "registry.example/app-a:v1");
    // A rollback holds later bumps, and refusing one leaves Git as it is.
    let third = world.head();
    slipway().run(&["image", "set", image]).exits(5).says("unfreeze");
    assert_eq!(world.head(), third);

    // What could not be waited for is not pushed.
    let waits = |app: &str| {
        slipway().run(&[
            "image",
            "set",
            &format!("{app}=registry.example/app:v9"),
            "--unfreeze",
            "--wait",
            "--cluster",
            "dev",
        ])
    };
    waits("app-c").exits(1).says("has no Application app-c in argocd").says("nothing was pushed");
    assert_eq!(world.head(), third);

    slipway().run(&["down", "dev", "--yes"]).exits(0);
    assert!(world.clusters().is_empty());
    waits("app-a");
    assert_eq!(world.head(), third, "without a cluster there is nothing to wait for");
    // A NAT gateway stays in AWS's lists for a while as deleted; what it stood on cannot.
    for (action, element) in
        [("DescribeVpcs", "vpcId"), ("DescribeSubnets", "subnetId"), ("DescribeAddresses", "allocationId")]
    {
        assert_eq!(world.count(action, element), 0, "{action}");
    }
    assert_eq!(world.bed.kubectl(&["get", "deployments", "-A", "-o", "name"]), "");
    assert_eq!(world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found", "-o", "name"]), "");
    assert_eq!(world.bed.kubectl(&["get", "crd", "-o", "name"]).matches("argoproj.io").count(), 0);
    slipway().run(&["down", "dev", "--yes"]).exits(0).says("nothing to change");
}

#[test]
fn the_whole_way_with_the_native_engine() {
    tell_the_story("native", &terraforms()[0]);
}

#[test]
fn the_whole_way_with_terragrunt() {
    if terragrunt().is_none() {
        skipped(NO_TERRAGRUNT);
        return;
    }
    let tools = terraforms();
    tell_the_story("terragrunt", tools.last().unwrap_or(&tools[0]));
}
