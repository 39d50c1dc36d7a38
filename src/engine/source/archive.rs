//! Archives: what kind one is, whether it is the one that was promised, and its files.
//!
//! An archive is written by whoever made it: nothing in it may lead out of the folder it is unpacked in, and it may
//! not fill the disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use super::SourceError;
use crate::support::digest::hex;
use crate::support::fs::FileError;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    TarGzip,
    TarBzip2,
    TarXz,
    TarZstd,
}

/// The ends of names, and the values of `archive=`.
const KINDS: &[(&str, Kind)] = &[
    ("zip", Kind::Zip),
    ("tar.gz", Kind::TarGzip),
    ("tgz", Kind::TarGzip),
    ("tar.bz2", Kind::TarBzip2),
    ("tbz2", Kind::TarBzip2),
    ("tar.xz", Kind::TarXz),
    ("txz", Kind::TarXz),
    ("tar.zst", Kind::TarZstd),
    ("tzst", Kind::TarZstd),
    ("tar", Kind::Tar),
];

/// No module has more files than this.
const MOST_FILES: usize = 100_000;
/// Unpacked, and however small the archive is, this much is never too much.
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// Source code shrinks to a tenth, rarely to a twentieth.
const MOST_EXPANSION: u64 = 100;
const MOST_BYTES: u64 = 4 << 30;

impl Kind {
    /// By `archive=`, else by the end of the path; `archive=false` is none.
    pub fn of(archive: Option<&str>, path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let named = |(end, _): &&(&str, Self)| {
            archive.map_or_else(|| path.ends_with(&format!(".{end}")), |kind| kind == *end)
        };
        KINDS.iter().find(named).map(|(_, kind)| *kind)
    }
}

/// Compares a file with `checksum=`: `sha256:…`, or the digits alone, whose number tells the kind.
pub(super) fn check(file: &Path, name: &str, promised: &str) -> Result<(), SourceError> {
    let (kind, expected) = promised.split_once(':').map_or(("", promised), |(kind, digits)| (kind, digits));
    let expected = expected.trim().to_ascii_lowercase();
    let guess = match expected.len() {
        32 => "md5",
        40 => "sha1",
        128 => "sha512",
        _ => "sha256",
    };
    let kind = if kind.is_empty() { guess.to_owned() } else { kind.to_ascii_lowercase() };
    let (kind, actual) = match kind.as_str() {
        "md5" => ("md5", digest::<Md5>(file)?),
        "sha1" => ("sha1", digest::<Sha1>(file)?),
        "sha256" => ("sha256", digest::<Sha256>(file)?),
        "sha512" => ("sha512", digest::<Sha512>(file)?),
        other => {
            return Err(SourceError::Invalid {
                source_text: name.to_owned(),
                cause: format!("{other} is no kind of checksum"),
            });
        }
    };
    if actual == expected {
        Ok(())
    } else {
        Err(SourceError::Checksum { name: name.to_owned(), kind, expected, actual })
    }
}

/// The checksum of a file in the list that `checksum=file:URL` names, in the style of GNU or of BSD.
pub(super) fn listed(list: &str, name: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [kind, file, "=", digits] if file.trim_matches(['(', ')']) == name => {
                Some(format!("{}:{digits}", kind.to_ascii_lowercase()))
            }
            [digits, file] if file.trim_start_matches(['*', '?']).trim_start_matches("./") == name => {
                Some((*digits).to_owned())
            }
            [digits] if digits.len() >= 32 => Some((*digits).to_owned()),
            _ => None,
        }
    })
}

/// The SHA-256 of a file.
pub(super) fn sha256_of(file: &Path) -> Result<String, SourceError> {
    digest::<Sha256>(file)
}

