//! The clusters of slipway.hcl: there, not there yet, and gone.

use super::{assert_found, slipway, unique};
use crate::cluster::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::estate::Estate;

const JSON: &[&str] = &["doctor", "--format", "json"];

/// An estate in S3 with a cluster whose name is an output.
fn estate(bucket: &str) -> Estate {
    let estate = Estate::chain();
    estate.keep_states_in_s3(bucket);
    estate.write(
        "slipway.hcl",
        "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  unit = \"cluster\"\n  name = outputs.value\n  \
         region = \"eu-west-1\"\n}\n",
    );
    estate
}

/// The state of a unit that was applied.
fn state(name: &str) -> String {
    format!(
        "{{\"version\": 4, \"serial\": 1, \"lineage\": \"l\", \"resources\": [], \"outputs\": {{\"value\": \
         {{\"value\": \"{name}\", \"type\": \"string\"}}}}}}"
    )
}

#[tokio::test]
async fn a_cluster_is_not_there_yet_before_its_unit_was_applied_then_there_and_gone_when_it_is_deleted() {
    let bed = Bed::shared();
    let (bucket, name) = (unique("clusters"), unique("named"));
    bed.put_bucket(&bucket);
    let estate = estate(&bucket);
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    assert_found(&ended, "cluster", "optional", &["not there yet", "apply cluster first"]);

    bed.put_object(&bucket, "cluster/terraform.tfstate", &state(&name));
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    assert_found(&ended, "cluster", "missing", &[&name, "does not exist in eu-west-1"]);

    cluster(&bed_aws(&bed).await, &name).await;
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    assert_found(&ended, "cluster", "ok", &[&name, "is ACTIVE, Kubernetes 1.33"]);
}

#[test]
fn a_cluster_that_is_named_need_not_be_there_before_its_unit_was_applied() {
    let bed = Bed::shared();
    let bucket = unique("literal");
    bed.put_bucket(&bucket);
    let estate = estate(&bucket);
    estate.write(
        "slipway.hcl",
        "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  unit = \"cluster\"\n  name = \"doctor-literal\"\n  \
         region = \"eu-west-1\"\n}\n",
    );
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    assert_found(&ended, "cluster", "optional", &["not there yet: doctor-literal", "`slipway up`"]);
}

#[test]
fn a_cluster_whose_unit_is_not_there_is_told_with_a_near_name() {
    let bed = Bed::shared();
    let bucket = unique("near");
    bed.put_bucket(&bucket);
    let estate = estate(&bucket);
    let project = std::fs::read_to_string(estate.path().join("slipway.hcl")).unwrap();
    estate.write("slipway.hcl", &project.replace("\"cluster\"", "\"clutser\""));
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    assert_found(&ended, "cluster", "missing", &["there is no unit clutser", "did you mean \"cluster\"?"]);
}
