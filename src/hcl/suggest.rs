//! "Did you mean": the known name nearest to a wrong one.

/// The nearest of the names, where it is near enough to be a slip of the fingers.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.chars().count().div_ceil(3)).clamp(1, 3);
    let near =
        names.into_iter().filter(|name| *name != wrong).map(|name| (distance(wrong, name, limit), name));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// How many letters must be added, taken, changed or swapped with their neighbour; more than `limit` where they
/// are surely more.
fn distance(one: &str, other: &str, limit: usize) -> usize {
    if one.len().abs_diff(other.len()) > limit * 4 {
        return limit + 1;
    }
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let changed = above[column] + usize::from(letter != candidate);
            let mut cost = changed.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && one[row - 1] == *candidate && *letter == other[column - 1];
            if swapped {
                cost = cost.min(two_above[column - 1] + 1);
            }
            current.push(cost);
        }
        two_above = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("regoin", ["region", "name"]), Some("region"));
        assert_eq!(nearest("lenght", ["length", "lookup"]), Some("length"));
        assert_eq!(nearest("vcp", ["vpc", "rds"]), Some("vpc"));
        assert_eq!(nearest("vpc", ["cluster", "subnets"]), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
    }
}
