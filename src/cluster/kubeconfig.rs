//! kubeconfig files: an entry whose token comes from `slipway token`, put into what is there already.
//!
//! What others keep in the file stays as it is, but for comments. The file is written beside itself and put into place, under the
//! lock that kubectl takes, so that two writers lose nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::eks::ClusterFacts;
use crate::support::confined::Root;
use crate::support::fs::{FileError, create_dir_all, read_text};

/// How long another writer's lock is waited for.
const LOCKED: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Why an entry cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file is not what kubectl writes.
    #[error("{} is no kubeconfig: {detail}; mend it, or name another one with --file", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// It cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another program holds its lock.
    #[error(
        "{} is locked by another program; if there is none, remove {}", file.display(), lock.display()
    )]
    Locked {
        /// The file.
        file: PathBuf,
        /// Its lock.
        lock: PathBuf,
    },
}

/// One cluster's entry.
#[derive(Clone, Debug)]
pub struct KubeconfigEntry {
    /// What the context is called.
    pub context: String,
    /// The cluster.
    pub facts: ClusterFacts,
    /// The program that answers with tokens: this one.
    pub program: String,
    /// The AWS profile that tokens are signed with, where one is named.
    pub profile: Option<String>,
    /// The proxy that the API server is reached through, where one is named.
    pub proxy: Option<String>,
    /// Whether it becomes the current context.
    pub is_current: bool,
}

/// The file that kubectl would write: the first of `KUBECONFIG` that is there, or the first; or the one at home.
pub fn default_file(variable: Option<&str>, home: &Path) -> PathBuf {
    let named: Vec<PathBuf> =
        variable.unwrap_or_default().split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    let there = named.iter().find(|path| path.exists()).or_else(|| named.first());
    there.cloned().unwrap_or_else(|| home.join(".kube/config"))
}

impl KubeconfigEntry {
    /// Puts the entry into a kubeconfig, which may be none yet.
    pub fn put_into(&self, config: Option<Value>) -> Result<Value, String> {
        let mut config = match config {
            None | Some(Value::Null) => json!({ "apiVersion": "v1", "kind": "Config", "preferences": {} }),
            Some(config @ Value::Object(_)) => config,
            Some(_) => return Err("it holds no mapping".to_owned()),
        };
        let name = &self.facts.arn;
        let mut cluster = json!({
            "server": self.facts.endpoint,
            "certificate-authority-data": self.facts.certificate_authority,
        });
        if let Some(proxy) = &self.proxy {
            set(&mut cluster, "proxy-url", json!(proxy));
        }
        let mut exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": self.program,
            "args": ["token", "--name", self.facts.name, "--region", self.facts.region],
            "installHint": "install slipway, which mints tokens of EKS",
            "interactiveMode": "Never",
            "provideClusterInfo": false,
        });
        if let Some(profile) = &self.profile {
            set(&mut exec, "env", json!([{ "name": "AWS_PROFILE", "value": profile }]));
        }
        put(&mut config, "clusters", name, "cluster", cluster)?;
        put(&mut config, "users", name, "user", json!({ "exec": exec }))?;
        put(&mut config, "contexts", &self.context, "context", json!({ "cluster": name, "user": name }))?;
        if self.is_current {
            set(&mut config, "current-context", json!(self.context));
        }
        Ok(config)
    }

    /// The entry alone, as a file of its own.
    pub fn alone(&self) -> Result<String, String> {
        written(&self.put_into(None)?)
    }

    /// Puts the entry into a file, which is made where it is not there.
    pub fn write(&self, file: &Path) -> Result<(), KubeconfigError> {
        // A link is followed: what it leads to is the file.
        let file = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let unread = |error| KubeconfigError::Unread { file: file.clone(), error };
        create_dir_all(folder).map_err(unread)?;
        let root = Root::at(folder)?;
        let name = PathBuf::from(file.file_name().unwrap_or_default());
        let _lock = Lock::of(folder, &name, &file)?;
        let there = match read_text(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unread(error)),
        };
        let unreadable = |detail: String| KubeconfigError::Unreadable { file: file.clone(), detail };
        let there = match there.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) => {
                // As kubectl reads it: `y` is a name, and would be written back as `true` otherwise.
                let options = serde_saphyr::options! { strict_booleans: true };
                let first = serde_saphyr::from_str_with_options::<Value>(text, options);
                Some(first.map_err(|error| {
                    unreadable(error.to_string().lines().next().unwrap_or_default().to_owned())
                })?)
            }
        };
        let text = self.put_into(there).and_then(|config| written(&config)).map_err(unreadable)?;
        // Whoever reads it comes into the cluster as its users do.
        root.write(&name, text.as_bytes(), 0o600)?;
        Ok(())
    }
}

fn written(config: &Value) -> Result<String, String> {
    serde_saphyr::to_string(config).map_err(|error| error.to_string())
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), to);
    }
}

