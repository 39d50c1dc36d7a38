//! What stands in the columns of a layered drawing, and how it hangs together.

use slipway_support::slots::{Slots, slot};

/// An item by its number: first come the nodes, then the bends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemIndex(pub usize);

slot!(ItemIndex);

/// A column by its place from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnIndex(pub usize);

slot!(ColumnIndex);

/// The items of every column, from the top.
pub type Sequence = Slots<ColumnIndex, Vec<ItemIndex>>;
/// For every item, others that it is joined with.
pub type Joints = Slots<ItemIndex, Vec<ItemIndex>>;
