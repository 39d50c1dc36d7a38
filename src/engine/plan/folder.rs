//! A folder of saved plans: written once, and read only where it is wholly what was written.
//!
//! `SHA256SUMS` has a line for every other file, as `sha256sum -c` reads it; any byte that changes anywhere in the
//! folder shows. Whoever can write the folder can write that file too: against them there is the signature.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, VERSION};
use super::signature::SignatureError;
use crate::support::confined::{Named, PRIVATE, PRIVATE_FOLDER};
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_regular, read_whole};
use crate::support::unit_name::as_file_name;

/// The manifest's name, by which a folder of saved plans is known.
pub const MANIFEST: &str = "slipway-plans.json";
/// The signature of the manifest.
pub const SIGNATURE: &str = "slipway-plans.json.sig";
/// The digests of all other files.
pub const SUMS: &str = "SHA256SUMS";
/// The folder of the plans.
const PLANS: &str = "plans";

/// Why a folder of saved plans cannot be written or is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is something in the folder already.
    #[error("{0} holds something already")]
    NotEmpty(PathBuf),
    /// A file is not what was saved.
    #[error("{file} is not what {SUMS} says: one of them was changed after the plans were saved")]
    Changed {
        /// The file.
        file: String,
    },
    /// A file is gone.
    #[error("{file} is missing")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file has come.
    #[error("{file} was not there when the plans were saved")]
    Extra {
        /// The file.
        file: String,
    },
    /// The list of digests is not as it was written.
    #[error("{SUMS} was changed after the plans were saved")]
    Sums,
    /// The manifest cannot be read.
    #[error("{MANIFEST} cannot be read: {0}")]
    Manifest(String),
    /// It is of another format.
    #[error("the plans were saved in format {0}, and this program reads format {VERSION}")]
    Version(u32),
    /// The manifest and the folder do not fit.
    #[error("{file} is not the plan that {MANIFEST} has for {unit}")]
    Plan {
        /// The plan's file.
        file: String,
        /// The unit.
        unit: String,
    },
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A folder that was read and is wholly what was written.
pub struct SavedFolder {
    /// Where it is.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's bytes, which the signature is of.
    pub manifest_bytes: Vec<u8>,
    /// Whether there is a signature.
    pub is_signed: bool,
    plans: BTreeMap<PathBuf, Vec<u8>>,
}

/// Whether a folder is one of saved plans.
pub fn is_saved(path: &Path) -> bool {
    path.join(MANIFEST).exists() || path.join(SUMS).exists() && path.join(PLANS).is_dir()
}

/// Refuses a folder in which something is already, before any work is done for it.
pub fn refuse_used(place: &Named) -> Result<(), SavedError> {
    let (above, name) = place.folder()?;
    match above.open_folder(&name)? {
        Some(folder) => match std::fs::read_dir(folder.path()).map(|mut entries| entries.next().is_some()) {
            Ok(false) => Ok(()),
            Ok(true) => Err(SavedError::NotEmpty(place.path())),
            Err(error) => Err(FileError::on("read", folder.path())(error).into()),
        },
        None => Ok(()),
    }
}

/// The place of a unit's plan in the folder.
pub fn plan_path(unit: &str) -> PathBuf {
    PathBuf::from(PLANS).join(format!("{}.tfplan", as_file_name(unit)))
}

