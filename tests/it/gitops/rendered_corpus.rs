//! The corpus of the library, rendered: of every file in every style, what the real Kustomize or the real Helm makes of it differs after
//! an edit in one line of one object, and that is the wanted image.

#[path = "../../../crates/gitops/src/corpus/files.rs"]
mod files;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use slipway::gitops::edit_file;

use self::files::{FAMILIES, STYLES, written};
use super::kustomize;
use crate::support::tool;

/// The style with a directive, which the tools refuse in files of their own.
const DIRECTIVE: usize = 7;
const WORKERS: usize = 3;

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: web, image: 'registry.example/web:v0'}\n      - {name: side, image: 'web:v0'}\n";
const CHART: &str = "apiVersion: v2\nname: CHART\nversion: 0.1.0\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Chart.Name }}-web}\nspec:\n  containers:\n  - name: web\n    image: IMAGE\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}-other}\ndata: {replicas: {{ .Values.replicas | default 0 | quote }}}\n";

/// How a chart takes the image of each file of values.
const IN_CHARTS: &[(&str, &str)] = &[
    ("values.yaml", "{{ .Values.image }}"),
    ("values-deep.yaml", "{{ .Values.web.api.sidecarImage }}"),
    ("values-split.yaml", "{{ .Values.image.repository }}:{{ .Values.image.tag }}"),
    (
        "values-parts.yaml",
        "{{ with .Values.web.image }}{{ .registry }}/{{ .repository }}:{{ .tag }}{{ end }}",
    ),
    ("values-flat.yaml", "{{ .Values.image }}:{{ .Values.imageTag }}"),
    ("values-list.yaml", "{{ with (index .Values.jobs 0).image }}{{ .name }}:{{ .tag }}{{ end }}"),
    ("values-tag.yaml", "registry.example/web:{{ .Values.image.tag }}"),
    ("values.json", "{{ .Values.image.repository }}:{{ .Values.image.tag }}"),
];

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// What a tool renders of a folder; none where it refuses that.
fn rendered(root: &Path, with_helm: bool) -> Option<String> {
    let output = if with_helm {
        Command::new(tool("helm"))
            .args(["template", "release", "."])
            .current_dir(root)
            .env("HOME", root)
            .output()
    } else {
        let mut command = kustomize(root);
        command.args(["--enable-helm", "--helm-command"]).arg(tool("helm")).env("HOME", root).output()
    };
    let output = output.unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// A file of the corpus as one that can be rendered: on a base that is there.
fn on_a_base(path: &str, family: &str) -> String {
    let is_kustomization = path.contains('/');
    match family.strip_prefix("resources: [https://git.example/base.git]\n") {
        Some(rest) => format!("resources: [base.yaml]\n{rest}"),
        None if is_kustomization && !family.contains("helmCharts") => {
            format!("resources: [base.yaml]\n{family}")
        }
        None => family.to_owned(),
    }
}

/// Writes one tree: a file in a style, and what it takes to render it.
fn tree(root: &Path, (path, text): (&str, &str), number: usize) {
    let name = path.rsplit('/').next().unwrap();
    let at = |file: &str| format!("t{number}/k/{file}");
    write(
        root,
        &format!("t{number}/kustomization.yaml"),
        &format!("namePrefix: t{number}-\nresources: [k]\n"),
    );
    write(root, &at(name), text);
    if path.contains('/') || name == "patch.yaml" {
        write(root, &at("base.yaml"), BASE);
    }
    if name == "patch.yaml" {
        let uses = "resources: [base.yaml]\npatches: [{path: patch.yaml, target: {kind: Deployment}}]\n";
        write(root, &at("kustomization.yaml"), uses);
    } else if !path.contains('/') {
        write(root, &at("kustomization.yaml"), &format!("resources: [{name}]\n"));
    }
    if text.contains("helmCharts") {
        write(root, &at("charts/web/Chart.yaml"), &CHART.replace("CHART", "web"));
        write(root, &at("charts/web/values.yaml"), "{}\n");
        let image = "{{ .Values.image.repository }}:{{ .Values.image.tag }}";
        write(root, &at("charts/web/templates/all.yaml"), &TEMPLATE.replace("IMAGE", image));
    }
}

/// Writes one chart, whose values are a file in a style.
fn chart(root: &Path, (image, text): (&str, &str), number: usize) {
    let at = |file: &str| format!("charts/t{number}/{file}");
    write(root, &at("Chart.yaml"), &CHART.replace("CHART", &format!("t{number}")));
    write(root, &at("values.yaml"), text);
    write(root, &at("templates/all.yaml"), &TEMPLATE.replace("IMAGE", image));
}

/// What is rendered of some styles of a file, each by its number; in one process, and where that refuses in one for each.
fn of_styles(path: &str, texts: &[(usize, String)]) -> BTreeMap<usize, Vec<String>> {
    let together = |texts: &[(usize, String)]| {
        let root = tempfile::tempdir().unwrap();
        let in_chart = IN_CHARTS.iter().find(|(file, _)| *file == path).map(|(_, image)| *image);
        for (number, text) in texts {
            match in_chart {
                Some(image) => chart(root.path(), (image, text), *number),
                None => tree(root.path(), (path, text), *number),
            }
        }
        let names: Vec<String> = texts.iter().map(|(number, _)| format!("t{number}")).collect();
        write(root.path(), "kustomization.yaml", &format!("resources: [{}]\n", names.join(", ")));
        write(root.path(), "Chart.yaml", &CHART.replace("CHART", "all"));
        let text = rendered(root.path(), in_chart.is_some())?;
        let of = |number: usize| -> Vec<String> {
            let name = format!("name: t{number}-");
            text.split("---\n").filter(|object| object.contains(&name)).map(str::to_owned).collect()
        };
        Some(texts.iter().map(|(number, _)| (*number, of(*number))).collect::<BTreeMap<_, _>>())
    };
    together(texts).unwrap_or_else(|| {
        texts.iter().filter_map(|one| together(std::slice::from_ref(one))).flatten().collect()
    })
}

/// The line that differs between two renderings of one tree, before and after.
fn difference(before: &[String], after: &[String]) -> Result<(String, String), String> {
    let told = || format!("before:\n{}\nafter:\n{}", before.concat(), after.concat());
    if before.len() != after.len() || before.is_empty() {
        return Err(told());
    }
    let objects = before.iter().zip(after).filter(|(before, after)| before != after);
    let [(before, after)] = objects.collect::<Vec<_>>()[..] else { return Err(told()) };
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lines: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    match lines[..] {
        [(old, new)] if before.len() == after.len() => Ok(((*old).to_owned(), (*new).to_owned())),
        _ => Err(told()),
    }
}

/// Renders a file of the corpus in all styles before and after its edit, and says how many of them were rendered.
fn check((path, family): (&str, &str)) -> usize {
    let family = on_a_base(path, family);
    let styles = |tag: &str| -> Vec<(usize, String)> {
        STYLES.iter().enumerate().map(|(number, style)| (number, written(&family, *style, tag))).collect()
    };
    let edited = |text: &str| {
        let (target, wanted) = ("web".parse().unwrap(), "registry.example/web:v2".parse().unwrap());
        String::from_utf8(edit_file(&format!("apps/web/{path}"), text.as_bytes(), &target, &wanted).unwrap())
            .unwrap()
    };
    let before = styles("v1");
    let after: Vec<(usize, String)> = before.iter().map(|(number, text)| (*number, edited(text))).collect();
    let of_all = |texts: &[(usize, String)]| {
        let (odd, usual): (Vec<_>, Vec<_>) =
            texts.iter().cloned().partition(|(number, _)| *number == DIRECTIVE);
        let mut all = of_styles(path, &usual);
        all.extend(of_styles(path, &odd));
        all
    };
    let (was, is) = (of_all(&before), of_all(&after));
    assert!(was.keys().eq(is.keys()), "{path}: {:?} and {:?}", was.keys(), is.keys());
    // Kustomize and Helm put the image together; in what they only pass on, a tag may stand alone.
    let shown =
        if family.contains('@') || path.contains('/') || IN_CHARTS.iter().any(|(file, _)| *file == path) {
            "registry.example/web:v2"
        } else {
            "v2"
        };
    for (number, was) in &was {
        let (old, new) =
            difference(was, &is[number]).unwrap_or_else(|told| panic!("{path} {number}: {told}"));
        assert_eq!(old.replace("v1", "v2"), new, "{path} {number}");
        assert!(new.contains(shown) && old != new, "{path} {number}: {new}");
    }
    was.len()
}

#[test]
fn every_file_of_the_corpus_is_rendered_with_the_wanted_image_and_nothing_else_changed() {
    // What is no object of the cluster's, and what has no name, is rendered by nobody.
    let by_nobody = [".argocd-source-web.yaml", "katib.yaml", "typed.yaml"];
    let families: Vec<_> = FAMILIES.iter().copied().filter(|(path, _)| !by_nobody.contains(path)).collect();
    let (next, counts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(family) = families.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let rendered = check(*family);
                    counts.lock().unwrap().insert(family.0, rendered);
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    assert_eq!(counts.len(), families.len());
    // A directive is refused by both tools in what is theirs.
    assert!(counts.values().all(|count| *count + 1 >= STYLES.len()), "{counts:?}");
    assert!(counts.values().sum::<usize>() >= 300, "{counts:?}");
}
