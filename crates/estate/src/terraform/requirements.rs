//! Which providers a module asks for.

use std::collections::{BTreeMap, BTreeSet};

/// What a module says of providers. Names are local ones, such as `aws`: what they stand for is said by
/// `required_providers`, in each module by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirements {
    /// The providers that `provider` blocks, resources, data sources and actions name.
    pub used: BTreeSet<String>,
    /// The entries of `required_providers`; one of an override file replaces one of the same name.
    pub required: BTreeMap<String, ProviderRequirement>,
    /// The `version` of `provider` blocks, an older way to say the same.
    pub versions: BTreeSet<ProviderVersion>,
}

/// An entry of `required_providers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderRequirement {
    /// The address, such as `hashicorp/aws`.
    pub source: Option<String>,
    /// The version constraint.
    pub version: Option<String>,
}

/// The `version` of a `provider` block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderVersion {
    /// The provider's local name.
    pub name: String,
    /// The version constraint.
    pub version: String,
}
