//! Units and stacks as `find` lists them, in Terragrunt's shapes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::estate::reading::Readings;
use crate::estate::{Component, Estate, Unit, behind_links};
use crate::terragrunt::paths;
use slipway_support::{path_text, shown};

/// What `find` tells of each unit beyond its path.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command, named by the caller")]
pub struct FindOptions {
    /// The paths of its dependencies, missing ones too.
    pub dependencies: bool,
    /// The files that were read for it, those of a local module too.
    pub reading: bool,
    /// Its includes.
    pub include: bool,
    /// Its `exclude` block.
    pub exclude: bool,
    /// Also the units outside of the walked folder.
    pub external: bool,
}

fn listed<'a>(
    estate: &'a Estate,
    order: &'a [Component],
    options: FindOptions,
) -> impl Iterator<Item = Component> + 'a {
    order.iter().copied().filter(move |component| match component {
        Component::Unit(index) => options.external || !estate.unit(*index).external,
        Component::Stack(_) => true,
    })
}

/// The units and stacks as Terragrunt's `find --json` lists them, paths relative to `base`; empty fields are
/// left out. Where `names` says so, with the name of each beside its path.
pub fn find_json(
    estate: &Estate,
    order: &[Component],
    base: &Path,
    options: FindOptions,
    names: bool,
) -> Json {
    let readings = Readings::default();
    let each = listed(estate, order, options).map(|component| {
        let mut fields = match component {
            Component::Unit(index) => found(estate, estate.unit(index), base, options, &readings),
            Component::Stack(index) => {
                let path = json!(estate.stack(index).seen_from(base));
                Map::from_iter([("type".to_owned(), json!("stack")), ("path".to_owned(), path)])
            }
        };
        if names {
            fields.insert("name".to_owned(), json!(called(estate, component)));
        }
        Json::Object(fields)
    });
    each.collect()
}

/// What a unit or a stack is called.
fn called(estate: &Estate, component: Component) -> String {
    match component {
        Component::Unit(index) => estate.name(index),
        Component::Stack(index) => estate.stack(index).seen_from(&estate.named_from),
    }
}

/// The names of units and stacks, one a line; where `base` is given, their paths from there instead.
pub fn find_text(estate: &Estate, order: &[Component], base: Option<&Path>, options: FindOptions) -> String {
    let each = listed(estate, order, options).map(|component| match (base, component) {
        (None, component) => called(estate, component),
        (Some(base), Component::Unit(index)) => {
            path_text::shown(&paths::relative(base, &estate.unit(index).dir))
        }
        (Some(base), Component::Stack(index)) => estate.stack(index).seen_from(base),
    });
    each.map(|name| shown::name(&name).into_owned() + "\n").collect()
}

fn found(
    estate: &Estate,
    unit: &Unit,
    base: &Path,
    options: FindOptions,
    readings: &Readings,
) -> Map<String, Json> {
    let outline = &unit.outline;
    let relative = |path: &Path| Json::String(path_text::in_json(&paths::relative(base, path)));
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!("unit"));
    fields.insert("path".to_owned(), relative(&unit.dir));
    if options.exclude
        && let Some(exclude) = &outline.exclude
    {
        let exclude = json!({
            "exclude_dependencies": exclude.exclude_dependencies,
            "no_run": exclude.no_run,
            "actions": exclude.actions,
            "if": exclude.condition,
        });
        fields.insert("exclude".to_owned(), exclude);
    }
    if options.include && !outline.includes.is_empty() {
        let includes = outline.includes.iter().map(|(label, file)| (label.clone(), relative(file)));
        fields.insert("include".to_owned(), Json::Object(includes.collect()));
    }
    if options.dependencies {
        let blocks = outline.dependencies.iter().filter(|block| block.enabled);
        let all =
            blocks.map(|block| &block.config_path).chain(outline.order_only.iter().map(|only| &only.path));
        // A dependency on a stack is one on its units.
        let all =
            all.flat_map(|dir| estate.stack_units.get(dir).map_or(std::slice::from_ref(dir), Vec::as_slice));
        let known = |dir: &PathBuf| unit.dependencies.iter().any(|edge| estate.unit(edge.to).dir == *dir);
        let real = |dir: &PathBuf| if known(dir) { dir.clone() } else { behind_links(&estate.root, dir) };
        let mut seen = BTreeSet::new();
        let targets: Vec<Json> =
            all.map(real).filter(|dir| seen.insert(dir.clone())).map(|dir| relative(&dir)).collect();
        if !targets.is_empty() {
            fields.insert("dependencies".to_owned(), Json::Array(targets));
        }
    }
    if options.reading {
        let reading = readings.of(&unit.outline);
        if !reading.is_empty() {
            let reading = reading.iter().map(|file| relative(file));
            fields.insert("reading".to_owned(), reading.collect());
        }
    }
    fields
}
