//! Objects without what is secret in them, of which a change is told all the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::environment;

/// In the place of what is not shown.
const HIDDEN: &str = "(hidden)";
/// The same where it is another one than before.
const ANOTHER: &str = "(hidden), another one";

type Known = BTreeSet<(String, String)>;

/// Takes the secrets out of what an object is and was.
pub(super) fn hide(before: Option<&Value>, after: Option<&Value>) -> (Option<Value>, Option<Value>) {
    let mut known = Known::new();
    let before = before.map(|object| {
        let mut object = object.clone();
        each(&mut object, &mut |name, value| {
            known.insert((name.to_owned(), value.clone()));
            HIDDEN
        });
        object
    });
    let is_new = before.is_none();
    let after = after.map(|object| {
        let mut object = object.clone();
        each(&mut object, &mut |name, value| {
            let is_known = is_new || known.contains(&(name.to_owned(), value.clone()));
            if is_known { HIDDEN } else { ANOTHER }
        });
        object
    });
    (before, after)
}

/// Puts something else into the place of each secret.
fn each(object: &mut Value, shown: &mut dyn FnMut(&str, &String) -> &'static str) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (is_secret, is_map) = (kind == "Secret", kind == "ConfigMap");
    for place in ["data", "stringData"].into_iter().filter(|_| is_secret || is_map) {
        for (name, value) in object.get_mut(place).and_then(Value::as_object_mut).into_iter().flatten() {
            if is_secret {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                *value = Value::from(shown(name, &text));
            } else {
                hide_named(name, value, shown);
            }
        }
    }
    variables(object, shown);
}

/// Variables, parameters and the like: what has a name and a value.
fn variables(node: &mut Value, shown: &mut dyn FnMut(&str, &String) -> &'static str) {
    match node {
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
            if let (Some(name), Some(value)) = (name, fields.get_mut("value")) {
                hide_named(&name, value, shown);
            }
            // It is the object once more, with all that is in it.
            if let Some(Value::Object(annotations)) = fields.get_mut("annotations") {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
            fields.values_mut().for_each(|below| variables(below, shown));
        }
        Value::Array(items) => items.iter_mut().for_each(|below| variables(below, shown)),
        _ => {}
    }
}

fn hide_named(name: &str, value: &mut Value, shown: &mut dyn FnMut(&str, &String) -> &'static str) {
    let Some(text) = value.as_str() else { return };
    if !environment::secrets_of(name, text).is_empty() {
        let text = text.to_owned();
        *value = Value::from(shown(name, &text));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_value_of_a_secret_is_shown_and_a_change_of_it_is_told() {
        let secret = |password: &str| {
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "login" },
                "data": { "same": "c2FtZQ==", "password": password }, "stringData": { "number": 5 },
            })
        };
        let (before, after) = hide(Some(&secret("b2xk")), Some(&secret("bmV3")));
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(before["data"], json!({ "same": HIDDEN, "password": HIDDEN }));
        assert_eq!(after["data"], json!({ "same": HIDDEN, "password": ANOTHER }));
        assert_eq!(after["stringData"]["number"], HIDDEN);
        let (_, new) = hide(None, Some(&secret("bmV3")));
        assert_eq!(new.unwrap()["data"]["password"], HIDDEN);
    }

    #[test]
    fn variables_and_settings_whose_name_says_it_are_hidden_wherever_they_stand() {
        let pod = |value: &str| {
            json!({
                "kind": "Deployment",
                "spec": { "containers": [{ "env": [
                    { "name": "DB_PASSWORD", "value": value }, { "name": "MODE", "value": value },
                ] }] },
            })
        };
        let (before, after) = hide(Some(&pod("canary-of-old")), Some(&pod("canary-of-new")));
        let env = |object: &Value| object["spec"]["containers"][0]["env"].clone();
        assert_eq!(env(&before.unwrap())[0]["value"], HIDDEN);
        let after = env(&after.unwrap());
        assert_eq!((&after[0]["value"], &after[1]["value"]), (&json!(ANOTHER), &json!("canary-of-new")));
        let map =
            json!({ "kind": "ConfigMap", "data": { "API_TOKEN": "canary-of-a-token", "mode": "fast" } });
        let (_, map) = hide(None, Some(&map));
        assert_eq!(map.unwrap()["data"], json!({ "API_TOKEN": HIDDEN, "mode": "fast" }));
    }
}
