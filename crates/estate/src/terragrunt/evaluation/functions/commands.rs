//! Functions about the command that runs, and the environment it runs in.

use super::{Answer, count, list_of};
use crate::terragrunt::evaluation::scope::FileScope;
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;

pub(super) fn get_env(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_env", arguments, 1, 2)?;
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(CallError::new("get_env needs the name of a variable, this is an empty string"));
    }
    let options = scope.session.reader.options();
    let own = options.variables_of(scope.config_dir()).map_err(CallError::new)?;
    match (own.get(name).or_else(|| options.environment.get(name)), arguments.get(1)) {
        (Some(value), _) => Ok(Value::string(value)),
        (None, Some(default)) => Ok(Value::string(default)),
        (None, None) if options.boundary.is_some() => Ok(super::run::passed_over(scope)),
        (None, None) => Err(CallError::new(format!(
            "the environment variable {name} is not set; set it, or give a default: get_env(\"{name}\", \"…\")"
        ))),
    }
}

/// The system by Go's name for it.
pub(super) fn platform(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_platform", arguments, 0, 0)?;
    Ok(Value::string(match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }))
}

pub(super) fn terraform_command(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_command", arguments, 0, 0)?;
    Ok(Value::string(&scope.session.reader.options().terraform_command))
}

pub(super) fn terraform_cli_args(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_cli_args", arguments, 0, 0)?;
    Ok(list_of(&scope.session.reader.options().terraform_cli_args))
}

pub(super) fn source_cli_flag(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terragrunt_source_cli_flag", arguments, 0, 0)?;
    Ok(Value::string(scope.session.reader.options().source.as_deref().unwrap_or_default()))
}

pub(super) fn need_vars(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_commands_that_need_vars", arguments, 0, 0)?;
    Ok(list_of(["apply", "console", "destroy", "import", "plan", "push", "refresh"]))
}

pub(super) fn need_locking(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_commands_that_need_locking", arguments, 0, 0)?;
    Ok(list_of(["apply", "destroy", "import", "plan", "refresh", "taint", "untaint"]))
}

pub(super) fn need_input(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_commands_that_need_input", arguments, 0, 0)?;
    Ok(list_of(["apply", "import", "init", "plan", "refresh"]))
}

pub(super) fn need_parallelism(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terraform_commands_that_need_parallelism", arguments, 0, 0)?;
    Ok(list_of(["apply", "plan", "destroy"]))
}

pub(super) fn default_retryable_errors(_: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_default_retryable_errors", arguments, 0, 0)?;
    Ok(list_of(DEFAULT_RETRYABLE_ERRORS))
}

/// The errors that Terragrunt takes for passing ones; files append to this list, so it has to be the same.
pub const DEFAULT_RETRYABLE_ERRORS: &[&str] = &[
    r"(?s).*Failed to load state.*tcp.*timeout.*",
    r"(?s).*Failed to load backend.*TLS handshake timeout.*",
    r"(?s).*Creating metric alarm failed.*request to update this alarm is in progress.*",
    r"(?s).*Error installing provider.*TLS handshake timeout.*",
    r"(?s).*Error configuring the backend.*TLS handshake timeout.*",
    r"(?s).*Error installing provider.*tcp.*timeout.*",
    r"(?s).*Error installing provider.*tcp.*connection reset by peer.*",
    r"NoSuchBucket: The specified bucket does not exist",
    r"(?s).*Error creating SSM parameter: TooManyUpdates:.*",
    r"(?s).*app.terraform.io.*: 429 Too Many Requests.*",
    r"(?s).*ssh_exchange_identification.*Connection closed by remote host.*",
    r"(?s).*Client\.Timeout exceeded while awaiting headers.*",
    r"(?s).*Could not download module.*The requested URL returned error: 429.*",
    r"(?s).*net/http: TLS.*handshake timeout.*",
    r"(?s).*could not query provider registry.*context deadline exceeded.*",
    r"(?s).*provider.*TLS handshake timeout.*",
    r"(?s).*provider.*tcp.*timeout.*",
    r"(?s).*provider.*tcp.*connection reset by peer.*",
    r"(?s).*provider.*context deadline exceeded.*",
    r"(?s).*registry.*context deadline exceeded.*",
    r"(?s).*Failed to resolve provider.*timeout.*",
    r"(?s).*Failed to resolve provider.*connection reset by peer.*",
    r"(?s).*Failed to resolve provider.*context deadline exceeded.*",
    r"(?s).*could not connect to registry.*timeout.*",
    r"(?s).*could not connect to registry.*connection reset by peer.*",
    r"(?s).*could not connect to registry.*context deadline exceeded.*",
    r"(?s).*failed to request discovery document.*context deadline exceeded.*",
    r"(?s).*Failed to query available provider packages.*timeout.*",
    r"(?s).*Failed to query available provider packages.*connection reset by peer.*",
    r"(?s).*Failed to query available provider packages.*context deadline exceeded.*",
];
