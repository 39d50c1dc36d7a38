//! A block of lines at the end of a terminal that is drawn over itself, with lines that stay above it.

use std::io::Write;

use console::measure_text_width;

/// How large a terminal is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// What has been drawn.
pub struct Screen<W> {
    writer: W,
    /// The widths of the lines of the block, as they were drawn.
    drawn: Vec<usize>,
    last: Vec<String>,
}

impl<W: Write> Screen<W> {
    /// On a terminal.
    pub fn new(writer: W) -> Self {
        Self { writer, drawn: Vec::new(), last: Vec::new() }
    }

    /// Prints text that stays, and draws the block anew below it, in one write so that nothing flickers.
    pub fn draw(&mut self, above: &str, block: Vec<String>, size: Size) {
        if above.is_empty() && block == self.last {
            return;
        }
        let mut text = self.back(size);
        for line in above.lines() {
            // To the end of the line, so that nothing of the block before stays beside it.
            text = format!("{text}{line}\x1b[K\n");
        }
        for line in &block {
            text = format!("{text}{line}\x1b[K\n");
        }
        text.push_str("\x1b[J");
        self.drawn = block.iter().map(|line| measure_text_width(line)).collect();
        self.last = block;
        self.write(&text);
    }

    /// Prints text at whose end the cursor stays; whatever comes next is written behind it.
    pub fn stay(&mut self, text: &str, size: Size) {
        let back = self.back(size);
        self.forget();
        self.write(&format!("{back}\x1b[J{text}"));
    }

    /// Writes as it is.
    pub fn write(&mut self, text: &str) {
        // Drawing fails only where the terminal has gone; the run goes on without it.
        let _closed = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
    }

    /// Takes what is drawn as it is: the next block begins below it.
    pub fn forget(&mut self) {
        self.drawn.clear();
        self.last.clear();
    }

    /// The way back to where the block begins; lines of a terminal that has become narrower take several rows.
    fn back(&self, size: Size) -> String {
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(size.columns.max(1)).max(1)).sum();
        if rows == 0 { "\r".to_owned() } else { format!("\r\x1b[{rows}A") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size { rows: 24, columns: 80 };

    fn block(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_block_is_drawn_over_itself_and_what_stays_is_above_it() {
        let mut screen = Screen::new(Vec::new());
        screen.draw("", block(&["one", "two"]), WIDE);
        screen.draw("done", block(&["two"]), WIDE);
        let written = String::from_utf8(screen.writer).unwrap();
        assert_eq!(written, "\rone\x1b[K\ntwo\x1b[K\n\x1b[J\r\x1b[2Adone\x1b[K\ntwo\x1b[K\n\x1b[J");
    }

    #[test]
    fn nothing_is_written_where_nothing_has_changed() {
        let mut screen = Screen::new(Vec::new());
        screen.draw("", block(&["one"]), WIDE);
        let written = screen.writer.len();
        screen.draw("", block(&["one"]), WIDE);
        assert_eq!(screen.writer.len(), written);
    }

    #[test]
    fn a_terminal_that_has_become_narrower_has_more_rows_to_go_back() {
        let mut screen = Screen::new(Vec::new());
        screen.draw("", block(&["0123456789"]), WIDE);
        screen.draw("", block(&["0"]), Size { rows: 24, columns: 4 });
        let written = String::from_utf8(screen.writer).unwrap();
        assert!(written.ends_with("\r\x1b[3A0\x1b[K\n\x1b[J"), "{written:?}");
    }
}
