//! Which settings a `git` of ours obeys: the user's own, and of a repository's none that starts a program or opens a way.
//!
//! A repository's configuration is written by whoever made the folder: an archive, a shared disk, or a folder in the tree
//! that looks like a bare repository bring their own. Git runs what it says there (`core.fsmonitor` at every `status`, a
//! filter at every comparison). So what of it could start something is set to what the user has of it, or to nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Settings that would change what our commands do, or print, whoever made them.
const ALWAYS: &[(&str, &str)] = &[
    ("color.ui", "false"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "60"),
    ("i18n.commitEncoding", "UTF-8"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("log.showSignature", "false"),
    ("protocol.ext.allow", "never"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.recurseSubmodules", "no"),
    ("submodule.recurse", "false"),
    ("user.useConfigOnly", "true"),
];

/// Where somebody else made the repository: a folder that only looks like a bare one is none.
const IN_THEIRS: (&str, &str) = ("safe.bareRepository", "explicit");

/// What a missing object of a partial clone may be fetched by: no helper that an address could name.
const PROTOCOLS: &str = "file:http:https:ssh";

/// The settings that name a program, or let an address name one: the section, then the name, in lowercase.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("core", &["alternaterefscommand", "askpass", "editor", "gitproxy", "sshcommand"]),
    ("credential", &["helper"]),
    ("diff", &["command", "external", "textconv"]),
    ("filter", &["clean", "process", "required", "smudge"]),
    ("gc", &["recentobjectshook"]),
    ("gpg", &["defaultkeycommand", "program"]),
    ("interactive", &["difffilter"]),
    ("merge", &["driver"]),
    ("protocol", &["allow"]),
    ("remote", &["receivepack", "uploadpack", "vcs"]),
    ("sequence", &["editor"]),
    ("trailer", &["cmd", "command"]),
    ("uploadpack", &["packobjectshook"]),
];

/// Set once, for the whole process: see [`forbid_network`].
static NO_NETWORK: AtomicBool = AtomicBool::new(false);

/// From now on no `git` of this process fetches what a repository lacks: a partial clone is asked for what it has.
pub fn forbid_network() {
    NO_NETWORK.store(true, Ordering::Relaxed);
}

/// Whose repository a command works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// Somebody's: its own settings start nothing.
    ByOthers,
    /// One that was made here, empty, for this work.
    Here,
}

/// The settings for a command in a folder, where those in force are `known`.
pub(super) fn settings(made: Made, known: impl FnOnce() -> Arc<Vec<Setting>>) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = ALWAYS.iter().map(owned).collect();
    if made == Made::ByOthers {
        settings.push(owned(&IN_THEIRS));
        settings.extend(overruled(&known()));
    }
    settings
}

/// By which protocols a command may fetch; none leaves it to Git's own settings.
pub(super) fn protocols(made: Made) -> Option<&'static str> {
    if NO_NETWORK.load(Ordering::Relaxed) {
        return Some("none");
    }
    let own = std::env::var_os("GIT_ALLOW_PROTOCOL").is_some();
    (made == Made::ByOthers && !own).then_some(PROTOCOLS)
}

/// One setting, as Git lists it: a section and a name in lowercase, what stands between them as written.
#[derive(Debug)]
pub(super) struct Setting {
    /// Whether the repository itself says it.
    pub(super) of_repository: bool,
    pub(super) key: String,
    pub(super) value: String,
}

/// What lists the settings that are in force in a folder: listing starts nothing, whatever is in the list, and what is
/// included in it is listed too.
pub(super) const LIST: [&str; 4] = ["config", "--list", "--show-scope", "-z"];

/// The last value of a setting among those that are wanted.
pub(super) fn last(known: &[Setting], name: &str, wanted: impl Fn(&Setting) -> bool) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let found = known.iter().rfind(|setting| setting.key == name && wanted(setting));
    found.map(|setting| setting.value.clone()).filter(|value| !value.is_empty())
}

/// The settings that are in force in a folder, asked for once by [`LIST`]; none where Git does not tell.
pub(super) fn known(folder: &Path, list: impl FnOnce() -> Vec<u8>) -> Arc<Vec<Setting>> {
    static KNOWN: OnceLock<Mutex<HashMap<PathBuf, Arc<Vec<Setting>>>>> = OnceLock::new();
    let all = || KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all().get(folder) {
        return Arc::clone(known);
    }
    let settings = Arc::new(parse(&list()));
    all().insert(folder.to_path_buf(), Arc::clone(&settings));
    settings
}

