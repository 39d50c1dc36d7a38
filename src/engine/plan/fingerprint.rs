//! What a plan was made on: the digests by which a saved plan is held to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::left_out::LeftOut;
use crate::engine::copied_files::CopiedFiles;
use crate::engine::source::{Fetched, files_of};
use crate::engine::tool::LOCK_FILE;
use crate::engine::tool::Tool;
use crate::engine::{EngineError, UnitJob};
use crate::hcl::json::encode;
use crate::hcl::value::Value;
use crate::support::digest::{hex, sha256, sha256_of};
use crate::support::fs::{FileError, read_regular};
use crate::support::paths::{self, clean, relative};
use crate::terraform::state::StateMark;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::paths_in;

/// What a unit's plan was made on, its state apart. Digests are SHA-256 in lowercase hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// `terraform` or `tofu`.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// The evaluated configuration that the tool is given: inputs, backend, generated files, arguments, hooks.
    pub inputs: String,
    /// The module's files, the unit's own laid over them.
    pub source: String,
    /// The files and folders of the repository that its inputs name; none where they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<String>,
    /// The dependency lock file; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
}

impl Fingerprint {
    /// Of a unit whose module is on this machine; `left_out` is what the run writes and holds to something else.
    pub fn of(
        tool: &Tool,
        source: &Fetched,
        config: &UnitConfig,
        left_out: &LeftOut,
    ) -> Result<Self, EngineError> {
        let left_out = left_out.clone().with_unit(config, &source.folder());
        Ok(Self {
            tool: tool.name.to_owned(),
            version: tool.version.clone(),
            inputs: inputs(config, &left_out),
            source: source_digest(source, config, &left_out)?,
            handed: handed(config, &left_out)?,
            lock: lock_file(source, config).map(|content| sha256(&content)),
        })
    }

    /// In which way `now` is another one, in words; none where it is the same.
    pub fn difference(&self, now: &Self) -> Option<String> {
        if (&self.tool, &self.version) != (&now.tool, &now.version) {
            let (then, now) =
                (format!("{} {}", self.tool, self.version), format!("{} {}", now.tool, now.version));
            return Some(format!("it was planned with {then}, and this is {now}"));
        }
        if self.inputs != now.inputs {
            return Some("its inputs are not those it was planned with".to_owned());
        }
        if self.source != now.source {
            return Some("its source is not what it was planned with".to_owned());
        }
        if self.handed != now.handed {
            return Some("a file that its inputs name is not what it was planned with".to_owned());
        }
        match (&self.lock, &now.lock) {
            (Some(_), None) => {
                Some(format!("its {LOCK_FILE} is not there: commit it, so that it comes along"))
            }
            (then, now) if then != now => Some(format!("its {LOCK_FILE} is not the one it was planned with")),
            _ => None,
        }
    }
}

/// The fingerprint of a unit whose module is on this machine, taken off the threads that wait for processes.
pub(in crate::engine) async fn of(
    tool: Arc<Tool>,
    source: Fetched,
    job: &UnitJob,
    left_out: &LeftOut,
) -> Result<Fingerprint, EngineError> {
    let (config, left_out) = (Arc::clone(&job.config), left_out.clone());
    let taken =
        tokio::task::spawn_blocking(move || Fingerprint::of(&tool, &source, &config, &left_out)).await;
    taken.map_err(|error| EngineError::Answer {
        command: "taking the digests of the source".to_owned(),
        cause: error.to_string(),
    })?
}

/// In which way a state has moved on, in words; none where it has not.
pub fn state_difference(then: Option<&StateMark>, now: Option<&StateMark>) -> Option<String> {
    match (then, now) {
        (None, Some(now)) => Some(format!("its state was empty and is at serial {} now", now.serial)),
        (Some(then), None) => Some(format!("its state was at serial {} and is gone", then.serial)),
        (Some(then), Some(now)) if then.lineage != now.lineage => {
            Some(format!("its state is another one: lineage {} was {}", now.lineage, then.lineage))
        }
        (Some(then), Some(now)) if then.serial != now.serial => {
            Some(format!("its state has moved on: serial {} was {}", now.serial, then.serial))
        }
        _ => None,
    }
}

