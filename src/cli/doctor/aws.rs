//! Who AWS takes us for, and in which region.

use aws_config::SdkConfig;

use super::asking::{Asks, BOUND};
use super::finding::{Finding, Verdict};
use crate::cluster::{caller, credentials_are_set_up, look_at_aws};
use crate::support::environment::variable;

const WHAT: &str = "credentials";

/// Asks STS who calls. Where nothing of the estate needs to know, and nobody has set credentials up, it is not asked: that
/// would be a wait for a machine in AWS that this one is not.
pub async fn findings(asks: Asks, is_needed: bool) -> Vec<Finding> {
    if let Some(not_asked) = asks.nobody() {
        return vec![Finding::new(WHAT, Verdict::Optional, not_asked)];
    }
    if !is_needed && !credentials_are_set_up() {
        let detail = "none are set up, and no state, cluster or function of the estate needs any";
        return vec![Finding::new(WHAT, Verdict::Optional, detail)];
    }
    let failed = if is_needed { Verdict::Missing } else { Verdict::Optional };
    let asked = tokio::time::timeout(BOUND, async {
        let aws = look_at_aws(None).await;
        let caller = caller(&aws).await;
        (aws, caller)
    });
    let Ok((aws, caller)) = asked.await else {
        let detail = format!("AWS does not answer within {} s", BOUND.as_secs());
        let help = "check the network, the region and AWS_ENDPOINT_URL";
        return vec![Finding::new(WHAT, failed, detail).help(help)];
    };
    let who = match caller {
        Ok(caller) => {
            let profile = variable("AWS_PROFILE");
            let profile = profile.map(|profile| format!(", profile {profile}")).unwrap_or_default();
            let detail = format!("{}, account {}{profile}", caller.arn, caller.account);
            Finding::new(WHAT, Verdict::Ok, detail)
        }
        Err(error) => Finding::new(WHAT, failed, error.to_string()),
    };
    vec![who, region(&aws)]
}

fn region(aws: &SdkConfig) -> Finding {
    match aws.region() {
        Some(region) => Finding::new("region", Verdict::Ok, region.as_ref()),
        None => Finding::new("region", Verdict::Optional, "none is set: only what names its own is found")
            .help("AWS_REGION sets one"),
    }
}
