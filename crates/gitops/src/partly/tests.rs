use proptest::prelude::*;

use super::*;
use crate::corpus::files::{FAMILIES, STYLES, written};
use crate::edit::replace_image;
use crate::edit_file;
use crate::error::GitOpsError;
use crate::find::Images;
use crate::image::{ImageReference, ImageTarget};
use crate::manifest::{Files, ManifestFile};
use crate::rules::Rules;
use crate::select::{fitting, select_image};

const OTHER: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: other}\n";
const MEANT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: meant}\n";

fn lines(documents: &[Node]) -> Vec<(usize, usize)> {
    documents.iter().map(|document| (document.line, document.span.start)).collect()
}

/// All nodes with where they are, in an order of their own.
fn places(node: &Node) -> Vec<(usize, usize, usize, Option<String>)> {
    let place = |node: &Node| (node.line, node.span.start, node.span.end, node.text().map(str::to_owned));
    let mut all: Vec<_> = node.each().map(place).collect();
    all.sort();
    all
}

#[test]
fn what_is_read_has_the_places_that_it_has_in_the_whole() {
    let text = format!("\u{feff}# ü\n---\n{OTHER}--- # two\r\n{MEANT}---\n{OTHER}...\n---\n{MEANT}");
    let whole = parse(&text).unwrap();
    let some = documents_about(&text, &["meant"]).unwrap();
    let names = |documents: &[Node]| -> Vec<_> {
        documents.iter().filter_map(|one| Some(one.get("metadata")?.get("name")?.span.clone())).collect()
    };
    let of = |name: &str| -> Vec<_> {
        let is_it = |one: &&Node| one.get("metadata").and_then(|one| one.get("name")?.text()) == Some(name);
        names(&whole.iter().filter(is_it).cloned().collect::<Vec<_>>())
    };
    assert!(of("meant").iter().all(|place| names(&some).contains(place)));
    assert!(names(&some).len() < names(&whole).len());
    let read: Vec<Node> = some.into_iter().filter(|document| !document.is_null()).collect();
    assert!(lines(&read).iter().all(|place| lines(&whole).contains(place)), "{read:?}");
}

#[test]
fn what_may_say_the_word_in_another_notation_or_is_no_object_is_read() {
    for other in [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"m\\x65ant\"}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .name }}'}\n",
        "apiVersion: v1\nkind: Secret\nsops: {mac: x}\n",
        "apiVersion: v1\nkind: \n",
        "kind: Pod\nmetadata: {name: x}\n",
        " apiVersion: v1\n kind: Pod\n",
        "{apiVersion: v1, kind: Pod}\n",
    ] {
        let text = format!("{MEANT}---\n{other}");
        let documents = documents_about(&text, &["meant"]).unwrap();
        assert!(documents.len() == 2 && documents.iter().all(|one| !one.is_null()), "{other}");
    }
    assert!(documents_about(&format!("%YAML 1.2\n---\n{MEANT}"), &["meant"]).is_none());
    assert!(documents_about(&format!("{MEANT}---\na: [\n"), &["meant"]).is_none());
    assert!(documents_about(MEANT, &["me ant"]).is_none() && documents_about(MEANT, &[""]).is_none());
}

fn indented(text: &str, indentation: usize) -> String {
    let space = " ".repeat(indentation);
    text.lines().fold(String::new(), |all, line| format!("{all}{space}{line}\n"))
}

fn item(indentation: usize, name: &str, more: &str) -> String {
    let text = format!("- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n{more}");
    indented(&text, indentation)
}

