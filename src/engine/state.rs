//! States read where they are kept, without a process: from S3, or from a local file.
//!
//! Asking the tool takes an `init` and an `output` for each dependency, which is what users of Terragrunt wait
//! for most. What cannot be read this way (another backend, another identity, a workspace, an encrypted state)
//! is left to the tool.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_s3::error::ProvideErrorMetadata;
use serde::Deserialize;

use super::other_state::folders_in_cache;
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
use super::ui::{Output, OutputsError, object_in, to_outputs};
use super::{EngineError, StateMark};
use crate::hcl::value::Value;
use crate::support::fs::{FileError, Obstacle, read_regular};
use crate::terragrunt::config::{RemoteState, UnitConfig};
use crate::terragrunt::outputs::Outputs;

/// What a state says, as far as others need it.
#[derive(Debug)]
pub struct State {
    /// The outputs, or which of them cannot be taken over.
    pub outputs: Result<Outputs, OutputsError>,
    /// Whether it holds any resource.
    pub has_resources: bool,
    /// Which one it is; none where there is none yet.
    pub mark: Option<StateMark>,
}

impl State {
    /// That of a unit that was never applied.
    fn none_yet() -> Self {
        Self { outputs: Ok(Outputs::new()), has_resources: false, mark: None }
    }

    /// Whether it tells of anything: a resource, or an output.
    pub fn holds_something(&self) -> bool {
        self.has_resources || self.outputs.as_ref().is_ok_and(|outputs| !outputs.is_empty())
    }

    /// Whether it is what became of another one.
    fn follows(&self, earlier: &Self) -> bool {
        self.is_no_older_than(earlier) && self.mark != earlier.mark
    }

    /// Whether it is another one, or what became of it.
    pub fn is_no_older_than(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.mark, &other.mark) else { return false };
        own.lineage == other.lineage && own.serial >= other.serial
    }
}

/// The file format, version 4; it has not changed since Terraform 0.12.
#[derive(Deserialize)]
struct StateFile {
    version: u64,
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    instances: Vec<serde::de::IgnoredAny>,
}

/// The outputs in a unit's state where that is a file on this machine; `None` where it is none, or not to be read.
///
/// A path that is not absolute counts from the folder that the unit is run in: by us that is `ours`; by Terragrunt one of its
/// cache, into which is copied what lies from the unit's own folder where it has no source. Of several states of one line the newest counts,
/// else the first.
pub fn local_outputs(config: &UnitConfig, ours: &Path) -> Option<Result<Outputs, OutputsError>> {
    let remote_state = config.remote_state.as_ref();
    if remote_state.is_some_and(|state| state.backend != "local" || state.encryption.is_some()) {
        return None;
    }
    let written = remote_state.and_then(|state| state.config.get("path")).and_then(Value::as_str);
    let path = Path::new(written.unwrap_or("terraform.tfstate"));
    let beside = config.source().is_none().then(|| config.dir.clone());
    let mut newest: Option<State> = None;
    for file in std::iter::once(ours.to_owned())
        .chain(folders_in_cache(config))
        .chain(beside)
        .map(|folder| folder.join(path))
    {
        let text = match read_regular(&file) {
            Ok(text) => text,
            // What cannot be read for another reason is the tool's to tell, if it comes to that.
            Err(error) if Obstacle::of(&error).is_some() => {
                let error = FileError::on("read", &file)(error);
                return Some(Err(OutputsError::Unreadable(error.to_string())));
            }
            Err(_) => continue,
        };
        let Some(state) = parse(&text) else { continue };
        if newest.as_ref().is_none_or(|newest| state.follows(newest)) {
            newest = Some(state);
        }
    }
    newest.map(|state| state.outputs)
}

/// Whether two files hold the same resources and outputs.
pub fn are_alike(one: &Path, other: &Path) -> bool {
    let read = |file: &Path| serde_json::from_slice::<serde_json::Value>(&read_regular(file).ok()?).ok();
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    ["resources", "outputs"].iter().all(|part| one.get(part) == other.get(part))
}

/// The state in a file; none where there is none, or it is not one that we can read.
pub fn in_file(file: &Path) -> Option<State> {
    parse(&read_regular(file).ok()?)
}

