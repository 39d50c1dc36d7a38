//! What the containers of an Application write, as they write it, until their pods end.
//!
//! A stream breaks off for many reasons that are none of the container's: nothing was written for a while, a node rotates its
//! files, an API server goes. Each line comes with its time, so that the next stream begins where the last one ended.

use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{AsyncBufRead, AsyncBufReadExt, StreamExt};
use jiff::Timestamp;
use kube::Client;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::ArgoCdError;
use super::objects::Objects;
use super::tree::containers;

/// Before a log is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// A line that a container wrote.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// What it wrote.
    pub text: &'a str,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tailed {
    /// How many containers were followed.
    pub containers: usize,
    /// Of how many nobody has a log.
    pub untold: usize,
}

/// Tells each line that the containers of an Application's pods write, until the pods that are there now have ended. `lines`
/// are those of before that are told of each. What cannot be told any more (`tell` says so) ends it.
pub async fn follow_logs<E>(
    client: Client,
    namespace: &str,
    name: &str,
    container: Option<&str>,
    lines: i64,
    tell: &(dyn Fn(LogLine<'_>) -> Result<(), E> + Send + Sync),
) -> Result<Result<Tailed, E>, ArgoCdError> {
    let objects = Objects::new(client.clone(), namespace);
    let found = containers(client, namespace, name, container).await?;
    let mut tailed = Tailed { containers: found.len(), untold: 0 };
    let following = found.iter().map(|one| follow(&objects, one, lines, tell));
    let mut following: FuturesUnordered<_> = following.collect();
    while let Some(ended) = following.next().await {
        match ended? {
            Ok(true) => {}
            Ok(false) => tailed.untold += 1,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(tailed))
}

/// Follows one container; says whether there was a log.
async fn follow<E>(
    objects: &Objects,
    (namespace, pod, container): &(String, String, String),
    lines: i64,
    tell: &(dyn Fn(LogLine<'_>) -> Result<(), E> + Send + Sync),
) -> Result<Result<bool, E>, ArgoCdError> {
    let mut told = Told::default();
    let (mut has_log, mut has_ended) = (false, false);
    loop {
        let stream = objects.log_stream((namespace, pod, container), told.since(), lines).await;
        let is_open = stream.is_ok();
        has_log |= is_open;
        if let Ok(mut stream) = stream {
            told.begins();
            let mut line = Vec::new();
            while read(&mut stream, &mut line).await {
                let text = String::from_utf8_lossy(&line);
                if let Some(text) = told.takes(text.trim_end_matches(['\n', '\r']))
                    && let Err(error) = tell(LogLine { namespace, pod, container, text })
                {
                    return Ok(Err(error));
                }
            }
        }
        if has_ended {
            return Ok(Ok(has_log));
        }
        let live = objects.get(&GroupVersionKind::gvk("", "v1", "Pod"), Some(namespace), pod).await?;
        match live.as_ref().map(|live| state(live, container)) {
            None => return Ok(Ok(has_log)),
            // What it wrote after the stream broke off, and before it ended, is there still.
            Some(State::Ended) => has_ended = true,
            // It runs, and its node knows nothing of it.
            Some(State::Runs) if !has_log => return Ok(Ok(false)),
            Some(State::Runs) if is_open => {}
            Some(State::Runs | State::Waits) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// The next line with its end; whether there is one. A stream that breaks off has none.
async fn read(stream: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> bool {
    line.clear();
    matches!(stream.read_until(b'\n', line).await, Ok(count) if count > 0)
}

/// What was told of a container, so that nothing is told twice.
#[derive(Debug, Default)]
struct Told {
    /// The time of the last line.
    until: Option<Timestamp>,
    /// How many lines of that very time were told.
    of_then: usize,
    /// How many of those another stream has brought again.
    again: usize,
}

impl Told {
    /// From when on it is asked for again: whole seconds count, and those are rounded, so that a part of one would be passed over.
    fn since(&self) -> Option<Timestamp> {
        self.until.and_then(|until| Timestamp::from_second(until.as_second()).ok())
    }

    /// Another stream begins, with what was written since the last line's second.
    fn begins(&mut self) {
        self.again = 0;
    }

    /// The text of a line that was not told yet.
    fn takes<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        // What has no time came from no container: the node says something.
        let Ok(time) = time.parse::<Timestamp>() else { return Some(line) };
        match self.until {
            Some(until) if time < until => return None,
            Some(until) if time == until => {
                self.again += 1;
                if self.again <= self.of_then {
                    return None;
                }
                self.of_then = self.again;
            }
            _ => {
                self.until = Some(time);
                (self.of_then, self.again) = (1, 1);
            }
        }
        Some(text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It writes, or may.
    Runs,
    /// It begins, or is started again.
    Waits,
    /// It will write no more.
    Ended,
}

fn state(pod: &DynamicObject, container: &str) -> State {
    let text = |pointer: &str| pod.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if matches!(text("/status/phase"), "Succeeded" | "Failed") {
        return State::Ended;
    }
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = lists.iter().filter_map(|list| Some((*list, pod.data.pointer(list)?.as_array()?)));
    let mut statuses = statuses.flat_map(|(list, all)| all.iter().map(move |one| (list, one)));
    let Some((list, status)) = statuses.find(|(_, one)| one["name"] == container) else {
        return State::Waits;
    };
    let Some(code) = status.pointer("/state/terminated/exitCode").and_then(Value::as_i64) else {
        return if status.pointer("/state/running").is_some() { State::Runs } else { State::Waits };
    };
    let policy = text("/spec/restartPolicy");
    let stays = policy == "Never" || (code == 0 && (policy == "OnFailure" || list == lists[0]));
    if stays { State::Ended } else { State::Waits }
}

#[cfg(test)]
mod tests;
