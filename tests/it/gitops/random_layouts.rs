//! Made-up layouts of bases, overlays, components and patches, judged by Kustomize itself: an edit is made where it shows in all
//! that is built on it, and refused where it does not.
//!
//! `SLIPWAY_LAYOUTS=FROM..TO` looks at other seeds than the suite does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::remote::Remote;
use super::{kustomize, set};

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's constants; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing into a text does not fail.
    let _ = text.write_fmt(more);
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels: {app: web}\n  annotations: {owner: me}\nNAMESPACEspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\nFIRST      - {name: web, image: 'r.example/web:v1'}\nLAST";
const SIDE: &str = "      - {name: side, image: 'r.example/side:v1'}\n";
const NAMES: &[&str] =
    &["r.example/web", "r.example/web", "m.example/web", "c.example/web", "r.example/side", "web"];

/// The files of a layout, under its folder.
struct Layout {
    files: Vec<(String, String)>,
    /// What is built: nobody builds on these.
    tops: Vec<&'static str>,
}

impl Layout {
    fn of(seed: u64) -> Self {
        let dice = &mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (first, last) = match dice.roll(3) {
            0 => (SIDE, ""),
            1 => ("", SIDE),
            _ => ("", ""),
        };
        let namespace = if dice.one_in(4) { "  namespace: own\n" } else { "" };
        let text = DEPLOYMENT.replace("FIRST", first).replace("LAST", last).replace("NAMESPACE", namespace);
        let mut layout = Self { files: vec![("base/d.yaml".to_owned(), text)], tops: vec!["top"] };
        layout.kustomization("base", "resources: [d.yaml]\n", dice);
        let below = if dice.one_in(2) {
            layout.kustomization("middle", "resources: [../base]\n", dice);
            "../middle"
        } else {
            "../base"
        };
        let mut top = format!("resources: [{below}]\n");
        if dice.one_in(3) {
            let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
            layout.kustomization("component", component, dice);
            top += "components: [../component]\n";
        }
        layout.kustomization("top", &top, dice);
        if dice.one_in(3) {
            layout.kustomization("other", "resources: [../base]\n", dice);
            layout.tops.push("other");
        }
        layout
    }

    fn kustomization(&mut self, folder: &str, start: &str, dice: &mut Dice) {
        let mut text = start.to_owned();
        if dice.one_in(3) {
            text += "images:\n";
            for _ in 0..=dice.roll(2) {
                put(&mut text, format_args!("- name: {}\n", dice.of(NAMES)));
                if dice.one_in(2) {
                    put(&mut text, format_args!("  newName: {}\n", dice.of(NAMES)));
                }
                match dice.roll(5) {
                    0 => text += "  newTag: v9\n",
                    1 => put(&mut text, format_args!("  digest: sha256:{}\n", "0a".repeat(32))),
                    2 => text += "  newTag: ''\n",
                    _ => {}
                }
            }
        }
        for (key, value) in [
            ("namePrefix", "eu-"),
            ("nameSuffix", "-one"),
            ("namespace", "prod"),
            ("commonLabels", "{tier: front}"),
            ("labels", "[{pairs: {tier: back}}]"),
            ("commonAnnotations", "{team: us}"),
        ] {
            if dice.one_in(8) {
                put(&mut text, format_args!("{key}: {value}\n"));
            }
        }
        if dice.one_in(2) {
            text += "patches:\n";
            for number in 0..=dice.roll(2) {
                let patch = patch(dice);
                if dice.one_in(3) {
                    self.files.push((format!("{folder}/p{number}.yaml"), patch.clone()));
                    put(&mut text, format_args!("- path: p{number}.yaml\n"));
                } else {
                    put(
                        &mut text,
                        format_args!("- patch: |-\n    {}\n", patch.trim_end().replace('\n', "\n    ")),
                    );
                }
                // A list of operations has to have one.
                if patch.starts_with('-') || dice.one_in(3) {
                    put(&mut text, format_args!("  target: {{{}}}\n", target(dice)));
                }
            }
        }
        self.files.push((format!("{folder}/kustomization.yaml"), text));
    }
}

fn target(dice: &mut Dice) -> String {
    let mut parts = Vec::new();
    for (key, choices) in [
        ("kind", &["Deployment", "Deployment", "Dep.*", "Job", "Stateful.*|Deployment"][..]),
        ("name", &["web", "w.*", "eu-web", "eu-web-one", ".*-one", "other"]),
        ("namespace", &["default", "own", "prod", "nowhere"]),
        ("group", &["apps", "batch", "app"]),
        ("version", &["v1", "v2"]),
        (
            "labelSelector",
            &["app=web", "'app in (web,api)'", "tier=front", "'tier notin (back)'", "'!tier'", "app!=web"],
        ),
        ("annotationSelector", &["owner=me", "team", "owner!=me"]),
    ] {
        if dice.one_in(4) {
            parts.push(format!("{key}: {}", dice.of(choices)));
        }
    }
    if parts.is_empty() {
        parts.push("kind: Deployment".to_owned());
    }
    parts.join(", ")
}

