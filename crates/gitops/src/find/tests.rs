use super::*;
use crate::edit_file;

const OBJECT: &str = "manifests/app/object.yaml";
const VALUES: &str = "manifests/app/values.yaml";
const KUSTOMIZATION: &str = "manifests/app/kustomization.yaml";

fn images_of(files: &[(&str, &str)]) -> Images {
    let files = files.iter().map(|(path, text)| ManifestFile {
        path: (*path).into(),
        mode: "100644".into(),
        bytes: text.as_bytes().to_vec(),
        link: None,
    });
    Images::of(&files.collect::<Vec<_>>().into(), &Rules::default())
}

/// The images of a file, as `Kind/name/container image`.
fn listed(path: &str, text: &str) -> Vec<String> {
    let images = images_of(&[(path, text)]);
    assert!(images.unreadable.is_empty(), "{:?}", images.unreadable);
    images.found.iter().map(|image| format!("{} {}", image.identity(), image.text())).collect()
}

/// What a file is after an edit.
fn set(path: &str, text: &str, assignment: &str) -> Result<String, String> {
    let (target, image) = assignment.rsplit_once('=').unwrap();
    let edited = edit_file(path, text.as_bytes(), &target.parse().unwrap(), &image.parse().unwrap());
    edited.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.to_string())
}

/// Sets the only image of a file, and expects one text of it to be another afterwards.
fn becomes(path: &str, text: &str, image: &str, from: &str, to: &str) {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    assert_eq!(set(path, text, &format!("app={image}")), Ok(text.replace(from, to)), "{text}");
}

fn object(api_version: &str, kind: &str, rest: &str) -> String {
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\n{rest}\n")
}

#[test]
fn custom_kinds_have_their_images_where_these_kinds_keep_them() {
    let container = "{name: c, image: 'r.io/a:v1'}";
    for (api_version, kind, rest, expected) in [
        ("serving.knative.dev/v1", "Service", "spec: {template: {spec: {containers: [C]}}}", "c"),
        ("argoproj.io/v1alpha1", "Rollout", "spec: {template: {spec: {containers: [C]}}}", "c"),
        ("apps.openshift.io/v1", "DeploymentConfig", "spec: {template: {spec: {containers: [C]}}}", "c"),
        ("v1", "PodTemplate", "template: {spec: {containers: [C]}}", "c"),
        (
            "argoproj.io/v1alpha1",
            "Workflow",
            "spec: {templates: [{name: t, container: {image: 'r.io/a:v1'}}]}",
            "t",
        ),
        (
            "argoproj.io/v1alpha1",
            "WorkflowTemplate",
            "spec: {templates: [{name: t, script: {image: 'r.io/a:v1'}}]}",
            "t",
        ),
        (
            "argoproj.io/v1alpha1",
            "WorkflowTemplate",
            "spec: {templates: [{name: t, containerSet: {containers: [C]}}]}",
            "c",
        ),
        (
            "argoproj.io/v1alpha1",
            "CronWorkflow",
            "spec: {workflowSpec: {templates: [{name: t, container: {image: 'r.io/a:v1'}}]}}",
            "t",
        ),
        (
            "argoproj.io/v1alpha1",
            "Sensor",
            "spec: {triggers: [{template: {k8s: {source: {resource: {apiVersion: argoproj.io/v1alpha1, kind: Workflow, spec: {templates: [{name: t, container: {image: 'r.io/a:v1'}}]}}}}}}]}",
            "t",
        ),
        ("tekton.dev/v1", "Task", "spec: {steps: [C]}", "c"),
        ("tekton.dev/v1", "Pipeline", "spec: {tasks: [{name: t, taskSpec: {steps: [C]}}]}", "c"),
        (
            "config.kubeflow.org/v1beta1",
            "KatibConfig",
            "runtime: {suggestions: [{algorithmName: random, image: 'r.io/a:v1'}]}",
            "random",
        ),
        (
            "kubeflow.org/v1beta1",
            "Experiment",
            "spec: {trialTemplate: {trialSpec: {apiVersion: batch/v1, kind: Job, spec: {template: {spec: {containers: [C]}}}}}}",
            "c",
        ),
        (
            "kubeflow.org/v1",
            "PyTorchJob",
            "spec: {pytorchReplicaSpecs: {Worker: {template: {spec: {containers: [C]}}}}}",
            "c",
        ),
        ("ray.io/v1", "RayCluster", "spec: {workerGroupSpecs: [{template: {spec: {containers: [C]}}}]}", "c"),
        ("monitoring.coreos.com/v1", "Prometheus", "spec: {image: 'r.io/a:v1'}", "image"),
        ("kafka.strimzi.io/v1beta2", "Kafka", "spec: {kafka: {image: 'r.io/a:v1'}}", "kafka"),
        ("postgresql.cnpg.io/v1", "Cluster", "spec: {imageName: 'r.io/a:v1'}", "imageName"),
        ("pkg.crossplane.io/v1", "Provider", "spec: {package: 'r.io/a:v1'}", "package"),
        ("keda.sh/v1alpha1", "ScaledJob", "spec: {jobTargetRef: {template: {spec: {containers: [C]}}}}", "c"),
        ("v1", "Pod", "spec: {volumes: [{name: model, image: {reference: 'r.io/a:v1'}}]}", "model"),
    ] {
        let text = object(api_version, kind, &rest.replace('C', container));
        assert_eq!(listed(OBJECT, &text), [format!("{kind}/x/{expected} r.io/a:v1")], "{text}");
        becomes(OBJECT, &text, "r.io/a:v2", "r.io/a:v1", "r.io/a:v2");
    }
    let service = object("v1", "Service", "spec: {ports: [{port: 80}]}");
    assert_eq!(listed(OBJECT, &service), [""; 0]);
}

