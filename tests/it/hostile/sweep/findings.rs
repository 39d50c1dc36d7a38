//! What must not be seen, whatever the tree.

use super::calls::{Answer, Call, Starts};
use super::child::Seen;

/// The most memory a command may have, in KiB: a debug build takes a tenth of it over a sound estate.
const MOST_MEMORY: u64 = 1536 * 1024;
/// The exit codes that are promised.
const CODES: &[i32] = &[0, 1, 2, 3, 4, 5, 64, 130];

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind, for findings that are one.
    pub kind: &'static str,
    /// What was seen.
    pub seen: String,
}

/// Looks at how a call went. `tripped` are the tripwires that were started, `changed` what has changed outside.
pub fn look(call: &Call, seen: &Seen, tripped: &[String], changed: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |kind, seen: String| found.push(Finding { kind, seen });
    let stderr = String::from_utf8_lossy(&seen.stderr);
    if seen.killed {
        tell("outlives its third interrupt", format!("killed after {:?}", seen.took));
    } else if seen.interrupts > 0 {
        tell("without end", format!("after {:?} and {} interrupts", seen.took, seen.interrupts));
    } else if let Some(signal) = seen.signal {
        tell("death by a signal", format!("signal {signal}"));
    }
    if seen.code == Some(101) || stderr.contains("panicked at") {
        tell("a panic", line_with(&stderr, "panicked").to_owned());
    } else if let Some(code) = seen.code.filter(|code| !CODES.contains(code)) {
        tell("an exit code that is none", code.to_string());
    }
    if seen.peak > MOST_MEMORY {
        tell("memory over the limit", format!("{} MiB", seen.peak / 1024));
    }
    for name in tripped {
        if !may_start(call, name) {
            tell("a program that started", name.clone());
        }
    }
    if !changed.is_empty() {
        tell("a change outside of the tree", changed.join("; "));
    }
    let machine = call.answer != Answer::Text;
    found.extend(printed("answer", &seen.stdout, machine));
    found.extend(printed("talk", &seen.stderr, call.logs_json()));
    found.extend(not_json(call, seen));
    found
}

/// Whether a call may start a program that the repository chose, or one on `PATH`.
fn may_start(call: &Call, name: &str) -> bool {
    match name {
        "run_cmd" | "slipway_hcl" | "sops" => call.starts != Starts::Nothing,
        "hook" | "binary" | "infracost" | "conftest" | "opa" | "ssh" => call.starts == Starts::WhatRuns,
        // It asks the user's own, on PATH, for their versions.
        "terragrunt" | "terraform" => call.arguments.starts_with("doctor"),
        _ => false,
    }
}

/// What a terminal or a pipeline would obey.
fn printed(which: &str, bytes: &[u8], machine: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let Ok(text) = std::str::from_utf8(bytes) else {
        let at = String::from_utf8_lossy(bytes);
        let seen = format!("in the {which}: {}", around(&at, at.find('\u{fffd}').unwrap_or_default()));
        return vec![Finding { kind: "bytes that are no text", seen }];
    };
    if let Some(at) = text.find(is_obeyed) {
        let seen = format!("in the {which}: {}", around(text, at));
        found.push(Finding { kind: "a raw control character", seen });
    }
    let command = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("::") || line.starts_with("##[") || line.starts_with("##vso[")
    };
    if let Some(line) = text.lines().find(command).filter(|_| !machine) {
        found.push(Finding {
            kind: "a line that a pipeline obeys",
            seen: format!("in the {which}: {line:?}"),
        });
    }
    found
}

/// Control characters but the end of a line and a tab, and what turns the direction of text.
fn is_obeyed(letter: char) -> bool {
    (letter.is_control() && !matches!(letter, '\n' | '\t'))
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}')
}

fn not_json(call: &Call, seen: &Seen) -> Option<Finding> {
    let is_json = |text: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    let lines_are = |text: &[u8]| {
        let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.find(|line| !is_json(line)).map(|line| String::from_utf8_lossy(line).into_owned())
    };
    let answer = match call.answer {
        Answer::Text => None,
        Answer::Json => (!seen.stdout.is_empty() && !is_json(&seen.stdout))
            .then(|| String::from_utf8_lossy(&seen.stdout).chars().take(300).collect()),
        Answer::JsonLines => lines_are(&seen.stdout),
    };
    let answer = answer.map(|line| Finding { kind: "an answer that is no JSON", seen: line });
    let talk = || {
        let line = lines_are(&seen.stderr).filter(|_| call.logs_json())?;
        Some(Finding { kind: "a line that is no JSON", seen: line })
    };
    answer.or_else(talk)
}

fn line_with<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or(text)
}

/// A text around a place, so that it can be shown.
fn around(text: &str, at: usize) -> String {
    let from = text.floor_char_boundary(at.saturating_sub(80));
    let to = text.ceil_char_boundary((at + 40).min(text.len()));
    format!("{:?}", text.get(from..to).unwrap_or_default())
}
