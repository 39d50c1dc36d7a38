//! What a branch would change, rendered by the real repo-server, which is reached through the API server.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use slipway::argocd::{bootstrap, uninstall, wait_available};

use super::world::World;
use crate::support::slipway::Ended;

const LONG: Duration = Duration::from_mins(6);

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: '1'}\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart}\ndata:\n  mode: {{ .Values.mode | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version | quote }}\n  knows: {{ .Capabilities.APIVersions.Has \"argoproj.io/v1alpha1/Application\" | quote }}\n";
const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: one-\nresources: [map.yaml]\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: canary-of-old, user: web}\n";

fn application(name: &str, sources: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  {sources}\n  destination: {{server: 'https://kubernetes.default.svc', namespace: default}}\n"
    )
}

/// One of each kind of source, and one that follows a tag.
fn begin(work: &Path, url: &str) {
    let write = |file: &str, text: &str| {
        let file = work.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let of = |path: &str, more: &str| {
        format!("source: {{repoURL: '{url}', targetRevision: main, path: {path}{more}}}")
    };
    write("manifests/plain/map.yaml", &MAP.replace("NAME", "plain"));
    write("manifests/plain/secret.yaml", SECRET);
    write("manifests/apps/plain.yaml", &application("plain", &of("manifests/plain", "")));
    write("manifests/same/map.yaml", &MAP.replace("NAME", "same"));
    write("manifests/apps/same.yaml", &application("same", &of("manifests/same", "")));
    write("manifests/kustomized/map.yaml", &MAP.replace("NAME", "map"));
    write("manifests/kustomized/kustomization.yaml", KUSTOMIZATION);
    let labels = ", kustomize: {commonAnnotations: {team: web}, patches: [{target: {kind: ConfigMap}, patch: \"- op: add\\n  path: /data/b\\n  value: patched\"}]}";
    write("manifests/apps/kustomized.yaml", &application("kustomized", &of("manifests/kustomized", labels)));
    write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    write("charts/web/values.yaml", "mode: none\n");
    write("charts/web/templates/map.yaml", TEMPLATE);
    write("manifests/values/web.yaml", "mode: slow\n");
    let several = format!(
        "sources:\n  - {{repoURL: '{url}', targetRevision: main, ref: values}}\n  - {{repoURL: '{url}', targetRevision: main, path: charts/web, helm: {{valueFiles: [$values/manifests/values/web.yaml]}}}}"
    );
    write("manifests/apps/chart.yaml", &application("chart", &several));
    let pinned = of("manifests/plain", "").replace("main", "v1");
    write("manifests/apps/pinned.yaml", &application("pinned", &pinned));
    write("manifests/breaks/map.yaml", &MAP.replace("NAME", "breaks"));
    write("manifests/apps/breaks.yaml", &application("breaks", &of("manifests/breaks", "")));
}

/// What a branch does to them.
fn change(work: &Path, url: &str) {
    let write = |file: &str, text: &str| std::fs::write(work.join(file), text).unwrap();
    let edit = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(work.join(file)).unwrap();
        assert!(text.contains(from));
        write(file, &text.replace(from, to));
    };
    edit("manifests/plain/map.yaml", "a: '1'", "a: '2'");
    edit("manifests/plain/secret.yaml", "canary-of-old", "canary-of-new");
    edit("manifests/kustomized/kustomization.yaml", "one-", "two-");
    edit("manifests/values/web.yaml", "slow", "fast");
    write("manifests/breaks/kustomization.yaml", "resources: [nowhere.yaml]\n");
    std::fs::create_dir(work.join("manifests/fresh")).unwrap();
    write("manifests/fresh/map.yaml", &MAP.replace("NAME", "fresh"));
    let fresh = format!("source: {{repoURL: '{url}', targetRevision: main, path: manifests/fresh}}");
    write("manifests/apps/fresh.yaml", &application("fresh", &fresh));
}

fn named<'a>(preview: &'a Value, name: &str) -> &'a Value {
    let all = preview["applications"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} is not in {preview:#}"))
}

/// The lines of an application's differences that begin with a sign.
fn lines(application: &Value) -> Vec<String> {
    let objects = application["objects"].as_array().unwrap();
    let all = objects.iter().flat_map(|object| object["difference"].as_str().unwrap().lines());
    all.filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect()
}

