//! The graph as people see it: text, DOT and Mermaid; a picture, and a page to walk around in.

mod crossings;
mod gated;
mod layers;
mod order;
mod packing;
mod page;
mod picture;
mod svg;
mod text;

#[cfg(test)]
mod tests;

pub use page::{for_script, page};
pub use picture::{Card, Link, Node, Picture, Point};
pub use svg::svg;
pub use text::{dot, gates_text, mermaid, tree, waves_text};
