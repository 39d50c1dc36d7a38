//! Included files under the file that includes them, by Terragrunt's rules for each block.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::dependency_table::{Address, merge_blocks};
use super::file_config::{ErrorsBlock, FileConfig, TerraformBlock};
use super::include::Strategy;
use super::labelled::Labelled;
use crate::terragrunt::convert::{merge_fields_deep, strings};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::{Fields, Value};

/// `under`, an included file, with `over`, the file that includes it, on top. Dependencies and features are
/// merged where they are read; locals never are.
pub(crate) fn merge(
    under: FileConfig,
    over: FileConfig,
    strategy: Strategy,
    errors: &mut Vec<Diagnostic>,
) -> FileConfig {
    let deep = strategy == Strategy::Deep;
    let paths_merged_deep = deep.then(|| merge_paths_deep(&under, &over));
    FileConfig {
        attributes: merge_attributes(under.attributes, over.attributes),
        locals: over.locals,
        inputs: merge_inputs(under.inputs, over.inputs, deep, errors),
        terraform: either(under.terraform, over.terraform, |under, over| merge_terraform(under, over, deep)),
        remote_state: over.remote_state.or(under.remote_state),
        generate: {
            let mut generate = under.generate;
            for (name, block) in over.generate {
                if !deep && let Some(first) = generate.get(&name) {
                    errors.push(
                        Diagnostic::error(
                            "terragrunt::repeated_block",
                            format!("generate \"{name}\" stands in this file and in one that it includes"),
                        )
                        .at(block.place.clone())
                        .help("give it another name, or include with merge_strategy = \"deep\"")
                        .via("the other one is here", first.place.clone()),
                    );
                }
                generate.insert(name, block);
            }
            generate
        },
        dependencies: paths_merged_deep
            .unwrap_or_else(|| either(under.dependencies, over.dependencies, merge_paths)),
        dependency: merge_blocks(under.dependency, over.dependency, strategy, errors),
        dependencies_place: over.dependencies_place.or(under.dependencies_place),
        feature: over.feature,
        exclude: either(
            under.exclude,
            over.exclude,
            |under, over| {
                if deep { merge_exclude(&under, over) } else { over }
            },
        ),
        errors: either(
            under.errors,
            over.errors,
            |under, over| {
                if deep { merge_errors(under, &over) } else { over }
            },
        ),
        engine: either(
            under.engine,
            over.engine,
            |under, over| {
                if deep { keep_set(under, over) } else { over }
            },
        ),
    }
}

fn either<T>(under: Option<T>, over: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (under, over) {
        (Some(under), Some(over)) => Some(merge(under, over)),
        (under, over) => over.or(under),
    }
}

/// An empty string counts as not set.
fn merge_attributes(
    mut under: BTreeMap<&'static str, Value>,
    over: BTreeMap<&'static str, Value>,
) -> BTreeMap<&'static str, Value> {
    under.extend(over.into_iter().filter(|(_, value)| value.as_str() != Some("")));
    under
}

fn merge_inputs(
    under: Option<Fields>,
    over: Option<Fields>,
    deep: bool,
    errors: &mut Vec<Diagnostic>,
) -> Option<Fields> {
    either(under, over, |mut under, over| {
        if !deep {
            under.extend(over);
            return under;
        }
        merge_fields_deep(&under, &over, true).unwrap_or_else(|message| {
            let message = format!("inputs cannot be merged deeply: {message}");
            errors.push(Diagnostic::error("terragrunt::merge", message));
            over
        })
    })
}

