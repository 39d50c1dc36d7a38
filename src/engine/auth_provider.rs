//! Terragrunt's `auth-provider-cmd`: a program that says for each unit who its commands are.
//!
//! It is named by `TG_AUTH_PROVIDER_CMD`, as for Terragrunt, and runs in the unit's folder. What it prints is JSON of
//! [Terragrunt's schema](https://docs.terragrunt.com/schemas/auth-provider-cmd/v2/schema.json): `awsCredentials`, else an
//! `awsRole` that is assumed, and `envs`. Whatever of that cannot be used is an error: Terragrunt goes on with the
//! credentials that it was started with, which may be those of another account.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use serde::Deserialize;
use tracing::debug;

use super::EngineError;
use crate::hcl::suggest;
use crate::support::{process, redact, short};

/// The variable that names the program and its arguments.
pub const VARIABLE: &str = "TG_AUTH_PROVIDER_CMD";

/// So long an answer is used: nothing in it says how long its credentials last, and a tool that begins with them has to end
/// with them.
const FRESH: Duration = Duration::from_mins(5);

/// A program that asks a person, or waits for a network that is not there, does not hold a run for ever.
const PATIENCE: Duration = Duration::from_mins(2);

/// Variables by which AWS's libraries would look for credentials elsewhere. We act for the unit too (its state, its
/// bucket), and would be somebody else than the tool.
const ELSEWHERE: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// What the program said for a unit.
#[derive(Debug, Default)]
pub struct Answer {
    /// The credentials themselves.
    pub credentials: Option<Credentials>,
    /// The role that is to be assumed, where there are none.
    pub role: Option<AwsRole>,
    /// Other variables for the unit's commands.
    pub variables: BTreeMap<String, String>,
}

/// A role as the program names it.
#[derive(Clone, Deserialize)]
pub struct AwsRole {
    /// Its ARN.
    #[serde(rename = "roleARN", default)]
    pub arn: String,
    /// What the session is called.
    #[serde(rename = "roleSessionName", default)]
    pub session: Option<String>,
    /// How long it lasts, in seconds; 0 for the usual hour.
    #[serde(default)]
    pub duration: u32,
    /// The token that it is assumed by, in the place of our own credentials.
    #[serde(rename = "webIdentityToken", default)]
    pub web_identity: Option<String>,
}

impl std::fmt::Debug for AwsRole {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AwsRole").field(&self.arn).finish()
    }
}

/// The answer as it is written.
#[derive(Default, Deserialize)]
struct Written {
    #[serde(rename = "awsCredentials", default)]
    credentials: Option<WrittenCredentials>,
    #[serde(rename = "awsRole", default)]
    role: Option<AwsRole>,
    #[serde(default)]
    envs: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct WrittenCredentials {
    #[serde(rename = "ACCESS_KEY_ID", default)]
    key: String,
    #[serde(rename = "SECRET_ACCESS_KEY", default)]
    secret: String,
    #[serde(rename = "SESSION_TOKEN", default)]
    token: Option<String>,
}

type Asked = Arc<Mutex<Option<(Instant, Arc<Answer>)>>>;

/// The program that was named.
#[derive(Debug)]
pub struct AuthProvider {
    command: String,
    asked: Mutex<HashMap<PathBuf, Asked>>,
}

/// It is the environment's, and so one for all that is done in this process.
static OF_ENVIRONMENT: LazyLock<Option<AuthProvider>> = LazyLock::new(|| {
    let command = std::env::var(VARIABLE).ok().filter(|command| !command.trim().is_empty())?;
    Some(AuthProvider::new(command))
});

impl AuthProvider {
    /// One that has not been asked.
    fn new(command: String) -> Self {
        Self { command, asked: Mutex::default() }
    }

    /// The one that the environment names.
    pub fn of_environment() -> Option<&'static Self> {
        OF_ENVIRONMENT.as_ref()
    }

