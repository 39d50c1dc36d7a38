//! A corpus made for the purpose: families of files in which images stand, each in many styles. After an edit the bytes differ in
//! one span, what is parsed differs at one path, and both say the wanted image.

use proptest::prelude::*;

use crate::edit_file;
use crate::manifest::{Node, Value, parse};

/// Files with one image each: `@` is the image, or `%` the tag of `registry.example/web`, in a notation that the style gives.
const FAMILIES: &[(&str, &str)] = &[
    (
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: @\n        ports: []\n",
    ),
    (
        "stateful.yaml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n    template:\n        spec:\n            initContainers:\n                -   image: @\n                    name: web\n",
    ),
    (
        "flow.yaml",
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web}, spec: {template: {spec: {containers: [{name: web, image: @ }]}}}}\n",
    ),
    (
        "cron.yaml",
        "kind: CronJob\napiVersion: batch/v1\nmetadata: {name: web}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - {image: @, name: web}\n",
    ),
    (
        "controller.yaml",
        "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - image: @\n",
    ),
    (
        "template.yaml",
        "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: web}\ntemplate:\n  spec:\n    containers:\n    - \"name\": web\n      \"image\":   @\n",
    ),
    (
        "list.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec:\n    containers:\n    - name: web\n      image: @\n",
    ),
    (
        "typed.yaml",
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: web}\n  spec: {template: {spec: {containers: [{image: @ , name: web}]}}}\n",
    ),
    (
        "knative.yaml",
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - image: @\n",
    ),
    (
        "rollout.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      annotations:\n        note: |\n          image: registry.example/web:v0\n    spec:\n      containers:\n      - name: web\n        image: @\n",
    ),
    (
        "workflow.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: web}\nspec:\n  templates:\n  - name: build\n    container:\n      image: @\n",
    ),
    (
        "cronworkflow.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: web}\nspec:\n  workflowSpec:\n    templates:\n    - name: build\n      script:\n        image: @\n        source: |\n          echo image: x\n",
    ),
    (
        "sensor.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: web}\nspec:\n  triggers:\n  - template:\n      k8s:\n        source:\n          resource:\n            apiVersion: batch/v1\n            kind: Job\n            spec:\n              template:\n                spec:\n                  containers:\n                  - name: web\n                    image: @\n",
    ),
    (
        "task.yaml",
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: web}\nspec:\n  steps:\n  - name: build\n    image: @\n",
    ),
    (
        "katib.yaml",
        "apiVersion: config.kubeflow.org/v1beta1\nkind: KatibConfig\nruntime:\n  suggestions:\n  - algorithmName: random\n    image: @\n",
    ),
    ("values.yaml", "# values\nreplicas: 2\nimage: @\n"),
    ("values-deep.yaml", "web:\n  api:\n    sidecarImage: @\n    tag: x\n"),
    (
        "values-split.yaml",
        "image:\n  repository: registry.example/web\n  pullPolicy: IfNotPresent\n  tag: %\n",
    ),
    (
        "values-parts.yaml",
        "web: {image: {registry: registry.example, repository: web, tag: %, digest: ''}}\n",
    ),
    ("values-flat.yaml", "image: registry.example/web\nimageTag: %\n"),
    ("values-list.yaml", "jobs:\n- name: a\n  image:\n    name: registry.example/web\n    tag: %\n"),
    ("values-tag.yaml", "image:\n  tag: %\nservice: {port: 80}\n"),
    ("values.json", "{\"image\": {\"repository\": \"registry.example/web\", \"tag\": %}}\n"),
    (
        "release.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n  values:\n    image:\n      repository: registry.example/web\n      tag: %\n",
    ),
    (
        "app-text.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    helm:\n      values: |\n        # of the chart\n        image:\n          repository: registry.example/web\n          tag: %\n        other: x\n",
    ),
    (
        "app-object.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  sources:\n  - helm:\n      valuesObject:\n        web: {image: @ }\n",
    ),
    (
        "app-parameter.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    helm:\n      parameters:\n      - name: image.tag\n        value: %\n",
    ),
    (
        "app-kustomize.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    kustomize:\n      images:\n      - @\n",
    ),
    (
        "set.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: web}\nspec:\n  generators: []\n  template:\n    spec:\n      source:\n        helm:\n          parameters: [{name: image.repository, value: registry.example/web}, {name: image.tag, value: %}]\n",
    ),
    (".argocd-source-web.yaml", "kustomize:\n  images:\n  - @\n"),
    (
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  values.yaml: |-\n    image: @\n",
    ),
    (
        "one/kustomization.yaml",
        "resources: [https://git.example/base.git]\nimages:\n- name: registry.example/web\n  newTag: %\n",
    ),
    ("two/kustomization.yaml", "images:\n- {newName: registry.example/web, newTag: %, name: web}\n"),
    ("three/kustomization.yml", "imageTags:\n- name: registry.example/web\n  newTag: %\n"),
    (
        "four/Kustomization",
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: @\n",
    ),
    (
        "five/kustomization.yaml",
        "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n          - name: web\n            image: @\n",
    ),
    (
        "six/kustomization.yaml",
        "helmCharts:\n- name: web\n  valuesInline:\n    image: {repository: registry.example/web, tag: %}\n",
    ),
    (
        "patch.yaml",
        "- op: test\n  path: /kind\n  value: Deployment\n- op: replace\n  path: /spec/template/spec/containers/1/image\n  value: @\n",
    ),
];

