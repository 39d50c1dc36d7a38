//! The places of states, and the credentials to come to them.

use serde_json::json;

use super::{assert_found, found, nowhere, only, slipway, unique};
use crate::cluster::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::estate::Estate;

const JSON: &[&str] = &["doctor", "--format", "json"];

#[tokio::test]
async fn where_all_is_well_each_thing_is_told_once_in_one_order_and_nothing_is_written() {
    let bed = Bed::shared();
    let (bucket, name) = (unique("well"), unique("c"));
    bed.put_bucket(&bucket);
    cluster(&bed_aws(&bed).await, &name).await;
    let estate = Estate::chain();
    estate.keep_states_in_s3(&bucket);
    estate.write(
        "slipway.hcl",
        &format!(
            "estate {{\n  root = \"live\"\n}}\ncluster \"dev\" {{\n  name = \"{name}\"\n  region = \"eu-west-1\"\n}}\n"
        ),
    );
    let text = slipway(&estate, &bed).run(&["doctor"]).exits(0).stdout;
    let kinds: Vec<&str> = text.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    let expected = [
        "git",
        "tofu/terraform",
        "terragrunt",
        "engine",
        "slipway.hcl",
        "estate",
        "credentials",
        "region",
        "state",
        "cluster",
    ];
    assert_eq!(kinds, expected, "{text}");
    assert_eq!(slipway(&estate, &bed).run(&["doctor"]).exits(0).stdout, text, "the same again");
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    assert_found(&ended, "estate", "ok", &["4 units in live"]);
    assert_found(&ended, "credentials", "ok", &["arn:aws:", "account 123456789012"]);
    assert_found(&ended, "region", "ok", &["eu-west-1"]);
    assert_found(&ended, "state", "ok", &[&format!("s3://{bucket}"), "4 units in eu-west-1"]);
    assert_found(&ended, "cluster", "ok", &["dev", &name, "is ACTIVE", "`slipway verify dev`"]);
    assert!(!estate.path().join(".slipway").exists(), "it only looks");
}

#[test]
fn a_bucket_that_is_not_there_is_told_once_with_its_units_and_what_makes_it() {
    let bed = Bed::shared();
    let bucket = unique("none");
    let estate = Estate::chain();
    estate.keep_states_in_s3(&bucket);
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    let says = [&*format!("s3://{bucket}"), "4 units", "does not exist", "--backend-bootstrap"];
    assert_found(&ended, "state", "missing", &says);
}

#[test]
fn a_lock_table_that_is_not_there_is_told_beside_its_bucket() {
    let bed = Bed::shared();
    let bucket = unique("locked");
    bed.put_bucket(&bucket);
    let estate = Estate::chain();
    estate.keep_states_in_s3(&bucket);
    let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
    let table =
        "dynamodb_table = \"doctor-none\"\n    dynamodb_endpoint = local.endpoint\n    use_path_style";
    estate.write("live/root.hcl", &root.replacen("use_path_style", table, 1));
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    let states = found(&ended, "state");
    assert_eq!(states.iter().map(|(verdict, _)| verdict.as_str()).collect::<Vec<_>>(), ["ok", "missing"]);
    assert!(states[1].1.contains("lock table doctor-none | 4 units"), "{states:?}");
    assert!(states[1].1.contains("--backend-bootstrap"), "{states:?}");
}

#[test]
fn without_credentials_an_estate_in_aws_is_not_ready_and_another_one_is() {
    let bed = Bed::shared();
    let estate = Estate::chain();
    let ended = nowhere(&estate).run(JSON).exits(0);
    assert_found(&ended, "credentials", "optional", &["none are set up"]);
    assert_found(&ended, "state", "ok", &["states", "4 units"]);
    let bucket = unique("open");
    bed.put_bucket(&bucket);
    estate.keep_states_in_s3(&bucket);
    estate.write(
        "slipway.hcl",
        "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  name = \"none\"\n  region = \"eu-west-1\"\n}\n",
    );
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"];
    let without = keys.iter().fold(slipway(&estate, &bed), |slipway, key| slipway.env_remove(key));
    let ended = without.run(JSON).exits(1);
    assert_found(&ended, "credentials", "missing", &["no AWS credentials", "set AWS_PROFILE"]);
    assert_found(&ended, "state", "missing", &["there are no AWS credentials | log in, or set AWS_PROFILE"]);
    assert_found(&ended, "cluster", "missing", &["no AWS credentials"]);
}

#[test]
fn a_profile_that_is_broken_or_not_there_is_told_as_that_on_one_line() {
    let estate = Estate::chain();
    estate.write("live/root.hcl", "remote_state {\n  backend = \"s3\"\n  config = { bucket = \"b\", key = \"k\", region = \"eu-west-1\" }\n}\n");
    estate.write(
        ".aws/config",
        "[profile broken]\nsso_session = none\nsso_account_id = 1\nsso_role_name = r\n",
    );
    let ended = nowhere(&estate).env("AWS_PROFILE", "broken").run(JSON).exits(1);
    assert_found(&ended, "credentials", "missing", &["no AWS credentials", "sso-session named `none`"]);
    let says = ["there are no AWS credentials: ", "sso-session named `none`", "| log in, or set AWS_PROFILE"];
    assert_found(&ended, "state", "missing", &says);
    let ended = nowhere(&estate).env("AWS_PROFILE", "nowhere").run(JSON).exits(1);
    let (_, said) = only(&ended, "credentials");
    assert!(said.contains("profile `nowhere` was not defined") && !said.contains('\n'), "{said}");
}

