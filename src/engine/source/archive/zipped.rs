//! Zip files, entry by entry: the directory at the end is walked along, and never held.
//!
//! The numbers in it are written by whoever made the file. What reads a zip file whole asks for as much memory as they
//! say; here they are only ever compared with what is there. The names are bytes, as Terraform takes them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::CrcReader;
use flate2::read::DeflateDecoder;

use super::super::SourceError;
use super::broken::{MOST_FILES, broken};
use super::target::{MOST_NAME, Target};
use crate::support::interrupt::GivenUp;

/// The end of a file: a record of 22 bytes, and a comment of at most 65,535.
const END: usize = 22;
const MOST_END: u64 = 22 + 65_535;
const END_SIGN: &[u8] = b"PK\x05\x06";
const LARGE_END_SIGN: &[u8] = b"PK\x06\x06";
const LARGE_LOCATOR_SIGN: &[u8] = b"PK\x06\x07";
const ENTRY_SIGN: &[u8] = b"PK\x01\x02";
const LOCAL_SIGN: &[u8] = b"PK\x03\x04";
/// Where a number is too large for its field, and stands elsewhere.
const ELSEWHERE: u64 = 0xffff_ffff;

type Result<T> = std::result::Result<T, SourceError>;

/// Unpacks a zip file of so many bytes.
pub(super) fn unpack(file: &File, length: u64, target: &mut Target<'_>, given_up: &GivenUp) -> Result<()> {
    let zip = Zip { file, given_up };
    let directory = zip.directory(length).map_err(|error| unusable(target, &error))?;
    if directory.count > MOST_FILES as u64 {
        return Err(broken(target.name(), &format!("it holds more than {MOST_FILES} files")));
    }
    let mut records = BufReader::new(zip.part(directory.start, directory.end));
    let mut packed = 0_u64;
    for _ in 0..directory.count {
        let entry = Entry::read(&mut records).map_err(|error| unusable(target, &error))?;
        let name = Path::new(OsStr::from_bytes(&entry.name));
        packed = packed.saturating_add(entry.packed);
        if packed > length {
            return Err(broken(target.name(), "its entries lie over each other"));
        }
        if entry.is_encrypted() {
            return Err(target.refuse(name, "is encrypted"));
        }
        let mode = entry.mode();
        if entry.name.ends_with(b"/") || mode & 0o170_000 == 0o040_000 {
            target.directory(name)?;
            continue;
        }
        let start = zip.content(directory.base, &entry).map_err(|error| unusable(target, &error))?;
        let end = start.saturating_add(entry.packed);
        let raw = BufReader::new(zip.part(start, end.min(length)));
        let content: Box<dyn Read + '_> = match entry.method {
            0 => Box::new(raw),
            8 => Box::new(DeflateDecoder::new(raw)),
            other => {
                return Err(target.refuse(name, &format!("is packed by method {other}, which is not known")));
            }
        };
        let mut content = CrcReader::new(content);
        if mode & 0o170_000 == 0o120_000 {
            let mut to = Vec::new();
            let read = content.by_ref().take(MOST_NAME as u64 + 1).read_to_end(&mut to);
            read.map_err(|_| target.refuse(name, "is a link to something unreadable"))?;
            target.link(name, Path::new(OsStr::from_bytes(&to)))?;
        } else {
            target.file(name, mode, &mut content)?;
        }
        if content.crc().sum() != entry.checksum {
            return Err(target.refuse(name, "is broken: its checksum is another one"));
        }
    }
    Ok(())
}

fn unusable(target: &Target<'_>, error: &std::io::Error) -> SourceError {
    target.unreadable(error)
}

fn wrong(cause: &str) -> std::io::Error {
    std::io::Error::other(cause.to_owned())
}

/// Says it in our words where the file ends too early.
fn cut_off(error: std::io::Error, cause: &str) -> std::io::Error {
    if error.kind() == std::io::ErrorKind::UnexpectedEof { wrong(cause) } else { error }
}

struct Zip<'a> {
    file: &'a File,
    given_up: &'a GivenUp,
}

/// Where the directory lies.
struct Directory {
    count: u64,
    start: u64,
    end: u64,
    /// What stands before the zip file itself, such as a program that unpacks it.
    base: u64,
}

