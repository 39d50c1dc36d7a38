//! Numbers as people read them.

/// `20,000,000`.
pub fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `unit` of one, else `units`.
pub fn plural(count: usize, what: &str) -> String {
    format!("{what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        assert_eq!(with_commas(20_000_000), "20,000,000");
        assert_eq!(
            (with_commas(0), with_commas(999), with_commas(1_000)),
            ("0".into(), "999".into(), "1,000".into())
        );
        assert_eq!(
            (plural(0, "unit"), plural(1, "unit"), plural(2, "unit")),
            ("units".into(), "unit".into(), "units".into())
        );
    }
}
