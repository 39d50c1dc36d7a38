use serde_json::Value;

use super::*;
use crate::engine::plan::{AttributeChange, OutputChange, OutputDetail, PlanDetail, ResourceDetail, Shown};
use crate::engine::{Action, PlanSummary, ResourceChange};
use crate::run::event::{
    Cost, Green, Judgement, LeftLock, NodeInfo, NodeKind, Outcome, Planned, Request, RunStart, Verdict,
};

/// The name of a kind, as it is written. A new kind is added here, to [`samples`] and to docs/events.md.
fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::RunStarted(_) => "run_started",
        EventKind::NodeStarted { .. } => "node_started",
        EventKind::Step { .. } => "step",
        EventKind::Output { .. } => "output",
        EventKind::Planned(_) => "planned",
        EventKind::Judged(_) => "judged",
        EventKind::Priced { .. } => "priced",
        EventKind::Detailed { .. } => "detailed",
        EventKind::Agreed { .. } => "agreed",
        EventKind::NodeWaiting { .. } => "node_waiting",
        EventKind::Applying { .. } => "applying",
        EventKind::Changed { .. } => "changed",
        EventKind::Retrying { .. } => "retrying",
        EventKind::LockLeft(_) => "lock_left",
        EventKind::Green(_) => "green",
        EventKind::NodeFinished { .. } => "node_finished",
        EventKind::Stopping { .. } => "stopping",
        EventKind::Resumed { .. } => "resumed",
        EventKind::RunFinished { .. } => "run_finished",
    }
}

fn run_started() -> EventKind {
    EventKind::RunStarted(RunStart {
        run: "20261124-150000-abcdef".to_owned(),
        command: "up".to_owned(),
        engine: "native".to_owned(),
        nodes: vec![NodeInfo {
            name: "dev/vpc".to_owned(),
            kind: NodeKind::Unit,
            after: vec!["dev/dns".to_owned()],
        }],
        parallelism: 8,
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        user: Some("ada".to_owned()),
        request: Some(Request {
            path: "/estate/live".into(),
            engine: Some("native".to_owned()),
            tool: Some("tofu".into()),
            backend_bootstrap: false,
            features: vec!["name=value".to_owned()],
            experiments: vec!["deep-merge".to_owned()],
            saved_plans: Some("/estate/plans".into()),
            shared: Some("s3://acme-runs/nightly".to_owned()),
        }),
    })
}

fn lock_left(node: String) -> EventKind {
    EventKind::LockLeft(LeftLock {
        node,
        id: "6f4a".to_owned(),
        who: Some("ada@laptop".to_owned()),
        created: Some("2026-11-24 15:00:00 UTC".to_owned()),
        process: None,
        release: "tofu force-unlock 6f4a".to_owned(),
    })
}

fn green() -> EventKind {
    EventKind::Green(Green {
        node: "applications dev".to_owned(),
        cluster: "dev".to_owned(),
        repository: "https://git.example.com/gitops-manifests-repo.git".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
    })
}

