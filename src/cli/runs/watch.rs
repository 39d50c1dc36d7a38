//! A run that goes on, here or anywhere, to its end.

use std::time::{Duration, Instant};

use super::far::{is_address, standing};
use super::show::{Wanted, tell};
use crate::cli::exit::{Exit, concluded};
use crate::cli::reports::ReportArgs;
use crate::launch::{CommandError, Conclusion, Workspace, observer, screen};
use crate::report::model::{Collector, Summary};
use crate::report::terminal::Terminal;
use crate::run::event::{Event, Outcome};
use crate::run::events::Listener;
use crate::run::folder::RunFolder;
use crate::run::scheduler::RunResult;
use crate::run::shared::Observer;
use crate::run::tail::Tail;
use crate::ui::Ui;

/// Between two looks at a file of this machine.
const NEAR: Duration = Duration::from_millis(100);
/// Between two looks at a bucket, whose requests cost something.
const FAR: Duration = Duration::from_secs(2);

/// Where the events of a run come from.
enum Source {
    /// Its journal.
    Journal(Tail),
    /// What its machines leave for each other.
    Shared(Box<Observer>),
}

impl Source {
    /// What is new, and whether nothing will follow.
    async fn look(&mut self) -> Result<(Vec<Event>, bool), CommandError> {
        match self {
            Self::Journal(tail) => {
                let goes_on = tail.goes_on();
                Ok((tail.look()?, !goes_on))
            }
            Self::Shared(observer) => {
                let events = observer.look().await?;
                Ok((events, observer.is_over()))
            }
        }
    }

    fn pause(&self) -> Duration {
        match self {
            Self::Journal(_) => NEAR,
            Self::Shared(_) => FAR,
        }
    }
}

/// Watches it to its end, and ends as it does.
pub async fn watch(ui: Ui, workspace: &Workspace, run: Option<&str>) -> Result<Exit, CommandError> {
    let mut source = match run.filter(|run| is_address(run)) {
        Some(address) => Source::Shared(Box::new(observer(address).await?)),
        None => match RunFolder::find(workspace.look_at_home()?, run)? {
            Some(folder) => Source::Journal(Tail::of(&folder)),
            None => return Err(CommandError::no_run(run)),
        },
    };
    let collector = Collector::default();
    let terminal = ui.is_interactive().then(|| Terminal::new(ui.voice()));
    let mut listeners: Vec<Box<dyn Listener>> = vec![Box::new(collector.clone()), screen(ui, terminal)];
    let (mut is_past, mut silence) = (true, Silence::default());
    loop {
        let (events, is_over) = source.look().await?;
        for event in &events {
            for listener in &mut listeners {
                if is_past { listener.on_past(event) } else { listener.on(event) }
            }
        }
        is_past = false;
        if is_over {
            break;
        }
        if let Source::Shared(observer) = &source {
            silence.tell(ui, observer);
        }
        tokio::time::sleep(source.pause()).await;
    }
    // What is drawn goes with them.
    drop(listeners);
    let summary = collector.summary().with_details(false);
    let reports = ReportArgs::default();
    tell(ui, &summary, &Wanted { detail: false, timeline: false, reports: &reports })?;
    if let (Source::Shared(observer), Some(address)) = (&source, run) {
        standing(ui, address, observer, &summary);
    }
    if !summary.finished {
        ui.say("it stopped before its end: it was killed, or its machine was");
        return Ok(Exit::Failed);
    }
    Ok(concluded(ui, &conclusion(&summary)))
}

/// What a run came to, by what was seen of it.
fn conclusion(summary: &Summary) -> Conclusion {
    let outcome = |row: &crate::report::model::Row| row.outcome.clone().unwrap_or(Outcome::Interrupted);
    let outcomes = summary.nodes.iter().map(|row| (row.name.clone(), outcome(row))).collect();
    let result = RunResult { outcomes, seconds: summary.seconds, journal_failure: None };
    Conclusion::seen(summary, result, None)
}

/// For how long no machine was heard, by the clock here.
#[derive(Default)]
struct Silence {
    heard: Option<(jiff::Timestamp, Instant)>,
    is_told: bool,
}

impl Silence {
    /// Says once that nobody seems to be there.
    fn tell(&mut self, ui: Ui, observer: &Observer) {
        let Some(heard) = observer.heard() else { return };
        let since = match self.heard {
            Some((known, since)) if known == heard => since,
            _ => {
                *self = Self { heard: Some((heard, Instant::now())), is_told: false };
                return;
            }
        };
        if !self.is_told && since.elapsed() > observer.start().lease() * 3 / 2 {
            self.is_told = true;
            ui.warn("no machine of the run has given a sign of life for a lease and a half; whoever joins goes on with it");
        }
    }
}