    /// What it says for the unit in a folder: asked once, and again when that is some minutes old. Blocks; whoever asks for
    /// the same unit meanwhile waits for the same answer.
    pub fn answer(&self, unit: &Path) -> Result<Arc<Answer>, EngineError> {
        let asked = {
            let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(unit.to_owned()).or_default())
        };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, answer)) = &*asked
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(self.ask(unit).map_err(|cause| EngineError::AuthProvider {
            // Its arguments may be secrets.
            command: self.command.split_whitespace().next().unwrap_or_default().to_owned(),
            unit: unit.to_owned(),
            cause,
        })?);
        *asked = Some((Instant::now(), Arc::clone(&answer)));
        Ok(answer)
    }

    fn ask(&self, unit: &Path) -> Result<Answer, String> {
        debug!(unit = %unit.display(), "its credentials are asked of the auth-provider-cmd");
        let words = shlex::split(&self.command).ok_or("a quote in it is not closed")?;
        let Some((name, arguments)) = words.split_first() else { return Err("it is empty".to_owned()) };
        // A path counts from the unit's folder, as with Terragrunt.
        let program = if name.contains('/') { unit.join(name) } else { PathBuf::from(name) };
        let mut command = process::program(program);
        command.args(arguments).current_dir(unit);
        let output = short::output_within(&command, b"", PATIENCE).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!(
                "{name} is not there; it is looked for on PATH, or from the unit's folder: {}",
                unit.display()
            ),
            _ => error.to_string(),
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim_end().lines().next_back().unwrap_or("it said nothing").trim().to_owned();
            return Err(match output.status.code() {
                Some(code) => format!("it failed with exit code {code}: {last}"),
                None => format!("it was ended by a signal: {last}"),
            });
        }
        parse(&output.stdout)
    }
}

/// Reads an answer, and keeps what is secret in it from being shown.
fn parse(text: &[u8]) -> Result<Answer, String> {
    if text.trim_ascii().is_empty() {
        return Err("it printed nothing, where JSON is expected".to_owned());
    }
    // The place only: what stands there may be a secret.
    let place = |error: serde_json::Error| {
        format!(
            "what it printed is not the JSON that is expected, at line {}, column {}",
            error.line(),
            error.column()
        )
    };
    let written: Option<Written> = serde_json::from_slice(text).map_err(place)?;
    let Written { credentials, role, envs, others } = written.unwrap_or_default();
    for name in others.keys() {
        const KNOWN: [&str; 3] = ["awsCredentials", "awsRole", "envs"];
        if let Some(near) = suggest::nearest(name, KNOWN) {
            return Err(format!("its answer has {name:?}: {near} is meant"));
        }
    }
    let mut variables = envs.unwrap_or_default();
    for (name, value) in &variables {
        redact::known().add_variable(name, value);
    }
    if let Some(name) = ELSEWHERE.iter().find(|&&name| variables.contains_key(name)) {
        return Err(format!("it answers with {name} in envs: answer with awsCredentials or an awsRole"));
    }
    let credentials = match credentials {
        Some(given) => Some(given.checked()?),
        None => of_variables(&mut variables)?,
    };
    let role = role.filter(|_| credentials.is_none());
    if role.as_ref().is_some_and(|role| role.arn.is_empty()) {
        return Err("its awsRole has no roleARN".to_owned());
    }
    if let Some(token) = role.as_ref().and_then(|role| role.web_identity.as_deref()) {
        redact::known().add(token);
    }
    Ok(Answer { credentials, role, variables })
}

/// Credentials that stand among other variables.
fn of_variables(variables: &mut BTreeMap<String, String>) -> Result<Option<Credentials>, String> {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    if !names.iter().any(|&name| variables.contains_key(name)) {
        return Ok(None);
    }
    let [key, secret, token] = names.map(|name| variables.remove(name));
    let given =
        WrittenCredentials { key: key.unwrap_or_default(), secret: secret.unwrap_or_default(), token };
    given.checked().map(Some)
}

impl WrittenCredentials {
    fn checked(self) -> Result<Credentials, String> {
        for (name, value) in [("ACCESS_KEY_ID", &self.key), ("SECRET_ACCESS_KEY", &self.secret)] {
            if value.is_empty() {
                return Err(format!("its credentials have no {name}"));
            }
        }
        let token = self.token.filter(|token| !token.is_empty());
        redact::known().add(&self.secret);
        if let Some(token) = &token {
            redact::known().add(token);
        }
        Ok(Credentials::new(self.key, self.secret, token, None, "auth-provider-cmd"))
    }
}

