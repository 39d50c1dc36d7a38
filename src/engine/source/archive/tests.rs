use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// A tar of entries: a name, and a content or a link's target.
fn tar_of(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, text) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        // By hand: the crate refuses to write what a hostile archive holds.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_file() {
            header.set_size(text.len() as u64);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        } else {
            header.as_mut_bytes()[157..157 + text.len()].copy_from_slice(text.as_bytes());
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, std::io::empty()).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn unpacked(bytes: &[u8], kind: Kind) -> Result<tempfile::TempDir, SourceError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive");
    std::fs::write(&file, bytes).unwrap();
    unpack(&file, kind, "m.tar", &dir.path().join("tree"), &GivenUp::default()).map(|()| dir)
}

use tar::EntryType::{Link, Regular, Symlink};

#[test]
fn files_scripts_and_links_inside_come_out_as_they_went_in() {
    let bytes = tar_of(&[
        ("./main.tf", Regular, "x"),
        ("a/run.sh", Regular, "y"),
        ("a/up", Symlink, "../main.tf"),
        ("copy.tf", Link, "./main.tf"),
    ]);
    let dir = unpacked(&bytes, Kind::Tar).unwrap();
    let tree = dir.path().join("tree");
    assert_eq!(std::fs::read_to_string(tree.join("a/up")).unwrap(), "x");
    assert_eq!(std::fs::read_to_string(tree.join("copy.tf")).unwrap(), "x");
    assert_eq!(std::fs::metadata(tree.join("a/run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn whatever_leads_out_of_an_archive_is_refused() {
    let outside: &[&[(&str, tar::EntryType, &str)]] = &[
        &[("../evil.tf", Regular, "x")],
        &[("a/../../evil.tf", Regular, "x")],
        &[("/tmp/evil.tf", Regular, "x")],
        &[("link", Symlink, "/etc/passwd")],
        &[("a/link", Symlink, "../../etc")],
        &[("link", Symlink, "sub"), ("link/evil.tf", Regular, "x")],
        &[("d", Symlink, "a/b"), ("e", Symlink, "d/../../..")],
        &[("hard", Link, "../../etc/passwd")],
        &[("hard", Link, "not-there")],
        &[("pipe", tar::EntryType::Fifo, "")],
        &[("a\\..\\..\\evil.tf", Regular, "x")],
        // Through links that come later: by its text alone, each of these stays inside.
        &[("e", Symlink, "d/.."), ("d", Symlink, ".")],
        &[("a/b/e", Symlink, "../../d/../secret"), ("d", Symlink, "./.")],
        &[("a/b/c", Symlink, "x/../../../y"), ("a/b/x", Symlink, "..")],
        &[("one", Symlink, "two"), ("two", Symlink, "three"), ("three", Symlink, "one")],
    ];
    for entries in outside {
        let error = unpacked(&tar_of(entries), Kind::Tar).unwrap_err();
        assert!(matches!(error, SourceError::Archive { .. }), "{entries:?}: {error}");
    }
}

#[test]
fn a_zip_that_leads_out_is_refused_too() {
    for name in ["../evil.tf", "/evil.tf"] {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file("main.tf", options).unwrap();
        writer.write_all(b"fine").unwrap();
        writer.start_file("XX/evil.tf", options).unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        // The crate may refuse to write such a name, so it is put in afterwards, at the same length.
        let evil = format!("{name:X>10}").replace("XX", if name.starts_with('/') { "//" } else { "" });
        let evil = if evil.len() == 10 { evil } else { format!("{name:x<10}") };
        for at in 0..bytes.len() - 10 {
            if &bytes[at..at + 10] == b"XX/evil.tf" {
                bytes[at..at + 10].copy_from_slice(evil.as_bytes());
            }
        }
        let error = unpacked(&bytes, Kind::Zip).unwrap_err();
        assert!(error.to_string().contains("evil"), "{name}: {error}");
    }
}

#[test]
fn a_bomb_stops_before_it_fills_the_disk() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut builder = tar::Builder::new(Vec::new());
    let zeros = vec![0; 80 << 20];
    let mut header = tar::Header::new_ustar();
    header.set_size(zeros.len() as u64);
    header.set_cksum();
    builder.append_data(&mut header, "zeros", zeros.as_slice()).unwrap();
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    let bytes = encoder.finish().unwrap();
    assert!(bytes.len() < 1 << 20);
    let error = unpacked(&bytes, Kind::TarGzip).unwrap_err();
    assert_eq!(error.to_string(), "the archive m.tar is not unpacked: it unpacks to more than 64 MiB");
}

#[test]
fn every_kind_of_tar_is_read() {
    // One and the same tar, packed by the usual programs.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.tf"), "output \"a\" {}\n").unwrap();
    for (kind, flag) in
        [(Kind::TarBzip2, "-j"), (Kind::TarXz, "-J"), (Kind::TarGzip, "-z"), (Kind::Tar, "-v")]
    {
        let file = dir.path().join(format!("m{flag}"));
        let status = std::process::Command::new("tar")
            .current_dir(dir.path())
            .args([flag, "-cf"])
            .arg(&file)
            .arg("main.tf")
            .output();
        assert!(status.unwrap().status.success(), "{kind:?}");
        let tree = dir.path().join(format!("tree{flag}"));
        unpack(&file, kind, "m", &tree, &GivenUp::default()).unwrap();
        assert_eq!(std::fs::read_to_string(tree.join("main.tf")).unwrap(), "output \"a\" {}\n", "{kind:?}");
    }
    let zstd = ruzstd::encoding::compress_to_vec(
        tar_of(&[("main.tf", Regular, "z")]).as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    let dir = unpacked(&zstd, Kind::TarZstd).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("tree/main.tf")).unwrap(), "z");
}

#[test]
fn what_is_broken_or_empty_is_no_module() {
    for (bytes, kind) in
        [(&b"not a zip"[..], Kind::Zip), (b"not a gzip", Kind::TarGzip), (&[0; 1024], Kind::Tar)]
    {
        assert!(matches!(unpacked(bytes, kind), Err(SourceError::Archive { .. })), "{kind:?}");
    }
}

#[test]
fn a_checksum_is_compared_whatever_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    std::fs::write(&file, "").unwrap();
    for promised in [
        "d41d8cd98f00b204e9800998ecf8427e",
        "sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        check(&file, "f", promised, &GivenUp::default()).unwrap();
    }
    let error = check(&file, "f", "md5:00000000000000000000000000000000", &GivenUp::default()).unwrap_err();
    assert!(error.to_string().contains("d41d8cd98f00b204e9800998ecf8427e"), "{error}");
    let list = "# made by hand\nSHA256 (b.zip) = 11\nabc  a.zip\n0f0f *dir.zip\n";
    assert_eq!(listed(list, "b.zip").unwrap(), "sha256:11");
    assert_eq!(listed(list, "dir.zip").unwrap(), "0f0f");
    assert_eq!(listed(list, "c.zip"), None);
}

