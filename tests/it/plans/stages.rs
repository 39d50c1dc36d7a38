use super::commit;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// A chain of three in which the first has mocks for the second, and one that stands alone.
fn estate() -> Estate {
    let estate = Estate::chain();
    for (unit, dependency) in [("cluster", "networking"), ("identity", "cluster")] {
        let file = format!("live/{unit}/terragrunt.hcl");
        let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
        let block = format!("  config_path = \"../{dependency}\"\n");
        estate.write(
            &file,
            &text.replace(&block, &format!("{block}  mock_outputs = {{ value = \"mock\" }}\n")),
        );
    }
    commit(&estate);
    estate
}

#[test]
fn what_rests_on_outputs_that_are_not_there_yet_is_planned_stage_by_stage() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        let plan = slipway().run(&["plan", "--out", "saved1"]).exits(0);
        let plan = plan.says("provisional: waits for networking");
        let plan = plan.says("provisional: waits for cluster");
        let plan = plan.says("saved the plans of 2 units");
        drop(plan.says("cluster is not among them: plan it when networking is applied"));
        let applied = slipway().run(&["apply", "saved1", "--yes"]).exits(0);
        drop(applied.says("now to be planned, since what they depend on is applied: cluster, identity"));
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert_eq!(estate.applied("cluster"), None);

        let plan = slipway().run(&["plan", "--out", "saved2"]).exits(0).says("saved the plans of 3 units");
        drop(plan.says("identity is not among them: plan it when cluster is applied"));
        slipway().run(&["apply", "saved2", "--yes"]).exits(0).says("applied");
        slipway().run(&["plan", "--out", "saved3"]).exits(0).says("saved the plans of 4 units");
        slipway().run(&["apply", "saved3", "--yes"]).exits(0).says("applied");
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0);
    }
}

#[test]
fn up_plans_each_wave_on_the_outputs_of_the_one_before() {
    for tool in terraforms() {
        let estate = estate();
        let up = Slipway::new(estate.path(), &tool).run(&["up", "--yes"]).exits(0);
        assert!(!up.stdout.contains("provisional"), "{}", up.stdout);
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
    }
}

#[test]
fn a_plan_on_outputs_that_the_apply_before_it_changes_is_left_for_later() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["up", "--yes"]).exits(0);
        for unit in ["networking", "cluster"] {
            let file = format!("live/{unit}/terragrunt.hcl");
            let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
            estate
                .write(&file, &text.replace(&format!("value = \"{unit}"), &format!("value = \"new {unit}")));
        }
        commit(&estate);
        let plan = slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 2 units");
        drop(plan.says("cluster is not among them: plan it when networking is applied"));
        slipway().run(&["apply", "saved", "--yes"]).exits(0);
        assert_eq!(estate.applied("networking").as_deref(), Some("new networking"));
        assert_eq!(
            estate.applied("cluster").as_deref(),
            Some("cluster < networking"),
            "it was left as it was"
        );
        slipway().run(&["apply", "--yes"]).exits(0);
        assert_eq!(estate.applied("cluster").as_deref(), Some("new cluster < new networking"));
    }
}
