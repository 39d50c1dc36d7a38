//! The kinds of findings: a stable code each, what is expected, and why it matters.
//!
//! What was seen and what to do about it belongs to the cluster at hand and is said by the check. `docs/verify.md` lists
//! all of them, `slipway explain CODE` tells of one.

/// What a finding is about, whichever cluster it is found on.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `cluster::addon_missing`; stays the same from version to version.
    pub code: &'static str,
    /// What would have been right, where the check knows nothing closer.
    pub expected: &'static str,
    /// What happens where it is not so.
    pub why: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $code:literal, $expected:literal, $why:literal;)*) => {
        $(pub(in crate::cluster) const $name: Kind = Kind { code: $code, expected: $expected, why: $why };)*

        /// All of them, in the order in which one comes upon them.
        pub const ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    NOT_ALLOWED = "cluster::not_allowed", "the caller may ask", "what nobody may look at is not known, and is never a pass";
    NOT_ANSWERED = "cluster::not_answered", "the endpoint knows the question", "an emulator or a proxy that does not know a call says nothing about the cluster";
    BY_CONTEXT = "cluster::by_context", "EKS is asked", "what only EKS knows is not known of a cluster that is reached by a context of a kubeconfig, and is never a pass";
    CREDENTIALS_EXPIRED = "cluster::credentials_expired", "credentials that are still good", "with credentials that have ended nothing more can be asked";
    THROTTLED = "cluster::throttled", "AWS answers", "AWS limits the calls of an account and region in a time, whoever makes them; the answer is not known";
    AWS_UNREACHABLE = "cluster::aws_unreachable", "AWS answers in time", "the answer is not known";
    AWS_FAILED = "cluster::aws_failed", "AWS answers", "the answer is not known";

    NOT_ACTIVE = "cluster::not_active", "status is ACTIVE", "until then the API server is not there, or not whole";
    FAILED = "cluster::failed", "status is ACTIVE", "EKS does not bring such a cluster back";
    UPDATING = "cluster::updating", "status is ACTIVE", "while EKS updates a cluster it refuses other changes, and parts of the control plane are replaced";
    UNHEALTHY = "cluster::unhealthy", "no health issues", "EKS cannot keep up a control plane whose role, subnets, security groups or key are gone or shut";
    WRONG_VERSION = "cluster::wrong_version", "the version that `verify` wants", "what runs on the cluster was made for the version that is written down";
    UNSUPPORTED = "cluster::unsupported", "a version that AWS supports", "EKS gives no fixes to it and upgrades such clusters by itself";
    EXTENDED_SUPPORT = "cluster::extended_support", "a version in standard support", "extended support costs six times as much, and ends";
    SUPPORT_UNKNOWN = "cluster::support_unknown", "a version whose support is known", "when the version's support ends is not known";
    UPDATE_IN_FLIGHT = "cluster::update_in_flight", "no update in flight", "EKS refuses other changes until it has ended";
    UPDATE_FAILED = "cluster::update_failed", "the last update succeeded", "what it was to change is as it was before";

    ENDPOINT_OPEN = "cluster::endpoint_open", "an endpoint for the networks that need it", "everybody can try what they know against the API server";
    ENDPOINT_NOT_PRIVATE = "cluster::endpoint_not_private", "a private endpoint only", "`verify { private_endpoint }` wants none that is reached from outside of the VPC";
    NO_AUDIT_LOG = "cluster::no_audit_log", "the log types of `verify { logging }`, or `audit`", "afterwards nobody can tell who did what on the cluster";
    NOT_ENCRYPTED = "cluster::not_encrypted", "secrets are encrypted with a KMS key", "who reads etcd or its backups reads the secrets";
    NOT_PROTECTED = "cluster::not_protected", "deletion protection is on", "one call deletes the cluster";
    INSIGHTS = "cluster::insights", "every insight of EKS passes", "EKS has seen what an upgrade or the cluster's settings will break";
    MANAGED_ARGOCD = "cluster::managed_argocd", "no Argo CD that EKS manages", "two Argo CDs on one cluster undo each other's work";

    NODE_GROUP_FAILED = "cluster::node_group_failed", "status is ACTIVE", "it makes no nodes, and does not mend itself";
    NODE_GROUP_NOT_ACTIVE = "cluster::node_group_not_active", "status is ACTIVE", "it has no nodes yet, or is replacing them";
    NODE_GROUP_DEGRADED = "cluster::node_group_degraded", "status is ACTIVE, without issues", "it cannot replace nodes that are lost";
    NODE_GROUP_OLDER = "cluster::node_group_older", "nodes of the control plane's version", "kubelets may be three minor versions older and no more: the next upgrades are refused";
    NODE_GROUP_MISSING = "cluster::node_group_missing", "each node group of `verify { node_groups }`", "the pods that are meant for it find no node";
    FARGATE_NOT_ACTIVE = "cluster::fargate_not_active", "status is ACTIVE", "pods that the profile selects stay Pending";
    NO_COMPUTE = "cluster::no_compute", "node groups, Fargate profiles, Auto Mode or Karpenter", "nothing runs without nodes, CoreDNS neither";
    TOO_FEW_NODES = "cluster::too_few_nodes", "as many ready nodes as are wanted", "pods find no place";
    UNFIT_NODES = "cluster::unfit_nodes", "every node Ready, without pressure and not cordoned", "no pods are placed there, and those that are there may be evicted";
    PROBE_FAILED = "cluster::probe_failed", "a pod is scheduled and runs", "what is deployed next stays Pending as well";

    ADDON_MISSING = "cluster::addon_missing", "each add-on of `verify { addons }`", "what the add-on does, nobody does: networks, names or volumes of pods";
    ADDON_FAILED = "cluster::addon_failed", "status is ACTIVE", "the add-on was not installed, or not taken away";
    ADDON_UPDATE_FAILED = "cluster::addon_update_failed", "status is ACTIVE", "the version from before runs on, with settings that may be half of each";
    ADDON_SHORT = "cluster::addon_short", "all replicas of the add-on run", "with CoreDNS names are not resolved, with a CSI driver volumes are not attached";
    ADDON_DEGRADED = "cluster::addon_degraded", "status is ACTIVE, without issues", "the add-on does its work in part, or not at all";
    ADDON_NOT_ACTIVE = "cluster::addon_not_active", "status is ACTIVE", "the add-on is being installed, changed or taken away";
    ADDON_UNFIT = "cluster::addon_unfit", "a version made for the cluster's", "EKS has not tested it together, and will not update it to another such";

    OIDC_MISSING = "cluster::oidc_missing", "IAM has a provider for the cluster's OIDC issuer", "service accounts with an IAM role get no credentials (IRSA)";
    POD_IDENTITY_AGENT = "cluster::pod_identity_agent_missing", "the add-on eks-pod-identity-agent", "pods with a pod identity get no credentials";
    CONFIG_MAP_ACCESS = "cluster::config_map_access", "authentication mode API or API_AND_CONFIG_MAP", "the aws-auth ConfigMap is deprecated, and a typo in it locks everybody out";
    AUTHENTICATION_MODE = "cluster::authentication_mode", "the mode of `verify { authentication_mode }`", "other people come in than is written down";

    SUBNET_MISSING = "cluster::subnet_missing", "each subnet of the cluster", "EKS can place no network interface there, and upgrades fail";
    FEW_ADDRESSES = "cluster::few_addresses", "free addresses in each subnet", "EKS needs up to five for an upgrade, and nodes and pods take one each";
    ONE_ZONE = "cluster::one_zone", "subnets in two availability zones", "EKS wants two, and with the zone goes the cluster";
    SUBNETS_UNTAGGED = "cluster::subnets_untagged", "subnets tagged `kubernetes.io/role/elb` or `kubernetes.io/role/internal-elb`", "load balancers of Services and Ingresses find no subnet";
    SECURITY_GROUP_MISSING = "cluster::security_group_missing", "the cluster's security group", "nodes and control plane cannot speak to each other";
    SECURITY_GROUP_CLOSED = "cluster::security_group_closed", "the cluster's security group lets itself in", "nodes and control plane cannot speak to each other";

    UPGRADE_SKIPS = "cluster::upgrade_skips", "one minor version at a time", "EKS refuses an update that skips one";
    UPGRADE_NOT_NEWER = "cluster::upgrade_not_newer", "a newer version", "a control plane never goes back";
    VERSION_UNKNOWN = "cluster::version_unknown", "a version that EKS offers", "EKS refuses the update";
    NODE_SKEW = "cluster::node_skew", "kubelets at most three minor versions older", "a kubelet that is too old does not work with the API server, and EKS refuses the update";
    ADDON_UNFIT_FOR_TARGET = "cluster::addon_unfit_for_target", "a version made for the target", "networks, names or volumes of pods may break after the upgrade";
    AMAZON_LINUX_2 = "cluster::amazon_linux", "AL2023 or Bottlerocket", "EKS makes no images of Amazon Linux 2 from 1.33 on, nor fixes for it: such a group cannot be upgraded";
    REMOVED_API_IN_OBJECTS = "cluster::removed_api_in_objects", "objects applied by an API that stays", "whoever applies them the same way again after the upgrade is refused";
    REMOVED_API_REQUESTED = "cluster::removed_api_requested", "no client that asks for it", "that client gets errors after the upgrade";
    REMOVED_API_IN_MANIFESTS = "cluster::removed_api_in_manifests", "manifests of an API that stays", "Argo CD cannot apply them after the upgrade";
    DEPRECATED_API_IN_MANIFESTS = "cluster::deprecated_api_in_manifests", "manifests of an API that stays", "a later version serves it no more";
    MANIFESTS_UNREAD = "cluster::manifests_unread", "the manifests can be read", "whether they use what is removed is not known";
    BUDGET_BLOCKS = "cluster::budget_blocks", "a disruption budget that lets a pod go", "draining nodes hangs, and the update of a node group fails (PodEvictionFailure)";
    SINGLE_REPLICAS = "cluster::single_replicas", "two pods of each workload", "what has one pod is away while its node is replaced";

    NO_ENDPOINT = "cluster::no_endpoint", "DescribeCluster gives endpoint and CA", "there is nothing to connect to";
    UNUSABLE_CA = "cluster::unusable_ca", "DescribeCluster gives a CA in PEM", "nobody can tell the API server from someone else";
    WRONG_CA = "cluster::wrong_ca", "a certificate signed by the cluster's own CA", "somebody stands in between, or it is another cluster: no token is sent there";
    UNRESOLVED_ENDPOINT = "cluster::unresolved_endpoint", "the endpoint's name resolves", "nothing in the cluster can be asked from here";
    PRIVATE_ENDPOINT = "cluster::private_endpoint", "a way into the VPC", "a private endpoint is reached from inside of the VPC only";
    UNREACHABLE_ENDPOINT = "cluster::unreachable_endpoint", "the endpoint is reached from here", "nothing in the cluster can be asked from here";
    TOKEN_REFUSED = "cluster::token_refused", "the cluster knows the caller", "whoever the cluster does not know sees nothing of it";
    FORBIDDEN = "cluster::forbidden", "the caller may look", "the answer is not known";
    API_NOT_READY = "cluster::api_not_ready", "/readyz answers ok", "the API server serves in part, or not at all";
    NOT_ADMIN = "cluster::not_admin", "the caller may do everything", "Argo CD's cluster roles can be given by an administrator only";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_told_apart_and_say_something() {
        let codes: BTreeSet<&str> = ALL.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), ALL.len());
        for kind in ALL {
            assert!(kind.code.starts_with("cluster::"), "{}", kind.code);
            assert!(!kind.expected.is_empty() && !kind.why.is_empty(), "{}", kind.code);
        }
    }
}
