//! What can go wrong with Git, told apart by what a person would do about it.

use std::io;

use crate::address::Address;

/// An error of the `git` command. Messages of the remote are kept, credentials are not.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// `git` is not there, or cannot be started.
    #[error("git does not start: {0}; install git 2.31 or newer and have it on PATH")]
    Start(#[source] io::Error),
    /// The remote wants other credentials, or any.
    #[error(
        "{url} refuses the credentials: {message}; check the user name and the token, and that it may write"
    )]
    Authentication {
        /// The remote.
        url: Address,
        /// What git or the remote said.
        message: String,
    },
    /// The server says that the repository is elsewhere, where the login was not sent.
    #[error(
        "{url} redirects to {to}; write that address instead, the login is sent to no other server by itself"
    )]
    Redirected {
        /// The remote.
        url: Address,
        /// Where it is.
        to: Address,
    },
    /// Somebody else pushed first: fetch, edit again, push again.
    #[error("the push to {branch} came too late: someone else pushed first; fetch and try again")]
    PushRejected {
        /// The remote's branch.
        branch: String,
        /// What git or the remote said.
        message: String,
    },
    /// A hook or a protection rule of the remote said no.
    #[error(
        "the remote refuses the push to {branch}: {message}; it needs another branch, or a rule changed there"
    )]
    PushRefused {
        /// The remote's branch.
        branch: String,
        /// The hook's own words.
        message: String,
    },
    /// There is no such repository, or it is hidden from these credentials.
    #[error("repository {url} not found; check the address, and that the credentials may see it")]
    RepositoryNotFound {
        /// The remote.
        url: Address,
    },
    /// The repository has no such branch (an empty one has none at all).
    #[error("{url} has no branch {branch}; push a first commit to it, or name another branch")]
    BranchNotFound {
        /// The remote.
        url: Address,
        /// The branch asked for.
        branch: String,
    },
    /// The remote was not reached, or the connection broke.
    #[error("{url} was not reached: {message}; check the network and the address")]
    Network {
        /// The remote.
        url: Address,
        /// What git said.
        message: String,
    },
    /// The remote neither answered nor refused.
    #[error("{url} did not answer in {seconds} s; check the network, a proxy, or a VPN")]
    TimedOut {
        /// The remote.
        url: Address,
        /// How long it was given.
        seconds: u64,
    },
    /// A local command failed.
    #[error("git {command} failed: {message}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What git said.
        message: String,
    },
}

/// What a failed command that speaks to a remote was about.
pub(super) struct Remote<'a> {
    pub url: Address,
    pub branch: &'a str,
}

/// Turns what a failed `git` command wrote (in the C locale) into an error.
///
/// `stdout` is the `--porcelain` report of a push; empty for other commands.
pub(super) fn classify(command: &str, remote: &Remote<'_>, stdout: &str, stderr: &str) -> GitError {
    let url = remote.url.clone();
    let branch = remote.branch.to_owned();
    let mut refused = stdout.lines().filter(|line| line.starts_with('!'));
    // Of several that go together or not at all, one says why.
    let telling = refused.clone().find(|line| !line.contains("(atomic "));
    if let Some(status) = telling.or_else(|| refused.next()) {
        return classify_push(branch, status, stderr);
    }
    if let Some(to) = redirected(url.expose(), stderr) {
        return GitError::Redirected { url, to: Address::new(to) };
    }
    let said = |phrases: &[&str]| phrases.iter().any(|phrase| stderr.contains(phrase));
    if said(&["Remote branch", "couldn't find remote ref"]) {
        GitError::BranchNotFound { url, branch }
    } else if said(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Permission denied (",
        "Access denied",
        "returned error: 401",
        "returned error: 403",
    ]) {
        GitError::Authentication { url, message: gist(stderr) }
    } else if said(&[
        "epository not found",
        "does not appear to be a git repository",
        "returned error: 404",
        "does not exist",
        "not found",
    ]) {
        GitError::RepositoryNotFound { url }
    } else if said(&[
        "unable to access",
        "Could not resolve host",
        "onnection refused",
        "onnection timed out",
        "hung up unexpectedly",
        "early EOF",
        "RPC failed",
        "Could not read from remote repository",
        "unable to look up",
        "unable to connect",
    ]) {
        GitError::Network { url, message: gist(stderr) }
    } else {
        GitError::Failed { command: command.to_owned(), message: gist(stderr) }
    }
}

/// `status` is `!<TAB>from:to<TAB>[kind] (reason)`, see git-push(1), "Output".
fn classify_push(branch: String, status: &str, stderr: &str) -> GitError {
    let reason = status.rsplit('\t').next().unwrap_or(status);
    // The ref moved between our fetch and the push (found here), or during the push (found there).
    let lost_race = reason.starts_with("[rejected]")
        || [
            "cannot lock ref",
            "failed to update ref",
            "incorrect old value",
            "fetch first",
            "atomic transaction failed",
        ]
        .iter()
        .any(|phrase| reason.contains(phrase));
    let words: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let reason = reason.trim_start_matches("[remote rejected]").trim().trim_matches(['(', ')']);
    let message = if words.is_empty() { reason.to_owned() } else { format!("{reason}: {}", words.join(" ")) };
    if lost_race {
        GitError::PushRejected { branch, message }
    } else {
        GitError::PushRefused { branch, message }
    }
}

