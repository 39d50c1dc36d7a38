//! What of the environment is a secret, and what of it is nobody's but ours.
//!
//! Programs that we start get our environment, without what only we need: see [`withhold`]. What they print of the rest
//! is masked where its name, or its form, says that it is a secret.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::address::spans::{in_text, percent_decode};

/// The token of the manifests repository.
pub const MANIFESTS_TOKEN: &str = "SLIPWAY_MANIFESTS_TOKEN";
/// The user name that goes with it.
pub const MANIFESTS_USERNAME: &str = "SLIPWAY_MANIFESTS_USERNAME";
/// The GitHub App that is let in to the manifests repository, in the place of a token.
pub const GITHUB_APP_ID: &str = "SLIPWAY_GITHUB_APP_ID";
/// Its private key, in PEM.
pub const GITHUB_APP_KEY: &str = "SLIPWAY_GITHUB_APP_PRIVATE_KEY";
/// Its installation, where that is not to be asked for.
pub const GITHUB_APP_INSTALLATION: &str = "SLIPWAY_GITHUB_APP_INSTALLATION_ID";
/// What our answer to Git's question for credentials reads; set for the one command that needs it.
pub const GIT_USERNAME: &str = "SLIPWAY_GIT_USERNAME";
/// The variable in which Git's credential helper is told the password.
pub const GIT_PASSWORD: &str = "SLIPWAY_GIT_PASSWORD";

/// What a variable says; one that is empty says nothing, as pipelines leave those that they have no value for.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Variables that programs never get from us: they are read here.
const OURS: &[&str] = &[
    MANIFESTS_TOKEN,
    MANIFESTS_USERNAME,
    GITHUB_APP_ID,
    GITHUB_APP_KEY,
    GITHUB_APP_INSTALLATION,
    GIT_USERNAME,
    GIT_PASSWORD,
    // It may have a login in it.
    "SLIPWAY_MANIFESTS_URL",
];

/// What tools themselves read: a configuration of ours that reads the same takes it from nobody.
const OF_TOOLS: &[&str] = &[
    "AWS_",
    "ARM_",
    "AZURE_",
    "GOOGLE_",
    "CLOUDSDK_",
    "TF_",
    "TG_",
    "TERRAGRUNT_",
    "KUBE",
    "VAULT_",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
    "BITBUCKET_",
    "HOME",
    "PATH",
    "USER",
    "SSH_",
    "GIT_",
];

static WITHHELD: LazyLock<RwLock<BTreeSet<String>>> =
    LazyLock::new(|| RwLock::new(OURS.iter().map(|&name| name.to_owned()).collect()));

/// No program that is started from now on gets this variable, unless tools read it by themselves, such as
/// `AWS_PROFILE` and `GITHUB_TOKEN`.
pub fn withhold(name: &str) {
    let is_of_tools = OF_TOOLS
        .iter()
        .any(|known| if known.ends_with('_') { name.starts_with(known) } else { name == *known });
    if !is_of_tools {
        WITHHELD.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }
}

/// Whether programs do not get a variable.
pub fn is_withheld(name: &str) -> bool {
    WITHHELD.read().unwrap_or_else(PoisonError::into_inner).contains(name)
}

/// The variables that programs do not get.
pub fn withheld() -> Vec<OsString> {
    WITHHELD.read().unwrap_or_else(PoisonError::into_inner).iter().map(OsString::from).collect()
}

/// The variables of this process that hold a secret, as far as their names or values say so.
pub fn secrets() -> impl Iterator<Item = (String, String)> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let all = std::env::vars_os().map(move |(name, value)| (text(name), text(value)));
    all.filter(|(name, value)| !secrets_of(name, value).is_empty())
}

