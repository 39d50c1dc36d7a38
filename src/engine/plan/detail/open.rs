//! Which attributes wait for another unit: those that are written with an input whose value is known only once that is applied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{AttributeChange, PlanDetail, PlanJson, Shown};

/// Inputs that are not known yet, each with the names of the units that it waits for.
pub type OpenInputs = BTreeMap<Arc<str>, Vec<String>>;

/// The units that a value waits for.
type Units = BTreeSet<String>;

/// The modules that a plan has in it, as `show -json` tells their configuration.
struct Module<'p> {
    /// Its configuration.
    config: &'p Value,
    /// What its variables wait for. The root's are those of the module that `caller` names instead.
    variables: BTreeMap<String, Units>,
    caller: Option<&'p str>,
}

impl PlanDetail {
    /// Says of attributes that are not known yet which units they wait for, where the configuration tells it: they, or what their
    /// module is called with, name an open input. `caller` is the module call that stands for the inputs.
    pub fn waiting(
        mut self,
        plan: &PlanJson,
        caller: &str,
        open: &OpenInputs,
    ) -> Result<Self, serde_json::Error> {
        if open.is_empty() {
            return Ok(self);
        }
        let plan: Value = serde_json::from_str(plan.text())?;
        let Some(config) = plan.pointer("/configuration/root_module") else { return Ok(self) };
        let variables = open.iter().map(|(name, units)| (name.to_string(), units.iter().cloned().collect()));
        let root = Module { config, variables: variables.collect(), caller: Some(caller) };
        let mut found = BTreeMap::new();
        root.add_to(&mut found, "");
        for resource in &mut self.resources {
            let Some(attributes) = found.get(&without_keys(&resource.change.address)) else { continue };
            tell(&mut resource.attributes, |path| attributes.get(first_name(path)));
        }
        let outputs: BTreeMap<String, Units> =
            object(config, "outputs").map(|(name, output)| (name.clone(), root.units_of(output))).collect();
        for output in &mut self.outputs {
            let units = outputs.get(&output.change.name);
            tell(&mut output.attributes, |_| units);
        }
        Ok(self)
    }
}

fn tell<'u>(attributes: &mut [AttributeChange], units: impl Fn(&str) -> Option<&'u Units>) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.after == Some(Shown::KnownAfterApply))
    {
        attribute.waits_for = units(&attribute.path).into_iter().flatten().cloned().collect();
    }
}

impl Module<'_> {
    /// Adds what the attributes of its resources wait for, by their addresses without keys.
    fn add_to(&self, found: &mut BTreeMap<String, BTreeMap<String, Units>>, prefix: &str) {
        for resource in self.config.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let Some(address) = resource.get("address").and_then(Value::as_str) else { continue };
            let expressions = object(resource, "expressions");
            let attributes = expressions.map(|(name, expression)| (name.clone(), self.units_of(expression)));
            found.insert(format!("{prefix}{address}"), attributes.collect());
        }
        for (name, call) in object(self.config, "module_calls") {
            if let Some(called) = self.called(call) {
                called.add_to(found, &format!("{prefix}module.{name}."));
            }
        }
    }

    /// A module that it calls.
    fn called<'c>(&self, call: &'c Value) -> Option<Module<'c>> {
        let given =
            object(call, "expressions").map(|(name, expression)| (name.clone(), self.units_of(expression)));
        Some(Module { config: call.get("module")?, variables: given.collect(), caller: None })
    }

    /// What an expression waits for, by the names that are written anywhere in it.
    fn units_of(&self, expression: &Value) -> Units {
        match expression {
            Value::Object(fields) => {
                let written = fields.get("references").and_then(Value::as_array).into_iter().flatten();
                let named = written.filter_map(Value::as_str).flat_map(|name| self.units_named(name));
                let inner = fields.iter().filter(|(name, _)| *name != "references");
                named.chain(inner.flat_map(|(_, inner)| self.units_of(inner))).collect()
            }
            Value::Array(elements) => elements.iter().flat_map(|element| self.units_of(element)).collect(),
            _ => Units::new(),
        }
    }

    /// What a name waits for, such as `var.vpc_id` or `module.subnets.ids[0]`.
    fn units_named(&self, name: &str) -> Units {
        let name = without_keys(name);
        let mut parts = name.split('.');
        let variable = |name: Option<&str>| name.and_then(|name| self.variables.get(name)).cloned();
        match (parts.next(), parts.next(), parts.next()) {
            (Some("var"), found, _) if self.caller.is_none() => variable(found),
            (Some("module"), Some(call), found) if self.caller == Some(call) => variable(found),
            (Some("module"), Some(call), Some(output)) => {
                let call = self.config.get("module_calls").and_then(|calls| calls.get(call));
                let called = call.and_then(|call| self.called(call));
                called.and_then(|called| {
                    let output = called.config.get("outputs")?.get(output)?;
                    Some(called.units_of(output))
                })
            }
            _ => None,
        }
        .unwrap_or_default()
    }
}

fn object<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The first name of a path, such as `tags` of `tags["Name"]`.
fn first_name(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

/// An address without what stands in brackets.
fn without_keys(address: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut kept = String::with_capacity(address.len());
    for letter in address.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            letter if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attribute_waits_for_what_its_input_waits_for_however_far_it_is_handed_on() {
        let reference = |name: &str| json!({ "references": [name] });
        let resource = |address: &str, name: &str| json!({ "address": address, "expressions": { "input": reference(name) } });
        let module = json!({
            "resources": [resource("a.b", "var.vpc"), resource("a.c", "var.other")],
            "outputs": { "id": { "expression": reference("var.vpc") } },
        });
        let unknown = |address: &str| {
            json!({
                "address": address,
                "change": { "actions": ["create"], "after": {}, "after_unknown": { "input": true, "id": true } },
            })
        };
        let plan = json!({
            "resource_changes": [
                unknown("a.direct"), unknown("module.m[\"x.y\"].a.b[0]"), unknown("module.m.a.c"), unknown("a.back"),
            ],
            "output_changes": { "out": { "actions": ["create"], "after_unknown": true } },
            "configuration": { "root_module": {
                "resources": [
                    resource("a.direct", "module.slipway_open.vpc"), resource("a.back", "module.m[\"x\"].id"),
                ],
                "module_calls": {
                    "slipway_open": { "module": {} },
                    "m": { "expressions": { "vpc": reference("module.slipway_open.vpc") }, "module": module },
                },
                "outputs": { "out": { "expression": reference("module.m.id") } },
            } },
        });
        let plan = PlanJson::new(&plan.to_string());
        let open = OpenInputs::from([(Arc::from("vpc"), vec!["dev/networking".to_owned()])]);
        let detail = PlanDetail::of(&plan).unwrap().waiting(&plan, "slipway_open", &open).unwrap();
        let told = |address: &str| {
            let found = detail.resources.iter().find(|resource| resource.change.address == address).unwrap();
            let told = found.attributes.iter().map(|found| (found.path.as_str(), found.waits_for.join(" ")));
            told.collect::<BTreeMap<_, _>>()
        };
        let networking = || "dev/networking".to_owned();
        for address in ["a.direct", "module.m[\"x.y\"].a.b[0]", "a.back"] {
            let expected = BTreeMap::from([("input", networking()), ("id", String::new())]);
            assert_eq!(told(address), expected, "{address}");
        }
        assert_eq!(told("module.m.a.c"), BTreeMap::from([("input", String::new()), ("id", String::new())]));
        assert_eq!(detail.outputs[0].attributes[0].waits_for, [networking()]);
    }
}
