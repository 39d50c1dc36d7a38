//! Telling what is waited for, without saying the same twice.

/// Remembers what was said last; whoever polls may call it as often as it likes.
#[derive(Debug, Default)]
pub struct Said {
    last: String,
}

impl Said {
    /// Passes a line on where it differs from the one before.
    pub fn tell(&mut self, line: String, listener: impl FnOnce(String)) {
        if line != self.last {
            self.last.clone_from(&line);
            listener(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_line_is_said_once() {
        let mut said = Said::default();
        let mut lines = Vec::new();
        for line in ["a", "a", "b", "a"] {
            said.tell(line.to_owned(), |line| lines.push(line));
        }
        assert_eq!(lines, ["a", "b", "a"]);
    }
}
