//! The command itself, killed after changes that it makes: the next one goes on from there.
//!
//! After a handful of them, in every phase; after each of them with `SLIPWAY_EVERY_KILL=1`, some minutes more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::door::Door;
use super::world::World;
use crate::cluster::world::World as Eks;

const NAME: &str = "argo-killed";
const KINDS: &str = "customresourcedefinitions,namespaces,clusterroles,clusterrolebindings,serviceaccounts,roles,rolebindings,\
    configmaps,secrets,services,networkpolicies,deployments,statefulsets";
const OF_ARGOCD: &str = "appprojects.argoproj.io,applications.argoproj.io";
/// No command takes that long here, killed or not.
const LONGEST: Duration = Duration::from_mins(6);
/// More changes than either of the commands makes.
const MOST: usize = 200;

/// The project on an EKS of its own, whose endpoint is the door.
struct Killable<'a> {
    world: &'a World,
    eks: &'a Eks,
    door: &'a Door,
    home: &'a Path,
}

impl Killable<'_> {
    fn start(&self, arguments: &[&str]) -> Child {
        let slipway = self.world.slipway(self.home).env("AWS_ENDPOINT_URL", self.eks.server.uri());
        let mut command: Command = slipway.into_command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
    }

    /// Runs a command to its end, and says what it changed.
    fn whole(&self, arguments: &[&str]) -> Vec<String> {
        self.door.open();
        assert!(self.start(arguments).wait().unwrap().success(), "{arguments:?}");
        self.door.changes()
    }

    /// Kills a command once it has made so many changes, before it hears of the last; whether it came so far.
    fn killed(&self, arguments: &[&str], changes: usize) -> bool {
        let (sender, reached) = channel();
        self.door.close_after(changes, sender);
        let mut child = self.start(arguments);
        let begun = Instant::now();
        loop {
            match reached.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("the door holds it"),
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{arguments:?}");
                return false;
            }
            assert!(begun.elapsed() < LONGEST, "{arguments:?}");
        }
    }

    /// Kills a command again and again, each time so many changes further, and lets the last come to its end; how many changes
    /// they made.
    fn killed_at(&self, arguments: &[&str], steps: &[usize]) -> usize {
        let every = std::env::var_os("SLIPWAY_EVERY_KILL").is_some();
        let mut made = 0;
        for step in if every { &[1; MOST] } else { steps } {
            if !self.killed(arguments, *step) {
                return made + self.door.changes().len();
            }
            made += step;
        }
        made + self.whole(arguments).len()
    }
}

/// What we have applied, and which fields of it are ours.
fn applied(world: &World, kinds: &str) -> BTreeMap<String, Value> {
    let get = ["get", kinds, "-A", "-o", "json", "--show-managed-fields"];
    let all: Value = serde_json::from_str(&world.bed.kubectl(&get)).unwrap();
    let mut found = BTreeMap::new();
    for object in all["items"].as_array().unwrap() {
        let metadata = &object["metadata"];
        for entry in metadata["managedFields"].as_array().into_iter().flatten() {
            if entry["manager"] == "slipway" && entry["operation"] == "Apply" {
                let name = format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"]);
                found.insert(name, entry["fieldsV1"].clone());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_killed_after_each_change_is_ended_by_the_next() {
    let world = World::new(NAME).await;
    let door = Door::before(&world.bed, world.client.clone());
    let eks = Eks::well().await.with("/endpoint", json!(door.address));
    let eks = eks.with("/certificateAuthority/data", json!(STANDARD.encode(&door.authority)));
    eks.answer_well().await;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("").replace(NAME, "dev")).unwrap();
    let killable = Killable { world: &world, eks: &eks, door: &door, home: home.path() };
    let (bootstrap, uninstall) = (["argocd", "bootstrap"], ["argocd", "uninstall", "--yes"]);
    // One that nobody kills, and what there is then.
    let changes = killable.whole(&bootstrap);
    let all = [KINDS, OF_ARGOCD].join(",");
    let never_killed = applied(&world, &all);
    assert_eq!(changes.len(), never_killed.len(), "one change an object: {changes:?}");
    assert_eq!(killable.whole(&bootstrap), [""; 0], "a second one changes nothing");
    world.green("argocd", LONGEST).await.unwrap();

    // Applications, workloads, roles, and definitions.
    let made = killable.killed_at(&uninstall, &[1, 1, 6, 20, 9, 1]);
    assert!(made >= changes.len(), "{made}");
    assert_eq!(applied(&world, KINDS), BTreeMap::new());
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);
    assert_eq!(world.names("deployments"), "");
    assert_eq!(killable.whole(&uninstall), [""; 0], "nothing is left");

    // The namespace, a definition, the last of them, what follows, the project, and a secret after the other.
    let made = killable.killed_at(&bootstrap, &[1, 1, 2, 15, 18, 1, 1]);
    assert_eq!(made, changes.len(), "nothing is made twice");
    assert_eq!(applied(&world, &all), never_killed);
    assert_eq!(killable.whole(&bootstrap), [""; 0]);
    world.green("argocd", LONGEST).await.unwrap();
    killable.whole(&uninstall);
}