fn every_kind_of_source_is_rendered(preview: &Value) {
    assert_eq!(named(preview, "same")["state"], "same");
    let plain = named(preview, "plain");
    assert_eq!(plain["state"], "changed", "{plain:#}");
    let secret = "+  password: \"(hidden), another one\"";
    let told = lines(plain);
    assert!(told.contains(&"-  a: \"1\"".to_owned()) && told.contains(&"+  a: \"2\"".to_owned()), "{told:?}");
    assert!(told.iter().any(|line| line.replace('"', "") == secret.replace('"', "")), "{told:?}");
    let kustomized = named(preview, "kustomized");
    let fates: Vec<_> = kustomized["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| (object["name"].as_str().unwrap(), object["change"].as_str().unwrap()))
        .collect();
    assert_eq!(fates, [("one-map", "removed"), ("two-map", "added")], "{kustomized:#}");
    let told = lines(kustomized).join("\n");
    assert!(told.contains("+  b: patched") && told.contains("+    team: web"), "{told}");
    // Values come from another source, and the chart asks what the cluster can do.
    let chart = lines(named(preview, "chart"));
    assert_eq!(chart, ["-  mode: slow", "+  mode: fast"]);
    let whole = named(preview, "chart")["objects"][0]["difference"].as_str().unwrap();
    assert!(whole.contains("kube: v1.") && whole.contains("knows: \"true\""), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_branch_would_change_is_rendered_before_it_is_merged() {
    let world = World::new("argo-preview").await;
    let url = world.url();
    world.begin(|work| begin(work, &url));
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        assert!(git.arg("-C").arg(&world.repository).args(arguments).status().unwrap().success());
    };
    git(&["tag", "v1", "main"]);
    world.commit_on("my-change", |work| change(work, &url));
    let spec = world.spec("argocd").await;
    bootstrap(world.client.clone(), &spec, &|_| ()).await.unwrap();
    wait_available(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("slipway.hcl"), world.project("")).unwrap();
    let argocd = |arguments: &[&str]| -> Ended {
        let slipway = world.slipway(home.path());
        let ended = tokio::task::block_in_place(|| slipway.run(&[&["argocd"], arguments].concat()));
        for secret in ["canary-of-old", "canary-of-new", world.bed.text("/git/password")] {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{secret} is shown");
        }
        ended
    };
    let by_hand = ["plain", "same", "kustomized", "chart", "pinned", "breaks"];
    let left_out = by_hand.iter().flat_map(|name| ["--leave-out", name]);
    argocd(&["wait", "--timeout", "360"].into_iter().chain(left_out).collect::<Vec<_>>()).exits(0);
    let all = ["diff", "--revision", "my-change"];
    let with = |more: &[&'static str]| [all.as_slice(), more].concat();

    // The one that breaks is told by the repo-server's own words, and the others are shown all the same.
    let ended = argocd(&with(&["--format", "json", "--report-markdown", "comment.md"])).exits(1);
    let preview: Value = serde_json::from_str(&ended.stdout).unwrap();
    every_kind_of_source_is_rendered(&preview);
    let breaks = named(&preview, "breaks");
    assert_eq!(breaks["state"], "failed");
    assert!(breaks["error"].as_str().unwrap().contains("nowhere.yaml"), "{breaks:#}");
    // One that only the branch has is rendered as its Application there says.
    let fresh = named(&preview, "fresh");
    assert_eq!((&fresh["state"], &fresh["objects"][0]["change"]), (&"new".into(), &"added".into()));
    assert_eq!(preview["elsewhere"]["pinned"][0], "v1");
    let comment = std::fs::read_to_string(home.path().join("comment.md")).unwrap();
    assert!(comment.contains("`breaks`") && comment.contains("+  mode: fast"), "{comment}");
    assert!(!comment.contains("canary-of"), "{comment}");

    let text = argocd(&[&["diff", "plain", "chart"], &all[1..]].concat()).exits(0).stdout;
    assert!(text.contains("~ plain: 0 added, 2 changed, 0 removed"), "{text}");
    assert!(text.contains("2 of 2 applications would change"), "{text}");
    argocd(&[&["diff", "chart", "--detailed-exitcode"], &all[1..]].concat()).exits(2);
    argocd(&[&["diff", "same", "--detailed-exitcode"], &all[1..]].concat()).exits(0);
    // Whoever is named is rendered whatever it follows.
    argocd(&[&["diff", "pinned", "--detailed-exitcode"], &all[1..]].concat()).exits(2);
    argocd(&[&["diff", "fresh", "--detailed-exitcode"], &all[1..]].concat()).exits(2);
    argocd(&[&["diff", "plian"], &all[1..]].concat()).exits(1).says("did you mean \"plain\"?");
    let lost = argocd(&["diff", "plain", "--revision", "no-such-branch"]).exits(1).stdout;
    assert!(lost.contains("cannot be rendered") && lost.contains("no-such-branch"), "{lost}");
    argocd(&["diff", "plain", "--detailed-exitcode"]).exits(64);
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
}
