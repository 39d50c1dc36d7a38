//! The commands around a cluster: is it usable, and what follows Git on it.

use super::{Situation, Surface};
use crate::argocd::world::World;
use crate::support::estate::Estate;

/// Each takes seconds, and a cluster knows one Argo CD.
const TERMINAL: [Surface; 1] = [Surface::Terminal(80)];
const FEW: [Surface; 2] = [Surface::Terminal(80), Surface::Pipes];

const VERIFY: &str = r#"
  verify {
    version         = "1.33"
    min_ready_nodes = NODES
    addons          = ["coredns"]
    timeout         = "2s"
  }
"#;

fn situation(name: &'static str, world: &World, nodes: &str) -> Situation {
    let estate = Estate::new();
    estate.write("slipway.hcl", &world.project(&VERIFY.replace("NODES", nodes)));
    let mut situation = Situation::new(name, estate);
    situation.settings = [world.bed.environment(), world.settings()].concat();
    situation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_proven_and_argocd_comes_and_goes() {
    let world = World::new("screens").await;
    let well = situation("well", &world, "2");
    well.looks_on(&FEW, &["verify"]);
    situation("failed", &world, "300").looks_on(&FEW, &["verify", "dev"]);
    let fresh = situation("fresh", &world, "2");
    fresh.looks_on(&FEW, &["argocd", "status"]);
    fresh.looks_on(&TERMINAL, &["argocd", "bootstrap"]);
    well.looks_on(&FEW, &["argocd", "wait"]);
    well.looks_on(&FEW, &["argocd", "status"]);
    well.looks_on(&FEW, &["argocd", "bootstrap", "dev"]);
    well.looks_on(&TERMINAL, &["argocd", "uninstall", "--yes"]);
    fresh.looks_on(&FEW, &["argocd", "uninstall", "dev", "--yes"]);
}