/// Writes the folder, whole or not at all; `sign` makes the signature of the manifest that lies there.
pub fn write(
    place: &Named,
    manifest: &Manifest,
    plans: &BTreeMap<PathBuf, Vec<u8>>,
    sign: impl FnOnce(&Path) -> Result<(), SignatureError>,
) -> Result<(), SavedError> {
    refuse_used(place)?;
    let (above, name) = place.folder()?;
    let building = above.staging(".slipway-plans-")?;
    let root = above.folder(building.name(), PRIVATE_FOLDER)?;
    let write = |below: &Path, content: &[u8]| root.write_durably(below, content, PRIVATE);
    root.create_dir_all(Path::new(PLANS), PRIVATE_FOLDER)?;
    for (below, content) in plans {
        write(below, content)?;
    }
    let text =
        serde_json::to_string_pretty(manifest).map_err(|error| SavedError::Manifest(error.to_string()))?;
    write(Path::new(MANIFEST), format!("{text}\n").as_bytes())?;
    sign(&root.path().join(MANIFEST))?;
    if let Ok(content) = root.open(Path::new(SIGNATURE)).and_then(read_whole) {
        // The program that signs has its own idea of who may read it.
        write(Path::new(SIGNATURE), &content)?;
    }
    let sums = sums(&read_all(root.path())?);
    write(Path::new(SUMS), sums.as_bytes())?;
    // One that is empty makes room.
    above.remove_dir(&name)?;
    above.rename(building.name(), &name)?;
    Ok(())
}

impl SavedFolder {
    /// Reads a folder and refuses it where any byte of it is not as it was written.
    pub fn open(path: &Path) -> Result<Self, SavedError> {
        let mut files = read_all(path)?;
        let listed = files.remove(Path::new(SUMS)).ok_or_else(|| missing(Path::new(SUMS)))?;
        compare(&files, &listed)?;
        let manifest_bytes = files.remove(Path::new(MANIFEST)).ok_or_else(|| missing(Path::new(MANIFEST)))?;
        let signature = files.remove(Path::new(SIGNATURE));
        let manifest = read_manifest(&manifest_bytes)?;
        if manifest.signer.is_some() && signature.is_none() {
            return Err(missing(Path::new(SIGNATURE)));
        }
        for unit in &manifest.units {
            let content = files.get(&unit.plan).ok_or_else(|| missing(&unit.plan))?;
            if sha256(content) != unit.sha256 {
                return Err(SavedError::Plan { file: shown(&unit.plan), unit: unit.name.clone() });
            }
        }
        let named: BTreeSet<&PathBuf> = manifest.units.iter().map(|unit| &unit.plan).collect();
        if let Some(extra) = files.keys().find(|file| !named.contains(file)) {
            return Err(SavedError::Extra { file: shown(extra) });
        }
        Ok(Self {
            path: path.to_owned(),
            manifest,
            manifest_bytes,
            is_signed: signature.is_some(),
            plans: files,
        })
    }

    /// The signature's file.
    pub fn signature(&self) -> PathBuf {
        self.path.join(SIGNATURE)
    }

    /// The bytes of a unit's plan, as they were read and found to be the saved ones.
    pub fn plan(&self, file: &Path) -> Option<&[u8]> {
        self.plans.get(file).map(Vec::as_slice)
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, SavedError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    let cause = |error: serde_json::Error| SavedError::Manifest(error.to_string());
    // Another format may lack anything but its version.
    let Versioned { version } = serde_json::from_slice(bytes).map_err(cause)?;
    if version != VERSION {
        return Err(SavedError::Version(version));
    }
    serde_json::from_slice(bytes).map_err(cause)
}

fn compare(files: &BTreeMap<PathBuf, Vec<u8>>, listed: &[u8]) -> Result<(), SavedError> {
    let text = String::from_utf8(listed.to_vec()).map_err(|_| SavedError::Sums)?;
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let (digest, file) = line.split_once("  ").ok_or(SavedError::Sums)?;
        lines.insert(PathBuf::from(file), digest);
    }
    for (file, digest) in &lines {
        let content = files.get(file).ok_or_else(|| missing(file))?;
        if sha256(content) != *digest {
            return Err(SavedError::Changed { file: shown(file) });
        }
    }
    if let Some(extra) = files.keys().find(|file| !lines.contains_key(*file)) {
        return Err(SavedError::Extra { file: shown(extra) });
    }
    // Whatever the lines mean, they have to be written as they were.
    if sums(files).as_bytes() == listed { Ok(()) } else { Err(SavedError::Sums) }
}

