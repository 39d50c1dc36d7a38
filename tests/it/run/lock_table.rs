//! States in S3 whose locks are kept in a table.

use std::process::Command;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

fn estate(bucket: &str, table: &str) -> Estate {
    let estate = Estate::new();
    estate.unit("a", &[]);
    let root = format!(
        "remote_state {{\n  backend = \"s3\"\n  generate = {{ path = \"backend.tf\", if_exists = \"overwrite\" }}\n  \
         config = {{\n    bucket = \"{bucket}\"\n    key = \"${{path_relative_to_include()}}.tfstate\"\n    \
         region = \"eu-west-1\"\n    {table}\n    skip_credentials_validation = true\n    \
         skip_requesting_account_id = true\n    use_path_style = true\n  }}\n}}\n"
    );
    estate.write("live/root.hcl", &root);
    estate
}

/// What the emulated AWS says of a table; nothing where there is none.
fn table(bed: &Bed, name: &str) -> Option<serde_json::Value> {
    let scope = "Credential=test/20260101/eu-west-1/dynamodb/aws4_request";
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-H", "X-Amz-Target: DynamoDB_20120810.DescribeTable"])
        .args(["-H", "Content-Type: application/x-amz-json-1.0"])
        .args(["-H", &format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")])
        .args(["-d", &format!("{{\"TableName\":\"{name}\"}}"), bed.text("/aws/endpoint")])
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    answer.get("Table").cloned()
}

#[test]
fn a_lock_table_is_created_only_where_that_was_asked_for_and_holds_the_lock() {
    let bed = Bed::start(&["aws"]);
    for (tool, setting) in terraforms().iter().zip(["dynamodb_table", "lock_table"]) {
        let name = format!("locks-{}", tool.file_name().unwrap().to_str().unwrap());
        let estate = estate(
            &name,
            &format!("{setting} = \"{name}\"\n    dynamodb_table_tags = {{ team = \"platform\" }}"),
        );
        let slipway = || Slipway::new(estate.path(), tool).bed(&bed);
        // Somebody has made the bucket, but not the table.
        let made = Command::new("curl")
            .args(["-sS", "-X", "PUT", "-H", "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"])
            .arg(format!("{}/{name}", bed.text("/aws/endpoint")))
            .status()
            .unwrap();
        assert!(made.success());
        let refused = slipway().run(&["apply", "--yes"]).exits(1);
        drop(refused.says(&format!("the lock table {name} does not exist")).says("--backend-bootstrap"));
        assert!(table(&bed, &name).is_none(), "nothing was created");

        slipway().run(&["apply", "--yes", "--backend-bootstrap"]).exits(0).says("applied");
        let made = table(&bed, &name).unwrap();
        assert_eq!(made["TableStatus"], "ACTIVE");
        assert_eq!(made["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
        assert_eq!(made["KeySchema"], serde_json::json!([{ "AttributeName": "LockID", "KeyType": "HASH" }]));
        assert_eq!(made["ItemCount"], 1, "the digest of the state stays, the lock does not");
        slipway().run(&["apply", "--yes"]).exits(0).says("unchanged");
    }
}