/// One of every kind, with every field: where a field is added this does not compile, and then docs/events.md is
/// wrong as well.
fn samples() -> Vec<EventKind> {
    let node = || "dev/vpc".to_owned();
    let change = || ResourceChange {
        address: "aws_subnet.a".to_owned(),
        action: Action::Replace,
        previous_address: Some("aws_subnet.old".to_owned()),
        import_id: Some("subnet-1".to_owned()),
        reason: Some("cannot_update".to_owned()),
    };
    let output = || OutputChange { name: "id".to_owned(), action: Action::Update, sensitive: false };
    let attribute = || AttributeChange {
        path: "cidr_block".to_owned(),
        before: Some(Shown::Value(Value::from("10.0.0.0/24"))),
        after: Some(Shown::KnownAfterApply),
        forces_replacement: true,
        lines: Vec::new(),
        waits_for: vec!["dev/dns".to_owned()],
    };
    let resource = || ResourceDetail { change: change(), attributes: vec![attribute()] };
    vec![
        run_started(),
        EventKind::NodeStarted { node: node() },
        EventKind::Step { node: node(), step: "init".to_owned() },
        EventKind::Output { node: node(), line: "Initializing the backend...".to_owned() },
        EventKind::Planned(Planned {
            node: node(),
            summary: PlanSummary {
                add: 0,
                change: 0,
                replace: 1,
                destroy: 0,
                import: 0,
                moved: 0,
                forget: 0,
                resources: vec![change()],
                outputs: vec![output()],
                drift: Vec::new(),
                refreshed: false,
                changes: true,
            },
            mocked: vec!["dev/dns".to_owned()],
            waits_for: vec!["dev/networking".to_owned()],
            looked_at: Some("2026-01-01T11:20:00Z".parse().unwrap()),
        }),
        EventKind::Judged(Judgement {
            node: node(),
            policy: "no public buckets".to_owned(),
            verdict: Verdict::Denied,
            messages: vec!["aws_s3_bucket.a is public".to_owned()],
        }),
        EventKind::Priced {
            node: node(),
            cost: Cost { currency: "USD".to_owned(), before: 10.0, after: 12.5 },
        },
        EventKind::Detailed {
            node: node(),
            detail: PlanDetail {
                resources: vec![resource()],
                outputs: vec![OutputDetail { change: output(), attributes: Vec::new() }],
                drift: Vec::new(),
            },
        },
        EventKind::Agreed { word: Some("dev".to_owned()) },
        EventKind::NodeWaiting { node: node() },
        EventKind::Applying { node: node() },
        EventKind::Changed {
            node: node(),
            summary: PlanSummary {
                add: 1,
                resources: vec![ResourceChange::new("aws_vpc.main", Action::Create)],
                changes: true,
                ..PlanSummary::default()
            },
        },
        EventKind::Retrying {
            node: node(),
            attempt: 1,
            seconds: 5.0,
            cause: "ThrottlingException".to_owned(),
        },
        lock_left(node()),
        green(),
        EventKind::NodeFinished {
            node: node(),
            outcome: Outcome::Failed {
                message: "no bucket".to_owned(),
                advice: Some("create it".to_owned()),
            },
            seconds: 12.5,
        },
        EventKind::Stopping { step: 1 },
        EventKind::Resumed {
            user: Some("ada".to_owned()),
            commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        },
        EventKind::RunFinished { seconds: 61.5 },
    ]
}

fn sample(kind: EventKind) -> Event {
    Event { time: "2026-11-24T15:00:00Z".parse().unwrap(), kind }
}

/// The examples of the documentation, by the name of their kind.
#[test]
fn every_event_is_documented_as_it_is_written() {
    let documented = include_str!("../../../docs/events.md");
    for kind in samples() {
        let name = name(&kind);
        let event = sample(kind);
        let section = documented.split("\n## ").find(|section| section.starts_with(&format!("`{name}`")));
        let section = section.unwrap_or_else(|| panic!("docs/events.md has no section `{name}`"));
        let example = section.split("```json\n").nth(1).and_then(|rest| rest.split("\n```").next());
        let example: Value = serde_json::from_str(example.unwrap_or_default())
            .unwrap_or_else(|error| panic!("the example of `{name}`: {error}"));
        let written = serde_json::to_value(&event).unwrap();
        assert_eq!(example, written, "docs/events.md shows `{name}` otherwise than\n{written:#}");
        // Whoever reads lines gets back what was told.
        let read: Event = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), written);
    }
    let sections = documented.matches("\n## `").count();
    assert_eq!(sections, samples().len(), "docs/events.md has a section of something that is no event");
}

#[test]
fn an_event_is_a_line_and_what_tools_print_is_left_to_the_logs() {
    let mut written = Vec::new();
    let mut log = JsonLog::new(&mut written);
    for kind in samples() {
        log.on(&sample(kind));
    }
    let text = String::from_utf8(written).unwrap();
    assert_eq!(text.lines().count(), samples().len() - 1);
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event.as_object().unwrap().keys().collect::<Vec<_>>(), ["time", "event"], "{line}");
    }
}
