//! Values as HCL text: texts in quotes, expressions, and attributes in the columns of HCL's own formatter.
//!
//! What is written and read again is the same value, but for what a [`Style`] says of values that have no expression, such as
//! unknown ones.
//!
//! ```
//! use slipway_hcl::value::Value;
//! use slipway_hcl::write::{Plain, attributes, quoted};
//!
//! let ports = Value::tuple([Value::integer(80), Value::integer(443)]);
//! let text = attributes([("name", &Value::string("${a}")), ("ports", &ports)], 0, &Plain);
//! assert_eq!(text, "name  = \"$${a}\"\nports = [80, 443]\n");
//! assert_eq!(quoted("line\n"), "\"line\\n\"");
//! ```

use std::borrow::Cow;
use std::fmt::Write as _;

use super::value::Value;

/// How that is written in which writers differ.
pub trait Style {
    /// A text between quotes.
    fn quoted(&self, text: &str) -> String {
        quoted(text)
    }

    /// A name before `=` inside of an object.
    fn key<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if is_identifier(name) { Cow::Borrowed(name) } else { Cow::Owned(self.quoted(name)) }
    }

    /// What stands for a value that is unknown.
    fn unknown(&self) -> &'static str {
        "null"
    }

    /// What stands for a value that is sensitive; none where it is written like any other.
    fn sensitive(&self) -> Option<&'static str> {
        None
    }
}

/// Values as they are, as Terragrunt writes them: what is unknown is null.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Style for Plain {}

/// `name = value` a line, each indented by `depth` steps. Names stand in one column as far as the values beneath each other
/// fit on one line: one that does not ends the group and stands by itself, as the formatter of HCL has it. Names are written
/// as they are.
pub fn attributes<'v, N: AsRef<str>>(
    attributes: impl IntoIterator<Item = (N, &'v Value)>,
    depth: usize,
    style: &dyn Style,
) -> String {
    let written = |(name, value): (N, &Value)| (name, expression(value, depth, style));
    let lines: Vec<(N, String)> = attributes.into_iter().map(written).collect();
    let mut text = String::new();
    for group in lines.chunk_by(|(_, above), (_, below)| !above.contains('\n') && !below.contains('\n')) {
        let width = group.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            indent(&mut text, depth);
            // Writing into a string cannot fail.
            let _written = writeln!(text, "{:width$} = {value}", name.as_ref());
        }
    }
    text
}

/// A value as an expression; its lines after the first are indented for a line of that depth.
pub fn expression(value: &Value, depth: usize, style: &dyn Style) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Unknown => style.unknown().to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => style.quoted(text),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            let elements: Vec<String> =
                elements.iter().map(|element| expression(element, depth, style)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(fields) | Value::Map(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) | Value::Map(fields) => {
            let mut text = "{\n".to_owned();
            text.push_str(&attributes(
                fields.iter().map(|(name, value)| (style.key(name), value)),
                depth + 1,
                style,
            ));
            indent(&mut text, depth);
            text.push('}');
            text
        }
        Value::Sensitive(inner) => match style.sensitive() {
            Some(instead) => quoted(instead),
            None => expression(inner, depth, style),
        },
    }
}

/// One step of indentation for each level.
pub fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A text between quotes: without any template in it, and with control characters as escapes.
pub fn quoted(text: &str) -> String {
    quoted_where(text, char::is_control)
}

/// A text between quotes, as [`quoted`], where letters are escapes that `is_escaped` says so of.
pub fn quoted_where(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Doubled, it begins no template.
            '$' | '%' if letters.peek() == Some(&'{') => {
                quoted.push(letter);
                quoted.push(letter);
            }
            // Writing into a string cannot fail.
            escaped if is_escaped(escaped) && u32::from(escaped) > 0xffff => {
                let _written = write!(quoted, "\\U{:08x}", u32::from(escaped));
            }
            escaped if is_escaped(escaped) => {
                let _written = write!(quoted, "\\u{:04x}", u32::from(escaped));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a name can stand bare before `=`.
pub fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|first| first == '_' || first.is_alphabetic());
    first && letters.all(|letter| letter == '_' || letter == '-' || letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scope::MapScope;
    use crate::source::SourceFile;

    fn read(text: &str) -> Value {
        let file = SourceFile::new("x", text);
        let expr = crate::parse_expression(&file).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        crate::evaluate(&expr, &file, &MapScope::new([])).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_read_again_as_it_was(text in any::<String>()) {
            // What HCL reads is in normal form.
            let normal = read(&quoted(&text));
            prop_assert_eq!(read(&expression(&normal, 3, &Plain)), normal);
        }
    }

    #[test]
    fn templates_and_quotes_are_text_and_control_characters_escapes() {
        for (text, written) in [
            ("a\"b\\", r#""a\"b\\""#),
            ("${x} %{y} $ % $${z}", r#""$${x} %%{y} $ % $$${z}""#),
            ("\u{1b}\u{7}", r#""\u001b\u0007""#),
        ] {
            assert_eq!(quoted(text), written);
            assert_eq!(read(written), Value::string(text));
        }
        let tag = "\u{e0041}";
        assert_eq!(quoted_where(tag, |letter| letter as u32 > 0xffff), r#""\U000e0041""#);
    }

    #[test]
    fn a_style_says_what_stands_for_unknown_and_sensitive_values() {
        struct Shown;
        impl Style for Shown {
            fn unknown(&self) -> &'static str {
                "\"\""
            }
            fn sensitive(&self) -> Option<&'static str> {
                Some("hidden")
            }
        }
        let value = Value::tuple([Value::Unknown, Value::string("s").marked_if(true)]);
        assert_eq!(expression(&value, 0, &Shown), "[\"\", \"hidden\"]");
        assert_eq!(expression(&value, 0, &Plain), "[null, \"s\"]");
    }
}