#[test]
fn the_kind_is_told_by_the_longest_end_unless_the_address_says_it() {
    assert_eq!(Kind::of(None, "/a/m.tar.gz"), Some(Kind::TarGzip));
    assert_eq!(Kind::of(None, "/a/m.ZIP"), Some(Kind::Zip));
    assert_eq!(Kind::of(Some("tgz"), "/download"), Some(Kind::TarGzip));
    assert_eq!(Kind::of(Some("false"), "/a/m.zip"), None);
    assert_eq!(Kind::of(None, "/a/module"), None);
}

#[test]
fn links_through_links_that_stay_inside_are_kept() {
    let bytes = tar_of(&[
        ("lib.so", Symlink, "lib.so.1"),
        ("lib.so.1", Symlink, "deep/lib.so.1.2"),
        ("deep/lib.so.1.2", Regular, "x"),
        ("deep/again", Symlink, "../lib.so"),
    ]);
    let dir = unpacked(&bytes, Kind::Tar).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("tree/deep/again")).unwrap(), "x");
}

#[test]
fn of_two_entries_with_one_name_the_later_one_counts_and_never_through_a_link() {
    let bytes = tar_of(&[("keep.tf", Regular, "old"), ("a", Symlink, "keep.tf"), ("a", Regular, "new")]);
    let tree = unpacked(&bytes, Kind::Tar).unwrap();
    assert_eq!(std::fs::read_to_string(tree.path().join("tree/keep.tf")).unwrap(), "old");
    assert_eq!(std::fs::read_to_string(tree.path().join("tree/a")).unwrap(), "new");
    let bytes = tar_of(&[
        ("a", Symlink, "b"),
        ("b/", tar::EntryType::Directory, ""),
        ("a/", tar::EntryType::Directory, ""),
    ]);
    let error = unpacked(&bytes, Kind::Tar).unwrap_err();
    assert!(error.to_string().contains("goes through a link"), "{error}");
}

