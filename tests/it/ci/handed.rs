//! Sealed plans that lie in a bucket between the machine that plans and the one that applies.

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

#[test]
fn what_one_machine_has_planned_another_applies_out_of_a_bucket() {
    let bed = Bed::shared();
    bed.put_bucket("handed-plans");
    // Two checkouts of one repository, which know each other by the bucket alone.
    let [one, two] = ["planned", "applies"].map(|_| {
        let estate = Estate::new();
        estate.unit("vpc", &[]).unit("web", &[]);
        estate
    });
    let on = |estate: &Estate, key: &str| {
        Slipway::new(estate.path(), &tool("tofu")).bed(&bed).env("SLIPWAY_PLANS_KEY", key)
    };
    let key = "canary-of-plans-in-a-bucket";
    let address = "s3://handed-plans/pull-7/all.sealed";
    drop(on(&two, key).run(&["ci", "open", address, "plans"]).exits(5).says("there are no sealed plans at"));
    on(&one, key).run(&["plan", "--out", "plans"]).exits(0);
    drop(on(&one, "short").run(&["ci", "seal", "plans", address]).exits(64).says("is shorter than"));
    drop(on(&one, key).run(&["ci", "seal", "plans", "s3://handed-plans"]).exits(64).says("names no object"));
    drop(
        on(&one, key).run(&["ci", "seal", "plans", "s3://no-such-bucket/x"]).exits(1).says("no-such-bucket"),
    );
    on(&one, key).run(&["ci", "seal", "plans", address]).exits(0);

    drop(on(&two, "canary-of-another-key").run(&["ci", "open", address, "other"]).exits(5));
    assert!(!two.path().join("other").exists(), "nothing of it was written");
    on(&two, key).run(&["ci", "open", address, "plans"]).exits(0);
    drop(on(&two, key).run(&["ci", "open", address, "plans"]).exits(64).says("holds something already"));
    for file in ["slipway-plans.json", "plans/vpc.tfplan"] {
        let read = |estate: &Estate| std::fs::read(estate.path().join("plans").join(file)).ok();
        assert_eq!(read(&one), read(&two), "{file}");
    }
    // A file that somebody has changed is refused.
    on(&one, key).run(&["ci", "seal", "plans", "all.sealed"]).exits(0);
    let mut sealed = std::fs::read(one.path().join("all.sealed")).unwrap();
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    std::fs::write(one.path().join("all.sealed"), sealed).unwrap();
    drop(on(&one, key).run(&["ci", "open", "all.sealed", "changed"]).exits(5).says("were changed since"));
}
