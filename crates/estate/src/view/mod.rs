//! What people and programs see of an estate: lists of units as `find` shows them, the graph as text, DOT, Mermaid, a picture and a
//! page to walk around in, and units as `render` shows them.
//!
//! Everything here only looks: it is handed an estate, an order, an evaluated unit, and answers with text or JSON.

mod draw;
mod list;
mod logins_hidden;
mod reasons;
mod unit_hcl;
mod unit_json;

pub use draw::{
    Card, Link, Node, Picture, Point, dot, for_script, gates_text, mermaid, page, svg, tree, waves_text,
};
pub use list::{FindOptions, find_json, find_text};
pub use reasons::{add_reasons, elsewhere_json, with_reasons};
pub use unit_hcl::render_hcl;
pub use unit_json::render_json;
