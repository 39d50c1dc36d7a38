//! A plan where its user wants it: `-out` in the extra arguments of `plan`, or in what the tool reads from its environment.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::extra_arguments::{TAKING_VALUES, extra_for, flag_of};
use crate::support::confined::{PRIVATE, Root};
use crate::support::fs::{FileError, read_regular};
use crate::support::paths::folder;
use crate::terragrunt::config::UnitConfig;

/// Where the tool reads arguments of `plan`, the one that comes before the other first.
const VARIABLES: &[&str] = &["TF_CLI_ARGS", "TF_CLI_ARGS_plan"];

/// Where the plan of a unit is wanted: a path that the tool sees from its working folder.
pub fn wanted(config: &UnitConfig) -> Option<PathBuf> {
    wanted_among(config, |name| std::env::var_os(name))
}

fn wanted_among(config: &UnitConfig, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let arguments = extra_for(config, "plan").flat_map(|extra| &extra.arguments);
    last_out(arguments.map(String::as_str)).or_else(|| {
        VARIABLES.iter().find_map(|name| {
            let set = extra_for(config, "plan").filter_map(|extra| extra.env_vars.get(*name)).last().cloned();
            let text = set.or_else(|| variable(name)?.into_string().ok())?;
            // The tool itself refuses what cannot be split.
            let words = shlex::split(&text)?;
            last_out(words.iter().map(String::as_str))
        })
    })
}

fn last_out<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Option<PathBuf> {
    let mut found = None;
    while let Some(argument) = arguments.next() {
        match flag_of(argument) {
            "out" => found = arguments.next().map(PathBuf::from).or(found),
            flag if TAKING_VALUES.contains(&flag) => drop(arguments.next()),
            flag => found = flag.strip_prefix("out=").map(PathBuf::from).or(found),
        }
    }
    found.filter(|file| !file.as_os_str().is_empty())
}

/// Brings a plan that the tool has written where its user wants it to where we keep it. A hook may want it after us.
pub fn take(written: &Path, file: &Path) -> Result<(), FileError> {
    // The run's own folder, reached by our own way.
    let content = read_regular(written).map_err(FileError::on("read", written))?;
    Root::at(folder(file))?.write(file, &content, PRIVATE)
}

/// The places that several units of a run may share: each is one unit's until its plan has been taken from there.
#[derive(Debug, Default)]
pub struct PlanPlaces(Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>);

/// A place is one unit's as long as this lives.
pub type Claim = tokio::sync::OwnedMutexGuard<()>;

impl PlanPlaces {
    /// Waits until the place is nobody else's. One in a unit's own working folder is nobody else's ever.
    pub async fn claim(&self, wanted: Option<&Path>) -> Option<Claim> {
        let wanted = wanted.filter(|wanted| wanted.is_absolute())?;
        let place = {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry(wanted.to_owned()).or_default())
        };
        Some(place.lock_owned().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::{ExtraArguments, Terraform};

    fn planned_with(arguments: &[&str], variables: &[(&str, &str)]) -> UnitConfig {
        let text = |text: &str| text.to_owned();
        let extra_arguments = ExtraArguments {
            commands: vec!["plan".to_owned()],
            arguments: arguments.iter().copied().map(text).collect(),
            env_vars: variables.iter().map(|(name, value)| (text(name), text(value))).collect(),
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra_arguments], ..Terraform::default() };
        UnitConfig { terraform: Some(terraform), ..UnitConfig::default() }
    }

    #[test]
    fn the_last_place_that_is_wanted_counts_however_it_is_written() {
        let file = |arguments: &[&str]| wanted_among(&planned_with(arguments, &[]), |_| None);
        assert_eq!(file(&["-out=a", "-lock-timeout=5s"]), Some("a".into()));
        assert_eq!(file(&["-out", "a", "--out=/b/c"]), Some("/b/c".into()));
        assert_eq!(file(&["-var", "-out=a", "-target", "out"]), None, "these are values");
        assert_eq!(file(&["-outer=a", "-generate-config-out=b"]), None);
    }

    #[test]
    fn arguments_come_before_the_environment_and_what_a_unit_sets_there_before_what_is_there() {
        let environment = |name: &str| match name {
            "TF_CLI_ARGS_plan" => Some("-parallelism=3 -out 'a b'".into()),
            _ => None,
        };
        let file = |arguments: &[&str], variables: &[(&str, &str)]| {
            wanted_among(&planned_with(arguments, variables), environment)
        };
        assert_eq!(file(&[], &[]), Some("a b".into()));
        assert_eq!(file(&["-out=mine"], &[]), Some("mine".into()));
        assert_eq!(file(&[], &[("TF_CLI_ARGS_plan", "-out=c")]), Some("c".into()));
        assert_eq!(file(&[], &[("TF_CLI_ARGS_plan", "")]), None);
        assert_eq!(file(&[], &[("TF_CLI_ARGS", "-out=d")]), Some("d".into()), "the tool has it last");
        assert_eq!(file(&[], &[("TF_CLI_ARGS_plan", "-out='")]), None, "it is the tool's to refuse");
    }
}
