//! `ci` of `slipway.hcl`: what the pipelines that `slipway ci` writes are told.

use std::str::FromStr;

use super::needs::Sections;
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Span;
use crate::hcl::value::{Fields, Value};
use crate::scaffold::names::{Action, Branch, JobImage, Label, Region, Role, Runner, Schedule, UnitsFolder};
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional};

const CI: &[Spec] = &[
    optional("slipway", Kind::String),
    optional("branch", Kind::String),
    optional("runner", Kind::String),
    optional("image", Kind::String),
    optional("drift", Kind::String),
    optional("units_per_job", Kind::Number),
];
const ENVIRONMENT: &[Spec] = &[
    optional("path", Kind::String),
    optional("region", Kind::String),
    optional("plan_role", Kind::String),
    optional("apply_role", Kind::String),
];
/// How many units a job plans where nobody says otherwise.
const UNITS_PER_JOB: usize = 50;

/// What pipelines are told; each value holds nothing that could mean something in YAML or a shell.
#[derive(Clone, Debug)]
pub struct Ci {
    /// Where pipelines take Slipway from.
    pub slipway: Option<Action>,
    /// The branch that is applied.
    pub branch: Option<Branch>,
    /// What GitHub's jobs run on.
    pub runner: Option<Runner>,
    /// What GitLab's jobs run in.
    pub image: Option<JobImage>,
    /// When drift is looked for; on GitHub only, as GitLab has schedules of its own.
    pub drift: Option<Schedule>,
    /// How many units a job plans at most; from 1.
    pub units_per_job: usize,
    /// In the order in which they are applied; none where the folders of the estate decide.
    pub environments: Vec<CiEnvironment>,
}

/// A part of the estate that is planned and applied by jobs and roles of its own.
#[derive(Clone, Debug)]
pub struct CiEnvironment {
    /// Its name, also that of the forge's environment.
    pub name: Label,
    /// Its folder.
    pub path: UnitsFolder,
    /// The region in which roles are taken on.
    pub region: Option<Region>,
    /// The role that plans.
    pub plan_role: Option<Role>,
    /// The role that applies.
    pub apply_role: Option<Role>,
}

impl Default for Ci {
    fn default() -> Self {
        Self {
            slipway: None,
            branch: None,
            runner: None,
            image: None,
            drift: None,
            units_per_job: UNITS_PER_JOB,
            environments: Vec::new(),
        }
    }
}

impl Ci {
    /// Reads the block of a file.
    pub(super) fn read(sections: &Sections, needed: bool, errors: &mut Vec<Diagnostic>) -> Self {
        let Some(block) = sections.look().body().blocks("ci").next() else { return Self::default() };
        match sections.get(needed, ("ci", block.kind.span), |document| ci(document, block)) {
            Ok(ci) => ci.unwrap_or_default(),
            Err(found) => {
                errors.extend(found);
                Self::default()
            }
        }
    }
}

/// A block as it is read: its values, and what is wrong with them.
struct Values<'a> {
    document: &'a Document,
    place: Span,
    fields: Fields,
    errors: Vec<Diagnostic>,
}

impl Values<'_> {
    /// A value that is held to the rules of its type; an empty one counts as not given.
    fn get<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("{name}: {error}");
                self.errors
                    .push(Diagnostic::error("project::ci", message).at(self.document.location(self.place)));
                None
            }
        }
    }

    fn wrong(&mut self, message: String, help: &str) {
        let place = self.document.location(self.place);
        self.errors.push(Diagnostic::error("project::ci", message).at(place).help(help));
    }
}