/// The files that are read before a tool starts, with their digests: the configuration and all that it reads, variable
/// files, the lock file, and the files that hooks name by their whole path. Paths are seen from `root`.
pub fn files_read(config: &UnitConfig, root: &Path) -> Result<BTreeMap<PathBuf, String>, EngineError> {
    let extra = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    let variables = extra.flat_map(|extra| extra.required_var_files.iter().chain(&extra.optional_var_files));
    let variables = variables.map(|file| config.dir.join(file));
    let own_lock = config.dir.join(LOCK_FILE);
    let read = config.files_read.iter().map(|file| file.to_path_buf());
    let mut digests = BTreeMap::new();
    let named = named_by_hooks(config, root);
    for file in read.chain(variables).chain([own_lock]).chain(named).filter(|file| file.is_file()) {
        let digest = sha256_of(&file).map_err(FileError::on("read", &file))?;
        digests.insert(relative(root, &file), digest);
    }
    Ok(digests)
}

/// The scripts of the tree that hooks run or hand to a program; what belongs to the machine differs by right.
fn named_by_hooks(config: &UnitConfig, root: &Path) -> Vec<PathBuf> {
    let terraform = config.terraform.iter();
    let words = terraform.flat_map(|terraform| {
        let hooks = terraform.before_hooks.iter().chain(&terraform.after_hooks).map(|hook| &hook.execute);
        hooks.chain(terraform.error_hooks.iter().map(|hook| &hook.execute)).flatten()
    });
    let real = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let files = words.map(|word| clean(Path::new(word)));
    files.filter(|file| file.starts_with(root) || file.starts_with(&real)).collect()
}

fn lock_file(source: &Fetched, config: &UnitConfig) -> Option<Vec<u8>> {
    // The unit's own is laid over the module's.
    let places = [config.dir.join(LOCK_FILE), source.folder().join(LOCK_FILE)];
    places.iter().find_map(|place| read_regular(place).ok())
}

/// Takes parts so that no two lists of parts give the same digest.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn all<P: AsRef<[u8]>>(&mut self, name: &str, parts: impl IntoIterator<Item = P>) {
        let parts: Vec<P> = parts.into_iter().collect();
        self.add(name);
        self.add((parts.len() as u64).to_le_bytes());
        for part in parts {
            self.add(part);
        }
    }

    fn value(&mut self, name: &str, value: &Value) {
        // Something unknown is only in what is never applied: mocks that are left open.
        self.all(name, [encode(value).unwrap_or_else(|| "unknown".to_owned())]);
    }

    fn end(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Where a source and a hook lie is left out: what lies there is in other digests. What the tool is given is not.
fn inputs(config: &UnitConfig, left_out: &LeftOut) -> String {
    let mut parts = Parts::default();
    let wherever = |text: &String| left_out.wherever(text).into_owned();
    for (name, value) in &config.inputs {
        parts.value(name, value);
    }
    if let Some(state) = &config.remote_state {
        parts.all("remote_state", [&state.backend]);
        parts.value("config", &state.config);
        parts.value("encryption", state.encryption.as_ref().unwrap_or(&Value::Null));
        let target = state.generate.as_ref();
        parts.all("generate", target.map(|target| format!("{} {:?}", target.path, target.if_exists)));
    }
    for file in &config.generate {
        let how = format!(
            "{:?} {:?} {} {}",
            file.if_exists, file.if_disabled, file.disable, file.disable_signature
        );
        parts.all("generate", [&file.path, &file.contents, &file.comment_prefix, &how]);
    }
    for extra in config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments) {
        parts.all("extra_arguments", &extra.commands);
        parts.all("arguments", &extra.arguments);
        parts.all("variables", extra.env_vars.iter().flat_map(|(name, value)| [name, value]));
        parts.all("files", extra.required_var_files.iter().chain(&extra.optional_var_files));
    }
    if let Some(terraform) = &config.terraform {
        let source = terraform.source.as_ref().map(|source| left_out.wherever(source.expose()).into_owned());
        parts.all("source", source);
        for hook in terraform.before_hooks.iter().chain(&terraform.after_hooks) {
            let words = hook.commands.iter().chain(&hook.execute).chain(&hook.working_dir);
            parts.all("hook", words.map(wherever));
            parts.all("condition", [format!("{} {}", hook.condition, hook.run_on_error)]);
        }
        for hook in &terraform.error_hooks {
            let words = hook.commands.iter().chain(&hook.execute).chain(&hook.on_errors);
            parts.all("error_hook", words.map(wherever));
        }
    }
    parts.all("role", &config.iam_role);
    parts.all("workspace", std::env::var("TF_WORKSPACE").ok());
    parts.end()
}

