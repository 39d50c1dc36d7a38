//! The debug log: what parts of the program decide, and why, for whoever asks by `SLIPWAY_LOG`.
//!
//! Only our own parts are followed: what libraries say under the way may hold what they sent. Off, it costs nothing.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::uptime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::LogFormat;
use super::streams::{tell_json, write_line};
use crate::support::confined::Root;
use crate::support::fs::FileError;
use crate::support::paths::folder;
use crate::support::{redact, shown};

/// Which parts tell what.
const FILTERS: &str = "SLIPWAY_LOG";
/// The file they tell it to, instead of standard error.
const FILE: &str = "SLIPWAY_LOG_FILE";

/// Why there is no debug log where one is asked for.
#[derive(Debug, thiserror::Error)]
pub enum DebugLogError {
    /// It is asked for in words that say nothing.
    #[error("SLIPWAY_LOG has {filter:?}, which is no filter of the debug log")]
    Filter {
        /// The part that says nothing.
        filter: String,
    },
    /// Its file cannot be written.
    #[error("SLIPWAY_LOG_FILE cannot be used: {0}")]
    File(#[from] FileError),
}

impl DebugLogError {
    /// The way out.
    pub fn help(&self) -> String {
        match self {
            Self::Filter { .. } => {
                "write a level (error, warn, info, debug or trace), or a part of slipway with one, such as \
                                    slipway::engine=debug; several with commas"
                    .to_owned()
            }
            Self::File(error) => {
                error.advice().unwrap_or_else(|| "name a file in a folder that is there".to_owned())
            }
        }
    }
}

/// Begins the debug log, where the environment asks for one.
pub fn start(log_format: LogFormat) -> Result<(), DebugLogError> {
    let Some(filters) = std::env::var_os(FILTERS).filter(|text| !text.is_empty()) else { return Ok(()) };
    let targets = targets(&filters.to_string_lossy())?;
    let named = std::env::var_os(FILE).filter(|name| !name.is_empty()).map(PathBuf::from);
    let sink = match named {
        Some(path) => {
            let path = std::path::absolute(&path).unwrap_or(path);
            Sink::File(Mutex::new(Root::at(folder(&path))?.append(&path)?))
        }
        None => Sink::Stream(log_format),
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_timer(uptime()).with_writer(sink);
    Registry::default().with(lines.with_filter(targets)).init();
    Ok(())
}

/// What filters say, as with `RUST_LOG`: levels, and parts with or without one.
fn targets(filters: &str) -> Result<Targets, DebugLogError> {
    let mut targets = Targets::new();
    for filter in filters.split(',').map(str::trim).filter(|filter| !filter.is_empty()) {
        let refused = || DebugLogError::Filter { filter: filter.to_owned() };
        let (part, level) = match filter.split_once('=') {
            Some((part, level)) => (part, level.parse::<LevelFilter>().map_err(|_| refused())?),
            None => match filter.parse::<LevelFilter>() {
                Ok(level) => ("slipway", level),
                Err(_) => (filter, LevelFilter::TRACE),
            },
        };
        if !is_ours(part) {
            return Err(refused());
        }
        targets = targets.with_target(part, level);
    }
    Ok(targets)
}

fn is_ours(part: &str) -> bool {
    const CRATES: &[&str] =
        &["slipway", "slipway_estate", "slipway_gitops", "slipway_hcl", "slipway_support"];
    CRATES.contains(&part.split("::").next().unwrap_or_default())
}

/// Where the lines go.
enum Sink {
    Stream(LogFormat),
    File(Mutex<File>),
}

impl Sink {
    /// Tells what is one event, without secrets and with nothing that a terminal would obey.
    fn tell(&self, text: &str) {
        let text = text.trim_end();
        match self {
            Self::Stream(LogFormat::Json) => tell_json("debug", text.trim_start(), None),
            Self::Stream(LogFormat::Pretty) => write_line(&shown::stream(&redact::clean(text), false)),
            Self::File(file) => {
                let line = format!("{}\n", shown::stream(&redact::clean(text), false));
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // A log that cannot be written is no reason to stop a run.
                let _full = io::Write::write_all(&mut *file, line.as_bytes());
            }
        }
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { sink: self, text: Vec::new() }
    }
}

/// One event as it is written.
struct Event<'a> {
    sink: &'a Sink,
    text: Vec<u8>,
}

impl io::Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        self.sink.tell(&String::from_utf8_lossy(&self.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_levels_and_parts_of_ours_and_nothing_else() {
        for fine in ["debug", "WARN", "slipway::engine=debug", "slipway_estate, slipway::run=trace", ",info,"]
        {
            assert!(targets(fine).is_ok(), "{fine}");
        }
        for wrong in ["dbug", "slipway::engine=dbug", "debug,hyper=trace", "slipways", "aws_config", "=debug"]
        {
            let error = targets(wrong).unwrap_err();
            assert!(error.to_string().starts_with("SLIPWAY_LOG has "), "{wrong}: {error}");
        }
        let engine = targets("slipway::engine=debug").unwrap();
        assert!(engine.would_enable("slipway::engine::native", &tracing::Level::DEBUG));
        assert!(!engine.would_enable("slipway::run", &tracing::Level::DEBUG));
    }
}
