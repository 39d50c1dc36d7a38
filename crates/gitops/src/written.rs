//! How an image is written: as one value, or as name, tag and digest in values of their own; and the edits that make it another.

use std::sync::{Arc, LazyLock};

use granit_parser::ScalarStyle;
use regex::Regex;

use super::image::ImageReference;
use super::manifest::{Node, Value};

/// What YAML, in one of its versions or in the hands of one of its readers, takes for a number, a truth, a time or nothing.
static OTHER_THAN_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^( | ~ | null | true | false | yes | no | on | off | y | n
        | [-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?
        | [-+]?0x[0-9a-f_]+ | [-+]?0o?[0-7_]+ | [-+]?0b[01_]+
        | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
        | [-+]?\.inf | \.nan
        | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)? )$",
    )
    .ok()
});

/// Whether a text without quotes would be something else than that text.
pub(super) fn needs_quotes(text: &str) -> bool {
    OTHER_THAN_TEXT.as_ref().is_none_or(|other| other.is_match(text))
}

/// A value in a file, with the block of text that it stands in, where it does.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The value; its bytes are those of the file.
    pub node: Node,
    /// The block that holds a YAML text of its own.
    pub block: Option<Arc<Node>>,
}

/// One value that becomes another.
#[derive(Debug)]
pub(super) struct Edit {
    /// The value.
    pub spot: Spot,
    /// Its new text.
    pub text: String,
}

/// A line, and why the image there cannot become another one.
pub(super) type Unwritable = (usize, String);

/// An image in a file.
#[derive(Debug, Clone)]
pub(super) enum Written {
    /// One value has all of it.
    Whole {
        /// The value.
        spot: Spot,
        /// What stands before the image: `--image=` of an argument.
        before: String,
    },
    /// Name and version have values of their own.
    Parts(Box<Parts>),
}

/// The values of an image that is written in parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// The registry, before the name.
    pub registry: Option<Spot>,
    /// The name, with the registry or without.
    pub name: Option<Spot>,
    /// The name where no value says it here.
    pub implied: Option<String>,
    /// The tag.
    pub tag: Option<Spot>,
    /// The digest.
    pub digest: Option<Spot>,
    /// Whether the digest is written without its algorithm.
    pub is_bare: bool,
    /// What the keys are called here, for who has to add one: name, tag, digest.
    pub keys: [&'static str; 3],
}

impl Spot {
    /// Its text.
    pub fn text(&self) -> &str {
        self.node.text().unwrap_or_default()
    }

    fn becomes(&self, text: &str) -> Option<Edit> {
        (self.text() != text).then(|| Edit { spot: self.clone(), text: text.to_owned() })
    }
}

impl Written {
    /// The line that tells the version.
    pub fn line(&self) -> usize {
        self.main().map_or(1, |spot| spot.node.line)
    }

    /// The value that tells the version.
    pub fn main(&self) -> Option<&Spot> {
        match self {
            Self::Whole { spot, .. } => Some(spot),
            Self::Parts(parts) => {
                let filled = |spot: &Option<Spot>| spot.as_ref().is_some_and(|spot| !spot.text().is_empty());
                let (tag, digest) = (&parts.tag, &parts.digest);
                let first = if filled(tag) || !filled(digest) {
                    tag.as_ref().or(digest.as_ref())
                } else {
                    digest.as_ref()
                };
                first.or(parts.name.as_ref())
            }
        }
    }

    /// All values.
    pub fn spots(&self) -> Vec<&Spot> {
        match self {
            Self::Whole { spot, .. } => vec![spot],
            Self::Parts(parts) => {
                [&parts.registry, &parts.name, &parts.tag, &parts.digest].into_iter().flatten().collect()
            }
        }
    }

    /// Whether the two are written by the same value, or one of the same.
    pub fn shares(&self, other: &Self) -> bool {
        let spans = |written: &Self| {
            written.spots().into_iter().map(|spot| spot.node.span.clone()).collect::<Vec<_>>()
        };
        let others = spans(other);
        spans(self).iter().any(|span| others.contains(span))
    }

    /// The image, as one would write it in one value. Where nothing here says its name, it is said to be `name`.
    pub fn text(&self, name: Option<&str>) -> String {
        match self {
            Self::Whole { spot, before } => {
                spot.text().strip_prefix(before.as_str()).unwrap_or_default().to_owned()
            }
            Self::Parts(parts) => {
                let mut text = parts.full_name().or_else(|| name.map(str::to_owned)).unwrap_or_default();
                let of = |spot: &Option<Spot>| {
                    spot.as_ref().map(|spot| spot.text().to_owned()).filter(|text| !text.is_empty())
                };
                if let Some(tag) = of(&parts.tag) {
                    text = format!("{text}:{tag}");
                }
                if let Some(digest) = of(&parts.digest) {
                    let algorithm = if parts.is_bare { "sha256:" } else { "" };
                    text = format!("{text}@{algorithm}{digest}");
                }
                text
            }
        }
    }

