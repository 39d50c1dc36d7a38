//! What one target reaches: a value by its path, one of two that are called the same, all that run an image.

use slipway::gitops::{
    AppRule, BumpOptions, BumpOutcome, FilePlace, GitOpsError, ImageTarget, Rules, list_images, rollback,
};

use super::remote::{Remote, deployment};
use super::{set, set_with};

const FILE: &str = "manifests/web/d.yaml";

async fn set_all(remote: &Remote, assignment: &str) -> Result<Vec<BumpOutcome>, GitOpsError> {
    let options = BumpOptions { all: true, ..BumpOptions::default() };
    let (mut repository, wanted) = (remote.open().await, assignment.parse()?);
    slipway::gitops::set_images(&mut repository, "manifests", &[wanted], &options).await
}

fn with_values() -> String {
    deployment("web", "registry.example/web:v1")
        + "          env:\n            - {name: RUNNER, value: 'registry.example/runner:v1'}\n          args: [--verbose, --image=registry.example/task:v1]\n"
}

#[tokio::test]
async fn values_and_arguments_are_set_and_rolled_back_by_their_path() {
    let text = with_values();
    let way = "web#spec.template.spec.containers[name=web]";
    for (path, name) in [(".env[name=RUNNER].value", "runner"), (".args[1]", "task"), (".image", "web")] {
        let remote = Remote::new();
        remote.commit("values", &[(FILE, &text)]);
        let mut repository = remote.open().await;
        let target = format!("{way}{path}");
        set(&mut repository, &format!("{target}=registry.example/{name}:v2")).await.unwrap();
        assert_eq!(remote.file(FILE), text.replace(&format!("{name}:v1"), &format!("{name}:v2")));
        let target: ImageTarget = target.parse().unwrap();
        rollback(&mut repository, "manifests", &target, None).await.unwrap();
        assert_eq!(remote.file(FILE), text);
        let frozen = set(&mut repository, &format!("{target}=registry.example/{name}:v3")).await.unwrap_err();
        assert!(matches!(frozen, GitOpsError::Frozen { .. }), "{frozen}");
    }
    let remote = Remote::new();
    remote.commit("values", &[(FILE, &text)]);
    let error = set(&mut remote.open().await, "web#spec.replicas=registry.example/web:v2").await.unwrap_err();
    assert!(error.to_string().contains("has no container that fits web#spec.replicas"), "{error}");
}

#[tokio::test]
async fn what_is_advised_is_never_what_was_typed_and_is_enough() {
    let in_namespace = |namespace: &str| {
        let text = deployment("web", "registry.example/web:v1");
        text.replace("  name: web  # the app", &format!("  name: web\n  namespace: {namespace}"))
    };
    let one_line = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: 'r.io/a:v1'}]}}, {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: d, image: 'r.io/a:v1'}, {name: c, image: 'r.io/a:v1'}]}}]}\n";
    let same = format!("{}---\n{}", in_namespace("eu"), in_namespace("eu"));
    for text in [format!("{}---\n{}", in_namespace("eu"), in_namespace("us")), same, one_line.to_owned()] {
        let remote = Remote::new();
        remote.commit("both", &[(FILE, &text)]);
        let image = if text.contains("r.io") { "r.io/a:v2" } else { "registry.example/web:v2" };
        let mut typed = "web".to_owned();
        for round in 0.. {
            assert!(round < 3, "{typed} does not get anywhere");
            match set(&mut remote.open().await, &format!("{typed}={image}")).await {
                Ok(_) => break,
                Err(GitOpsError::Ambiguous { example, .. }) => {
                    assert_ne!(example, typed);
                    typed = example;
                }
                Err(other) => panic!("{typed}: {other}"),
            }
        }
        assert_eq!(remote.file(FILE).matches(":v2").count(), 1, "{typed}");
    }
}

#[tokio::test]
async fn all_containers_that_carry_an_image_are_set_in_one_commit() {
    let remote = Remote::new();
    let side = deployment("side", "registry.example/other:v1");
    let both = format!(
        "{}      initContainers:\n        - name: migrate\n          image: registry.example/web:v1\n        - {{name: x, image: registry.example/other:v1}}\n",
        deployment("web", "registry.example/web:v1")
    );
    let values = "image: {repository: registry.example/web, tag: v1}\n";
    remote.commit(
        "files",
        &[(FILE, &both), ("manifests/api/values.yaml", values), ("manifests/side/d.yaml", &side)],
    );
    let before = remote.commits();
    let outcomes = set_all(&remote, "web=registry.example/web:v2").await.unwrap();
    assert_eq!((outcomes.len(), remote.commits()), (2, before + 1));
    assert_eq!(remote.file(FILE), both.replace("web:v1", "web:v2"));
    // Every app that has it, and no other.
    let outcomes = set_all(&remote, "*=registry.example/web:v3").await.unwrap();
    assert_eq!((outcomes.len(), remote.commits()), (3, before + 2));
    assert_eq!(remote.file("manifests/api/values.yaml"), values.replace("v1", "v3"));
    assert_eq!(remote.file("manifests/side/d.yaml"), side);
    // One after the other, by their names.
    rollback(&mut remote.open().await, "manifests", &"web/migrate".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file(FILE).matches("web:v3").count(), 1);
    let frozen = set_all(&remote, "*=registry.example/web:v4").await.unwrap_err();
    assert!(matches!(frozen, GitOpsError::Frozen { .. }), "all or none: {frozen}");
    let nobody = set_all(&remote, "web=registry.example/nobody:v4").await.unwrap_err();
    assert_eq!(
        nobody.to_string(),
        "nothing in web runs registry.example/nobody; slipway image list shows what is there"
    );
    let all = set(&mut remote.open().await, "*=registry.example/web:v4").await.unwrap_err();
    assert!(all.to_string().contains("add --all"), "{all}");
}