fn ci(document: &Document, block: &Block) -> Result<Ci, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    document.check(&block.body, "ci", CI, &[("environment", 1)], &["environment"], &mut errors);
    for environment in block.body.blocks("environment") {
        document.check(&environment.body, "environment", ENVIRONMENT, &[], &[], &mut errors);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let place = block.kind.span;
    let fields = document.attributes(&block.body, place, "ci", CI, &Fields::new())?;
    let mut values = Values { document, place, fields, errors };
    let mut read = Ci {
        slipway: values.get("slipway"),
        branch: values.get("branch"),
        runner: values.get("runner"),
        image: values.get("image"),
        drift: values.get("drift"),
        ..Ci::default()
    };
    if let Some(Value::Number(number)) = values.fields.get("units_per_job").cloned() {
        match number.as_i64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) if number > 0 => read.units_per_job = number,
            _ => {
                values.wrong(format!("units_per_job cannot be {number}"), "use a whole number from 1");
            }
        }
    }
    let mut errors = values.errors;
    for block in block.body.blocks("environment") {
        match environment(document, block) {
            Ok(one) => read.environments.push(one),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

fn environment(document: &Document, block: &Block) -> Result<CiEnvironment, Vec<Diagnostic>> {
    let label = block.labels.first().map(|label| label.name.to_string()).unwrap_or_default();
    let place = block.kind.span;
    let fields = document.attributes(&block.body, place, "environment", ENVIRONMENT, &Fields::new())?;
    let mut values = Values { document, place, fields, errors: Vec::new() };
    let name = label.parse::<Label>().map_err(|error| {
        vec![Diagnostic::error("project::ci", error.to_string()).at(document.location(place))]
    })?;
    let path = values.get("path").map_or_else(|| label.parse::<UnitsFolder>(), Ok);
    let path = path.map_err(|error| {
        vec![Diagnostic::error("project::ci", error.to_string()).at(document.location(place))]
    })?;
    let read = CiEnvironment {
        name,
        path,
        region: values.get("region"),
        plan_role: values.get("plan_role"),
        apply_role: values.get("apply_role"),
    };
    match (&read.plan_role, &read.apply_role, &read.region) {
        (None, None, _) | (Some(_), Some(_), Some(_)) => {}
        (Some(_), Some(_), None) => {
            values.wrong(format!("{} has roles and no region", read.name), "say region = \"eu-west-1\"");
        }
        _ if values.errors.is_empty() => {
            let help = "give it both: a pull request must not be able to apply, so they are two";
            values.wrong(format!("{} has one role and not the other", read.name), help);
        }
        _ => {}
    }
    if values.errors.is_empty() { Ok(read) } else { Err(values.errors) }
}

#[cfg(test)]
mod tests {
    use crate::project::Project;
    use crate::project::fixture::{Tree, told};

    fn read(text: &str) -> Result<Project, String> {
        let tree = Tree::new(&[("slipway.hcl", text)]);
        let read = Project::read(&tree.path("slipway.hcl"), tree.options("plan"));
        read.map_err(|errors| told(&errors))
    }

    #[test]
    fn an_environment_has_its_folder_and_two_roles() {
        let project = read(
            r#"
            ci {
              drift = "17 5 * * 1-5"

              environment "dev" {
                region     = "eu-west-1"
                plan_role  = "arn:aws:iam::111111111111:role/plan"
                apply_role = "arn:aws:iam::111111111111:role/apply"
              }
              environment "prod" {
                path = "accounts/prod"
              }
            }
            "#,
        )
        .unwrap();
        let paths = project.ci.environments.iter().map(|one| one.path.as_str()).collect::<Vec<_>>();
        assert_eq!(paths, ["dev", "accounts/prod"]);
        assert_eq!(project.ci.units_per_job, 50);
    }

    #[test]
    fn what_would_mean_something_in_a_pipeline_is_refused_with_its_place() {
        for (text, told) in [
            ("runner = \"x ${\"$\"}{{ secrets.A }}\"", "is no label of a runner"),
            ("branch = \"main]\"", "is no branch"),
            ("drift = \"every day\"", "is no schedule"),
            ("units_per_job = 0", "units_per_job cannot be 0"),
            ("environment \"Dev\" {}", "\"Dev\" is no name"),
            ("environment \"dev\" {\n path = \"../x\"\n}", "is no folder of units"),
            ("environment \"dev\" {\n plan_role = \"arn:aws:iam::111111111111:role/a\"\n}", "one role"),
            ("environment \"dev\" {\n plan_role = \"admin\"\n}", "is no role of AWS"),
            ("environment \"dev\" {}\nenvironment \"dev\" {}", "stands here again"),
        ] {
            let error = read(&format!("ci {{\n{text}\n}}\n")).unwrap_err();
            assert!(error.contains(told) && error.contains("slipway.hcl:"), "{text}: {error}");
        }
    }
}
