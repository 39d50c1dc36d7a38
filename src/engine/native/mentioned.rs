//! The words of a module, all that it calls included: among them are the types of all resources that it is about.
//!
//! Which types these are could be read from the blocks, of both tools in both languages, with what moves, imports and removes things.
//! A word more costs little, and a word less fails a plan: so it is all words, wherever they stand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::support::fs::read_text;
use crate::support::tool_files::MODULES_LIST;

/// How the names of files end that are a module's.
const ENDINGS: &[&str] = &[".tf", ".tf.json", ".tofu", ".tofu.json"];

/// Where the tool notes in which folders the modules are that a module calls.
#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "Modules")]
    modules: Vec<Called>,
}

#[derive(Deserialize)]
struct Called {
    /// Counted from the folder that the tool runs in.
    #[serde(rename = "Dir")]
    dir: PathBuf,
}

/// The words of the module in a folder that was made ready, and of those that it calls; none where that cannot be known.
pub fn words(dir: &Path) -> Option<BTreeSet<String>> {
    let manifest = dir.join(MODULES_LIST);
    let folders = match read_text(&manifest) {
        Ok(text) => {
            let manifest: Manifest = serde_json::from_str(&text).ok()?;
            manifest.modules.into_iter().map(|called| called.dir).collect()
        }
        // One that calls none has none.
        Err(_) => BTreeSet::new(),
    };
    let mut words = BTreeSet::new();
    for folder in folders.into_iter().chain([PathBuf::from(".")]).collect::<BTreeSet<_>>() {
        for entry in std::fs::read_dir(dir.join(folder)).ok()? {
            let path = entry.ok()?.path();
            if path.to_str().is_none_or(|path| ENDINGS.iter().any(|ending| path.ends_with(ending))) {
                add(&read_text(&path).ok()?, &mut words)?;
            }
        }
    }
    Some(words)
}

/// Adds the words of a text; `None` where some of it may be written in other letters than it has.
fn add(text: &str, words: &mut BTreeSet<String>) -> Option<()> {
    if ["\\u", "\\U"].iter().any(|escape| text.contains(escape)) {
        return None;
    }
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    for word in text.split(|letter| !is_of_a_word(letter)) {
        if !words.contains(word) {
            words.insert(word.to_owned());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_all_modules_that_are_called_in_both_languages() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = dir.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write(
            "main.tf",
            "resource \"aws_vpc\" \"this\" {}\n# aws_subnet\nremoved {\n  from = aws_eip.old\n}\n",
        );
        write("more.tofu", "data aws_region here {}");
        write("notes.txt", "aws_route");
        write("net/main.tf.json", r#"{"resource":{"aws_nat_gateway":{"x":{}}}}"#);
        let found = words(dir.path()).unwrap();
        for word in ["aws_vpc", "aws_subnet", "aws_eip", "aws_region"] {
            assert!(found.contains(word), "{word}");
        }
        assert!(!found.contains("aws_route") && !found.contains("aws_nat_gateway"));

        write(
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"net","Source":"./net","Dir":"net"}]}"#,
        );
        assert!(words(dir.path()).unwrap().contains("aws_nat_gateway"));
        write(
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"gone","Source":"./gone","Dir":"gone"}]}"#,
        );
        assert!(words(dir.path()).is_none(), "what cannot be read may mention anything");
    }

    #[test]
    fn what_is_written_in_other_letters_may_be_anything() {
        let mut words = BTreeSet::new();
        assert!(add(r#"{"resource":{"\u0061ws_vpc":{}}}"#, &mut words).is_none());
        assert!(add("resource \"foo-bar_x\" \"y\" {}", &mut words).is_some());
        assert!(words.contains("foo-bar_x"));
    }
}