/// How a scalar is written, what stands behind it, and what is made of the whole text.
#[derive(Clone, Copy, Debug)]
struct Style {
    quote: &'static str,
    comment: &'static str,
    crlf: bool,
    mark: bool,
    before: &'static str,
    after: &'static str,
}

const PLAIN: Style = Style { quote: "", comment: "", crlf: false, mark: false, before: "", after: "" };
const STYLES: &[Style] = &[
    PLAIN,
    Style { quote: "'", ..PLAIN },
    Style { quote: "\"", ..PLAIN },
    Style { comment: " # was registry.example/web:0\t🦀", ..PLAIN },
    Style { quote: "\"", comment: "   # image: x:0", crlf: true, ..PLAIN },
    Style { quote: "'", crlf: true, mark: true, ..PLAIN },
    Style { before: "# first\n---\n", after: "---\n# nothing\n", ..PLAIN },
    Style { before: "%YAML 1.2\n---\n", quote: "\"", ..PLAIN },
    Style { before: "\n\n# ü\n", after: "\n\n  \n", crlf: true, ..PLAIN },
    Style { quote: "'", after: "...\n", ..PLAIN },
];

/// A file before or after: with the tag given.
fn written(family: &str, style: Style, tag: &str) -> String {
    let Style { quote, comment, crlf, mark, before, after } = style;
    let is_json = family.starts_with("{\"");
    let quote = if is_json { "\"" } else { quote };
    let (image, tag) = (format!("{quote}registry.example/web:{tag}{quote}"), format!("{quote}{tag}{quote}"));
    // Behind a value in braces there is no place for a comment.
    let ends_line = |placeholder: &str| family.contains(&format!("{placeholder}\n"));
    let comment = if !is_json && (ends_line("@") || ends_line("%")) { comment } else { "" };
    let value = if family.contains('@') { ('@', image) } else { ('%', tag) };
    let text = family.replace(value.0, &format!("{}{comment}", value.1));
    let (before, after) = if is_json { ("", "") } else { (before, after) };
    let text = format!("{before}{text}{after}");
    let text = if crlf { text.replace('\n', "\r\n") } else { text };
    if mark { format!("\u{feff}{text}") } else { text }
}

