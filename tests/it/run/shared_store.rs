//! A bucket that several machines share a run by, and that is not at its best: nothing is done twice, and nothing is left out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::shared::{Machines, TWELVE, ended, outcomes};

/// Has two machines apply everything while the store is like that, and looks at what came of it.
fn applied_once(bucket: &str, faults: &[Value]) {
    let machines = Machines::new(2, bucket, TWELVE, "true");
    for fault in faults {
        machines.bed.fault(fault);
    }
    let both = [0, 1].map(|machine| machines.applies(machine, "one"));
    for (number, machine) in both.into_iter().enumerate() {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(0), "machine {number}: {told}");
        let outcomes = outcomes(&summary);
        assert_eq!(outcomes.len(), TWELVE.len());
        assert!(outcomes.values().all(|outcome| outcome == "applied"), "{outcomes:?}");
    }
    for fault in machines.bed.faults().as_array().unwrap() {
        assert_ne!(fault["hits"], 0, "{fault} never struck");
    }
    let applied = machines.applied();
    let once: BTreeSet<&String> = applied.iter().collect();
    assert_eq!((applied.len(), once.len()), (TWELVE.len(), TWELVE.len()), "{applied:?}");
}

#[test]
fn what_was_written_and_answered_as_if_it_were_not_is_ours_all_the_same() {
    let lost = |part: &str| {
        let path = format!("/shared-lost/runs/one/{part}/*");
        // One less than each write is tried: on a busy machine all of them may strike the same one.
        json!({ "kind": "lost", "service": "s3", "operation": "PutObject", "path": path, "times": 3 })
    };
    applied_once("shared-lost", &[lost("claims"), lost("ends"), lost("beats")]);
}

#[test]
fn a_store_that_takes_a_good_part_of_a_lease_for_each_answer_only_takes_longer() {
    let late = |operation: &str, seconds: f64| {
        let path = "/shared-late/runs/*";
        json!({ "kind": "delay", "service": "s3", "operation": operation, "path": path, "seconds": seconds })
    };
    applied_once("shared-late", &[late("PutObject", 1.0), late("GetObject", 0.5)]);
}

#[test]
fn a_store_whose_clock_is_an_hour_off_is_as_good_as_any() {
    let ahead = json!({ "kind": "skew", "service": "s3", "operation": "*", "seconds": 3600 });
    applied_once("shared-ahead", std::slice::from_ref(&ahead));
    let behind = json!({ "kind": "skew", "service": "s3", "operation": "*", "seconds": -3600 });
    applied_once("shared-behind", std::slice::from_ref(&behind));
}
