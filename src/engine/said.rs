//! What a program said that failed, whole: what a unit's patterns are held against.

/// Everything that a failed program printed, with the words around it that Terragrunt puts there: patterns are written for
/// those.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The program with its arguments.
    pub command: String,
    /// What it printed to standard error. What a tool told as JSON stands here as it would have printed it.
    pub stderr: String,
    /// What it printed to standard output.
    pub stdout: String,
    /// How it ended, such as `exit status 1`.
    pub status: String,
}

impl Said {
    /// What the rules of an `errors` block are held against: its errors, and how it ended.
    pub fn errors(&self) -> String {
        format!("{}\n{}", self.stderr, self.status)
    }

    /// What the patterns of error hooks are held against: all of it.
    pub fn everything(&self) -> String {
        let Self { command, stderr, stdout, status } = self;
        format!("Failed to execute \"{command}\"\n{stderr}\n{status}\n{stdout}")
    }
}

/// The end of a program in Go's words.
pub fn status_in_words(status: std::process::ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        // `signal: 9 (SIGKILL)`
        None => status.to_string(),
    }
}