#[test]
fn items_of_a_list_are_read_with_the_places_that_they_have_in_the_whole() {
    for indentation in [0, 2, 5] {
        for (head, tail) in [
            ("apiVersion: v1\nkind: List\nitems:\n", ""),
            (
                "--- # first\n# ü\nkind: List\napiVersion: v1\nmetadata: {a: b}\nitems: # all\n\n  # of them\n",
                "\n",
            ),
            ("apiVersion: v1\nitems:\n", "# behind\nkind: PodList\nmetadata:\n  a: b\n"),
        ] {
            let items = ["one", "meant", "two", "three", "meant", "four"];
            let items: String = items
                .iter()
                .map(|name| {
                    item(indentation, name, "  spec: {containers: [{image: 'a:v1'}]} # it\n\n# between\n")
                })
                .collect();
            for text in [format!("{head}{items}{tail}"), format!("{head}{items}{tail}").replace('\n', "\r\n")]
            {
                let whole = parse(&text).unwrap().pop().unwrap();
                let some = documents_about(&text, &["meant"]).unwrap().pop().unwrap();
                let (whole_items, some_items) = (whole.get("items").unwrap(), some.get("items").unwrap());
                assert_eq!(some_items.items().len(), 6, "{text}");
                let read: Vec<&Node> = some_items.items().iter().filter(|one| !one.is_null()).collect();
                assert_eq!(read.len(), 2, "{text}");
                for (one, place) in read.iter().zip([1, 4]) {
                    assert_eq!(places(one), places(&whole_items.items()[place]), "{text}");
                }
                // What stands around them is what it is.
                let around = |document: &Node| -> Vec<_> {
                    let pairs = document.pairs().iter().filter(|(key, _)| key.text() != Some("items"));
                    pairs.flat_map(|(key, value)| [places(key), places(value)]).collect()
                };
                assert_eq!(around(&some), around(&whole), "{text}");
            }
        }
    }
}

#[test]
fn a_list_whose_items_are_not_sure_to_be_told_apart_is_read_as_a_whole() {
    let list = |more: &str| {
        format!("apiVersion: v1\nkind: List\nitems:\n{}{}", item(0, "other", more), item(0, "meant", ""))
    };
    let is_cut = |text: &str| {
        let documents = documents_about(text, &["meant"]).unwrap_or_default();
        documents.iter().any(|document| {
            document.get("items").is_some_and(|items| items.items().iter().any(Node::is_null))
        })
    };
    assert!(is_cut(&list("")));
    assert!(is_cut(
        &list("  spec: {schedule: '*/5 * * * *', args: [a && b, 'it''s'], text: |\n    - x\n    \"y\n}\n")
            .replace("|\n    - x\n    \"y\n", "x")
    ));
    for text in [
        list("  labels: &l {a: b}\n"),
        list("  labels: !!map &l {a: b}\n"),
        list("  more: [&l a]\n"),
        list("  note: 'open\n    meanwhile'\n").replace("meanwhile'", "meanwhile\n    '"),
        list("  note: {a: b,\n    c: d}\n").replace("c: d}", "c: d\n    }"),
        list("").replace("kind: List", "kind: Set"),
        list("").replace("kind: List\n", "kind: List\nkind: List\n"),
        list("").replace("items:\n", "items: &all\n"),
        list("").replace("items:\n", "items: []\n"),
        format!("{}\titems: x\n", list("")),
        format!("{}items: []\n", list("")),
        list("").replacen("- api", "  - api", 1),
    ] {
        // What is open is read, and so nothing is left out of it.
        let is_left = is_cut(&text);
        let has_both = text.contains("note:");
        assert!(!is_left || has_both && !text.contains("open"), "{text}");
    }
}

/// An edit by all that a file holds.
fn edit_by_all(
    path: &str,
    text: &str,
    target: &ImageTarget,
    wanted: &ImageReference,
) -> Result<Vec<u8>, GitOpsError> {
    let bytes = text.as_bytes().to_vec();
    let files: Files =
        vec![ManifestFile { path: path.into(), mode: "100644".into(), bytes, link: None }].into();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let found = select_image(folder, &files, target, Some(wanted), &Rules::default())?;
    let file = &files[found.file];
    replace_image(file, &file.documents()?, &found, wanted)
}

/// Both edits of a file, which have to come to the same.
fn same(path: &str, text: &str, target: &str, wanted: &str) -> Result<Option<Vec<u8>>, TestCaseError> {
    let (target, wanted): (ImageTarget, ImageReference) = (target.parse().unwrap(), wanted.parse().unwrap());
    let by_all = edit_by_all(path, text, &target, &wanted);
    let edited = edit_file(path, text.as_bytes(), &target, &wanted);
    let shown = |result: &Result<Vec<u8>, GitOpsError>| match result {
        Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Err(error) => format!("refused: {error}"),
    };
    prop_assert_eq!(shown(&edited), shown(&by_all), "{}\n{}", target, text);
    Ok(edited.ok())
}

