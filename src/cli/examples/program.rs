//! Of beginnings, of what happened, and of this program.

use super::Example;

pub const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "slipway init",
        &[
            (
                "slipway init estate infra --organization acme",
                "two environments, each a network and a cluster",
            ),
            (
                "slipway init manifests --app web=ghcr.io/acme/web:v1 --env dev --env prod",
                "what Argo CD follows, with an overlay for each environment",
            ),
        ],
    ),
    (
        "slipway init estate",
        &[
            (
                "slipway init estate infra --organization acme --env dev,prod --region eu-central-1",
                "into the folder infra",
            ),
            (
                "slipway init estate --dry-run --manifests-repo https://git.example.com/m.git",
                "what would be written here, with Argo CD",
            ),
        ],
    ),
    (
        "slipway init manifests",
        &[
            ("slipway init manifests --app web=ghcr.io/acme/web:v1", "one folder; origin is its address"),
            (
                "slipway init manifests --app web=ghcr.io/acme/web:v1 --env dev --env prod",
                "a base, and an overlay for each environment",
            ),
        ],
    ),
    (
        "slipway init source",
        &[
            (
                "slipway init source --image ghcr.io/acme/web --manifests-repo https://git.example.com/m.git",
                "build on push, then one commit there",
            ),
            (
                "slipway init source --ci gitlab --env dev --dockerfile",
                "for GitLab, in the environment dev; it asks for the rest",
            ),
        ],
    ),
    (
        "slipway resume",
        &[
            ("slipway resume", "go on with the newest run"),
            ("slipway resume 20260314-091502 --yes", "with the one whose id begins so, without asking"),
        ],
    ),
    (
        "slipway join",
        &[
            (
                "slipway join s3://acme-runs/nightly --yes",
                "work on what is free of the run that was begun there",
            ),
            ("slipway join s3://acme-runs/nightly --yes -j 2", "on two units at once"),
        ],
    ),
    (
        "slipway runs cancel",
        &[
            (
                "slipway runs cancel s3://acme-runs/nightly",
                "its machines finish what they work on, and begin nothing more",
            ),
            (
                "slipway runs cancel \"s3://acme-runs/nightly?region=eu-west-1\"",
                "in a bucket of another region",
            ),
        ],
    ),
    (
        "slipway runs",
        &[
            ("slipway runs", "the newest runs: when, by whom, at which commit, how they went"),
            ("slipway runs show --timeline", "the newest one, and when each unit ran"),
            ("slipway runs --shared s3://acme-runs", "those that machines share, below an address"),
        ],
    ),
    (
        "slipway runs show",
        &[
            ("slipway runs show", "how the newest run went, what failed and why"),
            ("slipway runs show 20260314 --report-html run.html", "a page of the one whose id begins so"),
        ],
    ),
    (
        "slipway runs watch",
        &[
            ("slipway runs watch", "the newest run here, to its end"),
            ("slipway runs watch s3://acme-runs/nightly", "one that machines share, from anywhere"),
        ],
    ),
    (
        "slipway runs unlock",
        &[
            ("slipway runs unlock 20260314-091502-3f9a1c", "break the locks of a run whose machine died"),
            ("slipway runs unlock 20260314-091502-3f9a1c dev", "only those under live/dev"),
        ],
    ),
    (
        "slipway runs prune",
        &[
            ("slipway runs prune --keep 20", "leave the newest twenty"),
            ("slipway runs prune --older-than 90d --dry-run", "say what would go"),
        ],
    ),
    (
        "slipway unlock",
        &[
            ("slipway unlock dev/eu-west-1/cluster", "who holds the lock on its state, and since when"),
            ("slipway unlock dev/eu-west-1/cluster 6f4ad5b2", "release that lock, and no other"),
        ],
    ),
    (
        "slipway cache",
        &[
            ("slipway cache", "what is kept, what was used least lately first"),
            ("slipway cache prune --max-size 5GB", "no more than that"),
        ],
    ),
    (
        "slipway cache list",
        &[
            ("slipway cache list", "modules and providers, with their size and when they were used last"),
            ("slipway cache list --format json", "the same for a program"),
        ],
    ),
    (
        "slipway cache prune",
        &[
            (
                "slipway cache prune --older-than 30d --dry-run",
                "what would go of what was not used for a month",
            ),
            ("slipway cache prune --max-size 0", "all that no run uses now"),
        ],
    ),
    (
        "slipway doctor",
        &[
            ("slipway doctor", "is everything here that a run needs"),
            ("slipway doctor --offline", "the same of this machine alone, for where there is no network"),
            ("slipway doctor --format json", "the same for a program"),
        ],
    ),
    (
        "slipway explain",
        &[
            ("slipway explain hcl::syntax", "what this code means, with an example that says it"),
            ("slipway explain", "all codes, each in a line"),
        ],
    ),
    (
        "slipway completions",
        &[
            ("slipway completions bash", "the script; `source <(slipway completions bash)` tries it"),
            ("slipway completions zsh", "for a file _slipway in a folder of fpath"),
        ],
    ),
    (
        "slipway man",
        &[
            ("slipway man plan", "the page of one command; `slipway man plan | man -l -` reads it"),
            ("slipway man --out /usr/local/share/man/man1", "write the pages of all commands"),
        ],
    ),
    (
        "slipway version",
        &[
            ("slipway version", "which one this is"),
            ("slipway version --format json", "the same for a program"),
        ],
    ),
];
