//! A cluster that is reached by a context of a kubeconfig: EKS and AWS are not asked.

use std::path::Path;

use serde_json::{Value, json};

use super::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::stopping::until;
use crate::support::tool;

/// Runs where nobody answers for AWS.
fn run(estate: &Estate, arguments: &[&str]) -> Ended {
    let slipway = Slipway::new(estate.path(), &tool("tofu"));
    let slipway =
        slipway.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
    slipway.env("SLIPWAY_MANIFESTS_TOKEN", "canary-of-the-manifests").run(arguments)
}

fn block(verify: &str) -> String {
    format!(
        "cluster \"dev\" {{\n  context    = \"bed\"\n  kubeconfig = \"kube/config\"\n  verify {{\n{verify}\n  }}\n}}\n"
    )
}

/// The kubeconfig of the bed, with its one context called `bed`, and what becomes of its user.
fn write_kubeconfig(estate: &Estate, bed: &Bed, user: impl FnOnce(&Value) -> Value) {
    let text = bed.kubectl(&["config", "view", "--raw", "--flatten", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["contexts"][0]["name"] = json!("bed");
    config["current-context"] = json!("another");
    config["users"][0]["user"] = user(&config["users"][0]["user"]);
    estate.write("kube/config", &config.to_string());
}

/// The nodes of the bed come with a node group, and a moment after it.
async fn with_nodes(bed: &Bed, name: &str) {
    cluster(&bed_aws(bed).await, name).await;
    let ready = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
    until("no node is ready", || bed.kubectl(&["get", "nodes", "-o", ready]).contains("True"));
}

fn check<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cluster_itself_knows_is_verified_and_what_only_eks_knows_is_no_pass() {
    let bed = Bed::shared();
    with_nodes(&bed, "verify-context").await;
    let estate = Estate::new();
    write_kubeconfig(&estate, &bed, Value::clone);
    estate.write(
        "slipway.hcl",
        &block("min_ready_nodes = 1\nprobe = true\nprobe_image = \"example.com/pause:1\""),
    );
    let answer = run(&estate, &["verify", "--format", "json"]).exits(0).json();
    for id in ["kubernetes.api", "kubernetes.permissions", "kubernetes.nodes", "kubernetes.probe"] {
        assert_eq!(check(&answer, id)["status"], "pass", "{id} in {answer:#}");
    }
    assert_eq!(answer["checks"].as_array().unwrap().len(), 4, "{answer:#}");
    assert_eq!(answer["cluster"]["name"], "bed");
    let version = answer["cluster"]["version"].as_str().unwrap().to_owned();
    run(&estate, &["verify", "--all"]).exits(0).says("1 of 1 clusters are usable");

    let wanted = format!("version = \"{version}\"\naddons = [\"coredns\"]\nlogging = [\"audit\"]");
    estate.write("slipway.hcl", &block(&wanted));
    let answer = run(&estate, &["verify", "--format", "json"]).exits(0).json();
    assert_eq!(check(&answer, "cluster.version")["status"], "pass");
    let open = check(&answer, "cluster.eks");
    assert_eq!((&open["status"], &open["code"]), (&json!("not answered"), &json!("cluster::by_context")));
    assert!(open["detail"].as_str().unwrap().ends_with("addons, logging"), "{open}");
    estate.write("slipway.hcl", &block("version = \"1.2\"\nmin_ready_nodes = 900"));
    let failed = run(&estate, &["verify"]).exits(1);
    failed.says("expected 1.2").says("kubernetes.nodes");

    // What only EKS knows is not asked of anybody else.
    run(&estate, &["verify", "--for", "1.38"]).exits(1).says("`verify --for` asks EKS");
    for command in ["kubeconfig", "token"] {
        run(&estate, &[command, "dev"]).exits(1).says("is reached by a context of a kubeconfig");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_logs_in_gets_no_token_of_the_manifests() {
    let bed = Bed::shared();
    with_nodes(&bed, "verify-context-login").await;
    let estate = Estate::new();
    write_kubeconfig(&estate, &bed, |user| {
        let status = json!({ "token": user["token"].as_str().unwrap() });
        let version = "client.authentication.k8s.io/v1";
        let credential = json!({ "apiVersion": version, "kind": "ExecCredential", "status": status });
        estate.write("kube/credential.json", &credential.to_string());
        let folder = estate.path().join("kube");
        let script = format!("env > {0}/seen; cat {0}/credential.json", folder.display());
        json!({ "exec": { "apiVersion": version, "command": "/bin/sh", "args": ["-c", script] } })
    });
    estate.write("slipway.hcl", &block(""));
    run(&estate, &["verify"]).exits(0);
    let seen = std::fs::read_to_string(estate.path().join("kube/seen")).unwrap();
    assert!(seen.contains("KUBERNETES_EXEC_INFO=") && !seen.contains("canary-of-the-manifests"), "{seen}");
    // One that fails is told in its words, and by the name of the context.
    let config = std::fs::read_to_string(estate.path().join("kube/config")).unwrap();
    estate.write("kube/config", &config.replace("/bin/sh", "/nowhere/login"));
    run(&estate, &["verify"]).exits(1).says("the context \"bed\" cannot be used");
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn a_context_that_leads_nowhere_is_told_with_those_that_are_there() {
    let bed = Bed::shared();
    let estate = Estate::new();
    write_kubeconfig(&estate, &bed, Value::clone);
    estate.write("slipway.hcl", &block("").replace("\"bed\"", "\"bde\""));
    let ended = run(&estate, &["verify"]).exits(1);
    ended.says("the context \"bde\" cannot be used: the kubeconfig does not have it; it has bed");
    estate.write("slipway.hcl", &block("").replace("kube/config", "kube/nothing"));
    run(&estate, &["verify"]).exits(1).says("the context \"bed\" cannot be used");
    estate.write("slipway.hcl", &block("").replace("context    = \"bed\"", "name = \"dev\""));
    run(&estate, &["verify"]).exits(3).says("a `kubeconfig` without a `context`").says("slipway.hcl:3:16");
    estate.write("slipway.hcl", "cluster \"dev\" {\n  region = \"eu-west-1\"\n}\n");
    run(&estate, &["verify"]).exits(3).says("name");
}
