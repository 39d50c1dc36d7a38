use super::{estate, node, script, slipway, stands_anywhere};
use crate::support::terraforms;

const NO_NETWORKING: &str = r#"
policy "no-networking" {
  deny = [
    for change in plan.resource_changes : "${unit.path}: ${change.address} is not allowed by ${command}"
    if try(change.change.after.input, "") == "networking"
  ]
}
"#;

#[test]
fn what_is_denied_is_not_applied_and_what_waits_for_it_is_skipped() {
    for tool in terraforms() {
        let estate = estate(NO_NETWORKING);
        let up = slipway(&estate, &tool, &["apply", "--yes", "--format", "json"]).exits(5);
        let up = up.says("networking: terraform_data.this is not allowed by apply");
        assert_eq!(node(&up, "networking")["result"], "refused");
        assert_eq!(node(&up, "networking")["judgements"][0]["verdict"], "denied");
        assert_eq!(node(&up, "cluster")["result"], "skipped");
        assert_eq!(node(&up, "cluster")["cause"], "networking");
        assert_eq!(estate.applied("networking"), None);
        // In the plan it is a refusal as well, so that a pipeline ends there.
        slipway(&estate, &tool, &["plan", "networking", "--detailed-exitcode"])
            .exits(5)
            .says("no-networking denies");
    }
}

#[test]
fn a_warning_is_loud_and_lets_pass() {
    for tool in terraforms() {
        let estate = estate(&NO_NETWORKING.replace("deny =", "enforcement = \"warn\"\n  deny ="));
        let up = slipway(&estate, &tool, &["apply", "--yes"]).exits(0);
        up.says("networking: no-networking warns: networking: terraform_data.this is not allowed")
            .says("applied");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));

        let warned = self::estate("policy \"hm\" {\n  units = \"cluster\"\n  warn  = [\"look at it\"]\n}\n");
        let up = slipway(&warned, &tool, &["apply", "--yes", "--format", "json"]).exits(0);
        assert_eq!(node(&up, "cluster")["judgements"][0]["messages"][0], "look at it");
        assert_eq!(node(&up, "networking").get("judgements"), None, "it is about the other unit");
    }
}

#[test]
fn a_policy_that_cannot_be_decided_denies_and_says_where() {
    for tool in terraforms() {
        // The id is known only after the apply.
        let unknown = "policy \"by-id\" {\n  deny = [\n    for change in plan.resource_changes : change.address\n    \
                       if change.change.after.id == \"x\"\n  ]\n}\n";
        let estate = estate(unknown);
        let plan = slipway(&estate, &tool, &["apply", "networking", "--yes"]).exits(5);
        plan.says("cannot be decided").says("known only after the apply").says("slipway.hcl:6:");
        assert_eq!(estate.applied("networking"), None);

        let broken = self::estate("policy \"broken\" {\n  deny = plan.nothing.at.all\n}\n");
        slipway(&broken, &tool, &["plan", "networking"]).exits(5).says("slipway.hcl:6:");
    }
}

#[test]
fn a_destruction_is_judged_as_well() {
    for tool in terraforms() {
        let rule = "policy \"keep\" {\n  units = \"networking\"\n  deny  = [for c in plan.resource_changes : \
                    \"${c.address} stays\" if command == \"destroy\" && contains(c.change.actions, \"delete\")]\n}\n";
        let estate = estate(rule);
        slipway(&estate, &tool, &["apply", "--yes"]).exits(0);
        slipway(&estate, &tool, &["destroy", "--yes"]).exits(5).says("terraform_data.this stays");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
    }
}

#[test]
fn exactly_the_plan_that_was_judged_is_applied() {
    for tool in terraforms() {
        // The policy changes what the module says, after the plan and before its apply.
        let estate =
            estate("policy \"meddles\" {\n  units   = \"networking\"\n  command = [\"./meddle\"]\n}\n");
        script(
            &estate,
            "meddle",
            "#!/bin/sh\nsed -i 's/input = var.value/input = \"other\"/' infra/text/main.tf\n",
        );
        slipway(&estate, &tool, &["apply", "networking", "--yes"]).exits(0);
        let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
        assert!(module.contains("other"));
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
    }
}

#[test]
fn what_is_sensitive_reaches_no_message_log_or_journal() {
    const SECRET: &str = "correct-horse-battery";
    for tool in terraforms() {
        let leak = "policy \"leak\" {\n  deny = [for c in plan.resource_changes : \"it is ${c.change.after.input}\"]\n}\n\
                    policy \"leak-by-program\" {\n  command = [\"./leak\"]\n}\n";
        let estate = estate(leak);
        let module = "variable \"value\" {\n  type      = string\n  sensitive = true\n}\n\nresource \"terraform_data\" \
                      \"this\" {\n  input = var.value\n}\n";
        estate.write("infra/text/main.tf", module);
        let unit = "live/networking/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
        estate.write(unit, &text.replace("value = \"networking\"", "value = get_env(\"THE_SECRET\")"));
        let leaking = "#!/bin/sh\nsed 's/.*\"value\":\"\\([^\"]*\\)\".*/secret \\1/' | cut -c1-200\ncat /dev/null >&2\nexit 1\n";
        script(&estate, "leak", leaking);
        let command = crate::support::slipway::Slipway::new(estate.path(), &tool).env("THE_SECRET", SECRET);
        let plan = command.run(&["plan", "networking"]).exits(5);
        assert!(
            !format!("{}{}", plan.stdout, plan.stderr).contains(SECRET),
            "{}{}",
            plan.stdout,
            plan.stderr
        );
        let plan = plan.says("its message holds sensitive values");
        plan.says("secret (sensitive)");
        let found = stands_anywhere(&estate.path().join(".slipway/runs"), SECRET);
        assert!(found.is_empty(), "it stands in {found:?}");
    }
}
