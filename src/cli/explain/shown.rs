//! A page, and the list of them, at a terminal.

use console::{measure_text_width, style, truncate_str};

use super::pages::{Page, without_links};

/// What stands before what a file holds, or what the program says.
const INDENT: &str = "    ";

/// The page, with its paragraphs in so many columns.
pub fn page(page: &Page, width: usize) -> String {
    let mut text = format!("{}\n", style(page.code).bold());
    let mut paragraph: Vec<&str> = Vec::new();
    let mut lines = page.text.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            flush(&mut text, &mut paragraph, width);
            let heading = match info.split_once(' ') {
                Some((_, file)) => file.to_owned(),
                None if info == "text" => "slipway says".to_owned(),
                None => info.to_owned(),
            };
            text = format!("{text}\n{}\n", style(format!("{heading}:")).cyan());
            for inside in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                text = format!("{text}{}\n", format!("{INDENT}{inside}").trim_end());
            }
        } else if line.is_empty() {
            flush(&mut text, &mut paragraph, width);
        } else {
            paragraph.push(line);
        }
    }
    flush(&mut text, &mut paragraph, width);
    format!("{text}\n{}\n", style(format!("in the documentation: {}", page.address())).dim())
}

/// Writes a paragraph that has come to its end.
fn flush(text: &mut String, paragraph: &mut Vec<&str>, width: usize) {
    if paragraph.is_empty() {
        return;
    }
    let whole = without_links(&paragraph.join(" ")).replace("*No example:*", "No example:");
    paragraph.clear();
    *text = format!("{text}\n{}", wrapped(&whole, width));
}

/// Words in lines of so many columns.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > width {
            lines = format!("{lines}{line}\n");
            line.clear();
        }
        let gap = if line.is_empty() { "" } else { " " };
        line = format!("{line}{gap}{word}");
    }
    format!("{lines}{line}\n")
}

/// All codes under their headings, each with a sentence on one line.
pub fn list(pages: &[Page], width: usize) -> String {
    let widest = pages.iter().map(|page| page.code.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = "";
    for page in pages {
        if page.group != group {
            group = page.group;
            let gap = if text.is_empty() { "" } else { "\n" };
            text = format!("{text}{gap}{}\n", style(group).bold());
        }
        let line = format!("  {:widest$}  {}", page.code, page.summary());
        text = format!("{text}{}\n", truncate_str(&line, width, "…"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::pages::pages;
    use super::*;

    #[test]
    fn a_page_is_read_at_a_terminal_without_marks_of_markdown() {
        console::set_colors_enabled(false);
        let all = pages();
        for one in &all {
            let text = page(one, 80);
            assert!(text.starts_with(one.code) && text.ends_with(&format!("{}\n", one.address())), "{text}");
            for mark in ["```", "](", "*No example"] {
                assert!(!text.contains(mark), "{mark:?} is in\n{text}");
            }
            let prose = text.lines().filter(|line| !line.starts_with(INDENT));
            assert!(prose.clone().all(|line| measure_text_width(line) <= 80), "{text}");
        }
        let list = list(&all, 80);
        assert!(list.starts_with("The language\n  hcl::syntax "), "{list}");
        assert!(list.lines().all(|line| measure_text_width(line) <= 80), "{list}");
        assert_eq!(list.matches("::").count(), all.len(), "{list}");
    }
}
