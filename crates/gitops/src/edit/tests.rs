use proptest::prelude::*;

use super::*;
use crate::image::ImageTarget;
use crate::manifest::Files;
use crate::rules::Rules;
use crate::select::select_image;

const WANTED: &str = "registry.example/app-a:v2";

fn file(text: &str) -> ManifestFile {
    ManifestFile {
        path: "manifests/app-a/deployment.yaml".into(),
        mode: "100644".into(),
        bytes: text.as_bytes().to_vec(),
        link: None,
    }
}

fn edit(text: &str, target: &str) -> Result<String, GitOpsError> {
    let files: Files = vec![file(text)].into();
    let target: ImageTarget = target.parse()?;
    let wanted: ImageReference = WANTED.parse()?;
    let found = select_image("manifests/app-a", &files, &target, Some(&wanted), &Rules::default())?;
    let file = &files[found.file];
    Ok(String::from_utf8(replace_image(file, &file.documents()?, &found, &wanted)?).unwrap())
}

fn refusal(text: &str) -> String {
    edit(text, "app-a").unwrap_err().to_string()
}

/// A Deployment with one container, whose `image` key is followed by `image`.
fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-a\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image:{image}\n          ports: [{{containerPort: 80}}]\n"
    )
}

#[test]
fn quotes_and_comments_stay_as_they_are() {
    for (before, after) in [
        (" registry.example/app-a:v1", " registry.example/app-a:v2"),
        ("   registry.example/app-a:v1   # pinned: v1", "   registry.example/app-a:v2   # pinned: v1"),
        (" 'registry.example/app-a:v1'", " 'registry.example/app-a:v2'"),
        (" \"registry.example/app-a:v1\" # é", " \"registry.example/app-a:v2\" # é"),
        (" !!str registry.example/app-a:v1", " !!str registry.example/app-a:v2"),
        ("\n            registry.example/app-a:v1", "\n            registry.example/app-a:v2"),
    ] {
        assert_eq!(edit(&deployment(before), "app-a").unwrap(), deployment(after));
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_stay() {
    let text = |version: &str| {
        format!("\u{feff}# Größe\n{}", deployment(&format!(" registry.example/app-a:{version}")))
            .replace('\n', "\r\n")
    };
    assert_eq!(edit(&text("v1"), "app-a").unwrap(), text("v2"));
}

#[test]
fn json_and_flow_style_are_edited_too() {
    let text = |version: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"p\"}},\n \"spec\": {{\"containers\": [{{name: c, image: registry.example/app-a:{version}}}]}}}}"
        )
    };
    assert_eq!(edit(&text("v1"), "app-a").unwrap(), text("v2"));
}

#[test]
fn a_cron_job_in_a_list_among_other_documents_is_found() {
    let text = |version: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: app-a}}\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {{name: j}}\n  spec:\n    jobTemplate:\n      spec:\n        template:\n          spec:\n            initContainers:\n            - {{name: i, image: 'busybox:1.36'}}\n            containers:\n            - image: registry.example/app-a:{version}\n              name: main\n---\n"
        )
    };
    assert_eq!(edit(&text("v1"), "app-a").unwrap(), text("v2"));
    assert!(edit(&text("v1"), "app-a/i").unwrap().contains(&format!("image: '{WANTED}'}}")));
    assert!(edit(&text("v1"), "app-a/cronjob/j/main").is_ok());
}

#[test]
fn several_containers_of_the_same_image_are_refused_with_each_place_named() {
    let text = format!(
        "{}      initContainers:\n        - name: migrate\n          image: registry.example/app-a:v1\n",
        deployment(" registry.example/app-a:v1")
    );
    let message = refusal(&text);
    assert!(message.contains("Deployment/app-a/web (manifests/app-a/deployment.yaml:10)"), "{message}");
    assert!(message.contains("Deployment/app-a/migrate (manifests/app-a/deployment.yaml:14)"), "{message}");
    let edited = edit(&text, "app-a/migrate").unwrap();
    assert!(edited.contains("web\n          image: registry.example/app-a:v1\n"), "{edited}");
    assert!(edited.ends_with("migrate\n          image: registry.example/app-a:v2\n"), "{edited}");
}

#[test]
fn what_other_places_share_is_refused_with_its_line() {
    let alias = deployment(" *image").replace("name: app-a", "name: &image app-a");
    assert!(refusal(&alias).starts_with("manifests/app-a/deployment.yaml:10: an alias"));
    let merged = deployment(" registry.example/app-a:v1")
        .replace("metadata:", "x: &d {image: a}\nmetadata:")
        .replace("image: registry.example/app-a:v1", "<<: *d");
    assert!(refusal(&merged).starts_with("manifests/app-a/deployment.yaml:11: a merge key"));
}

/// Two Deployments in a list; the second one's `spec` and what is beside it as given.
fn two(first: &str, second: &str) -> String {
    let first = first.replace("IMAGE", "registry.example/app-a:v1");
    format!("apiVersion: v1\nkind: List\nitems:\n{first}{second}")
}

const FIRST: &str = "- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: a}\n  spec:\n    template:\n      \
                     spec:\n        containers:\n        - name: web\n          image: IMAGE\n";