fn source_digest(source: &Fetched, config: &UnitConfig, left_out: &LeftOut) -> Result<String, EngineError> {
    let mut parts = Parts::default();
    parts.all("module", [source.module.as_os_str().as_encoded_bytes()]);
    if source.shared {
        let files = files_of(&source.root)?;
        let below = files.iter().map(|file| file.strip_prefix(&source.root).unwrap_or(file).to_path_buf());
        take_files(&mut parts, &source.root, below, left_out)?;
    } else {
        take_files(&mut parts, &source.root, copied(&source.root, config)?, left_out)?;
    }
    if source.root != config.dir {
        parts.add("over");
        take_files(&mut parts, &config.dir, copied(&config.dir, config)?, left_out)?;
    }
    Ok(parts.end())
}

/// The files and folders of the repository that inputs name by their absolute paths: the module may read them, and what
/// it reads elsewhere it cannot find, since it is run in a folder of its own.
fn handed(config: &UnitConfig, left_out: &LeftOut) -> Result<Option<String>, EngineError> {
    let named = paths_in(config.inputs.values(), &config.dir);
    let named: Vec<PathBuf> =
        named.into_iter().filter(|path| left_out.is_of_repository(path) && path.exists()).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let mut parts = Parts::default();
    for path in &named {
        parts.add(left_out.wherever(&path.to_string_lossy()).as_bytes());
        if path.is_dir() {
            take_files(&mut parts, path, copied(path, config)?, left_out)?;
        } else {
            take_files(&mut parts, paths::folder(path), path.file_name().map(PathBuf::from), left_out)?;
        }
    }
    Ok(Some(parts.end()))
}

fn copied(folder: &Path, config: &UnitConfig) -> Result<Vec<PathBuf>, EngineError> {
    let terraform = config.terraform.as_ref();
    let include = terraform.map(|terraform| terraform.include_in_copy.as_slice()).unwrap_or_default();
    let exclude = terraform.map(|terraform| terraform.exclude_from_copy.as_slice()).unwrap_or_default();
    CopiedFiles::new(folder, include, exclude)?.files()
}

