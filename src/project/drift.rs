//! `drift` of `slipway.hcl`: what may differ from what was left there, and is no drift.

use regex::Regex;

use super::needs::Sections;
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::value::{Fields, Value};
use crate::support::glob::Glob;
use crate::terragrunt::schema::{Kind, Spec, optional};
use crate::terragrunt::{Document, strings};

/// The attributes of an `ignore "NAME"` block.
const IGNORE: &[Spec] = &[
    optional("units", Kind::Strings),
    optional("resources", Kind::Strings),
    optional("attributes", Kind::Strings),
];

/// What is known to change by itself, or by others who may.
#[derive(Clone, Debug, Default)]
pub struct DriftRules(Vec<Rule>);

/// One rule: what it leaves open is anything.
#[derive(Clone, Debug)]
struct Rule {
    name: String,
    units: Vec<Glob>,
    resources: Vec<Wildcard>,
    attributes: Vec<Wildcard>,
}

/// A text in which `*` is anything: addresses and attributes have dots and brackets of their own.
#[derive(Clone, Debug)]
struct Wildcard(Regex);

impl Wildcard {
    fn new(text: &str) -> Result<Self, regex::Error> {
        let parts: Vec<String> = text.split('*').map(regex::escape).collect();
        Regex::new(&format!("^{}$", parts.join(".*"))).map(Self)
    }
}

impl DriftRules {
    /// The rule that covers a change of an attribute: of a resource of a unit, or of a resource of an Application among
    /// those of a cluster. A change of the whole resource, such as that it is gone, has no attribute, and is covered by rules
    /// only that name none.
    pub fn covering(&self, unit: &str, resource: &str, attribute: Option<&str>) -> Option<&str> {
        let any = |known: &[Wildcard], text: &str| {
            known.is_empty() || known.iter().any(|wildcard| wildcard.0.is_match(text))
        };
        let covers = |rule: &&Rule| {
            (rule.units.is_empty() || rule.units.iter().any(|pattern| pattern.matches(unit)))
                && any(&rule.resources, resource)
                && attribute.map_or(rule.attributes.is_empty(), |attribute| any(&rule.attributes, attribute))
        };
        self.0.iter().find(covers).map(|rule| rule.name.as_str())
    }

    /// Reads the block of a file.
    pub(super) fn read(sections: &Sections, needed: bool, errors: &mut Vec<Diagnostic>) -> Self {
        let Some(block) = sections.look().body().blocks("drift").next() else { return Self::default() };
        match sections.get(needed, ("drift", block.kind.span), |document| rules(document, block)) {
            Ok(rules) => Self(rules.unwrap_or_default()),
            Err(found) => {
                errors.extend(found);
                Self::default()
            }
        }
    }
}

