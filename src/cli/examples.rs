//! What people type, and why: the groups of commands, and of every command at least two examples, for `--help` and the
//! manual.

mod ci;
mod clusters;
mod images;
mod program;
mod units;

/// The groups of commands, in the order in which one comes to need them.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Beginning", &["init", "ci"]),
    (
        "Infrastructure",
        &["up", "down", "plan", "drift", "apply", "destroy", "output", "run", "exec", "state", "stack"],
    ),
    ("Clusters and applications", &["verify", "kubeconfig", "token", "argocd", "image", "audit"]),
    ("Reading the estate", &["find", "graph", "render", "validate", "explain"]),
    ("What happened, and what is kept", &["runs", "resume", "join", "unlock", "cache"]),
    ("This program", &["doctor", "completions", "man", "version"]),
];

/// What is typed, and what it does.
pub type Example = (&'static str, &'static str);

/// The examples of a command, which is named as it is typed.
pub fn of(command: &str) -> Option<&'static [Example]> {
    let all = [units::EXAMPLES, clusters::EXAMPLES, images::EXAMPLES, program::EXAMPLES, ci::EXAMPLES];
    all.into_iter().flatten().find(|(name, _)| *name == command).map(|(_, examples)| *examples)
}
