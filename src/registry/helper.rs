//! Programs that keep logins: `docker-credential-…`, asked over their standard input.

use std::io::ErrorKind;
use std::time::Duration;

use serde::Deserialize;

use super::login::{Login, LoginKind};
use crate::support::process::program;
use crate::support::secret::Secret;
use crate::support::short;
use crate::support::shown::one_line;

/// How long a program may take: some ask a keychain, or a cloud.
const PATIENCE: Duration = Duration::from_secs(15);
/// By this name a helper gives a token that is to be exchanged, and no password.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks a helper for the login of a server; none where it has none. Blocking. The error says why, and the way out.
pub(super) fn ask(helper: &str, server: &str) -> Result<Option<Login>, String> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if helper.is_empty() || !helper.bytes().all(is_word) {
        return Err("its name is no name of a helper; correct it in Docker's configuration".to_owned());
    }
    let name = format!("docker-credential-{helper}");
    let mut command = program(&name);
    command.arg("get");
    let output =
        short::output_within(&command, server.as_bytes(), PATIENCE).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                "it is not on PATH; install it, or take it out of Docker's configuration".to_owned()
            }
            ErrorKind::TimedOut => format!("it did not answer in {} s; try it by hand", PATIENCE.as_secs()),
            _ => error.to_string(),
        })?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // It says so on its standard output, in these words since ever.
        if said.contains("credentials not found") {
            return Ok(None);
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let words = [said.trim(), stderr.trim()].join(" ");
        return Err(format!("it failed ({}): {}", output.status, short_of(&words)));
    }
    let kept: Kept = serde_json::from_slice(&output.stdout)
        .map_err(|_| "its answer is not that of a credential helper; try it by hand".to_owned())?;
    let secret = Secret::new(kept.secret);
    if secret.is_empty() {
        return Ok(None);
    }
    let kind = if kept.username == TOKEN_USER {
        LoginKind::Identity(secret)
    } else {
        LoginKind::Password { user: kept.username, password: secret }
    };
    Ok(Some(Login { kind, from: name }))
}

/// As much of what it said as fits into a message.
fn short_of(words: &str) -> String {
    let line = one_line(words);
    line.trim().chars().take(200).collect()
}
