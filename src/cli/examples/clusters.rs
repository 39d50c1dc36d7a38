//! Of clusters and Argo CD.

use super::Example;

pub const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "slipway verify",
        &[
            ("slipway verify", "the only cluster of slipway.hcl"),
            ("slipway verify dev --timeout 300", "wait five minutes for what may still come"),
            ("slipway verify dev --for 1.34", "what stands against an upgrade, and what mends it"),
            ("slipway verify --all -j 20", "all clusters of slipway.hcl, as one table"),
        ],
    ),
    (
        "slipway kubeconfig",
        &[
            ("slipway kubeconfig dev", "kubectl comes to the cluster from now on"),
            (
                "slipway kubeconfig --name acme-dev --region eu-west-1 --print",
                "the entry of a cluster that stands in no slipway.hcl, as a file of its own",
            ),
        ],
    ),
    (
        "slipway token",
        &[
            ("slipway token --name acme-dev --region eu-west-1", "what kubectl asks for"),
            ("slipway token dev", "a token for a cluster of slipway.hcl"),
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
            ("slipway argocd bootstrap dev --dry-run", "what would change on the cluster, without secrets"),
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
            (
                "slipway argocd wait dev --timeout 60 --leave-out label:team=data",
                "for a minute, without some",
            ),
        ],
    ),
    (
        "slipway argocd refresh",
        &[
            ("slipway argocd refresh", "all applications, at once"),
            ("slipway argocd refresh app-a --hard", "one, and its manifests rendered anew"),
        ],
    ),
    (
        "slipway argocd sync",
        &[
            ("slipway argocd sync app-a", "until it has ended, with what hooks and resources say"),
            ("slipway argocd sync app-a --prune", "also delete what is gone from Git"),
        ],
    ),
    (
        "slipway argocd diff",
        &[
            ("slipway argocd diff app-a", "what is not as Git says, and who keeps which field"),
            ("slipway argocd diff --cluster dev", "of all applications on a cluster"),
            ("slipway argocd diff --revision my-change", "what the cluster would get of a branch"),
        ],
    ),
    (
        "slipway argocd history",
        &[
            ("slipway argocd history app-a", "its syncs, the newest first"),
            ("slipway argocd history app-a --format json", "the same for a program"),
        ],
    ),
    (
        "slipway argocd rollback",
        &[
            ("slipway argocd rollback app-a", "to what it had before the last sync"),
            ("slipway argocd rollback app-a --to 3", "to a number of its history"),
        ],
    ),
    (
        "slipway argocd tree",
        &[
            ("slipway argocd tree app-a", "down to its pods, with what keeps them from running"),
            ("slipway argocd tree app-a --format json", "the same for a program"),
        ],
    ),
    (
        "slipway argocd logs",
        &[
            ("slipway argocd logs app-a --tail 50", "the last lines of its containers"),
            ("slipway argocd logs app-a --container web --previous", "why it was started again"),
        ],
    ),
    (
        "slipway argocd uninstall",
        &[
            ("slipway argocd uninstall dev", "the applications, then Argo CD, after a question"),
            ("slipway argocd uninstall dev --yes", "without asking"),
        ],
    ),
];
