//! The gates that `up` puts between the units.

use std::collections::BTreeSet;

use super::promotions::on_and;
use super::{Cluster, Project, Promotion, Promotions};
use crate::estate::{Estate, GateKind, PlannedGate, UnitIndex};

impl Cluster {
    /// What a run calls its gates: the check of the cluster, then, where it gets one, Argo CD and the applications.
    pub fn gate_names(&self) -> (String, Option<(String, String)>) {
        let name = |kind: &str| format!("{kind} {}", self.label);
        (name("verify"), self.has_argocd().then(|| (name("argocd"), name("applications"))))
    }
}

/// The gates of a run of `up` over the units in `selected`, in the order of slipway.hcl: those of the clusters whose unit
/// is among them, and before those what waits for other clusters, where anything is among them that waits.
pub fn planned_gates(
    project: &Project,
    estate: &Estate,
    promotions: &Promotions,
    selected: &BTreeSet<UnitIndex>,
) -> Vec<PlannedGate> {
    let mut gates = Vec::new();
    let unit_of = |cluster: &Cluster| {
        let unit = project.unit_dir(cluster).and_then(|dir| estate.find(&dir));
        unit.filter(|unit| selected.contains(unit))
    };
    for cluster in &project.clusters {
        let promotion = promotions.all.iter().find(|promotion| promotion.label == cluster.label);
        gates.extend(promotion.zip(cluster.promotion_name()).and_then(|(promotion, name)| {
            promotion_gate(promotion, name, estate, selected, &|label| {
                let cluster = project.cluster(label)?;
                unit_of(cluster).and(cluster.gate_names().1).map(|(_, applications)| applications)
            })
        }));
        let Some(unit) = unit_of(cluster) else { continue };
        let on_it: BTreeSet<UnitIndex> =
            standing_on(estate, unit).into_iter().filter(|unit| selected.contains(unit)).collect();
        let depends = |dependent: &UnitIndex| {
            estate.unit(*dependent).dependencies.iter().any(|dependency| dependency.to == unit)
        };
        let (verify, argocd) = cluster.gate_names();
        let before = on_it.iter().copied().filter(depends).collect();
        let kind = GateKind::Verify;
        gates.push(PlannedGate {
            kind,
            name: verify.clone(),
            after_gates: vec![],
            after: vec![unit],
            before,
        });
        if let Some((argocd, applications)) = argocd {
            let after_gates = vec![verify];
            let kind = GateKind::Argocd;
            let registered = project.clusters.iter().filter(|other| cluster.registers(&other.label));
            let others = registered.filter_map(|other| estate.find(&project.unit_dir(other)?));
            let after = others.filter(|other| selected.contains(other)).collect();
            gates.push(PlannedGate { kind, name: argocd.clone(), after_gates, after, before: vec![] });
            let later = promotions.later(&cluster.label);
            gates.push(PlannedGate {
                kind: GateKind::Applications,
                name: applications,
                after_gates: vec![argocd],
                after: on_it.difference(&later).copied().collect(),
                before: vec![],
            });
        }
    }
    gates
}

/// What holds a cluster back until others are green; none where nothing of it is in the run. `applications` has the gate of
/// another cluster that says so, where it is in the run as well.
fn promotion_gate(
    promotion: &Promotion,
    name: String,
    estate: &Estate,
    selected: &BTreeSet<UnitIndex>,
    applications: &dyn Fn(&str) -> Option<String>,
) -> Option<PlannedGate> {
    let before = promotion.first_held(estate, selected);
    let (mut after_gates, mut after) = (Vec::new(), BTreeSet::new());
    for (label, needed) in promotion.after.iter().zip(&promotion.needed) {
        match applications(label) {
            Some(gate) => after_gates.push(gate),
            None => after.extend(needed.intersection(selected)),
        }
    }
    let after = after.into_iter().collect();
    let kind = GateKind::Promotion;
    (!before.is_empty()).then_some(PlannedGate { kind, name, after_gates, after, before })
}