/// A tar with one header of that kind which says to have so many bytes; zeros follow, as many as are asked for.
fn tar_with_a_header(kind: tar::EntryType, says: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_path("././@LongLink").unwrap();
    header.set_size(says);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[test]
fn a_header_of_any_length_is_refused_before_it_is_read() {
    for (kind, says, told) in [
        (tar::EntryType::GNULongName, 1 << 30, "it has a name of 1073741824 bytes, and 4097 are the most"),
        (tar::EntryType::GNULongLink, 5000, "it has a name of 5000 bytes, and 4097 are the most"),
        (tar::EntryType::XHeader, 2 << 20, "it has a header of 2097152 bytes, and 1048576 are the most"),
    ] {
        let error = unpacked(&tar_with_a_header(kind, says, b""), Kind::Tar).unwrap_err();
        assert_eq!(error.to_string(), format!("the archive m.tar is not unpacked: {told}"));
    }
    // What is passed over counts as well.
    let mut zeros = tar_with_a_header(tar::EntryType::XGlobalHeader, 1 << 30, b"");
    zeros.resize(70 << 20, 0);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&zeros).unwrap();
    let error = unpacked(&encoder.finish().unwrap(), Kind::TarGzip).unwrap_err();
    assert!(error.to_string().ends_with("it unpacks to more than 64 MiB"), "{error}");
}

#[test]
fn long_names_of_both_kinds_come_out_whole() {
    let long = format!("{}/{}.tf", "folder".repeat(20), "x".repeat(150));
    let pax = {
        let record = format!(" path={long}\n");
        let length = record.len() + 3;
        format!("{length}{record}")
    };
    for (kind, said) in [(tar::EntryType::GNULongName, format!("{long}\0")), (tar::EntryType::XHeader, pax)] {
        let mut bytes = tar_with_a_header(kind, said.len() as u64, said.as_bytes());
        bytes.extend(tar_of(&[("short", Regular, "content")]));
        let dir = unpacked(&bytes, Kind::Tar).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("tree").join(&long)).unwrap(), "content");
    }
}

#[test]
fn folders_count_and_do_not_lie_too_deep_in_each_other() {
    let deep = "a/".repeat(129);
    let pax = |name: &str| {
        let said = format!("{name}\0");
        let mut bytes = tar_with_a_header(tar::EntryType::GNULongName, said.len() as u64, said.as_bytes());
        bytes.extend(tar_of(&[("short", Regular, "content")]));
        bytes
    };
    let error = unpacked(&pax(&format!("{deep}x")), Kind::Tar).unwrap_err();
    assert!(error.to_string().contains("lies more than 128 folders deep"), "{error}");
    unpacked(&pax(&format!("{}x", "a/".repeat(120))), Kind::Tar).unwrap();
    let error = unpacked(&pax(&"x".repeat(4097)), Kind::Tar).unwrap_err();
    assert!(error.to_string().contains("it has a name of 4098 bytes"), "{error}");
}

#[test]
fn a_file_with_holes_and_a_size_said_twice_are_refused() {
    let bytes = tar_of(&[("sparse", tar::EntryType::GNUSparse, "")]);
    assert!(unpacked(&bytes, Kind::Tar).unwrap_err().to_string().contains("with holes"));
    let said = b"11 size=99\n";
    let mut bytes = tar_with_a_header(tar::EntryType::XHeader, said.len() as u64, said);
    bytes.extend(tar_of(&[("a", Regular, "x")]));
    assert!(unpacked(&bytes, Kind::Tar).unwrap_err().to_string().contains("says a size twice"));
}

/// A zip file, and where its directory and its end begin.
fn zip_of(entries: &[(&str, &str, zip::CompressionMethod)]) -> (Vec<u8>, usize, usize) {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text, method) in entries {
        let options = zip::write::SimpleFileOptions::default().compression_method(*method);
        if let Some(to) = text.strip_prefix("-> ") {
            writer.add_symlink(*name, to, options).unwrap();
        } else {
            writer.start_file(*name, options.unix_permissions(0o755)).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
    }
    let bytes = writer.finish().unwrap().into_inner();
    let place = |sign: &[u8]| bytes.windows(4).position(|window| window == sign).unwrap();
    let (directory, end) = (place(b"PK\x01\x02"), place(b"PK\x05\x06"));
    (bytes, directory, end)
}

use zip::CompressionMethod::{Deflated, Stored};