#[test]
fn credentials_that_are_refused_or_have_ended_are_told_as_that() {
    let bed = Bed::start(&["aws"]);
    let bucket = unique("denied");
    bed.put_bucket(&bucket);
    let estate = Estate::chain();
    estate.keep_states_in_s3(&bucket);
    let ended = slipway(&estate, &bed).env("AWS_ACCESS_KEY_ID", "denied").run(JSON).exits(1);
    let (_, said) = only(&ended, "credentials");
    assert!(said.contains("InvalidClientTokenId"), "{said}");
    let says = ["access is denied (403)", "check the credentials and the permissions on the bucket"];
    assert_found(&ended, "state", "missing", &says);

    bed.fault(&json!({
        "kind": "error", "service": "sts", "operation": "GetCallerIdentity", "status": 403,
        "code": "ExpiredToken", "message": "The security token included in the request is expired",
    }));
    // Something of AWS's own has to need them.
    estate.write(
        "slipway.hcl",
        "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  name = \"none\"\n  region = \"eu-west-1\"\n}\n",
    );
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    assert_found(&ended, "credentials", "missing", &["have expired", "log in again"]);
}

#[test]
fn a_bucket_by_the_name_of_the_account_is_looked_for() {
    let bed = Bed::shared();
    let estate = Estate::chain();
    estate.keep_states_in_s3("doctor-of-${get_aws_account_id()}");
    let ended = slipway(&estate, &bed).run(JSON).exits(1);
    assert_found(&ended, "state", "missing", &["s3://doctor-of-123456789012"]);
}

#[test]
fn a_state_whose_place_rests_on_a_program_is_not_known_and_no_program_is_started() {
    let bed = Bed::shared();
    let estate = Estate::chain();
    estate.keep_states_in_s3("${run_cmd(\"sh\", \"-c\", \"touch started; echo b\")}");
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    assert_found(&ended, "state", "unknown", &["4 units", "is not started"]);
    assert!(!estate.path().join("live/networking/started").exists());
}

#[test]
fn a_bucket_is_asked_for_as_its_units_would_ask() {
    let bed = Bed::shared();
    let bucket = unique("role");
    bed.put_bucket(&bucket);
    let estate = Estate::chain();
    estate.keep_states_in_s3(&bucket);
    let file = "live/bucket/terragrunt.hcl";
    let unit = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &format!("iam_role = \"arn:aws:iam::111111111111:role/deployer\"\n{unit}"));
    let ended = slipway(&estate, &bed).run(JSON).exits(0);
    let states = found(&ended, "state");
    assert_eq!(states.len(), 2, "{states:?}");
    assert!(states[0].1.contains("3 units in eu-west-1"), "{states:?}");
    assert!(
        states[1].1.contains("1 unit in eu-west-1, as arn:aws:iam::111111111111:role/deployer"),
        "{states:?}"
    );
}

#[test]
fn folders_of_which_the_same_is_to_be_said_are_told_together() {
    let estate = Estate::chain();
    let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
    let beside = "${get_repo_root()}/states/${path_relative_to_include()}/x.tfstate";
    estate.write(
        "live/root.hcl",
        &root.replace("${get_repo_root()}/states/${path_relative_to_include()}.tfstate", beside),
    );
    let ended = nowhere(&estate).run(JSON).exits(0);
    assert_found(&ended, "state", "ok", &["/states |", "4 units in 4 folders"]);
    estate.write("states/bucket", "a file in the way");
    let ended = nowhere(&estate).run(JSON).exits(1);
    let states = found(&ended, "state");
    assert_eq!(states.iter().map(|(verdict, _)| verdict.as_str()).collect::<Vec<_>>(), ["ok", "missing"]);
    assert!(states[0].1.contains("3 units in 3 folders"), "{states:?}");
    assert!(states[1].1.contains("states/bucket | 1 unit: "), "{states:?}");
}

#[test]
fn units_that_a_stack_would_generate_count() {
    let estate = Estate::new();
    estate.write(
        "catalog/app/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
    );
    let unit = |name: &str| {
        format!(
            "unit \"{name}\" {{\n  source = \"${{get_repo_root()}}/catalog/app\"\n  path = \"{name}\"\n}}\n"
        )
    };
    estate.write("live/dev/terragrunt.stack.hcl", &[unit("one"), unit("two")].concat());
    let ended = nowhere(&estate).run(JSON).exits(0);
    assert_found(&ended, "estate", "ok", &["2 units in live"]);
    assert_found(&ended, "state", "ok", &["states", "2 units"]);
    assert!(!estate.path().join("live/dev/.terragrunt-stack").exists(), "nothing is generated");
}

#[test]
fn a_folder_of_states_that_cannot_be_one_is_told() {
    let estate = Estate::chain();
    estate.write("states", "a file in the way");
    let ended = nowhere(&estate).run(JSON).exits(1);
    assert_found(&ended, "state", "missing", &["4 units", "not a folder"]);
}
