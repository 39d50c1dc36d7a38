//! From which version to which, and what Argo CD's own notes say that breaks on the way.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::Value;

use super::objects::kind;
use crate::support::version::Version;

/// What every install manifest and chart calls the controller's workload, or ends its name with.
const CONTROLLER: &str = "application-controller";
/// Where the notes are, `3.5-3.6` for instance.
const PAGES: &str = "https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading";

/// A bootstrap that brings another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// What is there.
    pub from: String,
    /// What comes.
    pub to: String,
    /// What breaks on the way, by minor version; each says what is to be done.
    pub notes: Vec<Note>,
}

/// The notes of one minor version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `3.5 → 3.6`.
    pub step: String,
    /// What changes for some, and what they have to do.
    pub changes: &'static [&'static str],
    /// Argo CD's own page.
    pub page: String,
}

/// The last minor version of 2.
const LAST_OF_2: u64 = 14;

/// After Argo CD's notes; only what takes a hand, or is noticed by whoever looks at Applications.
const NOTES: &[((u64, u64), &[&str])] = &[
    (
        (3, 0),
        &[
            "resources are tracked by annotation instead of by label: sync every Application once after the upgrade, above all those with ApplyOutOfSyncOnly=true, or what leaves Git in the first sync is orphaned; `application.resourceTrackingMethod: label` in argocd-cm keeps it as it was",
            "rights to `update` and `delete` an Application do not cover its resources any more: grant `update/*` and `delete/*`",
            "reading logs needs the right `logs, get`: add it to the roles that read Applications",
            "repositories in argocd-cm are not read any more: make secrets of them",
            "with Dex, rights are granted to `federated_claims.user_id` instead of `sub`",
            "argocd-cm excludes Endpoints, Leases and other busy kinds by default",
            "the health of single resources is not in the status of Applications any more",
            "nested selectors of ApplicationSets always count",
        ],
    ),
    (
        (3, 1),
        &["with PKCE the server takes part in the login: allow its /auth/callback at the identity provider"],
    ),
    (
        (3, 2),
        &[
            "the source hydrator needs a path that is not the root of the repository",
            "CronJobs have a health: Applications may become Degraded by one",
        ],
    ),
    (
        (3, 3),
        &[
            "the definition of ApplicationSets is too large for `kubectl apply`: whoever applies it beside Slipway needs --server-side",
            "the source hydrator does not clean the path before it writes, and records by git notes what it hydrated",
        ],
    ),
    (
        (3, 4),
        &[
            "`argocd.argoproj.io/kubernetes-version` of clusters is vMajor.Minor.Patch: mend the selectors of cluster generators",
            "an Application is Missing only where all of its resources are",
        ],
    ),
    (
        (3, 5),
        &[
            "Helm is version 4: registries without TLS need insecureOCIForceHttp (plain_http) on their repository, also where charts depend on them",
            "SSH repositories without a login are held to argocd-ssh-known-hosts-cm: add their hosts (ssh_known_hosts)",
            "extensions of the user interface have to be built for React 19",
            "with impersonation, the service accounts need rights for what is done in the user interface as well",
        ],
    ),
    (
        (3, 6),
        &[
            "Applications with ServerSideApply=true are compared by the API server, webhooks included; the annotation compare-options: ServerSideDiff=false keeps one from that",
            "ARGOCD_REPO_OTLP_HEADERS is now called ARGOCD_REPO_SERVER_OTLP_HEADERS, and otlp.insecure alone decides about TLS",
        ],
    ),
];

/// The version of an Argo CD, by the image of its controller; none where its tag says none.
pub(super) fn version_of<'a>(objects: impl IntoIterator<Item = &'a DynamicObject>) -> Option<String> {
    objects.into_iter().find_map(|object| {
        let is_workload = matches!(kind(object).kind.as_str(), "StatefulSet" | "Deployment");
        if !is_workload || !object.name_any().ends_with(CONTROLLER) {
            return None;
        }
        let containers = object.data.pointer("/spec/template/spec/containers")?.as_array()?;
        containers.iter().find_map(|container| tag(container.get("image").and_then(Value::as_str)?))
    })
}

