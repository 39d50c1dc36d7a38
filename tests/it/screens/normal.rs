//! Takes out of a text what differs from one time to the next.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What is taken out, and what comes in its place: of the same width wherever tables are made of it.
static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let changing = [
        (r"\b\d{8}-\d{6}-[0-9a-f]{6}\b", "20260101-120000-abcdef"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "2026-01-01T12:00:00Z"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "2026-01-01 12:00"),
        (r"(?m)^\d\d:\d\d:\d\d ", "12:00:00 "),
        // Columns of times are aligned at their right.
        (r" *\b(\d+m ?)?\d+(\.\d+)?m?s\b( ago)?", " 0.5s"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "01234567-89ab-cdef-0123-456789abcdef"),
        (r"\b[0-9a-f]{40}\b", "0123456789abcdef0123456789abcdef01234567"),
        (r"\b[0-9a-f]{12}\b", "0123456789ab"),
        (r"\b(process|pid) \d+\b", "$1 4321"),
        (r"\b127\.0\.0\.1:\d+\b", "127.0.0.1:8443"),
        (r"\b[0-9A-F]{32}\b", "0123456789ABCDEF0123456789ABCDEF"),
        // What EC2 calls things.
        (r"\b(subnet|sg)-[0-9a-f]{17}\b", "$1-0123456789abcdef0"),
        (r"after \d+ s\b", "after 2 s"),
        (r" *\(its last sync healed .*?\)", ""),
        // A version is supported until a day.
        (r"(?m)^. the cluster's version is supported .*\n(    .*\n)?", ""),
        // Which applications go at once depends on how fast Argo CD lets the first of them go.
        (r"(?m)^removing [a-z0-9, -]+\n", ""),
        // What is waited for on the way depends on when it is looked at.
        (r"(?m)^(\d\d:\d\d:\d\d )?(argocd dev: )?waiting: .*\n", ""),
        (r"(?m)^waiting for (Deployment|StatefulSet) .*\n", ""),
        (r"\btofu \d+\.\d+\.\d+\b", "tofu 1.2.3"),
        (r"\bgit version [0-9.]+", "git version 1.2.3"),
        (r"\bslipway \d+\.\d+\.\d+\b", "slipway 1.2.3"),
        // Other tests have nodes on the same API server.
        (r"\b\d+ of \d+ nodes ready", "2 of 2 nodes ready"),
        // A machine may have one.
        (r"(?m)^. terragrunt  .*", "- terragrunt     as it is on this machine"),
    ];
    changing.map(|(pattern, instead)| (Regex::new(pattern).unwrap(), instead)).into()
});

/// A text as it would be at any time, in any folder, on any machine.
pub fn normal(text: &str, estate: &Path) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let text = text.replace(estate.to_str().unwrap(), "/home/somebody/a-estate");
    let text =
        text.replace(crate::support::root().to_str().unwrap(), "/slipway").replace(host.trim(), "machine");
    CHANGING.iter().fold(text, |text, (pattern, instead)| pattern.replace_all(&text, *instead).into_owned())
}
