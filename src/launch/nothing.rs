//! A selection of nothing: most often a slip of the fingers, which must not look like success.

use super::error::CommandError;
use super::selectors::{Matched, Selectors};
use crate::estate::Estate;
use crate::hcl::suggest;
use crate::support::counted::plural;
use crate::support::{path_text, shown};
use crate::ui::Ui;

/// How many queries a message shows.
const MOST_QUERIES: usize = 3;

/// Refuses it; where it may be, says it. `estate` is the whole that was chosen from, `chosen` what filters chose of it.
///
/// What changed since a commit may well be nothing; so may what `--allow-empty` stands beside.
pub fn refuse_nothing(
    ui: Ui,
    selectors: &Selectors,
    estate: &Estate,
    chosen: Option<&Matched>,
) -> Result<(), CommandError> {
    let Some(chosen) = chosen.filter(|_| !estate.units.is_empty() || !estate.stacks.is_empty()) else {
        let message = no_units(estate);
        if selectors.allow_empty {
            ui.say(&message);
            return Ok(());
        }
        let help = if estate.stacks.is_empty() {
            "name a folder that holds a terragrunt.hcl"
        } else {
            "write what they make with `slipway stack generate`, or pass --expand-stacks where the command has it"
        };
        return Err(CommandError::usage(message, help));
    };
    if selectors.allow_empty || !chosen.ranges.is_empty() {
        ui.say("no unit is selected");
        return Ok(());
    }
    let queries: Vec<String> = chosen.queries.iter().map(|query| format!("\"{query}\"")).collect();
    let shown: Vec<&str> = queries.iter().take(MOST_QUERIES).map(String::as_str).collect();
    let more = match queries.len().saturating_sub(MOST_QUERIES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let help = match nearest(estate, &chosen.queries) {
        Some(name) => format!("did you mean \"{name}\"? `slipway find` lists the units"),
        None => "`slipway find` lists the units; pass --allow-empty where none may match".to_owned(),
    };
    Err(CommandError::usage(format!("no unit matches {}{more}", shown.join(", ")), help))
}

/// What is said of a folder without units.
pub fn no_units(estate: &Estate) -> String {
    let none = format!("there are no units under {}", path_text::shown(&estate.root));
    match estate.stacks.len() {
        0 => none,
        count => format!("{none}, but {count} {} of which nothing is generated", plural(count, "stack")),
    }
}

/// The unit that the only query nearly names, by its path or by its last name.
fn nearest(estate: &Estate, queries: &[String]) -> Option<String> {
    let [query] = queries else { return None };
    let wrong = query.strip_prefix("./").unwrap_or(query);
    let paths = estate.units.iter().map(|unit| path_text::shown(&unit.path));
    let names: Vec<String> = paths.chain(estate.iter().map(|(unit, _)| estate.name(unit))).collect();
    let last = names.iter().filter_map(|name| name.rsplit('/').next());
    let near = suggest::nearest(wrong, names.iter().map(String::as_str).chain(last))?;
    Some(shown::name(near).into_owned())
}
