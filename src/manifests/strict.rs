//! A schema in which a field that nobody knows is a mistake, as it is for `kubectl --validate=strict`.
//!
//! The API server drops such fields silently, and says so in its schemas in ways of its own: `x-kubernetes-…`, types that are
//! meant by their format, references into a document of all kinds. Here these are made plain JSON Schema.

use serde_json::{Map, Value, json};

/// What begins the names of Kubernetes' own types: there, an object without properties may hold anything.
const OWN: &str = "io.k8s.";
/// Fields of every object.
const OF_OBJECTS: [&str; 3] = ["apiVersion", "kind", "metadata"];
const PRESERVES: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDS: &str = "x-kubernetes-embedded-resource";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// The schema of one type of a document of many, with those that it refers to.
pub(super) fn closed(components: &Map<String, Value>, name: &str) -> Value {
    let mut definitions = Map::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Some(component) = components.get(&name).filter(|_| !definitions.contains_key(&name)) else {
            continue;
        };
        let mut schema = component.clone();
        if name.ends_with(".api.resource.Quantity") {
            schema = json!({"type": ["string", "number"]});
        }
        tighten(&mut schema, Place { is_root: true, prunes: !name.starts_with(OWN) });
        refer(&mut schema, &mut open);
        definitions.insert(name, schema);
    }
    json!({"allOf": [{"$ref": format!("#/definitions/{}", escaped(name))}], "definitions": definitions})
}

/// A schema that stands for itself; `prunes` where it is one of a custom resource definition.
pub(super) fn alone(mut schema: Value, prunes: bool) -> Value {
    // A definition need not say what every object has.
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut).filter(|_| prunes) {
        for key in OF_OBJECTS {
            properties.entry(key).or_insert_with(|| json!({}));
        }
    }
    tighten(&mut schema, Place { is_root: true, prunes });
    schema
}

/// Where a schema stands.
#[derive(Clone, Copy)]
struct Place {
    /// Whether it is the object itself.
    is_root: bool,
    /// Whether an object without properties has none, as in custom resources.
    prunes: bool,
}

/// Nesting is the document's choice; JSON that was read is not deeper than its reader allows.
fn tighten(schema: &mut Value, place: Place) {
    let Some(object) = schema.as_object_mut() else { return };
    let is_set = |object: &Map<String, Value>, key: &str| object.get(key) == Some(&Value::Bool(true));
    for key in ["$schema", "$id", "id", "description"] {
        // A property may be called so, but not here.
        if object.get(key).is_some_and(Value::is_string) {
            object.remove(key);
        }
    }
    let format = object.get("format").and_then(Value::as_str);
    if is_set(object, INT_OR_STRING) || format == Some("int-or-string") {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!(["integer", "string"]));
        return;
    }
    let (keeps, embeds) = (is_set(object, PRESERVES), is_set(object, EMBEDS));
    relax_required(object, place.prunes);
    let below = Place { is_root: false, ..place };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            tighten(property, below);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(schema) = object.get_mut(key) {
            tighten(schema, below);
        }
    }
    let of_type = object.get("type").and_then(Value::as_str) == Some("object");
    let has_properties =
        object.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    let is_closed = has_properties || place.prunes && of_type && !place.is_root;
    if !is_closed || keeps || object.contains_key("additionalProperties") || object.contains_key("$ref") {
        return;
    }
    if embeds || place.is_root && has_properties {
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut().filter(|all| embeds || all.contains_key("kind"))
        {
            for key in OF_OBJECTS {
                let known = properties.entry(key).or_insert_with(|| json!({}));
                // What a definition says of it is not more than that it is there.
                if key == "metadata" && known.get("properties").is_none() && known.get("type").is_some() {
                    *known = json!({"type": "object"});
                }
            }
        }
    }
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
}

/// What gets a default where it is left out need not be there; and JSON Schema takes no empty list.
fn relax_required(object: &mut Map<String, Value>, has_defaults: bool) {
    let defaulted: Vec<String> = match object.get("properties").and_then(Value::as_object) {
        Some(all) if has_defaults => {
            let with_default = all.iter().filter(|(_, property)| property.get("default").is_some());
            with_default.map(|(name, _)| name.clone()).collect()
        }
        _ => Vec::new(),
    };
    let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) else { return };
    required.retain(|name| !defaulted.iter().any(|known| name == known));
    if required.is_empty() {
        object.remove("required");
    }
}

