use super::{applied, slipway, unit};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

#[test]
fn the_table_comes_before_anything_goes_and_names_who_is_left() {
    for tool in terraforms() {
        let estate = applied(&tool);
        let arguments = ["destroy", "dev", "--yes", "--leave-dependents"];
        let ended = slipway(&estate, &tool, &arguments).exits(0);
        let talk = &ended.stderr;
        let table = talk.find("this would be destroyed, in this order:").unwrap_or_else(|| panic!("{talk}"));
        let (cluster, networking) = (talk[table..].find("dev/cluster"), talk[table..].find("dev/networking"));
        assert!(cluster < networking, "dependents go first: {talk}");
        assert!(
            talk.contains("! shared/monitoring stays, and still has resources: it depends on dev/cluster"),
            "{talk}"
        );
        let applies = talk.find(": apply").unwrap_or_else(|| panic!("{talk}"));
        assert!(table < applies, "{talk}");
        assert_eq!(talk.matches(": plan").count(), 2, "each was planned once: {talk}");
        assert_eq!(estate.applied("dev/cluster"), None);
        assert_eq!(estate.applied("dev/networking"), None);
    }
}

/// The events of the newest run that are about planning ahead: `NAME` where a unit goes on to a step, `NAME waits`.
fn planned_ahead(estate: &Estate) -> Vec<String> {
    let journal = estate.newest_run().join("journal.jsonl");
    let text = std::fs::read_to_string(journal).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let before = events.take_while(|event| event["event"]["agreed"].is_null());
    let told = before.filter_map(|event| {
        let name = |kind: &str| event["event"][kind]["node"].as_str().map(str::to_owned);
        name("step").or_else(|| name("node_waiting").map(|name| format!("{name} waits")))
    });
    let mut told: Vec<String> = told.collect();
    told.dedup();
    told
}

#[test]
fn plans_are_made_one_at_a_time_where_the_memory_bears_no_more() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    for name in ["a", "b", "c"] {
        unit(&estate, name, &[]);
    }
    slipway(&estate, tool, &["apply", "--yes"]).exits(0);
    let destroy = ["destroy", "--yes", "--unit-memory", "1000000GB"];
    slipway(&estate, tool, &destroy).exits(0).says("c destroyed");
    assert_eq!(planned_ahead(&estate), ["c", "c waits", "b", "b waits", "a", "a waits"]);
}

#[test]
fn one_unit_that_cannot_be_planned_saves_all_of_them() {
    for tool in terraforms() {
        let estate = Estate::new();
        unit(&estate, "dev/networking", &[]);
        unit(&estate, "dev/cluster", &["dev/networking"]);
        // Guarded by the module itself.
        let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
        let guarded = module.replace(
            "  input = var.value\n",
            "  input = var.value\n\n  lifecycle {\n    prevent_destroy = true\n  }\n",
        );
        estate.write("infra/guarded/main.tf", &guarded);
        let file = "live/dev/networking/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
        estate.write(file, &text.replace("infra//text", "infra//guarded"));
        slipway(&estate, &tool, &["apply", "--yes"]).exits(0);
        let ended = slipway(&estate, &tool, &["destroy", "dev", "--yes"]).exits(1);
        let ended = ended.says("terraform_data.this").says("prevent_destroy");
        assert!(!ended.stderr.contains(": apply"), "{}", ended.stderr);
        assert!(estate.applied("dev/cluster").is_some(), "it would have gone first");
    }
}

#[test]
fn what_holds_data_is_named_by_its_address() {
    let bed = Bed::shared();
    let estate = Estate::new();
    let endpoint = bed.text("/aws/endpoint");
    let provider = format!(
        "provider \"aws\" {{\n  region                      = \"eu-west-1\"\n  skip_credentials_validation = true\n  \
         skip_metadata_api_check     = true\n  skip_requesting_account_id  = true\n  s3_force_path_style         = true\n\n  \
         endpoints {{\n    s3  = \"{endpoint}\"\n    kms = \"{endpoint}\"\n    sns = \"{endpoint}\"\n  }}\n}}\n"
    );
    estate.write("live/data/provider.tf", &provider);
    let module = "resource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"blast-radius-logs\"\n}\n\nresource \"aws_kms_key\" \
                  \"this\" {\n}\n\nresource \"aws_sns_topic\" \"this\" {\n  name = \"blast-radius\"\n}\n";
    estate.write("live/data/main.tf", module);
    estate.write(
        "live/data/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
    );
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).bed(&bed).run(arguments);
    run(&["apply", "--yes"]).exits(0);
    let ended = run(&["destroy", "data", "--yes"]).exits(0);
    let ended = ended.says("1 key, 1 bucket").says("- bucket  data: aws_s3_bucket.logs");
    ended.says("- key  data: aws_kms_key.this");
}
