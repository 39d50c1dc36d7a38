//! Tar files, header by header.
//!
//! What a header says of the entry behind it, a long name for instance, may be of any length, and the usual way of
//! reading puts it into memory whole. So every header is looked at here, with the most that each may have.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{EntryType, Header, PaxExtensions};

use super::super::SourceError;
use super::broken::{MOST_FILES, broken};
use super::target::{MOST_NAME, Target};

/// The most bytes of what a PAX header says: names, and the attributes that some systems keep beside a file.
const MOST_HEADER: u64 = 1 << 20;
/// Headers without a file behind them: three for each file are usual.
const MOST_HEADERS: usize = 4 * MOST_FILES;

/// What the headers before an entry have said of it.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

/// Unpacks a tar; the reader ends by itself where there is too much of it.
pub(super) fn unpack(input: impl Read, target: &mut Target<'_>) -> Result<(), SourceError> {
    let mut archive = tar::Archive::new(input);
    let entries = archive.entries().map_err(|error| target.unreadable(&error))?.raw(true);
    let mut said = Said::default();
    let mut headers = 0_usize;
    for entry in entries {
        let mut entry = entry.map_err(|error| target.unreadable(&error))?;
        let kind = entry.header().entry_type();
        let size = entry.header().entry_size().map_err(|error| target.unreadable(&error))?;
        if let EntryType::GNULongName
        | EntryType::GNULongLink
        | EntryType::XHeader
        | EntryType::XGlobalHeader = kind
        {
            headers += 1;
            if headers > MOST_HEADERS {
                return Err(broken(target.name(), &format!("it has more than {MOST_HEADERS} headers")));
            }
            said.hear(kind, size, &mut entry, target)?;
            continue;
        }
        let header = entry.header().clone();
        let Said { name, link } = std::mem::take(&mut said);
        let name = name.map_or_else(|| header.path_bytes(), Cow::Owned);
        let link = link.map(Cow::Owned).or_else(|| header.link_name_bytes());
        let name = Path::new(OsStr::from_bytes(&name));
        let link = link.as_deref().map(|link| Path::new(OsStr::from_bytes(link)));
        one(&header, name, link, &mut entry, target)?;
    }
    Ok(())
}

fn one(
    header: &Header,
    name: &Path,
    link: Option<&Path>,
    content: &mut impl Read,
    target: &mut Target<'_>,
) -> Result<(), SourceError> {
    let mode = header.mode().unwrap_or(0o644);
    match (header.entry_type(), link) {
        // Programs of old mark a folder by nothing but its name.
        (EntryType::Regular, _) if name.as_os_str().as_bytes().ends_with(b"/") => target.directory(name),
        (EntryType::Directory, _) => target.directory(name),
        (EntryType::Symlink, Some(to)) => target.link(name, to),
        (EntryType::Link, Some(original)) => target.copy(name, original, mode),
        (EntryType::Regular | EntryType::Continuous, _) => target.file(name, mode, content),
        (EntryType::GNUSparse, _) => {
            Err(target.refuse(name, "is a file with holes; pack it without --sparse"))
        }
        _ => Err(target.refuse(name, "is neither a file nor a folder nor a link")),
    }
}

impl Said {
    /// Takes in what a header says.
    fn hear(
        &mut self,
        kind: EntryType,
        size: u64,
        content: &mut impl Read,
        target: &Target<'_>,
    ) -> Result<(), SourceError> {
        let most = match kind {
            // It says nothing of a single entry, so it is not kept.
            EntryType::XGlobalHeader => return Ok(()),
            EntryType::XHeader => MOST_HEADER,
            // With the zero at its end.
            _ => MOST_NAME as u64 + 1,
        };
        if size > most {
            let what = if kind == EntryType::XHeader { "a header" } else { "a name" };
            return Err(broken(
                target.name(),
                &format!("it has {what} of {size} bytes, and {most} are the most"),
            ));
        }
        let mut text = Vec::new();
        content.read_to_end(&mut text).map_err(|error| target.unreadable(&error))?;
        match kind {
            EntryType::GNULongName => self.name = Some(until_zero(text)),
            EntryType::GNULongLink => self.link = Some(until_zero(text)),
            _ => self.hear_pax(&text, target)?,
        }
        Ok(())
    }

    fn hear_pax(&mut self, text: &[u8], target: &Target<'_>) -> Result<(), SourceError> {
        for extension in PaxExtensions::new(text) {
            let extension = extension.map_err(|error| target.unreadable(&error))?;
            let value = extension.value_bytes();
            match extension.key_bytes() {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                // Programs differ in which of two sizes counts, and so would see different archives.
                b"size" => {
                    return Err(broken(target.name(), "it says a size twice, as only files of 8 GiB need"));
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(broken(target.name(), "it has files with holes; pack it without --sparse"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn until_zero(mut text: Vec<u8>) -> Vec<u8> {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    text.truncate(end);
    text
}
