//! Runs that never were, for the tests of reports.

use jiff::Timestamp;

use super::model::Summary;
use crate::engine::{Action, PlanSummary, ResourceChange};
use crate::run::event::{
    Cost, Event, EventKind, Judgement, LeftLock, NodeInfo, NodeKind, Outcome, Planned, RunStart, Verdict,
};

/// A name that breaks whatever is not careful.
pub const HOSTILE: &str = "a|b`c</script><!--\"'&@everyone \u{202e}\u{1b}[31m{{}}";

/// A run under the hands of a test.
pub struct Run(Vec<Event>);

impl Run {
    /// A run begins; every node with the names of what it waits for.
    pub fn of(command: &str, nodes: &[(&str, &[&str])]) -> Self {
        let info = |(name, after): &(&str, &[&str])| NodeInfo {
            name: (*name).to_owned(),
            kind: NodeKind::Unit,
            after: after.iter().map(|name| (*name).to_owned()).collect(),
        };
        let run = Self(Vec::new());
        run.then(
            0,
            EventKind::RunStarted(RunStart {
                run: "20261124-150000-abcdef".to_owned(),
                command: command.to_owned(),
                engine: "native".to_owned(),
                nodes: nodes.iter().map(info).collect(),
                parallelism: 4,
                commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
                user: Some("ada".to_owned()),
                request: None,
            }),
        )
    }

    /// Something happens, at a second of the run.
    pub fn then(mut self, second: i64, kind: EventKind) -> Self {
        let time = Timestamp::from_second(1_796_000_000 + second).unwrap();
        self.0.push(Event { time, kind });
        self
    }

    /// A node begins.
    pub fn starts(self, second: i64, node: &str) -> Self {
        let step = EventKind::Step { node: node.to_owned(), step: "init".to_owned() };
        self.then(second, EventKind::NodeStarted { node: node.to_owned() }).then(second, step)
    }

    /// A node goes on to a step.
    pub fn step(self, second: i64, node: &str, step: &str) -> Self {
        self.then(second, EventKind::Step { node: node.to_owned(), step: step.to_owned() })
    }

    /// A node is planned.
    pub fn planned(self, second: i64, node: &str, changes: &[(Action, &str)]) -> Self {
        self.planned_on_mocks(second, node, changes, &[])
    }

    /// A node is planned on mock outputs.
    pub fn planned_on_mocks(
        self,
        second: i64,
        node: &str,
        changes: &[(Action, &str)],
        mocked: &[&str],
    ) -> Self {
        let count = |wanted: Action| {
            u64::try_from(changes.iter().filter(|(action, _)| *action == wanted).count()).unwrap()
        };
        let summary = PlanSummary {
            add: count(Action::Create),
            change: count(Action::Update),
            replace: count(Action::Replace),
            destroy: count(Action::Delete),
            resources: changes
                .iter()
                .map(|(action, address)| ResourceChange::new(*address, *action))
                .collect(),
            changes: !changes.is_empty(),
            ..PlanSummary::default()
        };
        let mocked = mocked.iter().map(|name| (*name).to_owned()).collect();
        self.then(second, EventKind::Planned(Planned { mocked, ..Planned::new(node, summary) }))
    }

    /// A node ends.
    pub fn ends(self, second: i64, node: &str, outcome: Outcome, seconds: f64) -> Self {
        self.then(second, EventKind::NodeFinished { node: node.to_owned(), outcome, seconds })
    }

    /// The run ends.
    pub fn finished(self, second: i32) -> Summary {
        self.then(i64::from(second), EventKind::RunFinished { seconds: f64::from(second) }).killed()
    }

    /// The run ends without a word.
    pub fn killed(self) -> Summary {
        Summary::of(&self.0)
    }
}

/// A failure with a way out.
pub fn failed(message: &str) -> Outcome {
    Outcome::Failed { message: message.to_owned(), advice: Some("look at `the | bucket`".to_owned()) }
}

/// A policy judges the hostile unit.
fn judged(policy: &str, verdict: Verdict, messages: &[&str]) -> EventKind {
    let messages = messages.iter().map(|message| (*message).to_owned()).collect();
    EventKind::Judged(Judgement { node: HOSTILE.to_owned(), policy: policy.to_owned(), verdict, messages })
}

/// Something of everything.
pub fn mixed() -> Summary {
    let lock = LeftLock {
        node: "dev/db".to_owned(),
        id: "7".to_owned(),
        who: None,
        created: None,
        process: None,
        release: "tofu force-unlock 7".to_owned(),
    };
    let cause = "ThrottlingException: rate exceeded".to_owned();
    Run::of(
        "apply",
        &[
            ("dev/vpc", &[]),
            ("dev/db", &["dev/vpc"]),
            ("dev/app", &["dev/db"]),
            ("dev/dns", &[]),
            (HOSTILE, &[]),
        ],
    )
    .starts(0, "dev/vpc")
    .step(2, "dev/vpc", "plan")
    .planned(4, "dev/vpc", &[(Action::Create, "aws_vpc.main"), (Action::Replace, "aws_subnet.a[\"eu|1\"]")])
    .then(
        5,
        EventKind::Priced {
            node: "dev/vpc".to_owned(),
            cost: Cost { currency: "USD".to_owned(), before: 10.0, after: 42.5 },
        },
    )
    .ends(12, "dev/vpc", Outcome::Applied, 12.0)
    .starts(0, "dev/dns")
    .ends(3, "dev/dns", Outcome::Unchanged { note: None }, 3.0)
    .starts(3, HOSTILE)
    .planned_on_mocks(5, HOSTILE, &[(Action::Update, HOSTILE)], &["dev/vpc"])
    .then(5, judged("sizes", Verdict::Passed, &[]))
    .then(5, judged(HOSTILE, Verdict::Denied, &[HOSTILE]))
    .then(5, judged("tags", Verdict::Warned, &["no owner", "no team"]))
    .ends(6, HOSTILE, Outcome::Refused { message: format!("refused ``` {HOSTILE}") }, 3.0)
    .starts(12, "dev/db")
    .then(15, EventKind::Retrying { node: "dev/db".to_owned(), attempt: 1, seconds: 5.0, cause })
    .step(20, "dev/db", "apply")
    .planned(18, "dev/db", &[(Action::Delete, "aws_db_instance.old")])
    .then(29, EventKind::LockLeft(lock))
    .ends(30, "dev/db", failed("\u{1b}[31mno bucket\u{1b}[0m\nsecond line"), 18.0)
    .ends(30, "dev/app", Outcome::Skipped { cause: "dev/db".to_owned() }, 0.0)
    .finished(31)
}
