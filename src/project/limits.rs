//! What a unit may take: its time and its memory, as `engine` and `unit` blocks of `slipway.hcl` say.

use std::time::Duration;

use super::fields::duration;
use super::needs::Sections;
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::value::{Fields, Value};
use crate::support::glob::Glob;
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional};

/// The attributes of a `unit "PATTERN"` block.
const UNIT: &[Spec] = &[optional("timeout", Kind::String)];

/// How long each unit may take.
#[derive(Clone, Debug, Default)]
pub struct UnitLimits {
    /// `engine.unit_timeout`: where no block says otherwise.
    pub timeout: Option<Duration>,
    /// How long each gate of a cluster may wait, where the command line says so.
    pub of_gates: Option<Duration>,
    /// The `unit` blocks, in the order of the file.
    pub of_some: Vec<(Glob, Duration)>,
}

impl UnitLimits {
    /// How long a unit may take; the last block whose pattern its name matches decides.
    pub fn timeout_of(&self, unit: &str) -> Option<Duration> {
        let own = self.of_some.iter().rev().find(|(pattern, _)| pattern.matches(unit));
        own.map(|(_, timeout)| *timeout).or(self.timeout)
    }

    /// Reads the `unit` blocks of a file.
    pub(super) fn read(sections: &Sections, needed: bool, errors: &mut Vec<Diagnostic>) -> Self {
        let mut limits = Self::default();
        for block in sections.look().body().blocks("unit") {
            let found =
                sections.get(needed, ("the timeout", block.kind.span), |document| limit(document, block));
            match found {
                Ok(limit) => limits.of_some.extend(limit.flatten()),
                Err(found) => errors.extend(found),
            }
        }
        limits
    }
}

fn limit(document: &Document, block: &Block) -> Result<Option<(Glob, Duration)>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    document.check(&block.body, "unit", UNIT, &[], &[], &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let fields = document.attributes(&block.body, block.kind.span, "unit", UNIT, &Fields::new())?;
    let wrong = |message: String, help: &str| {
        let diagnostic = Diagnostic::error("project::unit", message);
        vec![diagnostic.at(document.location(block.kind.span)).help(help)]
    };
    let label = block.labels.first().map(|label| &*label.name).unwrap_or_default();
    let pattern = Glob::new(label).map_err(|error| {
        wrong(format!("\"{label}\" is no pattern: {error}"), "write it like \"dev/**/cluster\"")
    })?;
    let Some(text) = fields.get("timeout").and_then(Value::as_str) else { return Ok(None) };
    let timeout = duration(text).ok_or_else(|| {
        wrong(format!("timeout cannot be \"{text}\""), "write it like \"90s\" or \"2h 30m\"")
    })?;
    Ok(Some((pattern, timeout)))
}

/// Bytes: `300MB`, `1GiB`, `512 MB`. Decimal and binary units mean the same here: it is an estimate.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let scale = match unit.trim().to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_that_matches_decides() {
        let glob = |text: &str| Glob::new(text).unwrap();
        let seconds = Duration::from_secs;
        let limits = UnitLimits {
            of_gates: None,
            timeout: Some(seconds(60)),
            of_some: vec![(glob("dev/**"), seconds(90)), (glob("**/cluster"), seconds(120))],
        };
        assert_eq!(limits.timeout_of("prod/vpc"), Some(seconds(60)));
        assert_eq!(limits.timeout_of("dev/vpc"), Some(seconds(90)));
        assert_eq!(limits.timeout_of("dev/eu/cluster"), Some(seconds(120)));
    }

    #[test]
    fn memory_is_written_as_people_write_it() {
        assert_eq!(bytes("300MB"), Some(300 << 20));
        assert_eq!(bytes("1 GiB"), Some(1 << 30));
        assert_eq!(bytes("2TB"), Some(2 << 40));
        assert_eq!(bytes("0"), Some(0));
        assert_eq!(bytes("much"), None);
        assert_eq!(bytes("-1MB"), None);
    }
}
