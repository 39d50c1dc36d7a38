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
    let mut letter_before = None;
    for (row, letter) in one.iter().enumerate() {
        let mut left = row + 1;
        let mut current = vec![left];
        let mut candidate_before = None;
        // Of the row above what stands one to the left and right above; of the row above that, two to the left.
        let two_left = std::iter::once(None).chain(two_above.iter().map(Some)).chain(std::iter::repeat(None));
        let corners = above.iter().zip(above.iter().skip(1)).zip(two_left);
        for (candidate, ((diagonal, over), two_left)) in other.iter().zip(corners) {
            let changed = diagonal + usize::from(letter != candidate);
            let mut cost = changed.min(over + 1).min(left + 1);
            let swapped = letter_before == Some(candidate) && candidate_before == Some(letter);
            if let Some(two_left) = two_left.filter(|_| swapped) {
                cost = cost.min(two_left + 1);
            }
            current.push(cost);
            (left, candidate_before) = (cost, Some(candidate));
        }
        letter_before = Some(letter);
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