/// Reads the state of a unit; `None` where only the tool can.
///
/// It is read as the unit's role, where the unit has one.
pub async fn read(
    config: &UnitConfig,
    clients: &S3Clients,
    roles: &Roles,
) -> Result<Option<State>, EngineError> {
    let identity = roles.credentials(config).await?;
    let Some(remote_state) = &config.remote_state else { return Ok(None) };
    if only_the_tool_knows(config, remote_state) {
        return Ok(None);
    }
    let text = match remote_state.backend.as_str() {
        "s3" => match S3Backend::of(remote_state) {
            Some(backend) => object(&backend.acting_as(identity.as_ref()), clients).await?,
            None => return Ok(None),
        },
        "local" => match local(remote_state)? {
            Some(text) => text,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    // A unit that was never applied has no state at all.
    Ok(if text.is_empty() { Some(State::none_yet()) } else { parse(&text) })
}

/// Whether something besides `remote_state` has a say in which state it is, or in who reads it: the environment, what
/// extra arguments add to it, or hooks. Then it is the tool that is asked, as with `disable_dependency_optimization`.
fn only_the_tool_knows(config: &UnitConfig, remote_state: &RemoteState) -> bool {
    let of_caller = ["TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_ARGS", "TF_CLI_ARGS_init", "TF_CLI_ARGS_output"];
    if remote_state.disable_dependency_optimization
        || remote_state.encryption.is_some()
        || of_caller.iter().any(|name| std::env::var_os(name).is_some())
    {
        return true;
    }
    let Some(terraform) = &config.terraform else { return false };
    let chooses = |variable: &String| {
        ["TF_WORKSPACE", "TF_DATA_DIR", "TF_ENCRYPTION"].contains(&variable.as_str())
            || ["TF_CLI_ARGS", "AWS_"].iter().any(|start| variable.starts_with(start))
    };
    let places = |argument: &String| {
        let argument = argument.trim_start_matches('-');
        ["state", "backend-config", "chdir"].iter().any(|name| {
            argument.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    let of_arguments = terraform
        .extra_arguments
        .iter()
        .any(|extra| extra.env_vars.keys().any(chooses) || extra.arguments.iter().any(places));
    of_arguments || terraform.programs().flatten().any(|word| word.contains("workspace"))
}

async fn object(backend: &S3Backend, clients: &S3Clients) -> Result<Vec<u8>, EngineError> {
    let client = clients.client(backend).await;
    let request = client.get_object().bucket(&backend.bucket).set_key(backend.key.clone());
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            let service = error.as_service_error();
            if service.is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key) {
                return Ok(Vec::new());
            }
            if service.and_then(ProvideErrorMetadata::code) == Some("NoSuchBucket") {
                return Err(EngineError::BucketMissing { bucket: backend.bucket.clone() });
            }
            return Err(backend.refused(&error));
        }
    };
    let body = answer.body.collect().await.map_err(|error| EngineError::Answer {
        command: format!("reading the state from {}", backend.bucket),
        cause: error.to_string(),
    })?;
    Ok(body.into_bytes().into())
}

fn local(remote_state: &RemoteState) -> Result<Option<Vec<u8>>, EngineError> {
    let path = remote_state.config.get("path").and_then(Value::as_str).map(Path::new);
    // A relative path counts from the module's folder, which is the engine's to know.
    let Some(path) = path.filter(|path| path.is_absolute()) else { return Ok(None) };
    match read_regular(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Some(Vec::new())),
        Err(error) => Err(FileError::on("read", path)(error).into()),
    }
}

/// Which state it is that the tool shows; none where it shows nothing.
pub fn mark_of(answer: &str, command: &str) -> Result<Option<StateMark>, EngineError> {
    let text = object_in(answer);
    if text.is_empty() {
        return Ok(None);
    }
    // What was expected and is not there could be a secret: the place has to do.
    let mark: StateMark = serde_json::from_str(text).map_err(|error| EngineError::Answer {
        command: command.to_owned(),
        cause: format!("line {}, column {}", error.line(), error.column()),
    })?;
    Ok(Some(mark))
}

/// `None` for a state of another version, or one that is encrypted.
fn parse(text: &[u8]) -> Option<State> {
    let file: StateFile = serde_json::from_slice(text).ok()?;
    let managed = |resource: &Resource| resource.mode == "managed" && !resource.instances.is_empty();
    (file.version == 4).then(|| State {
        has_resources: file.resources.iter().any(managed),
        mark: Some(StateMark { lineage: file.lineage, serial: file.serial }),
        outputs: to_outputs(file.outputs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_and_resources_are_read_from_a_state() {
        let text = br#"{"version":4,"serial":7,"lineage":"abc","outputs":{"id":{"value":"vpc-1","type":"string"},"key":{"value":"s","type":"string","sensitive":true}},
            "resources":[{"mode":"data","instances":[{}]},{"mode":"managed","instances":[{}]}]}"#;
        let state = parse(text).unwrap();
        assert!(state.has_resources);
        assert_eq!(state.mark, Some(StateMark { lineage: "abc".to_owned(), serial: 7 }));
        let outputs = state.outputs.unwrap();
        assert_eq!(outputs.get("id"), Some(&Value::string("vpc-1")));
        assert!(matches!(outputs.get("key"), Some(Value::Sensitive(_))));
    }

    #[test]
    fn numbers_are_exact_or_refused_by_the_name_of_their_output() {
        let state = |number: &str| {
            let text = format!(
                r#"{{"version":4,"serial":7,"outputs":{{"a":{{"value":1}},"big":{{"value":[{{"n":{number}}}],"sensitive":true}}}}}}"#
            );
            parse(text.as_bytes()).unwrap()
        };
        let exact = [
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-0.1234567890123456789012345678901", "-0.1234567890123456789012345678901"),
            ("-0", "-0"),
            ("1E+400", &format!("1{}", "0".repeat(400))),
            ("1e-7", "0.0000001"),
        ];
        for (written, expected) in exact {
            let outputs = state(written).outputs.unwrap();
            let Some(Value::Sensitive(big)) = outputs.get("big") else { panic!("{outputs:?}") };
            let Some(Value::Number(number)) = big.as_elements().and_then(|all| all[0].get("n")) else {
                panic!("{big:?}")
            };
            assert_eq!(number.to_string(), expected);
        }
        for written in
            ["1e999999999", "-1e999999999", "1e-999999999", "1e99999999999999999999", &"7".repeat(30_000)]
        {
            let state = state(written);
            let error = state.outputs.unwrap_err().to_string();
            assert!(
                error.starts_with("the output \"big\" holds a number of more than 20000 digits"),
                "{error}"
            );
            assert!(state.mark.is_some(), "what else it says can be read");
        }
    }

    #[test]
    fn data_alone_is_no_resource_and_what_is_encrypted_is_left_to_the_tool() {
        assert!(
            !parse(br#"{"version":4,"resources":[{"mode":"data","instances":[{}]}]}"#).unwrap().has_resources
        );
        assert!(parse(br#"{"serial":1,"meta":{},"encrypted_data":"x"}"#).is_none());
    }
}