#[test]
fn typed_lists_and_templates_hold_objects_that_need_not_say_their_kind() {
    let item =
        "{metadata: {name: x}, spec: {template: {spec: {containers: [{name: c, image: 'r.io/a:v1'}]}}}}";
    let typed = format!("apiVersion: apps/v1\nkind: DeploymentList\nitems: [{item}]\n");
    assert_eq!(listed(OBJECT, &typed), ["Deployment/x/c r.io/a:v1"]);
    becomes(OBJECT, &typed, "r.io/a:v2", ":v1", ":v2");
    let template = format!(
        "apiVersion: template.openshift.io/v1\nkind: Template\nobjects: [{{apiVersion: apps/v1, kind: Deployment, {}]\n",
        item.trim_start_matches('{')
    );
    assert_eq!(listed(OBJECT, &template), ["Deployment/x/c r.io/a:v1"]);
}

#[test]
fn values_tell_an_image_in_one_value_or_in_parts() {
    for (text, expected) in [
        ("image: r.io/a:v1\n", "image r.io/a:v1"),
        ("image: {repository: r.io/a, tag: v1}\n", "image r.io/a:v1"),
        ("image:\n  registry: r.io\n  repository: a\n  tag: \"v1\"\n  digest: ''\n", "image r.io/a:v1"),
        ("image: {name: r.io/a, tag: v1}\n", "image r.io/a:v1"),
        ("web:\n  api: {repository: r.io/a, tag: 'v1', pullPolicy: Always}\n", "web.api r.io/a:v1"),
        ("image: r.io/a\nimageTag: v1\n", "image r.io/a:v1"),
        ("image: r.io/a\ntag: v1\n", "image r.io/a:v1"),
        ("sidecars:\n- {name: s, image: r.io/a:v1}\n", "sidecars.0.image r.io/a:v1"),
        ("image: {tag: v1}\n", "image :v1"),
        ("operatorImage: r.io/a:v1 # theirs\n", "operatorImage r.io/a:v1"),
        ("controller: {image: {repository: r.io/a, tag: v1, sha: ''}}\n", "controller.image r.io/a:v1"),
    ] {
        assert_eq!(listed(VALUES, text), [format!("Values/values/{expected}")], "{text}");
        becomes(VALUES, text, "r.io/a:v2", "v1", "v2");
    }
    for text in [
        "repository: https://github.com/a/b\n",
        "image: {pullPolicy: Always}\n",
        "tag: v1\n",
        "image: '{{ .x }}'\n",
    ] {
        assert_eq!(listed(VALUES, text), [""; 0], "{text}");
    }
}

#[test]
fn another_registry_or_digest_is_written_where_there_is_a_value_for_it() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let text = "image: {registry: r.io, repository: a, tag: v1, digest: ''}\n";
    assert_eq!(
        set(VALUES, text, "app=m.io/team/b:v2"),
        Ok("image: {registry: m.io, repository: team/b, tag: v2, digest: ''}\n".to_owned())
    );
    let pinned = set(VALUES, text, &format!("app=r.io/a:v2@{digest}")).unwrap();
    assert_eq!(pinned, format!("image: {{registry: r.io, repository: a, tag: v2, digest: '{digest}'}}\n"));
    // A digest that stayed would go on deciding.
    assert_eq!(set(VALUES, &pinned, "app=r.io/a:v1"), Ok(text.to_owned()));
    let refused = set(VALUES, text, "app=a:v2").unwrap_err();
    assert!(refused.contains("values.yaml:1: the registry has a value of its own"), "{refused}");
    let refused = set(VALUES, &pinned, &format!("app=r.io/a@{digest}")).unwrap_err();
    assert!(refused.contains("give both"), "{refused}");
    let refused = set(VALUES, "image: {repository: r.io/a, tag: v1}\n", &format!("app=r.io/a:v2@{digest}"));
    assert!(
        refused.unwrap_err().contains("values.yaml:1: there is no digest beside this"),
        "a key is added by nobody"
    );
}

