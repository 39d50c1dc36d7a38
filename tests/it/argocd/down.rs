//! Two clusters on the way down, of which one does not answer any more.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use slipway::argocd::uninstall;

use super::world::World;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

const LONG: Duration = Duration::from_mins(6);

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_holds_up_its_own_units_alone_and_the_way_round_it_is_named() {
    let world = World::new("argo-down").await;
    let estate = Estate::new();
    estate.unit("dev/cluster", &[]).unit("prod/network", &[]).unit("prod/cluster", &["network"]);
    estate.unit("prod/queue", &["network"]);
    let config = world.bed.kubectl(&["config", "view", "--raw", "--flatten", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["contexts"][0]["name"] = "of-prod".into();
    // Nobody listens there, and nobody will.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    config["clusters"][0]["cluster"]["server"] = format!("https://{closed}").into();
    estate.write("kube.json", &config.to_string());
    let block = world.project("");
    let dev = block.replace("name   =", "unit = \"dev/cluster\"\n  name   =");
    let prod = block.replace("cluster \"dev\"", "cluster \"prod\"");
    let prod = prod.replace("region = \"eu-west-1\"", "context = \"of-prod\"\n  kubeconfig = \"kube.json\"");
    let prod = prod.replace("name   =", "unit = \"prod/cluster\"\n  name   =");
    estate.write("slipway.hcl", &format!("estate {{\n  root = \"live\"\n}}\n{prod}{dev}"));
    let run = |arguments: &[&str]| -> Ended {
        let slipway = Slipway::new(estate.path(), &tool("tofu")).bed(&world.bed);
        let slipway =
            world.settings().iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value));
        tokio::task::block_in_place(|| slipway.run(arguments))
    };
    let applied = |unit: &str| estate.applied(unit).is_some();

    run(&["apply", "--yes"]).exits(0);
    run(&["argocd", "bootstrap", "dev"]).exits(0);
    let down = run(&["down", "--yes", "--format", "json"]).exits(1).json();
    let node = |name: &str| {
        let nodes = down["nodes"].as_array().unwrap();
        nodes
            .iter()
            .find(|node| node["name"] == name)
            .unwrap_or_else(|| panic!("no {name} in {down:#}"))
            .clone()
    };
    // The one is gone with its Argo CD, and what stands on neither.
    assert_eq!(
        (&node("argocd dev")["result"], &node("dev/cluster")["result"]),
        (&"done".into(), &"destroyed".into())
    );
    assert!(!applied("dev/cluster") && !applied("prod/queue"), "{down:#}");
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);
    // The other is as it was, with what it stands on.
    let gate = node("argocd prod");
    assert_eq!(gate["result"], "failed");
    assert!(gate["message"].as_str().unwrap().contains("the cluster did not answer"), "{gate:#}");
    for unit in ["prod/cluster", "prod/network"] {
        let unit = node(unit);
        assert_eq!((&unit["result"], &unit["cause"]), (&"skipped".into(), &"argocd prod".into()), "{unit:#}");
    }
    assert!(applied("prod/cluster") && applied("prod/network"));

    // The way round is named, and leads there.
    let told = run(&["resume", "--yes"]).exits(1);
    told.says("`slipway destroy prod/cluster` takes it down without asking it")
        .says("`slipway resume` goes on");
    run(&["destroy", "prod/cluster", "--yes"]).exits(0);
    assert!(!applied("prod/cluster") && applied("prod/network"));
    run(&["down", "--yes"]).exits(0);
    assert!(!applied("prod/network"));
    let spec = world.spec("argocd").await;
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
}