/// Where a server has sent git, as far as that is why it failed: git asks for a login there, or finds no repository.
fn redirected(url: &str, stderr: &str) -> Option<String> {
    let lines = || stderr.lines().map(str::trim);
    if lines().any(|line| line.contains("unable to update url base from redirection")) {
        return lines().find_map(|line| line.strip_prefix("redirect: ")).map(str::to_owned);
    }
    let asked = lines().find_map(|line| {
        let asked = line.split_once("could not read Username for '")?.1;
        asked.split_once('\'').map(|(asked, _)| asked)
    })?;
    // Without a path git has not said which repository it asked for.
    let server = |address: &str| address.split('/').take(3).collect::<Vec<_>>().join("/");
    let same = asked.trim_end_matches('/') == url.trim_end_matches('/');
    (!same && asked != server(url)).then(|| asked.to_owned())
}

/// The lines that say why, on one line: git's `fatal:` and `error:`, and what the remote said.
fn gist(stderr: &str) -> String {
    let telling: Vec<&str> = stderr
        .lines()
        .filter_map(|line| {
            ["fatal:", "error:", "remote:"].iter().find_map(|prefix| line.strip_prefix(prefix)).map(str::trim)
        })
        .filter(|line| !line.is_empty())
        .collect();
    if telling.is_empty() { stderr.trim().replace('\n', "; ") } else { telling.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> Remote<'static> {
        Remote { url: Address::new("https://git.example.com/m.git"), branch: "main" }
    }

    fn of(stderr: &str) -> GitError {
        classify("fetch", &remote(), "", stderr)
    }

    fn of_push(status: &str, stderr: &str) -> GitError {
        classify("push", &remote(), &format!("To https://git.example.com/m.git\n{status}\nDone\n"), stderr)
    }

    #[test]
    fn a_refused_login_is_told_from_a_missing_repository_and_from_a_dead_network() {
        assert!(matches!(
            of("fatal: Authentication failed for 'https://git.example.com/m.git/'"),
            GitError::Authentication { .. }
        ));
        assert!(matches!(
            of("fatal: could not read Username for 'https://git.example.com': terminal prompts disabled"),
            GitError::Authentication { .. }
        ));
        assert!(matches!(
            of(
                "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository."
            ),
            GitError::Authentication { .. }
        ));
        assert!(matches!(
            of("fatal: repository 'https://git.example.com/m.git/' not found"),
            GitError::RepositoryNotFound { .. }
        ));
        assert!(matches!(
            of(
                "fatal: unable to access 'https://git.example.com/m.git/': Could not resolve host: git.example.com"
            ),
            GitError::Network { .. }
        ));
        assert!(matches!(
            of("fatal: couldn't find remote ref refs/heads/main"),
            GitError::BranchNotFound { .. }
        ));
    }

    #[test]
    fn a_push_that_lost_a_race_is_told_from_one_that_a_hook_refused() {
        assert!(matches!(
            of_push("!\tabc:refs/heads/main\t[rejected] (fetch first)", ""),
            GitError::PushRejected { .. }
        ));
        assert!(matches!(
            of_push("!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)", ""),
            GitError::PushRejected { .. }
        ));
        let refused = of_push(
            "!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)",
            "remote: no pushes on Friday        \nerror: failed to push some refs\n",
        );
        let GitError::PushRefused { message, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(message, "pre-receive hook declined: no pushes on Friday");
    }

    #[test]
    fn a_redirect_is_told_from_a_refused_login() {
        let asked = |address: &str| {
            of(&format!("fatal: could not read Username for '{address}': terminal prompts disabled"))
        };
        for same in ["https://git.example.com", "https://git.example.com/m.git"] {
            assert!(matches!(asked(same), GitError::Authentication { .. }), "{same}");
        }
        for other in
            ["https://git.example.com/new.git", "https://git.example.com/m", "https://other.example.com"]
        {
            let GitError::Redirected { to, .. } = asked(other) else { panic!("{other}") };
            assert_eq!(to.expose(), other);
        }
        let page = "fatal: unable to update url base from redirection:\n  asked for: https://git.example.com/m.git/info/refs?service=git-upload-pack\n   redirect: https://git.example.com/users/sign_in";
        assert!(of(page).to_string().contains("redirects to https://git.example.com/users/sign_in"));
    }

    #[test]
    fn an_unknown_failure_keeps_what_git_said() {
        let error = of("warning: x\nfatal: bad object 123\n");
        assert_eq!(error.to_string(), "git fetch failed: bad object 123");
    }
}
