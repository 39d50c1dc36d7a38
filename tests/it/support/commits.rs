//! Commits on `main` of a bare repository, each made by one start of Git: hundreds of tests begin with some, and a clone that adds,
//! commits and pushes starts twenty.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether there is a commit already.
pub fn is_begun(bare: &Path) -> bool {
    let packed = std::fs::read_to_string(bare.join("packed-refs")).unwrap_or_default();
    bare.join("refs/heads/main").exists() || packed.lines().any(|line| line.ends_with(" refs/heads/main"))
}

fn put(stream: &mut Vec<u8>, content: &[u8]) {
    stream.extend(format!("data {}\n", content.len()).bytes());
    stream.extend(content);
    stream.push(b'\n');
}

/// Puts files, by their paths, on what is there.
pub fn add(bare: &Path, who: &str, subject: &str, files: &[(&str, &[u8])]) {
    let mut stream = format!("commit refs/heads/main\ncommitter {who} now\n").into_bytes();
    put(&mut stream, format!("{subject}\n").as_bytes());
    if is_begun(bare) {
        stream.extend(b"from refs/heads/main^0\n");
    }
    for (path, content) in files {
        assert!(!path.starts_with('"') && !path.contains('\n'), "{path:?} would have to be quoted");
        stream.extend(format!("M 100644 inline {path}\n").bytes());
        put(&mut stream, content);
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(bare).args(["fast-import", "--quiet", "--date-format=now"]);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let mut git = git.stdin(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(&stream).unwrap();
    assert!(git.wait().unwrap().success(), "{subject}");
}
