//! Patterns for paths and names: `*` stays within one folder, `**` does not, `?`, `[abc]`, `[!a-z]`, `{a,b}`, `\`.
//!
//! These are the patterns of Terragrunt's filters and of `mark_glob_as_read`. The ones of Terraform's `fileset` are
//! others.

use regex::Regex;

/// A pattern, ready to be held against many texts.
#[derive(Clone, Debug)]
pub struct Glob {
    pattern: String,
    matcher: Matcher,
    /// Of `a/**/b`: both ends. They may share their slash, so that `a/b` matches as well.
    ends: Option<(String, String)>,
}

/// How a text is held against it.
#[derive(Clone, Debug)]
enum Matcher {
    /// Without a wildcard, as most patterns are: it is the text.
    Text(String),
    Wild(Regex),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// A `[` without its `]`.
    #[error("a `[` is never closed")]
    Unclosed,
    /// `[]` or `[!]`.
    #[error("`[]` has nothing in it")]
    EmptyClass,
    /// `[z-a]`.
    #[error("the range `{low}-{high}` goes backwards")]
    Backwards {
        /// The first letter.
        low: char,
        /// The last letter.
        high: char,
    },
    /// `[a-z0]`: a class is a range, or a list of letters.
    #[error("a `]` has to stand behind the range `{low}-{high}`")]
    MixedClass {
        /// The first letter.
        low: char,
        /// The last letter.
        high: char,
    },
    /// Braces in braces in braces.
    #[error("it is too large, or its braces stand too deep in each other")]
    TooLarge,
}

impl Glob {
    /// Reads a pattern.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        let mut translation = Translation::default();
        let mut letters = pattern.chars().peekable();
        while let Some(letter) = letters.next() {
            translation.add(letter, &mut letters)?;
        }
        let ends = translation.ends();
        let matcher = match translation.parts.as_slice() {
            [] => Matcher::Text(String::new()),
            [Part::Text(text)] => Matcher::Text(text.clone()),
            _ => {
                let regex = regex::RegexBuilder::new(&translation.finish()).build();
                Matcher::Wild(regex.map_err(|_| GlobError::TooLarge)?)
            }
        };
        Ok(Self { pattern: pattern.to_owned(), matcher, ends })
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let by_ends = |(start, end): &(String, String)| text.starts_with(start) && text.ends_with(end);
        let matches = match &self.matcher {
            Matcher::Text(own) => own == text,
            Matcher::Wild(regex) => regex.is_match(text),
        };
        matches || self.ends.as_ref().is_some_and(by_ends)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Glob {}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A part of a pattern outside of braces, as far as `a/**/b` has to be recognised.
#[derive(PartialEq)]
enum Part {
    Text(String),
    Everything,
    Other,
}

/// A pattern on its way into a regular expression.
#[derive(Default)]
struct Translation {
    regex: String,
    parts: Vec<Part>,
    open_braces: usize,
}

impl Translation {
    fn add(&mut self, letter: char, rest: &mut Letters<'_>) -> Result<(), GlobError> {
        match letter {
            '*' if rest.next_if_eq(&'*').is_some() => self.wild(".*", Part::Everything),
            '*' => self.wild("[^/]*", Part::Other),
            '?' => self.wild("[^/]", Part::Other),
            '[' => {
                let class = class(rest)?;
                self.wild(&class, Part::Other);
            }
            '{' => {
                self.open_braces += 1;
                self.wild("(?:", Part::Other);
            }
            '}' if self.open_braces > 0 => {
                self.open_braces -= 1;
                self.regex.push(')');
            }
            ',' if self.open_braces > 0 => self.regex.push('|'),
            '\\' => {
                // A backslash at the very end says nothing.
                if let Some(escaped) = rest.next() {
                    self.text(escaped);
                }
            }
            other => self.text(other),
        }
        Ok(())
    }

    fn wild(&mut self, regex: &str, part: Part) {
        self.regex.push_str(regex);
        self.parts.push(part);
    }

    fn text(&mut self, letter: char) {
        self.regex.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(letter),
            _ => self.parts.push(Part::Text(letter.to_string())),
        }
    }

