use super::known::Kustomizations;
use super::way::Deployed;
use crate::find::Images;
use crate::manifest::{Files, ManifestFile};

const BASE: &str = "apps/base/d.yaml";
const RESOURCE: &str = "resources: [d.yaml]\n";

fn file(path: &str, text: &str) -> ManifestFile {
    ManifestFile { path: path.into(), mode: "100644".into(), bytes: text.as_bytes().to_vec(), link: None }
}

fn deployment(kind: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      containers:\n      - {{name: side, image: r.example/side:v1}}\n      - {{name: web, image: {image}}}\n"
    )
}

/// Sets `web` of a workload in a file to `r.example/web:v2` among kustomizations and other files.
fn set_in(
    path: &str,
    text: &str,
    kustomizations: &[(&str, &str)],
    others: &[(&str, &str)],
) -> Result<Vec<Deployed>, String> {
    let files = |all: &[(&str, &str)]| all.iter().map(|(path, text)| file(path, text)).collect::<Vec<_>>();
    let known = Kustomizations::new(files(kustomizations), files(others));
    let manifests: Files = vec![file(path, text)].into();
    let found = Images::of(&manifests, &crate::rules::Rules::default())
        .found
        .into_iter()
        .find(|image| image.container == "web")
        .unwrap();
    let wanted = "r.example/web:v2".parse().unwrap();
    known.check(&manifests[found.file], &found, &wanted).map_err(|error| error.to_string())
}

fn set(kustomizations: &[(&str, &str)]) -> Result<Vec<Deployed>, String> {
    set_in(BASE, &deployment("Deployment", "r.example/web:v1"), kustomizations, &[])
}

/// The base's kustomization with something in it.
fn with(more: &str) -> Result<Vec<Deployed>, String> {
    set(&[("apps/base/kustomization.yaml", &format!("{RESOURCE}{more}"))])
}

fn deployed(workload: &str, image: &str) -> Vec<Deployed> {
    let (kind, container) = ("Deployment".to_owned(), "web".to_owned());
    vec![Deployed { kind, workload: workload.to_owned(), container, image: image.to_owned() }]
}

#[test]
fn an_image_that_gets_another_tag_is_refused_with_the_place() {
    for (more, line) in [
        ("images:\n- name: r.example/web\n  newTag: v1\n", 3),
        ("images:\n- name: r.example/side\n  newTag: v1\n- name: r.example/web\n  digest: sha256:00\n", 5),
        ("imageTags:\n- name: r.example/web\n  newTag: v1\n", 3),
        ("images: [{name: r.example/web, newName: m.example/web, newTag: v9}]\n", 2),
    ] {
        let refused = with(more).unwrap_err();
        let expected = format!("apps/base/kustomization.yaml:{line}: Kustomize replaces this image here");
        assert!(refused.starts_with(&expected), "{more}: {refused}");
    }
}

#[test]
fn an_image_that_gets_another_name_only_keeps_its_tag() {
    assert_eq!(
        with("images: [{name: r.example/web, newName: m.example/web}]\n"),
        Ok(deployed("web", "m.example/web:v2"))
    );
    assert_eq!(
        with("images: [{name: r.example/side, newTag: v9}]\n"),
        Ok(deployed("web", "r.example/web:v2"))
    );
    assert_eq!(
        with("images: [{name: r.example/web, newTag: ''}]\n"),
        Ok(deployed("web", "r.example/web:v2"))
    );
}

#[test]
fn an_overlay_anywhere_in_the_repository_counts_and_the_names_that_it_gives() {
    let base = ("apps/base/kustomization.yaml", "resources: [d.yaml]\nnamePrefix: eu-\n");
    let middle = (
        "middle/kustomization.yml",
        "bases: [../apps/base]\nimages: [{name: r.example/web, newName: m.example/w}]\n",
    );
    let top = |more: &str| format!("resources:\n- ../../middle/\nnameSuffix: -prod\n{more}");
    let set = |more: &str| set(&[base, middle, ("clusters/prod/Kustomization", &top(more))]);
    assert_eq!(set(""), Ok(deployed("eu-web-prod", "m.example/w:v2")));
    let refused = set("images:\n- name: m.example/w\n  newTag: v1\n").unwrap_err();
    assert!(refused.starts_with("clusters/prod/Kustomization:5: Kustomize replaces"), "{refused}");
    let patch = "patches:\n- patch: |-\n    kind: Deployment\n    metadata: {name: eu-web}\n    spec: {template: {spec: {containers: [{name: web, image: x}]}}}\n";
    let refused = set(patch).unwrap_err();
    assert!(refused.starts_with("clusters/prod/Kustomization:8: Kustomize patches"), "{refused}");
    // The old name is no image of anybody's there.
    assert!(set("images: [{name: r.example/web, newTag: v1}]\n").is_ok());
}