#[test]
fn what_would_be_a_number_without_quotes_gets_some() {
    becomes(VALUES, "image: {repository: r.io/a, tag: v1}\n", "r.io/a:1.10", "v1", "\"1.10\"");
    becomes(VALUES, "image: {repository: r.io/a, tag: 1.2.3}\n", "r.io/a:1.2.4", "1.2.3", "1.2.4");
    becomes(
        KUSTOMIZATION,
        "images:\n- name: r.io/a\n  newTag: v1 # x\n",
        "r.io/a:20260105",
        "v1",
        "\"20260105\"",
    );
    let json = "{\"image\": {\"repository\": \"r.io/a\", \"tag\": 1}}\n";
    becomes("manifests/app/values.json", json, "r.io/a:v2", " 1}", " \"v2\"}");
}

#[test]
fn entries_of_a_kustomization_are_set_by_their_tag_name_and_digest() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    for (entry, image, from, to) in [
        ("{name: web, newTag: v1}", "web:v2", "v1", "v2"),
        ("{name: web, newName: r.io/a, newTag: v1}", "r.io/a:v2", "v1", "v2"),
        ("{name: web, newName: r.io/a, newTag: v1}", "r.io/b:v1", "r.io/a", "r.io/b"),
        (
            &format!("{{name: web, digest: '{digest}'}}"),
            &format!("web@{}", digest.replace("0a", "0b")),
            &digest,
            &digest.replace("0a", "0b"),
        ),
    ] {
        becomes(KUSTOMIZATION, &format!("images: [{entry}]\n"), image, from, to);
    }
    let text = "images:\n- name: registry.example/web\n  newTag: v1\n- name: side\n  newName: r.io/side\n";
    assert_eq!(listed(KUSTOMIZATION, text), ["Kustomization/app/web registry.example/web:v1"]);
    let refused = set(KUSTOMIZATION, text, "app=other/web:v2").unwrap_err();
    assert!(refused.contains("kustomization.yaml:3: there is no newName beside this"), "{refused}");
    let old = "imageTags: [{name: web, newTag: v1}]\n";
    becomes(KUSTOMIZATION, old, "web:v2", "v1", "v2");
}

#[test]
fn patches_in_a_kustomization_are_edited_in_their_block() {
    let json = "patches:\n- target: {kind: Deployment}\n  patch: |-\n    # first\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: r.io/a:v1\n";
    assert_eq!(
        listed(KUSTOMIZATION, json),
        ["Patch/kustomization/spec.template.spec.containers.0.image r.io/a:v1"]
    );
    becomes(KUSTOMIZATION, json, "r.io/a:v2", "a:v1", "a:v2");
    let merge = "patchesStrategicMerge:\n- |\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: x}\n  spec: {template: {spec: {containers: [{name: c, image: 'r.io/a:v1'}]}}}\n";
    assert_eq!(listed(KUSTOMIZATION, merge), ["Deployment/x/c r.io/a:v1"]);
    becomes(KUSTOMIZATION, merge, "r.io/a:v2", "a:v1", "a:v2");
    let chart = "helmCharts:\n- name: a\n  valuesInline: {image: {tag: v1}}\n";
    becomes(KUSTOMIZATION, chart, "r.io/a:v2", "v1", "v2");
}

const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    repoURL: https://git.example/charts.git\n    path: web\n    SOURCE\n";