/// What depends on a unit, over any number of steps.
fn standing_on(estate: &Estate, unit: UnitIndex) -> BTreeSet<UnitIndex> {
    let mut found = on_and(estate, unit);
    found.remove(&unit);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::fixture::Tree;
    use crate::view::{Link, Node, Picture, page, svg};

    fn on(dependency: &str) -> String {
        format!("dependency \"{dependency}\" {{\n  config_path = \"../{dependency}\"\n}}\n")
    }

    /// The picture of the estate of a slipway.hcl, with its gates.
    fn picture_with_gates(tree: &Tree) -> Picture {
        let project = Project::read(&tree.path("slipway.hcl"), tree.options("plan")).unwrap();
        let estate = Estate::discover(&project.estate_root, &tree.reader("plan"));
        let all = estate.iter().map(|(index, _)| index).collect();
        let promotions = Promotions::of(&project, &estate).unwrap();
        let gates = planned_gates(&project, &estate, &promotions, &all);
        Picture::new(&estate, &gates, &estate.diagnostics, &project.estate_root)
    }

    fn node<'a>(picture: &'a Picture, path: &str) -> &'a Node {
        picture.nodes.iter().find(|node| node.path == path).unwrap()
    }

    const CLUSTER: &str = r#"
estate {
  root = "live"
}
cluster "dev" {
  unit   = "dev/cluster"
  name   = "dev"
  region = "eu-west-1"
  argocd {
    version = "v3.1.0"
    repository {
      url = "https://git.example.com/m.git"
    }
    root {
      path     = "apps"
      revision = "main"
    }
  }
}
    "#;

    #[test]
    fn gates_stand_between_the_units_and_change_no_wave() {
        let tree = Tree::new(&[
            ("slipway.hcl", CLUSTER),
            ("live/dev/networking/terragrunt.hcl", ""),
            ("live/dev/cluster/terragrunt.hcl", &on("networking")),
            ("live/dev/identity/terragrunt.hcl", &on("cluster")),
            ("live/other/bucket/terragrunt.hcl", ""),
        ]);
        let drawn = picture_with_gates(&tree);
        let names: Vec<&str> = drawn.nodes.iter().skip(4).map(|node| node.path.as_str()).collect();
        assert_eq!(
            (names.as_slice(), drawn.gates()),
            (&["verify dev", "argocd dev", "applications dev"][..], 3)
        );
        let x = |path: &str| node(&drawn, path).at.x;
        for pair in
            ["dev/networking", "dev/cluster", "verify dev", "dev/identity", "applications dev"].windows(2)
        {
            assert!(x(pair[0]) < x(pair[1]), "{pair:?}");
        }
        assert!(x("verify dev") < x("argocd dev") && x("argocd dev") < x("applications dev"));
        assert_eq!((drawn.waves, node(&drawn, "dev/identity").wave), (3, Some(3)));
        assert_eq!(node(&drawn, "verify dev").wave, None);
        assert_eq!(node(&drawn, "verify dev").card, node(&drawn, "dev/cluster").card);
        let link = |from: &str, to: &str| {
            let is_it = |link: &&Link| drawn.nodes[link.from].path == from && drawn.nodes[link.to].path == to;
            drawn.links.iter().filter(is_it).count()
        };
        for (from, to) in [
            ("dev/cluster", "verify dev"),
            ("verify dev", "dev/identity"),
            ("verify dev", "argocd dev"),
            ("argocd dev", "applications dev"),
            ("dev/identity", "applications dev"),
        ] {
            assert_eq!(link(from, to), 1, "{from} → {to}");
        }
        // Nothing covers anything, and lines begin and end at the tips.
        for (place, one) in drawn.nodes.iter().enumerate() {
            for other in drawn.nodes.iter().skip(place + 1) {
                let beside = one.at.x + one.width <= other.at.x || other.at.x + other.width <= one.at.x;
                let above = (one.at.y - other.at.y).abs() >= Node::HEIGHT;
                assert!(beside || above, "{} and {}", one.path, other.path);
            }
        }
        let text = svg(&drawn);
        assert!(text.contains("4 units, 2 dependencies, 3 waves, 3 gates"), "{text}");
        assert_eq!(text.matches("<polygon").count(), 3 + 1, "three gates, and one in the legend");
        assert!(text.contains("verify dev\n· gate of `slipway up`\n· the cluster is usable"), "{text}");
        assert!(page(&drawn).contains("\"gate\":\"Argo CD is installed and healthy\""));
    }
}
