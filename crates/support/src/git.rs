//! The `git` command, run so that it asks nothing, tells nothing, and obeys no surprising configuration.
//!
//! The user's own credentials (helpers, `ssh-agent`, `GIT_ASKPASS`) keep working. Credentials given here travel in
//! the child's environment, bound to one repository: never in an address, an argument or a log.

pub mod bare;
mod branch_name;
pub mod changes;
pub mod configured;
mod error;
mod remote;
pub mod removed;
pub mod settings;
pub mod snapshot;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

pub use self::branch_name::is_branch_name;
pub use self::error::GitError;
use self::error::{Remote, classify};
pub use self::remote::{Credentials, GitRemote};
use self::settings::{Made, Setting};
use super::address::Address;
use super::children::AtWork;
use super::fs::{FileError, refuse_unreadable};
use super::{environment, process, short};

/// How long a command that speaks to a remote may take.
const REMOTE_LIMIT: Duration = Duration::from_mins(5);

/// The commands that speak to a remote: their failures are told apart, see [`GitError`].
const REMOTE_COMMANDS: &[&str] = &["fetch", "push", "ls-remote"];

/// What may speak to a remote beside them, for submodules and large files, or asks for what is said then. No other
/// command gets credentials.
const MAY_SPEAK: &[&str] = &["checkout", "credential", "submodule"];

/// Variables that tie a command to another repository, as set inside a Git hook (`git rev-parse --local-env-vars`).
const REPOSITORY_VARIABLES: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
];

/// Answers git's credential protocol from the environment. `printf` and `test` are built into every shell, so
/// neither value becomes a process argument.
const CREDENTIAL_HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$SLIPWAY_GIT_USERNAME" "$SLIPWAY_GIT_PASSWORD"; }; f"#;

/// `git` in one folder.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    remote: Option<GitRemote>,
    variables: Vec<(String, String)>,
    made: Made,
}

