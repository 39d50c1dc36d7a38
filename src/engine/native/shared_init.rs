//! One `init` for all units that would get the same from it.
//!
//! Forty units of one module get from forty times `init` forty times the same: the same providers, the same modules,
//! the same lock file. Only the place of their states differs. So the first of them runs `init`, and the others take
//! what it has left, with their own settings of the backend in it. Before each command the tools compare these with
//! the configuration, so that a wrong one could not go unnoticed; and where a tool asks for `init` nevertheless (a
//! state holds resources of a provider that is no longer in the configuration), it gets its own.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::generate::{backend_settings, is_backend_file};
use super::hooks;
use super::init::lock_files;
use crate::engine::EngineError;
use crate::engine::source::files_of;
use crate::engine::source::share::share;
use crate::engine::tool::{LOCK_FILE, Tool};
use crate::hcl::json::to_json;
use crate::support::confined::{EVERYBODY, FOLDER, PRIVATE, Root};
use crate::support::digest::hex;
use crate::support::fs::read_regular;
use crate::support::process::CommandLine;
use crate::terraform::{Module, ModuleTree, Written};
use crate::terragrunt::config::UnitConfig;

/// Backends whose `init` does nothing but note their settings. Of the others some create things, or ask.
const PLAIN_BACKENDS: &[&str] = &["azurerm", "gcs", "local", "s3"];
/// The place of the backend's settings, under `.terraform`.
const BACKEND_STATE: &str = "terraform.tfstate";

/// The units of one run that could share an `init`, by what it depends on.
#[derive(Debug, Default)]
pub struct SharedInits {
    by_need: Mutex<HashMap<String, Arc<OnceCell<Option<Initialized>>>>>,
}

/// What one unit's `init` reads, apart from the settings of its backend.
pub struct Wanted {
    /// A digest of it.
    need: String,
    settings: Settings,
}

/// The backend's settings that may differ between units that share: texts, numbers, yes or no.
type Settings = BTreeMap<String, Json>;

/// What an `init` has left behind.
#[derive(Debug)]
struct Initialized {
    dir: PathBuf,
    settings: Settings,
    /// Its note of the backend; null without one.
    backend: Json,
    lock: Option<Vec<u8>>,
    /// The links into the provider cache, by their place under `.terraform`.
    providers: BTreeMap<PathBuf, PathBuf>,
}

impl SharedInits {
    /// Gives the unit in `dir` what another's `init` has left, or runs its own. Returns whether its own has run.
    ///
    /// Units that want the same wait for the first of them. If that one fails, the others do not wait for each
    /// other too.
    pub async fn take_or_run<I: Future<Output = Result<(), EngineError>>>(
        &self,
        wanted: &Wanted,
        dir: &Root,
        init: impl Fn() -> I,
    ) -> Result<bool, EngineError> {
        let cell = {
            let mut by_need = self.by_need.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(by_need.entry(wanted.need.clone()).or_default())
        };
        let mut own = None;
        let first = async {
            let ran = init().await;
            let initialized = ran.is_ok().then(|| Initialized::by(dir.path(), wanted)).flatten();
            own = Some(ran);
            initialized
        };
        let initialized = cell.get_or_init(|| first).await;
        match (own, initialized) {
            (Some(ran), _) => ran.map(|()| true),
            (None, Some(initialized)) if initialized.give(dir, wanted)? => Ok(false),
            (None, _) => init().await.map(|()| true),
        }
    }
}