    /// What has to be written so that it is the wanted image.
    pub fn edits(&self, wanted: &ImageReference) -> Result<Vec<Edit>, Unwritable> {
        match self {
            Self::Whole { spot, before } => {
                Ok(spot.becomes(&format!("{before}{wanted}")).into_iter().collect())
            }
            Self::Parts(parts) => parts.edits(wanted, self.line()),
        }
    }
}

impl Parts {
    fn full_name(&self) -> Option<String> {
        let name = self.name.as_ref().map(|spot| spot.text().to_owned()).filter(|name| !name.is_empty());
        let name = name.or_else(|| self.implied.clone())?;
        let registry = self.registry.as_ref().map(Spot::text).filter(|registry| !registry.is_empty());
        Some(match registry {
            Some(registry) => format!("{}/{name}", registry.trim_end_matches('/')),
            None => name,
        })
    }

    fn edits(&self, wanted: &ImageReference, line: usize) -> Result<Vec<Edit>, Unwritable> {
        let [name_key, tag_key, digest_key] = self.keys;
        let lacks = |key: &str, what: &str| {
            (line, format!("there is no {key} beside this to write {what} to; add one"))
        };
        let mut edits = Vec::new();
        if let Some(name) = self.full_name().filter(|name| *name != wanted.name) {
            let filled = self.registry.as_ref().filter(|registry| !registry.text().is_empty());
            match (&self.name, filled) {
                (None, _) => return Err(lacks(name_key, &format!("{} instead of {name}", wanted.name))),
                (Some(spot), None) => edits.extend(spot.becomes(&wanted.name)),
                (Some(spot), Some(registry)) => {
                    let (host, path) = wanted.name.split_once('/').unwrap_or(("", &wanted.name));
                    if !host.contains(['.', ':']) && host != "localhost" {
                        let problem = format!(
                            "the registry has a value of its own here, and {} names none; write it with its registry",
                            wanted.name
                        );
                        return Err((registry.node.line, problem));
                    }
                    edits.extend(registry.becomes(host));
                    edits.extend(spot.becomes(path));
                }
            }
        }
        match (&wanted.tag, &self.tag) {
            (Some(tag), Some(spot)) => edits.extend(spot.becomes(tag)),
            (Some(tag), None) => return Err(lacks(tag_key, tag)),
            (None, Some(spot)) if !spot.text().is_empty() => {
                let problem = format!(
                    "the tag {} stands here beside the digest; give both, like NAME:TAG@DIGEST",
                    spot.text()
                );
                return Err((spot.node.line, problem));
            }
            (None, _) => {}
        }
        match (&wanted.digest, &self.digest) {
            (Some(digest), Some(spot)) => {
                let bare = digest.strip_prefix("sha256:").filter(|_| self.is_bare);
                edits.extend(spot.becomes(bare.unwrap_or(digest)));
            }
            (Some(digest), None) => return Err(lacks(digest_key, digest)),
            // One that stays would go on deciding.
            (None, Some(spot)) => edits.extend(spot.becomes("")),
            (None, None) => {}
        }
        Ok(edits)
    }
}

impl Edit {
    /// The value in its new notation: that of the old, and in quotes where it would be no text without. JSON has no other.
    pub fn notation(&self, is_json: bool) -> String {
        let text = &self.text;
        match self.spot.node.value {
            Value::Scalar(_, ScalarStyle::SingleQuoted) => format!("'{text}'"),
            Value::Scalar(_, ScalarStyle::DoubleQuoted) => format!("\"{text}\""),
            _ if is_json || needs_quotes(text) => format!("\"{text}\""),
            _ => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_no_text_is_known() {
        for text in [
            "",
            "1.10",
            "2",
            "1e5",
            "12e4567",
            "0123",
            "0x1f",
            "null",
            "True",
            "on",
            "y",
            "20260105",
            "2026-01-05",
            "1_000",
            "12:30",
            ".5",
            "+1",
            ".inf",
        ] {
            assert!(needs_quotes(text), "{text}");
        }
        for text in
            ["v1", "1.2.3", "3f2a91c", "1.10-rc1", "main", "0.1.0", "r.io/a:1", "2026-01", "--image=x:1"]
        {
            assert!(!needs_quotes(text), "{text}");
        }
    }
}
