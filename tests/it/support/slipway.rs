//! Runs the program in a sealed environment and looks at what it did.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::secrets::Process;
use super::{schemas, secrets, shown, stopping};

/// A call of `slipway`.
pub struct Slipway {
    command: Command,
}

/// How it ended.
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// The answer.
    pub stdout: String,
    /// The talk.
    pub stderr: String,
}

impl Slipway {
    /// In a folder, with no variable of the caller's but `HOME` and a `PATH` of system folders, and with the
    /// given tool.
    pub fn new(dir: &Path, tool: &Path) -> Self {
        stopping::hear_interrupts();
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", system_path())
            .env("HOME", dir)
            // One machine for all of a test's commands, wherever they are started.
            .env("XDG_STATE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("state"))
            .env("SLIPWAY_TF_PATH", tool)
            .env("SLIPWAY_ENGINE", "native")
            .env("SLIPWAY_COLOR", "never")
            // What a tool was started for is told only then, and is what many tests look at.
            .env("SLIPWAY_VERBOSE", "true")
            // The registries of most images in tests are invented.
            .env("SLIPWAY_CHECK_IMAGE", "off")
            // Several tests run at once: eight tools for each would only keep each other waiting.
            .env("SLIPWAY_PARALLELISM", "4")
            // A fifth of what the tools take is collecting garbage, thousands of times in this suite.
            .env("GOGC", "400")
            .stdin(Stdio::null());
        Self { command }
    }

    /// With a variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// With the variables of a bed.
    pub fn bed(mut self, bed: &super::bed::Bed) -> Self {
        self.command.envs(bed.environment());
        self
    }

    /// The command as it would run, for those who need the process itself.
    pub fn into_command(mut self, arguments: &[&str]) -> Command {
        self.command.args(arguments);
        self.command
    }

    /// Runs it.
    #[must_use = "a test has to look at how it ended"]
    #[track_caller]
    pub fn run(mut self, arguments: &[&str]) -> Ended {
        secrets::watch_processes();
        let began = SystemTime::now();
        let dir = self.command.get_current_dir().unwrap().to_owned();
        let piped = self.command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn().unwrap();
        let process = Process::of(&child);
        let output = child.wait_with_output().unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        secrets::search(&dir, arguments, began, &[&said[0], &said[1]]);
        secrets::search_processes(process);
        if !self.has(arguments, "--color", "SLIPWAY_COLOR", &["always", "auto"]) {
            let on_github = self.command.get_envs().any(|(name, _)| name == "GITHUB_ACTIONS");
            for said in &said {
                if on_github { shown::assert_harmless_but_ours(said) } else { shown::assert_harmless(said) }
            }
        }
        if self.has(arguments, "--log-format", "SLIPWAY_LOG_FORMAT", &["json"]) {
            shown::assert_lines_of_json(&said[1]);
            schemas::assert_lines(&said[1]);
        }
        if self.has(arguments, "--format", "SLIPWAY_FORMAT", &["json"]) {
            schemas::assert_answer(&dir, arguments, &said[0]);
        }
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Slipway {
    /// Whether a flag, or its variable, has one of some values.
    fn has(&self, arguments: &[&str], flag: &str, variable: &str, values: &[&str]) -> bool {
        let given = arguments.windows(2).rfind(|pair| pair[0] == flag).map(|pair| pair[1]);
        let joined = arguments.iter().find_map(|argument| argument.strip_prefix(&format!("{flag}=")));
        let set = self.command.get_envs().find(|(name, _)| *name == variable).and_then(|(_, value)| value);
        let value = given.or(joined).or(set.and_then(OsStr::to_str));
        value.is_some_and(|value| values.contains(&value))
    }
}

impl Ended {
    /// Asserts on the exit code, and shows everything where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that either stream holds the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let everything = format!("{}\n{}", self.stdout, self.stderr);
        assert!(everything.contains(text), "{text:?} is not in:\n{everything}");
        self
    }

    /// The answer as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

/// The system's own programs, without any tool that the machine may have beside them.
pub fn system_path() -> String {
    let folders = ["/usr/bin", "/bin"].map(PathBuf::from);
    std::env::join_paths(folders).unwrap().into_string().unwrap()
}
