//! Gates: steps of the graph that are no unit.