fn patch(dice: &mut Dice) -> String {
    let containers = "/spec/template/spec/containers";
    let number = dice.roll(2);
    let head =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n";
    match dice.roll(11) {
        0 => format!("- {{op: replace, path: {containers}/{number}/image, value: x.example/x:v7}}\n"),
        1 => format!("- {{op: add, path: {containers}/-, value: {{name: new, image: 'n.example/n:v1'}}}}\n"),
        2 => format!("- {{op: replace, path: {containers}/{number}, value: {{name: web, image: 'x.example/x:v7'}}}}\n"),
        3 => format!("- {{op: add, path: {containers}/{number}/command, value: [a]}}\n"),
        4 => format!("- {{op: test, path: {containers}/0/name, value: web}}\n"),
        5 => "- {op: replace, path: /spec/template/spec, value: {containers: [{name: web, image: 'x.example/x:v7'}]}}\n".to_owned(),
        6 => format!("{head}      containers:\n      - {{name: web, image: 'x.example/x:v7'}}\n"),
        7 => format!("{head}      containers:\n      - {{name: side, image: 'x.example/x:v7'}}\n"),
        8 => format!("{head}      containers:\n      - name: web\n        env: [{{name: A, value: b}}]\n"),
        9 => format!("{head}      containers:\n      - {{name: web, $patch: replace, image: 'x.example/x:v7'}}\n"),
        _ => "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n".to_owned(),
    }
}

/// The workload and the image of `web` in what Kustomize builds of a folder; none where it does not.
fn built(folder: &Path) -> Option<BTreeSet<(String, String)>> {
    let output = kustomize(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = BTreeSet::new();
    for document in text.split("\n---\n") {
        let workload = document.lines().find_map(|line| line.strip_prefix("  name: "))?;
        let mut image = "";
        for line in document.lines().map(|line| line.trim_start().trim_start_matches("- ")) {
            if let Some(value) = line.strip_prefix("image: ") {
                image = value;
            } else if line == "name: web" && !image.is_empty() {
                found.insert((workload.to_owned(), image.to_owned()));
                image = "";
            } else if line.starts_with("name: ") {
                image = "";
            }
        }
    }
    output.status.success().then_some(found)
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SLIPWAY_LAYOUTS") else { return 0..60 };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

#[tokio::test]
async fn made_up_layouts_are_edited_where_kustomize_shows_it_and_refused_where_it_does_not() {
    let remote = Remote::new();
    let layouts: Vec<(u64, Layout)> = seeds().map(|seed| (seed, Layout::of(seed))).collect();
    for (seed, layout) in &layouts {
        for (path, text) in &layout.files {
            remote.write(format!("manifests/s{seed}/{path}"), text.as_bytes());
        }
    }
    remote.commit("layouts", &[]);
    let colleague = remote.root.path().join("colleague/manifests");
    let (mut judged, mut made, mut wrong) = (0, 0, Vec::new());
    for (seed, layout) in &layouts {
        let folder = colleague.join(format!("s{seed}"));
        let all = || -> Option<Vec<_>> { layout.tops.iter().map(|top| built(&folder.join(top))).collect() };
        // Not everything that is made up can be built.
        let Some(before) = all() else { continue };
        let base = folder.join("base/d.yaml");
        let text = std::fs::read_to_string(&base).unwrap();
        std::fs::write(&base, text.replace("r.example/web:v1", "r.example/web:v2")).unwrap();
        let after = all().unwrap();
        // Two containers of one name are nobody's.
        if after.iter().any(|built| built.len() > 1) {
            continue;
        }
        judged += 1;
        let shows = before.iter().zip(&after).all(|(before, after)| {
            after.len() == 1 && before != after && after.iter().all(|(_, image)| image.ends_with(":v2"))
        });
        let target = format!("s{seed}/Deployment/web/web@base/d.yaml=r.example/web:v2");
        let outcome = set(&mut remote.open().await, &target).await;
        made += usize::from(outcome.is_ok());
        let told = outcome.as_ref().map(|outcome| {
            let deployed = outcome.deployed.iter();
            deployed.map(|one| (one.workload.clone(), one.image.clone())).collect::<BTreeSet<_>>()
        });
        let runs: BTreeSet<(String, String)> = after.iter().flatten().cloned().collect();
        if told.is_ok() != shows || told.is_ok_and(|told| told != runs) {
            let files: Vec<String> =
                layout.files.iter().map(|(path, text)| format!("--- {path}\n{text}")).collect();
            let files = files.concat();
            let deployed = outcome.as_ref().map(|outcome| &outcome.deployed);
            wrong.push(format!("seed {seed}: shows {shows}, {deployed:?}, built {after:?}\n{files}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    // Both happen, so that something was seen.
    assert!(judged * 2 > layouts.len() && made > 0 && made < judged, "{judged} judged, {made} made");
}