#[test]
fn overlays_of_one_base_give_it_one_name_each() {
    let base = ("apps/base/kustomization.yaml", RESOURCE);
    let overlay = |prefix: &str| format!("resources: [../base]\nnamePrefix: {prefix}\n");
    let (eu, us) = (overlay("eu-"), overlay("us-"));
    let all = set(&[base, ("apps/eu/kustomization.yaml", &eu), ("apps/us/kustomization.yaml", &us)]).unwrap();
    assert_eq!(all.iter().map(|one| one.workload.as_str()).collect::<Vec<_>>(), ["eu-web", "us-web"]);
}

#[test]
fn a_component_that_replaces_the_image_is_refused() {
    let refused = set(&[
        ("apps/base/kustomization.yaml", RESOURCE),
        ("apps/prod/kustomization.yaml", "resources: [../base]\ncomponents: [../../pin]\n"),
        ("pin/kustomization.yaml", "kind: Component\nimages: [{name: r.example/web, newTag: v1}]\n"),
    ]);
    assert!(refused.unwrap_err().starts_with("pin/kustomization.yaml:2: Kustomize replaces"));
}

#[test]
fn components_come_before_what_their_user_says_itself() {
    let component = |text: &str| {
        set(&[
            ("apps/base/kustomization.yaml", RESOURCE),
            (
                "apps/prod/kustomization.yaml",
                "resources: [../base]\ncomponents: [../../pin]\nimages: [{name: r.example/web, newName: m.example/web, newTag: v1}]\n",
            ),
            ("pin/kustomization.yaml", text),
        ])
    };
    let renamed = component("kind: Component\nimages: [{name: r.example/web, newName: x.example/web}]\n");
    assert_eq!(renamed, Ok(deployed("web", "x.example/web:v2")));
    assert!(component("kind: Component\n").unwrap_err().starts_with("apps/prod/kustomization.yaml:3"));
}

#[test]
fn an_overlay_over_two_overlays_is_looked_at_from_both() {
    let refused = set(&[
        ("apps/base/kustomization.yaml", RESOURCE),
        ("apps/eu/kustomization.yaml", "resources: [../base]\nnamePrefix: eu-\n"),
        ("apps/us/kustomization.yaml", "resources: [../base]\nnamePrefix: us-\n"),
        (
            "apps/all/kustomization.yaml",
            "resources: [../eu, ../us]\npatches:\n- target: {name: us-web}\n  patch: '[{op: replace, path: /spec/template/spec/containers/1/image, value: x}]'\n",
        ),
    ]);
    assert!(refused.unwrap_err().starts_with("apps/all/kustomization.yaml:4: Kustomize patches"));
}

#[test]
fn what_argo_cd_sets_by_a_file_beside_the_overlay_is_refused() {
    let beside = |text: &str| {
        set(&[("apps/base/kustomization.yaml", RESOURCE), ("apps/base/.argocd-source-web.yaml", text)])
    };
    for image in ["r.example/web:v1", "r.example/web=m.example/other:v1"] {
        let refused = beside(&format!("kustomize:\n  images:\n  - {image}\n")).unwrap_err();
        assert!(refused.starts_with("apps/base/.argocd-source-web.yaml:3: Argo CD replaces"), "{refused}");
    }
    assert!(beside("kustomize: {images: ['r.example/side:v1', 'r.example/web=m.example/web']}\n").is_ok());
}

#[test]
fn a_patch_of_the_image_is_refused_wherever_it_is_written() {
    let json = "- op: replace\n  path: /spec/template/spec/containers/1/image\n  value: r.example/web:v1\n";
    let merge = "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: r.example/web:v1}]}}}\n";
    let target = "target: {kind: Deployment, name: w.*}";
    for (more, patch) in [
        (format!("patches:\n- path: p.yaml\n  {target}\n"), json),
        (format!("patchesJson6902:\n- path: ./p.yaml\n  {target}\n"), json),
        ("patches:\n- path: p.yaml\n".to_owned(), merge),
        ("patches: [p.yaml]\n".to_owned(), merge),
        ("patchesStrategicMerge: [p.yaml]\n".to_owned(), merge),
        (
            format!("patches: [{{path: p.yaml, {target}}}]\n"),
            "- {op: remove, path: /spec/template/spec/containers/1}\n",
        ),
        (
            format!("patches: [{{path: p.yaml, {target}}}]\n"),
            "- {op: test, path: /spec/template/spec/containers/1/image, value: x}\n",
        ),
        (
            "patches: [{path: p.yaml}]\n".to_owned(),
            "kind: Deployment\nmetadata: {name: web}\nspec: {template: {$patch: replace}}\n",
        ),
    ] {
        let text = deployment("Deployment", "r.example/web:v1");
        let kustomization = format!("{RESOURCE}{more}");
        let refused = set_in(
            BASE,
            &text,
            &[("apps/base/kustomization.yaml", &kustomization)],
            &[("apps/base/p.yaml", patch)],
        );
        let refused = refused.unwrap_err();
        assert!(
            refused.starts_with("apps/base/p.yaml:") && refused.contains("Kustomize patches"),
            "{more}: {refused}"
        );
    }
}

