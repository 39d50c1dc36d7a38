//! Values to YAML, in the style that Terraform writes it: block style, every string in double quotes or, with
//! several lines, as a literal block.

use super::super::convert::to_string;
use super::super::limits::{TooLarge, check_text};
use super::super::value::Value;

/// Where long strings are broken at a space.
const WIDTH: usize = 80;

/// The text of a value with a newline behind it.
pub(super) fn encode(value: &Value) -> Result<String, TooLarge> {
    let mut writer = Writer::default();
    writer.value(value, 0, Place::Top);
    check_text(writer.text.len())?;
    if !writer.text.ends_with('\n') {
        writer.text.push('\n');
    }
    // A document that is a plain scalar could go on; its end is marked.
    if matches!(value, Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_)) {
        writer.text.push_str("...\n");
    }
    Ok(writer.text)
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// Behind `- `.
    Element,
    /// Behind `key:`.
    Field,
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn column(&self) -> usize {
        self.text.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    fn line(&mut self, indent: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn value(&mut self, value: &Value, indent: usize, place: Place) {
        // It is too long already, which is told at the end: every line of what is nested begins with spaces.
        if check_text(self.text.len()).is_err() {
            return;
        }
        match value {
            Value::Sensitive(inner) => self.value(inner, indent, place),
            Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) if !elements.is_empty() => {
                for (index, element) in elements.iter().enumerate() {
                    // The first one of a list in a list stays on the line of the outer dash.
                    match (place, index) {
                        (Place::Element, 0) => self.text.push(' '),
                        (Place::Top, 0) => {}
                        _ => self.line(indent),
                    }
                    self.text.push('-');
                    self.value(element, indent + 2, Place::Element);
                }
                return;
            }
            Value::Object(fields) | Value::Map(fields) if !fields.is_empty() => {
                for (index, (key, value)) in fields.iter().enumerate() {
                    match (place, index) {
                        (Place::Element, 0) => self.text.push(' '),
                        (Place::Top, 0) => {}
                        _ => self.line(indent),
                    }
                    self.quoted(key, indent, false);
                    self.text.push(':');
                    // A list in a mapping stands no deeper than its key.
                    let list = value.as_elements().is_some();
                    self.value(value, if list { indent } else { indent + 2 }, Place::Field);
                }
                return;
            }
            _ => {}
        }
        if place != Place::Top {
            self.text.push(' ');
        }
        match value {
            Value::String(text) if is_literal_block(text) => self.literal_block(text, indent.max(2)),
            Value::String(text) => self.quoted(text, indent.max(2), true),
            Value::Tuple(_) | Value::List(_) | Value::Set(_) => self.text.push_str("[]"),
            Value::Object(_) | Value::Map(_) => self.text.push_str("{}"),
            other => self.text.push_str(&to_string(other).unwrap_or_else(|| "null".into())),
        }
    }

    fn literal_block(&mut self, text: &str, indent: usize) {
        self.text.push('|');
        if text.starts_with([' ', '\n']) {
            self.text.push('2');
        }
        if !text.ends_with('\n') {
            self.text.push('-');
        } else if text.ends_with("\n\n") || text == "\n" {
            self.text.push('+');
        }
        self.text.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if check_text(self.text.len()).is_err() {
                return;
            }
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', indent));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    fn quoted(&mut self, text: &str, indent: usize, breaks: bool) {
        self.text.push('"');
        let letters: Vec<char> = text.chars().collect();
        let mut column = self.column();
        let mut after_space = false;
        for (index, letter) in letters.iter().copied().enumerate() {
            let inner = index > 0 && index + 1 < letters.len();
            if letter == ' ' && breaks && !after_space && inner && column > WIDTH {
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', indent));
                column = indent;
                if letters.get(index + 1) == Some(&' ') {
                    self.text.push('\\');
                    column += 1;
                }
                after_space = true;
                continue;
            }
            let before = self.text.len();
            push_escaped(&mut self.text, letter);
            column += self.text.get(before..).unwrap_or_default().chars().count();
            after_space = letter == ' ';
        }
        self.text.push('"');
    }
}

/// Strings of several lines, unless spaces would be lost or characters would have to be escaped.
fn is_literal_block(text: &str) -> bool {
    text.contains('\n')
        && !text.contains(" \n")
        && !text.ends_with(' ')
        && text.chars().all(|letter| letter == '\n' || is_printable(letter))
}

fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && letter != '\u{feff}'
}

fn push_escaped(text: &mut String, letter: char) {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        printable if is_printable(printable) => return text.push(printable),
        other => {
            let code = u32::from(other);
            let escaped = match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
            text.push_str(&escaped);
            return;
        }
    };
    text.push('\\');
    text.push(short);
}
