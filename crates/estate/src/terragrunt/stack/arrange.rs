//! Lines of HCL indented by their brackets, with the `=` of neighbours in one column, as HCL's formatter does it.

/// What a line does, looked at without strings, comments and heredocs.
#[derive(Clone, Copy, Default)]
struct Line {
    /// Brackets opened less brackets closed.
    net: isize,
    /// The byte of its first `=`.
    assign: Option<usize>,
    /// Whether it is text of a heredoc, which stays as it is.
    text: bool,
}

/// The text with its lines indented and its signs in columns.
pub(super) fn arranged(text: &str) -> String {
    let lines = scanned(text);
    let mut arranged: Vec<(String, Option<usize>)> = Vec::new();
    let mut levels: Vec<isize> = Vec::new();
    for (written, line) in text.lines().zip(&lines) {
        if line.text || written.trim().is_empty() {
            arranged.push((if line.text { written.to_owned() } else { String::new() }, None));
            continue;
        }
        close(&mut levels, line.net);
        let indent = "  ".repeat(levels.len());
        if line.net > 0 {
            levels.push(line.net);
        }
        let cut = written.len() - written.trim_start().len();
        // What begins or ends a value of several lines stands by itself.
        let assign = line.assign.filter(|_| line.net == 0).map(|at| at - cut + indent.len());
        arranged.push((indent + written.trim(), assign));
    }
    for group in arranged.chunk_by_mut(|(_, above), (_, below)| above.is_some() && below.is_some()) {
        let width = group.iter().filter_map(parts).map(|(name, _)| name.chars().count()).max();
        let Some(width) = width else { continue };
        for line in group {
            if let Some((name, value)) = parts(line) {
                line.0 = format!("{name}{} = {value}", " ".repeat(width - name.chars().count()));
            }
        }
    }
    arranged.into_iter().map(|(line, _)| line + "\n").collect()
}

/// What stands on the left and on the right of a line's equals sign.
fn parts((line, assign): &(String, Option<usize>)) -> Option<(&str, &str)> {
    let (name, value) = line.split_at_checked((*assign)?)?;
    Some((name.trim_end(), value.strip_prefix('=')?.trim_start()))
}

/// Takes away the levels that a line closes.
fn close(levels: &mut Vec<isize>, net: isize) {
    let mut closed = -net;
    while closed > 0 {
        let Some(level) = levels.last_mut() else { return };
        if closed < *level {
            *level -= closed;
            return;
        }
        closed -= *level;
        levels.pop();
    }
}

/// Where the scan is: in code, with the brackets that are open in an interpolation, or in a string.
enum State {
    Code(usize),
    Quoted,
}

fn scanned(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut states = vec![State::Code(0)];
    let mut heredoc: Option<String> = None;
    for written in text.lines() {
        let mut line = Line::default();
        if let Some(end) = &heredoc {
            line.text = true;
            if written.trim() == end {
                heredoc = None;
            }
            lines.push(line);
            continue;
        }
        let mut depth = 0_usize;
        let bytes = written.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let next = bytes.get(at + 1).copied();
            let outside = states.len() == 1;
            match (states.last_mut(), byte) {
                (Some(State::Quoted), b'\\') => at += 1,
                (Some(State::Quoted), b'"') => drop(states.pop()),
                (Some(State::Quoted), b'$' | b'%') if next == Some(byte) => at += 1,
                (Some(State::Quoted), b'$' | b'%') if next == Some(b'{') => {
                    states.push(State::Code(0));
                    at += 1;
                }
                (Some(State::Quoted), _) => {}
                (_, b'"') => states.push(State::Quoted),
                (_, b'#') => break,
                (_, b'/') if next == Some(b'/') => break,
                (Some(State::Code(0)), b'}') if !outside => drop(states.pop()),
                (Some(State::Code(open)), b'{' | b'[' | b'(') => {
                    *open += 1;
                    if outside {
                        line.net += 1;
                        depth += 1;
                    }
                }
                (Some(State::Code(open)), b'}' | b']' | b')') => {
                    *open = open.saturating_sub(1);
                    if outside {
                        line.net -= 1;
                        depth = depth.saturating_sub(1);
                    }
                }
                (_, b'<') if next == Some(b'<') && outside => {
                    heredoc = Some(
                        written.get(at + 2..).unwrap_or_default().trim_start_matches('-').trim().to_owned(),
                    );
                    break;
                }
                (_, b'=' | b'!' | b'<' | b'>') if matches!(next, Some(b'=' | b'>')) => at += 1,
                (_, b'=') if outside && depth == 0 && at > 0 && line.assign.is_none() => {
                    line.assign = Some(at);
                }
                _ => {}
            }
            at += 1;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::arranged;

    #[test]
    fn lines_are_indented_and_neighbours_stand_in_one_column() {
        let text = "a = 1\nlonger = \"${b == \"x\" ? \"{\" : \"}\"}\"\nlist = [{\nx = 1\nyy = 2\n}, {\nz = <<T\n  a = {\nT\n}]\nend = 1\n";
        let expected = "a      = 1\nlonger = \"${b == \"x\" ? \"{\" : \"}\"}\"\nlist = [{\n  x  = 1\n  yy = 2\n  }, {\n  z = <<T\n  a = {\nT\n}]\nend = 1\n";
        assert_eq!(arranged(text), expected);
    }
}
