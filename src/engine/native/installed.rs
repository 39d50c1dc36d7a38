//! The providers that `init` has installed for a unit, held to its lock file.
//!
//! Before a tool starts a provider it takes the digest of its package and compares it with the lock file. What we start in
//! its place is held to the same, once a run for all units.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::tool::LOCK_FILE;
use crate::hcl::ast::{Body, ExprKind};
use crate::hcl::parse;
use crate::hcl::source::SourceFile;
use crate::support::digest::hex;
use crate::support::fs::{open_regular, pieces, read_text};
use crate::support::tool_files::DATA_FOLDER;

/// A provider that a unit uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its source with the host.
    pub source: String,
    /// Its program.
    pub program: PathBuf,
    /// The digest of its package, by which no two are the same.
    pub digest: String,
}

/// Digests of packages, as they were taken in this run.
#[derive(Debug, Default)]
pub struct Digests(Mutex<HashMap<Vec<Stamp>, Arc<str>>>);

/// What a file is known by, as long as nobody changes it.
type Stamp = (PathBuf, u64, u64, u64, i64, i64);

/// What a lock file says of a provider.
#[derive(Debug, PartialEq, Eq)]
struct Locked {
    source: String,
    version: String,
    hashes: Vec<String>,
}

/// All providers that the lock file of a unit names; `None` where not every one of them is there as it says. What is wrong
/// with that is the tool's to tell.
pub fn providers(dir: &Path, digests: &Digests) -> Option<Vec<Installed>> {
    let text = read_text(&dir.join(LOCK_FILE)).ok()?;
    locked(&text)?.into_iter().map(|locked| installed(dir, &locked, digests)).collect()
}