impl Wanted {
    /// What the unit in `dir` wants of `init`, or why it needs its own: it has run there before, does more than to prepare,
    /// or has hooks around it.
    pub fn of(
        tool: &Tool,
        config: &UnitConfig,
        dir: &Path,
        modules: &ModuleTree,
        command: &CommandLine,
    ) -> Result<Self, &'static str> {
        if dir.join(".terraform").exists() || dir.join(BACKEND_STATE).exists() {
            return Err("init has run here before, on something else");
        }
        let moves = |name: &str| {
            std::env::var_os(name).is_some() || command.environment.iter().any(|(given, _)| given == name)
        };
        if moves("TF_DATA_DIR") || moves("TF_WORKSPACE") {
            return Err("TF_DATA_DIR or TF_WORKSPACE is set");
        }
        if hooks::are_around(config, "init") {
            return Err("hooks run around init");
        }
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        };
        add(tool.path.as_os_str().as_encoded_bytes());
        add(tool.version.as_bytes());
        for argument in &command.arguments {
            add(argument.as_encoded_bytes());
        }
        let variables = command.environment.iter();
        for (name, value) in variables.filter(|(name, _)| !name.as_encoded_bytes().starts_with(b"TF_VAR_")) {
            add(name.as_encoded_bytes());
            add(value.as_encoded_bytes());
        }
        let mut settings = Settings::new();
        let mut backend_file = None;
        if let Some(remote_state) = &config.remote_state {
            let file = dir.join(&remote_state.generate.as_ref().ok_or("its backend is not generated")?.path);
            let mut files = modules.files();
            let is_ours =
                files.any(|found| found.path() == file && is_backend_file(remote_state, found.text()));
            if !is_ours || remote_state.encryption.is_some() {
                return Err("its backend is not the generated one, or is encrypted");
            }
            if !PLAIN_BACKENDS.contains(&remote_state.backend.as_str()) {
                return Err("the init of its backend does more than to note its settings");
            }
            backend_file = Some(file);
            add(remote_state.backend.as_bytes());
            for (name, value) in backend_settings(remote_state) {
                let value = to_json(value).ok_or("a setting of its backend is not known")?;
                add(name.as_bytes());
                match &value {
                    Json::Object(_) | Json::Array(_) => {
                        // The tools note more of these than was given.
                        add(value.to_string().as_bytes());
                        continue;
                    }
                    Json::String(_) => add(b"text"),
                    Json::Number(_) => add(b"number"),
                    Json::Bool(_) | Json::Null => add(b"truth"),
                }
                settings.insert(name.to_owned(), value);
            }
        }
        if modules.modules().any(|(module, _)| may_do_more(module, backend_file.as_deref())) {
            return Err("its module has a backend of its own, or names modules by what is computed");
        }
        let files = modules.files().filter(|file| Some(file.path()) != backend_file.as_deref());
        let lock_files = lock_files(modules).map_err(|_| "a lock file of its modules cannot be read")?;
        let locked = lock_files.iter().map(|(file, content)| (file.as_path(), content.as_slice()));
        for (file, content) in files.map(|file| (file.path(), file.text().as_bytes())).chain(locked) {
            // The modules that it calls lie around it, in the folders of both units alike.
            let above = dir.ancestors().position(|above| file.starts_with(above)).unwrap_or_default();
            let below = dir.ancestors().nth(above).and_then(|above| file.strip_prefix(above).ok());
            add(&above.to_le_bytes());
            add(below.unwrap_or(file).as_os_str().as_encoded_bytes());
            add(content);
        }
        Ok(Self { need: hex(&digest.finalize()), settings })
    }
}

/// Whether a module says something by which `init` would depend on a unit's inputs, or do more than prepare: sources out of
/// variables, a backend of the module's own, `HCP Terraform`. What is generated is none of its own.
fn may_do_more(module: &Module, backend_file: Option<&Path>) -> bool {
    let is_computed = |written: &Option<Written>| matches!(written, Some(Written::Expression(_)));
    // In JSON every text is a template.
    let mut calls = module.calls.values();
    !module.diagnostics.is_empty()
        || calls.any(|call| {
            is_computed(&call.source) || is_computed(&call.version) || call.location.file.is_json()
        })
        || module.backends.iter().any(|backend| Some(backend.location.file.path()) != backend_file)
}

impl Initialized {
    /// What lies in `dir` after its `init`; none where that is more than is known.
    fn by(dir: &Path, wanted: &Wanted) -> Option<Self> {
        let data = dir.join(".terraform");
        let mut made = Self {
            dir: dir.to_owned(),
            settings: wanted.settings.clone(),
            backend: Json::Null,
            lock: read_regular(&dir.join(LOCK_FILE)).ok(),
            providers: BTreeMap::new(),
        };
        for entry in std::fs::read_dir(&data).into_iter().flatten() {
            let entry = entry.ok()?;
            match entry.file_name().to_str()? {
                BACKEND_STATE => {
                    made.backend = serde_json::from_slice(&read_regular(&entry.path()).ok()?).ok()?;
                }
                "providers" => add_links(&entry.path(), &data, &mut made.providers)?,
                "modules" | super::init::MARKER => {}
                _ => return None,
            }
        }
        // What it has noted has to be what it was given, or one would not know what to note for another.
        made.backend_for(&made.settings).is_some().then_some(made)
    }

    /// Its note of the backend, with another unit's settings; none where it does not hold what it was given.
    fn backend_for(&self, settings: &Settings) -> Option<Json> {
        if self.backend.is_null() {
            return settings.is_empty().then_some(Json::Null);
        }
        let mut noted = self.backend.clone();
        let backend = noted.get_mut("backend")?.as_object_mut()?;
        // A digest of the settings in the tools' own way; without a right one they compare the settings themselves.
        backend.insert("hash".to_owned(), Json::from(0));
        let config = backend.get_mut("config")?.as_object_mut()?;
        for (name, given) in &self.settings {
            let value = config.get_mut(name)?;
            if value != given {
                return None;
            }
            value.clone_from(settings.get(name)?);
        }
        Some(noted)
    }

