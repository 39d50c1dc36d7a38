//! The patterns of `include_in_copy` and `exclude_from_copy`, as the library reads them that Terragrunt has for it.

use regex::Regex;

use slipway_support::go_regex::{self, PatternError};

/// The expression that a whole path has to match.
pub fn regex(pattern: &str) -> Result<Regex, PatternError> {
    go_regex::compile(&format!("^{}$", regex_of(pattern)))
}

/// `**/` is any folders or none, `*` any name, `[…]` a class, `{a,b}` either.
fn regex_of(pattern: &str) -> String {
    let mut regex = String::new();
    let mut rest = pattern;
    loop {
        let mut letters = rest.chars();
        let Some(first) = letters.next() else { break };
        let behind = letters.as_str();
        let enclosed = |end: char| behind.split_once(end).filter(|(inside, _)| !inside.is_empty());
        let (piece, left) = match first {
            '*' if let Some(left) = behind.strip_prefix("*/") => ("(.*/)?".to_owned(), left),
            '*' => ("[^/]*".to_owned(), behind),
            '[' if let Some((class, left)) = enclosed(']') => (format!("[{class}]"), left),
            '{' if let Some((either, left)) = enclosed('}') => {
                let either = either.split(',').map(regex::escape).collect::<Vec<_>>().join("|");
                (format!("({either})"), left)
            }
            other => (regex::escape(&other.to_string()), behind),
        };
        regex.push_str(&piece);
        rest = left;
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_classes_and_braces_find_what_they_find_in_terragrunt() {
        let matches = |pattern: &str, text: &str| regex(pattern).unwrap().is_match(text);
        for (pattern, text) in [
            ("*.tf", "a.tf"),
            ("**/*.tf", "a/b/c.tf"),
            ("**/*.tf", "c.tf"),
            ("[ab].{tf,md}", "b.md"),
            ("a+.tf", "a+.tf"),
            ("{a", "{a"),
            ("[", "["),
        ] {
            assert!(matches(pattern, text), "{pattern} on {text}");
        }
        for (pattern, text) in [("*.tf", "a/b.tf"), ("[ab]", "c"), ("a+", "aa"), ("a.b", "axb")] {
            assert!(!matches(pattern, text), "{pattern} on {text}");
        }
        assert!(regex("[z-a].tf").is_err());
    }
}
