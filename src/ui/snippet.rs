//! A diagnostic at the terminal: what, where with the source and a caret, the way out, and the way there.

use std::ops::Range;
use std::path::{Path, PathBuf};

use console::{Style, measure_text_width};

use crate::hcl::diagnostic::{Diagnostic, Severity};
use crate::hcl::source::{Location, Position};
use crate::support::{paths, redact, shown, unit_name};

/// How much of a source line is shown.
const WIDTH: usize = 100;
/// How many characters on each side of a mistake are looked at to show it.
const WINDOW: usize = 4 * WIDTH;
const TAB: &str = "    ";
/// How many steps of the way are shown, and how many units.
const STEPS: usize = 8;
const UNITS: usize = 5;
/// A path that climbs higher is shown as it is.
const CLIMB: &str = "../../../..";

/// Draws diagnostics.
#[derive(Clone, Debug)]
pub struct Snippets {
    /// The folder that paths are shown from.
    pub base: PathBuf,
    /// Whether with colours.
    pub color: bool,
}

impl Snippets {
    /// The diagnostic in some lines, each with its end.
    pub fn draw(&self, diagnostic: &Diagnostic) -> String {
        let (_, strong) = look(diagnostic.severity);
        let quiet = Style::new().cyan();
        let head = self.head(diagnostic.severity, diagnostic.code);
        let mut lines = vec![format!("{head}: {}", indented(&diagnostic.message))];
        let mut margin = 1;
        if let Some(location) = &diagnostic.location {
            let Position { line, .. } = location.position();
            margin = line.to_string().len();
            let bar = self.styled(&quiet, "│");
            let arrow = self.styled(&quiet, "──▶");
            lines.push(format!("{:margin$}{arrow} {}", "", self.place(location)));
            let excerpt = Excerpt::of(location);
            if !location.file.text().is_empty() {
                lines.push(format!("{:margin$} {bar}", ""));
                let number = self.styled(&quiet, &line.to_string());
                lines.push(format!("{number} {bar} {}", excerpt.text).trim_end().to_owned());
                let caret = self.styled(&strong, &"^".repeat(excerpt.length));
                lines.push(format!("{:margin$} {bar} {:before$}{caret}", "", "", before = excerpt.before));
            }
        }
        let note = |name: &str, text: &str| {
            format!("{:margin$} {} {}: {text}", "", self.styled(&quiet, "="), self.styled(&quiet, name))
        };
        if let Some(help) = &diagnostic.help {
            lines.push(note("help", &indented(help)));
        }
        let hidden = diagnostic.trace.len().saturating_sub(STEPS);
        for (index, frame) in diagnostic.trace.iter().enumerate() {
            // The first steps and the last ones say most.
            let from = STEPS / 2;
            if hidden > 0 && index == from {
                lines.push(note("via", &format!("{} more steps", hidden + 1)));
            }
            if hidden == 0 || index < from || index > from + hidden {
                let step = format!("{} at {}", indented(&frame.message), self.place(&frame.location));
                lines.push(note("via", &step));
            }
        }
        if let [first, _, ..] = diagnostic.affects.as_slice() {
            let shown = diagnostic.affects.iter().take(UNITS).map(|unit| self.unit(unit));
            let shown = if first.as_os_str().is_empty() { Vec::new() } else { shown.collect::<Vec<_>>() };
            let more = diagnostic.affects.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let units = format!("{} units: {}{more}", diagnostic.affects.len(), shown.join(", "));
            lines.push(note("breaks", &units));
        }
        lines.join("\n") + "\n"
    }

    /// `error[hcl::syntax]`.
    pub fn head(&self, severity: Severity, code: &str) -> String {
        let (word, strong) = look(severity);
        self.styled(&strong, &format!("{word}[{code}]"))
    }