/// `scope<nul>key<newline>value<nul>`, in turn; a key without a value has no newline.
fn parse(listed: &[u8]) -> Vec<Setting> {
    let mut words = listed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut settings = Vec::new();
    while let (Some(scope), Some(setting)) = (words.next(), words.next()) {
        let (key, value) = setting.split_once('\n').unwrap_or((&setting, ""));
        let of_repository = matches!(&*scope, "local" | "worktree" | "submodule");
        settings.push(Setting { of_repository, key: key.to_owned(), value: value.to_owned() });
    }
    settings
}

/// What of a repository's settings is set to what the user has, in the order in which it counts.
fn overruled(known: &[Setting]) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    let mut done = Vec::new();
    for Setting { key, .. } in known.iter().filter(|setting| setting.of_repository) {
        if !starts_programs(key) || done.contains(&key) {
            continue;
        }
        done.push(key);
        let users = known.iter().filter(|setting| setting.key == *key && !setting.of_repository);
        let users: Vec<String> = users.map(|setting| setting.value.clone()).collect();
        if key.starts_with("credential.") {
            // A list: the empty one forgets what came before.
            settings.push((key.clone(), String::new()));
            settings.extend(users.into_iter().map(|helper| (key.clone(), helper)));
        } else {
            let value = users.into_iter().next_back().unwrap_or_else(|| instead_of(key).to_owned());
            settings.push((key.clone(), value));
        }
    }
    settings
}

fn starts_programs(key: &str) -> bool {
    let (section, rest) = key.split_once('.').unwrap_or((key, ""));
    let name = rest.rsplit('.').next().unwrap_or_default();
    PROGRAMS.iter().any(|(known, names)| *known == section && names.contains(&name))
}

/// What Git does where nobody has said anything.
fn instead_of(key: &str) -> &'static str {
    let ends = |end: &str| key.ends_with(end);
    match key {
        "core.sshcommand" => "ssh",
        "gpg.program" | "gpg.openpgp.program" => "gpg",
        "gpg.ssh.program" => "ssh-keygen",
        "gpg.x509.program" => "gpgsm",
        "protocol.ext.allow" => "never",
        "protocol.http.allow" | "protocol.https.allow" | "protocol.git.allow" | "protocol.ssh.allow" => {
            "always"
        }
        _ if ends(".allow") => "user",
        _ if ends(".uploadpack") => "git-upload-pack",
        _ if ends(".receivepack") => "git-receive-pack",
        _ if ends(".required") => "false",
        _ => "",
    }
}

fn owned((key, value): &(&str, &str)) -> (String, String) {
    ((*key).to_owned(), (*value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(settings: &[(&str, &str, &str)]) -> Vec<u8> {
        let lines = settings.iter().map(|(scope, key, value)| format!("{scope}\0{key}\n{value}\0"));
        lines.collect::<String>().into_bytes()
    }

    #[test]
    fn what_a_repository_says_of_programs_gives_way_to_what_the_user_says() {
        let known = parse(&listed(&[
            ("global", "credential.helper", "store"),
            ("global", "filter.lfs.clean", "git-lfs clean -- %f"),
            ("local", "core.sshcommand", "evil"),
            ("local", "credential.helper", "!evil"),
            ("local", "credential.https://x.example.com.helper", "!evil"),
            ("local", "filter.lfs.clean", "evil"),
            ("worktree", "filter.a.b.smudge", "evil"),
            ("local", "remote.origin.url", "https://x.example.com/r.git"),
            ("local", "remote.origin.uploadpack", "evil"),
            ("local", "user.name", "Ada"),
        ]));
        let expected = [
            ("core.sshcommand", "ssh"),
            ("credential.helper", ""),
            ("credential.helper", "store"),
            ("credential.https://x.example.com.helper", ""),
            ("filter.lfs.clean", "git-lfs clean -- %f"),
            ("filter.a.b.smudge", ""),
            ("remote.origin.uploadpack", "git-upload-pack"),
        ];
        assert_eq!(overruled(&known), expected.iter().map(owned).collect::<Vec<_>>());
    }

    #[test]
    fn a_setting_of_the_user_is_told_from_one_of_the_repository() {
        let known = parse(&listed(&[
            ("system", "gpg.format", "openpgp"),
            ("global", "gpg.format", "ssh"),
            ("local", "gpg.format", "x509"),
            ("local", "core.bare", "false"),
        ]));
        assert_eq!(last(&known, "gpg.format", |setting| !setting.of_repository).as_deref(), Some("ssh"));
        assert_eq!(last(&known, "GPG.format", |_| true).as_deref(), Some("x509"));
        assert_eq!(last(&known, "core.bare", |setting| !setting.of_repository), None);
    }
}
