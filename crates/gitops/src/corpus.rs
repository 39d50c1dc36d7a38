//! A corpus made for the purpose: families of files in which images stand, each in many styles. After an edit the bytes differ in
//! one span, what is parsed differs at one path, and both say the wanted image.

pub mod files;

use proptest::prelude::*;

use self::files::{FAMILIES, STYLES, Style, written};
use crate::edit_file;
use crate::manifest::{Node, Value, parse};

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