fn merge_terraform(mut under: TerraformBlock, over: TerraformBlock, deep: bool) -> TerraformBlock {
    for (name, value) in over.fields {
        let lists = matches!(&*name, "include_in_copy" | "exclude_from_copy");
        if value.is_null() || (lists && !deep) {
            // Terragrunt leaves the lists of what is copied to the included file in a shallow merge.
            continue;
        }
        let value = match under.fields.get(&name).filter(|lower| lists && !lower.is_null()) {
            Some(lower) => {
                let both = strings(Some(&value)).into_iter().chain(strings(Some(lower)));
                Value::tuple(both.map(Value::string))
            }
            None => value,
        };
        under.fields.insert(name, value);
    }
    under.extra_arguments = under.extra_arguments.merged(over.extra_arguments);
    under.before_hooks = under.before_hooks.merged(over.before_hooks);
    under.after_hooks = under.after_hooks.merged(over.after_hooks);
    under.error_hooks = under.error_hooks.merged(over.error_hooks);
    under
}

fn merge_paths(mut under: Vec<String>, over: Vec<String>) -> Vec<String> {
    let mut known: HashSet<String> = under.iter().cloned().collect();
    under.extend(over.into_iter().filter(|path| known.insert(path.clone())));
    under
}

/// Merged deeply, paths may repeat; and, where both files have some, those of dependency blocks that only the
/// included file has are listed before them.
fn merge_paths_deep(under: &FileConfig, over: &FileConfig) -> Option<Vec<String>> {
    let (Some(lower), Some(upper)) = (&under.dependencies, &over.dependencies) else {
        return over.dependencies.clone().or_else(|| under.dependencies.clone());
    };
    let of_blocks = |config: &FileConfig| -> Vec<(Address, String)> {
        let blocks = config.dependency.iter();
        blocks.map(|block| (block.place(), block.config_path().to_owned())).collect()
    };
    let (lower_blocks, upper_blocks) = (of_blocks(under), of_blocks(over));
    let upper_names: HashSet<&Address> = upper_blocks.iter().map(|(name, _)| name).collect();
    let only_lower = lower_blocks.iter().filter(|(name, _)| !upper_names.contains(name));
    let mut paths: Vec<String> = only_lower.map(|(_, path)| path.clone()).collect();
    let of_lower: HashSet<&str> = lower_blocks.iter().map(|(_, path)| path.as_str()).collect();
    let not_of_blocks = |path: &&String| !of_lower.contains(path.as_str());
    paths.extend(lower.iter().filter(not_of_blocks).cloned());
    paths.extend(upper.iter().cloned());
    Some(paths)
}

fn merge_exclude(under: &Fields, over: Fields) -> Fields {
    let keeps = strings(over.get("actions")).is_empty();
    let actions = under.get("actions").cloned();
    let mut merged = over;
    if let (true, Some(actions)) = (keeps, actions) {
        merged.insert(Arc::from("actions"), actions);
    }
    merged
}

fn merge_errors(mut under: ErrorsBlock, over: &ErrorsBlock) -> ErrorsBlock {
    for (name, fields) in over.retry.iter() {
        merge_error_rule(&mut under.retry, name, fields, "retryable_errors");
    }
    for (name, fields) in over.ignore.iter() {
        merge_error_rule(&mut under.ignore, name, fields, "ignorable_errors");
    }
    under
}

fn merge_error_rule(rules: &mut Labelled, name: &str, over: &Fields, patterns: &str) {
    let Some(under) = rules.get_mut(name) else {
        rules.push(name, over.clone());
        return;
    };
    for (field, value) in over {
        let empty = value.is_null() || value.as_str() == Some("");
        let zero = matches!(value, Value::Number(number) if number.as_i64() == Some(0));
        if empty || zero {
            continue;
        }
        let value = if &**field == patterns {
            let all = merge_paths(strings(under.get(field)), strings(Some(value)));
            Value::tuple(all.into_iter().map(Value::string))
        } else if let (Some(lower), Some(upper)) =
            (under.get(field).and_then(Value::as_fields), value.as_fields())
        {
            Value::Object(Arc::new(lower.clone().into_iter().chain(upper.clone()).collect()))
        } else {
            value.clone()
        };
        under.insert(Arc::clone(field), value);
    }
}

/// Whatever is set in `over` on top of `under`.
fn keep_set(mut under: Fields, over: Fields) -> Fields {
    under.extend(over.into_iter().filter(|(_, value)| !value.is_null()));
    under
}