fn digest<D: Digest>(path: &Path) -> Result<String, SourceError> {
    let mut file = File::open(path).map_err(FileError::on("open", path))?;
    let mut digest = D::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(FileError::on("read", path))? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// Unpacks a file into an empty folder.
pub(super) fn unpack(file: &Path, kind: Kind, name: &str, to: &Path) -> Result<(), SourceError> {
    std::fs::create_dir_all(to).map_err(FileError::on("create", to))?;
    let mut input = File::open(file).map_err(FileError::on("open", file))?;
    let packed = input.seek(SeekFrom::End(0)).map_err(FileError::on("read", file))?;
    input.rewind().map_err(FileError::on("read", file))?;
    let most = packed.saturating_mul(MOST_EXPANSION).clamp(ALWAYS_ALLOWED, MOST_BYTES);
    let mut target = Target { name, folder: to, left: most, most, files: 0, links: BTreeSet::new() };
    let input = BufReader::with_capacity(128 * 1024, input);
    match kind {
        Kind::Zip => target.zip(input),
        Kind::Tar => target.tar(input),
        Kind::TarGzip => target.tar(flate2::read::MultiGzDecoder::new(input)),
        Kind::TarBzip2 => target.tar(bzip2::read::MultiBzDecoder::new(input)),
        Kind::TarXz => target.tar(lzma_rust2::XzReader::new(input, true)),
        Kind::TarZstd => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(input);
            target.tar(decoder.map_err(|error| broken(name, &error.to_string()))?)
        }
    }?;
    if target.files == 0 { Err(broken(name, "there is nothing in it")) } else { Ok(()) }
}

fn broken(name: &str, cause: &str) -> SourceError {
    SourceError::Archive { name: name.to_owned(), cause: cause.to_owned() }
}

/// The folder that is filled, and how much more may go in.
struct Target<'a> {
    name: &'a str,
    folder: &'a Path,
    left: u64,
    most: u64,
    files: usize,
    links: BTreeSet<PathBuf>,
}

