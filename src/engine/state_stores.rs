//! The places where the units of an estate keep their states, each once, and whether they can be used: for whoever looks
//! before a run does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{AccessFlags, access};

use super::lock_table::LockTable;
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
use super::{EngineError, state, state_bucket};
use crate::cluster::patience::Patience;
use crate::hcl::value::Value;
use crate::support::fs::{FileError, Obstacle};
use crate::terragrunt::config::{RemoteState, UnitConfig};
use crate::terragrunt::outputs::Outputs;

/// A place where states are kept, or what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorePlace {
    /// A bucket in S3.
    Bucket(OfAws),
    /// A table in `DynamoDB` by which states in S3 are locked.
    LockTable(OfAws),
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket that a backend uses as somebody else, who only the tool can be.
    AsSomebodyElse {
        /// Its name, where it is known.
        bucket: Option<String>,
        /// The setting that says as whom.
        setting: &'static str,
    },
    /// A backend that only the tool can ask.
    Backend(String),
    /// Where the module says, else in the folder that the unit is run in: there is no `remote_state`, or it names no
    /// place beyond that folder.
    ByModule,
    /// It rests on outputs, or on what was not asked.
    Unknown,
}

/// Something of AWS's, with the way to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OfAws {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The ARN of the role as which it is used, where that is not whoever runs us.
    pub role: Option<String>,
    endpoint: Option<String>,
    profile: Option<String>,
}

impl OfAws {
    /// Whether it is kept by AWS itself, and not by somebody who answers in its place.
    pub fn is_of_aws(&self) -> bool {
        self.endpoint.is_none()
    }
}

/// A place, and how many units use it.
#[derive(Clone, Debug)]
pub struct StateStore {
    /// Where.
    pub place: StorePlace,
    /// How many.
    pub units: usize,
    /// One of them: all of them come to it on the same way.
    of: Arc<UnitConfig>,
}

/// The places of units, in an order that is always the same.
pub fn state_stores<'u>(units: impl IntoIterator<Item = &'u UnitConfig>) -> Vec<StateStore> {
    let mut stores: BTreeMap<StorePlace, StateStore> = BTreeMap::new();
    for config in units {
        for place in places_of(config) {
            let store = stores.entry(place.clone());
            let new = || StateStore { place, units: 0, of: Arc::new(config.clone()) };
            store.or_insert_with(new).units += 1;
        }
    }
    stores.into_values().collect()
}

fn places_of(config: &UnitConfig) -> Vec<StorePlace> {
    let Some(state) = &config.remote_state else { return vec![StorePlace::ByModule] };
    let text = |name: &str| state.config.get(name).and_then(Value::as_str);
    match state.backend.as_str() {
        "" => vec![StorePlace::Unknown],
        "s3" => in_s3(config, state),
        "local" => {
            let path = state.config.get("path");
            match (path, text("path").map(Path::new)) {
                (_, Some(path)) if path.is_absolute() => {
                    vec![StorePlace::Folder(path.parent().unwrap_or(path).to_path_buf())]
                }
                (Some(Value::Unknown), None) => vec![StorePlace::Unknown],
                _ => vec![StorePlace::ByModule],
            }
        }
        other => vec![StorePlace::Backend(other.to_owned())],
    }
}

fn in_s3(config: &UnitConfig, state: &RemoteState) -> Vec<StorePlace> {
    if let Some(setting) = S3Backend::other_identity(state) {
        let bucket = state.config.get("bucket").and_then(Value::as_str).map(str::to_owned);
        return vec![StorePlace::AsSomebodyElse { bucket, setting }];
    }
    let Some(backend) = S3Backend::of(state) else { return vec![StorePlace::Unknown] };
    let (endpoint, profile) = backend.way();
    let of_aws = |name: String| OfAws {
        name,
        region: backend.region.clone(),
        role: Roles::arn(config),
        endpoint: endpoint.map(str::to_owned),
        profile: profile.map(str::to_owned),
    };
    let table = LockTable::of(state).map(|table| StorePlace::LockTable(of_aws(table.name)));
    std::iter::once(StorePlace::Bucket(of_aws(backend.bucket.clone()))).chain(table).collect()
}

/// Asks for states and their places without a tool, and without much patience.
#[derive(Debug)]
pub struct StateLook(S3Clients);

impl Default for StateLook {
    fn default() -> Self {
        Self(S3Clients::with_patience(Patience::Look))
    }
}

/// For each question by themselves: those of a run are assumed one after another, and one that does not answer would keep
/// the others waiting.
fn roles() -> Roles {
    Roles::with_patience(Patience::Look)
}

