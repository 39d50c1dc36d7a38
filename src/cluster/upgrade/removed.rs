//! APIs that Kubernetes serves no more from a version on: as its deprecation guide lists them, which ends at 1.32, and since then as
//! its own code does (`APILifecycleRemoved` in `k8s.io/api`), read for 1.37 with what it says of later versions. Alpha versions, which
//! EKS does not serve, are left out.

/// An API of one kind of object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldApi {
    /// The first minor version without it; none where it is only deprecated.
    pub(super) removed: Option<u32>,
    /// `policy/v1beta1`.
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    /// What its objects are called in paths.
    pub(super) plural: &'static str,
    /// The version that takes its place; empty where none does.
    pub(super) instead: &'static str,
}

const fn gone(
    removed: u32,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    instead: &'static str,
) -> OldApi {
    OldApi { removed: Some(removed), version, kind, plural, instead }
}

/// All of them, the oldest first.
pub(super) const OLD_APIS: &[OldApi] = &[
    gone(16, "extensions/v1beta1", "Deployment", "deployments", "apps/v1"),
    gone(16, "extensions/v1beta1", "DaemonSet", "daemonsets", "apps/v1"),
    gone(16, "extensions/v1beta1", "ReplicaSet", "replicasets", "apps/v1"),
    gone(16, "extensions/v1beta1", "NetworkPolicy", "networkpolicies", "networking.k8s.io/v1"),
    gone(16, "apps/v1beta1", "Deployment", "deployments", "apps/v1"),
    gone(16, "apps/v1beta1", "StatefulSet", "statefulsets", "apps/v1"),
    gone(16, "apps/v1beta2", "Deployment", "deployments", "apps/v1"),
    gone(16, "apps/v1beta2", "DaemonSet", "daemonsets", "apps/v1"),
    gone(16, "apps/v1beta2", "ReplicaSet", "replicasets", "apps/v1"),
    gone(16, "apps/v1beta2", "StatefulSet", "statefulsets", "apps/v1"),
    gone(22, "extensions/v1beta1", "Ingress", "ingresses", "networking.k8s.io/v1"),
    gone(22, "networking.k8s.io/v1beta1", "Ingress", "ingresses", "networking.k8s.io/v1"),
    gone(22, "networking.k8s.io/v1beta1", "IngressClass", "ingressclasses", "networking.k8s.io/v1"),
    gone(
        22,
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "apiextensions.k8s.io/v1",
    ),
    gone(22, "apiregistration.k8s.io/v1beta1", "APIService", "apiservices", "apiregistration.k8s.io/v1"),
    gone(
        22,
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        22,
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        22,
        "certificates.k8s.io/v1beta1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        "certificates.k8s.io/v1",
    ),
    gone(22, "coordination.k8s.io/v1beta1", "Lease", "leases", "coordination.k8s.io/v1"),
    gone(
        22,
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRole",
        "clusterroles",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(
        22,
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(22, "rbac.authorization.k8s.io/v1beta1", "Role", "roles", "rbac.authorization.k8s.io/v1"),
    gone(
        22,
        "rbac.authorization.k8s.io/v1beta1",
        "RoleBinding",
        "rolebindings",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(22, "scheduling.k8s.io/v1beta1", "PriorityClass", "priorityclasses", "scheduling.k8s.io/v1"),
    gone(22, "storage.k8s.io/v1beta1", "CSIDriver", "csidrivers", "storage.k8s.io/v1"),
    gone(22, "storage.k8s.io/v1beta1", "CSINode", "csinodes", "storage.k8s.io/v1"),
    gone(22, "storage.k8s.io/v1beta1", "StorageClass", "storageclasses", "storage.k8s.io/v1"),
    gone(22, "storage.k8s.io/v1beta1", "VolumeAttachment", "volumeattachments", "storage.k8s.io/v1"),
    gone(25, "batch/v1beta1", "CronJob", "cronjobs", "batch/v1"),
    gone(25, "discovery.k8s.io/v1beta1", "EndpointSlice", "endpointslices", "discovery.k8s.io/v1"),
    gone(25, "events.k8s.io/v1beta1", "Event", "events", "events.k8s.io/v1"),
    gone(25, "autoscaling/v2beta1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling/v2"),
    gone(25, "policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets", "policy/v1"),
    gone(25, "policy/v1beta1", "PodSecurityPolicy", "podsecuritypolicies", ""),
    gone(25, "node.k8s.io/v1beta1", "RuntimeClass", "runtimeclasses", "node.k8s.io/v1"),
    gone(
        26,
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "FlowSchema",
        "flowschemas",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        26,
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(26, "autoscaling/v2beta2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling/v2"),
    gone(27, "storage.k8s.io/v1beta1", "CSIStorageCapacity", "csistoragecapacities", "storage.k8s.io/v1"),
    gone(
        29,
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema",
        "flowschemas",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        29,
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        32,
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema",
        "flowschemas",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        32,
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    // From here on the guide says nothing: it is what the API server itself is made to serve no more.
    gone(
        34,
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        34,
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "admissionregistration.k8s.io/v1",
    ),
    gone(37, "networking.k8s.io/v1beta1", "IPAddress", "ipaddresses", "networking.k8s.io/v1"),
    gone(37, "networking.k8s.io/v1beta1", "ServiceCIDR", "servicecidrs", "networking.k8s.io/v1"),
    gone(
        37,
        "storage.k8s.io/v1beta1",
        "VolumeAttributesClass",
        "volumeattributesclasses",
        "storage.k8s.io/v1",
    ),
    gone(38, "resource.k8s.io/v1beta1", "DeviceClass", "deviceclasses", "resource.k8s.io/v1"),
    gone(38, "resource.k8s.io/v1beta1", "ResourceClaim", "resourceclaims", "resource.k8s.io/v1"),
    gone(
        38,
        "resource.k8s.io/v1beta1",
        "ResourceClaimTemplate",
        "resourceclaimtemplates",
        "resource.k8s.io/v1",
    ),
    gone(38, "resource.k8s.io/v1beta1", "ResourceSlice", "resourceslices", "resource.k8s.io/v1"),
    gone(39, "resource.k8s.io/v1beta2", "DeviceClass", "deviceclasses", "resource.k8s.io/v1"),
    gone(39, "resource.k8s.io/v1beta2", "ResourceClaim", "resourceclaims", "resource.k8s.io/v1"),
    gone(
        39,
        "resource.k8s.io/v1beta2",
        "ResourceClaimTemplate",
        "resourceclaimtemplates",
        "resource.k8s.io/v1",
    ),
    gone(39, "resource.k8s.io/v1beta2", "ResourceSlice", "resourceslices", "resource.k8s.io/v1"),
    gone(
        40,
        "admissionregistration.k8s.io/v1beta1",
        "MutatingAdmissionPolicy",
        "mutatingadmissionpolicies",
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        40,
        "admissionregistration.k8s.io/v1beta1",
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        40,
        "certificates.k8s.io/v1beta1",
        "ClusterTrustBundle",
        "clustertrustbundles",
        "certificates.k8s.io/v1",
    ),
    gone(
        40,
        "certificates.k8s.io/v1beta1",
        "PodCertificateRequest",
        "podcertificaterequests",
        "certificates.k8s.io/v1",
    ),
    gone(
        40,
        "storagemigration.k8s.io/v1beta1",
        "StorageVersionMigration",
        "storageversionmigrations",
        "storagemigration.k8s.io/v1",
    ),
    OldApi {
        removed: None,
        version: "v1",
        kind: "Endpoints",
        plural: "endpoints",
        instead: "discovery.k8s.io/v1 (EndpointSlice)",
    },
];

/// The old API of a version and kind, where it is one.
pub(super) fn old_api(version: &str, kind: &str) -> Option<&'static OldApi> {
    OLD_APIS.iter().find(|old| old.version == version && old.kind == kind)
}

impl OldApi {
    /// Whether a minor version serves it no more.
    pub(super) fn is_gone_in(&self, minor: u32) -> bool {
        self.removed.is_some_and(|removed| removed <= minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_removals_are_known_and_each_is_there_once() {
        let cidr = old_api("networking.k8s.io/v1beta1", "ServiceCIDR").unwrap();
        assert!(cidr.is_gone_in(37) && !cidr.is_gone_in(36));
        let claim = |version: &str| old_api(version, "ResourceClaim").unwrap();
        assert_eq!(claim("resource.k8s.io/v1beta1").removed, Some(38));
        assert_eq!(claim("resource.k8s.io/v1beta2").removed, Some(39));
        assert!(!old_api("v1", "Endpoints").unwrap().is_gone_in(99));
        assert_eq!(old_api("storage.k8s.io/v1", "VolumeAttributesClass"), None);
        for (number, old) in OLD_APIS.iter().enumerate() {
            let first = OLD_APIS.iter().position(|one| one.version == old.version && one.kind == old.kind);
            assert_eq!(first, Some(number), "{} {} is there twice", old.version, old.kind);
            assert_ne!(old.instead, old.version);
        }
        let removed: Vec<u32> = OLD_APIS.iter().filter_map(|old| old.removed).collect();
        assert!(removed.is_sorted(), "{removed:?}");
    }
}
