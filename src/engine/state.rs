//! States read where they are kept, without a process: from S3, or from a local file.
//!
//! Asking the tool takes an `init` and an `output` for each dependency, which is what users of Terragrunt wait
//! for most. What cannot be read this way (another backend, another identity, a workspace, an encrypted state)
//! is left to the tool.

use std::path::Path;

use aws_sdk_s3::error::ProvideErrorMetadata;
use tracing::debug;

use super::other_state::folders_in_cache;
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
use super::{EngineError, StateMark};
use crate::hcl::value::Value;
use crate::support::fs::{FileError, Obstacle, read_regular};
use crate::terraform::outputs::{Outputs, OutputsError};
use crate::terraform::state::{State, mark_in, parse};
use crate::terragrunt::config::{RemoteState, UnitConfig};

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

/// Reads the state of a unit; `None` where only the tool can.
///
/// It is read as the unit's role, where the unit has one.
pub async fn read(
    config: &UnitConfig,
    clients: &S3Clients,
    roles: &Roles,
) -> Result<Option<State>, EngineError> {
    let unit = config.dir.display();
    let by_tool = |why: &str| {
        debug!(%unit, why, "only the tool can read its state");
        Ok(None)
    };
    let identity = roles.credentials(config).await?;
    let Some(remote_state) = &config.remote_state else { return by_tool("it has no remote_state") };
    if only_the_tool_knows(config, remote_state) {
        return by_tool(
            "its encryption, its arguments, its hooks or the environment have a say in which state it is",
        );
    }
    let text = match remote_state.backend.as_str() {
        "s3" => match S3Backend::of(remote_state) {
            Some(backend) => object(&backend.acting_as(identity.as_ref()), clients).await?,
            None => return by_tool("it is kept under another identity"),
        },
        "local" => match local(remote_state)? {
            Some(text) => text,
            None => return by_tool("its path counts from the folder that the tool runs in"),
        },
        _ => return by_tool("its backend is neither s3 nor local"),
    };
    debug!(%unit, backend = remote_state.backend, "its state is read where it is kept, without the tool");
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
    // What was expected and is not there could be a secret: the place has to do.
    mark_in(answer).map_err(|error| EngineError::Answer {
        command: command.to_owned(),
        cause: format!("line {}, column {}", error.line(), error.column()),
    })
}
