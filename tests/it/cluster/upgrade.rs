//! Is a cluster ready for the next version: EKS is a server of the test or the bed's, Kubernetes and Git are real.

use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{NodegroupScalingConfig, VpcConfigRequest};
use serde_json::{Value, json};
use slipway::cluster::{CheckStatus, Manifests, readiness};

use super::on_bed::{aws, bed_aws, subnets as bed_subnets};
use super::world::{Found, World, node_group, ok, subnets, xml};
use crate::support::bed::Bed;

const ROLE: &str = "arn:aws:iam::123456789012:role/eks";

#[expect(clippy::unnecessary_wraps, reason = "it is what is handed over")]
fn none() -> Manifests {
    Ok(Vec::new())
}

/// What is found against an upgrade to the version, of what EKS and EC2 know: there is no API server here.
async fn found(world: World, target: &str, manifests: Manifests) -> Found {
    world.answer_well().await;
    let verification = readiness(&aws(&world.server.uri()).await, "dev", target, &manifests).await.unwrap();
    assert_eq!(verification.target.as_deref(), Some(target));
    Found::of(&verification)
}

/// EKS that offers two versions more, and add-ons that fit the first of them.
async fn well() -> World {
    let world = World::well().await;
    let versions = json!([
        { "clusterVersion": "1.33", "versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": 1_785_283_200 },
        {
            "clusterVersion": "1.34", "versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": 1_796_601_600,
            "endOfExtendedSupportDate": 1_828_137_600,
        },
    ]);
    world.eks("GET", "/cluster-versions", ok(json!({ "clusterVersions": versions }))).await;
    world
        .eks(
            "GET",
            "/addons/supported-versions",
            ok(json!({ "addons": [addon_versions(&["v1"], &["v1", "v2"])] })),
        )
        .await;
    world
}

/// The versions of CoreDNS: those for the cluster's version, and those for the next.
fn addon_versions(now: &[&str], then: &[&str]) -> Value {
    let mut versions: Vec<&str> = then.iter().chain(now).copied().collect();
    versions.sort_unstable();
    versions.dedup();
    let versions: Vec<Value> = versions
        .iter()
        .rev()
        .map(|version| {
            let fits = [("1.33", now), ("1.34", then)].into_iter().filter(|(_, all)| all.contains(version));
            let fits =
                fits.map(|(kubernetes, _)| json!({ "clusterVersion": kubernetes, "defaultVersion": false }));
            json!({ "addonVersion": version, "compatibilities": fits.collect::<Vec<_>>() })
        })
        .collect();
    json!({ "addonName": "coredns", "addonVersions": versions })
}

#[tokio::test]
async fn nothing_stands_against_an_upgrade_of_a_cluster_that_is_well() {
    let found = found(well().await, "1.34", none()).await;
    assert_eq!(found.open(), []);
    let target = &found.check("upgrade.target").detail;
    assert!(
        target.contains("until 2026-12-07") && target.contains("$0.60 an hour, some $365 more a month"),
        "{target}"
    );
}

