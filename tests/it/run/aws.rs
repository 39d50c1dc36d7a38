//! What AWS does that a run has to tell apart.

use serde_json::json;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

fn slipway(estate: &Estate, bed: &Bed) -> Slipway {
    Slipway::new(estate.path(), &terraforms()[0]).bed(bed)
}

#[test]
fn a_state_bucket_is_created_only_where_that_was_asked_for() {
    let bed = Bed::start(&["aws"]);
    let estate = Estate::of_the_project();
    let unit = "dev/eu-west-1/networking";
    let refused = slipway(&estate, &bed).run(&["apply", unit, "--yes"]).exits(1);
    drop(refused.says("the state bucket").says("does not exist").says("--backend-bootstrap"));
    assert!(!bed.aws("s3", "/").contains("acme-terraform-state"), "nothing was created");
    slipway(&estate, &bed).run(&["plan", unit, "--backend-bootstrap"]).exits(0);
    let bucket = "/acme-terraform-state-111111111111-eu-west-1";
    assert!(bed.aws("s3", &format!("{bucket}?versioning")).contains("Enabled"));
    assert!(bed.aws("s3", &format!("{bucket}?encryption")).contains("AES256"));
    assert!(bed.aws("s3", &format!("{bucket}?publicAccessBlock")).contains("<BlockPublicAcls>true"));
}

#[test]
fn credentials_that_aws_does_not_accept_are_told_as_that() {
    let bed = Bed::start(&["aws"]);
    let estate = Estate::of_the_project();
    let denied = slipway(&estate, &bed).env("AWS_ACCESS_KEY_ID", "deniedkey");
    let up = denied.run(&["up", "dev", "--yes", "--backend-bootstrap"]).exits(1);
    drop(up.says("check the credentials").says("dev/eu-west-1/cluster"));
}

#[test]
fn a_cluster_that_never_becomes_active_fails_its_gate_and_what_stands_on_it_is_skipped() {
    let bed = Bed::start(&["aws"]);
    let estate = Estate::of_the_project();
    let hcl = std::fs::read_to_string(estate.path().join("slipway.hcl")).unwrap();
    estate.write(
        "slipway.hcl",
        &hcl.replace("min_ready_nodes = 2", "min_ready_nodes = 2\n    timeout = \"3s\""),
    );
    for unit in ["networking", "cluster"] {
        let path = format!("dev/eu-west-1/{unit}");
        slipway(&estate, &bed).run(&["apply", &path, "--yes", "--backend-bootstrap"]).exits(0);
    }
    bed.fault(&json!({ "kind": "status", "resource": "cluster", "name": "acme-dev", "status": "CREATING" }));
    let verify = slipway(&estate, &bed).run(&["verify", "dev", "--timeout", "2"]).exits(1);
    drop(verify.says("CREATING").says("after 2 s"));
    bed.mend();
    // While it is created the tool itself waits; the gate is for what comes after, such as an update that hangs.
    bed.fault(&json!({ "kind": "status", "resource": "cluster", "name": "acme-dev", "status": "UPDATING" }));
    let up = slipway(&estate, &bed).run(&["up", "dev", "--yes", "--format", "json"]).exits(1);
    let nodes = up.json()["nodes"].clone();
    let node =
        |name: &str| nodes.as_array().unwrap().iter().find(|node| node["name"] == name).unwrap().clone();
    assert_eq!(node("dev/eu-west-1/cluster")["result"], "unchanged", "{nodes}");
    assert!(
        node("verify dev")["message"].as_str().unwrap().contains("status is UPDATING after 3 s"),
        "{nodes}"
    );
    assert_eq!(node("dev/eu-west-1/workload-identity")["cause"], "verify dev");
    assert_eq!(node("applications dev")["cause"], "verify dev");
}

#[test]
fn networking_comes_up_and_goes_on_another_emulator() {
    let bed = Bed::localstack();
    let estate = Estate::of_the_project();
    let unit = "dev/eu-west-1/networking";
    slipway(&estate, &bed).run(&["apply", unit, "--yes", "--backend-bootstrap"]).exits(0);
    slipway(&estate, &bed).run(&["apply", unit, "--yes"]).exits(0).says("nothing to change");
    let vpcs = "/?Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag:Environment&Filter.1.Value.1=dev";
    assert_eq!(bed.aws("ec2", vpcs).matches("<vpcId>").count(), 1);
    slipway(&estate, &bed).run(&["destroy", unit, "--yes"]).exits(0);
    assert_eq!(bed.aws("ec2", vpcs).matches("<vpcId>").count(), 0);
}
