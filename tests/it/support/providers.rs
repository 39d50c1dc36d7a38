//! Providers that are shared by a run, and what is planned with them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::bed::Bed;
use super::estate::Estate;
use super::slipway::Ended;

/// How many providers of a source, such as `hashicorp/aws`, were started, as the debug log tells.
pub fn started(ended: &Ended, source: &str) -> usize {
    ended
        .stderr
        .lines()
        .filter(|line| line.contains("a provider was started") && line.contains(source))
        .count()
}

/// A saved plan in the tool's JSON, without when it was made, and with what it tells in any order in one.
pub fn shown(bed: &Bed, estate: &Estate, tool: &Path, plans: &str, unit: &str) -> Value {
    let file = estate.path().join(plans).join("plans").join(format!("{unit}.tfplan"));
    let output = Command::new(tool)
        .args(["show", "-json"])
        .arg(file)
        .current_dir(estate.path().join(format!(".slipway/work/{unit}/module")))
        .envs(bed.environment())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    plan.as_object_mut().unwrap().remove("timestamp");
    if let Some(relevant) = plan["relevant_attributes"].as_array_mut() {
        relevant.sort_by_key(ToString::to_string);
    }
    plan
}

/// The processes that others have started, as far as their names begin so.
pub fn children_of(parents: &[u32], name: &str) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_one = |number: &u32| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{number}/{file}")).unwrap_or_default();
        let stat = read("stat");
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        parent.is_some_and(|parent| parents.contains(&parent)) && read("comm").starts_with(name)
    };
    numbers.filter(is_one).collect()
}

/// The providers that the keeper of a `slipway` has started.
pub fn providers_of(process: u32) -> Vec<u32> {
    children_of(&children_of(&[process], "exe"), "terraform-provi")
}
