//! Of the manifests repository.

use super::Example;

pub const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "slipway image",
        &[
            ("slipway image list", "what every application runs"),
            (
                "slipway image set app-a=ghcr.io/example/app-a:v2 --wait",
                "one commit, and wait until the cluster runs it",
            ),
        ],
    ),
    (
        "slipway image set",
        &[
            (
                "slipway image set app-a=ghcr.io/example/app-a:v2 --wait",
                "push it, and wait until the cluster runs it",
            ),
            (
                "slipway image set app-a/web=ghcr.io/example/web:v2 app-b=ghcr.io/example/b:v7",
                "two images in one commit",
            ),
            (
                "slipway image set app-a=ghcr.io/example/app-a:v2 --pull-request --label deploy",
                "proposed by a pull request instead of a push",
            ),
        ],
    ),
    (
        "slipway image list",
        &[
            ("slipway image list", "every image of the manifests repository, with its file and line"),
            ("slipway image list --check", "and whether its registry has it"),
            (
                "slipway image list --repo https://git.example.com/manifests.git --format json",
                "of another one, for a program",
            ),
        ],
    ),
    (
        "slipway image check",
        &[
            ("slipway image check --schema cluster", "every manifest, held to what the cluster knows"),
            (
                "slipway image check app-a --branch fix --check-manifests require",
                "one application as a branch has it, for a pull request",
            ),
        ],
    ),
    (
        "slipway image history",
        &[
            ("slipway image history app-a", "who set which image, when, and what was there before"),
            ("slipway image history app-a --limit 5", "the last five"),
        ],
    ),
    (
        "slipway image rollback",
        &[
            ("slipway image rollback app-a --wait", "back to what was before the last bump"),
            ("slipway image rollback app-a --to v1.4.0", "to a version that ran before"),
            (
                "slipway image rollback --all --since 2026-11-29T10:00Z --dry-run",
                "what it takes for every application to run what it ran then",
            ),
        ],
    ),
    (
        "slipway image freeze",
        &[
            (
                "slipway image freeze app-a --reason 'incident 42' --until 3d",
                "hold its images for three days",
            ),
            ("slipway image freeze '*' --lift", "let all of them be set again"),
            ("slipway image freeze", "what is frozen, by whom, and until when"),
        ],
    ),
    (
        "slipway image diff",
        &[
            ("slipway image diff manifests/dev manifests/prod", "which images differ, and which is older"),
            ("slipway image diff dev prod --detailed-exitcode", "for a pipeline: 2 means that some differ"),
        ],
    ),
    (
        "slipway audit",
        &[
            ("slipway audit --since 90d --format csv", "every change of an image, for a spreadsheet"),
            ("slipway audit --at 2026-11-29T10:00Z", "what every application ran then"),
            ("slipway audit --summary --since 90d", "deployments, lead time, rollbacks, time to restore"),
        ],
    ),
    (
        "slipway image promote",
        &[
            (
                "slipway image promote app-a --from manifests/dev --to manifests/prod",
                "prod gets what dev runs",
            ),
            ("slipway image promote app-a --from dev --to prod --wait", "and wait until the cluster runs it"),
        ],
    ),
];
