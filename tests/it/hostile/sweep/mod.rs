//! Every command over hostile trees.
//!
//! The trees are made by a seed, see the generator. `make test` goes over some hundred pairs of a tree and a command;
//! `make fuzz` goes on with other seeds for as long as it is told. What is found is told with the fewest ingredients
//! that show it. To see one again: `SLIPWAY_SWEEP_SEED=… cargo test --test it hostile::sweep`.

mod calls;
mod child;
mod findings;
mod outside;
mod stubborn;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use calls::Call;
use child::Patience;
use findings::Finding;
use outside::Outside;

use super::generator::{Place, Recipe, Rng};

/// Trees of a sweep that is a test: each ingredient comes up as the first of one.
const ROUNDS: usize = 1;
/// How many commands are held against each of them.
const CALLS: usize = 10;
/// What takes longer is told to whoever watches.
const SLOW: Duration = Duration::from_secs(10);
/// After how many findings the rest is left for the next time.
const MOST_TOLD: usize = 25;

/// Something that was found, and how to see it again.
struct Told {
    recipe: Recipe,
    call: &'static Call,
    finding: Finding,
    notes: Vec<String>,
}

#[test]
fn no_command_does_harm_over_any_tree() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("SLIPWAY_SWEEP_SECONDS");
    let by_the_clock =
        || seconds.map_or(7, |_| std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs());
    let seed = number("SLIPWAY_SWEEP_SEED").unwrap_or_else(by_the_clock);
    println!("SLIPWAY_SWEEP_SEED={seed}");
    // A year is without end.
    let lasting = |seconds| Duration::from_secs(if seconds == 0 { 365 * 24 * 60 * 60 } else { seconds });
    let until = seconds.map(|seconds| Instant::now() + lasting(seconds));
    let (told, pairs) = sweep(seed, until);
    println!("{pairs} commands over hostile trees");
    let report: Vec<String> = told.iter().map(|told| shown(seed, told)).collect();
    assert!(told.is_empty(), "{} findings:\n\n{}", told.len(), report.join("\n"));
}

#[test]
fn a_program_that_does_harm_is_found_out() {
    let place = Recipe::sound().cook();
    let trap = place.tripwire("hook");
    let outside = place.outside();
    let call = calls::ALL.iter().find(|call| call.arguments == "find --log-format json").unwrap();
    for (text, kinds) in [
        ("echo '{}' >&2; exit 3", &[][..]),
        ("printf '\\033[2J'; echo no json >&2", &["a raw control character", "a line that is no JSON"]),
        ("echo '::error::x'", &["a line that a pipeline obeys"]),
        ("printf '\\377'", &["bytes that are no text"]),
        ("kill -SEGV $$", &["death by a signal"]),
        ("exit 101", &["a panic"]),
        ("exit 77", &["an exit code that is none"]),
        (&*format!("{trap} >/dev/null"), &["a program that started"]),
        (&*format!("echo x > {}/new", outside.display()), &["a change outside of the tree"]),
        (&*format!("rm {}/folder/main.tf", outside.display()), &["a change outside of the tree"]),
        ("while :; do :; done", &["without end"]),
        ("trap '' INT; while :; do :; done", &["outlives its third interrupt"]),
    ] {
        let program = place.bin().join("harm");
        super::generator::program(&program, text);
        let moment = Duration::from_secs(2);
        let patience =
            Patience { whole: moment, interrupted: moment / 4, last: moment / 4, ..Patience::USUAL };
        let found = hold_program(&program, &place, call, patience);
        let found: Vec<&str> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(found, kinds, "{text}");
    }
}

