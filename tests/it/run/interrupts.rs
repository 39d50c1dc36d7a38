//! Interrupted at random moments, again and again, with a real tool that holds a real lock.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::locks::{signal, start};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// How often in all.
const ROUNDS: u64 = 100;
/// How many estates are worked on, each by its own rounds.
const LANES: u64 = 4;
/// How many of them at once: more keep each other, and what runs beside them, from a processor.
const AT_ONCE: u64 = 2;
/// Milliseconds between two presses, at the most.
const BETWEEN: u64 = 120;
/// What the moments come from; another number gives others.
const SEED: u64 = 20_261_124;

/// Two resources after each other, made anew whenever the text changes, so that an apply has several steps.
const MODULE: &str = r#"
variable "value" {
  type = string
}

resource "terraform_data" "one" {
  triggers_replace = var.value

  provisioner "local-exec" {
    command = "sleep 0.1"
  }
}

resource "terraform_data" "two" {
  triggers_replace = [var.value, terraform_data.one.id]

  provisioner "local-exec" {
    command = "sleep 0.1"
  }
}

output "value" {
  value = terraform_data.two.id
}
"#;

/// Stands in for the tool: counts the interrupts that it gets, and hands each on.
const COUNTING: &str = r#"#!/usr/bin/env python3
import os, signal, subprocess, sys

child = None
pending = 0
times = 0

def counted(*_):
    global pending, times
    times += 1
    # A file each time: one that is killed meanwhile has made it or not, and none is half written.
    open(os.path.join(SIGNALS, f"{os.getpid()}-{times}"), "x").close()
    if child is None:
        pending += 1
    else:
        child.send_signal(signal.SIGINT)

signal.signal(signal.SIGINT, counted)
child = subprocess.Popen([TOOL, *sys.argv[1:]])
for _ in range(pending):
    child.send_signal(signal.SIGINT)
code = child.wait()
sys.exit(code if code >= 0 else 128 - code)
"#;

/// Numbers that look random and are the same every time.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn pause(&mut self, most: u64) {
        std::thread::sleep(Duration::from_millis(self.next(most)));
    }
}

struct Lane<'a> {
    number: u64,
    estate: Estate,
    tool: PathBuf,
    bed: Option<&'a Bed>,
}

impl<'a> Lane<'a> {
    fn new(number: u64, tool: &Path, bed: Option<&'a Bed>) -> Self {
        let estate = Estate::new();
        estate.unit("networking", &[]);
        estate.write("infra/text/main.tf", MODULE);
        if bed.is_some() {
            estate.keep_states_in_s3(&format!("states-{number}"));
        }
        let signals = estate.path().join("signals");
        std::fs::create_dir(&signals).unwrap();
        let text = COUNTING.replace("SIGNALS", &format!("{signals:?}")).replace("TOOL", &format!("{tool:?}"));
        // Its name tells which tool it is.
        let script = estate.write(&format!("bin/{}", tool.file_name().unwrap().to_str().unwrap()), &text);
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        let lane = Self { number, estate, tool: script, bed };
        lane.slipway().run(&["apply", "--yes", "--backend-bootstrap"]).exits(0);
        lane
    }

    fn slipway(&self) -> Slipway {
        let slipway = Slipway::new(self.estate.path(), &self.tool);
        match self.bed {
            Some(bed) => slipway.bed(bed),
            None => slipway,
        }
    }

    /// Lineage and serial; it has to be a whole state.
    fn state(&self) -> (String, u64) {
        let text = match self.bed {
            Some(bed) => bed.aws("s3", &format!("/states-{}/networking/terraform.tfstate", self.number)),
            None => std::fs::read_to_string(self.estate.path().join("states/networking.tfstate")).unwrap(),
        };
        let state: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        (state["lineage"].as_str().unwrap().to_owned(), state["serial"].as_u64().unwrap())
    }

    /// Whether the run's own lock is left. A killed run may leave it; the next one sees that nobody holds it.
    fn own_lock(&self) -> bool {
        let list = format!("/states-{}?list-type=2", self.number);
        self.bed.is_some_and(|bed| bed.aws("s3", &list).contains(".slipway-lock"))
    }

    /// The ID of the lock that is left on the state.
    fn lock(&self) -> Option<String> {
        let text = match self.bed {
            Some(bed) => {
                let objects = bed.aws("s3", &format!("/states-{}?list-type=2", self.number));
                let lock = format!("/states-{}/networking/terraform.tfstate.tflock", self.number);
                objects.contains(".tflock").then(|| bed.aws("s3", &lock))?
            }
            None => std::fs::read_to_string(self.estate.path().join("states/.networking.tfstate.lock.info"))
                .ok()?,
        };
        Some(serde_json::from_str::<Value>(&text).unwrap()["ID"].as_str().unwrap().to_owned())
    }