impl Zip<'_> {
    fn part(&self, at: u64, end: u64) -> Part<'_> {
        Part { file: self.file, at, end, given_up: self.given_up }
    }

    /// Finds the directory by what stands at the end of the file.
    fn directory(&self, length: u64) -> std::io::Result<Directory> {
        let none = || wrong("it is no zip file, or its end is missing");
        let tail_start = length.saturating_sub(MOST_END);
        let mut tail = Vec::new();
        self.part(tail_start, length).read_to_end(&mut tail)?;
        let is_end = |window: &[u8]| window.starts_with(END_SIGN);
        let mut windows = tail.windows(END).enumerate().rev();
        let (at, record) = windows.find(|(_, window)| is_end(window)).ok_or_else(none)?;
        let end = tail_start + at as u64;
        let fields = Fields(record);
        let mut found = (fields.short(10), fields.long(12), fields.long(16), end);
        if (found.0 == 0xffff || found.1 == ELSEWHERE || found.2 == ELSEWHERE)
            && let Some(large) = self.large_directory(end)?
        {
            found = large;
        }
        let (count, size, offset, end) = found;
        let start = end.checked_sub(size).ok_or_else(|| wrong("its directory begins before the file"))?;
        let base = start.checked_sub(offset).ok_or_else(|| wrong("its directory is not where it says"))?;
        Ok(Directory { count, start, end, base })
    }

    /// The place of the directory of a zip whose numbers are large: count, size, offset and end.
    fn large_directory(&self, end: u64) -> std::io::Result<Option<(u64, u64, u64, u64)>> {
        let Some(at) = end.checked_sub(20) else { return Ok(None) };
        let locator = self.record::<20>(at)?;
        if !locator.starts_with(LARGE_LOCATOR_SIGN) {
            return Ok(None);
        }
        let place = Fields(&locator).double(8);
        let record = self.record::<56>(place)?;
        let fields = Fields(&record);
        if !record.starts_with(LARGE_END_SIGN) || place > at {
            return Err(wrong("its end is broken"));
        }
        Ok(Some((fields.double(32), fields.double(40), fields.double(48), place)))
    }

    fn record<const N: usize>(&self, at: u64) -> std::io::Result<[u8; N]> {
        let mut record = [0; N];
        let mut part = self.part(at, at.saturating_add(N as u64));
        part.read_exact(&mut record).map_err(|error| cut_off(error, "it names a place behind its end"))?;
        Ok(record)
    }

    /// Where the bytes of an entry begin: behind a second header, whose names may have another length.
    fn content(&self, base: u64, entry: &Entry) -> std::io::Result<u64> {
        let at = base.checked_add(entry.offset).ok_or_else(|| wrong("an entry lies behind the file"))?;
        let record = self.record::<30>(at)?;
        if !record.starts_with(LOCAL_SIGN) {
            return Err(wrong("an entry is not where the directory says"));
        }
        let fields = Fields(&record);
        at.checked_add(30 + fields.short(26) + fields.short(28))
            .ok_or_else(|| wrong("an entry lies behind the file"))
    }
}

/// What the directory says of one entry.
struct Entry {
    made_by: u64,
    flags: u64,
    method: u64,
    checksum: u32,
    packed: u64,
    attributes: u64,
    offset: u64,
    name: Vec<u8>,
}

impl Entry {
    fn read(records: &mut impl Read) -> std::io::Result<Self> {
        const CUT_OFF: &str = "its directory is cut off";
        let mut record = [0; 46];
        records.read_exact(&mut record).map_err(|error| cut_off(error, CUT_OFF))?;
        if !record.starts_with(ENTRY_SIGN) {
            return Err(wrong("its directory is broken"));
        }
        let fields = Fields(&record);
        let mut take = |length: u64| {
            let mut bytes = Vec::new();
            records.take(length).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == length { Ok(bytes) } else { Err(wrong(CUT_OFF)) }
        };
        // None of the three is longer than 65,535 bytes.
        let (name, extra) = (take(fields.short(28))?, take(fields.short(30))?);
        take(fields.short(32))?;
        let mut entry = Self {
            made_by: fields.short(4) >> 8,
            flags: fields.short(8),
            method: fields.short(10),
            checksum: u32::try_from(fields.long(16)).unwrap_or_default(),
            packed: fields.long(20),
            attributes: fields.long(38),
            offset: fields.long(42),
            name,
        };
        let mut large = large_numbers(&extra).chunks_exact(8).map(|number| Fields(number).double(0));
        let unpacked = fields.long(24);
        if unpacked == ELSEWHERE {
            // It is not believed anyway.
            large.next();
        }
        for number in [&mut entry.packed, &mut entry.offset] {
            if *number == ELSEWHERE {
                *number = large.next().unwrap_or(ELSEWHERE);
            }
        }
        Ok(entry)
    }

    fn is_encrypted(&self) -> bool {
        self.flags & 1 == 1
    }

    /// What kind of file it is, and who may do what with it; nothing of the kind where it was not made by Unix.
    fn mode(&self) -> u32 {
        let unix = matches!(self.made_by, 3 | 19);
        let mode = if unix { self.attributes >> 16 } else { 0o644 };
        let folder = !unix && self.attributes & 0x10 != 0;
        if folder { 0o040_755 } else { u32::try_from(mode).unwrap_or_default() }
    }
}

/// The field with the numbers that are too large for the record.
fn large_numbers(mut extra: &[u8]) -> &[u8] {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let fields = Fields(head);
        let length = usize::try_from(fields.short(2)).unwrap_or_default();
        let Some((body, behind)) = rest.split_at_checked(length) else { break };
        if fields.short(0) == 1 {
            return body;
        }
        extra = behind;
    }
    &[]
}

/// Numbers in a record, the least byte first; what lies behind its end is zero.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&self, at: usize, bytes: usize) -> u64 {
        let field = self.0.iter().skip(at).take(bytes);
        field.rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn short(&self, at: usize) -> u64 {
        self.number(at, 2)
    }

    fn long(&self, at: usize) -> u64 {
        self.number(at, 4)
    }

    fn double(&self, at: usize) -> u64 {
        self.number(at, 8)
    }
}

/// A part of the file.
struct Part<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    given_up: &'a GivenUp,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.given_up.is() {
            return Err(std::io::Error::other(super::bounded::Ended::GivenUp));
        }
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
