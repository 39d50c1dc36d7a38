use std::io::Write;

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
    unpack(&file, kind, "m.tar", &dir.path().join("tree")).map(|()| dir)
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
        unpack(&file, kind, "m", &tree).unwrap();
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
        check(&file, "f", promised).unwrap();
    }
    let error = check(&file, "f", "md5:00000000000000000000000000000000").unwrap_err();
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
