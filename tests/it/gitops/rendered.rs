//! Helm itself is the judge: an edit of values shows in what Helm renders, in exactly the image that was meant.

use std::path::Path;
use std::process::Command;

use slipway::gitops::BumpOptions;

use super::remote::Remote;
use super::{set, set_with};
use crate::support::tool;

/// What the real Helm renders of a chart with a file of values.
fn rendered(chart: &Path, values: &str) -> String {
    let output = Command::new(tool("helm"))
        .args(["template", "release", "."])
        .args(["--values", values])
        .current_dir(chart)
        .env("HOME", chart)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A way to write an image in values, and the way in which a chart takes it.
struct Shape {
    /// The values: `%` stands for the tag.
    values: &'static str,
    /// The template's expression.
    template: &'static str,
    /// The image that comes of it: `%` stands for the tag.
    image: &'static str,
    /// The path that names it, where there are several.
    path: &'static str,
}

const SHAPES: &[Shape] = &[
    Shape {
        values: "image: r.example/web:%\n",
        template: "{{ .Values.image }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "image: 'r.example/web:%' # by the pipeline\nreplicas: 2\n",
        template: "{{ .Values.image }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "image:\n  repository: r.example/web\n  tag: \"%\"\n  pullPolicy: Always\n",
        template: "{{ .Values.image.repository }}:{{ .Values.image.tag }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "image: {registry: r.example, repository: team/web, tag: %}\n",
        template: "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}",
        image: "r.example/team/web:%",
        path: "",
    },
    Shape {
        values: "image:\n  name: r.example/web\n  tag: '%'\n",
        template: "{{ .Values.image.name }}:{{ .Values.image.tag }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "image: r.example/web\nimageTag: %\n",
        template: "{{ .Values.image }}:{{ .Values.imageTag }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "image:\n  repository: r.example/web\n  tag: %\n  digest: \"\"\n",
        template: "{{ .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "web:\n  image:\n    repository: r.example/web\n    tag: %\nworker:\n  image:\n    repository: r.example/worker\n    tag: v1\n",
        template: "{{ .Values.web.image.repository }}:{{ .Values.web.image.tag }}",
        image: "r.example/web:%",
        path: "/Values/values-prod/web.image",
    },
    Shape {
        values: "sidecars:\n  - name: log\n    image: r.example/log:v1\n  - name: web\n    image: r.example/web:%\n",
        template: "{{ (index .Values.sidecars 1).image }}",
        image: "r.example/web:%",
        path: "",
    },
    Shape {
        values: "defaults: &defaults\n  pullPolicy: Always\nimage:\n  <<: *defaults\n  repository: r.example/web\n  tag: %\n",
        template: "{{ .Values.image.repository }}:{{ .Values.image.tag }}",
        image: "r.example/web:%",
        path: "",
    },
];

/// Tags that a careless edit turns into numbers, dates or nothing.
const TAGS: &[&str] = &["v2", "1.10", "20260105", "1e3", "0x1f", "2026-01-05", "true", "007"];

const OTHERS: &str =
    "  labels: {managed: {{ .Release.Service | quote }}}\n  replicas: 2\n  other: r.example/other:v1\n";

#[tokio::test]
async fn what_helm_renders_differs_in_exactly_the_wanted_image() {
    for (number, shape) in SHAPES.iter().enumerate() {
        let remote = Remote::new();
        let chart = "apiVersion: v2\nname: web\nversion: 0.1.0\n".to_owned();
        let template = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: images\ndata:\n  image: {{{{ printf \"%s\" (tpl {:?} .) | quote }}}}\nmore:\n{OTHERS}",
            shape.template
        );
        let values = shape.values.replace('%', "v1");
        remote.commit(
            "a chart",
            &[
                ("manifests/web/Chart.yaml", &chart),
                ("manifests/web/values.yaml", "{}\n"),
                ("manifests/web/values-prod.yaml", &values),
                ("manifests/web/templates/images.yaml", &template),
            ],
        );
        let image = |tag: &str| shape.image.replace('%', tag);
        let render = || rendered(&checked_out(&remote).path().join("manifests/web"), "values-prod.yaml");
        let mut before = render();
        for tag in TAGS {
            let wanted = format!("web{}={}", shape.path, image(tag));
            let options = BumpOptions { allow_older: true, ..Default::default() };
            let done = set_with(&mut remote.open().await, &wanted, &options).await;
            let done = done.unwrap_or_else(|error| panic!("{number} {wanted}: {error}"));
            let line = |image: &str| format!("  image: {image:?}\n");
            assert!(before.contains(&line(&done.previous)), "{number} {tag}: {before}");
            let after = render();
            assert_eq!(after, before.replace(&line(&done.previous), &line(&image(tag))), "{number} {tag}");
            assert_ne!(after, before, "{number} {tag}");
            before = after;
        }
    }
}

/// The files at the tip.
fn checked_out(remote: &Remote) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("git")
        .args(["clone", "--quiet", "--depth=1"])
        .arg(format!("file://{}", remote.bare().display()))
        .arg(folder.path().join("."))
        .status()
        .unwrap();
    assert!(status.success());
    folder
}

#[tokio::test]
async fn a_digest_that_decides_in_the_chart_is_emptied_or_set_so_that_the_wanted_image_is_rendered() {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let values = format!("image:\n  repository: r.example/web\n  tag: v1\n  digest: {}\n", digest("a"));
    let template = "image: {{ .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end }}\n";
    let remote = Remote::new();
    remote.commit(
        "a chart",
        &[
            ("manifests/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
            ("manifests/web/values.yaml", &values),
            ("manifests/web/templates/images.yaml", template),
        ],
    );
    let now = |remote: &Remote| {
        let folder = checked_out(remote);
        let text = rendered(&folder.path().join("manifests/web"), "values.yaml");
        text.lines().find_map(|line| line.strip_prefix("image: ")).unwrap().to_owned()
    };
    assert_eq!(now(&remote), format!("r.example/web@{}", digest("a")));
    set(&mut remote.open().await, "web=r.example/web:v2").await.unwrap();
    assert_eq!(now(&remote), "r.example/web:v2");
    let pinned = format!("web=r.example/web:v3@{}", digest("b"));
    set(&mut remote.open().await, &pinned).await.unwrap();
    assert_eq!(now(&remote), format!("r.example/web@{}", digest("b")));
}
