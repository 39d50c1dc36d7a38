//! The files of the corpus, without anything that reads them: tests of what tools render have them as well.

/// Files with one image each: `@` is the image, or `%` the tag of `registry.example/web`, in a notation that the style gives.
pub const FAMILIES: &[(&str, &str)] = &[
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
pub struct Style {
    pub quote: &'static str,
    pub comment: &'static str,
    pub crlf: bool,
    pub mark: bool,
    pub before: &'static str,
    pub after: &'static str,
}

const PLAIN: Style = Style { quote: "", comment: "", crlf: false, mark: false, before: "", after: "" };
pub const STYLES: &[Style] = &[
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
pub fn written(family: &str, style: Style, tag: &str) -> String {
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