#[test]
fn a_zip_comes_out_as_it_went_in_also_behind_something_else() {
    let (bytes, _, _) = zip_of(&[
        ("main.tf", "x", Stored),
        ("a/grüße.sh", &"y".repeat(100_000), Deflated),
        ("link", "-> a/grüße.sh", Stored),
    ]);
    let behind = [b"#!/bin/sh\nexit 1\n".as_slice(), &bytes].concat();
    for bytes in [bytes, behind] {
        let dir = unpacked(&bytes, Kind::Zip).unwrap();
        let tree = dir.path().join("tree");
        assert_eq!(std::fs::read_to_string(tree.join("main.tf")).unwrap(), "x");
        assert_eq!(std::fs::read_to_string(tree.join("link")).unwrap(), "y".repeat(100_000));
        assert_eq!(std::fs::metadata(tree.join("main.tf")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}

#[test]
fn large_numbers_of_a_zip_stand_where_zip64_puts_them() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().large_file(true);
    writer.start_file("main.tf", options).unwrap();
    writer.write_all(b"x").unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    let end = bytes.windows(4).position(|window| window == b"PK\x05\x06").unwrap();
    // The same numbers once more in the larger record, and none in the smaller one.
    let (count, size, offset) = (1_u64, &bytes[end + 12..end + 16], &bytes[end + 16..end + 20]);
    let wide = |field: &[u8]| u64::from(u32::from_le_bytes(field.try_into().unwrap()));
    let mut large = b"PK\x06\x06".to_vec();
    large.extend(44_u64.to_le_bytes());
    large.extend([0; 12]);
    for number in [count, count, wide(size), wide(offset)] {
        large.extend(number.to_le_bytes());
    }
    large.extend(b"PK\x06\x07\0\0\0\0");
    large.extend((end as u64).to_le_bytes());
    large.extend(1_u32.to_le_bytes());
    let mut tail = bytes.split_off(end);
    tail[8..20].fill(0xff);
    bytes.extend(large);
    bytes.extend(tail);
    let dir = unpacked(&bytes, Kind::Zip).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("tree/main.tf")).unwrap(), "x");
}

#[test]
fn a_zip_that_lies_about_its_numbers_is_refused() {
    let refused = |change: &dyn Fn(&mut Vec<u8>, usize, usize), told: &str| {
        let text = "y".repeat(1000);
        let (mut bytes, directory, end) = zip_of(&[("main.tf", &text, Deflated), ("b.tf", &text, Stored)]);
        change(&mut bytes, directory, end);
        let error = unpacked(&bytes, Kind::Zip).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    };
    refused(&|bytes, _, end| bytes[end + 10..end + 12].fill(0xfe), "its directory");
    refused(&|bytes, _, end| bytes[end + 12..end + 16].fill(0xfe), "begins before the file");
    refused(&|bytes, _, end| bytes[end + 16..end + 20].fill(0xfe), "is not where it says");
    refused(
        &|bytes, at, _| bytes[at + 42..at + 46].copy_from_slice(&7_u32.to_le_bytes()),
        "is not where the directory says",
    );
    refused(&|bytes, at, _| bytes[at + 42..at + 46].fill(0xfe), "it names a place behind its end");
    refused(&|bytes, at, _| bytes[at + 20..at + 24].fill(0xfe), "lie over each other");
    refused(&|bytes, at, _| bytes[at + 16] ^= 1, "its checksum is another one");
    refused(&|bytes, at, _| bytes[at + 8] |= 1, "is encrypted");
    refused(&|bytes, at, _| bytes[at + 10] = 99, "by method 99");
    refused(&|bytes, _, end| bytes.truncate(end), "its end is missing");
}

#[test]
fn entries_of_a_zip_that_share_their_bytes_do_not_multiply_them() {
    // Each of a hundred entries names the bytes of the first one.
    let zeros = "0".repeat(1 << 20);
    let (bytes, directory, end) = zip_of(&[("f00", &zeros, Deflated)]);
    let record = &bytes[directory..end];
    let mut all = bytes[..directory].to_vec();
    for number in 0..100 {
        let mut record = record.to_vec();
        record[46..49].copy_from_slice(format!("f{number:02}").as_bytes());
        all.extend(record);
    }
    let size = u32::try_from(all.len() - directory).unwrap();
    let mut tail = bytes[end..].to_vec();
    tail[8..10].copy_from_slice(&100_u16.to_le_bytes());
    tail[10..12].copy_from_slice(&100_u16.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    all.extend(tail);
    let error = unpacked(&all, Kind::Zip).unwrap_err().to_string();
    assert!(error.contains("lie over each other") || error.contains("more than 64 MiB"), "{error}");
}

#[test]
fn what_is_given_up_ends_before_its_next_piece() {
    let waiting = crate::support::interrupt::Waiting::default();
    let given_up = waiting.given_up();
    drop(waiting);
    let dir = tempfile::tempdir().unwrap();
    let (bytes, _, _) = zip_of(&[("main.tf", "x", Stored)]);
    for (kind, bytes) in [(Kind::Zip, bytes), (Kind::Tar, tar_of(&[("main.tf", Regular, "x")]))] {
        let file = dir.path().join("archive");
        std::fs::write(&file, bytes).unwrap();
        let error = unpack(&file, kind, "m", &dir.path().join("tree"), &given_up).unwrap_err();
        assert!(error.to_string().contains("it was given up"), "{kind:?}: {error}");
        assert!(sha256_of(&file, &given_up).is_err());
    }
}
