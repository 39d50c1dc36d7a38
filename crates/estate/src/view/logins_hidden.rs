//! What `render` does not show unless it is asked to: logins in addresses.

use std::borrow::Cow;

use crate::terragrunt::config::UnitConfig;
use slipway_support::address::Address;
use slipway_support::redact;

/// Hides the logins of addresses, and what stands in that of the unit's module wherever else it stands.
pub struct LoginsHidden {
    source: Option<Address>,
}

impl LoginsHidden {
    /// For one unit.
    pub fn of(unit: &UnitConfig) -> Self {
        let source = unit.terraform.as_ref().and_then(|terraform| terraform.source.clone());
        Self { source: source.filter(Address::has_secrets) }
    }

    /// A text as it is shown.
    pub fn in_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.source {
            Some(source) if source.expose() == text => Cow::Owned(source.to_string()),
            Some(source) => match redact::addresses(text) {
                Cow::Borrowed(text) => source.redact(text),
                Cow::Owned(text) => Cow::Owned(source.redact(&text).into_owned()),
            },
            None => redact::addresses(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::terragrunt::outputs::NoOutputs;
    use crate::terragrunt::tests::{Tree, told};
    use crate::view::{render_hcl, render_json};

    const UNIT: &str = r#"
        locals {
          token = "kept-token-81"
        }
        terraform {
          source = "git::https://${local.token}@h.example.com/r.git?ref=v1"
        }
        inputs = {
          database = "postgres://app:kept-password@db/x"
          docs     = "https://h.example.com/@x?tab=a"
          odd      = "\u001b[2J \u202e ###vso[x]"
        }
    "#;

    #[test]
    fn logins_are_hidden_unless_they_are_asked_for() {
        let tree = Tree::new(&[("app/terragrunt.hcl", UNIT)]);
        let unit = tree.reader("render").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs);
        let unit = unit.unwrap_or_else(|errors| panic!("{}", told(&errors)));
        for text in [render_hcl(&unit, false), json!(render_json(&unit, false)).to_string()] {
            assert!(!text.contains("kept-"), "{text}");
            assert!(text.contains("git::https://…@h.example.com/r.git?ref=v1"), "{text}");
            assert!(text.contains("https://h.example.com/@x?tab=a"), "{text}");
        }
        for text in [render_hcl(&unit, true), json!(render_json(&unit, true)).to_string()] {
            assert!(text.contains("kept-token-81@") && text.contains("app:kept-password@"), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_or_a_pipeline_would_obey_is_escaped_and_read_again_as_the_same() {
        let tree = Tree::new(&[("app/terragrunt.hcl", UNIT)]);
        let evaluate = || {
            let unit = tree.reader("render").evaluate(&tree.path("app/terragrunt.hcl"), &NoOutputs);
            unit.unwrap_or_else(|errors| panic!("{}", told(&errors)))
        };
        let first = evaluate();
        let text = render_hcl(&first, true);
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("##vso["), "{text}");
        tree.write("app/terragrunt.hcl", &text);
        assert_eq!(json!(render_json(&evaluate(), true)), json!(render_json(&first, true)));
    }
}