/// The secrets in a variable, or in a setting of that name: its whole value, or a part where that is an address or a
/// connection string.
pub fn secrets_of(name: &str, value: &str) -> Vec<String> {
    let value = value.trim();
    if value.is_empty() {
        return Vec::new();
    }
    if is_secret(name, value) {
        return vec![value.to_owned()];
    }
    let mut parts = parameters_of(value);
    for (start, _) in value.match_indices("://") {
        let rest = value.get(start + 3..).unwrap_or_default();
        for range in in_text(rest) {
            let is_user = rest.get(range.end..).is_some_and(|behind| behind.starts_with(':'));
            let part = rest.get(range).filter(|_| !is_user).unwrap_or_default();
            parts.extend([part.to_owned(), percent_decode(part)]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Whether a name says that the value is a secret.
fn is_secret(name: &str, value: &str) -> bool {
    const ENDS: &[&str] = &[
        "PASS",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PWD",
        "TOKEN",
        "SECRET",
        "CREDENTIALS",
        "APIKEY",
        "AUTH",
        "PAT",
        "CONNECTION_STRING",
        "PASSWORDS",
        "TOKENS",
        "SECRETS",
    ];
    // What is told of a secret, and is none.
    const ABOUT: &[&str] = &[
        "ARN",
        "BACKEND",
        "COUNT",
        "DIR",
        "DURATION",
        "ENABLED",
        "ENDPOINT",
        "ENGINE",
        "EXPIRY",
        "FILE",
        "FOLDER",
        "HEADER",
        "HOST",
        "ID",
        "ISSUER",
        "LENGTH",
        "NAME",
        "NAMES",
        "NAMESPACE",
        "PATH",
        "POLICY",
        "PREFIX",
        "REF",
        "REGION",
        "ROTATION",
        "SIZE",
        "STORE",
        "TTL",
        "TYPE",
        "URI",
        "URL",
        "USER",
        "USERNAME",
        "VERSION",
    ];
    let name = name.strip_prefix("TF_VAR_").unwrap_or(name).to_ascii_uppercase().replace('-', "_");
    if matches!(name.as_str(), "PWD" | "OLDPWD" | "SSH_AUTH_SOCK") || is_none(value) {
        return false;
    }
    let words: Vec<&str> = name.split('_').collect();
    let last = words.last().copied().unwrap_or_default();
    if name.starts_with("TF_TOKEN_") || name == "VAULT_SECRET_ID" || name.ends_with("_SECRET_ID") {
        return true;
    }
    if ABOUT.contains(&last) {
        return false;
    }
    let ends = |end: &str| {
        // `PGPASSWORD`, but not `COMPASS`.
        let behind = name.strip_suffix(end);
        behind.is_some_and(|before| before.is_empty() || before.ends_with('_') || end.len() > 5)
    };
    ENDS.iter().any(|end| ends(end))
        || words.contains(&"SECRET")
        || (last == "KEY" || last.ends_with("APIKEY")) && looks_random(value)
}

/// Whether a value cannot be a secret: a path, a name of a resource, an address without a login, a truth, a number.
fn is_none(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_path = value.starts_with(['/', '~']) || value.starts_with("./") || value.starts_with("../");
    is_path
        || lower.starts_with("arn:")
        || lower.starts_with("file:")
        || matches!(lower.as_str(), "true" | "false" | "null" | "none" | "yes" | "no" | "on" | "off")
        || lower.contains("://") && !lower.contains(char::is_whitespace)
}

/// Keys are secret where they look like something that nobody has thought up; `id` and `prod/main.tfstate` do not.
pub(super) fn looks_random(value: &str) -> bool {
    const SHORTEST: usize = 16;
    if value.contains("PRIVATE KEY") {
        return true;
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "+/=_-.~".contains(letter);
    let has = |wanted: fn(&char) -> bool| value.chars().any(|letter| wanted(&letter));
    value.len() >= SHORTEST
        && value.chars().all(plain)
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !value.contains(".tfstate")
}

/// Whether a value is one that stands in texts by itself: it is masked only where its name stands beside it.
pub fn is_word(value: &str) -> bool {
    const LONGEST: usize = 12;
    let letters = value.chars().all(|letter| letter.is_ascii_lowercase());
    let digits = value.chars().all(|letter| letter.is_ascii_digit());
    let title = value.chars().skip(1).all(|letter| letter.is_ascii_lowercase());
    value.len() < LONGEST && (letters || digits || title)
}

/// The passwords of a connection string: `Server=h;Password=…`, `host=h password=…`.
fn parameters_of(value: &str) -> Vec<String> {
    let separator = if value.contains(';') { ';' } else { ' ' };
    let pairs = value.split(separator).filter_map(|part| part.trim().split_once('='));
    let secret = pairs.filter(|(name, value)| {
        let name = name.trim().to_ascii_lowercase();
        let known = ["password", "pwd", "accountkey", "sharedaccesskey", "sharedaccesssignature", "passwd"];
        known.contains(&name.as_str()) && !value.trim().is_empty()
    });
    secret.map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(name: &str, value: &str) -> bool {
        secrets_of(name, value) == [value]
    }

    #[test]
    fn names_tell_secrets() {
        for name in [
            "ARM_CLIENT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "DB_PASS",
            "DB_PASSWORD",
            "PGPASSWORD",
            "GITLAB_TOKEN",
            "TF_TOKEN_app_terraform_io",
            "TF_VAR_db_password",
            "MYSQL_PWD",
            "VAULT_SECRET_ID",
            "db_password",
            "client-secret",
            "MY_SECRET_KEY_1",
            "REDISCLI_AUTH",
            "AZURE_DEVOPS_EXT_PAT",
            "SECRET",
            "TOKEN",
            "PASSWORD",
        ] {
            assert!(whole(name, "Xk2-hunter2-hunter2"), "{name}");
        }
        for name in [
            "HOME",
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "COMPASS",
            "DB_SECRET_ARN",
            "TOKEN_TTL",
            "secret_name",
            "SSH_AUTH_SOCK",
            "TOKEN_URL",
            "kms_key_id",
            "TF_VAR_region",
            "BYPASS",
            "OLDPWD",
            "GIT_ASKPASS_FILE",
        ] {
            assert!(!whole(name, "Xk2-hunter2-hunter2"), "{name}");
        }
    }

    #[test]
    fn keys_are_secret_where_they_look_like_it() {
        assert!(whole("INFRACOST_API_KEY", "ico-A1b2C3d4E5f6G7h8"));
        assert!(whole("TLS_KEY", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"));
        assert!(!whole("STATE_KEY", "prod/network/terraform.tfstate"));
        assert!(!whole("HASH_KEY", "id"));
        assert!(!whole("SSH_KEY", "/home/ada/.ssh/id_ed25519"));
    }

    #[test]
    fn what_is_no_secret_by_its_value_is_none_by_its_name() {
        for value in
            ["true", "/run/secrets/token", "arn:aws:secretsmanager:eu-west-1:1:secret:x", "https://h/token"]
        {
            assert!(!whole("APP_TOKEN", value), "{value}");
        }
    }

    #[test]
    fn passwords_inside_of_values_are_secrets_whatever_the_name() {
        let secrets = secrets_of("DATABASE_URL", "postgres://app:p%40ss-word@db:5432/x");
        assert_eq!(secrets, ["p%40ss-word", "p@ss-word"]);
        assert_eq!(secrets_of("DSN", "Server=h;Password=hunter2;X=y"), ["hunter2"]);
        assert_eq!(secrets_of("DSN", "host=h password='hunter2' dbname=x"), ["hunter2"]);
        assert_eq!(secrets_of("EDITOR", "vim -c 'set nu'"), [""; 0]);
    }

    #[test]
    fn what_only_we_need_is_withheld_and_what_tools_read_is_not() {
        withhold("MANIFESTS_TOKEN_OF_THIS_TEST");
        withhold("GITHUB_TOKEN");
        withhold("AWS_PROFILE");
        assert!(is_withheld("MANIFESTS_TOKEN_OF_THIS_TEST") && is_withheld(MANIFESTS_TOKEN));
        assert!(!is_withheld("GITHUB_TOKEN") && !is_withheld("AWS_PROFILE"));
    }
}
