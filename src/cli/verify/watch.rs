//! `slipway verify --watch`: how far a cluster that comes up has come, round by round.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Zoned;
use tokio::time::Instant;

use super::{VerifyArgs, write};
use crate::cli::exit::Exit;
use crate::cli::global::FormatFlag;
use crate::cluster::{CheckStatus, ClusterError, Verification};
use crate::launch::{Asked, CommandError, Target, ask};
use crate::report::verification::Verified;
use crate::support::shown;
use crate::ui::Ui;

/// Looks until the cluster is usable, cannot become so by waiting, or the time is over.
pub(super) async fn watch(
    ui: Ui,
    format: FormatFlag,
    target: &Target,
    place: Option<(PathBuf, usize)>,
    args: &VerifyArgs,
) -> Result<Exit, CommandError> {
    let begun = Instant::now();
    let bound = (args.timeout > 0).then(|| Duration::from_secs(args.timeout));
    let asked = Asked::Usable { timeout: Duration::ZERO, probe: args.probe };
    let mut before = BTreeMap::new();
    loop {
        let round = Instant::now();
        let answer = Box::pin(ask(target, &asked, &|_| ())).await;
        let ends = match answer {
            Ok(answer) => {
                let ends = end(&answer);
                let summary = answer.summary();
                if format == FormatFlag::Text {
                    ui.answer(&told(&answer, &mut before))?;
                } else {
                    let verified = Verified {
                        label: target.cluster.label.clone(),
                        place: place.clone(),
                        answer: Ok(answer),
                    };
                    write(ui, format, &verified)?;
                }
                if ends.is_some() && format == FormatFlag::Text {
                    ui.say(&summary);
                }
                ends
            }
            // It is to come up: not to be there, and AWS having a bad minute, are part of that.
            Err(
                error @ (ClusterError::ClusterNotFound { .. }
                | ClusterError::Aws { .. }
                | ClusterError::AwsUnreachable { .. }
                | ClusterError::Throttled { .. }),
            ) => {
                ui.say(&format!("{}  {error}", now()));
                None
            }
            Err(error) => return Err(CommandError::failed(error, None)),
        };
        if let Some(exit) = ends {
            return Ok(exit);
        }
        let pause = Duration::from_secs(args.every).saturating_sub(round.elapsed());
        if bound.is_some_and(|bound| begun.elapsed() + pause > bound) {
            ui.say(&format!("not usable after {} s", begun.elapsed().as_secs()));
            return Ok(Exit::Failed);
        }
        tokio::time::sleep(pause).await;
    }
}

/// How it ends, where it does.
fn end(answer: &Verification) -> Option<Exit> {
    if answer.passed() {
        return Some(Exit::Done);
    }
    (!answer.failures().all(|check| check.may_pass_later)).then_some(Exit::Failed)
}

fn now() -> String {
    Zoned::now().strftime("%H:%M:%S").to_string()
}

/// A line for the round, and below it what is otherwise than in the one before.
fn told(answer: &Verification, before: &mut BTreeMap<String, (CheckStatus, String)>) -> String {
    let count = |status| answer.checks.iter().filter(|check| check.status == status).count();
    let waiting: Vec<&str> = answer.failures().map(|check| check.id.as_str()).collect();
    let mut line = format!(
        "{}  {}: {} pass, {} warn, {} fail",
        now(),
        answer.cluster.status,
        count(CheckStatus::Pass),
        count(CheckStatus::Warn),
        count(CheckStatus::Fail)
    );
    if !waiting.is_empty() {
        line = format!("{line}; waiting for {}", waiting.join(", "));
    }
    let mut text = format!("{}\n", shown::name(&line));
    let after: BTreeMap<String, (CheckStatus, String)> =
        answer.checks.iter().map(|check| (check.id.clone(), (check.status, check.detail.clone()))).collect();
    for check in &answer.checks {
        let is_news = match before.get(&check.id) {
            Some((status, detail)) => *status != check.status || *detail != check.detail,
            None => !before.is_empty() || check.status == CheckStatus::Fail,
        };
        if is_news {
            let sign = match check.status {
                CheckStatus::Pass => "✓",
                CheckStatus::Warn => "!",
                CheckStatus::NotAnswered => "?",
                CheckStatus::Fail => "✗",
            };
            let line = format!("{sign} {}: {}", check.id, check.detail);
            text = format!("{text}          {}\n", shown::name(&line));
        }
    }
    *before = after;
    text
}
