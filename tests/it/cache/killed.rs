//! Whoever is killed over a prune, or over a fetch, leaves nothing half.

use std::process::Stdio;
use std::time::Duration;

use super::{Tags, gone, prune, slipway, trees};
use crate::support::estate::Estate;

/// Files of a module that takes a while to delete.
const FILES: usize = 4_000;
/// How many are to be killed while they delete, and how often that is tried.
const WANTED: u64 = 6;
const MOST_ROUNDS: u64 = 60;

fn files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_prune_that_is_killed_leaves_each_module_whole_or_takes_it_out_of_the_cache() {
    let estate = Estate::new();
    slipway(&estate).run(&["plan", "--allow-empty"]).exits(0);
    let place = estate.path().join(".slipway/modules/.terragrunt-cache");
    let mut halves = 0;
    for round in 0..MOST_ROUNDS {
        if halves == WANTED {
            break;
        }
        for letter in ["a", "b", "c"] {
            let module = place.join(letter.repeat(64));
            if module.exists() {
                continue;
            }
            std::fs::create_dir_all(&module).unwrap();
            for number in 0..FILES {
                std::fs::write(module.join(number.to_string()), "").unwrap();
            }
        }
        // That of the round before is no sign of this one.
        let _none = std::fs::remove_dir_all(gone(&estate));
        let mut command =
            slipway(&estate).into_command(&["cache", "prune", "--max-size", "0", "--older-than", "0s"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // It deletes, or has come to its end before anybody has seen that.
        while !gone(&estate).exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(1 + 5 * (round % 6)));
        child.kill().unwrap();
        child.wait().unwrap();
        for module in trees(&estate) {
            assert_eq!(files(&module), FILES, "{} is half", module.display());
        }
        halves += u64::from(gone(&estate).exists());
    }
    assert_eq!(halves, WANTED, "killed while they deleted");
    prune(&estate, &["--max-size", "0", "--older-than", "0s"]);
    assert!(!gone(&estate).exists() && trees(&estate).is_empty(), "the next one deletes the rest");
}

#[test]
fn what_a_killed_fetch_has_left_goes_and_what_one_is_at_stays() {
    let tags = Tags::new(1);
    let estate = tags.estate(1);
    slipway(&estate).run(&["plan"]).exits(0);
    let home = estate.path().join(".slipway/modules");
    let (key, other) = ("c".repeat(64), "d".repeat(64));
    for key in [&key, &other] {
        let folder = home.join(format!(".terragrunt-cache/of-{key}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("part"), "half a module").unwrap();
        std::fs::write(home.join("locks").join(key), "").unwrap();
    }
    let at_work = std::fs::File::open(home.join("locks").join(&other)).unwrap();
    at_work.lock().unwrap();
    prune(&estate, &[]).says("1 unfinished fetch removed").says("stays: a run uses it");
    assert!(!home.join(format!(".terragrunt-cache/of-{key}")).exists());
    assert!(home.join(format!(".terragrunt-cache/of-{other}")).is_dir());
    assert_eq!(trees(&estate).len(), 2, "the module is no rest");
}
