//! Real registries of images on this machine, and images in them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use slipway::support::digest::sha256;

use super::tool;

/// A running registry. It stops when this is dropped.
pub struct Registry {
    process: Child,
    /// Host and port.
    pub address: String,
}

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// When the images of tests were built, where nobody says otherwise.
pub const BUILT: &str = "2026-01-05T10:20:30Z";

/// The password of `puller` in [`Registry::closed`].
pub const PASSWORD: &str = "canary-pull";
const HTPASSWD: &str = "puller:$2b$04$BKkqAOWNvt4kMroydWnBEOy7MmbgTiMD0F9ItESlQzZ9jB.Gb6Cy6\n\
                        AWS:$2b$04$QCKY7xES7ZBJEdrFT7eonODDlwkjRL9VofzfBhTkvWN8z6Kk9CsJ2\n";

impl Registry {
    /// One that is open to everybody, with its images in a folder.
    pub fn open(folder: &Path) -> Self {
        Self::start(folder, "", "")
    }

    /// One of the same images that wants the login of `puller`, or that of ECR in the emulated account.
    pub fn closed(folder: &Path) -> Self {
        Self::start(folder, "", &basic(folder))
    }

    /// The same behind TLS, with `server.crt` and `server.key` of a folder.
    pub fn closed_tls(folder: &Path, certificates: &Path) -> Self {
        Self::start(folder, &tls(certificates), &basic(folder))
    }

    /// One that sends for tokens, signed by [`super::tokens`].
    pub fn with_tokens(folder: &Path, realm: &str) -> Self {
        Self::start(folder, "", &tokens(folder, realm))
    }

    /// The same behind TLS.
    pub fn with_tokens_tls(folder: &Path, certificates: &Path, realm: &str) -> Self {
        Self::start(folder, &tls(certificates), &tokens(folder, realm))
    }

    fn start(folder: &Path, http: &str, auth: &str) -> Self {
        let images = folder.join("images");
        let text = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  \
             delete: {{enabled: true}}\nhttp:\n  addr: 127.0.0.1:0\n{http}{auth}",
            images.display()
        );
        let file = tempfile::Builder::new().suffix(".yaml").tempfile_in(folder).unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut process = Command::new(tool("registry"))
            .arg("serve")
            .arg(file.path())
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the registry ended: {said}");
            if let Some((_, rest)) = line.split_once("listening on ") {
                let is_of_address = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ':');
                break rest.chars().take_while(|letter| is_of_address(*letter)).collect();
            }
            said.push_str(&line);
        };
        // A full pipe would hold it.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()).ok());
        Self { process, address }
    }

    /// Puts an image for one platform there, and returns the digest of its manifest.
    pub fn push(&self, repository: &str, reference: &str, platform: &str) -> String {
        self.push_built(repository, reference, platform, BUILT)
    }

    /// The same, built at that time.
    pub fn push_built(&self, repository: &str, reference: &str, platform: &str, built: &str) -> String {
        let parts: Vec<&str> = platform.split('/').collect();
        let mut configuration = json!({
            "os": parts[0], "architecture": parts[1], "created": built, "config": {"Labels": {"name": reference}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        if let Some(variant) = parts.get(2) {
            configuration["variant"] = json!(variant);
        }
        let (digest, size) = self.push_blob(repository, configuration.to_string().as_bytes());
        let configuration = json!({
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": size,
        });
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": configuration, "layers": []});
        self.put(repository, reference, &manifest)
    }

    /// Puts an index there, of images for some platforms, and returns its digest.
    pub fn push_index(&self, repository: &str, reference: &str, platforms: &[&str]) -> String {
        let entry = |platform: &&str| {
            let digest =
                self.push(repository, &format!("{reference}-{}", platform.replace('/', "-")), platform);
            let parts: Vec<&str> = platform.split('/').collect();
            let mut on = json!({"os": parts[0], "architecture": parts[1]});
            if let Some(variant) = parts.get(2) {
                on["variant"] = json!(variant);
            }
            let size = self.get(repository, &digest).len();
            json!({"mediaType": IMAGE, "digest": digest, "size": size, "platform": on})
        };
        let manifests: Vec<Value> = platforms.iter().map(entry).collect();
        self.put(
            repository,
            reference,
            &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}),
        )
    }

    /// Puts a manifest there as it is.
    pub fn put(&self, repository: &str, reference: &str, manifest: &Value) -> String {
        let text = manifest.to_string();
        let digest = format!("sha256:{}", sha256(text.as_bytes()));
        // What has no tag is put by its digest.
        let reference = if reference.is_empty() { &digest } else { reference };
        let kind = format!("Content-Type: {}", manifest["mediaType"].as_str().unwrap());
        let url = format!("http://{}/v2/{repository}/manifests/{reference}", self.address);
        curl(&["-X", "PUT", "-H", &kind, "--data-binary", &text, &url]);
        digest
    }

    fn push_blob(&self, repository: &str, bytes: &[u8]) -> (String, usize) {
        let digest = format!("sha256:{}", sha256(bytes));
        let url = format!("http://{}/v2/{repository}/blobs/uploads/", self.address);
        let begun = curl(&["-i", "-X", "POST", &url]);
        let location = begun.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().trim();
        let url = format!("{location}&digest={digest}");
        let kind = "Content-Type: application/octet-stream";
        curl(&["-X", "PUT", "-H", kind, "--data-binary", std::str::from_utf8(bytes).unwrap(), &url]);
        (digest, bytes.len())
    }

    fn get(&self, repository: &str, reference: &str) -> String {
        let accepted = format!("Accept: {IMAGE}, {INDEX}");
        curl(&["-H", &accepted, &format!("http://{}/v2/{repository}/manifests/{reference}", self.address)])
    }

    /// Removes a manifest by its digest.
    pub fn remove(&self, repository: &str, digest: &str) {
        curl(&["-X", "DELETE", &format!("http://{}/v2/{repository}/manifests/{digest}", self.address)]);
    }

    /// The digest as another client has it.
    pub fn digest_by_crane(&self, image: &str) -> String {
        let output = Command::new(tool("crane"))
            .args(["digest", &format!("{}/{image}", self.address)])
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let (_, _) = (self.process.kill(), self.process.wait());
    }
}

fn basic(folder: &Path) -> String {
    let file = folder.join("htpasswd");
    std::fs::write(&file, HTPASSWD).unwrap();
    format!("auth:\n  htpasswd: {{realm: basic-realm, path: {}}}\n", file.display())
}

fn tokens(folder: &Path, realm: &str) -> String {
    let file = folder.join("jwks.json");
    std::fs::write(&file, super::tokens::keys().to_string()).unwrap();
    format!(
        "auth:\n  token: {{realm: \"{realm}\", service: {}, issuer: {}, jwks: {}}}\n",
        super::tokens::SERVICE,
        super::tokens::ISSUER,
        file.display()
    )
}

fn tls(certificates: &Path) -> String {
    let folder = certificates.display();
    format!("  tls: {{certificate: {folder}/server.crt, key: {folder}/server.key}}\n")
}

fn curl(arguments: &[&str]) -> String {
    let output =
        Command::new("curl").args(["-sS", "--fail-with-body", "--max-time", "20"]).args(arguments).output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "curl {arguments:?}: {text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Docker's configuration in a folder of its own, which `DOCKER_CONFIG` names.
pub fn docker_configuration(text: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), text.to_string()).unwrap();
    folder
}

/// A configuration with one login.
pub fn login(registry: &str, user: &str, password: &str) -> tempfile::TempDir {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    docker_configuration(&json!({"auths": {registry: {"auth": auth}}}))
}
