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

/// `a, b and 3 more`: the first names, and how many there are beside them.
pub fn listed<T: AsRef<str>>(names: impl ExactSizeIterator<Item = T>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let mut text = String::new();
    for (index, name) in names.take(most).enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(name.as_ref());
    }
    if more > 0 { format!("{text} and {more} more") } else { text }
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

    #[test]
    fn a_long_list_is_told_by_its_beginning_and_its_length() {
        assert_eq!(listed(["a", "b"].iter(), 2), "a, b");
        assert_eq!(listed(["a", "b", "c"].iter(), 1), "a and 2 more");
        assert_eq!(listed([""; 0].iter(), 3), "");
    }
}
