//! Of pipelines.

use super::Example;

pub const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "slipway ci",
        &[
            ("slipway ci github", "write .github/workflows/infrastructure.yml"),
            ("slipway ci github --check", "fail where that file is not the one of the estate"),
        ],
    ),
    (
        "slipway ci github",
        &[
            ("slipway ci github", "write .github/workflows/infrastructure.yml"),
            ("slipway ci github --dry-run", "look at it first"),
        ],
    ),
    (
        "slipway ci gitlab",
        &[
            ("slipway ci gitlab", "write .gitlab-ci.yml"),
            ("slipway ci gitlab --check", "fail where that file is not the one of the estate"),
        ],
    ),
    (
        "slipway ci argo-workflows",
        &[
            ("slipway ci argo-workflows", "write argo-workflows.yaml"),
            ("slipway ci argo-workflows --check", "fail where that file is not the one of the estate"),
        ],
    ),
    (
        "slipway ci atlantis",
        &[
            ("slipway ci atlantis", "write atlantis.yaml"),
            ("slipway ci atlantis --dry-run", "look at it first"),
        ],
    ),
    (
        "slipway ci shards",
        &[
            ("slipway ci shards --affected=origin/main", "the jobs that plan what a branch affects"),
            ("slipway ci shards --durations seconds.json", "all units, balanced by what is known of them"),
        ],
    ),
    (
        "slipway ci seal",
        &[
            ("slipway ci seal plans plans.sealed", "with the key in SLIPWAY_PLANS_KEY"),
            ("slipway ci seal plans s3://acme-plans/pull-7/dev.sealed", "into a bucket"),
        ],
    ),
    (
        "slipway ci open",
        &[
            ("slipway ci open plans.sealed plans", "with the key in SLIPWAY_PLANS_KEY"),
            ("slipway ci open s3://acme-plans/pull-7/dev.sealed plans", "out of a bucket"),
        ],
    ),
    (
        "slipway ci comment",
        &[
            (
                "slipway ci comment reports",
                "of all jobs whose reports lie there, one comment on the pull request",
            ),
            ("slipway ci comment plan.md --dry-run", "what it would say"),
        ],
    ),
    (
        "slipway ci status",
        &[
            ("slipway ci status reports", "one status for each environment whose reports lie there"),
            ("slipway ci status --pending --environment dev --environment prod", "before they are planned"),
        ],
    ),
    (
        "slipway ci durations",
        &[
            ("slipway ci durations durations.json reports", "of all jobs whose reports lie there"),
            ("slipway ci durations durations.json", "in a job on GitHub: of all jobs of its run"),
        ],
    ),
    (
        "slipway ci overlaps",
        &[
            ("slipway ci overlaps --affected", "who else changes the units of this branch"),
            ("slipway ci overlaps --affected --refuse", "fail where anybody does"),
        ],
    ),
    (
        "slipway ci fetch",
        &[
            ("slipway ci fetch dev plans", "in a job that applies: the plans of dev that were reviewed"),
            ("slipway ci fetch prod \"$RUNNER_TEMP/plans\"", "into a folder outside of the repository"),
        ],
    ),
];
