//! A test bed: AWS, Kubernetes, Argo CD and Git on this machine, see `emulator/README.md`.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::root;

const START: Duration = Duration::from_mins(6);

/// A running bed. It stops when this is dropped, and also when the test process dies: it holds our pipe.
pub struct Bed {
    process: Child,
    _folder: TempDir,
    ready: Value,
}

static SHARED: OnceLock<Arc<Bed>> = OnceLock::new();

impl Bed {
    /// A bed that tests share, as long as their process lives: each uses names of its own for what it makes.
    pub fn shared() -> Arc<Self> {
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::start(&[]))))
    }

    /// Starts some parts (`aws`, `kubernetes`, `git`), or all where none is named.
    pub fn start(parts: &[&str]) -> Self {
        Self::start_on("moto", parts)
    }

    /// LocalStack in the place of moto.
    pub fn localstack() -> Self {
        Self::start_on("localstack", &["aws"])
    }

    fn start_on(aws: &str, parts: &[&str]) -> Self {
        let python = root().join(".venv/bin/python");
        assert!(python.exists(), "{} is missing; run `make setup`", python.display());
        let folder = tempfile::Builder::new().prefix("slipway-bed-").tempdir().unwrap();
        let dir = folder.path().join("bed");
        let mut command = Command::new(python);
        command
            .current_dir(root())
            .args(["-m", "emulator", "serve", "--stop-on-eof", "--aws", aws, "--dir"])
            .arg(&dir);
        for part in parts {
            command.args(["--only", part]);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let file = dir.join("ready.json");
        let deadline = Instant::now() + START;
        while !file.exists() {
            assert!(process.try_wait().unwrap().is_none(), "the bed ended while it started");
            assert!(Instant::now() < deadline, "the bed did not start in {START:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let ready = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        Self { process, _folder: folder, ready }
    }

    /// A text of `ready.json`, by its path in it.
    pub fn text(&self, pointer: &str) -> &str {
        let found = self.ready.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("ready.json has no {pointer}"))
    }

    /// The variables a client exports, without `PATH` and `KUBECONFIG`.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variables = self.ready["env"].as_object().unwrap().iter();
        variables
            .filter(|(name, _)| *name != "path" && *name != "KUBECONFIG")
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect()
    }

    /// Asks the emulated AWS itself: what it says does not depend on what we print.
    pub fn aws(&self, service: &str, path: &str) -> String {
        curl(&["-H", &self.signed(service), &format!("{}{path}", self.text("/aws/endpoint"))])
    }

    /// The header by which the emulator knows service and caller; it verifies no signature.
    fn signed(&self, service: &str) -> String {
        let (region, key) = (self.text("/aws/region"), self.text("/env/AWS_ACCESS_KEY_ID"));
        let scope = format!("Credential={key}/20260101/{region}/{service}/aws4_request");
        format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
    }

    /// Makes a bucket.
    pub fn put_bucket(&self, name: &str) {
        let url = format!("{}/{name}", self.text("/aws/endpoint"));
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
            self.text("/aws/region")
        );
        curl(&[
            "-X",
            "PUT",
            "-H",
            &self.signed("s3"),
            "-H",
            "Content-Type: application/xml",
            "-d",
            &place,
            &url,
        ]);
    }

    /// What an object of a bucket holds, where it is there.
    pub fn object(&self, bucket: &str, key: &str) -> Option<String> {
        let listed = self.aws("s3", &format!("/{bucket}?list-type=2&prefix={key}"));
        listed.contains(&format!("<Key>{key}</Key>")).then(|| self.aws("s3", &format!("/{bucket}/{key}")))
    }

    /// Puts an object into a bucket.
    pub fn put_object(&self, bucket: &str, key: &str, text: &str) {
        let url = format!("{}/{bucket}/{key}", self.text("/aws/endpoint"));
        let kind = "Content-Type: application/json";
        curl(&["-X", "PUT", "-H", &self.signed("s3"), "-H", kind, "--data-binary", text, &url]);
    }

    /// Breaks something, see `emulator/aws/faults.py`.
    pub fn fault(&self, fault: &Value) {
        let url = format!("{}/emulator/faults", self.text("/aws/endpoint"));
        curl(&["-X", "POST", "-H", "Content-Type: application/json", "-d", &fault.to_string(), &url]);
    }

    /// What is broken, each with how often it struck.
    pub fn faults(&self) -> Value {
        let answer = curl(&[&format!("{}/emulator/faults", self.text("/aws/endpoint"))]);
        serde_json::from_str::<Value>(&answer).unwrap()["faults"].take()
    }

    /// Mends everything that was broken.
    pub fn mend(&self) {
        curl(&["-X", "DELETE", &format!("{}/emulator/faults", self.text("/aws/endpoint"))]);
    }

    /// How often each operation of AWS was asked for, see `emulator/aws/faults.py`.
    pub fn requests(&self) -> Value {
        let answer = curl(&[&format!("{}/emulator/requests", self.text("/aws/endpoint"))]);
        serde_json::from_str(&answer).unwrap()
    }

    /// Counts from zero.
    pub fn forget_requests(&self) {
        curl(&["-X", "DELETE", &format!("{}/emulator/requests", self.text("/aws/endpoint"))]);
    }

    /// `kubectl` as an administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new(super::tool("kubectl"))
            .arg("--kubeconfig")
            .arg(Path::new(self.text("/kubernetes/kubeconfig")))
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _status = self.process.wait();
    }
}

fn curl(arguments: &[&str]) -> String {
    let output =
        Command::new("curl").args(["-sS", "--fail-with-body", "--max-time", "120"]).args(arguments).output();
    let output = output.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "curl {arguments:?}: {text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
