//! Of what reads the estate and works on its units.

use super::Example;

pub const EXAMPLES: &[(&str, &[Example])] = &[
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
        "slipway run",
        &[
            ("slipway run dev -- state list", "what is in every state under live/dev"),
            (
                "slipway run --affected -- providers lock -platform=linux_amd64",
                "the lock files of what this branch changes",
            ),
            (
                "slipway run dev/vpc -- import aws_vpc.this vpc-0a1b2c3d",
                "take something into a state, after a question",
            ),
        ],
    ),
    (
        "slipway exec",
        &[
            (
                "slipway exec dev -- tflint",
                "any program, where the tool would run, with inputs and credentials",
            ),
            ("slipway exec dev/vpc -- env", "what one gets there"),
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
        "slipway state",
        &[
            ("slipway state move --dry-run", "which units have moved whose states are left behind"),
            ("slipway state move dev/vpc dev/network/vpc", "bring the state of one along"),
        ],
    ),
    (
        "slipway state move",
        &[
            ("slipway state move", "of all units that Git recognises elsewhere, after a question"),
            ("slipway state move dev/vpc dev/network/vpc", "of one unit, which was in dev/vpc"),
            ("slipway state move --at HEAD~1", "of all units whose backend the last commit has changed"),
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
];
