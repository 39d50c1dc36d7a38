//! "Did you mean": the known name nearest to a wrong one.

/// The nearest of the names, where it is near enough to be a slip of the fingers.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.chars().count().div_ceil(3)).clamp(1, 3);
    let near =
        names.into_iter().filter(|name| *name != wrong).map(|name| (distance(wrong, name, limit), name));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// How many letters must be added, taken or changed; more than `limit` where they are surely more.
fn distance(one: &str, other: &str, limit: usize) -> usize {
    if one.len().abs_diff(other.len()) > limit * 4 {
        return limit + 1;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, candidate) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("regoin", ["region", "name"]), Some("region"));
        assert_eq!(nearest("lenght", ["length", "lookup"]), Some("length"));
        assert_eq!(nearest("vpc", ["cluster", "subnets"]), None);
    }
}
