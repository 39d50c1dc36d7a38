//! A plan attribute by attribute as people read it: a block a resource, a line a value, signs and colours as the
//! tools draw them.

use console::style;

use crate::engine::plan::{AttributeChange, DiffLine, OutputDetail, PlanDetail, ResourceDetail, Shown};
use crate::engine::{Action, ResourceChange};
use crate::support::shown::{block, name};

/// Longer values are cut on a line of their own: what they hold is in `--format json`.
const MOST_SHOWN: usize = 160;

/// All that a plan would do, without an empty line at its end; empty where it would do nothing.
pub fn text(detail: &PlanDetail) -> String {
    let resources = detail.resources.iter().map(resource);
    let mut blocks: Vec<String> = resources.collect();
    if !detail.outputs.is_empty() {
        let lines: String = detail.outputs.iter().map(output).collect();
        blocks.push(format!("  outputs\n{lines}"));
    }
    if !detail.drift.is_empty() {
        let heading = "  changed outside of the tool since the last apply (drift, not part of the plan)\n";
        blocks.push(format!("{heading}{}", detail.drift.iter().map(resource).collect::<String>()));
    }
    blocks.join("")
}

fn resource(detail: &ResourceDetail) -> String {
    let width = detail.attributes.iter().map(|one| one.path.chars().count()).max().unwrap_or_default();
    let lines = detail.attributes.iter().map(|one| attribute(one, width));
    format!("  {}\n{}", heading(&detail.change), lines.collect::<String>())
}

/// `-/+ aws_vpc.this (cannot_update)`, loud where something is lost.
pub fn heading(change: &ResourceChange) -> String {
    let mut text = format!("{} {}", change.action.sign(), change.address);
    if let Some(previous) = &change.previous_address {
        text = format!("{text} (was {previous})");
    }
    if let Some(id) = &change.import_id {
        text = format!("{text} (imported as {id})");
    }
    if let Some(reason) = &change.reason {
        text = format!("{text} ({})", reason.replace('_', " "));
    }
    coloured(change.action, &name(&text))
}

fn coloured(action: Action, text: &str) -> String {
    let text = style(text);
    let text = match action {
        Action::Create => text.green(),
        Action::Update | Action::Move | Action::Import => text.yellow(),
        Action::Delete | Action::Replace => text.red().bold(),
        Action::Forget => text.magenta(),
        Action::Read | Action::Nothing | Action::Other => text,
    };
    text.to_string()
}

fn output(detail: &OutputDetail) -> String {
    let name = &detail.change.name;
    let paths = detail.attributes.iter().map(|one| match one.path.as_str() {
        "" => name.clone(),
        path if path.starts_with('[') => format!("{name}{path}"),
        path => format!("{name}.{path}"),
    });
    let named: Vec<AttributeChange> = detail
        .attributes
        .iter()
        .zip(paths)
        .map(|(one, path)| AttributeChange { path, ..one.clone() })
        .collect();
    let width = named.iter().map(|one| one.path.chars().count()).max().unwrap_or_default();
    named.iter().map(|one| attribute(one, width)).collect()
}

fn attribute(change: &AttributeChange, width: usize) -> String {
    let AttributeChange { path, before, after, forces_replacement, lines, .. } = change;
    let forces = if *forces_replacement {
        format!(" {}", style("# forces replacement").red().bold())
    } else {
        String::new()
    };
    let sign = match (before, after) {
        (None, _) => style("+").green(),
        (_, None) => style("-").red(),
        _ => style("~").yellow(),
    };
    let name = format!("{:<width$}", name(path));
    if !lines.is_empty() {
        return format!("      {sign} {name}{forces}\n{}", lines.iter().map(line).collect::<String>());
    }
    let value = match (before, after) {
        (Some(before), Some(_)) => format!("{} -> {}", shown(before), after_shown(change)),
        (None, Some(_)) => after_shown(change),
        (Some(only), None) => shown(only),
        (None, None) => String::new(),
    };
    format!("      {sign} {name} = {value}{forces}\n")
}

fn after_shown(change: &AttributeChange) -> String {
    cut(&change.shown_after().unwrap_or_default())
}

fn shown(value: &Shown) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    let text = name(text).into_owned();
    if text.chars().count() <= MOST_SHOWN {
        return text;
    }
    format!("{}…", text.chars().take(MOST_SHOWN).collect::<String>())
}

fn line(line: &DiffLine) -> String {
    let text = match line {
        DiffLine::Same(text) => format!("  {}", block(text)),
        DiffLine::Removed(text) => style(format!("- {}", block(text))).red().to_string(),
        DiffLine::Added(text) => style(format!("+ {}", block(text))).green().to_string(),
        DiffLine::Unchanged(count) => style(format!("  … {count} more lines stay")).dim().to_string(),
    };
    format!("          {text}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::PlanJson;

    #[test]
    fn a_plan_reads_like_the_tools_own_with_secrets_masked() {
        let plan = json!({
            "resource_changes": [
                {"address": "aws_vpc.this", "action_reason": "replace_because_cannot_update", "change": {
                    "actions": ["delete", "create"], "before": {"id": "vpc-1", "cidr": "10.0.0.0/16"},
                    "after": {"cidr": "10.1.0.0/16", "key": "hunter2"}, "after_unknown": {"id": true},
                    "after_sensitive": {"key": true}, "replace_paths": [["cidr"]]
                }},
                {"address": "a.new", "previous_address": "a.old", "change": {
                    "actions": ["update"], "before": {"text": "one\ntwo"}, "after": {"text": "one\n2"}
                }},
            ],
            "output_changes": {"zones": {"actions": ["update"], "before": ["a"], "after": ["b"]}},
            "resource_drift": [{"address": "a.gone", "change": {"actions": ["delete"], "before": {"x": 1}, "after": null}}],
        });
        console::set_colors_enabled(false);
        let detail = PlanDetail::of(&PlanJson::new(&plan.to_string())).unwrap();
        insta::assert_snapshot!(text(&detail), @r#"
        -/+ aws_vpc.this (cannot update)
            ~ id   = "vpc-1" -> (known after apply)
            ~ cidr = "10.0.0.0/16" -> "10.1.0.0/16" # forces replacement
            + key  = (sensitive)
        ~ a.new (was a.old)
            ~ text
                  one
                - two
                + 2
        outputs
            ~ zones[0] = "a" -> "b"
        changed outside of the tool since the last apply (drift, not part of the plan)
        - a.gone
            - x = 1
        "#);
    }
}