/// A part of an object that may hold an image in some way or other, or what only looks like one.
fn parts() -> impl Strategy<Value = String> {
    let image = prop_oneof![
        4 => Just("registry.example/web:v1"),
        2 => Just("registry.example/side:v1"),
        1 => Just("registry.example/team/web:v1"),
        1 => Just("registry.example/web"),
        1 => Just("'registry.example/web:v1'"),
        1 => Just("\"registry.example\\u002fweb:v1\""),
        1 => Just("\"registry.example/w\\\n            eb:v1\""),
        1 => Just("{{ .Values.image }}"),
        1 => Just("*image"),
        1 => Just("&image registry.example/web:v1"),
        1 => Just(">-\n            registry.example/web:v1"),
    ];
    let more = prop_oneof![
        6 => Just(""),
        1 => Just("          image: registry.example/twice:v1\n"),
        1 => Just("          args: [\"-c\", \"a && b\"]\n"),
        1 => Just("          note: |\n            - apiVersion: v1\n            it's \"open {\n          more: x\n"),
        1 => Just("          <<: {image: registry.example/merged:v1}\n"),
        1 => Just("          env: [{name: A, value: 'it''s'}, {name: B, value: \"*/5 * * * *\"}]\n"),
        1 => Just("          note: 'over\n\n            lines'\n"),
        1 => Just("          # web's \"own\n"),
    ];
    let name = prop_oneof![3 => Just("web"), 2 => Just("side"), 1 => Just("api")];
    (image, more, name)
        .prop_map(|(image, more, name)| format!("        - name: {name}\n          image: {image}\n{more}"))
}

fn objects() -> impl Strategy<Value = String> {
    let name = prop_oneof![3 => Just("web"), 2 => Just("api"), 1 => Just("\"w\\x65b\""), 1 => Just("other")];
    let workload = (name, proptest::collection::vec(parts(), 1..3)).prop_map(|(name, parts)| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n{}",
            parts.concat()
        )
    });
    let other = prop_oneof![
        Just("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n".to_owned()),
        Just("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  values.yaml: |\n    image: registry.example/web:v1\n".to_owned()),
        Just("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  values.yaml: \"image: registry.example/other:v1\"\n".to_owned()),
        Just("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nsops: {mac: x}\n".to_owned()),
        Just("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {schedule: '*/5 * * * *'}\n".to_owned()),
        Just("kind: Deployment\nmetadata: {name: lost}\n".to_owned()),
        Just("# nothing\n".to_owned()),
        Just("apiVersion: v1\nkind: Pod\nmetadata: {name: broken\n".to_owned()),
        Just("apiVersion: v1\nkind: Pod\nmetadata:\n  labels: &l {app: web}\n  annotations: *l\n".to_owned()),
    ];
    prop_oneof![5 => workload, 2 => other]
}

