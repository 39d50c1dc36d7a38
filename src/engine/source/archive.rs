//! Archives: what kind one is, whether it is the one that was promised, and its files.
//!
//! An archive is written by whoever made it: nothing in it may lead out of the folder it is unpacked in, and it may
//! not fill the disk. Nor the memory: of an archive, only what is read at this moment is held, and the links in it.

mod bounded;
mod broken;
mod tarball;
mod target;
mod zipped;

use std::io::{BufReader, Read};
use std::path::Path;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use self::bounded::{Bounded, Watched};
pub(super) use self::broken::MOST_FILES;
use self::broken::broken;
use self::target::Target;
use super::SourceError;
use crate::support::confined::{FOLDER, Root};
use crate::support::digest::hex;
use crate::support::fs::{FileError, open_regular};
use crate::support::interrupt::GivenUp;
use crate::support::paths::folder as folder_of;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.zip`.
    Zip,
    /// `.tar`.
    Tar,
    /// `.tar.gz`, `.tgz`.
    TarGzip,
    /// `.tar.bz2`, `.tbz2`.
    TarBzip2,
    /// `.tar.xz`, `.txz`.
    TarXz,
    /// `.tar.zst`, `.tzst`.
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

/// Unpacked, and however small the archive is, this much is never too much.
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// Source code shrinks to a tenth, rarely to a twentieth.
const MOST_EXPANSION: u64 = 100;
/// Archives larger than this are no modules.
pub(super) const MOST_FILE: u64 = 1 << 30;
pub(super) const MOST_BYTES: u64 = 4 << 30;
/// What the usual programs take to unpack, set to their best: `xz -9`, in KiB, and `zstd -19`, doubled.
const MOST_XZ_MEMORY: u32 = 80 << 10;
const MOST_ZSTD_WINDOW: u64 = 64 << 20;

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
pub(super) fn check(file: &Path, name: &str, promised: &str, given_up: &GivenUp) -> Result<(), SourceError> {
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
        "md5" => ("md5", digest::<Md5>(file, given_up)?),
        "sha1" => ("sha1", digest::<Sha1>(file, given_up)?),
        "sha256" => ("sha256", digest::<Sha256>(file, given_up)?),
        "sha512" => ("sha512", digest::<Sha512>(file, given_up)?),
        other => {
            return Err(SourceError::Invalid {
                source_text: name.into(),
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
pub(super) fn sha256_of(file: &Path, given_up: &GivenUp) -> Result<String, SourceError> {
    digest::<Sha256>(file, given_up)
}

fn digest<D: Digest>(path: &Path, given_up: &GivenUp) -> Result<String, SourceError> {
    let mut file = Watched::new(open_regular(path).map_err(FileError::on("open", path))?, given_up);
    let mut digest = D::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(FileError::on("read", path))? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Unpacks a file into an empty folder; ends with an error once it is given up.
pub fn unpack(file: &Path, kind: Kind, name: &str, to: &Path, given_up: &GivenUp) -> Result<(), SourceError> {
    let folder = Root::at(folder_of(to))?.folder(to, FOLDER)?;
    let opened = open_regular(file).map_err(FileError::on("open", file))?;
    let packed = opened.metadata().map_err(FileError::on("read", file))?.len();
    let most = packed.saturating_mul(MOST_EXPANSION).clamp(ALWAYS_ALLOWED, MOST_BYTES);
    let mut target = Target::new(name, &folder, most, given_up);
    if kind == Kind::Zip {
        zipped::unpack(&opened, packed, &mut target, given_up)?;
        return target.finish();
    }
    // Both ends are watched: a packed file may hold much that gives nothing.
    let input = BufReader::with_capacity(128 * 1024, Watched::new(opened, given_up));
    let unpacked: Box<dyn Read> = match kind {
        Kind::Zip | Kind::Tar => Box::new(input),
        Kind::TarGzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
        Kind::TarBzip2 => Box::new(bzip2::read::MultiBzDecoder::new(input)),
        Kind::TarXz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, MOST_XZ_MEMORY)),
        Kind::TarZstd => {
            let decoder =
                ruzstd::decoding::StreamingDecoder::new_with_max_window_size(input, MOST_ZSTD_WINDOW);
            Box::new(decoder.map_err(|error| broken(name, &error.to_string()))?)
        }
    };
    tarball::unpack(Bounded::new(unpacked, most, given_up), &mut target)?;
    target.finish()
}

#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod tests;
