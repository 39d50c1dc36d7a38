//! State in S3, and roles, on the emulated AWS.

use serde_json::json;

use super::{each, notes, unit};
use crate::support::bed::Bed;
use crate::support::estate::Estate;

fn bucket_name() -> String {
    format!("states-{}", &uuid::Uuid::new_v4().simple().to_string()[..12])
}

#[test]
fn a_state_bucket_that_is_missing_is_told_and_made_only_where_that_was_asked_for() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        let bucket = bucket_name();
        estate.keep_states_in_s3(&bucket);
        estate.unit("a", &[]).unit("b", &["a"]);
        let run = |arguments: &[&str]| driver.slipway(&estate).bed(&bed).run(arguments);
        let refused = run(&["apply", "--yes"]).exits(1).says(&bucket).says("does not exist");
        let refused = refused.says("--backend-bootstrap");
        assert!(!refused.stderr.contains("are not kept off"), "nothing to lock yet: {}", refused.stderr);
        assert!(!bed.aws("s3", "/").contains(&bucket), "nothing was created");
        // A dependency that was never applied has no state; its mocks stand in.
        let file = "live/b/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        let mocks = "config_path = \"../a\"\n  mock_outputs = { value = \"mock\" }";
        estate.write(file, &text.replace("config_path = \"../a\"", mocks));
        run(&["plan", "--backend-bootstrap"]).exits(0).says("provisional: ");
        run(&["apply", "--yes"]).exits(0).says("applied");
        assert!(bed.aws("s3", &format!("/{bucket}?versioning")).contains("Enabled"));
        assert!(bed.aws("s3", &format!("/{bucket}?publicAccessBlock")).contains("<BlockPublicAcls>true"));
        let state: serde_json::Value =
            serde_json::from_str(&bed.aws("s3", &format!("/{bucket}/b/terraform.tfstate"))).unwrap();
        assert_eq!(state["outputs"]["value"]["value"], json!("b < a"));
        run(&["apply", "--yes"]).exits(0).says("nothing to change");
        run(&["destroy", "--yes"]).exits(0).says("destroyed");
        let objects = bed.aws("s3", &format!("/{bucket}?list-type=2"));
        assert!(!objects.contains(".tflock"), "{objects}");
    });
}

#[test]
fn a_lock_that_somebody_holds_is_told_with_who_holds_it() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        let bucket = bucket_name();
        estate.keep_states_in_s3(&bucket);
        estate.unit("a", &[]);
        let run = |arguments: &[&str]| driver.slipway(&estate).bed(&bed).run(arguments);
        run(&["apply", "--yes", "--backend-bootstrap"]).exits(0).says("applied");
        let lock = r#"{"ID":"11111111-2222-3333-4444-555555555555","Operation":"OperationTypeApply","Info":"","Who":"ada@analytical","Version":"1.0","Created":"2026-01-01T00:00:00Z","Path":"x"}"#;
        bed.put_object(&bucket, "a/terraform.tfstate.tflock", lock);
        let nodes = run(&["plan", "--format", "json"]).exits(1).json()["nodes"].clone();
        let (message, advice) = (nodes[0]["message"].as_str().unwrap(), nodes[0]["advice"].as_str().unwrap());
        assert!(message.contains("Error acquiring the state lock"), "{message}");
        assert!(message.contains("ada@analytical"), "{message}");
        assert!(advice.contains("slipway unlock"), "{advice}");
    });
}

#[test]
fn a_unit_with_a_role_acts_as_that_role() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        estate.unit("a", &[]);
        let hook = "  before_hook \"who\" {\n    commands = [\"apply\"]\n    \
                    execute  = [\"sh\", \"-c\", \"echo $AWS_ACCESS_KEY_ID > ${get_repo_root()}/who\"]\n  }";
        let rest = "iam_role = \"arn:aws:iam::111111111111:role/deployer\"\n\ninputs = {\n  value = \"a\"\n}";
        unit(&estate, "a", "text", hook, rest);
        let slipway = driver.slipway(&estate).bed(&bed);
        slipway.run(&["apply", "--yes"]).exits(0).says("applied");
        // Keys that are given out for a while begin with ASIA, everywhere.
        assert!(notes(&estate, "who")[0].starts_with("ASIA"));
    });
}