/// Turns references to the document's types into those to definitions, and collects them.
fn refer(schema: &mut Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                let name = reference.rsplit('/').next().unwrap_or_default();
                let name = name.replace("~1", "/").replace("~0", "~");
                if reference.starts_with("#/") {
                    *reference = format!("#/definitions/{}", escaped(&name));
                    found.push(name);
                }
            }
            for value in object.values_mut() {
                refer(value, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                refer(item, found);
            }
        }
        _ => {}
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The fields that a schema knows where a way of keys and numbers leads in it.
pub(super) fn fields_at<'a>(root: &'a Value, way: &[String]) -> Vec<&'a str> {
    let mut here = followed(root, root);
    for step in way {
        let next = match step.parse::<usize>() {
            Ok(_) if here.get("items").is_some() => here.get("items"),
            _ => here
                .get("properties")
                .and_then(|all| all.get(step))
                .or_else(|| here.get("additionalProperties")),
        };
        let Some(next) = next else { return Vec::new() };
        here = followed(root, next);
    }
    let properties = here.get("properties").and_then(Value::as_object);
    properties.map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// What a schema refers to, alone or as the only one of `allOf`.
fn followed<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut here = schema;
    for _ in 0..16 {
        let only = here.get("allOf").and_then(Value::as_array).and_then(|all| all.first());
        let reference = here.get("$ref").or_else(|| only?.get("$ref")).and_then(Value::as_str);
        let next = reference.and_then(|reference| root.pointer(reference.strip_prefix('#')?));
        let Some(next) = next else { break };
        here = next;
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_closed_out_but_where_they_are_kept() {
        let definition = json!({"type": "object", "required": ["spec"], "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
            "spec": {"type": "object", "required": ["size"], "properties": {
                "size": {"type": "integer", "default": 1},
                "any": {"type": "object", PRESERVES: true},
                "port": {INT_OR_STRING: true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "pod": {"type": "object", EMBEDS: true, "properties": {"spec": {"type": "object"}}}
            }}
        }});
        let strict = alone(definition, true);
        let at = |pointer: &str| strict.pointer(pointer).cloned();
        assert_eq!(at("/additionalProperties"), Some(json!(false)));
        assert_eq!(at("/properties/metadata"), Some(json!({"type": "object"})));
        assert_eq!(at("/properties/spec/required"), None, "it has a default");
        assert_eq!(at("/properties/spec/properties/any/additionalProperties"), None);
        assert_eq!(at("/properties/spec/properties/port/type"), Some(json!(["integer", "string"])));
        assert_eq!(
            at("/properties/spec/properties/labels/additionalProperties"),
            Some(json!({"type": "string"}))
        );
        assert_eq!(at("/properties/spec/properties/pod/properties/kind"), Some(json!({})));
        assert_eq!(
            at("/properties/spec/properties/pod/properties/spec/additionalProperties"),
            Some(json!(false))
        );
        assert_eq!(fields_at(&strict, &["spec".to_owned(), "pod".to_owned()]).len(), 4);
    }

    #[test]
    fn a_type_comes_with_what_it_refers_to_and_in_circles_as_well() {
        let components = json!({
            "io.k8s.A": {"type": "object", "properties": {"b": {"allOf": [{"$ref": "#/components/schemas/io.k8s.B"}]}}},
            "io.k8s.B": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/io.k8s.A"}, "raw": {"type": "object"}}},
            "io.k8s.C": {}
        });
        let schema = closed(components.as_object().unwrap(), "io.k8s.A");
        let names: Vec<&String> = schema["definitions"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["io.k8s.A", "io.k8s.B"]);
        assert_eq!(schema["definitions"]["io.k8s.B"]["properties"]["raw"], json!({"type": "object"}));
        assert_eq!(fields_at(&schema, &["b".to_owned()]), ["a", "raw"]);
        assert_eq!(fields_at(&schema, &["b".to_owned(), "a".to_owned()]), ["b"]);
    }
}