    fn ends(&self) -> Option<(String, String)> {
        match self.parts.as_slice() {
            [Part::Text(start), Part::Everything, Part::Text(end)] => Some((start.clone(), end.clone())),
            _ => None,
        }
    }

    fn finish(self) -> String {
        // Braces that are never closed end with the pattern.
        format!("(?s)^(?:{}{})$", self.regex, ")".repeat(self.open_braces))
    }
}

/// What stands behind a `[`, as a class of a regular expression.
fn class(rest: &mut Letters<'_>) -> Result<String, GlobError> {
    let not = if rest.next_if_eq(&'!').is_some() { "^" } else { "" };
    let first = rest.next().ok_or(GlobError::Unclosed)?;
    if rest.next_if_eq(&'-').is_some() {
        let (low, high) = (first, rest.next().ok_or(GlobError::Unclosed)?);
        match rest.next() {
            None => return Err(GlobError::Unclosed),
            Some(']') if high < low => return Err(GlobError::Backwards { low, high }),
            Some(']') => return Ok(format!("[{not}{}-{}]", in_class(low), in_class(high))),
            Some(_) => return Err(GlobError::MixedClass { low, high }),
        }
    }
    let mut letters = String::new();
    let mut next = Some(first);
    loop {
        match next {
            None => return Err(GlobError::Unclosed),
            Some(']') if letters.is_empty() => return Err(GlobError::EmptyClass),
            Some(']') => return Ok(format!("[{not}{letters}]")),
            Some('\\') => letters.push_str(&in_class(rest.next().ok_or(GlobError::Unclosed)?)),
            Some(letter) => letters.push_str(&in_class(letter)),
        }
        next = rest.next();
    }
}

fn in_class(letter: char) -> String {
    // By its number, so that no letter can mean anything else there.
    format!("\\x{{{:x}}}", u32::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        assert!(matches("apps/*", "apps/web"));
        assert!(!matches("apps/*", "apps/web/eu"));
        assert!(matches("apps/**", "apps/web/eu"));
        assert!(!matches("apps/**", "apps"));
        assert!(matches("**/eu", "apps/web/eu"));
        assert!(!matches("**/eu", "eu"));
        assert!(matches("w?b", "web"));
        assert!(!matches("w?b", "w/b"));
    }

    #[test]
    fn two_stars_between_texts_stand_for_no_folder_too() {
        assert!(matches("live/**/vpc", "live/vpc"));
        assert!(matches("live/**/vpc", "live/dev/eu/vpc"));
        assert!(!matches("live/**/v*", "live/vpc"));
        assert!(!matches("live/**/vpc/**", "live/vpc/x"));
    }

    #[test]
    fn classes_braces_and_backslashes() {
        assert!(matches("web-[12]", "web-2"));
        assert!(matches("web-[a-c]", "web-b"));
        assert!(matches("web-[!a-c]", "web-d"));
        assert!(!matches("web-[!12]", "web-1"));
        assert!(matches("{dev,prod}/*", "prod/vpc"));
        assert!(matches("{dev,prod", "prod"));
        assert!(matches("", "") && !matches("", "a"));
        assert!(matches("a,}b.c", "a,}b.c") && !matches("a,}b.c", "a,}bxc"));
        assert!(matches(r"a\*b", "a*b"));
        assert!(!matches(r"a\*b", "axb"));
        assert!(matches("a[^x]b", "a^b"));
        assert!(matches("grüße-?", "grüße-ü"));
    }

    #[test]
    fn a_class_that_is_none_is_refused() {
        assert_eq!(Glob::new("[ab").unwrap_err(), GlobError::Unclosed);
        assert_eq!(Glob::new("[]").unwrap_err(), GlobError::EmptyClass);
        assert_eq!(Glob::new("[b-a]").unwrap_err(), GlobError::Backwards { low: 'b', high: 'a' });
        assert_eq!(Glob::new("[a-c0]").unwrap_err(), GlobError::MixedClass { low: 'a', high: 'c' });
        assert_eq!(Glob::new(&"{".repeat(1000)).unwrap_err(), GlobError::TooLarge);
    }
}
