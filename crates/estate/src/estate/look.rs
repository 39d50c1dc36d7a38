//! What can be said of every unit before anything runs: where its state is, as whom it runs, and which tool it asks for.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Estate, Graph, Unit, UnitIndex};
use crate::terragrunt::Reader;
use crate::terragrunt::config::UnitConfig;
use slipway_hcl::diagnostic::{Diagnostic, grouped};
use slipway_support::parallel;

/// One unit.
pub struct UnitLook {
    /// What it is called everywhere.
    pub name: String,
    /// Its configuration without inputs and what is generated; what rests on outputs is unknown in it.
    pub config: UnitConfig,
    /// What each `required_version` of its module says, where the module is on this machine, and of what it generates.
    pub required_versions: BTreeSet<String>,
}

/// An estate, as far as it is known before anything runs.
pub struct Look {
    /// The units under the folder that was walked that are not broken.
    pub units: Vec<UnitLook>,
    /// What is wrong, each mistake once.
    pub diagnostics: Vec<Diagnostic>,
}

impl Look {
    /// The configuration of the unit in a folder.
    pub fn config(&self, dir: &Path) -> Option<&UnitConfig> {
        self.units.iter().map(|unit| &unit.config).find(|config| config.dir == dir)
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }
}

/// Looks at the units of an estate, on all processors. What they depend on outside of it is not looked at.
pub fn look_over(estate: &Estate, reader: &Reader) -> Look {
    let counts = |unit: &Unit| !unit.external && !unit.template;
    let inside: Vec<UnitIndex> =
        estate.iter().filter(|(_, unit)| counts(unit)).map(|(index, _)| index).collect();
    let looked = parallel::map(&inside, |index| {
        let (checked, found) = reader.check(&estate.unit(*index).outline.file);
        let unit = checked.filter(|_| !found.iter().any(Diagnostic::is_error)).map(|checked| {
            let folder = estate.unit(*index).outline.module_dir();
            let folder = folder.or_else(|| checked.unit.source().is_none().then(|| checked.unit.dir.clone()));
            let mut required_versions = checked.generated.required_versions;
            required_versions
                .extend(folder.iter().flat_map(|folder| reader.module(folder).required_versions.clone()));
            UnitLook { name: estate.name(*index), config: outlined(checked.unit), required_versions }
        });
        (unit, found)
    });
    let mut diagnostics = estate.diagnostics.clone();
    diagnostics.extend(Graph::build(estate).err().into_iter().flatten());
    let mut units = Vec::new();
    for (unit, found) in looked {
        units.extend(unit);
        diagnostics.extend(found);
    }
    Look { units, diagnostics: grouped(diagnostics) }
}

/// What is kept of a unit: there may be thousands.
fn outlined(unit: UnitConfig) -> UnitConfig {
    UnitConfig {
        dir: unit.dir,
        file: unit.file,
        terraform: unit.terraform,
        remote_state: unit.remote_state,
        iam_role: unit.iam_role,
        iam_assume_role_duration: unit.iam_assume_role_duration,
        iam_assume_role_session_name: unit.iam_assume_role_session_name,
        iam_web_identity_token: unit.iam_web_identity_token,
        terraform_binary: unit.terraform_binary,
        terraform_version_constraint: unit.terraform_version_constraint,
        terragrunt_version_constraint: unit.terragrunt_version_constraint,
        ..UnitConfig::default()
    }
}
