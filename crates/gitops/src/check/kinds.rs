//! The kinds of Kubernetes itself, and which of them a wrong one was meant to be.
//!
//! A kind that is not here may be one of a newer Kubernetes, and a group one of anybody's: only what is nearly the same as
//! something known is taken for a slip of the fingers.

/// The groups, each with its kinds; those of Argo CD's project are here since Argo CD is.
const GROUPS: &[(&str, &str)] = &[
    (
        "",
        "Binding ComponentStatus ConfigMap Endpoints Event LimitRange List Namespace Node PersistentVolume \
         PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration \
         ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("apps", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("authentication.k8s.io", "SelfSubjectReview TokenRequest TokenReview"),
    (
        "authorization.k8s.io",
        "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    ),
    ("autoscaling", "HorizontalPodAutoscaler Scale"),
    ("batch", "CronJob Job"),
    ("certificates.k8s.io", "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest"),
    ("coordination.k8s.io", "Lease LeaseCandidate"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "Event"),
    ("extensions", "DaemonSet Deployment Ingress NetworkPolicy PodSecurityPolicy ReplicaSet"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema PriorityLevelConfiguration"),
    ("networking.k8s.io", "IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("policy", "Eviction PodDisruptionBudget PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding Role RoleBinding"),
    ("resource.k8s.io", "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass Workload"),
    (
        "storage.k8s.io",
        "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass",
    ),
    (
        "argoproj.io",
        "AnalysisRun AnalysisTemplate AppProject Application ApplicationSet ArgoCD ClusterAnalysisTemplate \
         ClusterWorkflowTemplate CronWorkflow EventBus EventSource Experiment Rollout Sensor Workflow \
         WorkflowArtifactGCTask WorkflowEventBinding WorkflowTaskResult WorkflowTaskSet WorkflowTemplate",
    ),
];

/// Whether Kubernetes itself has the kind.
pub(super) fn is_own(api_version: &str, kind: &str) -> bool {
    kinds_of(group_of(api_version)).is_some_and(|mut kinds| kinds.any(|known| known == kind))
}

/// What is wrong with a kind that is nearly one of those that are known.
pub(super) fn misspelt(api_version: &str, kind: &str) -> Option<String> {
    let group = group_of(api_version);
    // A template, and files of other programs: `apiVersion: builtin`.
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ".-/".contains(c));
    if !is_plain(api_version) || !is_plain(kind) || !is_version(version_of(api_version)) {
        return None;
    }
    let Some(kinds) = kinds_of(group) else {
        let near = GROUPS.iter().find(|(known, _)| {
            !known.is_empty() && is_near(group, known) && is_own(&format!("{known}/v1"), kind)
        });
        return near.map(|(near, _)| format!("no API group is called {group}; did you mean {near}?"));
    };
    let kinds: Vec<&str> = kinds.collect();
    if kinds.contains(&kind) || kind.strip_suffix("List").is_some_and(|one| kinds.contains(&one)) {
        return None;
    }
    let shown = if group.is_empty() { format!("{api_version} (the core group)") } else { group.to_owned() };
    let elsewhere =
        GROUPS.iter().find(|(group, _)| is_own(&format!("{group}/v1"), kind) && *group != "extensions");
    if let Some((elsewhere, _)) = elsewhere {
        let elsewhere = if elsewhere.is_empty() { "v1".to_owned() } else { format!("{elsewhere}/…") };
        return Some(format!("{shown} has no kind {kind}; it is one of apiVersion {elsewhere}"));
    }
    let near = kinds.iter().find(|known| is_near(kind, known))?;
    Some(format!("{shown} has no kind {kind}; did you mean {near}?"))
}

fn kinds_of(group: &str) -> Option<impl Iterator<Item = &'static str>> {
    GROUPS.iter().find(|(known, _)| *known == group).map(|(_, kinds)| kinds.split_ascii_whitespace())
}

pub(super) fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

fn version_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or(api_version, |(_, version)| version)
}

/// `v1`, `v2beta1`.
pub(super) fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return false };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_first = text.len() > rest.len() + 1;
    let last = rest.strip_prefix("alpha").or_else(|| rest.strip_prefix("beta"));
    is_first && (rest.is_empty() || last.is_some_and(|last| last.parse::<u32>().is_ok()))
}

/// Whether somebody may have meant the other word: its letters in other cases, or a slip in it.
fn is_near(word: &str, other: &str) -> bool {
    let slips = if word.len() < 6 { 1 } else { 2 };
    word.eq_ignore_ascii_case(other)
        || word.len() > 2
            && word.len().abs_diff(other.len()) <= slips
            && strsim::osa_distance(word, other) <= slips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_nearly_a_known_one_is_a_slip_and_any_other_is_somebodys() {
        let wrong = [
            ("apps/v1", "Deploymnet", "did you mean Deployment?"),
            ("apps/v1", "deployment", "did you mean Deployment?"),
            ("apps/v1", "StatefullSet", "did you mean StatefulSet?"),
            ("v1", "Deployment", "it is one of apiVersion apps/…"),
            ("v1", "Servcie", "did you mean Service?"),
            ("batch/v1", "Pod", "it is one of apiVersion v1"),
            ("app/v1", "Deployment", "did you mean apps?"),
            ("networking.k8.io/v1", "Ingress", "did you mean networking.k8s.io?"),
            ("argoproj.io/v1alpha1", "Rolout", "did you mean Rollout?"),
        ];
        for (api_version, kind, told) in wrong {
            let found = misspelt(api_version, kind).unwrap_or_default();
            assert!(found.contains(told), "{api_version} {kind}: {found}");
        }
        let right = [
            ("apps/v1", "Deployment"),
            ("apps/v1", "DeploymentList"),
            ("v1", "List"),
            ("extensions/v1beta1", "Ingress"),
            ("networking.istio.io/v1", "Gateway"),
            ("gateway.networking.k8s.io/v1", "Gateway"),
            ("serving.knative.dev/v1", "Service"),
            ("config.openshift.io/v1", "Ingress"),
            ("apps.openshift.io/v1", "DeploymentConfig"),
            ("v1", "DeploymentConfig"),
            ("v1", "Template"),
            ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
            ("resource.k8s.io/v1", "SomethingNew"),
            ("builtin", "PrefixTransformer"),
            ("v1", "{{ .Kind }}"),
            ("monitoring.coreos.com/v1", "Podmonitor"),
        ];
        for (api_version, kind) in right {
            assert_eq!(misspelt(api_version, kind), None, "{api_version} {kind}");
        }
    }
}
