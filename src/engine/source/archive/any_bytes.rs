//! Archives of chance: what comes out lies in the folder, and so does what its links lead to.

use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// Parts of names as archives have them, and as they have not.
const PARTS: &[&str] =
    &["a", "b", "..", ".", "", "/", "\0", "a/b", "../outside", "x\u{1b}", "\u{e9}", "link", "main.tf"];

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PARTS), 1..4).prop_map(|parts| parts.join("/"))
}

/// A tar or a zip of a few entries, each a name, a kind and a content or a target.
fn archive() -> impl Strategy<Value = (Kind, Vec<u8>)> {
    let entry = (name(), 0_u8..7, name());
    (proptest::collection::vec(entry, 0..6), any::<bool>()).prop_map(|(entries, zip)| {
        if zip { (Kind::Zip, zip_of(&entries)) } else { (Kind::Tar, tar_of(&entries)) }
    })
}

fn tar_of(entries: &[(String, u8, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, text) in entries {
        let mut header = tar::Header::new_ustar();
        let name = name.as_bytes().get(..100).unwrap_or(name.as_bytes());
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_mode(0o755);
        let kinds = [b'0', b'1', b'2', b'5', b'x', b'L', b'6'];
        header.set_entry_type(tar::EntryType::new(kinds[usize::from(*kind)]));
        let is_link = matches!(kind, 1 | 2);
        if is_link {
            let target = text.as_bytes().get(..100).unwrap_or(text.as_bytes());
            header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target);
        }
        let content = if is_link { b"" } else { text.as_bytes() };
        header.set_size(content.len() as u64);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn zip_of(entries: &[(String, u8, String)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, kind, text) in entries {
        let mode = if *kind == 2 { 0o120_777 } else { 0o644 };
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .unix_permissions(mode);
        // A name that was there before is refused by whoever writes it.
        if writer.start_file(name.as_str(), options).is_ok() {
            writer.write_all(text.as_bytes()).unwrap();
        }
    }
    let mut bytes = writer.finish().unwrap().into_inner();
    // The crate writes regular files only: the kind stands in the upper half of the attributes.
    for (at, (_, kind, _)) in central_entries(&bytes).into_iter().zip(entries) {
        if *kind == 2 {
            bytes[at + 40..at + 42].copy_from_slice(&0o120_777_u16.to_le_bytes());
        }
    }
    bytes
}

fn central_entries(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(4).enumerate().filter(|(_, four)| four == b"PK\x01\x02").map(|(at, _)| at).collect()
}

fn unpack_and_look(bytes: &[u8], kind: Kind) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let (file, tree, outside) = (root.join("archive"), root.join("tree"), root.join("outside"));
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("main.tf"), "mine").unwrap();
    std::fs::write(&file, bytes).unwrap();
    let unpacked = unpack(&file, kind, "m", &tree, &GivenUp::default());
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names, [file, outside.clone(), tree.clone()]);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(outside.join("main.tf")).unwrap(), "mine");
    if unpacked.is_ok() {
        stays_inside(&tree, &tree);
    }
}

/// Fails where a link leads out of the tree.
fn stays_inside(folder: &Path, tree: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(real) = path.canonicalize() {
            assert!(real.starts_with(tree), "{} leads to {}", path.display(), real.display());
        }
        if path.symlink_metadata().unwrap().is_dir() {
            stays_inside(&path, tree);
        }
    }
}

/// Packed as each kind is packed that can be written here.
fn packed(bytes: &[u8], kind: Kind) -> Vec<u8> {
    use std::io::Write as _;
    match kind {
        Kind::TarGzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Kind::TarBzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn entries_of_any_name_and_kind_come_out_inside_or_not_at_all((kind, bytes) in archive()) {
        unpack_and_look(&bytes, kind);
    }

    #[test]
    fn an_archive_with_any_bytes_changed_harms_nobody(
        (kind, bytes) in archive(),
        packing in 0_u8..3,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let kind = match (kind, packing) {
            (Kind::Tar, 1) => Kind::TarGzip,
            (Kind::Tar, 2) => Kind::TarBzip2,
            (kind, _) => kind,
        };
        let mut bytes = packed(&bytes, kind);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        unpack_and_look(&bytes, kind);
    }

    #[test]
    fn bytes_that_are_no_archive_are_refused_as_that(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0_u8..6) {
        let kinds = [Kind::Zip, Kind::Tar, Kind::TarGzip, Kind::TarBzip2, Kind::TarXz, Kind::TarZstd];
        unpack_and_look(&bytes, kinds[usize::from(kind)]);
        // What begins as the kind does is read further.
        let begins: [&[u8]; 6] =
            [b"PK\x03\x04", b"", b"\x1f\x8b\x08\0", b"BZh91AY&SY", b"\xfd7zXZ\0\0\x04", b"\x28\xb5\x2f\xfd"];
        unpack_and_look(&[begins[usize::from(kind)], &bytes].concat(), kinds[usize::from(kind)]);
    }

    #[test]
    fn any_name_tells_a_kind_or_none(name in any::<Vec<u8>>()) {
        let name = std::ffi::OsString::from_vec(name).to_string_lossy().into_owned();
        let _kind = Kind::of(None, &name);
        let _checksum = listed(&name, "m.zip");
    }
}
