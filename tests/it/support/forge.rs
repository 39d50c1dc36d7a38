//! GitHub and GitLab on this machine, see `emulator/README.md`: their APIs over real Git repositories.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::manifests::{deployment, seed_bare};
use super::root;
use super::slipway::Slipway;

/// A token that may do everything that is asked for here.
pub const TOKEN: &str = "canary-forge-token-4c1d";
/// One that may push, and open no requests.
pub const PUSHER: &str = "canary-forge-pusher-77aa";

/// Which API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    GitHub,
    GitLab,
}

/// A running forge with one repository, `org/manifests`. It stops when this is dropped.
pub struct Forge {
    process: Child,
    pub folder: TempDir,
    pub address: String,
    pub kind: Kind,
}

impl Forge {
    /// With these apps, each at `v1`.
    pub fn start(kind: Kind, apps: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<(String, String)> = apps
            .iter()
            .map(|app| {
                let image = format!("registry.example/{app}:v1");
                (format!("manifests/{app}/deployment.yaml"), deployment(app, &[("web", &image)]))
            })
            .collect();
        let files: Vec<(&str, String)> =
            files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
        seed_bare(&folder.path().join("repositories/org/manifests.git"), &files);
        let key = folder.path().join("app.pem");
        let settings = json!({
            "root": folder.path().join("repositories"),
            "tokens": {
                TOKEN: {"login": "bot", "permissions": ["contents", "pull_requests", "statuses"]},
                PUSHER: {"login": "pusher", "permissions": ["contents"]},
            },
            "app": {"id": 99, "key": key},
        });
        let file = folder.path().join("forge.json");
        std::fs::write(&file, settings.to_string()).unwrap();
        let mut command = Command::new(root().join(".venv/bin/python"));
        command.current_dir(root()).args(["-m", "emulator.forge"]).arg(file);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(address.starts_with("http://"), "the forge did not start");
        Self { process, folder, address, kind }
    }

    /// Where the repository is served.
    pub fn url(&self) -> String {
        format!("{}/org/manifests.git", self.address)
    }

    pub fn bare(&self) -> PathBuf {
        self.folder.path().join("repositories/org/manifests.git")
    }

    /// What Git says of the repository.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.bare()).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The program, in a folder, for this repository.
    pub fn slipway(&self, folder: &Path) -> Slipway {
        let forge = if self.kind == Kind::GitHub { "github" } else { "gitlab" };
        Slipway::new(folder, Path::new("/nowhere/terraform"))
            .env("SLIPWAY_MANIFESTS_URL", self.url())
            .env("SLIPWAY_MANIFESTS_TOKEN", TOKEN)
            .env("SLIPWAY_FORGE", forge)
    }

    /// What the owner of the repository chooses.
    pub fn settings(&self, settings: &Value) -> Value {
        self.control("settings", "", settings)
    }

    /// Somebody makes a token.
    pub fn know(&self, token: &str, login: &str, permissions: &[&str]) {
        self.control("know", "", &json!({ "token": token, "login": login, "permissions": permissions }));
    }

    /// What goes wrong from now on.
    pub fn faults(&self, faults: &Value) {
        self.control("faults", "", faults);
    }

    /// The requests that were opened.
    pub fn requests(&self) -> Vec<Value> {
        self.control("requests", "", &json!({})).as_array().unwrap().clone()
    }

    /// The statuses of commits, in the order in which they were set.
    pub fn statuses(&self) -> Vec<Value> {
        self.control("statuses", "", &json!({})).as_array().unwrap().clone()
    }

    /// Somebody merges a request by `merge`, `squash` or `rebase`; the commit.
    pub fn merge(&self, number: u64, method: &str) -> String {
        let forge = if self.kind == Kind::GitHub { "github" } else { "gitlab" };
        let merged =
            self.control("merge", &format!("&number={number}&method={method}&forge={forge}"), &json!({}));
        merged["commit"].as_str().unwrap_or_else(|| panic!("{merged}")).to_owned()
    }

    /// Somebody says something below a request.
    pub fn say(&self, number: u64, author: &str, body: &str) {
        self.control("comment", &format!("&number={number}"), &json!({"author": author, "body": body}));
    }

    /// What is said below a request: who, and what.
    pub fn said(&self, number: usize) -> Vec<(String, String)> {
        let request = self.requests().remove(number - 1);
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        let comments = request["comments"].as_array().unwrap().clone();
        comments.iter().map(|one| (text(one, "author"), text(one, "body"))).collect()
    }

    /// Somebody closes a request.
    pub fn close(&self, number: u64) {
        self.control("close", &format!("&number={number}"), &json!({}));
    }

    /// The checks pass of what waits for them.
    pub fn pass_checks(&self) {
        self.control("checks", "", &json!({}));
    }

    /// What the forge was asked, as `METHOD /path`.
    pub fn asked(&self) -> Vec<String> {
        let log = self.control("log", "", &json!({}));
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        log.as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{} {}", text(one, "method"), text(one, "path")))
            .collect()
    }

    fn control(&self, what: &str, query: &str, body: &Value) -> Value {
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "POST /_emulator/{what}?path=org/manifests{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("the emulator failed at {what}: {answer}"));
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
