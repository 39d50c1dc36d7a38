//! Providers that are started once a run and serve all units with the same configuration, see [`slipway_providers`].
//!
//! The tool is told of them by a variable. It is not, and starts its own as always, where somebody else has told it of some
//! (developers of providers do), where somebody wants to read what they log, and where a provider is not what the unit's
//! lock file says.
//!
//! They are kept by a process of this same program that goes on where we are killed, see [`keep_providers`].

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_providers::{Keeper, ProviderError, Served, Wanted, keep};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::OnceCell;
use tracing::debug;

use super::installed::{Digests, Installed, providers};
use crate::engine::EngineError;
use crate::support::environment::is_withheld;
use crate::support::fs::read_text;
use crate::support::otlp::trace_context::VARIABLE as TRACEPARENT;
use crate::support::process::CommandLine;

/// The one argument by which this program keeps providers; it is no command of anybody's.
pub const KEEPING: &str = "--keep-providers-of-a-run";
/// Variables that say that the tool is to start its providers itself.
const OF_OTHERS: &[&str] = &["TF_REATTACH_PROVIDERS", "TF_LOG", "TF_LOG_PROVIDER", "TF_DATA_DIR"];
/// What a unit is given to plan with, which providers are told by the tool.
const INPUTS: &str = "TF_VAR_";

/// The providers of a run.
#[derive(Debug)]
pub struct SharedProviders {
    is_wanted: bool,
    digests: Arc<Digests>,
    keeper: OnceCell<Option<Keeper>>,
}

impl SharedProviders {
    /// None is started yet, and none at all where that is not wanted.
    pub fn new(is_wanted: bool) -> Self {
        Self { is_wanted, digests: Arc::default(), keeper: OnceCell::new() }
    }

    /// Whether anybody is to be served.
    pub fn are_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Serves a command of the unit `unit`, which runs in `dir` and can meet no other `types` where any are named, with providers that
    /// others use as well; without where that cannot be.
    pub async fn serve(
        &self,
        unit: &str,
        dir: &Path,
        command: &CommandLine,
        types: Option<BTreeSet<String>>,
    ) -> Option<Served> {
        if let Some(why) = is_for_others(command) {
            debug!(unit, why, "providers are the tool's own");
            return None;
        }
        let (digests, folder) = (Arc::clone(&self.digests), dir.to_owned());
        let found = tokio::task::spawn_blocking(move || providers(&folder, &digests)).await.ok().flatten();
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            debug!(
                unit,
                "providers are the tool's own: not all are as its lock file says, or there are none"
            );
            return None;
        };
        let environment = environment(command);
        let wanted = |Installed { source, program, digest }| Wanted {
            source,
            program,
            identity: digest,
            environment: environment.clone(),
            dir: dir.to_owned(),
            types: types.clone(),
        };
        // Where it cannot be started or does not serve, the tool will start its own, and say what is wrong with them in its own words.
        let told =
            |error: ProviderError| debug!(unit, error = error.to_string(), "providers are the tool's own");
        let keeper = self
            .keeper
            .get_or_init(|| async { Keeper::start(&[KEEPING], |text| debug!("{text}")).map_err(told).ok() });
        let served = keeper.await.as_ref()?.serve(found.into_iter().map(wanted).collect()).await;
        served.map_err(told).ok()
    }
}

/// Keeps providers for the `slipway` that has started this one, by its standard input and output.
pub async fn keep_providers() -> Result<(), ProviderError> {
    let orders = Receiver::from_owned_fd(std::io::stdin().as_fd().try_clone_to_owned()?)?;
    let answers = Sender::from_owned_fd(std::io::stdout().as_fd().try_clone_to_owned()?)?;
    keep(orders, answers).await
}

/// Whether a command may have failed since it was told of fewer types than it has met. Both tools say that there is no schema for it,
/// or that its provider does not support it.
pub fn may_miss_a_type(error: &EngineError) -> bool {
    let EngineError::Failed { said, .. } = error else { return false };
    let said = said.errors().to_lowercase();
    ["schema", "support"].iter().any(|word| said.contains(word))
}

/// Why the tool is to start its providers itself, where that is so.
fn is_for_others(command: &CommandLine) -> Option<&'static str> {
    let is_set = |name: &&str| {
        std::env::var_os(name).is_some_and(|value| !value.is_empty())
            || command.environment.iter().any(|(given, value)| given == OsStr::new(name) && !value.is_empty())
    };
    if OF_OTHERS.iter().any(is_set) {
        return Some("a variable says so");
    }
    let named = command.environment.iter().rev().find(|(name, _)| name == "TF_CLI_CONFIG_FILE");
    let named = named.map(|(_, value)| value.clone()).or_else(|| std::env::var_os("TF_CLI_CONFIG_FILE"));
    let overrides = |file: &PathBuf| read_text(file).is_ok_and(|text| text.contains("dev_overrides"));
    configurations(named).iter().any(overrides).then_some("somebody develops a provider")
}

/// The files that configure the tools.
fn configurations(named: Option<OsString>) -> Vec<PathBuf> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    let Some(home) = std::env::home_dir() else { return Vec::new() };
    let mut files: Vec<PathBuf> = [".terraformrc", ".tofurc"].iter().map(|name| home.join(name)).collect();
    let settings = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    files.push(settings.join("opentofu/tofurc"));
    for folder in [home.join(".terraform.d"), settings.join("opentofu")] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        files.extend(entries.filter(|file| {
            file.to_str().is_some_and(|file| file.ends_with("rc") || file.ends_with("rc.json"))
        }));
    }
    files
}

/// What a provider may see: what its tool sees, but for the unit's inputs.
fn environment(command: &CommandLine) -> Vec<(OsString, OsString)> {
    let is_input = |name: &OsStr| name.as_encoded_bytes().starts_with(INPUTS.as_bytes());
    let ours = std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(is_withheld));
    let mut environment: Vec<(OsString, OsString)> = ours.collect();
    for (name, value) in &command.environment {
        environment.retain(|(known, _)| known != name);
        environment.push((name.clone(), value.clone()));
    }
    // A provider that units share is part of no unit's span.
    environment.retain(|(name, _)| !is_input(name) && name != TRACEPARENT);
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> CommandLine {
        CommandLine::new("tofu", "/")
    }

    #[test]
    fn a_provider_sees_what_its_tool_sees_but_not_the_inputs_of_a_unit() {
        let seen = environment(
            &command()
                .env("AWS_PROFILE", "dev")
                .env("TF_VAR_size", "3")
                .env("PATH", "/x")
                .env(TRACEPARENT, "00-1"),
        );
        assert!(!seen.iter().any(|(name, _)| name == TRACEPARENT));
        let of = |name: &str| {
            let found = seen.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
            found.collect::<Vec<_>>()
        };
        assert_eq!(of("AWS_PROFILE"), ["dev"]);
        assert_eq!(of("PATH"), ["/x"], "what is said for the command goes before ours");
        assert!(of("TF_VAR_size").is_empty());
    }

    #[test]
    fn whoever_names_providers_develops_some_or_reads_their_logs_gets_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let configured = |text: &str| {
            std::fs::write(dir.path().join("rc"), text).unwrap();
            command().env("TF_CLI_CONFIG_FILE", dir.path().join("rc"))
        };
        let plain = configured("provider_installation {\n  direct {}\n}\n");
        assert_eq!(is_for_others(&plain), None);
        for name in OF_OTHERS {
            assert!(is_for_others(&plain.clone().env(*name, "x")).is_some(), "{name}");
        }
        assert!(is_for_others(&configured("provider_installation {\n  dev_overrides {}\n}\n")).is_some());
    }
}
