//! Statuses of commits on their forge: the real notifications controller sets them, as `slipway.hcl` has it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway::argocd::uninstall;

use super::world::World;
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::slipway::Ended;

const LONG: Duration = Duration::from_mins(6);
const CONTEXT: &str = "argocd/dev/root";
/// A token that may set statuses, and nothing else.
const STATUS_TOKEN: &str = "canary-status-token-91bd";

const PROJECT: &str = r#"
cluster "dev" {
  name   = "argo-notifying"
  region = "eu-west-1"

  argocd {
    version  = "v3.6.1"
    flavor   = "standard"
    manifest = get_env("SLIPWAY_ARGOCD_MANIFEST")

    repository {
      url         = get_env("SLIPWAY_MANIFESTS_URL")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN")
      forge       = get_env("SLIPWAY_FORGE")
    }

NOTIFICATIONS
    root {
      path      = "manifests"
      revision  = "main"
      namespace = "default"
    }
  }
}
"#;
const BY_TOKEN: &str = r#"
    notifications {
      target_url  = "https://argocd.example/applications/{namespace}/{app}?at={revision}"
      credentials = get_env("STATUS_TOKEN")
    }
"#;
const BY_APP: &str = r#"
    notifications {
      github_app_id              = "99"
      github_app_installation_id = "4711"
      github_app_private_key     = get_env("APP_KEY")
    }
"#;

/// A deployment that is ready after some seconds, where its image can be had, and else is given up after as many: what lasts a
/// moment only, Argo CD may not look at.
fn deployment(version: &str) -> String {
    let deadline = if version.contains("broken") { 8 } else { 600 };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "notified" },
        "spec": {
            "progressDeadlineSeconds": deadline, "selector": { "matchLabels": { "app": "notified" } },
            "template": {
                "metadata": { "labels": { "app": "notified" }, "annotations": { "emulator/ready-after": "8s" } },
                "spec": { "containers": [{ "name": "web", "image": format!("registry.example/notified:{version}") }] },
            },
        },
    })
    .to_string()
}

fn map(name: &str) -> String {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } }).to_string()
}

/// A forge, what follows it, and how statuses are set there.
struct Notified<'a> {
    world: &'a World,
    forge: &'a Forge,
    home: &'a Path,
    app_key: String,
}