/// A file of objects: as documents, or as a list, or both.
fn files() -> impl Strategy<Value = String> {
    let style = (0..3_usize, any::<bool>(), any::<bool>(), prop_oneof![Just(0_usize), Just(2), Just(4)]);
    (proptest::collection::vec(objects(), 1..6), style).prop_map(
        |(objects, (kind, crlf, tail, indentation))| {
            let list = |objects: &[String]| {
                let item = |object: &String| {
                    let mut lines = object.lines();
                    let space = " ".repeat(indentation);
                    let first = format!("{space}- {}\n", lines.next().unwrap_or_default());
                    lines.fold(first, |text, line| {
                        if line.is_empty() { text + "\n" } else { format!("{text}{space}  {line}\n") }
                    })
                };
                let items: String = objects.iter().map(item).collect();
                let tail = if tail { "metadata: {name: all}\n" } else { "" };
                format!("apiVersion: v1\nkind: List\nitems:\n{items}{tail}")
            };
            let text = match kind {
                0 => objects.join("---\n"),
                1 => list(&objects),
                _ => {
                    let (first, second) = objects.split_at(objects.len() / 2);
                    format!("{}---\n{}", list(second), first.join("--- # next\n"))
                }
            };
            if crlf { text.replace('\n', "\r\n") } else { text }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_of_what_is_read_in_part_is_the_edit_of_the_whole(
        text in files(),
        target in prop_oneof![Just("app"), Just("app/web"), Just("app/web/web"), Just("app/Deployment/web/side"), Just("app/api/*")],
        wanted in prop_oneof![3 => Just("registry.example/web:v2"), 1 => Just("registry.example/side:v2"), 1 => Just("registry.example/none:v2")],
    ) {
        same("manifests/app/all.yaml", &text, target, wanted)?;
    }
}

#[test]
fn made_up_files_are_edited_often_enough_to_tell() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut edited, mut in_part, mut left_out) = (0, 0, 0);
    for _ in 0..400 {
        let text = files().new_tree(&mut runner).unwrap().current();
        let done = same("manifests/app/all.yaml", &text, "app/web/web", "registry.example/web:v2").unwrap();
        edited += usize::from(done.is_some());
        let some = documents_about(&text, &["web"]).unwrap_or_default();
        let is_out = |node: &Node| node.is_null() && node.span.is_empty() && !text.contains("# nothing");
        let has_out = some
            .iter()
            .any(|one| is_out(one) || one.get("items").is_some_and(|items| items.items().iter().any(is_out)));
        in_part += usize::from(!some.is_empty());
        left_out += usize::from(has_out);
    }
    assert!(edited > 40 && in_part > 200 && left_out > 20, "{edited} {in_part} {left_out}");
}

#[test]
fn all_places_that_run_an_image_are_among_what_is_read_of_it() {
    let text = format!(
        "{}---\n{OTHER}---\n{}",
        item(0, "x", "").replace("- ", "  ").replace("\n  ", "\n").trim_start(),
        MEANT
    );
    let bytes = text.into_bytes();
    let file =
        ManifestFile { path: "manifests/app/all.yaml".into(), mode: "100644".into(), bytes, link: None };
    let files: Files = vec![file].into();
    let some = Images::about(&files, &Rules::default(), &["nothing"]);
    let all = Images::of(&files, &Rules::default());
    assert_eq!(some.found.len(), all.found.len());
    let target = "app".parse().unwrap();
    assert!(fitting(&some, "manifests/app", &files, &target, None).is_err());
}

#[test]
fn every_file_of_the_corpus_is_edited_among_others_as_it_is_when_all_are_read() {
    let others = format!("{OTHER}  labels: {{a: b}}\n---\n").repeat(20);
    let others = others.replace("metadata: {name: other}\n", "metadata:\n  name: other\n");
    let mut edited = 0;
    for (path, family) in
        FAMILIES.iter().filter(|(_, family)| family.contains("kind: ") && !family.contains("patches:"))
    {
        for style in STYLES {
            let text = written(family, *style, "v1");
            let (text, mark) =
                text.strip_prefix('\u{feff}').map_or((text.as_str(), ""), |text| (text, "\u{feff}"));
            let mut all = vec![format!("{mark}{others}{text}")];
            if style.before.is_empty() && style.after.is_empty() && !text.starts_with('{') {
                let object = indented(text, 2).replacen("  ", "- ", 1);
                let item = others
                    .replace("---\n", "")
                    .replace("apiVersion", "- apiVersion")
                    .replace('\n', "\n  ")
                    .replace("\n  - ", "\n- ");
                all.push(format!(
                    "{mark}apiVersion: v1\nkind: List\nitems:\n{}\n{object}{}\n",
                    item.trim_end(),
                    item.trim_end()
                ));
            }
            for text in all {
                let done =
                    same(&format!("apps/web/{path}"), &text, "web", "registry.example/web:v2").unwrap();
                edited += usize::from(done.is_some());
            }
        }
    }
    assert!(edited >= 250, "{edited}");
}
