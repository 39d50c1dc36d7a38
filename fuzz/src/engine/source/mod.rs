//! Archives.

#![expect(dead_code, reason = "checksums and names are read by who fetches an archive")]

mod archive;
mod error;

use std::path::Path;

use crate::support::interrupt::GivenUp;
use archive::Kind;
use error::SourceError;

/// Unpacks a file whose first byte tells which kind of archive it is taken for; the folder has to be there.
pub fn unpack(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let kinds = [Kind::Zip, Kind::Tar, Kind::TarGzip, Kind::TarBzip2, Kind::TarXz, Kind::TarZstd];
    let Some((first, rest)) = bytes.split_first() else { return Ok(()) };
    let file = folder.join("archive");
    std::fs::write(&file, rest).expect("the folder is there");
    let kind = kinds[usize::from(*first) % kinds.len()];
    archive::unpack(&file, kind, "m", &folder.join("tree"), &GivenUp::default()).map_err(|error| error.to_string())
}