impl Notified<'_> {
    fn write(&self, notifications: &str) {
        let text = PROJECT.replace("NOTIFICATIONS", notifications);
        std::fs::write(self.home.join("slipway.hcl"), text).unwrap();
    }

    fn bootstrap(&self, more: &[&str]) -> Ended {
        let manifest = self.world.bed.text("/argocd/manifests/standard-lighter").to_owned();
        self.bootstrap_of(&manifest, more)
    }

    fn bootstrap_of(&self, manifest: &str, more: &[&str]) -> Ended {
        let slipway = self.forge.slipway(self.home).bed(&self.world.bed);
        let slipway = slipway.env("SLIPWAY_ARGOCD_MANIFEST", manifest).env("STATUS_TOKEN", STATUS_TOKEN);
        let slipway = slipway.env("APP_KEY", &self.app_key);
        let ended =
            tokio::task::block_in_place(|| slipway.run(&[&["argocd", "bootstrap", "dev"], more].concat()));
        for secret in [STATUS_TOKEN, TOKEN, "PRIVATE KEY"] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{secret} is shown");
        }
        ended
    }

    /// Pushes a commit with these files alone, and says which it is.
    fn push(&self, files: &[(&str, String)]) -> String {
        let work = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
            let mut command = Command::new("git");
            let done = command.current_dir(work.path()).args(identity).args(arguments).output().unwrap();
            assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        git(&["clone", "--quiet", self.forge.bare().to_str().unwrap(), "."]);
        std::fs::remove_dir_all(work.path().join("manifests")).unwrap();
        for (name, text) in files {
            let file = work.path().join("manifests").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "A change"]);
        git(&["push", "--quiet", "origin", "HEAD:main"]);
        self.forge.git(&["rev-parse", "main"])
    }

    /// What the forge shows of a commit: each state with what is said beside it.
    fn states(&self, commit: &str) -> Vec<(String, Value)> {
        let of_it = |status: &Value| status["sha"] == *commit && status["context"] == CONTEXT;
        let statuses = self.forge.statuses().into_iter().filter(of_it);
        statuses.map(|status| (status["state"].as_str().unwrap().to_owned(), status)).collect()
    }

    /// Has Argo CD look, and waits until the forge shows a state of a commit; all that it has shown of it.
    fn until(&self, commit: &str, wanted: &str) -> Vec<(String, Value)> {
        let begun = Instant::now();
        let refresh = r#"{"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}"#;
        let refresh = || {
            let patch = ["patch", "applications.argoproj.io", "root", "--type=merge", "-p", refresh];
            self.world.bed.kubectl(&[&["-n", "argocd"], &patch[..]].concat());
        };
        refresh();
        let mut asked = Instant::now();
        loop {
            let states = self.states(commit);
            if states.last().is_some_and(|(state, _)| state == wanted) {
                return states;
            }
            assert!(begun.elapsed() < LONG, "{commit} is not {wanted}: {:?}", self.forge.statuses());
            if asked.elapsed() > Duration::from_secs(10) {
                refresh();
                asked = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn data(&self, of: &str) -> Value {
        let text = self.world.bed.kubectl(&["-n", "argocd", "get", of, "-o", "json"]);
        serde_json::from_str::<Value>(&text).unwrap()["data"].clone()
    }

    fn patch_map(&self, data: &Value) {
        let patch = json!({ "data": data }).to_string();
        let map = ["patch", "configmap", "argocd-notifications-cm", "--type=merge", "-p", &patch];
        self.world.bed.kubectl(&[&["-n", "argocd"], &map[..]].concat());
    }

    /// Commits that are well, broken, not to be applied, and well again.
    fn every_state_is_seen(&self, failure: &str) {
        let names =
            |states: &[(String, Value)]| states.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let said =
            |states: &[(String, Value)]| states.last().unwrap().1["description"].as_str().unwrap().to_owned();
        // From here on the controller is there, and sees all that comes.
        let first = self.push(&[("web.json", deployment("v0"))]);
        self.until(&first, "success");
        let well = self.push(&[("web.json", deployment("v1"))]);
        let states = self.until(&well, "success");
        assert_eq!(names(&states), ["pending", "success"], "{states:?}");
        assert_eq!(said(&states), "synced and Healthy");

        let broken = self.push(&[("web.json", deployment("v2-broken"))]);
        let states = self.until(&broken, failure);
        assert_eq!(names(&states), ["pending", failure], "{states:?}");
        assert_eq!(said(&states), "synced and Degraded");

        // The fix after it is another commit's; what was said of the broken one stays.
        let refused = self.push(&[("web.json", deployment("v3")), ("map.json", map("Not_Fine"))]);
        let states = self.until(&refused, failure);
        assert!(said(&states).starts_with("its sync fails: "), "{states:?}");
        let fixed = self.push(&[("web.json", deployment("v3")), ("map.json", map("fine"))]);
        // Most of it was there by then, so that nothing may have been waited for.
        let states = self.until(&fixed, "success");
        assert!(!names(&states).contains(&failure.to_owned()), "{states:?}");
        assert_eq!(self.states(&broken).last().unwrap().0, failure);
        assert_eq!(names(&self.states(&well)), ["pending", "success"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_shows_on_its_forge_whether_it_is_synced_and_healthy() {
    let world = World::new("argo-notifying").await;
    let home = tempfile::tempdir().unwrap();
    let github = Forge::start(Kind::GitHub, &["app-a"]);
    github.know(STATUS_TOKEN, "reporter", &["statuses"]);
    let key = github.folder.path().join("app.pem");
    let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).arg("2048").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let app_key = std::fs::read_to_string(&key).unwrap();
    let on_github = Notified { world: &world, forge: &github, home: home.path(), app_key: app_key.clone() };

    what_cannot_be_set_is_told_with_its_place(&on_github);
    by_an_app(&on_github);
    by_a_token(&on_github);
    what_is_somebody_elses_stays(&on_github);

    let gitlab = Forge::start(Kind::GitLab, &["app-a"]);
    gitlab.know(STATUS_TOKEN, "reporter", &["pull_requests"]);
    let on_gitlab = Notified { forge: &gitlab, app_key, ..on_github };
    on_gitlab.bootstrap(&[]).exits(0);
    on_gitlab.every_state_is_seen("failed");
    let asked = gitlab.asked();
    assert!(asked.iter().any(|line| line.contains("/projects/org%2Fmanifests/statuses/")), "{asked:?}");
    without_the_block_nothing_of_it_stays(&on_gitlab);

    let manifest = world.manifest("standard-lighter").await;
    uninstall(world.client.clone(), "argocd", &manifest, LONG, &|_| ()).await.unwrap();
    assert_eq!(world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
}

fn what_cannot_be_set_is_told_with_its_place(notified: &Notified<'_>) {
    notified.write(BY_TOKEN);
    let core = notified.world.bed.text("/argocd/manifests/core-lighter").to_owned();
    notified
        .bootstrap_of(&core, &[])
        .exits(1)
        .says("has no notifications controller")
        .says("slipway.hcl:18:5");
    assert_eq!(notified.world.bed.kubectl(&["get", "namespace", "argocd", "--ignore-not-found"]), "");
}

fn by_an_app(notified: &Notified<'_>) {
    notified.write(BY_APP);
    notified.bootstrap(&["--dry-run"]).exits(0);
    notified.bootstrap(&["--export", "objects"]).exits(0);
    for file in std::fs::read_dir(notified.home.join("objects")).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        // `-----BEGIN`, as a secret would hold it.
        assert!(!text.contains("LS0tLS1CRUdJ") && !text.contains("PRIVATE KEY"), "{:?}", file.path());
    }
    notified.bootstrap(&[]).exits(0);
    let again = notified.bootstrap(&[]).exits(0);
    assert!(again.stdout.contains(": 0 objects created, 0 changed"), "{}", again.stdout);
    notified.every_state_is_seen("failure");
    let last = notified.forge.statuses().pop().unwrap();
    assert_eq!(last["by"], "slipway[bot]");
    let page = format!("{}/org/manifests/commit/{}", notified.forge.address, last["sha"].as_str().unwrap());
    assert_eq!(last["target_url"], *page);
}

fn by_a_token(notified: &Notified<'_>) {
    notified.write(BY_TOKEN);
    notified.patch_map(&json!({ "template.theirs": "message: hello" }));
    let dry = notified.bootstrap(&["--dry-run"]).exits(0);
    assert!(dry.stdout.contains("slipway-status-token: (hidden), another one"), "{}", dry.stdout);
    notified.bootstrap(&[]).exits(0);
    let data = notified.data("configmap/argocd-notifications-cm");
    assert_eq!(data["template.theirs"], "message: hello");
    assert!(data.get("service.github.slipway").is_none() && data.get("service.webhook.slipway").is_some());
    assert!(!data.to_string().contains("canary"), "{data}");
    let secret = notified.data("secret/argocd-notifications-secret");
    assert_eq!(secret.as_object().unwrap().keys().collect::<Vec<_>>(), ["slipway-status-token"]);
    notified.every_state_is_seen("failure");
    let last = notified.forge.statuses().pop().unwrap();
    assert_eq!(last["by"], "reporter");
    let target =
        format!("https://argocd.example/applications/argocd/root?at={}", last["sha"].as_str().unwrap());
    assert_eq!(last["target_url"], *target);
}

fn what_is_somebody_elses_stays(notified: &Notified<'_>) {
    let theirs = "- recipients: [slack]\n  triggers: [theirs]\n";
    notified.patch_map(&json!({ "subscriptions": theirs }));
    for force in [&[][..], &["--force"]] {
        notified
            .bootstrap(force)
            .exits(1)
            .says("kubectl-patch keeps `subscriptions`")
            .says("add this line to it");
    }
    assert_eq!(notified.data("configmap/argocd-notifications-cm")["subscriptions"], theirs);
    let both = format!("{theirs}- {{recipients: [slipway], triggers: [slipway-commit-status]}}\n");
    notified.patch_map(&json!({ "subscriptions": both }));
    notified.bootstrap(&[]).exits(0);
    assert_eq!(notified.data("configmap/argocd-notifications-cm")["subscriptions"], both);
}

fn without_the_block_nothing_of_it_stays(notified: &Notified<'_>) {
    notified.write("");
    notified.bootstrap(&[]).exits(0);
    let data = notified.data("configmap/argocd-notifications-cm");
    let mut left: Vec<&String> = data.as_object().unwrap().keys().collect();
    left.sort();
    assert_eq!(left, ["subscriptions", "template.theirs"], "what is theirs");
    assert_eq!(notified.data("secret/argocd-notifications-secret"), Value::Null);
}