#[test]
fn an_edit_that_would_change_a_second_place_through_an_anchor_is_refused_with_that_place() {
    let object = "- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: b}\n";
    let cases = [
        // On the container, on the scalar, on the list, on the whole item, on what is merged.
        ("- name: web", "- &x\n          name: web", "containers: [*x]"),
        ("IMAGE", "&x IMAGE", "containers: [{name: b, image: *x}]"),
        ("containers:", "containers: &x", "containers: *x"),
        ("- name: web", "- &x\n          name: web", "containers: [{<<: *x, name: b}]"),
        ("- name: web", "- &x\n          name: web", "containers: [{<<: [*x, {a: b}], name: b}]"),
        ("IMAGE", "&x IMAGE", "containers: [{name: b, image: c, env: [{name: I, value: *x}]}]"),
    ];
    for (from, to, second) in cases {
        let second = format!("{object}  spec: {{template: {{spec: {{{second}}}}}}}\n");
        let text = two(&FIRST.replace(from, to), &second);
        let message = edit(&text, "app-a/a/web").unwrap_err().to_string();
        let line = text.lines().position(|line| line.contains("*x")).unwrap() + 1;
        assert!(
            message.starts_with(&format!("manifests/app-a/deployment.yaml:{line}: an alias")),
            "{message}"
        );
    }
    let whole = two(&FIRST.replacen("- api", "- &x\n  api", 1), "- <<: *x\n  metadata: {name: b}\n");
    assert!(edit(&whole, "app-a/a/web").unwrap_err().to_string().contains(".yaml:14: an alias here"));
    assert!(refusal(&whole).contains(".yaml:14: a merge key decides what this object is"));
}

#[test]
fn an_anchor_whose_image_nobody_else_has_does_not_matter() {
    for (from, to, second) in [
        ("IMAGE", "&x IMAGE", ""),
        // The second has an image of its own, or a pod's specification of its own.
        ("- name: web", "- &x\n          name: web", "- {<<: *x, image: c}\n"),
        ("  spec:\n        containers:", "  spec: &x\n        containers:", "- {<<: *x, containers: []}\n"),
        ("metadata: {name: a}", "metadata: &x {name: a}", "- metadata: *x\n"),
    ] {
        let text = two(&FIRST.replace(from, to), second);
        let edited = edit(&text, "app-a/a/web").unwrap();
        assert_eq!(edited, text.replace("registry.example/app-a:v1", WANTED));
    }
}

#[test]
fn what_sops_signs_is_refused() {
    let signed = |sops: &str| {
        format!("{}sops:\n    mac: ENC[x]\n    {sops}\n", deployment(" registry.example/app-a:v1"))
    };
    for sops in ["encrypted_regex: ^(value)$", "mac_only_encrypted: false"] {
        let message = refusal(&signed(sops));
        assert!(
            message.starts_with("manifests/app-a/deployment.yaml:13: SOPS signs every value"),
            "{message}"
        );
    }
    assert!(edit(&signed("mac_only_encrypted: true"), "app-a").is_ok());
    let beside = format!(
        "{}---\n{}",
        deployment(" registry.example/app-a:v1"),
        "apiVersion: v1\nkind: Secret\nsops: {mac: x}\n"
    );
    assert!(refusal(&beside).contains("SOPS"), "another document of the file is signed along");
}

#[test]
fn an_anchor_beside_the_way_does_not_matter() {
    let text =
        deployment(" registry.example/app-a:v1").replace("name: app-a", "labels: &l {a: b}\n  name: app-a");
    assert!(edit(&text, "app-a").is_ok());
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    let text = deployment(" registry.example/app-a:v1\n          image: registry.example/app-a:v0");
    assert!(refusal(&text).starts_with("manifests/app-a/deployment.yaml:11: the key is there twice"));
}

#[test]
fn templates_and_placeholders_are_refused_with_their_line() {
    for image in
        [" {{ .Values.image }}", " \"{{ .Values.image }}:v1\"", " ${IMAGE}", " >-\n            a:v1", ""]
    {
        let message = refusal(&deployment(image));
        let line = if image.contains('\n') { 11 } else { 10 };
        assert!(
            message.starts_with(&format!("manifests/app-a/deployment.yaml:{line}: ")),
            "{image}: {message}"
        );
    }
    let conditional = deployment(" x:v1").replace("spec:\n  t", "{{- if .Values.on }}\nspec:\n  t");
    assert!(refusal(&conditional).contains("templates are not edited"), "{}", refusal(&conditional));
}