    /// Gives the same to the unit in the folder `dir`. Returns whether that was possible.
    fn give(&self, dir: &Root, wanted: &Wanted) -> Result<bool, EngineError> {
        let Some(backend) = self.backend_for(&wanted.settings) else { return Ok(false) };
        let data = dir.folder(Path::new(".terraform"), FOLDER)?;
        for (place, target) in &self.providers {
            data.symlink(target, place)?;
        }
        let modules = self.dir.join(".terraform/modules");
        if modules.exists() {
            let files = files_of(&modules)?.into_iter();
            let below: Vec<PathBuf> =
                files.filter_map(|file| Some(file.strip_prefix(&modules).ok()?.to_owned())).collect();
            share(&modules, &below, &data.folder(Path::new("modules"), FOLDER)?)?;
        }
        if let Some(lock) = &self.lock {
            dir.write_if_changed(Path::new(LOCK_FILE), lock, EVERYBODY)?;
        }
        // The last, since with it the tool takes the folder for one that is ready.
        if !backend.is_null() {
            data.write(Path::new(BACKEND_STATE), backend.to_string().as_bytes(), PRIVATE)?;
        }
        Ok(true)
    }
}

/// The symbolic links under `folder`, by their place under `data`; none where something else lies there.
fn add_links(folder: &Path, data: &Path, links: &mut BTreeMap<PathBuf, PathBuf>) -> Option<()> {
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        let kind = path.symlink_metadata().ok()?.file_type();
        if kind.is_symlink() {
            links.insert(path.strip_prefix(data).ok()?.to_owned(), std::fs::read_link(&path).ok()?);
        } else if kind.is_dir() {
            add_links(&path, data, links)?;
        } else {
            return None;
        }
    }
    Some(())
}

/// Whether a tool says that `init` has to run first.
pub fn is_asked_for(error: &EngineError) -> bool {
    let EngineError::Failed { cause, .. } = error else { return false };
    ["tofu init", "terraform init", "Required plugins are not installed"]
        .iter()
        .any(|text| cause.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_out_of_variables_and_backends_of_a_module_may_do_more() {
        let more = |text: &str| {
            let mut module = Module::default();
            module.add(Path::new(if text.starts_with('{') { "main.tf.json" } else { "main.tf" }), text);
            may_do_more(&module, None)
        };
        assert!(!more("resource \"terraform_data\" \"x\" {}"));
        assert!(!more("# a module\nmodule \"x\" {\n  source = \"../x\"\n  a = var.a\n}"));
        assert!(more("module \"x\" {\n  source = \"../${var.x}\"\n}"));
        assert!(more("module \"x\" {\n  source = \"org/x/y\"\n  version = local.version\n}"));
        assert!(more("terraform {\n  backend \"s3\" {}\n}"));
        assert!(more("terraform {\n  cloud {\n    organization = \"acme\"\n  }\n}"));
        assert!(more("{\"module\": {\"x\": {\"source\": \"../x\"}}}"));
    }

    fn initialized(backend: Json, settings: &[(&str, Json)]) -> Initialized {
        Initialized {
            dir: "/a".into(),
            settings: of(settings),
            backend,
            lock: None,
            providers: BTreeMap::new(),
        }
    }

    fn of(settings: &[(&str, Json)]) -> Settings {
        settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_note_of_the_backend_gets_another_units_settings_and_no_digest_that_would_speak_for_the_first() {
        let noted = serde_json::json!({
            "version": 3,
            "backend": { "type": "s3", "config": { "bucket": "b", "key": "a", "encrypt": true, "role": null }, "hash": 7 }
        });
        let settings = [("bucket", Json::from("b")), ("key", Json::from("a")), ("encrypt", Json::from(true))];
        let first = initialized(noted, &settings);
        let others =
            of(&[("bucket", Json::from("b")), ("key", Json::from("c")), ("encrypt", Json::from(false))]);
        let given = first.backend_for(&others).unwrap();
        let expected = serde_json::json!({ "bucket": "b", "key": "c", "encrypt": false, "role": null });
        assert_eq!(given["backend"]["config"], expected);
        assert_eq!(given["backend"]["hash"], 0);
    }

    #[test]
    fn a_note_that_does_not_hold_what_was_given_serves_nobody() {
        let noted =
            serde_json::json!({ "backend": { "type": "s3", "config": { "key": "elsewhere" }, "hash": 7 } });
        let settings = [("key", Json::from("a"))];
        assert_eq!(initialized(noted, &settings).backend_for(&of(&settings)), None);
        assert_eq!(initialized(Json::Null, &settings).backend_for(&of(&settings)), None, "no note at all");
        assert_eq!(
            initialized(Json::Null, &[]).backend_for(&of(&[])),
            Some(Json::Null),
            "no backend, no note"
        );
    }
}
