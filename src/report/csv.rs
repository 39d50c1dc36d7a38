//! Tables for spreadsheets, in which no cell is a formula.

/// Rows as comma-separated values, each ended by CR and LF (RFC 4180).
pub fn csv(head: &[&str], rows: &[Vec<String>]) -> String {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(&head).chain(rows).map(|row: &Vec<String>| line(row)).collect()
}

fn line(row: &[String]) -> String {
    let cells: Vec<String> = row.iter().map(|cell| quoted(&harmless(cell))).collect();
    format!("{}\r\n", cells.join(","))
}

/// A spreadsheet computes what begins so, and may start programs by it; with an apostrophe in front it is a text.
fn harmless(cell: &str) -> String {
    let visible: String = cell.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let begin = visible.trim_start();
    if begin.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        format!("'{visible}")
    } else {
        visible
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\'', ';']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_quotes_and_line_ends_stay_one_field() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(quoted(" a"), "\" a\"");
    }

    #[test]
    fn no_cell_is_a_formula_and_none_ends_its_row() {
        let row = [
            "=cmd|'/C calc'!A0",
            "+1",
            "-1",
            "@x",
            "\t=1",
            "a,b",
            "say \"x\"",
            "a\r\n=b",
            "plain",
            "\u{ff1d}1",
        ];
        let text = csv(&["a"], &[row.map(str::to_owned).to_vec()]);
        assert_eq!(
            text,
            "a\r\n\"'=cmd|'/C calc'!A0\",\"'+1\",\"'-1\",\"'@x\",\"' =1\",\"a,b\",\"say \"\"x\"\"\",a  =b,plain,\"'\u{ff1d}1\"\r\n"
        );
    }
}
