//! `slipway explain`: what a diagnostic means, by its code.

mod pages;
mod shown;

use std::ffi::OsStr;

use clap::Args;
use clap_complete::engine::CompletionCandidate;
use serde_json::{Value as Json, json};

use self::pages::{Page, pages};
use super::complete::starting;
use super::exit::Exit;
use crate::hcl::suggest;
use crate::launch::CommandError;
use crate::support::counted::listed;
use crate::ui::{Format, Ui};

/// How many columns a text takes where nobody says how wide the terminal is.
const WIDTH: usize = 100;

/// Explain a diagnostic by its code; without one, list them all
///
/// The text is that of the documentation, and is in the program itself. A code may be given as a message shows it (`hcl::syntax`), as its page is called (`hcl-syntax`), or by its last word where that is enough.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// The code, which a message shows in brackets [default: all of them]
    code: Option<String>,
}

/// Explains.
pub fn cmd_explain(ui: Ui, args: &ExplainArgs) -> Result<Exit, CommandError> {
    let all = pages();
    let width = ui.width().unwrap_or(WIDTH).min(WIDTH);
    let Some(code) = &args.code else {
        match ui.format() {
            Format::Json => ui.json(&as_json(all.iter()))?,
            Format::Text => ui.answer(&shown::list(&all, width))?,
        }
        return Ok(Exit::Done);
    };
    let page = find(&all, code)?;
    match ui.format() {
        Format::Json => ui.json(&as_json(std::iter::once(page)))?,
        Format::Text => ui.answer(&shown::page(page, width))?,
    }
    Ok(Exit::Done)
}

/// The codes that begin as what is typed, each with what it means.
pub fn complete(current: &OsStr) -> Vec<CompletionCandidate> {
    starting(current, pages().into_iter().map(|page| (page.code.to_owned(), page.summary())))
}

fn as_json<'p>(pages: impl Iterator<Item = &'p Page>) -> Json {
    let page = |page: &Page| {
        json!({
            "code": page.code, "group": page.group, "summary": page.summary(), "page": page.address(),
            "text": page.text.trim(),
        })
    };
    json!({ "diagnostics": pages.map(page).collect::<Vec<_>>() })
}

fn find<'p>(all: &'p [Page], typed: &str) -> Result<&'p Page, CommandError> {
    // Whoever copies it may have copied what is around it.
    let bare = typed.trim().trim_start_matches("error").trim_start_matches("warning");
    let wanted = only_letters(bare);
    if let Some(page) = all.iter().find(|page| only_letters(page.code) == wanted) {
        return Ok(page);
    }
    let ending: Vec<&Page> = all.iter().filter(|page| only_letters(page.name()) == wanted).collect();
    let help = match ending.as_slice() {
        [page] => return Ok(page),
        [] => {
            let typed = bare.trim_matches(['[', ']']).to_lowercase();
            let names = all.iter().flat_map(|page| [page.code, page.name()]);
            match suggest::nearest(&typed, names) {
                Some(near) => format!("did you mean {near}? `slipway explain` lists all of them"),
                None => "`slipway explain` lists all of them".to_owned(),
            }
        }
        several => format!("name one of {}", listed(several.iter().map(|page| page.code), several.len())),
    };
    let why = if ending.is_empty() { "there is no diagnostic" } else { "there are several diagnostics" };
    Err(CommandError::usage(format!("{why} {typed}"), help))
}

/// A code without what stands between its words, which is different in a message, an address and a heading.
fn only_letters(code: &str) -> String {
    code.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str) -> String {
        match find(&pages(), typed) {
            Ok(page) => page.code.to_owned(),
            Err(error) => format!("{error}; {}", error.help().unwrap_or_default()),
        }
    }

    #[test]
    fn a_code_is_found_in_whatever_spelling_people_copy_it() {
        for typed in
            ["hcl::syntax", "hcl-syntax", "hclsyntax", "HCL::Syntax", "error[hcl::syntax]", "[hcl::syntax]:"]
        {
            assert_eq!(found(typed), "hcl::syntax", "{typed}");
        }
        assert_eq!(found(" Unknown_Function "), "hcl::unknown_function");
        assert_eq!(found("warning[terragrunt::unknown_attribute]"), "terragrunt::unknown_attribute");
        assert_eq!(found("terragrunt-unknown-attribute"), "terragrunt::unknown_attribute");
    }

    #[test]
    fn a_wrong_code_is_told_with_the_near_one_and_an_unclear_one_with_all_that_it_may_be() {
        assert_eq!(
            found("hcl::sintax"),
            "there is no diagnostic hcl::sintax; did you mean hcl::syntax? `slipway explain` lists all of them"
        );
        assert!(found("unknown_variabel").contains("did you mean unknown_variable?"));
        assert_eq!(found("xyz"), "there is no diagnostic xyz; `slipway explain` lists all of them");
        assert_eq!(
            found("missing_dependency"),
            "there are several diagnostics missing_dependency; \
             name one of estate::missing_dependency, terragrunt::missing_dependency"
        );
    }
}