#[tokio::test]
async fn an_older_image_in_one_of_all_places_is_refused_for_all_of_them() {
    let remote = Remote::new();
    let two = format!(
        "{}---\n{}",
        deployment("web", "registry.example/web:v1"),
        deployment("api", "registry.example/web:v9")
    );
    remote.commit("two", &[(FILE, &two)]);
    let refused = set_all(&remote, "web=registry.example/web:v2").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Older { .. }), "{refused}");
    assert_eq!(remote.file(FILE), two);
    let options = BumpOptions::default();
    set_with(&mut remote.open().await, "web/web/web=registry.example/web:v2", &options).await.unwrap();
}

#[tokio::test]
async fn a_policy_says_which_tag_is_older_and_which_versions_may_be_set() {
    for (policy, current, wanted, is_set) in [
        ("auto", "build-10", "build-9", true),
        ("numeric", "build-10", "build-9", false),
        ("timestamp", "main-20260105", "dev-20251231", false),
        ("describe", "one-63-gc1cfb68", "one-9-g1234567", false),
        ("none", "2.0.0", "1.0.0", true),
        ("semver:~1.4", "1.4.0", "1.4.1", true),
        ("semver:~1.4", "1.4.0", "1.5.0", false),
    ] {
        let remote = Remote::new();
        let text = deployment("web", &format!("registry.example/web:{current}"));
        remote.commit("web", &[(FILE, &text)]);
        let options = BumpOptions { age: Some(policy.parse().unwrap()), ..BumpOptions::default() };
        let assignment = format!("web=registry.example/web:{wanted}");
        let outcome = set_with(&mut remote.open().await, &assignment, &options).await;
        assert_eq!(outcome.is_ok(), is_set, "{policy}: {outcome:?}");
    }
}

#[tokio::test]
async fn rules_say_where_an_image_is_and_how_its_tags_are_read() {
    let remote = Remote::new();
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {runner: {image: 'registry.example/runner:v1'}}\n";
    let odd = "apiVersion: example.com/v1\nkind: Odd\nmetadata: {name: o}\nspec: {what: 'registry.example/odd:build-10'}\n";
    remote.commit(
        "kinds",
        &[(FILE, &with_values()), ("manifests/web/widget.yaml", widget), ("manifests/odd/o.yaml", odd)],
    );
    let rules = || Rules {
        kinds: vec![("Widget".to_owned(), "spec.runner.image".parse().unwrap())],
        apps: vec![AppRule {
            app: "odd".to_owned(),
            file: FilePlace::of("o.yaml"),
            path: Some("spec.what".parse().unwrap()),
            age: Some("numeric".parse().unwrap()),
        }],
        ..Rules::default()
    };
    let mut repository = remote.open().await.with_rules(rules());
    let listed = list_images(&repository, "manifests").await.unwrap();
    let of = |kind: &str| listed.images.iter().find(|image| image.kind == kind).unwrap().container.clone();
    assert_eq!((of("Widget").as_str(), of("Odd").as_str()), ("runner", "spec.what"));
    let unruled = list_images(&remote.open().await, "manifests").await.unwrap();
    assert!(!unruled.images.iter().any(|image| image.kind == "Widget" || image.kind == "Odd"));
    set(&mut repository, "web/Widget/w/runner=registry.example/runner:v2").await.unwrap();
    assert_eq!(remote.file("manifests/web/widget.yaml"), widget.replace("v1'", "v2'"));
    let older = set(&mut repository, "odd=registry.example/odd:build-9").await.unwrap_err();
    assert!(matches!(older, GitOpsError::Older { .. }), "{older}");
    set(&mut repository, "odd=registry.example/odd:build-11").await.unwrap();
    rollback(&mut repository, "manifests", &"odd".parse().unwrap(), None).await.unwrap();
    assert_eq!(remote.file("manifests/odd/o.yaml"), odd);
}

#[tokio::test]
async fn files_in_the_root_itself_are_the_app_of_one_dot() {
    let remote = Remote::new();
    remote.commit("root", &[("manifests/root.yaml", &deployment("root", "registry.example/root:v1"))]);
    let outcome = set(&mut remote.open().await, ".=registry.example/root:v2").await.unwrap();
    assert_eq!(outcome.file, "manifests/root.yaml");
}