    fn styled(&self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.color).apply_to(text).to_string()
    }

    /// Where it is: `live/dev/vpc/terragrunt.hcl:3:5`.
    pub fn place(&self, location: &Location) -> String {
        let Position { line, column } = location.position();
        format!("{}:{line}:{column}", self.path(location.file.path()))
    }

    /// The folder of a unit; the one that we stand in by its name.
    fn unit(&self, dir: &Path) -> String {
        if *dir == self.base { shown::name(&unit_name::name(dir, dir)).into_owned() } else { self.path(dir) }
    }

    fn path(&self, path: &Path) -> String {
        let relative = paths::relative(&self.base, path);
        let nearest = if path.is_absolute() && !relative.starts_with(CLIMB) { &relative } else { path };
        shown::name(&nearest.display().to_string()).into_owned()
    }
}

/// How it is called and drawn.
fn look(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("error", Style::new().red().bold()),
        Severity::Warning => ("warning", Style::new().yellow().bold()),
    }
}

/// One line of source as a terminal shows it, with the place of the caret under it.
struct Excerpt {
    text: String,
    /// Columns before the caret.
    before: usize,
    /// Columns of the caret, at least one.
    length: usize,
}

impl Excerpt {
    fn of(location: &Location) -> Self {
        let Position { line, column } = location.position();
        let line = location.file.line(line);
        let marked = location.file.slice(location.span).lines().next().unwrap_or_default().chars().count();
        // Of a line that goes on for megabytes only the part around the caret is looked at.
        let skipped = (column - 1).saturating_sub(WINDOW);
        let mut rest = line.chars().skip(skipped);
        let letters = letters(&rest.by_ref().take(2 * WINDOW).collect::<String>());
        let start = (column - 1 - skipped).min(letters.len());
        let end = (start + marked).min(letters.len());
        let width = |part: Range<usize>| {
            let part = letters.get(part).unwrap_or_default();
            part.iter().map(|letter| measure_text_width(letter)).sum::<usize>()
        };
        // A long line is cut so that the caret stands in its first third.
        let (mut from, mut cut) = (0, if skipped > 0 { "…" } else { "" });
        while width(from..start) > WIDTH / 3 && width(0..letters.len()) > WIDTH {
            (from, cut) = (from + 1, "…");
        }
        let mut to = letters.len();
        while width(from..to) > WIDTH {
            to -= 1;
        }
        let tail = if to < letters.len() || rest.next().is_some() { "…" } else { "" };
        Self {
            text: format!("{cut}{}{tail}", letters.get(from..to).unwrap_or_default().concat()),
            before: measure_text_width(cut) + width(from..start),
            length: width(start..end.clamp(start, to.max(start))).max(1),
        }
    }
}

/// The characters of a part of a line, each as it is shown: a secret stands where its first one was.
fn letters(text: &str) -> Vec<String> {
    let secrets = redact::spans(text);
    let mut secrets = secrets.iter().peekable();
    let shown = |(at, letter): (usize, char)| {
        while secrets.next_if(|secret| secret.range.end <= at).is_some() {}
        match secrets.peek().filter(|secret| secret.range.contains(&at)) {
            Some(secret) if secret.range.start == at => secret.mask.to_owned(),
            Some(_) => String::new(),
            None => visible(letter),
        }
    };
    text.char_indices().map(shown).collect()
}

/// A character as it is shown: nothing may move the cursor or turn the direction of the text.
fn visible(letter: char) -> String {
    match letter {
        '\t' => TAB.to_owned(),
        '\u{feff}' => String::new(),
        hidden if shown::is_hidden(hidden) => "\u{fffd}".to_owned(),
        letter => letter.to_string(),
    }
}