/// All scalars of a text, each by its way; those of a block of text are told by that text's own.
fn leaves(text: &str) -> Vec<(String, String)> {
    fn walk(node: &Node, way: &str, leaves: &mut Vec<(String, String)>) {
        match &node.value {
            Value::Scalar(text, _) => match parse(text) {
                Ok(documents) if text.contains('\n') => {
                    for document in &documents {
                        walk(document, &format!("{way}|"), leaves);
                    }
                }
                _ => leaves.push((way.to_owned(), text.clone())),
            },
            Value::Mapping(pairs) => {
                for (key, value) in pairs {
                    walk(value, &format!("{way}/{}", key.text().unwrap_or_default()), leaves);
                }
            }
            Value::Sequence(items) => {
                for (number, item) in items.iter().enumerate() {
                    walk(item, &format!("{way}/{number}"), leaves);
                }
            }
            Value::Alias(anchor) => leaves.push((way.to_owned(), format!("*{anchor}"))),
        }
    }
    let mut all = Vec::new();
    for (number, document) in parse(text).unwrap().iter().enumerate() {
        walk(document, &number.to_string(), &mut all);
    }
    all
}

/// The letters between what two texts begin and end with alike.
fn span(before: &str, after: &str) -> (String, String) {
    let (mut one, mut other): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    one.drain(..same);
    other.drain(..same);
    let same = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    one.truncate(one.len() - same);
    other.truncate(other.len() - same);
    (one.into_iter().collect(), other.into_iter().collect())
}

fn edited(path: &str, text: &str, tag: &str) -> Result<String, String> {
    let wanted = format!("registry.example/web:{tag}").parse().unwrap();
    let edited = edit_file(&format!("apps/web/{path}"), text.as_bytes(), &"web".parse().unwrap(), &wanted);
    edited.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.to_string())
}

#[test]
fn every_family_in_every_style_is_edited_in_one_span_and_at_one_path() {
    let mut seen = 0;
    for (path, family) in FAMILIES {
        for style in STYLES {
            let before = written(family, *style, "v1");
            let after = edited(path, &before, "v2").unwrap_or_else(|error| panic!("{error}\n{before}"));
            assert_eq!(after, written(family, *style, "v2"), "{path} {style:?}");
            assert_eq!(span(&before, &after), ("1".to_owned(), "2".to_owned()), "{path} {style:?}");
            let (was, is) = (leaves(&before), leaves(&after));
            assert_eq!(was.len(), is.len(), "{path} {style:?}");
            let different: Vec<_> = was.iter().zip(&is).filter(|(was, is)| was != is).collect();
            let [((way, old), (same_way, new))] = &different[..] else {
                panic!("{path} {style:?}: {different:?}")
            };
            assert_eq!((way, old.replace("v1", "v2")), (same_way, (*new).clone()), "{path} {style:?}");
            // What is there already is left alone.
            assert_eq!(edited(path, &after, "v2").as_ref(), Ok(&after), "{path} {style:?}");
            seen += 1;
        }
    }
    assert!(seen >= 300, "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tag_becomes_any_other_and_is_a_text_afterwards(
        family in 0..FAMILIES.len(),
        style in 0..STYLES.len(),
        old in "v[0-9]{1,2}(\\.[0-9]{1,2}){0,2}(-[a-z]{1,5})?",
        new in "[0-9A-Za-z_][0-9A-Za-z_.-]{0,12}",
    ) {
        let ((path, family), style) = (FAMILIES[family], STYLES[style]);
        let before = written(family, style, &old);
        let after = edited(path, &before, &new).map_err(TestCaseError::fail)?;
        let (was, is) = (leaves(&before), leaves(&after));
        prop_assert_eq!(was.len(), is.len());
        for ((way, was), (same_way, is)) in was.iter().zip(&is) {
            prop_assert_eq!(way, same_way);
            if was != is {
                prop_assert_eq!(is, &was.replace(&old, &new));
            }
        }
        // Quotes may come; the rest of the bytes stay.
        let expected = written(family, style, &new);
        let quoted = written(family, Style { quote: "\"", ..style }, &new);
        prop_assert!(after == expected || style.quote.is_empty() && after == quoted, "{}", after);
        if after != expected {
            prop_assert!(crate::written::needs_quotes(&new), "{}", new);
        }
    }
}