fn rules(document: &Document, block: &Block) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    document.check(&block.body, "drift", &[], &[("ignore", 1)], &["ignore"], &mut errors);
    let mut rules = Vec::new();
    for ignore in block.body.blocks("ignore") {
        document.check(&ignore.body, "ignore", IGNORE, &[], &[], &mut errors);
        if !errors.is_empty() {
            continue;
        }
        match rule(document, ignore) {
            Ok(rule) => rules.push(rule),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

fn rule(document: &Document, block: &Block) -> Result<Rule, Vec<Diagnostic>> {
    let place = block.kind.span;
    let fields = document.attributes(&block.body, place, "ignore", IGNORE, &Fields::new())?;
    let wrong = |message: String, help: &str| {
        vec![Diagnostic::error("project::drift", message).at(document.location(place)).help(help)]
    };
    let texts = |name: &str| strings(fields.get(name));
    let name = block.labels.first().map(|label| label.name.to_string()).unwrap_or_default();
    let wildcards = |texts: Vec<String>| -> Result<Vec<Wildcard>, Vec<Diagnostic>> {
        let read = |text: &String| {
            let help = "write it like \"module.*.aws_autoscaling_group.*\"";
            Wildcard::new(text).map_err(|error| wrong(format!("\"{text}\" is no pattern: {error}"), help))
        };
        texts.iter().map(read).collect()
    };
    let glob = |text: &String| {
        let help = "write it like \"prod/**\"";
        Glob::new(text).map_err(|error| wrong(format!("\"{text}\" is no pattern: {error}"), help))
    };
    let is_everything = IGNORE
        .iter()
        .all(|spec| fields.get(spec.name).and_then(Value::as_elements).is_none_or(<[Value]>::is_empty));
    if is_everything {
        let message = format!("ignore \"{name}\" says nothing, and so would ignore everything");
        return Err(wrong(message, "name units, resources or attributes"));
    }
    Ok(Rule {
        name,
        units: texts("units").iter().map(glob).collect::<Result<_, _>>()?,
        resources: wildcards(texts("resources"))?,
        attributes: wildcards(texts("attributes"))?,
    })
}

#[cfg(test)]
mod tests {
    use crate::project::Project;
    use crate::project::fixture::Tree;

    fn read(text: &str) -> Result<Project, String> {
        let tree = Tree::new(&[("slipway.hcl", text)]);
        let read = Project::read(&tree.path("slipway.hcl"), tree.options("plan"));
        read.map_err(|errors| errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn a_rule_covers_what_it_names_and_nothing_else() {
        let project = read(
            r#"
            drift {
              ignore "autoscaler" {
                units      = ["prod/**"]
                resources  = ["module.*.aws_autoscaling_group.*", "aws_subnet.private[\"a\"]"]
                attributes = ["desired_capacity", "tags.*"]
              }
              ignore "scratch" {
                resources = ["null_resource.*"]
              }
            }
            "#,
        )
        .unwrap();
        let covering = |unit: &str, resource: &str, attribute: Option<&str>| {
            project.drift.covering(unit, resource, attribute).map(str::to_owned)
        };
        let group = "module.workers.aws_autoscaling_group.this[0]";
        assert_eq!(covering("prod/eu/cluster", group, Some("desired_capacity")).unwrap(), "autoscaler");
        assert_eq!(covering("prod/eu/cluster", group, Some("tags.Owner")).unwrap(), "autoscaler");
        assert_eq!(
            covering("prod/eu/cluster", "aws_subnet.private[\"a\"]", Some("tags.x")).unwrap(),
            "autoscaler"
        );
        for (unit, resource, attribute) in [
            ("dev/eu/cluster", group, Some("desired_capacity")),
            ("prod/eu/cluster", group, Some("max_size")),
            ("prod/eu/cluster", "aws_autoscaling_group.this", Some("desired_capacity")),
            ("prod/eu/cluster", "aws_subnet.privateXaX", Some("tags.x")),
            // It is gone, which is something else than another size.
            ("prod/eu/cluster", group, None),
        ] {
            assert_eq!(covering(unit, resource, attribute), None, "{unit} {resource} {attribute:?}");
        }
        assert_eq!(covering("x", "null_resource.a", None).unwrap(), "scratch");
        assert_eq!(covering("x", "null_resource.a", Some("id")).unwrap(), "scratch");
    }

    #[test]
    fn a_rule_that_would_hide_everything_is_refused() {
        let error = read("drift {\n  ignore \"all\" {\n    units = []\n  }\n}\n").unwrap_err();
        assert_eq!(error, "ignore \"all\" says nothing, and so would ignore everything");
        let error = read("drift {\n  ignore \"x\" {\n    unit = \"a\"\n  }\n}\n").unwrap_err();
        assert!(error.contains("unit"), "{error}");
        let error = read("drift {\n  ignore \"x\" {\n    units = [\"a[\"]\n  }\n}\n").unwrap_err();
        assert!(error.contains("a `[` is never closed"), "{error}");
    }
}