impl StateLook {
    /// Whether a place can be used, by one request, as its units would use it; what only the tool can ask is not asked.
    /// A folder that is not there can be, where it can be made.
    pub async fn at(&self, store: &StateStore) -> Result<(), EngineError> {
        let Some(state) = &store.of.remote_state else { return Ok(()) };
        match &store.place {
            StorePlace::Bucket(_) => {
                let identity = roles().credentials(&store.of).await?;
                let Some(backend) = S3Backend::of(state) else { return Ok(()) };
                state_bucket::look(&backend.acting_as(identity.as_ref()), &self.0).await
            }
            StorePlace::LockTable(_) => {
                let identity = roles().credentials(&store.of).await?;
                let Some(mut table) = LockTable::of(state) else { return Ok(()) };
                table.backend = table.backend.acting_as(identity.as_ref());
                table.look(Patience::Look).await
            }
            StorePlace::Folder(folder) => Ok(can_be_written(folder)?),
            StorePlace::AsSomebodyElse { .. }
            | StorePlace::Backend(_)
            | StorePlace::ByModule
            | StorePlace::Unknown => Ok(()),
        }
    }

    /// The outputs of a unit, from its state where that can be read without the tool; empty where the unit was never
    /// applied, none where only the tool can say. `runs_in` is the folder that the native engine runs it in.
    pub async fn outputs(&self, config: &UnitConfig, runs_in: &Path) -> Result<Option<Outputs>, EngineError> {
        if let Some(state) = state::read(config, &self.0, &roles()).await? {
            return Ok(Some(state.outputs?));
        }
        let never_applied = config.remote_state.as_ref().filter(|state| state.backend == "local");
        let never_applied = never_applied.filter(|state| state.encryption.is_none()).map(|_| Outputs::new());
        Ok(state::local_outputs(config, runs_in).transpose()?.or(never_applied))
    }
}

/// Whether files can be made in a folder, or the folder in the one above it.
fn can_be_written(folder: &Path) -> Result<(), FileError> {
    let there = folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(folder);
    let write = || {
        if !std::fs::metadata(there)?.is_dir() {
            return Err(Obstacle::NotAFolder(there.to_owned()).into());
        }
        Ok(access(there, AccessFlags::W_OK | AccessFlags::X_OK)?)
    };
    write().map_err(FileError::on("write", there))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(backend: &str, config: &[(&str, Value)]) -> UnitConfig {
        let fields = config.iter().map(|(name, value)| (*name, value.clone()));
        UnitConfig {
            remote_state: Some(RemoteState {
                backend: backend.to_owned(),
                config: Value::object(fields),
                generate: None,
                disable_init: false,
                disable_dependency_optimization: false,
                encryption: None,
            }),
            ..UnitConfig::default()
        }
    }

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    #[test]
    fn each_place_is_there_once_with_the_number_of_its_units() {
        let in_bucket = |key: &str| unit("s3", &[("bucket", text("b")), ("key", text(key))]);
        let locked = unit("s3", &[("bucket", text("b")), ("dynamodb_table", text("locks"))]);
        let units = [
            in_bucket("a"),
            in_bucket("b"),
            locked,
            unit("local", &[("path", text("/states/a.tfstate"))]),
            unit("local", &[("path", text("/states/b.tfstate"))]),
            unit("gcs", &[("bucket", text("b"))]),
            UnitConfig::default(),
        ];
        let stores = state_stores(&units);
        let told: Vec<(String, usize)> = stores
            .iter()
            .map(|store| {
                let place = match &store.place {
                    StorePlace::Bucket(bucket) => format!("bucket {}", bucket.name),
                    StorePlace::LockTable(table) => format!("table {}", table.name),
                    StorePlace::Folder(folder) => format!("folder {}", folder.display()),
                    other => format!("{other:?}"),
                };
                (place, store.units)
            })
            .collect();
        let expected = [
            ("bucket b", 3),
            ("table locks", 1),
            ("folder /states", 2),
            ("Backend(\"gcs\")", 1),
            ("ByModule", 1),
        ];
        assert_eq!(told, expected.map(|(place, units)| (place.to_owned(), units)));
    }

    #[test]
    fn what_cannot_be_known_or_asked_is_told_apart() {
        let places = |unit: &UnitConfig| places_of(unit);
        let role = unit("s3", &[("bucket", text("b")), ("role_arn", text("arn"))]);
        let other = StorePlace::AsSomebodyElse { bucket: Some("b".to_owned()), setting: "role_arn" };
        assert_eq!(places(&role), [other]);
        assert_eq!(places(&unit("s3", &[("bucket", Value::Unknown)])), [StorePlace::Unknown]);
        assert_eq!(places(&unit("local", &[("path", Value::Unknown)])), [StorePlace::Unknown]);
        assert_eq!(places(&unit("local", &[("path", text("x.tfstate"))])), [StorePlace::ByModule]);
        let as_role = UnitConfig {
            iam_role: Some("arn:r".to_owned()),
            ..unit("s3", &[("bucket", text("b")), ("key", text("k"))])
        };
        let as_oneself = unit("s3", &[("bucket", text("b")), ("key", text("k"))]);
        assert_eq!(state_stores([&as_role, &as_oneself]).len(), 2, "another way to the same bucket");
    }

    #[test]
    fn a_folder_that_is_not_there_can_be_written_where_it_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(can_be_written(&dir.path().join("a/b")).is_ok());
        std::fs::write(dir.path().join("file"), "").unwrap();
        let error = can_be_written(&dir.path().join("file/a")).unwrap_err().to_string();
        assert!(error.contains("not a folder"), "{error}");
    }
}