fn installed(dir: &Path, locked: &Locked, digests: &Digests) -> Option<Installed> {
    let versions = dir.join(DATA_FOLDER).join("providers").join(&locked.source);
    // Another platform's would be beside it.
    let mut platforms = std::fs::read_dir(versions.join(&locked.version)).ok()?;
    let package = platforms.next()?.ok()?.path();
    if platforms.next().is_some() {
        return None;
    }
    let package = package.canonicalize().ok()?;
    let name = format!("terraform-provider-{}", locked.source.rsplit('/').next()?);
    let files = files(&package)?;
    let is_program = |file: &&PathBuf| {
        let rest = file.to_str().and_then(|file| file.strip_prefix(&name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let mut programs = files.iter().filter(is_program);
    let (program, None) = (package.join(programs.next()?), programs.next()) else { return None };
    let digest = digests.of(&package, &files)?;
    let is_as_locked = locked.hashes.iter().any(|hash| *hash == *digest);
    is_as_locked.then(|| Installed { source: locked.source.clone(), program, digest: digest.to_string() })
}

/// The files of a package, in the order in which they are counted.
fn files(package: &Path) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(package.join(&folder)).ok()? {
            let entry = entry.ok()?;
            let place = folder.join(entry.file_name());
            if entry.path().is_dir() { waiting.push(place) } else { found.push(place) }
        }
    }
    found.sort();
    Some(found)
}

impl Digests {
    fn of(&self, package: &Path, files: &[PathBuf]) -> Option<Arc<str>> {
        let stamp = |file: &PathBuf| {
            let found = std::fs::metadata(package.join(file)).ok()?;
            Some((
                file.clone(),
                found.dev(),
                found.ino(),
                found.len(),
                found.mtime_nsec() + found.mtime() * 1_000_000_000,
                found.ctime_nsec() + found.ctime() * 1_000_000_000,
            ))
        };
        let stamps: Vec<Stamp> = files.iter().map(stamp).collect::<Option<_>>()?;
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It is looked for and taken under one lock: whoever comes meanwhile would take the same.
        let mut known = known();
        if let Some(digest) = known.get(&stamps) {
            return Some(Arc::clone(digest));
        }
        let digest: Arc<str> = digest(package, files)?.into();
        known.insert(stamps, Arc::clone(&digest));
        Some(digest)
    }
}

/// The digest of a package as lock files have it: of a list of the digests and names of its files.
fn digest(package: &Path, files: &[PathBuf]) -> Option<String> {
    let mut whole = Context::new(&SHA256);
    for file in files {
        let mut one = Context::new(&SHA256);
        let mut opened = open_regular(&package.join(file)).ok()?;
        pieces(&mut opened, |piece| {
            one.update(piece);
            Ok(())
        })
        .ok()?;
        whole.update(format!("{}  {}\n", hex(one.finish().as_ref()), file.to_str()?).as_bytes());
    }
    Some(format!("h1:{}", STANDARD.encode(whole.finish())))
}

fn locked(text: &str) -> Option<Vec<Locked>> {
    let file = SourceFile::new("", text);
    let (body, errors) = parse(&file);
    if !errors.is_empty() {
        return None;
    }
    body.blocks
        .iter()
        .filter(|block| &*block.kind.name == "provider")
        .map(|block| {
            let source = block.labels.first()?.name.to_string();
            // It becomes a path.
            let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
            let is_source = source.split('/').count() == 3 && source.split('/').all(is_plain);
            let version = text_of(&block.body, "version")
                .filter(|version| is_plain(version) && !version.contains('/'))?;
            let hashes = texts_of(&block.body, "hashes");
            is_source.then_some(Locked { source, version, hashes })
        })
        .collect()
}

fn text_of(body: &Body, name: &str) -> Option<String> {
    let attribute = body.attributes.iter().find(|attribute| &*attribute.name.name == name)?;
    match &attribute.expr.kind {
        ExprKind::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn texts_of(body: &Body, name: &str) -> Vec<String> {
    let attribute = body.attributes.iter().find(|attribute| &*attribute.name.name == name);
    let elements = match attribute.map(|attribute| &attribute.expr.kind) {
        Some(ExprKind::Tuple(elements)) => elements.as_slice(),
        _ => &[],
    };
    let texts = elements.iter().filter_map(|element| match &element.kind {
        ExprKind::String(text) => Some(text.to_string()),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "registry.terraform.io/hashicorp/time";

    fn unit(hash: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join(".terraform/providers").join(SOURCE).join("0.14.2/linux_amd64");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("terraform-provider-time_v0.14.2"), "a program\n").unwrap();
        std::fs::write(package.join("LICENSE.txt"), "text").unwrap();
        let lock = format!(
            "provider \"{SOURCE}\" {{\n  version     = \"0.14.2\"\n  constraints = \"~> 0.14\"\n  hashes = [\n    \"{hash}\",\n    \"zh:00\",\n  ]\n}}\n"
        );
        std::fs::write(dir.path().join(LOCK_FILE), lock).unwrap();
        dir
    }

    /// As `dirhash.Hash1` of Go has it of these two files.
    const HASH: &str = "h1:2gOl18OiMvC8Tm4LVF15TlUMIAX6wPGhWuilG4hRf9g=";

    #[test]
    fn a_provider_is_found_where_its_package_is_what_the_lock_file_says() {
        let dir = unit(HASH);
        let digests = Digests::default();
        let found = providers(dir.path(), &digests).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].source, &*found[0].digest), (SOURCE, HASH));
        assert!(found[0].program.ends_with("terraform-provider-time_v0.14.2"));

        std::fs::write(&found[0].program, "another one\n").unwrap();
        assert_eq!(providers(dir.path(), &digests), None, "it was changed since");
        std::fs::remove_file(&found[0].program).unwrap();
        assert_eq!(providers(dir.path(), &digests), None);
    }

    #[test]
    fn what_is_locked_by_digests_of_archives_only_is_the_tools_to_judge() {
        assert_eq!(providers(unit("zh:11").path(), &Digests::default()), None);
    }

    #[test]
    fn no_name_in_a_lock_file_leads_out_of_the_folder() {
        for source in ["../../x", "a/b", "a/b/c/d", "a/../c"] {
            assert_eq!(
                locked(&format!("provider \"{source}\" {{\n  version = \"1.0.0\"\n}}\n")),
                None,
                "{source}"
            );
        }
        assert_eq!(locked("provider \"a/b/c\" {\n  version = \"../1\"\n}\n"), None);
    }
}
