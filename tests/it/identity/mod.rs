//! One unit is one folder, one state, one name: whatever it is called, wherever it lies, from wherever it is meant.

mod generated;
mod names;
mod places;
