//! "Did you mean": the known name nearest to a wrong one.

/// The nearest of the names, where it is near enough to be a slip of the fingers.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.chars().count().div_ceil(3)).clamp(1, 3);
    let names = names.into_iter().filter(|name| *name != wrong && !is_far(wrong, name, limit));
    let near = names.map(|name| (distance(wrong, name, limit), name));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// Whether so many letters of one are nowhere in the other that they need not be held against each other: nearly all
/// are, and an estate may have thousands of wrong names and of right ones.
fn is_far(one: &str, other: &str, limit: usize) -> bool {
    if !one.is_ascii() || !other.is_ascii() {
        return false;
    }
    // Two letters may fall on one place; then they are not told apart here, and are below.
    let letters = |text: &str| text.bytes().fold(0_u64, |letters, letter| letters | 1 << (letter & 63));
    let (one, other) = (letters(one), letters(other));
    let missing = (one & !other).count_ones().max((other & !one).count_ones());
    missing as usize > limit
}

/// How many letters must be added, taken, changed or swapped with their neighbour; more than `limit` where they
/// are surely more.
fn distance(one: &str, other: &str, limit: usize) -> usize {
    let same = one.char_indices().zip(other.chars()).find(|((_, letter), candidate)| letter != candidate);
    let start = same.map_or(one.len().min(other.len()), |((at, _), _)| at);
    let rest = |text: &'_ str| text.get(start..).unwrap_or_default().chars().rev().collect::<Vec<char>>();
    let (one, other) = (rest(one), rest(other));
    let end = one.iter().zip(&other).take_while(|(letter, candidate)| letter == candidate).count();
    if one.len().abs_diff(other.len()) > limit {
        return limit + 1;
    }
    let rest = |letters: &[char]| letters.iter().skip(end).collect::<String>();
    strsim::osa_distance(&rest(&one), &rest(&other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("regoin", ["region", "name"]), Some("region"));
        assert_eq!(nearest("lenght", ["length", "lookup"]), Some("length"));
        assert_eq!(nearest("vcp", ["vpc", "rds"]), Some("vpc"));
        assert_eq!(nearest("vpc", ["cluster", "subnets"]), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
        assert_eq!(nearest("subnet_idss", ["subnet_ids", "subnet"]), Some("subnet_ids"));
        assert_eq!(nearest("größe", ["große", "grösser"]), Some("große"));
        assert_eq!(nearest("aab", ["aaab"]), Some("aaab"));
    }

    proptest! {
        #[test]
        fn what_is_passed_over_is_too_far(one in "[a-dä-]{0,8}", other in "[a-dä-]{0,8}", limit in 1_usize..4) {
            let whole = strsim::osa_distance(&one, &other);
            if is_far(&one, &other, limit) {
                prop_assert!(whole > limit);
            }
            let found = distance(&one, &other, limit);
            prop_assert_eq!(found.min(limit + 1), whole.min(limit + 1));
        }
    }
}
