//! The graph as people see it: text, DOT and Mermaid; a picture, and a page to walk around in.

mod crossings;
mod gated;
mod items;
mod layers;
mod order;
mod packing;
mod page;
mod picture;
mod shapes;
mod svg;
mod text;

#[cfg(test)]
mod tests;

pub use page::{for_script, page};
pub use picture::Picture;
pub use shapes::{Card, Link, Node, Point};
pub use svg::svg;
pub use text::{dot, gates_text, mermaid, tree, waves_text};