/// Text of several lines, with those behind the first one set in.
fn indented(text: &str) -> String {
    let text = redact::clean(text);
    shown::block(text.trim_end()).replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::source::{SourceFile, Span};

    /// The diagnostic about the text between `«` and `»`.
    fn drawn(source: &str, change: impl FnOnce(Diagnostic) -> Diagnostic) -> String {
        let start = source.find('«').unwrap();
        let end = source.find('»').unwrap() - '«'.len_utf8();
        let file = SourceFile::new("/estate/app/terragrunt.hcl", source.replace(['«', '»'], ""));
        let place = Location::new(&file, Span::new(start, end));
        let diagnostic = Diagnostic::error("hcl::type", "this is wrong").at(place);
        let snippets = Snippets { base: PathBuf::from("/estate/live"), color: false };
        snippets.draw(&change(diagnostic))
    }

    fn plain(source: &str) -> String {
        drawn(source, |diagnostic| diagnostic)
    }

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        insta::assert_snapshot!(plain("a = 1\nb = «local.x» + 1\n"), @r"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:2:5
          │
        2 │ b = local.x + 1
          │     ^^^^^^^
        ");
    }

    #[test]
    fn tabs_and_wide_letters_move_the_caret() {
        insta::assert_snapshot!(plain("\tb = \"日本é\" + «x»\r\n"), @r#"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:1:14
          │
        1 │     b = "日本é" + x
          │                   ^
        "#);
    }

    #[test]
    fn only_the_first_line_of_several_is_marked_and_an_end_is_a_place_too() {
        insta::assert_snapshot!(plain("a = «[\n  1,\n]»\n"), @r"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:1:5
          │
        1 │ a = [
          │     ^
        ");
        insta::assert_snapshot!(plain("a = «»"), @r"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:1:5
          │
        1 │ a =
          │     ^
        ");
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = plain(&format!("a = \"{}\" + «wrong» + \"{}\"\n", "x".repeat(5_000), "y".repeat(5_000)));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| measure_text_width(line) < WIDTH + 10), "{text}");
        let caret = lines[4].chars().position(|letter| letter == '^').unwrap();
        let source: String = lines[3].chars().skip(caret).take(5).collect();
        assert_eq!(source, "wrong");
    }

    #[test]
    fn nothing_in_a_file_can_move_the_cursor() {
        let text = plain("a = \"\u{1b}[2J\u{202e}\" + «x»\n");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_secret_in_a_line_of_source_is_masked_and_the_caret_stays_where_it_belongs() {
        insta::assert_snapshot!(plain("source = \"git::https://u:kept-back@h/r?ref=${«local.x»}\"\n"), @r#"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:1:46
          │
        1 │ source = "git::https://…:…@h/r?ref=${local.x}"
          │                                      ^^^^^^^
        "#);
    }

    #[test]
    fn the_way_out_the_way_there_and_the_units_follow() {
        let text = drawn("a = «b»\n", |diagnostic| {
            let place = diagnostic.location.clone().unwrap();
            let mut diagnostic = diagnostic.help("did you mean `c`?").via("included here", place.clone());
            diagnostic.affects =
                (0..1_000).map(|unit| PathBuf::from(format!("/estate/live/u{unit}"))).collect();
            (0..20).fold(diagnostic, |diagnostic, step| diagnostic.via(format!("step {step}"), place.clone()))
        });
        insta::assert_snapshot!(text, @r"
        error[hcl::type]: this is wrong
         ──▶ ../app/terragrunt.hcl:1:5
          │
        1 │ a = b
          │     ^
          = help: did you mean `c`?
          = via: included here at ../app/terragrunt.hcl:1:5
          = via: step 0 at ../app/terragrunt.hcl:1:5
          = via: step 1 at ../app/terragrunt.hcl:1:5
          = via: step 2 at ../app/terragrunt.hcl:1:5
          = via: 14 more steps
          = via: step 17 at ../app/terragrunt.hcl:1:5
          = via: step 18 at ../app/terragrunt.hcl:1:5
          = via: step 19 at ../app/terragrunt.hcl:1:5
          = breaks: 1000 units: u0, u1, u2, u3, u4 and 995 more
        ");
    }
}