/// Puts a named item into a list, in the place of one of that name. What an older one has beside what is set stays, such as the
/// namespace of a context.
fn put(config: &mut Value, list: &str, name: &str, field: &str, value: Value) -> Result<(), String> {
    let Some(fields) = config.as_object_mut() else { return Err("it holds no mapping".to_owned()) };
    let items = fields.entry(list).or_insert_with(|| json!([]));
    if items.is_null() {
        *items = json!([]);
    }
    let Some(items) = items.as_array_mut() else { return Err(format!("its {list} are no list")) };
    let is_it = |item: &&mut Value| item.get("name").and_then(Value::as_str) == Some(name);
    let Some(item) = items.iter_mut().find(is_it) else {
        items.push(json!({ "name": name, field: value }));
        return Ok(());
    };
    match (item.get_mut(field).and_then(Value::as_object_mut), value) {
        (Some(old), Value::Object(new)) if field == "context" => old.extend(new),
        (_, value) => set(item, field, value),
    }
    Ok(())
}

/// kubectl's own lock: a file beside it that is there as long as somebody writes.
struct Lock {
    root: Root,
    name: PathBuf,
}

impl Lock {
    fn of(folder: &Path, name: &Path, file: &Path) -> Result<Self, KubeconfigError> {
        let mut lock = name.as_os_str().to_owned();
        lock.push(".lock");
        let name = PathBuf::from(lock);
        let root = Root::at(folder)?;
        let until = Instant::now() + LOCKED;
        loop {
            match root.create_new(&name) {
                Ok(_) => return Ok(Self { root, name }),
                Err(_) if root.kind(&name)?.is_some() => {
                    if Instant::now() > until {
                        let lock = folder.join(&name);
                        return Err(KubeconfigError::Locked { file: file.to_path_buf(), lock });
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that cannot be removed is told of by whoever comes upon it.
        let _removed = self.root.remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry() -> KubeconfigEntry {
        let facts = ClusterFacts {
            name: "acme-dev".to_owned(),
            arn: "arn:aws:eks:eu-west-1:111122223333:cluster/acme-dev".to_owned(),
            region: "eu-west-1".to_owned(),
            status: "ACTIVE".to_owned(),
            version: "1.33".to_owned(),
            endpoint: "https://example.eks.amazonaws.com".to_owned(),
            certificate_authority: "Q0E=".to_owned(),
            oidc_issuer: None,
        };
        KubeconfigEntry {
            context: "dev".to_owned(),
            facts,
            program: "slipway".to_owned(),
            profile: Some("acme".to_owned()),
            proxy: None,
            is_current: true,
        }
    }

    #[test]
    fn what_others_keep_in_the_file_stays_and_a_second_time_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/config");
        entry().write(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let others = "apiVersion: v1\nkind: Config\nextensions:\n- name: x\n  extension: {a: 1}\nclusters:\n- name: kind\n  cluster: \
                      {server: 'https://127.0.0.1:6443', tls-server-name: y}\ncontexts:\n- name: dev\n  context: {cluster: old, user: \
                      old, namespace: shop}\nusers: null\ncurrent-context: kind\n";
        std::fs::write(&file, others).unwrap();
        entry().write(&file).unwrap();
        let once = std::fs::read_to_string(&file).unwrap();
        let options = serde_saphyr::options! { strict_booleans: true };
        let config: Value = serde_saphyr::from_str_with_options(&once, options).unwrap();
        assert_eq!(config["extensions"][0]["extension"]["a"], 1);
        assert_eq!(config["clusters"][0]["cluster"]["tls-server-name"], "y");
        assert_eq!(config["clusters"][1]["cluster"]["certificate-authority-data"], "Q0E=");
        assert_eq!(config["contexts"][0]["context"]["namespace"], "shop");
        assert_eq!(config["contexts"][0]["context"]["user"], entry().facts.arn);
        assert_eq!(config["current-context"], "dev");
        let exec = &config["users"][0]["user"]["exec"];
        assert_eq!(exec["args"], json!(["token", "--name", "acme-dev", "--region", "eu-west-1"]));
        assert_eq!(exec["env"], json!([{ "name": "AWS_PROFILE", "value": "acme" }]));
        entry().write(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), once);
        assert!(!folder.path().join("sub/config.lock").exists());
    }

    #[test]
    fn a_file_that_is_none_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        for text in ["- a\n- b\n", "clusters: 7\n", "a: [\n"] {
            std::fs::write(&file, text).unwrap();
            let error = entry().write(&file).unwrap_err().to_string();
            assert!(error.contains("is no kubeconfig"), "{error}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn the_file_is_the_one_that_kubectl_would_write() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        std::fs::write(&there, "").unwrap();
        let home = Path::new("/home/ada");
        assert_eq!(default_file(None, home), Path::new("/home/ada/.kube/config"));
        assert_eq!(default_file(Some("/not/there:/nor/there"), home), Path::new("/not/there"));
        let both = format!("/not/there:{}", there.display());
        assert_eq!(default_file(Some(&both), home), there);
    }
}
