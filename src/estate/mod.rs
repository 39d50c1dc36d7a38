//! The estate: the tree of units, the graph over it, and its order.
