//! `slipway join`: take part in a run that other machines work on.

use clap::Args;

use super::apply::TrustArgs;
use super::consent::ConsentArgs;
use super::exit::{Exit, concluded};
use super::global::{EngineArgs, Global};
use super::plans_key::plans_key;
use crate::launch::{CommandError, Joining, join};
use crate::ui::Ui;

/// Take part in a run that other machines work on
///
/// The run was begun by `slipway apply --shared ADDRESS`, or `plan` or `destroy`. Each machine takes the units that are free, in their order, and none twice; one that gives no sign of life for its lease is replaced. All machines stand at the same commit and reach the same states. Joined again, it goes on where everybody stopped; joined after its end, it tells how it went. Where the run applies saved plans, they are taken from beside it and opened with `SLIPWAY_PLANS_KEY`.
#[derive(Args, Clone, Debug)]
pub struct JoinArgs {
    /// The run's address, such as `s3://acme-runs/nightly`
    address: String,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Takes part.
pub async fn cmd_join(ui: Ui, global: &Global, args: &JoinArgs) -> Result<Exit, CommandError> {
    let key = plans_key()?;
    let wanted = Joining {
        address: &args.address,
        consent: args.consent.consent(),
        options: args.engine.options(),
        trust: &args.trust.trust(),
        wants_trust: args.trust.is_used(),
        key: key.as_ref(),
    };
    Ok(concluded(ui, &join(ui, &global.invocation(), wanted).await?))
}
