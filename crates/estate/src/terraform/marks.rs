//! What the tools mark in a value that they tell as JSON: a tree of truths beside it, such as `after_unknown`.

use serde_json::Value;

/// Whether anything in it is marked.
pub fn any_marked(marks: &Value) -> bool {
    match marks {
        Value::Bool(marked) => *marked,
        Value::Object(marks) => marks.values().any(any_marked),
        Value::Array(marks) => marks.iter().any(any_marked),
        _ => false,
    }
}