/// The tag of an image, where it is a version.
fn tag(image: &str) -> Option<String> {
    let image = image.split('@').next()?;
    let (_, tag) = image.rsplit_once('/').unwrap_or(("", image)).1.split_once(':')?;
    Version::parse(tag).map(|_| tag.to_owned())
}

/// What lies between two versions; none where they are the same, or one is not known.
pub(super) fn between(from: Option<&str>, to: Option<&str>) -> Option<Upgrade> {
    let (from, to) = (from?, to?);
    let (old, new) = (parsed(from)?, parsed(to)?);
    if old == new {
        return None;
    }
    let minor = |version: &Version| (version.number(0), version.number(1));
    let notes = minors(minor(&old), minor(&new));
    Some(Upgrade { from: from.to_owned(), to: to.to_owned(), notes })
}

impl Upgrade {
    /// Whether the version that comes is the older one.
    pub fn is_downgrade(&self) -> bool {
        let numbers =
            |version: &str| parsed(version).map(|version| [0, 1, 2].map(|place| version.number(place)));
        numbers(&self.to) < numbers(&self.from)
    }

    /// What it is, and the notes, a line each.
    pub fn lines(&self) -> Vec<String> {
        let what = if self.is_downgrade() { "downgrade" } else { "upgrade" };
        let mut lines = vec![format!("{what} of Argo CD from {} to {}", self.from, self.to)];
        for note in &self.notes {
            lines.extend(note.changes.iter().map(|change| format!("  {}: {change}", note.step)));
            lines.push(format!("  {}: all notes are on {}", note.step, note.page));
        }
        lines
    }
}

fn parsed(version: &str) -> Option<Version> {
    Version::parse(version)
}

/// The notes of every minor version after the first, up to the last.
fn minors(from: (u64, u64), to: (u64, u64)) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut before = from;
    while before < to {
        let next = match before {
            (2, LAST_OF_2..) => (3, 0),
            // Which is the last of a major version to come is not known.
            (major, _) if major < to.0 && major != 2 => (to.0, 0),
            (major, minor) => (major, minor + 1),
        };
        let step = format!("{}.{} → {}.{}", before.0, before.1, next.0, next.1);
        let changes =
            NOTES.iter().find(|(version, _)| *version == next).map_or(&[][..], |(_, changes)| changes);
        let page = format!("{PAGES}/{}.{}-{}.{}/", before.0, before.1, next.0, next.1);
        notes.push(Note { step, changes, page });
        before = next;
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notes_of_every_minor_version_between_are_told() {
        let steps = |from: &str, to: &str| -> Vec<String> {
            let upgrade = between(Some(from), Some(to)).unwrap();
            upgrade.notes.iter().map(|note| note.step.clone()).collect()
        };
        assert_eq!(steps("v3.6.0", "v3.6.1"), Vec::<String>::new());
        assert_eq!(steps("v2.13.4", "v3.1.0"), ["2.13 → 2.14", "2.14 → 3.0", "3.0 → 3.1"]);
        assert_eq!(steps("v3.5.7", "v3.6.1"), ["3.5 → 3.6"]);
        let upgrade = between(Some("v2.14.2"), Some("v3.6.1")).unwrap();
        let lines = upgrade.lines().join("\n");
        assert!(lines.starts_with("upgrade of Argo CD from v2.14.2 to v3.6.1\n"), "{lines}");
        assert!(lines.contains("2.14 → 3.0: resources are tracked by annotation"), "{lines}");
        assert!(lines.contains("/upgrading/3.5-3.6/"), "{lines}");
        assert!(!upgrade.is_downgrade() && between(Some("v3.6.1"), Some("v3.5.9")).unwrap().is_downgrade());
        assert_eq!(between(Some("v3.6.1"), Some("v3.6.1")), None);
        assert_eq!(between(None, Some("v3.6.1")), None);
    }

    #[test]
    fn a_version_is_the_tag_of_the_image_wherever_that_comes_from() {
        assert_eq!(tag("quay.io/argoproj/argocd:v3.6.1").as_deref(), Some("v3.6.1"));
        assert_eq!(tag("mirror.example:5000/argocd:v3.6.1@sha256:00").as_deref(), Some("v3.6.1"));
        assert_eq!(tag("mirror.example:5000/argocd"), None);
        assert_eq!(tag("argocd:latest"), None);
    }
}
