//! The gate behind a cluster's unit: is the cluster usable.

use std::sync::Arc;

use async_trait::async_trait;

use super::context::{GateContext, GateError, until_stopped};
use crate::cluster::{VerifySpec, verify};
use crate::run::event::Outcome;
use crate::run::node::{Reporter, Work};
use crate::support::interrupt::Stop;

/// Waits until the cluster is usable, or says what it lacks.
pub struct VerifyGate(pub Arc<GateContext>);

#[async_trait]
impl Work for VerifyGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        until_stopped(reporter, Stop::Drain, self.check(reporter)).await
    }
}

impl VerifyGate {
    async fn check(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        let (cluster, aws) = self.0.resolve(reporter).await?;
        let mut spec = VerifySpec::of(&cluster);
        spec.timeout = self.0.timeout.unwrap_or(spec.timeout);
        reporter.doing("asking EKS and the cluster");
        let progress = |line: String| reporter.doing(&line);
        let verification = verify(&spec, &aws, &progress).await?;
        for check in &verification.checks {
            reporter.log(&format!("{} {}: {} {}", check.status.as_str(), check.id, check.detail, check.help));
        }
        let note = verification.summary();
        Ok(if verification.passed() {
            Outcome::Passed { note }
        } else {
            Outcome::Failed { message: note, advice: None }
        })
    }
}