fn take_files(
    parts: &mut Parts,
    root: &Path,
    files: impl IntoIterator<Item = PathBuf>,
    left_out: &LeftOut,
) -> Result<(), EngineError> {
    use std::os::unix::fs::PermissionsExt;
    let real = root.canonicalize().map_err(FileError::on("read", root))?;
    for below in files.into_iter().filter(|below| !left_out.holds(&real, below)) {
        let file = root.join(&below);
        parts.add(below.as_os_str().as_encoded_bytes());
        // A link is where it leads and what is there: as the one it is read by name, as the other through it.
        if let Ok(target) = std::fs::read_link(&file) {
            parts.all("link", [target.as_os_str().as_encoded_bytes()]);
        }
        let Ok(metadata) = file.metadata() else {
            parts.add("nothing");
            continue;
        };
        // What is no regular file cannot be taken along: a pipe has no content to hold it to.
        let content = if metadata.is_file() {
            sha256_of(&file).map_err(FileError::on("read", &file))?
        } else {
            String::new()
        };
        parts.add([u8::from(metadata.permissions().mode() & 0o111 != 0)]);
        parts.add(content);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dir: &Path, value: &str) -> UnitConfig {
        let mut config = UnitConfig { dir: dir.to_owned(), ..UnitConfig::default() };
        config.inputs.insert("value".into(), Value::string(value));
        config
    }

    #[test]
    fn every_difference_is_told_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.tf"), "one").unwrap();
        let source = Fetched { root: dir.path().to_owned(), module: PathBuf::new(), shared: false };
        let tool = Tool { path: "/bin/tofu".into(), name: "tofu", version: "1.12.6".to_owned() };
        let state = dir.path().join("unit.tfstate");
        let left_out = LeftOut::new([], [state.clone()]);
        let take =
            |value: &str| Fingerprint::of(&tool, &source, &config(dir.path(), value), &left_out).unwrap();
        let then = take("a");
        assert_eq!(then.difference(&take("a")), None);
        assert!(then.difference(&take("b")).unwrap().contains("inputs"));
        std::fs::write(&state, "{}").unwrap();
        assert_eq!(then.difference(&take("a")), None, "the state of a unit is held to its serial");
        for name in ["terraform.tfstate", "script.tfstate.sh", "slipway-plans.json", "terragrunt.hcl"] {
            std::fs::write(dir.path().join(name), "{}").unwrap();
            assert!(then.difference(&take("a")).unwrap().contains("source"), "{name}");
            std::fs::remove_file(dir.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink("main.tf", dir.path().join("link")).unwrap();
        let linked = take("a");
        std::fs::remove_file(dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("./main.tf", dir.path().join("link")).unwrap();
        assert!(linked.difference(&take("a")).unwrap().contains("source"), "a link is where it leads");
        std::fs::remove_file(dir.path().join("link")).unwrap();
        assert_eq!(then.difference(&take("a")), None);
        std::fs::write(dir.path().join("main.tf"), "two").unwrap();
        assert!(then.difference(&take("a")).unwrap().contains("source"));
        std::fs::write(dir.path().join("main.tf"), "one").unwrap();
        std::fs::write(dir.path().join(LOCK_FILE), "locked").unwrap();
        assert!(then.difference(&take("a")).unwrap().contains(LOCK_FILE));
        let newer = Fingerprint { version: "1.13.0".to_owned(), ..then.clone() };
        assert!(then.difference(&newer).unwrap().contains("tofu 1.12.6, and this is tofu 1.13.0"));
    }

    #[test]
    fn what_inputs_name_belongs_to_the_unit_where_it_is_of_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("r/.git/HEAD", "");
        write("r/live/unit/main.tf", "");
        write("r/code/deep/main.py", "1");
        write("elsewhere.txt", "1");
        let unit = root.join("r/live/unit");
        let mut config = config(&unit, root.join("elsewhere.txt").to_str().unwrap());
        let path = |path: &str| Value::string(root.join(path).to_str().unwrap());
        config
            .inputs
            .insert("paths".into(), Value::tuple(vec![path("r/code"), path("r/policy.json"), path("r")]));
        let source = Fetched { root: unit.clone(), module: PathBuf::new(), shared: false };
        let tool = Tool { path: "/bin/tofu".into(), name: "tofu", version: "1.12.6".to_owned() };
        let left_out = LeftOut::default().with_place(&unit);
        let take = || Fingerprint::of(&tool, &source, &config, &left_out).unwrap();
        let mut last = take();
        for (file, counts) in [
            ("r/code/deep/main.py", true),
            ("r/policy.json", true),
            ("r/code/new.py", true),
            ("elsewhere.txt", false),
            ("r/other.txt", false),
        ] {
            write(file, "changed");
            let now = take();
            let told = last.difference(&now);
            assert_eq!(told.is_some_and(|told| told.contains("its inputs name")), counts, "{file}");
            last = now;
        }
    }

    #[test]
    fn a_state_that_moved_on_is_told_with_its_serials() {
        let mark = |lineage: &str, serial| Some(StateMark { lineage: lineage.to_owned(), serial });
        let told =
            |then: Option<StateMark>, now: Option<StateMark>| state_difference(then.as_ref(), now.as_ref());
        assert_eq!(told(mark("a", 1), mark("a", 1)), None);
        assert_eq!(told(mark("a", 1), mark("a", 2)).unwrap(), "its state has moved on: serial 2 was 1");
        assert!(told(mark("a", 1), mark("b", 1)).unwrap().contains("lineage b was a"));
        assert!(told(None, mark("a", 1)).unwrap().contains("was empty"));
        assert!(told(mark("a", 1), None).unwrap().contains("gone"));
    }
}
