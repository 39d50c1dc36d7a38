//! Signatures of saved plans with SSH keys, as Git makes and checks those of commits: by `ssh-keygen -Y`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::git::configured;
use crate::support::process;
use crate::support::scratch::Scratch;
use crate::support::short::output_fed;

/// What the signatures are for: one made for something else does not count here.
const NAMESPACE: &str = "slipway-plan";

/// Why something cannot be signed, or a signature is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// `ssh-keygen` cannot be run.
    #[error("{program} cannot be run: {cause}")]
    Program {
        /// The program.
        program: String,
        /// Why.
        cause: String,
    },
    /// The key does not sign.
    #[error("the key {key} does not sign: {cause}")]
    Sign {
        /// The key's file.
        key: String,
        /// Why.
        cause: String,
    },
    /// The signature is not of this manifest.
    #[error("the signature is not one of these plans: {0}")]
    Bad(String),
    /// It was made by nobody on the list.
    #[error("the plans are signed with a key that {} does not allow", .0.display())]
    Unknown(PathBuf),
    /// The manifest names another key than the one that signed.
    #[error("the plans say that {expected} signed them, and another key did")]
    OtherKey {
        /// The fingerprint in the manifest.
        expected: String,
    },
}

/// A key to sign with.
pub struct Signer {
    program: String,
    key: KeyFile,
    /// The key's fingerprint, such as `SHA256:…`.
    pub fingerprint: String,
}

/// Where the key is.
enum KeyFile {
    At(PathBuf),
    /// Written down for `ssh-keygen`, which finds the private half in the agent.
    Public(Scratch),
}

impl KeyFile {
    fn path(&self) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::Public(folder) => folder.path().join("key.pub"),
        }
    }
}

impl Signer {
    /// The key that is named, or else the one that Git is configured to sign with over SSH; none where there is none.
    pub fn find(named: Option<&Path>, folder: &Path) -> Result<Option<Self>, SignatureError> {
        let setting = |name: &str| configured::of_anyone(folder, name);
        // Which key signs may be a repository's own affair; which program runs is not.
        let program =
            configured::of_user(folder, "gpg.ssh.program").unwrap_or_else(|| "ssh-keygen".to_owned());
        let key = match named {
            Some(key) => KeyFile::At(key.to_owned()),
            None if setting("gpg.format").as_deref() == Some("ssh") => match setting("user.signingkey") {
                Some(key) => configured(&key)?,
                None => return Ok(None),
            },
            None => return Ok(None),
        };
        let listed = run(process::program(&program).arg("-l").arg("-f").arg(key.path()), &program, &[])?;
        // `256 SHA256:… comment (ED25519)`
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let fingerprint = text.split_whitespace().nth(1).map(str::to_owned);
        let fingerprint = fingerprint.filter(|_| listed.status.success());
        let Some(fingerprint) = fingerprint else {
            return Err(SignatureError::Sign { key: key.path().display().to_string(), cause: told(&listed) });
        };
        Ok(Some(Self { program, key, fingerprint }))
    }

    /// Signs a file; the signature comes to lie beside it, with `.sig` behind its name.
    pub fn sign(&self, file: &Path) -> Result<(), SignatureError> {
        let mut command = process::program(&self.program);
        command.args(["-Y", "sign", "-n", NAMESPACE, "-f"]).arg(self.key.path()).arg(file);
        let output = run(&command, &self.program, &[])?;
        if output.status.success() {
            return Ok(());
        }
        Err(SignatureError::Sign { key: self.key.path().display().to_string(), cause: told(&output) })
    }
}

/// `user.signingKey` is a path, or a public key as it stands, whose private half the agent has.
fn configured(key: &str) -> Result<KeyFile, SignatureError> {
    let literal = key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key));
    let Some(literal) = literal else {
        return Ok(KeyFile::At(expanded(key)));
    };
    let failed = |error: std::io::Error| SignatureError::Sign {
        key: "of git's user.signingKey".to_owned(),
        cause: error.to_string(),
    };
    let folder = Scratch::new("key").map_err(failed)?;
    folder.write("key.pub", format!("{literal}\n").as_bytes()).map_err(failed)?;
    Ok(KeyFile::Public(folder))
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The name on the list of allowed signers; none where there is no list.
    pub by: Option<String>,
    /// The key's fingerprint.
    pub fingerprint: String,
}

/// The list of allowed signers that the user's Git is configured with. One that a repository names for itself does not
/// count: whoever makes plans would say whose they may be.
pub fn allowed_signers_of_git(folder: &Path) -> Option<PathBuf> {
    let file = expanded(&configured::of_user(folder, "gpg.ssh.allowedSignersFile")?);
    file.is_file().then_some(file)
}

/// A path of Git's settings, which may begin in the home folder.
fn expanded(path: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let below = path.strip_prefix("~/").and_then(|rest| Some(home?.join(rest)));
    below.unwrap_or_else(|| PathBuf::from(path))
}

/// Checks the signature of a manifest; `allowed` is a list of allowed signers as `ssh-keygen` reads it.
///
/// Without a list, it is still checked that the signature is one of this manifest, by whatever key.
pub fn verify(
    manifest: &[u8],
    signature: &Path,
    allowed: Option<&Path>,
    expected: Option<&str>,
) -> Result<Signed, SignatureError> {
    let program = "ssh-keygen";
    let check = |by: Option<(&str, &Path)>| {
        let mut command = process::program(program);
        match by {
            Some((name, list)) => command.args(["-Y", "verify", "-I", name, "-f"]).arg(list),
            None => command.args(["-Y", "check-novalidate"]),
        };
        run(command.args(["-n", NAMESPACE, "-s"]).arg(signature), program, manifest)
    };
    let checked = check(None)?;
    if !checked.status.success() {
        return Err(SignatureError::Bad(told(&checked)));
    }
    // `Good "slipway-plan" signature with ED25519 key SHA256:…`
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    let fingerprint =
        text.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap_or_default().to_owned();
    if let Some(expected) = expected.filter(|expected| *expected != fingerprint) {
        return Err(SignatureError::OtherKey { expected: expected.to_owned() });
    }
    let Some(list) = allowed else { return Ok(Signed { by: None, fingerprint }) };
    let mut command = process::program(program);
    command.args(["-Y", "find-principals", "-f"]).arg(list).arg("-s").arg(signature);
    let found = run(&command, program, &[])?;
    let names = String::from_utf8_lossy(&found.stdout).into_owned();
    for name in names.lines().filter(|_| found.status.success()) {
        if check(Some((name, list)))?.status.success() {
            return Ok(Signed { by: Some(name.to_owned()), fingerprint });
        }
    }
    Err(SignatureError::Unknown(list.to_owned()))
}

fn run(command: &Command, program: &str, input: &[u8]) -> Result<Output, SignatureError> {
    let failed = |error: std::io::Error| SignatureError::Program {
        program: program.to_owned(),
        cause: error.to_string(),
    };
    output_fed(command, input).map_err(failed)
}

fn told(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let text = if text.is_empty() { String::from_utf8_lossy(&output.stdout).trim().to_owned() } else { text };
    text.lines().next().map_or_else(|| output.status.to_string(), str::to_owned)
}
