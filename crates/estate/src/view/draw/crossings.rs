//! How often the lines between columns cross.

use super::items::{ItemIndex, Joints, Sequence};
use slipway_support::slots::Slots;

/// Counts the crossings between all neighbouring columns, in `n log n` of the lines.
///
/// `behind` has, for every item, the items of the next column that it is joined with; `places` has the place of
/// every item in its column.
pub fn count(order: &Sequence, behind: &Joints, places: &Slots<ItemIndex, usize>) -> usize {
    order
        .iter()
        .zip(order.iter().skip(1))
        .map(|(column, next)| {
            let mut seen = Sums::new(next.len());
            let mut crossings = 0;
            // From the top down: a line crosses all that came before it and end further down.
            for item in column {
                for other in &behind[*item] {
                    crossings += seen.total - seen.up_to(places[*other]);
                }
                for other in &behind[*item] {
                    seen.add(places[*other]);
                }
            }
            crossings
        })
        .sum()
}

/// A Fenwick tree: how many ends were seen at each place and above it.
struct Sums {
    tree: Vec<usize>,
    total: usize,
}

impl Sums {
    fn new(places: usize) -> Self {
        Self { tree: vec![0; places + 1], total: 0 }
    }

    fn add(&mut self, place: usize) {
        self.total += 1;
        let mut at = place + 1;
        while let Some(sum) = self.tree.get_mut(at) {
            *sum += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// How many end at `place` or above it.
    fn up_to(&self, place: usize) -> usize {
        let mut at = place + 1;
        let mut sum = 0;
        // The root counts nothing.
        while at > 0 {
            sum += self.tree.get(at).copied().unwrap_or_default();
            at -= at & at.wrapping_neg();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::{ItemIndex, Sequence, count as crossings};

    #[test]
    fn lines_that_cross_are_counted_and_lines_that_meet_are_not() {
        let items = |places: &[usize]| places.iter().copied().map(ItemIndex).collect::<Vec<_>>();
        let order: Sequence = [items(&[0, 1]), items(&[2, 3])].into_iter().collect();
        let places = vec![0, 1, 0, 1].into();
        let count = |behind: &[Vec<usize>]| {
            crossings(&order, &behind.iter().map(|places| items(places)).collect(), &places)
        };
        assert_eq!(count(&[vec![3], vec![2], vec![], vec![]]), 1);
        assert_eq!(count(&[vec![2], vec![3], vec![], vec![]]), 0);
        assert_eq!(count(&[vec![2, 3], vec![3], vec![], vec![]]), 0);
        assert_eq!(count(&[vec![2, 3], vec![2, 3], vec![], vec![]]), 1);
    }
}
