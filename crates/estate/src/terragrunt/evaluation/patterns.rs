//! The patterns and numbers of `errors` blocks and error hooks, looked at when they are read: a rule that cannot work would
//! only be found out when something fails.

use super::decode;
use super::scope::FileScope;
use crate::terragrunt::copy_pattern;
use slipway_hcl::ast::{Block, ExprKind};
use slipway_hcl::diagnostic::{Diagnostic, Severity};
use slipway_hcl::source::Span;
use slipway_hcl::value::{Fields, Value, field};
use slipway_support::go_regex::{self, PatternError};

/// The code for a pattern that is none.
const NONE: &str = "terragrunt::pattern";
/// The code for one that Terragrunt takes, and we cannot.
const UNSUPPORTED: &str = "terragrunt::unsupported_pattern";

/// What is wrong with a block of a kind that holds patterns.
pub(in crate::terragrunt) fn check(
    scope: &FileScope<'_>,
    block: &Block,
    fields: &Fields,
    errors: &mut Vec<Diagnostic>,
) {
    match &*block.kind.name {
        "retry" => {
            check_patterns(scope, block, "retryable_errors", fields, errors);
            check_numbers(scope, block, fields, errors);
        }
        "ignore" => check_patterns(scope, block, "ignorable_errors", fields, errors),
        // Terragrunt passes over one there that is none.
        "error_hook" => {
            let before = errors.len();
            check_patterns(scope, block, "on_errors", fields, errors);
            for diagnostic in errors.iter_mut().skip(before).filter(|found| found.code == NONE) {
                diagnostic.severity = Severity::Warning;
                diagnostic.help =
                    Some("Terragrunt passes over it; write it as Go's regexp reads it".to_owned());
            }
        }
        _ => {}
    }
}

/// What is wrong with the patterns of a `terraform` block that say which files are copied.
pub(in crate::terragrunt) fn check_copied(
    scope: &FileScope<'_>,
    block: &Block,
    fields: &Fields,
    errors: &mut Vec<Diagnostic>,
) {
    for name in ["include_in_copy", "exclude_from_copy"] {
        check_each(scope, block, name, fields, errors, &mut |text| match copy_pattern::regex(text) {
            Err(reason) => Some((
                NONE,
                format!("is no pattern of files: {reason}"),
                "write `[…]` as Go's regexp reads it",
            )),
            Ok(_) => None,
        });
    }
}

fn check_patterns(
    scope: &FileScope<'_>,
    block: &Block,
    name: &str,
    fields: &Fields,
    errors: &mut Vec<Diagnostic>,
) {
    let is_negated = name != "on_errors";
    check_each(scope, block, name, fields, errors, &mut |text| {
        let bare = text.strip_prefix('!').filter(|_| is_negated).unwrap_or(text);
        match go_regex::compile(bare) {
            Ok(_) => None,
            Err(PatternError::Syntax(reason)) => Some((
                NONE,
                format!("is no regular expression: {reason}"),
                "write it as Go's regexp reads it; a `!` at its beginning means: not this",
            )),
            Err(PatternError::Unsupported(reason)) => Some((
                UNSUPPORTED,
                format!("is a regular expression that cannot be used here: {reason}"),
                "Terragrunt takes it; write it in another way, so that it matches with both",
            )),
        }
    });
}

/// The code, the message behind the pattern, and the way out.
type Wrong = (&'static str, String, &'static str);

fn check_each(
    scope: &FileScope<'_>,
    block: &Block,
    name: &str,
    fields: &Fields,
    errors: &mut Vec<Diagnostic>,
    check: &mut dyn FnMut(&str) -> Option<Wrong>,
) {
    let patterns = field(fields, name).as_elements().unwrap_or_default();
    for (index, pattern) in patterns.iter().enumerate() {
        let Some(text) = pattern.as_str() else { continue };
        let Some((code, message, help)) = check(text) else { continue };
        // What is sensitive is not shown.
        let shown =
            if matches!(pattern, Value::Sensitive(_)) { "this".to_owned() } else { format!("\"{text}\"") };
        let place = scope.location(place_of(block, name, index));
        errors.push(Diagnostic::error(code, format!("{shown} {message}")).at(place).help(help));
    }
}

/// Where the element of a list is written, else the whole list.
fn place_of(block: &Block, name: &str, index: usize) -> Span {
    let Some(attribute) = block.body.attribute(name) else { return block.kind.span };
    match &attribute.expr.kind {
        ExprKind::Tuple(elements) => elements.get(index).map_or(attribute.expr.span, |element| element.span),
        _ => attribute.expr.span,
    }
}

fn check_numbers(scope: &FileScope<'_>, block: &Block, fields: &Fields, errors: &mut Vec<Diagnostic>) {
    let title = format!("retry \"{}\"", decode::label(block).unwrap_or_default());
    let mut check = |name: &str, least: i64, message: String| {
        let Value::Number(number) = field(fields, name) else { return };
        if number.as_i64().is_some_and(|number| number < least) {
            let place = block.body.attribute(name).map_or(block.kind.span, |attribute| attribute.expr.span);
            let help = format!("{name} is {least} at least");
            errors.push(Diagnostic::error("terragrunt::retry", message).at(scope.location(place)).help(help));
        }
    };
    check("max_attempts", 1, format!("{title} has no attempt at all"));
    check("sleep_interval_sec", 0, format!("{title} cannot sleep for less than no time"));
}