impl Answer {
    /// Its other variables, as commands take them.
    pub fn environment(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.variables.iter().map(|(name, value)| (name.into(), value.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn message(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_answer_has_credentials_or_a_role_and_variables_beside_them() {
        let both = r#"{"awsCredentials": {"ACCESS_KEY_ID": "AKIA1", "SECRET_ACCESS_KEY": "canary-secret-1", "SESSION_TOKEN": ""},
            "awsRole": {"roleARN": "arn:aws:iam::1:role/r"}, "envs": {"TEAM": "a"}}"#;
        let answer = parse(both.as_bytes()).unwrap();
        let credentials = answer.credentials.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("AKIA1", None));
        assert!(answer.role.is_none(), "credentials come before a role, as with Terragrunt");
        assert_eq!(answer.variables["TEAM"], "a");
        assert_eq!(redact::clean("canary-secret-1"), "(sensitive)");

        let role =
            r#"{"awsRole": {"roleARN": "arn:aws:iam::1:role/r", "duration": 900, "roleSessionName": "s"}}"#;
        let role = parse(role.as_bytes()).unwrap().role.unwrap();
        assert_eq!(
            (role.arn.as_str(), role.duration, role.session.as_deref()),
            ("arn:aws:iam::1:role/r", 900, Some("s"))
        );

        let envs = r#"{"envs": {"AWS_ACCESS_KEY_ID": "AKIA2", "AWS_SECRET_ACCESS_KEY": "canary-secret-2", "AWS_REGION": "eu-west-1"}}"#;
        let answer = parse(envs.as_bytes()).unwrap();
        assert_eq!(answer.credentials.unwrap().access_key_id(), "AKIA2");
        assert_eq!(answer.variables.keys().collect::<Vec<_>>(), ["AWS_REGION"]);
    }

    #[test]
    fn nothing_is_an_answer_where_it_is_said() {
        for text in ["null", "{}", "{\"Version\": 1}", "{\"envs\": null}"] {
            let answer = parse(text.as_bytes()).unwrap();
            assert!(answer.credentials.is_none() && answer.role.is_none() && answer.variables.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_without_what_stands_there() {
        assert!(message(" \n").contains("printed nothing"));
        let broken = message("{\"awsCredentials\": {\"ACCESS_KEY_ID\": canary-secret-3}}");
        assert!(broken.contains("line 1, column 38") && !broken.contains("canary"), "{broken}");
        let kind = message("{\"awsCredentials\": \"canary-secret-4\"}");
        assert!(kind.contains("line 1") && !kind.contains("canary"), "{kind}");
        assert!(message("{\"awscredentials\": {}}").ends_with("awsCredentials is meant"));
        assert!(message("{\"awsCredentials\": {\"ACCESS_KEY_ID\": \"A\"}}").contains("no SECRET_ACCESS_KEY"));
        assert!(message("{\"awsRole\": {}}").contains("no roleARN"));
        assert!(message("{\"envs\": {\"AWS_PROFILE\": \"dev\"}}").contains("AWS_PROFILE in envs"));
        assert!(message("{\"envs\": {\"AWS_SESSION_TOKEN\": \"t\"}}").contains("no ACCESS_KEY_ID"));
    }

    #[test]
    fn it_is_asked_once_a_unit_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("who");
        let text = "#!/bin/sh\necho x >> asked\necho \"{\\\"envs\\\": {\\\"PLACE\\\": \\\"$(basename \"$PWD\") $1\\\"}}\"\n";
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let provider = AuthProvider::new(format!("'{}' 'of it'", script.display()));
        let units = ["a", "b"].map(|name| dir.path().join(name));
        for unit in &units {
            std::fs::create_dir(unit).unwrap();
        }
        std::thread::scope(|scope| {
            for unit in units.iter().cycle().take(6) {
                scope.spawn(|| provider.answer(unit).unwrap());
            }
        });
        for (unit, place) in units.iter().zip(["a of it", "b of it"]) {
            assert_eq!(provider.answer(unit).unwrap().variables["PLACE"], place);
            assert_eq!(std::fs::read_to_string(unit.join("asked")).unwrap(), "x\n");
        }
    }

    #[test]
    fn a_program_that_fails_is_named_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let told =
            |command: &str| AuthProvider::new(command.to_owned()).answer(dir.path()).unwrap_err().to_string();
        assert!(
            told("sh -c 'echo early >&2; echo no session >&2; exit 3'").ends_with("exit code 3: no session")
        );
        assert!(told("./not-there").contains("./not-there is not there"));
        assert!(told("sh 'open").contains("not closed"));
    }
}