#[tokio::test]
async fn each_thing_against_an_upgrade_has_its_own_finding_with_what_mends_it() {
    let check = async |world: World, target: &str, id: &str, code: &str, command: &str| {
        let found = found(world, target, none()).await;
        let check = found.check(id);
        assert_eq!(check.code, Some(code), "{:?}", found.open());
        let commands = check.commands.join("\n");
        assert!(commands.contains(command), "{commands}");
    };
    check(well().await, "1.36", "upgrade.step", "cluster::upgrade_skips", "slipway verify --for 1.34").await;
    check(well().await, "1.33", "upgrade.step", "cluster::upgrade_not_newer", "").await;
    check(well().await, "1.36", "upgrade.target", "cluster::version_unknown", "describe-cluster-versions")
        .await;
    let updating = well().await.with("/status", json!("UPDATING"));
    check(updating, "1.34", "upgrade.status", "cluster::updating", "").await;

    let world = well().await;
    let mut group = node_group("ACTIVE", &json!([]));
    group["amiType"] = json!("AL2_x86_64");
    world.eks("GET", "/clusters/dev/node-groups/ng", ok(json!({ "nodegroup": group }))).await;
    check(world, "1.34", "upgrade.machine_images", "cluster::amazon_linux", "").await;

    let world = well().await;
    world.form("DescribeSubnets", xml(subnets(&[("subnet-1", "a", 2), ("subnet-2", "b", 2)]))).await;
    check(world, "1.34", "upgrade.addresses", "cluster::few_addresses", "subnetIds=").await;

    let unfit = "cluster::addon_unfit_for_target";
    let id = "upgrade.addon.coredns";
    let versions = async |now: &[&str], then: &[&str]| {
        let world = World::well().await;
        let answer = ok(json!({ "addons": [addon_versions(now, then)] }));
        world.eks("GET", "/addons/supported-versions", answer).await;
        world
    };
    // One that fits both is taken before, or else one that fits the target afterwards.
    check(versions(&["v1", "v2"], &["v2", "v3"]).await, "1.34", id, unfit, "--addon-version v2 ").await;
    check(versions(&["v1"], &["v3"]).await, "1.34", id, unfit, "--addon-version v3 ").await;
    let without = found(versions(&["v1"], &[]).await, "1.34", none()).await;
    assert_eq!(without.check(id).status, CheckStatus::Fail);

    let world = well().await;
    let insight = json!({
        "id": "i1", "name": "Deprecated APIs", "category": "UPGRADE_READINESS", "kubernetesVersion": "1.34",
        "insightStatus": { "status": "ERROR", "reason": "used" }, "recommendation": "Migrate them",
    });
    world.eks("POST", "/clusters/dev/insights", ok(json!({ "insights": [insight] }))).await;
    world.eks("GET", "/clusters/dev/insights/i1", ok(json!({ "insight": insight }))).await;
    check(
        world,
        "1.34",
        "upgrade.insight.i1",
        "cluster::insights",
        "describe-insight --cluster-name dev --id i1",
    )
    .await;
}

#[tokio::test]
async fn manifests_that_use_what_is_removed_are_named_by_their_files() {
    let budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n".to_owned();
    let manifests = Ok(vec![("shop/pdb.yaml".to_owned(), budget)]);
    let with = found(well().await, "1.34", manifests).await;
    let id = "upgrade.manifests.policy/v1beta1.PodDisruptionBudget";
    assert_eq!(with.open(), [(id, "cluster::removed_api_in_manifests")]);
    assert_eq!(with.check(id).detail, "shop/pdb.yaml");
    let without = found(well().await, "1.34", Err("no manifests repository is named".to_owned())).await;
    assert_eq!(without.open(), [("upgrade.manifests", "cluster::manifests_unread")]);
}

fn apply(bed: &Bed, object: &Value) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), object.to_string()).unwrap();
    bed.kubectl(&["create", "-f", file.path().to_str().unwrap()]);
}

