//! Updates that EKS is making, and how the last ones ended.

use aws_sdk_eks::types::{Update, UpdateStatus, UpdateType};

use futures::FutureExt;

use super::each::each;
use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::AwsFailure;

/// How many updates of a cluster are looked at: EKS lists all that there ever were, in no order.
const MOST: usize = 40;

/// What an update is of.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    Cluster,
    Addon(&'a str),
    NodeGroup(&'a str),
}

/// Whether an update is in flight, and whether the last one failed.
pub(in crate::cluster) async fn updates(asking: &Asking<'_>) -> Finding {
    let question = Question::new("cluster.updates", "no update of the cluster is in flight");
    let updates = match all(asking, Of::Cluster).await {
        Ok(updates) => updates,
        Err(failure) => {
            return question.unanswered(&failure, "eks:ListUpdates and eks:DescribeUpdate", false);
        }
    };
    let in_flight = updates.iter().find(|update| update.status() == Some(&UpdateStatus::InProgress));
    if let Some(update) = in_flight {
        let id = update.id().unwrap_or_default();
        return question
            .warn(&kinds::UPDATE_IN_FLIGHT, format!("{} is in progress", what(update)), "wait for it")
            .command(asking.eks_command("describe-update", &format!("--update-id {id}")));
    }
    match last(&updates) {
        Some(update) if update.status() == Some(&UpdateStatus::Failed) => question.warn(
            &kinds::UPDATE_FAILED,
            format!("{} failed: {}", what(update), errors(update)),
            "mend what the errors name, and make the change again",
        ),
        _ => question.pass(format!("none of {}", updates.len())),
    }
}

/// The errors of the last update of an add-on or a node group, where it failed.
pub(super) async fn last_errors(asking: &Asking<'_>, of: Of<'_>) -> Option<String> {
    let updates = all(asking, of).await.ok()?;
    let update = last(&updates)?;
    let has_errors = !update.errors().is_empty();
    (update.status() == Some(&UpdateStatus::Failed) && has_errors).then(|| errors(update))
}

async fn all(asking: &Asking<'_>, of: Of<'_>) -> Result<Vec<Update>, AwsFailure> {
    let mut request = asking.eks.list_updates().name(asking.cluster);
    match of {
        Of::Cluster => {}
        Of::Addon(name) => request = request.addon_name(name),
        Of::NodeGroup(name) => request = request.nodegroup_name(name),
    }
    let mut ids: Vec<String> = request.into_paginator().items().send().collect::<Result<_, _>>().await?;
    ids.truncate(MOST);
    let described = each(ids, |id| {
        async move {
            let mut request = asking.eks.describe_update().name(asking.cluster).update_id(id);
            match of {
                Of::Cluster => {}
                Of::Addon(name) => request = request.addon_name(name),
                Of::NodeGroup(name) => request = request.nodegroup_name(name),
            }
            request.send().await.map(|answer| answer.update).map_err(AwsFailure::from)
        }
        .boxed()
    });
    Ok(described.await.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn last(updates: &[Update]) -> Option<&Update> {
    updates.iter().max_by_key(|update| update.created_at().map(|at| (at.secs(), at.subsec_nanos())))
}

fn what(update: &Update) -> String {
    let kind = update.r#type().map_or("an update", UpdateType::as_str);
    let parameters: Vec<String> = update
        .params()
        .iter()
        .filter_map(|parameter| Some(format!("{} {}", parameter.r#type()?.as_str(), parameter.value()?)))
        .collect();
    if parameters.is_empty() { kind.to_owned() } else { format!("{kind} ({})", parameters.join(", ")) }
}

fn errors(update: &Update) -> String {
    let lines: Vec<String> = update
        .errors()
        .iter()
        .map(|error| {
            let code = error.error_code().map_or("error", aws_sdk_eks::types::ErrorCode::as_str);
            format!("{code}: {}", error.error_message().unwrap_or("no message"))
        })
        .collect();
    if lines.is_empty() { "no error is told".to_owned() } else { lines.join("; ") }
}
