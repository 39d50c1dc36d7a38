//! What was changed outside of the tool, on the emulated AWS: told by `drift`, in every report, and nothing else with it.

use super::{Driver, each};
use crate::plans::drift::MODULE;
use crate::plans::unit;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::root;
use crate::support::slipway::Slipway;

/// An estate with one unit, a VPC.
struct World {
    bed: std::sync::Arc<Bed>,
    estate: Estate,
    module: String,
}

impl World {
    fn new() -> Self {
        let bed = Bed::shared();
        let module = MODULE.replace("ENDPOINT", bed.text("/aws/endpoint")).replace("IGNORED", "");
        let estate = Estate::new();
        unit(&estate, "net", &module);
        Self { bed, estate, module }
    }

    fn slipway(&self, driver: &Driver) -> Slipway {
        let slipway = driver.slipway(&self.estate).bed(&self.bed);
        slipway.env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
    }

    fn state(&self) -> String {
        std::fs::read_to_string(self.estate.path().join("states/net.tfstate")).unwrap()
    }

    fn vpc(&self) -> String {
        let state: serde_json::Value = serde_json::from_str(&self.state()).unwrap();
        state["resources"][0]["instances"][0]["attributes"]["id"].as_str().unwrap().to_owned()
    }

    fn ec2(&self, action: &str, more: &str) {
        self.bed.aws("ec2", &format!("/?Action={action}&Version=2016-11-15&{more}"));
    }

    /// Adds rules to slipway.hcl.
    fn rules(&self, rules: &str) {
        let file = self.estate.path().join("slipway.hcl");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, format!("{text}\n{rules}")).unwrap();
    }
}

const RULE: &str = r#"
drift {
  ignore "owners" {
    units      = ["n*"]
    resources  = ["aws_vpc.*"]
    attributes = ["tags.Owner", "tags_all.Owner"]
  }
}
"#;

#[test]
fn drift_is_what_somebody_changed_and_no_change_of_the_code() {
    each(|driver| {
        let world = World::new();
        let slipway = || world.slipway(driver);
        slipway().run(&["apply", "--yes"]).exits(0);
        slipway().run(&["drift"]).exits(0);

        // What the code wants by now is for a plan to say.
        unit(&world.estate, "net", &world.module.replace("\"ours\"", "\"renamed\""));
        slipway().run(&["plan", "--detailed-exitcode"]).exits(2);
        slipway().run(&["drift"]).exits(0);
        unit(&world.estate, "net", &world.module);

        let (before, vpc) = (world.state(), world.vpc());
        world.ec2("CreateTags", &format!("ResourceId.1={vpc}&Tag.1.Key=Owner&Tag.1.Value=somebody"));
        let reports = tempfile::tempdir().unwrap();
        let file = |name: &str| reports.path().join(name).to_str().unwrap().to_owned();
        let (junit, markdown) = (file("drift.xml"), file("drift.md"));
        let arguments =
            ["drift", "--format", "json", "--report-junit", &junit, "--report-markdown", &markdown];
        let told = slipway().run(&arguments).exits(4).json();
        assert_eq!(told["command"], "drift");
        let row = &told["nodes"][0];
        assert_eq!((&row["result"], &row["note"]), (&"drifted".into(), &"1 changed".into()), "{row}");
        assert_eq!(row["plan"]["drift"][0]["address"], "aws_vpc.this", "{row}");
        let junit = std::fs::read_to_string(junit).unwrap();
        assert!(junit.contains("<failure message=\"1 changed\" type=\"drifted\">"), "{junit}");
        assert!(junit.contains("changed outside: aws_vpc.this"), "{junit}");
        let markdown = std::fs::read_to_string(markdown).unwrap();
        assert!(markdown.contains("**drifted**") && markdown.contains("aws_vpc.this"), "{markdown}");
        drop(slipway().run(&["drift"]).exits(4).says("changed outside:").says("net: ~ aws_vpc.this"));
        drop(slipway().run(&["drift", "--detail"]).exits(4).says("+ tags.Owner").says("somebody"));
        assert_eq!(world.state(), before, "nothing was written");

        world.rules(RULE);
        drop(slipway().run(&["drift"]).exits(0).says("ignored by rules"));
        // That it is gone is no other owner.
        world.ec2("DeleteVpc", &format!("VpcId={vpc}"));
        drop(slipway().run(&["drift"]).exits(4).says("1 gone"));
        assert_eq!(world.state(), before, "nothing was written");
    });
}

#[test]
fn a_look_that_fails_is_no_answer() {
    each(|driver| {
        let world = World::new();
        world.slipway(driver).run(&["apply", "--yes"]).exits(0);
        let slipway = world.slipway(driver).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
        let failed = slipway.run(&["drift"]).exits(1);
        drop(failed.says("failed"));
        world.rules("drift {\n  ignore \"x\" {\n    attribute = [\"a\"]\n  }\n}\n");
        drop(world.slipway(driver).run(&["drift"]).exits(3).says("attribute"));
        drop(world.slipway(driver).run(&["destroy", "--yes"]).exits(3));
    });
}