/// Looks until it is so; the controllers of Kubernetes take their time.
fn until(bed: &Bed, arguments: &[&str], wanted: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while bed.kubectl(arguments) != wanted {
        assert!(Instant::now() < deadline, "{arguments:?} never is {wanted}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn what_stands_in_the_cluster_against_an_upgrade_is_found_there() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    let eks = Client::new(&aws);
    let name = "upgrade-inside";
    let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(bed_subnets(&aws))).build();
    eks.create_cluster()
        .name(name)
        .version("1.31")
        .role_arn(ROLE)
        .resources_vpc_config(vpc)
        .send()
        .await
        .unwrap();
    let scaling = NodegroupScalingConfig::builder().min_size(1).desired_size(1).max_size(1).build();
    let group =
        eks.create_nodegroup().cluster_name(name).nodegroup_name("up").node_role(ROLE).subnets("subnet-1");
    group.version("1.28").scaling_config(scaling).send().await.unwrap();
    until(
        &bed,
        &[
            "get",
            "nodes",
            "-l",
            "emulator/cluster=upgrade-inside",
            "-o",
            "jsonpath={.items[*].status.nodeInfo.kubeletVersion}",
        ],
        "v1.28.1",
    );

    let labels = json!({ "app": "lonely" });
    apply(
        &bed,
        &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "upgrade-inside" } }),
    );
    apply(
        &bed,
        &json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "namespace": "upgrade-inside", "name": "lonely" },
            "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": {
                "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "a", "image": "a:1" }] },
            } },
        }),
    );
    apply(
        &bed,
        &json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": { "namespace": "upgrade-inside", "name": "all" },
            "spec": { "minAvailable": 1, "selector": { "matchLabels": labels } },
        }),
    );
    apply(
        &bed,
        &json!({
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": { "name": "upgrade-inside" },
            "spec": { "matchingPrecedence": 9000, "priorityLevelConfiguration": { "name": "global-default" } },
        }),
    );
    // kubectl would write the version of today.
    let applied = json!({ "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3" });
    let applied = format!("kubectl.kubernetes.io/last-applied-configuration={applied}");
    bed.kubectl(&["annotate", "flowschema", "upgrade-inside", &applied]);
    let status = "jsonpath={.status.expectedPods}/{.status.currentHealthy}/{.status.disruptionsAllowed}";
    until(&bed, &["-n", "upgrade-inside", "get", "poddisruptionbudget", "all", "-o", status], "1/1/0");

    let verification = readiness(&aws, name, "1.32", &none()).await.unwrap();
    bed.kubectl(&["delete", "namespace", "upgrade-inside", "--wait=false"]);
    bed.kubectl(&["delete", "flowschema", "upgrade-inside"]);
    assert!(!verification.passed());
    let found = Found::of(&verification);
    for (id, code, command) in [
        (
            "upgrade.nodes.up",
            "cluster::node_skew",
            "update-nodegroup-version --cluster-name upgrade-inside --nodegroup-name up",
        ),
        ("upgrade.budget.upgrade-inside/all", "cluster::budget_blocks", "patch poddisruptionbudget all"),
        (
            "upgrade.replicas",
            "cluster::single_replicas",
            "kubectl -n upgrade-inside scale deployment/lonely --replicas=2",
        ),
        (
            "upgrade.objects.flowcontrol.apiserver.k8s.io/v1beta3.FlowSchema",
            "cluster::removed_api_in_objects",
            "get flowschemas",
        ),
    ] {
        let check = found.check(id);
        assert_eq!(check.code, Some(code), "{check:?}");
        assert!(check.commands.join("\n").contains(command), "{check:?}");
    }
    assert_eq!(found.check("upgrade.nodes.up").status, CheckStatus::Fail, "1.28 is too old for 1.32");
    assert_eq!(found.check("upgrade.requests").status, CheckStatus::Pass);
    assert!(verification.summary().contains("is not ready for 1.32"), "{}", verification.summary());
}

/// A budget is mended by the command that is told, which is run here as it stands.
#[tokio::test]
async fn the_command_that_is_told_mends_the_budget() {
    let bed = Bed::shared();
    let namespace = "upgrade-mended";
    let labels = json!({ "app": "mended" });
    apply(&bed, &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }));
    apply(
        &bed,
        &json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "namespace": namespace, "name": "mended" },
            "spec": { "replicas": 2, "selector": { "matchLabels": labels }, "template": {
                "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "a", "image": "a:1" }] },
            } },
        }),
    );
    apply(
        &bed,
        &json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "namespace": namespace, "name": "all" },
            "spec": { "minAvailable": "100%", "selector": { "matchLabels": labels } },
        }),
    );
    let status = "jsonpath={.status.currentHealthy}/{.status.disruptionsAllowed}";
    let ask = ["-n", namespace, "get", "poddisruptionbudget", "all", "-o", status];
    until(&bed, &ask, "2/0");
    let aws = bed_aws(&bed).await;
    let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(bed_subnets(&aws))).build();
    let create = Client::new(&aws).create_cluster().name(namespace).version("1.33").role_arn(ROLE);
    create.resources_vpc_config(vpc).send().await.unwrap();
    let found = Found::of(&readiness(&aws, namespace, "1.34", &none()).await.unwrap());
    let command = found.check("upgrade.budget.upgrade-mended/all").commands[0].clone();
    let kubectl = crate::support::tool("kubectl");
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).env("KUBECONFIG", bed.text("/kubernetes/kubeconfig"));
    shell.env("PATH", format!("{}:/usr/bin:/bin", kubectl.parent().unwrap().display()));
    assert!(shell.status().unwrap().success(), "{command}");
    until(&bed, &ask, "2/1");
    let found = Found::of(&readiness(&aws, namespace, "1.34", &none()).await.unwrap());
    bed.kubectl(&["delete", "namespace", namespace, "--wait=false"]);
    assert!(!found.0.contains_key("upgrade.budget.upgrade-mended/all"));
}
