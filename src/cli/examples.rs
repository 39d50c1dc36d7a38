//! What people type, and why: the groups of commands, and of every command at least two examples, for `--help` and the
//! manual.

/// The groups of commands, in the order in which one comes to need them.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Beginning", &["init"]),
    ("Infrastructure", &["up", "down", "plan", "drift", "apply", "destroy", "output", "stack"]),
    ("Clusters and applications", &["verify", "argocd", "image", "audit"]),
    ("Reading the estate", &["find", "graph", "render", "validate", "explain"]),
    ("What happened, and what is kept", &["runs", "resume", "unlock", "cache"]),
    ("This program", &["doctor", "completions", "man", "version"]),
];

/// What is typed, and what it does.
pub type Example = (&'static str, &'static str);

/// The examples of a command, which is named as it is typed.
pub fn of(command: &str) -> Option<&'static [Example]> {
    EXAMPLES.iter().find(|(name, _)| *name == command).map(|(_, examples)| *examples)
}

const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "slipway",
        &[
            ("slipway graph", "what is here, and what depends on what"),
            ("slipway plan dev", "what would change in every unit under live/dev"),
            (
                "slipway up dev",
                "make it so, prove the cluster, install Argo CD and wait for its applications",
            ),
        ],
    ),
    (
        "slipway up",
        &[
            ("slipway up dev", "all of live/dev: units, then the gates of its clusters"),
            (
                "slipway up dev --filter './live/dev/eu-west-1/cluster...' --yes",
                "one unit and what it depends on, without asking",
            ),
        ],
    ),
    (
        "slipway down",
        &[
            ("slipway down dev", "applications, Argo CD and all units of live/dev, in reverse"),
            (
                "slipway down dev/eu-west-1 --unit-timeout 45m",
                "one region; a tool that takes longer is interrupted",
            ),
        ],
    ),
    (
        "slipway plan",
        &[
            ("slipway plan dev --detail", "every attribute that would change under live/dev"),
            (
                "slipway plan --affected --out plans",
                "save the plans of what this branch changes, for `slipway apply plans`",
            ),
            (
                "slipway plan --detailed-exitcode --format json",
                "for a pipeline: 2 means that there are changes",
            ),
        ],
    ),
    (
        "slipway drift",
        &[
            ("slipway drift prod", "what somebody changed under live/prod, and in its clusters"),
            ("slipway drift --detail --no-applications", "units only, every attribute that differs"),
        ],
    ),
    (
        "slipway apply",
        &[
            ("slipway apply dev/eu-west-1/networking", "plan one unit, ask, and apply it"),
            ("slipway apply plans", "exactly the plans that `slipway plan --out plans` has saved"),
        ],
    ),
    (
        "slipway destroy",
        &[
            ("slipway destroy dev/eu-west-1/workload-identity", "one unit, after a question"),
            ("slipway destroy --removed", "what has left the tree and still holds resources"),
        ],
    ),
    (
        "slipway output",
        &[
            ("slipway output dev --format json", "all outputs under live/dev"),
            ("slipway output dev/eu-west-1/cluster cluster_name --raw", "one of them, for a script"),
        ],
    ),
    (
        "slipway find",
        &[
            ("slipway find --dag", "all units, each behind what it depends on"),
            ("slipway find --affected --why", "what this branch touches, and through which file"),
            ("slipway find --dependencies --json", "as Terragrunt's `find --json` writes it"),
        ],
    ),
    (
        "slipway graph",
        &[
            ("slipway graph dev", "the waves in which units run"),
            ("slipway graph --format html -o graph.html", "one page to search and to walk around in"),
        ],
    ),
    (
        "slipway render",
        &[
            ("slipway render dev/eu-west-1/cluster", "a unit with everything evaluated"),
            ("slipway render --format json", "the unit that one stands in, for a program"),
        ],
    ),
    (
        "slipway validate",
        &[
            ("slipway validate", "every unit, and every error at once"),
            ("slipway validate dev --format json", "the same for an editor"),
        ],
    ),
    (
        "slipway stack",
        &[
            ("slipway stack generate dev", "write the units that the stacks under live/dev make"),
            ("slipway stack clean dev", "take them away again"),
        ],
    ),
    (
        "slipway stack generate",
        &[
            ("slipway stack generate", "all stacks under the working folder"),
            ("slipway stack generate dev --format json", "with what was written, for a program"),
        ],
    ),
    (
        "slipway stack clean",
        &[
            ("slipway stack clean", "all .terragrunt-stack folders under the working folder"),
            ("slipway stack clean dev --yes", "also where state files lie in them"),
        ],
    ),
    (
        "slipway verify",
        &[
            ("slipway verify", "the only cluster of slipway.hcl"),
            ("slipway verify dev --timeout 300", "wait five minutes for what may still come"),
        ],
    ),
    (
        "slipway argocd",
        &[
            ("slipway argocd bootstrap dev", "install Argo CD, and connect the manifests repository"),
            ("slipway argocd status dev", "which applications are green"),
        ],
    ),
    (
        "slipway argocd bootstrap",
        &[
            ("slipway argocd bootstrap dev", "install it, or bring it to what slipway.hcl says"),
            ("slipway argocd bootstrap dev --force", "also take over fields that someone else manages"),
        ],
    ),
    (
        "slipway argocd status",
        &[
            ("slipway argocd status dev", "each application: what it follows, Synced, Healthy"),
            ("slipway argocd status dev --format json", "the same for a program"),
        ],
    ),
    (
        "slipway argocd wait",
        &[
            ("slipway argocd wait dev", "until all applications are at the tip of the manifests repository"),
            ("slipway argocd wait dev --timeout 60", "for a minute"),
        ],
    ),
    (
        "slipway argocd uninstall",
        &[
            ("slipway argocd uninstall dev", "the applications, then Argo CD, after a question"),
            ("slipway argocd uninstall dev --yes", "without asking"),
        ],
    ),
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
            (
                "slipway image list --repo https://git.example.com/manifests.git --format json",
                "of another one, for a program",
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
        "slipway runs",
        &[
            ("slipway runs", "the newest runs: when, by whom, at which commit, how they went"),
            ("slipway runs show --timeline", "the newest one, and when each unit ran"),
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