    /// One run that is interrupted; returns how often it ended well all the same, and was killed.
    fn round(&self, round: u64, moments: &mut Moments, undisturbed: u64) -> (u64, u64) {
        let was_left = self.own_lock();
        self.change(&format!("round {round}"));
        let child = start(self.slipway(), &["apply", "--yes"]);
        moments.pause(undisturbed);
        let presses = match moments.next(10) {
            0..=2 => vec![Signal::SIGINT],
            3..=6 => vec![Signal::SIGINT, Signal::SIGINT],
            7 => vec![Signal::SIGTERM],
            8 => vec![Signal::SIGHUP, Signal::SIGTERM],
            _ => vec![Signal::SIGINT, Signal::SIGINT, Signal::SIGINT],
        };
        for press in &presses {
            // A process that has ended and was not waited for takes signals and does nothing.
            signal(&child, *press);
            moments.pause(BETWEEN);
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let context = format!("lane {}, round {round}, {presses:?}:\n{told}", self.number);
        // Before anything has begun a signal ends it as it ends every program; a shell calls that 128 and the signal.
        let code = output.status.code().unwrap_or_else(|| {
            assert!(!told.contains("run "), "{context}");
            output.status.signal().map_or(-1, |_| 130)
        });
        assert!(code == 130 || code == 0, "{code} in {context}");
        assert!(was_left || presses.len() == 3 || !self.own_lock(), "the run's own lock is left: {context}");
        if let Some(id) = self.lock() {
            assert_eq!(presses.len(), 3, "only a kill may leave a lock: {context}");
            let release = format!("slipway unlock networking {id}");
            match self.bed {
                // The tool that noted it ends by itself, and a note without its process keeps nobody.
                None if !told.contains(&release) => self.outlast(),
                _ => {
                    if !told.contains(&release) {
                        // It was written after the kill; whoever meets it is told.
                        self.slipway().run(&["plan"]).exits(1).says(&release);
                    }
                    self.slipway().run(&["unlock", "networking", &id]).exits(0);
                }
            }
            assert_eq!(self.lock(), None, "{context}");
        }
        (u64::from(code == 0), u64::from(presses.len() == 3))
    }

    /// Plans until no process holds the state any more.
    fn outlast(&self) {
        for _ in 0..60 {
            let plan = self.slipway().run(&["plan"]);
            if plan.code == 0 {
                return;
            }
            drop(plan.says("which still runs: wait for it"));
            std::thread::sleep(Duration::from_secs(1));
        }
        panic!("the tool of a killed run never ends");
    }

    /// Gives the next apply something to do.
    fn change(&self, value: &str) {
        let unit =
            std::fs::read_to_string(self.estate.path().join("live/networking/terragrunt.hcl")).unwrap();
        let (before, _) = unit.split_once("  value = ").unwrap();
        self.estate.write("live/networking/terragrunt.hcl", &format!("{before}  value = \"{value}\"\n}}\n"));
    }

    /// Milliseconds that a run takes here and now, less those by which a second press may come later: the first presses
    /// fall within them, however fast the machine is.
    fn undisturbed(&self) -> u64 {
        self.change("undisturbed");
        let begun = Instant::now();
        self.slipway().run(&["apply", "--yes"]).exits(0);
        u64::try_from(begun.elapsed().as_millis()).unwrap().saturating_sub(BETWEEN).max(1)
    }

    fn interrupt_all(&self) -> (u64, u64) {
        let undisturbed = self.undisturbed();
        let mut moments = Moments(SEED + self.number);
        let (lineage, mut serial) = self.state();
        let mut counts = (0, 0);
        for round in 0..ROUNDS / LANES {
            let (well, killed) = self.round(round, &mut moments, undisturbed);
            counts = (counts.0 + well, counts.1 + killed);
            let now = self.state();
            assert_eq!(now.0, lineage, "lane {}, round {round}", self.number);
            assert!(now.1 >= serial, "lane {}, round {round}: serial {} after {serial}", self.number, now.1);
            serial = now.1;
        }
        for process in std::fs::read_dir(self.estate.path().join("signals")).unwrap().flatten() {
            let name = process.file_name().into_string().unwrap();
            assert!(name.ends_with("-1"), "one process was interrupted more than once: {name}");
        }
        self.slipway().run(&["apply", "--yes"]).exits(0);
        self.slipway().run(&["apply", "--yes"]).exits(0).says("nothing to change");
        assert!(!self.own_lock());
        counts
    }
}

#[test]
fn a_hundred_interrupts_at_random_moments_cost_no_state() {
    let bed = Bed::start(&["aws"]);
    let tools = terraforms();
    let counts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                let (bed, tools) = (&bed, &tools);
                scope.spawn(move || {
                    let lanes = (worker..LANES).step_by(usize::try_from(AT_ONCE).unwrap());
                    let of_lane = |number: u64| {
                        let tool = &tools[usize::try_from(number / 2).unwrap() % tools.len()];
                        let bed = number.is_multiple_of(2).then_some(bed);
                        Lane::new(number, tool, bed).interrupt_all()
                    };
                    lanes.map(of_lane).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let (well, killed): (u64, u64) = counts.iter().fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1));
    println!("{ROUNDS} rounds: {well} ended before they were stopped, {killed} were killed");
    assert!(well < ROUNDS / 2, "{well} of {ROUNDS} had ended before they were interrupted");
}