impl Git {
    /// `git` in `folder`, for local questions. Whoever made the repository: its settings start no program.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), remote: None, variables: Vec::new(), made: Made::ByOthers }
    }

    /// `git` in a folder of ours, in which a repository is made for some work.
    pub fn scratch(folder: impl Into<PathBuf>) -> Self {
        Self { made: Made::Here, ..Self::new(folder) }
    }

    /// `git` in `folder`, able to speak to `remote`.
    #[must_use]
    pub fn with_remote(mut self, remote: GitRemote) -> Self {
        self.remote = Some(remote);
        self
    }

    /// Sets an environment variable for every command.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Runs a local command and returns its standard output. Blocking, for questions that take milliseconds.
    pub fn ask<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, GitError> {
        Ok(lossy(&self.bytes(arguments)?))
    }

    /// What a command of Git prints as bytes, for paths.
    pub fn bytes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitError> {
        self.refuse_endless(arguments)?;
        let output = short::output(&self.command(arguments)).map_err(GitError::Start)?;
        self.checked(arguments, &output).map(|()| output.stdout)
    }

    /// A command that looks at the work tree would wait for a pipe in the place of what says which files count. Git
    /// follows no links there.
    fn refuse_endless<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<(), GitError> {
        let command = arguments.first().map(|name| name.as_ref().to_string_lossy()).unwrap_or_default();
        if !["diff", "ls-files", "status"].contains(&&*command) {
            return Ok(());
        }
        let failed =
            |error: FileError| GitError::Failed { command: command.to_string(), message: error.to_string() };
        let names = [".gitignore", ".gitattributes"];
        let files = up_to_top(&self.folder).flat_map(|folder| names.map(|name| folder.join(name)));
        files.filter(|file| !file.is_symlink()).try_for_each(|file| refuse_unreadable(&file).map_err(failed))
    }

    /// Runs a command, local or remote, feeding it `input`, and returns the bytes of its standard output.
    ///
    /// Dropping the future ends the command and what it started.
    pub async fn run<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(arguments);
        if !input.is_empty() {
            command.stdin(Stdio::piped());
        }
        // A group of its own: an interrupt typed at the terminal is ours to handle, a push under way may end.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut command = tokio::process::Command::from(command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(GitError::Start)?;
        let _at_work = AtWork::group(child.id());
        let mut group = ProcessGroup(child.id());
        let stdin = child.stdin.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A command that ends before it read everything tells why on stderr; the broken pipe does not.
                let _ = stdin.write_all(input).await;
            }
        };
        let work = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = tokio::time::timeout(REMOTE_LIMIT, work)
            .await
            .map_err(|_| GitError::TimedOut { url: self.shown(), seconds: REMOTE_LIMIT.as_secs() })?
            .map_err(GitError::Start)?;
        group.0 = None;
        self.checked(arguments, &output).map(|()| output.stdout)
    }

    /// Like [`Git::run`] without input, with the output as trimmed text.
    pub async fn text<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, GitError> {
        Ok(lossy(&self.run(arguments, &[]).await?).trim().to_owned())
    }

    /// The remote's address for messages.
    fn shown(&self) -> Address {
        Address::new(self.remote.as_ref().map_or("the remote", GitRemote::url))
    }

    fn checked<S: AsRef<OsStr>>(&self, arguments: &[S], output: &Output) -> Result<(), GitError> {
        if output.status.success() {
            return Ok(());
        }
        let command = arguments.first().map(|name| name.as_ref().to_string_lossy()).unwrap_or_default();
        let branch = self.remote.as_ref().map_or("", |remote| &remote.branch);
        let clean = |bytes: &[u8]| {
            let text = lossy(bytes);
            self.remote.as_ref().map_or(text.clone(), |remote| remote.redact(&text))
        };
        if !REMOTE_COMMANDS.contains(&&*command) {
            let message = clean(&output.stderr).trim().replace('\n', "; ");
            return Err(GitError::Failed { command: command.into_owned(), message });
        }
        let report = if command == "push" { clean(&output.stdout) } else { String::new() };
        let remote = Remote { url: self.shown(), branch };
        Err(classify(&command, &remote, &report, &clean(&output.stderr)))
    }

    /// The settings that are in force in the folder.
    fn known_settings(&self) -> Arc<Vec<Setting>> {
        settings::known(&self.folder, || Self::new(&self.folder).listing(&settings::LIST).unwrap_or_default())
    }

    /// What a command prints that only lists settings: these are not known yet.
    fn listing(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let command = Self { made: Made::Here, ..self.clone() }.command(arguments);
        let output = short::output(&command).map_err(GitError::Start)?;
        self.checked(arguments, &output).map(|()| output.stdout)
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = process::program("git");
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null());
        for name in REPOSITORY_VARIABLES {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        command.env_remove("SSH_ASKPASS");
        let mut settings = settings::settings(self.made, || self.known_settings());
        if let Some(protocols) = settings::protocols(self.made) {
            command.env("GIT_ALLOW_PROTOCOL", protocols);
        }
        let name = arguments.first().and_then(|name| name.as_ref().to_str()).unwrap_or_default();
        let speaks = REMOTE_COMMANDS.contains(&name) || MAY_SPEAK.contains(&name);
        let remote = self.remote.as_ref().filter(|_| speaks);
        if let Some(remote) = remote
            && let Some(user) = remote.user()
        {
            // In an address it would stand in git's arguments, for everybody to read.
            settings.push((format!("credential.{}.username", remote.url()), user.expose().to_owned()));
        }
        if let Some(remote) = remote
            && let Some(credentials) = remote.credentials()
        {
            let scope = format!("credential.{}", remote.url());
            settings.push(("core.askPass".to_owned(), String::new()));
            // The path has to count, or the token would serve the whole host; the empty helper drops the user's.
            settings.push((format!("{scope}.useHttpPath"), "true".to_owned()));
            // And where the server sends git elsewhere, its question says which repository that is.
            settings.push(("credential.useHttpPath".to_owned(), "true".to_owned()));
            settings.push((format!("{scope}.helper"), String::new()));
            settings.push((format!("{scope}.helper"), CREDENTIAL_HELPER.to_owned()));
            command
                .env_remove("GIT_ASKPASS")
                .env(environment::GIT_USERNAME, &credentials.username)
                .env(environment::GIT_PASSWORD, credentials.password.expose());
        }
        // Settings that a pipeline handed down the same way stay in force: ours come after them.
        let inherited =
            std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
        for (offset, (key, value)) in settings.iter().enumerate() {
            let index: usize = inherited + offset;
            command
                .env(format!("GIT_CONFIG_KEY_{index}"), key)
                .env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command.env("GIT_CONFIG_COUNT", (inherited + settings.len()).to_string());
        // SSH asks on the terminal itself unless told not to; a user's own SSH command is left as it is.
        let own_ssh = ["GIT_SSH", "GIT_SSH_COMMAND"].iter().any(|name| std::env::var_os(name).is_some());
        if !own_ssh && self.remote.as_ref().is_some_and(GitRemote::speaks_ssh) && !self.has_ssh_command() {
            command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn has_ssh_command(&self) -> bool {
        settings::last(&self.known_settings(), "core.sshCommand", |setting| !setting.of_repository).is_some()
    }
}

/// The group of a running command, by its leader; ended when this is dropped.
///
/// By SIGTERM: git then takes its lock files away, which matters where the remote is a folder of this machine and the
/// command's child writes there. SIGKILL would leave them.
struct ProcessGroup(Option<u32>);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.0.and_then(|leader| i32::try_from(leader).ok()) {
            // It may have ended by itself meanwhile.
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(leader),
                nix::sys::signal::Signal::SIGTERM,
            );
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first twelve digits of a commit, as people see it.
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// The top folder of the work tree that `folder` (absolute) is in, by its text: no program is asked, and links are not
/// followed.
pub fn top_of(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| above.join(".git").exists())
}

/// A folder (absolute) and those above it up to the top of its work tree; all of them where it is in none.
pub fn up_to_top(folder: &Path) -> impl Iterator<Item = &Path> {
    let top = top_of(folder);
    folder.ancestors().take_while(move |above| top.is_none_or(|top| above.starts_with(top)))
}

/// The top folder of the work tree that `folder` is in. Blocking.
pub fn repo_root(folder: &Path) -> Result<PathBuf, GitError> {
    let mut path = Git::new(folder).bytes(&["rev-parse", "--show-toplevel"])?;
    path.pop_if(|last| *last == b'\n');
    Ok(PathBuf::from(OsString::from_vec(path)))
}

/// The commit (40 hexadecimal digits) that is checked out in `folder`'s work tree. Blocking.
pub fn head_commit(folder: &Path) -> Result<String, GitError> {
    Ok(Git::new(folder).ask(&["rev-parse", "--verify", "HEAD^{commit}"])?.trim().to_owned())
}

/// Whether tracked files under `folder` differ from its commit, or untracked ones lie there. Blocking.
pub fn is_dirty(folder: &Path) -> Result<bool, GitError> {
    // In a submodule Git would start another one, for which the submodule's settings count.
    let arguments =
        ["status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=dirty", "--", "."];
    Ok(!Git::new(folder).ask(&arguments)?.is_empty())
}

/// Whether `ancestor` is `descendant` or one of its ancestors. Commits that are not there are an error. Blocking.
pub fn is_ancestor(git: &Git, ancestor: &str, descendant: &str) -> Result<bool, GitError> {
    for commit in [ancestor, descendant] {
        git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{commit}^{{commit}}")])?;
    }
    let arguments = ["merge-base", "--is-ancestor", ancestor, descendant];
    Ok(short::output(&git.command(&arguments)).map_err(GitError::Start)?.status.success())
}

#[cfg(test)]
mod tests;