fn sums(files: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut text = String::new();
    for (file, content) in files {
        // Writing to a string does not fail.
        let _written = writeln!(text, "{}  {}", sha256(content), shown(file));
    }
    text
}

/// Every file of the folder; a link or a device among them is none that was saved.
fn read_all(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, SavedError> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(FileError::on("read", &folder))? {
            let entry = entry.map_err(FileError::on("read", &folder))?;
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let kind = entry.file_type().map_err(FileError::on("read", &path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.insert(below, read_regular(&path).map_err(FileError::on("read", &path))?);
            } else {
                return Err(SavedError::Extra { file: shown(&below) });
            }
        }
    }
    Ok(files)
}

fn missing(file: &Path) -> SavedError {
    SavedError::Missing { file: shown(file) }
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;

    use super::*;
    use crate::engine::PlanSummary;
    use crate::engine::plan::manifest::PlannedUnit;
    use crate::engine::plan::{Fingerprint, StateMark};
    use crate::support::confined::Root;

    fn saved(at: &Path) {
        let plan = b"a plan".to_vec();
        let unit = PlannedUnit {
            name: "dev/vpc".to_owned(),
            after: Vec::new(),
            plan: plan_path("dev/vpc"),
            sha256: sha256(&plan),
            summary: PlanSummary::default(),
            mocked: Vec::new(),
            fingerprint: Fingerprint {
                tool: "tofu".to_owned(),
                version: "1.12.6".to_owned(),
                inputs: "a".to_owned(),
                source: "b".to_owned(),
                handed: None,
                lock: None,
            },
            state: Some(StateMark { lineage: "l".to_owned(), serial: 3 }),
        };
        let manifest = Manifest {
            version: VERSION,
            slipway: "0.1.0".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            user: None,
            commit: None,
            dirty: false,
            engine: "native".to_owned(),
            signer: None,
            features: Vec::new(),
            experiments: Vec::new(),
            files: BTreeMap::new(),
            states: BTreeSet::new(),
            units: vec![unit],
            later: Vec::new(),
        };
        write(
            &Named::new(at, &[]).unwrap(),
            &manifest,
            &BTreeMap::from([(plan_path("dev/vpc"), plan)]),
            |_| Ok(()),
        )
        .unwrap();
    }

    #[test]
    fn every_byte_of_every_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("saved");
        saved(&at);
        let opened = SavedFolder::open(&at).unwrap();
        assert_eq!(opened.plan(&plan_path("dev/vpc")), Some(b"a plan".as_slice()));
        for (file, content) in read_all(&at).unwrap() {
            for place in 0..content.len() {
                let mut changed = content.clone();
                changed[place] ^= 1;
                std::fs::write(at.join(&file), &changed).unwrap();
                assert!(SavedFolder::open(&at).is_err(), "byte {place} of {}", file.display());
            }
            std::fs::remove_file(at.join(&file)).unwrap();
            assert!(SavedFolder::open(&at).is_err(), "without {}", file.display());
            Root::at(&at).unwrap().write(&file, &content, PRIVATE).unwrap();
        }
        std::fs::write(at.join("plans/more"), "").unwrap();
        assert!(matches!(SavedFolder::open(&at), Err(SavedError::Extra { file }) if file == "plans/more"));
    }

    #[test]
    fn only_its_owner_can_read_it_and_nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("saved");
        saved(&at);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&at), 0o700);
        for file in read_all(&at).unwrap().keys() {
            assert_eq!(mode(&at.join(file)), 0o600, "{}", file.display());
        }
        assert!(matches!(refuse_used(&Named::new(&at, &[]).unwrap()), Err(SavedError::NotEmpty(_))));
    }

    #[test]
    fn a_manifest_of_another_format_is_told_apart() {
        assert!(matches!(read_manifest(br#"{"version": 2, "other": 1}"#), Err(SavedError::Version(2))));
    }
}
