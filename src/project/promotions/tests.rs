use super::*;
use crate::project::fixture::{Tree, told};
use crate::project::planned_gates;
use crate::view::gates_text;

const ARGOCD: &str = r#"
  argocd {
    version = "v3.6.1"
    repository {
      url = "https://git.example.com/m.git"
    }
    root {
      path = "apps"
    }
MORE
  }
"#;

/// A cluster block; `argocd` is what its argocd block has besides, where it has one.
fn cluster(label: &str, attributes: &str, argocd: Option<&str>) -> String {
    let argocd = argocd.map(|more| ARGOCD.replace("MORE", more)).unwrap_or_default();
    format!("cluster \"{label}\" {{\n  name = \"{label}\"\n  {attributes}\n{argocd}}}\n")
}

fn project(tree: &Tree, clusters: &[String]) -> Result<Project, Vec<Diagnostic>> {
    tree.write("slipway.hcl", &format!("estate {{\n  root = \"live\"\n}}\n{}", clusters.concat()));
    Project::read(&tree.path("slipway.hcl"), tree.options("plan"))
}

fn on(dependencies: &[&str]) -> String {
    let block = |(number, path): (usize, &&str)| {
        format!("dependency \"d{number}\" {{\n  config_path = \"${{get_repo_root()}}/live/{path}\"\n}}\n")
    };
    dependencies.iter().enumerate().map(block).collect()
}

fn estate_of(tree: &Tree, project: &Project) -> Estate {
    let estate = Estate::discover(&project.estate_root, &tree.reader("plan"));
    assert!(!estate.has_errors(), "{}", told(&estate.diagnostics));
    estate
}

/// Two environments on one network, each with something on its cluster, something on both, and what nothing depends on.
fn two() -> Tree {
    let (cluster_dev, cluster_prod) =
        (on(&["shared/dns", "dev/network"]), on(&["shared/dns", "prod/network"]));
    Tree::new(&[
        ("live/shared/dns/terragrunt.hcl", ""),
        ("live/shared/logs/terragrunt.hcl", ""),
        ("live/dev/network/terragrunt.hcl", ""),
        ("live/dev/cluster/terragrunt.hcl", &cluster_dev),
        ("live/dev/identity/terragrunt.hcl", &on(&["dev/cluster"])),
        ("live/prod/network/terragrunt.hcl", ""),
        ("live/prod/bucket/terragrunt.hcl", ""),
        ("live/prod/cluster/terragrunt.hcl", &cluster_prod),
        ("live/prod/identity/terragrunt.hcl", &on(&["prod/cluster", "prod/bucket"])),
        ("live/shared/peering/terragrunt.hcl", &on(&["dev/cluster", "prod/cluster"])),
    ])
}

fn dev_and_prod() -> [String; 2] {
    [
        cluster("prod", "unit = \"prod/cluster\"\n  after = [\"dev\"]", Some("")),
        cluster("dev", "unit = \"dev/cluster\"", Some("")),
    ]
}

