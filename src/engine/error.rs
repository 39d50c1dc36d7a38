//! What can go wrong with one unit, and the way out.

use std::path::PathBuf;

use super::keeper::Keeper;
use super::said::Said;
use super::source::SourceError;
use crate::support::fs::FileError;
use crate::support::path_text;
use crate::support::process::ProcessError;
use crate::terraform::outputs::OutputsError;

/// How to choose between two states of one unit.
const FIND_OUT: &str = "find out by `state list -state=FILE` of the tool which one tells of what is there";

/// Why an engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A process could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The tool said no.
    #[error("{command} failed: {cause}")]
    Failed {
        /// What was run, such as `terraform plan`.
        command: String,
        /// The tool's own words, the first error only.
        cause: String,
        /// The way out, where the error is a known one.
        advice: Option<String>,
        /// All that it said.
        said: Box<Said>,
    },
    /// The tool said no, and the unit's configuration says that this is no failure.
    #[error("{command} failed, which is ignored{}", because(.rule, .message.as_deref()))]
    Ignored {
        /// What was run.
        command: String,
        /// The label of the `ignore` block.
        rule: String,
        /// What the block says.
        message: Option<String>,
    },
    /// The unit's role could not be assumed.
    #[error("the role {role} could not be assumed: {cause}")]
    Role {
        /// Its ARN.
        role: String,
        /// Why.
        cause: String,
    },
    /// The auth-provider-cmd did not say who a unit's commands are.
    #[error("the auth-provider-cmd {command} did not say who {} is: {cause}", path_text::shown(unit))]
    AuthProvider {
        /// The program as it is named, without arguments.
        command: String,
        /// The unit's folder.
        unit: PathBuf,
        /// Why.
        cause: String,
    },
    /// It was stopped because a person asked.
    #[error("{command} was interrupted")]
    Interrupted {
        /// What was running.
        command: String,
    },
    /// An earlier version has left a state of which it is not certain whose it is.
    #[error("{unit} may have its state in {}, where an earlier version kept it", .state.display())]
    EarlierState {
        /// The unit.
        unit: String,
        /// The state.
        state: PathBuf,
        /// The unit's work folder of today.
        folder: PathBuf,
        /// All that the earlier version has left.
        old: PathBuf,
    },
    /// The other engine has kept a state, where this one does not look.
    #[error("{unit} has {} in {}, where {other} keeps it", if *.is_there { "another state" } else { "its state" }, .found.display())]
    OtherState {
        /// The unit.
        unit: String,
        /// Who keeps it there.
        other: Keeper,
        /// The state.
        found: PathBuf,
        /// Where the one of this engine is, or would be.
        used: PathBuf,
        /// Whether there is one of this engine as well.
        is_there: bool,
    },
    /// A state lies in the unit's own folder, from the tool itself, and is not what the one in use has come from.
    #[error("{unit} has two states: {} beside it, and {}", .beside.display(), .used.display())]
    StateBeside {
        /// The unit.
        unit: String,
        /// The one in its folder.
        beside: PathBuf,
        /// The one that is worked on.
        used: PathBuf,
        /// Whether a run would copy the first over the second.
        is_copied: bool,
    },
    /// Terragrunt takes out of its cache what it once copied there and finds beside the unit no longer: here the unit's state.
    #[error("{unit} has its state in {}, which Terragrunt would remove, as {} is gone", .used.display(), .beside.display())]
    StateTaken {
        /// The unit.
        unit: String,
        /// The state.
        used: PathBuf,
        /// Where it was copied from, at first.
        beside: PathBuf,
    },
    /// Neither tool is there.
    #[error("neither tofu nor terraform is on PATH")]
    NoTool,
    /// The tool that was named does not work.
    #[error("{program} does not answer `version`: {cause}")]
    BadTool {
        /// The program.
        program: String,
        /// Why.
        cause: String,
    },
    /// Terragrunt is asked for and not there.
    #[error("terragrunt is not on PATH")]
    NoTerragrunt,
    /// Terragrunt is too old to be driven.
    #[error("terragrunt {version} cannot be driven, {needed} or newer is needed")]
    OldTerragrunt {
        /// The version found.
        version: String,
        /// The oldest that works.
        needed: String,
    },
    /// Terragrunt is newer than anything that is known of it.
    #[error("terragrunt {version} cannot be driven, it has to be older than {known}")]
    NewTerragrunt {
        /// The version found.
        version: String,
        /// The first that is not known.
        known: String,
    },
    /// What is called Terragrunt does not answer as Terragrunt does.
    #[error("{program} does not answer `--version` as Terragrunt does: {cause}")]
    BadTerragrunt {
        /// The program.
        program: String,
        /// Why.
        cause: String,
    },
    /// A version constraint of the unit does not hold.
    #[error("{tool} {version} does not satisfy {constraint}")]
    Constraint {
        /// The tool.
        tool: String,
        /// The version found.
        version: String,
        /// What the unit asks for.
        constraint: String,
    },
    /// The unit wants another Terragrunt than the one whose meaning the native engine gives to files.
    #[error("files are read as Terragrunt {version} reads them, which does not satisfy {constraint}")]
    Dialect {
        /// That Terragrunt's version.
        version: &'static str,
        /// What the unit asks for.
        constraint: String,
    },
    /// A version constraint is none.
    #[error("{attribute} is no version constraint: {text:?}")]
    BadConstraint {
        /// The attribute of the unit.
        attribute: &'static str,
        /// What it says.
        text: String,
    },
    /// The module could not be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The unit uses something that only Terragrunt itself can do.
    #[error("{what} is not supported by the native engine")]
    Unsupported {
        /// The block or attribute.
        what: &'static str,
    },
    /// An input that no variable holds, and that may rest in no file.
    #[error(
        "the input \"{name}\" is a secret of {bytes} bytes: the system takes 120 KiB of a variable, and it is not put into a file"
    )]
    InputTooLong {
        /// The input.
        name: String,
        /// Its length.
        bytes: usize,
    },
    /// Values that are not known before another unit is applied cannot be given to the module.
    #[error("the module cannot be planned with inputs that are not known yet: {why}")]
    Unopened {
        /// Why.
        why: String,
    },
    /// A file to be generated is there already.
    #[error("{path} exists already and its generate block says {policy}")]
    FileExists {
        /// The file.
        path: PathBuf,
        /// `if_exists = …`.
        policy: &'static str,
    },
    /// The bucket for the state is not there.
    #[error("the state bucket {bucket} does not exist")]
    BucketMissing {
        /// The bucket.
        bucket: String,
    },
    /// The service that keeps the state cannot be used.
    #[error("the state bucket {bucket} cannot be used: {cause}")]
    Bucket {
        /// The bucket.
        bucket: String,
        /// Why.
        cause: String,
        /// The way out.
        advice: String,
    },
    /// The table for the state's locks is not there.
    #[error("the lock table {table} does not exist")]
    TableMissing {
        /// The table.
        table: String,
    },
    /// The table for the state's locks cannot be used.
    #[error("the lock table {table} cannot be used: {cause}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        cause: String,
    },
    /// A hook failed.
    #[error("hook {name} failed: {cause}")]
    Hook {
        /// The hook's label.
        name: String,
        /// Why.
        cause: String,
        /// All that it said.
        said: Box<Said>,
    },
    /// An output in its state cannot be taken over.
    #[error("its state cannot be used: {0}")]
    Outputs(#[from] OutputsError),
    /// The tool's answer could not be read.
    #[error("{command} printed something unexpected: {cause}")]
    Answer {
        /// What was run.
        command: String,
        /// Why it could not be read.
        cause: String,
    },
}