impl Target<'_> {
    fn refuse(&self, entry: &str, cause: &str) -> SourceError {
        broken(self.name, &format!("its entry {entry:?} {cause}"))
    }

    fn zip(&mut self, input: impl Read + Seek) -> Result<(), SourceError> {
        let name = self.name;
        let mut archive = zip::ZipArchive::new(input).map_err(|error| broken(name, &error.to_string()))?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| broken(name, &error.to_string()))?;
            let path = self.place(entry.name())?;
            let mode = entry.unix_mode().unwrap_or(0o644);
            if entry.is_dir() {
                self.directory(&path)?;
            } else if entry.is_symlink() {
                let shown = entry.name().to_owned();
                let mut target = String::new();
                let read = entry.by_ref().take(4096).read_to_string(&mut target);
                read.map_err(|_| self.refuse(&shown, "is a link to something unreadable"))?;
                self.link(&shown, &path, Path::new(&target))?;
            } else {
                let shown = entry.name().to_owned();
                self.file(&shown, &path, mode, &mut entry)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, input: impl Read) -> Result<(), SourceError> {
        use tar::EntryType;
        let name = self.name;
        let wrong = |error: &std::io::Error| broken(name, &error.to_string());
        let mut archive = tar::Archive::new(input);
        for entry in archive.entries().map_err(|error| wrong(&error))? {
            let mut entry = entry.map_err(|error| wrong(&error))?;
            let kind = entry.header().entry_type();
            if matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader) {
                continue;
            }
            let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = self.place(&shown)?;
            let mode = entry.header().mode().unwrap_or(0o644);
            let target = entry.link_name().map_err(|error| wrong(&error))?.map(std::borrow::Cow::into_owned);
            match (kind, target) {
                (EntryType::Directory, _) => self.directory(&path)?,
                (EntryType::Symlink, Some(target)) => self.link(&shown, &path, &target)?,
                (EntryType::Link, Some(target)) => {
                    // A copy of a file that came before: the cache has links enough.
                    let original = self.place(&target.to_string_lossy())?;
                    let is_file = original.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
                    if !is_file {
                        return Err(self.refuse(&shown, "is a link to a file that is not in the archive"));
                    }
                    let mut file = File::open(&original).map_err(FileError::on("open", &original))?;
                    self.file(&shown, &path, mode, &mut file)?;
                }
                (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => {
                    self.file(&shown, &path, mode, &mut entry)?;
                }
                _ => return Err(self.refuse(&shown, "is neither a file nor a folder nor a link")),
            }
        }
        Ok(())
    }

    /// Where an entry goes: inside, and not through a link that came before it.
    fn place(&self, entry: &str) -> Result<PathBuf, SourceError> {
        // Backslashes are separators to some programs that make zip files, and never part of a module's name.
        let below = Path::new(entry);
        let mut path = self.folder.to_owned();
        for component in below.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(part) => path.push(part),
                Component::ParentDir => return Err(self.refuse(entry, "leads out of it")),
                Component::RootDir | Component::Prefix(_) => {
                    return Err(self.refuse(entry, "is an absolute path"));
                }
            }
            if self.links.contains(&path) {
                return Err(self.refuse(entry, "goes through a link"));
            }
        }
        if entry.contains('\0') || entry.split(['/', '\\']).any(|part| part == "..") {
            return Err(self.refuse(entry, "leads out of it"));
        }
        Ok(path)
    }

    fn directory(&mut self, path: &Path) -> Result<(), SourceError> {
        self.count()?;
        Ok(std::fs::create_dir_all(path).map_err(FileError::on("create", path))?)
    }

    fn link(&mut self, entry: &str, path: &Path, target: &Path) -> Result<(), SourceError> {
        self.count()?;
        let below = path.strip_prefix(self.folder).unwrap_or(path);
        // By the text alone: how deep the link stands, and whether its target ever climbs above that.
        let mut depth = below.components().count().saturating_sub(1);
        for component in target.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(_) => depth += 1,
                Component::ParentDir if depth > 0 => depth -= 1,
                _ => return Err(self.refuse(entry, "is a link that leads out of it")),
            }
        }
        self.parent(path)?;
        // A link whose target goes through another link could climb higher than its text tells.
        if self.links.iter().any(|link| self.passes(path, target, link)) {
            return Err(self.refuse(entry, "is a link that goes through another link"));
        }
        symlink(target, path).map_err(FileError::on("link", path))?;
        self.links.insert(path.to_owned());
        Ok(())
    }

    fn passes(&self, path: &Path, target: &Path, link: &Path) -> bool {
        let mut at = path.parent().unwrap_or(self.folder).to_owned();
        target.components().any(|component| {
            match component {
                Component::ParentDir => {
                    at.pop();
                }
                Component::Normal(part) => at.push(part),
                _ => {}
            }
            at == link
        })
    }

    fn file(
        &mut self,
        entry: &str,
        path: &Path,
        mode: u32,
        input: &mut impl Read,
    ) -> Result<(), SourceError> {
        self.count()?;
        self.parent(path)?;
        // The same name twice: the later one counts, and never through a link.
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            std::fs::remove_file(path).map_err(FileError::on("remove", path))?;
        }
        let mut file = File::create(path).map_err(FileError::on("create", path))?;
        let written = std::io::copy(&mut input.take(self.left + 1), &mut file);
        let written = written.map_err(|error| self.refuse(entry, &format!("is broken: {error}")))?;
        if written > self.left {
            return Err(broken(self.name, &format!("it unpacks to more than {} MiB", self.most >> 20)));
        }
        self.left -= written;
        let executable = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
        let set = std::fs::set_permissions(path, std::fs::Permissions::from_mode(executable));
        Ok(set.map_err(FileError::on("protect", path))?)
    }

    fn parent(&self, path: &Path) -> Result<(), SourceError> {
        let folder = path.parent().unwrap_or(self.folder);
        Ok(std::fs::create_dir_all(folder).map_err(FileError::on("create", folder))?)
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(broken(self.name, &format!("it holds more than {MOST_FILES} files")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
