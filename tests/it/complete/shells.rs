//! Real shells, on a terminal: what is typed, and what the line is then.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::estate::Estate;
use crate::support::manifests::{bare, deployment};
use crate::support::skipped::skipped;
use crate::support::{program, root};

/// A shell with our script, which says the line that it is about to run.
struct Shell {
    estate: Estate,
    words: Vec<String>,
}

impl Shell {
    fn new(shell: &Path, start: impl Fn(&Path) -> Vec<String>) -> Self {
        let estate = Estate::new();
        for unit in ["dev/eu/vpc", "dev/eu/cluster", "prod/vpc", "we b/it's"] {
            estate.write(&format!("live/{unit}/terragrunt.hcl"), "");
        }
        estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\ncluster \"prod\" {\n  name = \"x\"\n  region = \"eu-west-1\"\n}\n");
        let files = [(
            "manifests/app-a/deployment.yaml",
            deployment("app-a", &[("web", "registry.example:5000/a:v1")]),
        )];
        bare(estate.path(), &files);
        let git = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "x",
        ];
        assert!(Command::new("git").current_dir(estate.path()).args(git).status().unwrap().success());
        let branch = Command::new("git").current_dir(estate.path()).args(["branch", "feature/x"]).status();
        assert!(branch.unwrap().success());
        let words = std::iter::once(shell.to_str().unwrap().to_owned()).chain(start(estate.path())).collect();
        Self { estate, words }
    }

    /// The line after these keys and Enter.
    #[track_caller]
    fn line(&self, keys: &str) -> String {
        let bin = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap();
        let typed = Command::new("python3")
            .arg(root().join("tests/it/complete/typed.py"))
            .arg(format!("{keys}\r"))
            .args(&self.words)
            .current_dir(self.estate.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("HOME", self.estate.path())
            .env("TERM", "xterm")
            .env("LANG", "C.UTF-8")
            .output()
            .unwrap();
        assert!(typed.status.success(), "{}", String::from_utf8_lossy(&typed.stderr));
        String::from_utf8(typed.stdout).unwrap().trim_end().to_owned()
    }

    /// What every shell does, each in its own way.
    fn completes(&self) {
        assert_eq!(self.line("slipway find live/p\t"), "slipway find live/prod/vpc");
        assert_eq!(self.line("slipway find live/dev/eu/v\t--dag"), "slipway find live/dev/eu/vpc --dag");
        assert_eq!(self.line("slipway argocd status p\t"), "slipway argocd status prod");
        assert_eq!(self.line("slipway find --affected=fea\t"), "slipway find --affected=feature/x");
        let images = "slipway image set --repo manifests.git app-a=registry.example:5000/a:";
        assert_eq!(
            self.line("slipway image set --repo manifests.git app-a=registry.example:5000/a:v\t"),
            format!("{images}v1")
        );
        assert_eq!(self.line("slipway val\t"), "slipway validate");
        assert_eq!(self.line("slipway explain hcl::sy\t"), "slipway explain hcl::syntax");
    }
}

fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let file = dir.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn bash_completes_values_and_quotes_what_it_would_obey() {
    let shell = Shell::new(Path::new("/bin/bash"), |dir| {
        let start = "PS1='READY> '\nbind 'set enable-bracketed-paste off'\nsource <(slipway completions bash)\n\
                     trap 'printf \"GOT<%s>\\n\" \"$BASH_COMMAND\"' DEBUG\n";
        let start = write(dir, "start", start);
        vec!["--noprofile".into(), "--rcfile".into(), start.to_str().unwrap().into(), "-i".into()]
    });
    shell.completes();
    assert_eq!(shell.line("slipway find live/we\t"), "slipway find live/we\\ b/it\\'s");
    assert_eq!(shell.line("slipway find --filter \"live/pro\t"), "slipway find --filter \"live/prod/vpc\"");
    // In the middle of a line, with something behind.
    let back = format!("\u{1}{}", "\u{6}".repeat("slipway find live/p".len()));
    assert_eq!(shell.line(&format!("slipway find live/p --dag{back}\t")), "slipway find live/prod/vpc --dag");
}

#[test]
fn zsh_completes_values_from_a_file_of_its_fpath() {
    let Some(zsh) = program("zsh") else { return skipped("there is no zsh") };
    let shell = Shell::new(&zsh, |dir| {
        let script =
            Command::new(env!("CARGO_BIN_EXE_slipway")).args(["completions", "zsh"]).output().unwrap();
        write(dir, "functions/_slipway", &String::from_utf8(script.stdout).unwrap());
        let start = "fpath=($HOME/functions $fpath)\nautoload -Uz compinit\ncompinit -u -D\nunsetopt zle_bracketed_paste\n\
                     unset zle_bracketed_paste\nPS1='READY> '\npreexec() { print -r -- \"GOT<$1>\" }\n";
        write(dir, ".zshrc", start);
        vec!["-i".into()]
    });
    shell.completes();
}

#[test]
fn fish_completes_values() {
    let Some(fish) = program("fish") else { return skipped("there is no fish") };
    let shell = Shell::new(&fish, |dir| {
        let script =
            Command::new(env!("CARGO_BIN_EXE_slipway")).args(["completions", "fish"]).output().unwrap();
        write(dir, ".config/fish/completions/slipway.fish", &String::from_utf8(script.stdout).unwrap());
        let start = "function fish_greeting; end\nfunction fish_prompt; echo -n 'READY> '; end\n\
                     function told --on-event fish_preexec; echo \"GOT<$argv>\"; end\n";
        write(dir, ".config/fish/config.fish", start);
        vec!["-i".into()]
    });
    shell.completes();
}