/// Goes over trees, on all processors; returns what was found and how many commands that were.
fn sweep(first: u64, until: Option<Instant>) -> (Vec<Told>, usize) {
    let (next, pairs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found: Mutex<Vec<Told>> = Mutex::default();
    let work = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let over = until.map_or(turn >= ROUNDS * Recipe::turns(), |until| Instant::now() > until);
            if over || found.lock().unwrap().len() >= MOST_TOLD {
                return;
            }
            let seed = first.wrapping_mul(1_000_003).wrapping_add(turn as u64);
            let recipe = Recipe::of(seed, turn);
            let place = recipe.cook();
            for call in some_calls(seed, turn) {
                pairs.fetch_add(1, Ordering::Relaxed);
                for finding in hold(&place, call) {
                    let known = |told: &Told| {
                        told.finding.kind == finding.kind && told.call.arguments == call.arguments
                    };
                    let is_told = found.lock().unwrap().iter().any(known);
                    if is_told {
                        continue;
                    }
                    let told = shrunk(recipe.clone(), call, finding, place.notes.clone());
                    // Told at once, for whoever watches.
                    println!("{}", shown(first, &told));
                    found.lock().unwrap().push(told);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    (found.into_inner().unwrap(), pairs.into_inner())
}

/// The commands for one tree, in their order: those that change something come last.
fn some_calls(seed: u64, turn: usize) -> Vec<&'static Call> {
    let mut rng = Rng::new(seed ^ turn as u64);
    let mut places: Vec<usize> = (0..calls::ALL.len()).collect();
    for index in (1..places.len()).rev() {
        places.swap(index, rng.below(index + 1));
    }
    let mut chosen: Vec<usize> = places.into_iter().take(CALLS).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|place| &calls::ALL[place]).collect()
}

/// Runs one command over a tree.
fn hold(place: &Place, call: &Call) -> Vec<Finding> {
    hold_program(Path::new(env!("CARGO_BIN_EXE_slipway")), place, call, Patience::USUAL)
}

fn hold_program(program: &Path, place: &Place, call: &Call, patience: Patience) -> Vec<Finding> {
    let io = place.temp().join("io");
    std::fs::create_dir_all(&io).unwrap();
    let watched = [place.outside(), place.home()];
    let before = Outside::look(place.case(), &watched);
    let child = child::start(program, &call.arguments(place.case()), &io, |command| set_up(command, place));
    let seen = child::watch(child, &io, patience);
    if seen.took > SLOW {
        println!("{:?}: slipway {} over {}", seen.took, call.arguments, place.notes.join("; "));
    }
    let tripped = std::fs::read_to_string(place.tripped()).unwrap_or_default();
    let _none = std::fs::remove_file(place.tripped());
    let changed = before.changes(&Outside::look(place.case(), &watched));
    let tripped: Vec<String> = tripped.lines().map(str::to_owned).collect();
    findings::look(call, &seen, &tripped, &changed)
}

/// The environment of somebody who works in the tree: credentials and endpoints of nobody.
fn set_up(command: &mut Command, place: &Place) {
    let path = format!("{}:/usr/bin:/bin", place.bin().display());
    command.current_dir(place.tree()).env_clear().env("PATH", path).env("HOME", place.home());
    command.env("TMPDIR", place.temp()).env("SLIPWAY_ENGINE", "native");
    command.env("SLIPWAY_TF_PATH", place.bin().join("tofu")).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("XDG_CACHE_HOME", place.temp()).env("XDG_STATE_HOME", place.temp());
    command.env("XDG_DATA_HOME", place.temp()).env("RUST_BACKTRACE", "0");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env(name, "nobody");
    }
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "eu-west-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_MAX_ATTEMPTS", "1");
}

/// The fewest ingredients that still show it.
fn shrunk(mut recipe: Recipe, call: &'static Call, finding: Finding, mut notes: Vec<String>) -> Told {
    let mut index = 0;
    while recipe.len() > 1 && index < recipe.len() {
        let less = recipe.without(index);
        let place = less.cook();
        if hold(&place, call).iter().any(|found| found.kind == finding.kind) {
            (recipe, notes) = (less, place.notes.clone());
        } else {
            index += 1;
        }
    }
    Told { recipe, call, finding, notes }
}

fn shown(seed: u64, told: &Told) -> String {
    let notes: Vec<String> = told.notes.iter().map(|note| format!("    {note}\n")).collect();
    format!(
        "{}: slipway {}\n  {}\n  seed {seed}, a tree with {}:\n{}",
        told.finding.kind,
        told.call.arguments,
        told.finding.seen,
        told.recipe.names().join(", "),
        notes.concat()
    )
}