#[test]
fn a_patch_of_something_else_is_in_nobodys_way() {
    for more in [
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: replace, path: /spec/replicas, value: 3}\n    - {op: add, path: /spec/template/spec/containers/0, value: {name: first}}\n    - {op: replace, path: /spec/template/spec/containers/0/image, value: x}\n",
        "patches:\n- target: {kind: Service}\n  patch: '[{op: replace, path: /spec, value: 3}]'\n",
        "patches:\n- target: {kind: Deployment, name: web-2}\n  patch: '[{op: remove, path: /spec/template}]'\n",
        "patches:\n- patch: |-\n    kind: Deployment\n    metadata: {name: other}\n    spec: {template: {spec: {containers: [{name: web, image: x}]}}}\n",
        "patches:\n- patch: |-\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: side, image: x}, {name: web, env: []}]}}}\n",
        "patches: [{path: https://git.example.com/p.yaml}, {path: gone.yaml}]\n",
    ] {
        assert_eq!(with(more), Ok(deployed("web", "r.example/web:v2")), "{more}");
    }
}

#[test]
fn a_list_of_a_kind_without_a_schema_is_replaced_as_a_whole() {
    let patch = "patches:\n- patch: |-\n    kind: Rollout\n    metadata: {name: web}\n    spec: {template: {spec: {containers: [{name: side}]}}}\n";
    let kustomization = format!("{RESOURCE}{patch}");
    let text = deployment("Rollout", "r.example/web:v1");
    assert!(set_in(BASE, &text, &[("apps/base/kustomization.yaml", &kustomization)], &[]).is_err());
}

#[test]
fn a_replacement_that_writes_the_image_is_refused_and_one_that_writes_before_its_tag_is_not() {
    let replacement = |options: &str, path: &str| {
        format!(
            "replacements:\n- source: {{kind: ConfigMap, name: c}}\n  targets:\n  - select: {{kind: Deployment}}\n    fieldPaths: ['{path}']\n{options}"
        )
    };
    let image = "spec.template.spec.containers.[name=web].image";
    for path in [image, "spec.template.spec.containers.*.image", "spec.template.spec.containers.1.image"] {
        let refused = with(&replacement("", path)).unwrap_err();
        assert!(refused.starts_with("apps/base/kustomization.yaml:6: Kustomize replaces"), "{refused}");
    }
    assert!(with(&replacement("", "spec.template.spec.containers.[name=side].image")).is_ok());
    assert!(with(&replacement("    options: {delimiter: ':', index: 0}\n", image)).is_ok());
    assert!(with(&replacement("    options: {delimiter: ':', index: 1}\n", image)).is_err());
}

#[test]
fn a_transformer_of_its_own_file_counts() {
    let text = deployment("Deployment", "r.example/web:v1");
    let kustomization = format!("{RESOURCE}transformers: [t.yaml]\n");
    let transformer = "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\nimageTag:\n  name: r.example/web\n  newTag: v1\n";
    let refused = set_in(
        BASE,
        &text,
        &[("apps/base/kustomization.yaml", &kustomization)],
        &[("apps/base/t.yaml", transformer)],
    );
    assert!(refused.unwrap_err().starts_with("apps/base/t.yaml:5: Kustomize replaces"));
}

#[test]
fn an_edit_of_the_patch_itself_shows() {
    let overlay =
        ("apps/prod/kustomization.yaml", "resources: [../base/d.yaml]\npatches: [{path: patch.yaml}]\n");
    let patch = deployment("Deployment", "r.example/web:v1-prod");
    assert_eq!(
        set_in("apps/prod/patch.yaml", &patch, &[overlay], &[("apps/prod/patch.yaml", &patch)]),
        Ok(deployed("web", "r.example/web:v2"))
    );
    let refused = set_in(BASE, &patch, &[overlay], &[("apps/prod/patch.yaml", &patch)]).unwrap_err();
    assert!(refused.starts_with("apps/prod/patch.yaml:9: Kustomize patches"), "{refused}");
}

#[test]
fn a_file_that_its_folders_kustomization_does_not_name_is_not_deployed() {
    let refused = set(&[("apps/base/kustomization.yaml", "resources: [other.yaml]\n")]).unwrap_err();
    assert!(refused.contains("apps/base/d.yaml is none of its resources"), "{refused}");
    assert!(set(&[("apps/kustomization.yaml", "resources: [other.yaml]\n")]).is_ok());
}

#[test]
fn circles_and_paths_that_lead_out_end() {
    let known = [
        ("apps/base/kustomization.yaml", "resources: [d.yaml, ../top, ../../../x, /etc]\ncomponents: [.]\n"),
        ("apps/top/kustomization.yaml", "resources: [../base]\n"),
    ];
    assert_eq!(set(&known), Ok(Vec::new()));
}
