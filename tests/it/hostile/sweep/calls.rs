//! Every command, as somebody would call it in a tree that they have not looked at.

use std::path::Path;

/// Which of the repository's programs a call may start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// None at all.
    Nothing,
    /// What evaluating the configuration asks for: `run_cmd`, `sops`.
    WhatIsEvaluated,
    /// That, and what a run is made of: hooks, policies, the tool that a unit names, Git over ssh.
    WhatRuns,
}

/// One call.
pub struct Call {
    /// Its arguments, between blanks.
    pub arguments: &'static str,
    /// What it may start.
    pub starts: Starts,
    /// What it prints where it prints an answer.
    pub answer: Answer,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Lines for people.
    Text,
    /// One JSON value.
    Json,
    /// A JSON value a line.
    JsonLines,
}

impl Call {
    const fn new(starts: Starts, arguments: &'static str) -> Self {
        Self { arguments, starts, answer: Answer::Text }
    }

    const fn json(starts: Starts, arguments: &'static str) -> Self {
        Self { arguments, starts, answer: Answer::Json }
    }

    /// Whether progress is to be a JSON object a line.
    pub fn logs_json(&self) -> bool {
        self.arguments.contains("--log-format json")
    }

    /// The arguments, with what is around the tree filled in.
    pub fn arguments(&self, case: &Path) -> Vec<String> {
        let case = case.display().to_string();
        self.arguments.split(' ').map(|argument| argument.replace("CASE", &case)).collect()
    }
}

use Starts::{Nothing, WhatIsEvaluated, WhatRuns};

/// All of them; those that change something stand behind those that only look.
pub const ALL: &[Call] = &[
    Call::new(Nothing, "doctor --tf-path CASE/bin/tofu"),
    Call::json(Nothing, "doctor --format json --engine native"),
    Call::new(Nothing, "doctor --untrusted"),
    Call::new(Nothing, "cache"),
    Call::json(Nothing, "cache --format json"),
    Call::new(Nothing, "completions bash"),
    Call::new(Nothing, "man"),
    Call::new(Nothing, "explain"),
    Call::new(Nothing, "runs"),
    Call::json(Nothing, "runs --format json"),
    Call::new(Nothing, "runs show"),
    Call::new(WhatRuns, "runs show --detail --timeline"),
    Call::json(Nothing, "runs show --format json"),
    Call::new(
        Nothing,
        "runs show --report-html CASE/temp/r.html --report-junit CASE/temp/r.xml --report-markdown CASE/temp/r.md --report-file CASE/temp/r.csv",
    ),
    Call::new(Nothing, "find --untrusted"),
    Call::json(Nothing, "find --untrusted --format json --reading --dependencies"),
    Call::new(Nothing, "graph --untrusted --format svg"),
    Call::new(Nothing, "render a --untrusted"),
    Call::new(Nothing, "validate --untrusted --log-format json"),
    Call::new(Nothing, "runs --untrusted"),
    Call::new(Nothing, "plan --untrusted"),
    Call::new(WhatIsEvaluated, "find"),
    Call::json(WhatIsEvaluated, "find --format json"),
    Call::new(WhatIsEvaluated, "find --log-format json"),
    Call::new(WhatIsEvaluated, "find --tree --dag --external"),
    Call::json(WhatIsEvaluated, "find --format json --dependencies --include --exclude --reading --external"),
    Call::json(WhatIsEvaluated, "find --format json --expand-stacks"),
    Call::new(WhatIsEvaluated, "find --why --affected=main"),
    Call::json(WhatIsEvaluated, "find --format json --affected"),
    Call::new(WhatIsEvaluated, "find --filter [main...pr]"),
    Call::json(WhatIsEvaluated, "find --format json --filter [pr...main] --why"),
    Call::new(WhatIsEvaluated, "find --filter ...a... --filter reading=**"),
    Call::new(WhatIsEvaluated, "-C live/a find"),
    Call::new(WhatIsEvaluated, "graph"),
    Call::json(WhatIsEvaluated, "graph --format json"),
    Call::new(WhatIsEvaluated, "graph --format dot"),
    Call::new(WhatIsEvaluated, "graph --format mermaid --expand-stacks"),
    Call::new(WhatIsEvaluated, "graph --format svg"),
    Call::new(WhatIsEvaluated, "graph --format html"),
    Call::new(Nothing, "validate --no-exec"),
    Call::new(Nothing, "validate --no-exec --log-format json"),
    Call::new(WhatIsEvaluated, "validate"),
    Call::json(WhatIsEvaluated, "validate --format json"),
    Call::new(WhatIsEvaluated, "validate --strict --stats --filter !b"),
    Call::new(WhatIsEvaluated, "render a"),
    Call::json(WhatIsEvaluated, "render b --format json"),
    Call::new(WhatIsEvaluated, "-C live/a render"),
    Call::new(WhatIsEvaluated, "render --all"),
    Call { answer: Answer::JsonLines, ..Call::new(WhatIsEvaluated, "render --all --format json") },
    Call::new(WhatRuns, "output"),
    Call::json(WhatRuns, "output --format json"),
    Call::new(WhatRuns, "unlock a"),
    Call::new(WhatRuns, "unlock a 00000000-0000-0000-0000-000000000000"),
    Call::new(WhatRuns, "runs unlock 20260101-000000-000000"),
    Call::new(WhatRuns, "verify dev --timeout 1"),
    Call::new(WhatRuns, "argocd status dev"),
    Call::new(WhatRuns, "argocd wait dev --timeout 1"),
    Call::new(WhatIsEvaluated, "image list"),
    Call::json(WhatIsEvaluated, "image list --format json"),
    Call::new(WhatIsEvaluated, "image list --repo CASE/tree"),
    Call::new(WhatIsEvaluated, "image history app"),
    Call::new(WhatIsEvaluated, "image set app=registry.example.com/app:1.1.0"),
    Call::new(WhatIsEvaluated, "image rollback app"),
    Call::new(WhatRuns, "plan"),
    Call::new(WhatRuns, "plan --log-format json"),
    Call::json(WhatRuns, "plan --format json"),
    Call::new(WhatRuns, "-C live/a plan"),
    Call::new(
        WhatRuns,
        "plan --detail --report-html CASE/temp/p.html --report-junit CASE/temp/p.xml --report-markdown CASE/temp/p.md --report-file CASE/temp/p.json",
    ),
    Call::new(WhatRuns, "plan --affected=main"),
    Call::new(WhatRuns, "plan --out CASE/temp/plans"),
    Call::new(WhatRuns, "apply plans --yes"),
    Call::new(Nothing, "cache prune --older-than 1d"),
    Call::json(Nothing, "cache prune --max-size 0 --format json"),
    Call::new(WhatIsEvaluated, "stack generate"),
    Call::new(WhatIsEvaluated, "stack clean --yes"),
    Call::new(WhatRuns, "apply --yes"),
    Call::new(WhatRuns, "apply --yes --log-format json"),
    Call::new(WhatRuns, "resume --yes"),
    Call::new(WhatRuns, "up --yes --unit-timeout 5s"),
    Call::new(WhatRuns, "down --yes --unit-timeout 5s"),
    Call::new(WhatRuns, "destroy --yes"),
    Call::new(WhatRuns, "destroy --removed --yes"),
];