#[test]
fn applications_hold_values_and_parameters_of_which_the_stronger_is_set() {
    let with = |source: &str| APPLICATION.replace("SOURCE", &source.replace('\n', "\n    "));
    for (source, expected, from, to) in [
        (
            "helm:\n  values: |-\n    # ü\n    image:\n      repository: r.io/a\n\n      tag: v1\n",
            "image r.io/a:v1",
            "v1\n",
            "v2\n",
        ),
        ("helm:\n  valuesObject: {web: {image: r.io/a:v1}}\n", "web.image r.io/a:v1", "a:v1", "a:v2"),
        ("helm:\n  parameters:\n  - {name: image.tag, value: v1}\n", "image :v1", "v1}", "v2}"),
        // The parameter decides; the values have the name.
        (
            "helm:\n  parameters:\n  - {name: image.tag, value: v1}\n  values: |\n    image: {repository: r.io/a, tag: v0}\n",
            "image r.io/a:v1",
            "v1}",
            "v2}",
        ),
        // The values are not looked at beside an object of them.
        (
            "helm:\n  valuesObject: {image: r.io/a:v1}\n  values: |\n    image: r.io/a:v0\n",
            "image r.io/a:v1",
            "a:v1",
            "a:v2",
        ),
        ("kustomize: {images: ['web=r.io/a:v1']}\n", "web r.io/a:v1", "a:v1", "a:v2"),
        ("kustomize: {images: ['r.io/a:v1']}\n", "a r.io/a:v1", "a:v1", "a:v2"),
    ] {
        let text = with(source);
        assert_eq!(listed(OBJECT, &text), [format!("Application/web/{expected}")], "{text}");
        becomes(OBJECT, &text, "r.io/a:v2", from, to);
        becomes(
            OBJECT,
            &text.replace('\n', "\r\n"),
            "r.io/a:v2",
            &from.replace('\n', "\r\n"),
            &to.replace('\n', "\r\n"),
        );
    }
    let quoted = with("helm: {values: \"image: r.io/a:v1\"}\n");
    let refused = set(OBJECT, &quoted, "app=r.io/a:v2").unwrap_err();
    assert!(
        refused.contains("object.yaml:8: images in this text are edited where it is a block"),
        "{refused}"
    );
    let set_of = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n  template:\n    spec:\n      sources:\n      - {path: a, helm: {parameters: [{name: web.image.tag, value: v1}]}}\n";
    assert_eq!(listed(OBJECT, set_of), ["ApplicationSet/s/web.image :v1"]);
}

#[test]
fn files_beside_what_argo_cd_renders_and_releases_of_flux_are_read() {
    let beside = "manifests/app/.argocd-source-web.yaml";
    let text = "kustomize:\n  images:\n  - r.io/a:v1\n";
    assert_eq!(listed(beside, text), ["Application/web/a r.io/a:v1"]);
    becomes(beside, text, "r.io/a:v2", "v1", "v2");
    let text = "helm:\n  parameters:\n  - name: image.tag\n    value: v1\n    forcestring: true\n";
    assert_eq!(listed(beside, text), ["Application/web/image :v1"]);
    becomes(beside, text, "r.io/a:v2", "v1", "v2");
    let release = object(
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        "spec: {values: {image: {repository: r.io/a, tag: v1}}}",
    );
    assert_eq!(listed(OBJECT, &release), ["HelmRelease/x/image r.io/a:v1"]);
    becomes(OBJECT, &release, "r.io/a:v2", "tag: v1", "tag: v2");
    let chart =
        object("helm.cattle.io/v1", "HelmChart", "spec:\n  valuesContent: |-\n    image: r.io/a:v1\n");
    becomes(OBJECT, &chart, "r.io/a:v2", "a:v1", "a:v2");
    let map = object(
        "v1",
        "ConfigMap",
        "data:\n  values.yaml: |\n    image: r.io/a:v1\n  other: |\n    image: r.io/b:v1\n",
    );
    assert_eq!(listed(OBJECT, &map), ["ConfigMap/x/image r.io/a:v1"]);
    becomes(OBJECT, &map, "r.io/a:v2", "a:v1", "a:v2");
}

#[test]
fn templates_of_a_chart_are_no_manifests_and_files_beside_them_are_values() {
    let images = images_of(&[
        ("manifests/app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\n"),
        ("manifests/app/templates/d.yaml", "{{- if .Values.on }}\nimage: {{ .Values.image }}\n{{- end }}\n"),
        ("manifests/app/env/prod.yaml", "image: {repository: r.io/a, tag: v1}\n"),
        ("manifests/app/other.yaml", "{{ broken\n"),
    ]);
    let found: Vec<String> = images.found.iter().map(FoundImage::identity).collect();
    assert_eq!(found, ["Values/prod/image"]);
    assert_eq!(images.unreadable.len(), 1, "{:?}", images.unreadable);
}

#[test]
fn an_alias_of_a_value_or_of_its_block_is_refused() {
    for (path, text) in [
        (VALUES, "image: {repository: r.io/a, tag: &t v1}\nother: *t\n"),
        (
            OBJECT,
            &APPLICATION
                .replace("SOURCE", "helm:\n      values: &v |\n        image: r.io/a:v1\n    note: *v"),
        ),
        (
            OBJECT,
            &APPLICATION
                .replace("SOURCE", "helm:\n      values: |\n        image: &i r.io/a:v1\n        other: *i"),
        ),
    ] {
        let refused = set(path, text, "app=r.io/a:v2").unwrap_err();
        assert!(refused.contains("an alias here has the image"), "{refused}");
    }
}
