//! `verify` blocks of clusters: what makes a cluster usable, beyond being there.

use std::time::Duration;

use super::fields::{duration, text};
use crate::hcl::value::{Fields, Value};
use crate::terragrunt::schema::{Kind, Spec, optional};

/// What may stand in the block.
pub(super) const VERIFY: &[Spec] = &[
    optional("version", Kind::String),
    optional("min_ready_nodes", Kind::Number),
    optional("node_groups", Kind::Strings),
    optional("addons", Kind::Strings),
    optional("oidc_provider", Kind::Bool),
    optional("logging", Kind::Strings),
    optional("encryption", Kind::Bool),
    optional("deletion_protection", Kind::Bool),
    optional("private_endpoint", Kind::Bool),
    optional("authentication_mode", Kind::String),
    optional("free_addresses", Kind::Number),
    optional("probe", Kind::Bool),
    optional("probe_image", Kind::String),
    optional("timeout", Kind::String),
];

/// The log types of EKS.
const LOG_TYPES: [&str; 5] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
/// How people may come into a cluster.
const MODES: [&str; 3] = ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"];

/// `verify`: what makes a cluster usable, beyond being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of the block")]
pub struct Verify {
    /// The Kubernetes version it has to have, such as `1.33`; none takes any that AWS supports.
    pub version: Option<String>,
    /// How many nodes have to be ready, without pressure and not cordoned; none wants one, and none where nodes are made when
    /// there are pods for them.
    pub min_ready_nodes: Option<u32>,
    /// The node groups that have to be there and active.
    pub node_groups: Vec<String>,
    /// The add-ons that have to be active.
    pub addons: Vec<String>,
    /// Whether IAM has to trust the cluster's OIDC issuer; where nothing is said, unless pod identities are in use.
    pub oidc_provider: Option<bool>,
    /// The log types of the control plane that have to be on; where none are named, a missing `audit` is advice.
    pub logging: Vec<String>,
    /// Whether secrets have to be encrypted with a KMS key of one's own.
    pub encryption: bool,
    /// Whether deletion protection has to be on.
    pub deletion_protection: bool,
    /// Whether the endpoint has to be private only.
    pub private_endpoint: bool,
    /// How people have to come in: `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`; none takes any.
    pub authentication_mode: Option<String>,
    /// How many addresses have to be free in each subnet of the cluster; where none is said, fewer than five are advice.
    pub free_addresses: Option<u32>,
    /// Whether a pod has to be scheduled and to run, which is taken away again.
    pub probe: bool,
    /// Its image; one of AWS's own where none is named.
    pub probe_image: Option<String>,
    /// How long an `up` waits for what may still come; 20 minutes unless said otherwise.
    pub timeout: Option<Duration>,
}

/// The block's attributes as what they mean, or what is wrong and how to write it.
pub(super) fn verify(fields: &Fields) -> Result<Verify, (String, Option<String>)> {
    let addons = strings(fields, "addons");
    let logging = strings(fields, "logging");
    if let Some(unknown) = logging.iter().find(|kind| !LOG_TYPES.contains(&kind.as_str())) {
        let known = Some(format!("there are {}", LOG_TYPES.join(", ")));
        return Err((format!("logging cannot be \"{unknown}\""), known));
    }
    let authentication_mode = text(fields, "authentication_mode");
    if let Some(unknown) = authentication_mode.as_ref().filter(|mode| !MODES.contains(&mode.as_str())) {
        let known = Some(format!("there are {}", MODES.join(", ")));
        return Err((format!("authentication_mode cannot be \"{unknown}\""), known));
    }
    let timeout = match text(fields, "timeout") {
        Some(text) => Some(duration(&text).ok_or_else(|| {
            (format!("timeout cannot be \"{text}\""), Some("write it like \"90s\" or \"20m\"".to_owned()))
        })?),
        None => None,
    };
    let says = |name: &str| fields.get(name).and_then(Value::as_bool);
    Ok(Verify {
        version: text(fields, "version"),
        min_ready_nodes: whole(fields, "min_ready_nodes")?,
        node_groups: strings(fields, "node_groups"),
        addons,
        oidc_provider: says("oidc_provider"),
        logging,
        encryption: says("encryption") == Some(true),
        deletion_protection: says("deletion_protection") == Some(true),
        private_endpoint: says("private_endpoint") == Some(true),
        authentication_mode,
        free_addresses: whole(fields, "free_addresses")?,
        probe: says("probe") == Some(true),
        probe_image: text(fields, "probe_image"),
        timeout,
    })
}

fn strings(fields: &Fields, name: &str) -> Vec<String> {
    let elements = fields.get(name).and_then(Value::as_elements).unwrap_or_default();
    elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn whole(fields: &Fields, name: &str) -> Result<Option<u32>, (String, Option<String>)> {
    let Some(Value::Number(number)) = fields.get(name) else { return Ok(None) };
    let whole = number.as_i64().and_then(|number| u32::try_from(number).ok());
    whole.map(Some).ok_or_else(|| (format!("{name} cannot be {number}"), None))
}