impl EngineError {
    /// A plan's JSON is not what it is known to be. What stands in it may be secret.
    pub fn unread_plan(error: &serde_json::Error) -> Self {
        let cause = format!("line {}, column {}", error.line(), error.column());
        Self::Answer { command: "show -json".to_owned(), cause }
    }

    /// What was run for the unit and failed, in its own words: what the rules of `errors` blocks are held against.
    pub fn told(&self) -> Option<String> {
        match self {
            Self::Failed { said, .. } | Self::Hook { said, .. } => Some(said.errors()),
            Self::Source(_) => Some(self.to_string()),
            _ => None,
        }
    }

    /// What the failed command said, with what it printed besides: what the patterns of error hooks are held against.
    pub fn told_to_hooks(&self) -> String {
        match self {
            Self::Failed { said, .. } | Self::Hook { said, .. } => said.everything(),
            other => other.to_string(),
        }
    }

    /// This failure with all that was said.
    #[must_use]
    pub fn saying(mut self, all: Box<Said>) -> Self {
        if let Self::Failed { said, .. } | Self::Hook { said, .. } = &mut self {
            *said = all;
        }
        self
    }

    /// The way out, where one is known.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Failed { advice, .. } => return advice.clone(),
            Self::Bucket { advice, .. } => advice.as_str(),
            Self::Process(ProcessError::NotFound { .. }) => "install it, or name another with --tf-path",
            Self::EarlierState { folder, old, .. } => {
                return Some(format!(
                    "earlier versions kept units within each other's folders: where it is this unit's, move it into {}, in the folder of its module; remove {} when no state is left there",
                    folder.display(),
                    old.display()
                ));
            }
            Self::OtherState { other, used, is_there: false, .. } => {
                return Some(format!(
                    "give it a remote_state, which both find; or work on it with --engine {}; or move that file to {}",
                    other.engine(),
                    used.display()
                ));
            }
            Self::OtherState { used, is_there: true, .. } => {
                return Some(format!(
                    "the one of this engine is {}: {FIND_OUT}, and move the other one away; a remote_state gives both one place",
                    used.display()
                ));
            }
            Self::StateBeside { is_copied: true, .. } => {
                return Some(format!(
                    "Terragrunt would copy the first over the second: {FIND_OUT}, and copy that one over the other"
                ));
            }
            Self::StateTaken { .. } => {
                "copy the first to the second; a remote_state would keep it out of the cache"
            }
            Self::StateBeside { is_copied: false, .. } => {
                return Some(format!("the second is worked on: {FIND_OUT}, and move the other one away"));
            }
            Self::NoTool => "install OpenTofu or Terraform, or name the program with --tf-path",
            Self::BadTool { .. } => "name a working tofu or terraform with --tf-path",
            Self::NoTerragrunt => "install Terragrunt, or use --engine native",
            Self::OldTerragrunt { .. } => "upgrade Terragrunt, or use --engine native",
            Self::NewTerragrunt { .. } | Self::BadTerragrunt { .. } => {
                "put another Terragrunt first on PATH, or use --engine native"
            }
            Self::Constraint { .. } => "install a version that satisfies it, or name one with --tf-path",
            Self::Dialect { .. } => "widen terragrunt_version_constraint, or use --engine terragrunt",
            Self::BadConstraint { .. } => {
                "write conditions between commas, such as \">= 1.5, < 2.0\" or \"~> 1.11\""
            }
            Self::Source(error) => return error.advice(),
            Self::File(error) => return error.advice(),
            Self::Unsupported { .. } => "run this unit with --engine terragrunt",
            Self::InputTooLong { .. } => {
                "let the module read it from where it is kept, by a data source, or hand over the name of its file"
            }
            Self::Unopened { .. } => {
                "apply first what they come from, or give its dependency block mock_outputs"
            }
            Self::FileExists { .. } => "remove the file, or set if_exists = \"overwrite\"",
            Self::Table { .. } => "check the credentials and the permissions on the table",
            Self::BucketMissing { .. } | Self::TableMissing { .. } => {
                "create it, or let this be done with --backend-bootstrap"
            }
            Self::Outputs(OutputsError::Value { .. }) => "put such a number out as a text, by tostring()",
            Self::Hook { .. } => "see the unit's log for what the hook printed",
            Self::Role { .. } => {
                "check iam_role, that the role trusts you, and that your own credentials still hold"
            }
            Self::AuthProvider { .. } => {
                "run it in the unit's folder by hand: TG_AUTH_PROVIDER_CMD names it, and it has to print the JSON of Terragrunt's auth-provider-cmd"
            }
            Self::Ignored { .. }
            | Self::Interrupted { .. }
            | Self::Outputs(_)
            | Self::Process(_)
            | Self::Answer { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

fn because(rule: &str, message: Option<&str>) -> String {
    message.map_or_else(|| format!(" by the block {rule}"), |message| format!(": {message}"))
}

/// The way out of the errors that people meet most, told by the tool's own words.
pub fn known_advice(text: &str) -> Option<String> {
    // The texts are those of Terraform 1.x, OpenTofu 1.x and the AWS provider.
    const KNOWN: &[(&[&str], &str)] = &[
        (
            &["Error acquiring the state lock"],
            "someone else holds the state's lock: wait for them, or release a lock that was left behind with `slipway unlock`",
        ),
        (
            &[
                "Failed to query available provider packages",
                "Could not retrieve the list of available versions",
                "Failed to install provider",
                "Failed to resolve provider packages",
            ],
            "the provider cannot be had: check its source and version, the network, and the provider_installation of the CLI configuration",
        ),
        (
            &[
                "connection refused",
                "no such host",
                "i/o timeout",
                "context deadline exceeded",
                "RequestError: send request failed",
            ],
            "AWS does not answer: check the network, the region and AWS_ENDPOINT_URL",
        ),
        (
            &[
                "ExpiredToken",
                "InvalidClientTokenId",
                "SignatureDoesNotMatch",
                "No valid credential sources found",
                "no EC2 IMDS role found",
            ],
            "AWS does not accept the credentials: log in again, or check AWS_PROFILE",
        ),
        (
            &["AccessDenied", "UnauthorizedOperation"],
            "the AWS identity lacks a permission: see the unit's log for the action",
        ),
        (
            &["Backend configuration changed", "Backend initialization required"],
            "the state is to be kept elsewhere than before: bring it there with `slipway state move --at COMMIT`, the commit before that change, or, where that has been done, remove the unit's folder under .slipway/work",
        ),
        (
            &["NoSuchBucket", "S3 bucket does not exist"],
            "create the state bucket, or let this be done with --backend-bootstrap",
        ),
    ];
    let hit = KNOWN.iter().find(|(needles, _)| needles.iter().any(|needle| text.contains(needle)));
    hit.map(|(_, advice)| (*advice).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_failures_come_with_a_way_out() {
        let lock = known_advice("Error: Error acquiring the state lock: 412").unwrap();
        assert!(lock.contains("slipway unlock"));
        assert!(known_advice("dial tcp 127.0.0.1:1: connect: connection refused").unwrap().contains("AWS"));
        assert_eq!(known_advice("Unsupported argument"), None);
    }
}
