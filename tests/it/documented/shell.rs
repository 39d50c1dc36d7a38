//! Somebody at a shell, who does what a page says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::page::{self, Step, Typed};
use crate::support::bed::Bed;
use crate::support::slipway::system_path;
use crate::support::terminal::before_a_terminal;
use crate::support::{root, shown};

/// A person with an empty folder, Git, OpenTofu and Slipway.
pub struct Shell {
    folder: TempDir,
    dir: PathBuf,
    environment: Vec<(String, String)>,
    places: Vec<(String, String)>,
}

/// What a command said.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Shell {
    /// One in an empty folder.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-page-").tempdir().unwrap();
        let home = folder.path().join("home");
        let dir = folder.path().join("infra");
        for made in [&home, &dir] {
            std::fs::create_dir(made).unwrap();
        }
        let gitconfig = "[user]\n  name = Ada\n  email = ada@example.com\n[init]\n  defaultBranch = main\n";
        std::fs::write(home.join(".gitconfig"), gitconfig).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap();
        let path = format!("{}:{}:{}", program.display(), root().join(".tools/bin").display(), system_path());
        let state = home.join("state");
        let environment = [("HOME", &home), ("XDG_STATE_HOME", &state)];
        let environment = environment.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        let environment = environment.into_iter().chain([("PATH".to_owned(), path)]).collect();
        Self { folder, dir, environment, places: Vec::new() }
    }

    /// The folder that it began in.
    pub fn start(&self) -> PathBuf {
        self.folder.path().join("infra")
    }

    /// With a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With several.
    pub fn settings(mut self, settings: Vec<(String, String)>) -> Self {
        self.environment.extend(settings);
        self
    }

    /// Where a place that pages speak of is on this machine.
    pub fn place(mut self, spoken: &str, real: &Path) -> Self {
        self.places.push((spoken.to_owned(), real.display().to_string()));
        self
    }

    /// With the credentials and places of a bed.
    pub fn bed(self, bed: &Bed) -> Self {
        self.settings(bed.environment())
    }

    /// Copies a folder into the one that it began in.
    #[track_caller]
    pub fn bring(&self, folder: &Path) {
        let copied = Command::new("cp").arg("-R").arg(folder).arg(self.start()).status();
        assert!(copied.unwrap().success());
    }

    #[track_caller]
    fn go(&mut self, folder: &str) {
        self.dir = self.dir.join(folder).canonicalize().unwrap();
    }

    /// What has to be there before a page begins.
    #[track_caller]
    pub fn must(&self, command: &str) {
        let said = self.run(command);
        assert_eq!(said.code, 0, "{command}\n{}{}", said.stdout, said.stderr);
    }

    /// Puts a program of that name before all others.
    pub fn program(&mut self, name: &str, script: &str) {
        let folder = self.folder.path().join("programs");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = self.environment.iter_mut().find(|(name, _)| name == "PATH").unwrap();
        path.1 = format!("{}:{}", folder.display(), path.1);
    }

    /// Runs a step of a pipeline, as runners do, and returns its answer.
    #[track_caller]
    pub fn runs(&self, script: &str, variables: &[(String, String)], code: i32) -> String {
        let said = self.run_with(&format!("set -eo pipefail\n{script}"), variables);
        assert_eq!(said.code, code, "{script}\n{}{}", said.stdout, said.stderr);
        said.stdout
    }

    /// What is in a file of the folder that it began in.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.start().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Does all that a page under `docs/` says, and holds it to what it shows.
    #[track_caller]
    pub fn follow(&mut self, name: &str) {
        let file = page::file(name);
        let mut text = std::fs::read_to_string(&file).unwrap();
        let steps = page::steps(&text);
        assert!(steps.iter().any(|step| matches!(step, Step::Command(_))), "{name} has no commands");
        let mut told = Vec::new();
        for step in &steps {
            match step {
                Step::File { path, text } => self.write(path, text),
                Step::Command(typed) => told.extend(self.type_in(name, typed)),
            }
        }
        // From the end, so that the numbers of the lines above stay right.
        for (typed, said) in told.into_iter().rev() {
            let mut lines: Vec<&str> = text.lines().collect();
            let first = typed.line + typed.command.matches('\n').count();
            lines.splice(first..first + typed.shown.len(), said.trim_end().lines());
            text = lines.join("\n") + "\n";
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file, text).unwrap();
        }
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.start().join(path);
        let text =
            self.places.iter().fold(text.to_owned(), |text, (spoken, real)| text.replace(spoken, real));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Types it in; where the page is to be written anew, what it should show.
    #[track_caller]
    fn type_in<'t>(&mut self, page: &str, typed: &'t Typed) -> Option<(&'t Typed, String)> {
        if let Some(folder) = typed.command.strip_prefix("cd ") {
            self.go(folder);
            return None;
        }
        if let Some((name, value)) =
            typed.command.strip_prefix("export ").and_then(|rest| rest.split_once('='))
        {
            let value = self.run(&format!("printf %s {value}")).stdout;
            self.environment.push((name.to_owned(), value));
            return None;
        }
        let said = match &typed.answer {
            Some(answer) => self.run_and_answer(&typed.command, answer),
            None => self.run(&typed.command),
        };
        let place = format!("docs/{page}:{}: {}", typed.line, typed.command);
        let all = format!("stdout:\n{}\nstderr:\n{}", said.stdout, said.stderr);
        assert_eq!(said.code, typed.exits, "{place}\n{all}");
        if typed.shown.is_empty() {
            return None;
        }
        // People see what is wrong beside the answer; of what goes well the answer is enough.
        let answer = if said.code == 0 { said.stdout } else { format!("{}{}", said.stdout, said.stderr) };
        let answer = page::alike(&answer, &self.start());
        if page::shows(&typed.shown, &answer) {
            return None;
        }
        let is_whole = typed.shown.iter().all(|line| line != "…");
        assert!(
            is_whole && std::env::var_os("UPDATE_DOCS").is_some(),
            "{place}\nthe page shows\n{}\nand it is\n{answer}\n(UPDATE_DOCS=1 writes it anew)",
            typed.shown.join("\n")
        );
        Some((typed, answer))
    }

    fn run(&self, command: &str) -> Said {
        self.run_with(command, &[])
    }

    fn run_with(&self, command: &str, variables: &[(String, String)]) -> Said {
        let output = self.bash(command, variables).stdin(Stdio::null()).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        shown::assert_harmless(&stdout);
        shown::assert_harmless(&stderr);
        Said { code: output.status.code().unwrap_or(-1), stdout, stderr }
    }

    /// On a terminal, where it asks.
    fn run_and_answer(&self, command: &str, answer: &str) -> Said {
        // A destruction has a name typed; everything else takes a letter.
        let question = if answer.len() == 1 { "[y]es".to_owned() } else { format!("Type {answer}") };
        let typed = format!("{answer}\n");
        let bash = self.bash(command, &[("TERM".to_owned(), "xterm".to_owned())]);
        let output = before_a_terminal(&bash, (40, 120, 0), &[&question, &typed]).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains(&question), "{command} does not ask\n{stdout}");
        Said { code: output.status.code().unwrap_or(-1), stdout, stderr: String::new() }
    }

    fn bash(&self, command: &str, variables: &[(String, String)]) -> Command {
        let mut bash = Command::new("/bin/bash");
        bash.args(["-c", command]).current_dir(&self.dir).env_clear();
        bash.envs(self.environment.iter().chain(variables).map(|(name, value)| (name, value)));
        bash
    }
}
