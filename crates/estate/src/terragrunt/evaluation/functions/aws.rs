//! Functions about the AWS account at hand.

use std::path::Path;

use super::{Answer, count};
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::options::AwsIdentity;
use crate::terragrunt::outputs::OutputSource;
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;

fn ask(
    scope: &FileScope<'_>,
    name: &str,
    arguments: &[String],
    question: impl FnOnce(&dyn AwsIdentity, &Path) -> Result<String, String>,
) -> Answer {
    count(name, arguments, 0, 0)?;
    match &scope.session.reader.options().aws {
        Some(aws) => question(&**aws, scope.config_dir())
            .map(Value::string)
            .map_err(|message| CallError::new(format!("{name} has no answer from AWS: {message}"))),
        None if !scope.session.reader.options().exec => Ok(super::run::passed_over(scope)),
        // The graph does not need the account; whoever runs the unit asks again, with credentials.
        None if scope.session.outputs.is_none_or(OutputSource::are_unknown) => {
            scope.session.mark_own();
            Ok(Value::Unknown)
        }
        None => Err(CallError::new(format!("{name} needs AWS credentials, and none are used here"))),
    }
}

pub(super) fn account_id(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    ask(scope, "get_aws_account_id", arguments, |aws, unit| aws.account_id(unit))
}

pub(super) fn account_alias(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    ask(scope, "get_aws_account_alias", arguments, |aws, unit| aws.account_alias(unit))
}

pub(super) fn caller_arn(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    ask(scope, "get_aws_caller_identity_arn", arguments, |aws, unit| aws.caller_arn(unit))
}

pub(super) fn caller_user_id(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    ask(scope, "get_aws_caller_identity_user_id", arguments, |aws, unit| aws.caller_user_id(unit))
}
