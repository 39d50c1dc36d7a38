//! Vectors whose places have a type of their own.
//!
//! What belongs together by number (the units of an estate and what is known of each, the nodes of a run and how they
//! ended) is filled once and then looked up by an index that came from filling it. Such an index always fits; one of
//! another kind does not compile.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};
use std::slice::{Iter, IterMut};

/// A place in a vector, told apart from the places in others by its type. [`slot!`] makes one of a number with a name.
pub trait Slot: Copy {
    /// The slot at a place.
    fn at(place: usize) -> Self;
    /// Its place.
    fn place(self) -> usize;
}

/// Makes a [`Slot`] of a type that is nothing but a place: `struct NodeIndex(usize)`.
#[macro_export]
macro_rules! slot {
    ($name:ident) => {
        impl $crate::slots::Slot for $name {
            fn at(place: usize) -> Self {
                Self(place)
            }

            fn place(self) -> usize {
                self.0
            }
        }
    };
}
pub use slot;

/// A vector that is indexed by its own kind of slot and by nothing else.
///
/// An index comes from these slots, or from some of the same length: [`Slots::for_each_of`] makes those.
pub struct Slots<S, T> {
    items: Vec<T>,
    slot: PhantomData<fn(S) -> S>,
}

impl<S: Slot, T> Slots<S, T> {
    /// Slots for the same places, each with the same in it.
    pub fn for_each_of<U>(others: &Slots<S, U>, item: T) -> Self
    where
        T: Clone,
    {
        vec![item; others.items.len()].into()
    }

    /// Every slot, in order.
    pub fn slots(&self) -> impl DoubleEndedIterator<Item = S> + use<S, T> {
        (0..self.items.len()).map(S::at)
    }

    /// Every slot with what is in it.
    pub fn pairs(&self) -> impl DoubleEndedIterator<Item = (S, &T)> {
        self.items.iter().enumerate().map(|(place, item)| (S::at(place), item))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What is in them, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        self.items.iter()
    }

    /// All elements in order, to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        self.items.iter_mut()
    }

    /// All elements as a slice, for what knows nothing of slots.
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// Adds one behind the others.
    pub fn push(&mut self, item: T) -> S {
        let slot = S::at(self.items.len());
        self.items.push(item);
        slot
    }
}

impl<S: Slot, T> Index<S> for Slots<S, T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "a slot comes from filling slots of this length")]
    fn index(&self, slot: S) -> &T {
        &self.items[slot.place()]
    }
}

impl<S: Slot, T> IndexMut<S> for Slots<S, T> {
    #[expect(clippy::indexing_slicing, reason = "a slot comes from filling slots of this length")]
    fn index_mut(&mut self, slot: S) -> &mut T {
        &mut self.items[slot.place()]
    }
}

impl<S, T> From<Vec<T>> for Slots<S, T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, slot: PhantomData }
    }
}

impl<S, T> FromIterator<T> for Slots<S, T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<S, T> IntoIterator for Slots<S, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, S, T> IntoIterator for &'a Slots<S, T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<'a, S, T> IntoIterator for &'a mut Slots<S, T> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter_mut()
    }
}

impl<S, T> Default for Slots<S, T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<S, T: Clone> Clone for Slots<S, T> {
    fn clone(&self) -> Self {
        self.items.clone().into()
    }
}

impl<S, T: PartialEq> PartialEq for Slots<S, T> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<S, T: std::fmt::Debug> std::fmt::Debug for Slots<S, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.items.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Seat(usize);

    slot!(Seat);

    #[test]
    fn what_is_put_in_is_found_by_the_slot_it_got() {
        let mut guests = Slots::default();
        let (first, second): (Seat, Seat) = (guests.push("Ada"), guests.push("Grace"));
        assert_eq!((guests[first], guests[second]), ("Ada", "Grace"));
        assert_eq!(guests.pairs().collect::<Vec<_>>(), [(first, &"Ada"), (second, &"Grace")]);
        let mut glasses = Slots::for_each_of(&guests, 0);
        glasses[second] += 2;
        assert_eq!(glasses.as_slice(), [0, 2]);
        assert_eq!(glasses.slots().rev().collect::<Vec<_>>(), [second, first]);
    }
}