#[test]
fn what_belongs_to_a_cluster_waits_with_it_and_what_the_other_needs_does_not() {
    let tree = two();
    let project = project(&tree, &dev_and_prod()).unwrap();
    let estate = estate_of(&tree, &project);
    let promotions = Promotions::of(&project, &estate).unwrap();
    let names = |units: &Units| units.iter().map(|unit| estate.name(*unit)).collect::<Vec<_>>();
    let [prod] = promotions.all.as_slice() else { panic!("{promotions:?}") };
    assert_eq!(
        names(&prod.holds),
        ["prod/bucket", "prod/cluster", "prod/identity", "prod/network", "shared/peering"]
    );
    assert_eq!(names(&prod.needed[0]), ["dev/cluster", "dev/identity", "dev/network", "shared/dns"]);
    let all: Units = estate.iter().map(|(index, _)| index).collect();
    let gates = planned_gates(&project, &estate, &promotions, &all);
    let live = tree.path("live");
    insta::assert_snapshot!(gates_text(&estate, &gates, &live), @r"
    gates of `slipway up`
      promotion prod  ← applications dev
      prod/bucket  ← promotion prod
      prod/network  ← promotion prod
      verify prod  ← prod/cluster
      prod/identity  ← verify prod
      shared/peering  ← verify prod
      argocd prod  ← verify prod
      applications prod  ← argocd prod, prod/identity, shared/peering
      verify dev  ← dev/cluster
      dev/identity  ← verify dev
      shared/peering  ← verify dev
      argocd dev  ← verify dev
      applications dev  ← argocd dev, dev/identity
    ");

    // Where the other one is not in the run, its units that are wait for nobody, and the gate waits for them.
    let is_in = |name: &str| name.starts_with("prod") || name == "dev/identity";
    let some: Units = all.iter().copied().filter(|unit| is_in(&estate.name(*unit))).collect();
    let gates = planned_gates(&project, &estate, &promotions, &some);
    insta::assert_snapshot!(gates_text(&estate, &gates[..1], &live), @r"
    gates of `slipway up`
      promotion prod  ← dev/identity
      prod/bucket  ← promotion prod
      prod/network  ← promotion prod
    ");
    // Where nothing of it is in the run, there is no gate.
    let dev = all.iter().copied().filter(|unit| estate.name(*unit).starts_with("dev")).collect();
    let gates = planned_gates(&project, &estate, &promotions, &dev);
    assert!(gates.iter().all(|gate| !gate.name.starts_with("promotion")), "{gates:?}");
}

#[test]
fn a_part_of_an_environment_waits_also_where_its_cluster_is_not_looked_at() {
    let tree = two();
    let project = project(&tree, &dev_and_prod()).unwrap();
    let estate = Estate::discover(&tree.path("live/prod/bucket"), &tree.reader("plan"));
    let promotions = Promotions::of(&project, &estate).unwrap();
    let holds = promotions.all[0].holds.iter().map(|unit| estate.unit(*unit).dir.clone());
    assert_eq!(holds.collect::<Vec<_>>(), [tree.path("live/prod/bucket")]);
}

#[test]
fn one_after_another_is_held_by_each() {
    let tree = two();
    for (place, depends) in
        [("stage/cluster", &[][..]), ("stage/identity", &["stage/cluster", "dev/cluster"])]
    {
        tree.write(&format!("live/{place}/terragrunt.hcl"), &on(depends));
    }
    let [prod, dev] = dev_and_prod();
    let prod = prod.replace("[\"dev\"]", "[\"stage\"]");
    let stage = cluster("stage", "unit = \"stage/cluster\"\n  after = [\"dev\"]", Some(""));
    let project = project(&tree, &[prod, dev, stage]).unwrap();
    let estate = estate_of(&tree, &project);
    let promotions = Promotions::of(&project, &estate).unwrap();
    let all: Units = estate.iter().map(|(index, _)| index).collect();
    let gates = planned_gates(&project, &estate, &promotions, &all);
    insta::assert_snapshot!(gates_text(&estate, &gates, &tree.path("live")), @r"
    gates of `slipway up`
      promotion prod  ← applications stage
      prod/bucket  ← promotion prod
      prod/network  ← promotion prod
      verify prod  ← prod/cluster
      prod/identity  ← verify prod
      shared/peering  ← verify prod
      argocd prod  ← verify prod
      applications prod  ← argocd prod, prod/identity, shared/peering
      verify dev  ← dev/cluster
      dev/identity  ← verify dev
      shared/peering  ← verify dev
      stage/identity  ← verify dev
      argocd dev  ← verify dev
      applications dev  ← argocd dev, dev/identity
      promotion stage  ← applications dev
      stage/cluster  ← promotion stage
      verify stage  ← stage/cluster
      stage/identity  ← verify stage
      argocd stage  ← verify stage
      applications stage  ← argocd stage, stage/identity
    ");
}

#[test]
fn what_cannot_be_waited_for_is_an_error_where_it_stands() {
    let tree = two();
    let dev = || cluster("dev", "unit = \"dev/cluster\"", Some(""));
    let prod =
        |after: &str| cluster("prod", &format!("unit = \"prod/cluster\"\n  after = {after}"), Some(""));
    let wrong = [
        vec![dev(), prod("[\"deb\"]")],
        vec![dev(), prod("[\"prod\"]")],
        vec![cluster("dev", "unit = \"dev/cluster\"", None), prod("[\"dev\"]")],
        vec![dev().replace("root {\n      path = \"apps\"\n    }", ""), prod("[\"dev\"]")],
        vec![dev(), cluster("prod", "after = [\"dev\"]", None)],
        vec![dev().replace("name = \"dev\"", "name = \"dev\"\n  after = [\"prod\"]"), prod("[\"dev\"]")],
        vec![dev(), prod("\"dev\"")],
        vec![dev(), prod("[outputs.before]")],
    ];
    let said: Vec<String> = wrong
        .iter()
        .map(|clusters| told(&project(&tree, clusters).unwrap_err()))
        .map(|text| text.replace(&tree.root().display().to_string(), ""))
        .collect();
    insta::assert_snapshot!(said.join("\n\n"), @r#"
    /slipway.hcl:22:11: cluster "prod" waits for "deb", which slipway.hcl does not have
      help: did you mean "dev"?

    /slipway.hcl:22:11: cluster "prod" waits for itself

    /slipway.hcl:11:11: cluster "prod" waits for "dev", which has no argocd block, so nothing of it becomes green
      help: cluster "dev" needs argocd { repository { … } root { … } }

    /slipway.hcl:20:11: cluster "prod" waits for "dev", which follows nothing, so its applications are green at no commit
      help: cluster "dev" needs argocd { repository { … } root { … } }

    /slipway.hcl:21:11: cluster "prod" waits for others, and no run changes anything of it
      help: name its `unit`, or leave `after` out

    /slipway.hcl:6:11: clusters wait for each other in a circle: "dev" after "prod" after "dev"
      help: take one of them out of an `after`

    /slipway.hcl:22:11: "after" has the wrong type: a list of strings is needed, this is a string

    /slipway.hcl:22:12: there is no `outputs` here
      help: the names here are `dependency`, `feature`, `include`, `local`, `values`
    "#);
}

#[test]
fn an_order_that_the_estate_does_not_allow_is_an_error() {
    let tree = two();
    let errors = |clusters: &[String]| {
        let project = project(&tree, clusters).unwrap();
        let found = Promotions::of(&project, &estate_of(&tree, &project)).unwrap_err();
        told(&found).replace(&tree.root().display().to_string(), "")
    };
    // Its Argo CD deploys to the one that waits for it.
    let registers = cluster("dev", "unit = \"dev/cluster\"", Some("    cluster \"prod\" {}"));
    let [prod, dev] = dev_and_prod();
    let registered = errors(&[prod.clone(), registers]);
    // Its unit depends on it.
    tree.write("live/dev/network/terragrunt.hcl", &on(&["prod/cluster"]));
    let depends = errors(&[prod, dev]);
    insta::assert_snapshot!(format!("{registered}\n\n{depends}"), @r#"
    /slipway.hcl:7:11: cluster "prod" waits for "dev", and "dev" needs prod/cluster, which waits with it
      help: take "dev" out of its `after`, or prod/cluster out of what "dev" depends on or its Argo CD deploys to

    /slipway.hcl:7:11: cluster "prod" waits for "dev", and "dev" needs prod/cluster, which waits with it
      help: take "dev" out of its `after`, or prod/cluster out of what "dev" depends on or its Argo CD deploys to
    "#);
}

#[test]
fn pairs_that_share_crosswise_are_an_error_and_no_run_that_never_begins() {
    let tree = two();
    for place in ["a1", "a2", "b1", "b2", "a3", "b3"] {
        // The second of each pair needs what lies in the folder of the other pair's third.
        let depends = match place {
            "a2" => on(&["b3/own"]),
            "b2" => on(&["a3/own"]),
            _ => String::new(),
        };
        tree.write(&format!("live/{place}/cluster/terragrunt.hcl"), &depends);
        tree.write(&format!("live/{place}/own/terragrunt.hcl"), "");
    }
    let chain = |label: &str, after: &str| {
        let after = if after.is_empty() { String::new() } else { format!("\n  after = [\"{after}\"]") };
        cluster(label, &format!("unit = \"{label}/cluster\"{after}"), Some(""))
    };
    let clusters = [
        chain("a1", ""),
        chain("a2", "a1"),
        chain("a3", "a2"),
        chain("b1", ""),
        chain("b2", "b1"),
        chain("b3", "b2"),
    ];
    let project = project(&tree, &clusters).unwrap();
    let found = Promotions::of(&project, &estate_of(&tree, &project)).unwrap_err();
    insta::assert_snapshot!(told(&found).replace(&tree.root().display().to_string(), ""), @r#"
    /slipway.hcl:22:11: cluster "a2" waits for itself, by units that it shares with "a1" and "b1" and "b2"
      help: take one of them out of an `after`, or let them share nothing
    "#);
}