#[test]
fn a_document_that_argo_cd_would_ignore_is_refused() {
    let text = deployment(" registry.example/app-a:v1");
    let message = refusal(&text.replacen("apiVersion", "apiversion", 1));
    assert!(
        message.starts_with("manifests/app-a/deployment.yaml:1: this document has no apiVersion"),
        "{message}"
    );
    // What stands beside it is held to the rules of manifests, which a rollback may break.
    assert!(edit(&format!("{text}---\nmetadata:\n  name: forgotten\n"), "app-a").is_ok());
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_its_line() {
    let mut latin = file("a: b\n");
    latin.bytes.extend(b"c: \xe9\n");
    assert!(
        latin
            .documents()
            .unwrap_err()
            .to_string()
            .starts_with("manifests/app-a/deployment.yaml:2: not UTF-8")
    );
}

/// A Deployment in one of the many ways to write it; `@` stands for the image.
fn layouts() -> impl Strategy<Value = String> {
    let blank = prop_oneof![Just(""), Just("\n"), Just("# ünïcode: 'image: x:v1'\n"), Just("  \n")];
    let comment =
        prop_oneof![Just(""), Just(" # image: registry.example/app-a:v1"), Just("   "), Just("\t# 🦀")];
    let quote = prop_oneof![Just(""), Just("'"), Just("\"")];
    let annotation = prop_oneof![
        Just("note: plain"),
        Just("note: |\n      image: registry.example/app-a:v1\n      # no comment"),
        Just("note: >-\n      folded 🦀\n\n      text"),
        Just("note: \"a\\tb \\u00e9\""),
        Just("note: 'it''s'"),
        Just("? note\n    : [a, {b: c}]"),
    ];
    let container = prop_oneof![
        Just("- name: web\n          image: @#\n"),
        Just("- image: @#\n          name: web\n          args: ['--image', \"x:v1\"]\n"),
        Just("- {name: web, image: @ }#\n"),
        Just(
            "- name: web\n          \"image\":   @#\n          env:\n          - {name: IMAGE, value: 'x:v1'}\n"
        ),
        Just("-   name: web\n            image:\n              @#\n"),
    ];
    let other = prop_oneof![
        Just(""),
        Just(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  image: registry.example/app-a:v1\n"
        ),
        Just("---\n# nothing\n"),
        Just("...\n---\napiVersion: v1\nkind: Service\nmetadata: {name: &n s, labels: {a: *n}}\n"),
    ];
    let ends = (any::<bool>(), any::<bool>(), any::<bool>());
    (blank, comment, quote, annotation, container, (other.clone(), other), ends).prop_map(
        |(blank, comment, quote, annotation, container, (first, last), (bom, crlf, cut))| {
            let container = container.replace('#', comment).replace('@', &format!("{quote}@{quote}"));
            let first = first.trim_start_matches("...\n");
            let mut text = format!(
                "{first}---\n{blank}apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-a\n  annotations:\n    {annotation}\n{blank}spec:\n  template:\n    spec:\n      containers:\n        {container}{blank}{last}"
            );
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            if cut {
                text.truncate(text.trim_end().len());
            }
            if bom { format!("\u{feff}{text}") } else { text }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_bytes_of_the_image_change(layout in layouts(), old in "registry\\.example/app-a:v1(\\.[0-9]{1,3}){0,2}") {
        // The one `@` stands for the image; what is around it has to come back byte by byte.
        prop_assert_eq!(layout.matches('@').count(), 1);
        let edited = edit(&layout.replace('@', &old), "app-a").unwrap();
        prop_assert_eq!(edited, layout.replace('@', WANTED));
    }

    #[test]
    fn no_text_makes_the_search_panic(text in "([a-z:&*<>{}\\[\\]|'\"#!%? \n-]|kind: Pod\n|spec:\n|  containers:\n|  - image: x:v1\n){0,40}") {
        let _ = edit(&text, "app-a");
    }
}

#[test]
fn one_document_of_many_is_looked_at_alone_and_all_of_them_where_it_cannot_be() {
    let of = |name: &str, version: &str| {
        deployment(&format!(" r.example/{name}:{version}")).replace("app-a", name)
    };
    let many = |version: &str| {
        format!(
            "# first\n---\n{}---\n# ü\n{}\n...\n--- # the last\n{}",
            of("one", "v1"),
            of("two", version),
            of("three", "v1")
        )
    };
    let files: Files = vec![file(&many("v1"))].into();
    let documents = files[crate::manifest::FileIndex(0)].documents().unwrap();
    let target: ImageTarget = "app-a/two/web".parse().unwrap();
    let found = select_image("manifests/app-a", &files, &target, None, &Rules::default()).unwrap();
    let text = many("v1");
    let wanted: ImageReference = "r.example/two:v2".parse().unwrap();
    let edits = found.written.edits(&wanted).unwrap();
    let (from, to) = window(&documents, &edits, &text).unwrap();
    let inside = text.get(from..to).unwrap();
    assert!(inside.starts_with("apiVersion") && !inside.contains("name: three"), "{inside}");
    let file = &files[found.file];
    let edited = replace_image(file, &documents, &found, &wanted).unwrap();
    assert_eq!(String::from_utf8(edited).unwrap(), many("v2"));
    // An anchor before the document's first key is not in its window.
    let anchored =
        format!("--- &all\n{}", deployment(" registry.example/app-a:v1")) + "status: {same: *all}\n";
    assert!(refusal(&anchored).contains("an alias here has the image"));
    let anchored = format!("--- &name\n{}", deployment(" registry.example/app-a:v1"));
    assert_eq!(edit(&anchored, "app-a").unwrap(), anchored.replace(":v1", ":v2"));
}
