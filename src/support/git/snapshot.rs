//! The files of a commit in a folder of their own, without a work tree that Git would have to look after. Blocking.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use super::changes::{fields, path_of};
use super::{Git, GitError};
use crate::support::confined::{PRIVATE, PROGRAM, Root};
use crate::support::fs::FileError;

/// Larger files are there, but empty: no configuration is as large, and modules may bring whole archives.
const LARGEST: u64 = 4 << 20;

/// The files of a commit, in a folder that is gone when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    folder: TempDir,
}

/// One entry of a tree.
struct Entry {
    mode: Mode,
    object: Vec<u8>,
    size: u64,
    path: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    File,
    Program,
    Link,
}

impl Snapshot {
    /// Writes the files of `commit` of the repository whose work tree is `repository`.
    pub fn of(repository: &Path, commit: &str) -> Result<Self, GitError> {
        let git = Git::new(repository);
        let tree = git.bytes(&["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", commit])?;
        let entries: Vec<Entry> = fields(&tree).filter_map(entry).collect();
        let folder = tempfile::Builder::new()
            .prefix("slipway-commit-")
            .tempdir()
            .map_err(|error| not_written(&error))?;
        // The folder is a root to whoever looks for one, and Git in it still answers.
        let git_dir = git.ask(&["rev-parse", "--absolute-git-dir"])?;
        let laid_out = || {
            let root = Root::at(folder.path())?;
            root.write(Path::new(".git"), format!("gitdir: {git_dir}").as_bytes(), PRIVATE)?;
            Ok(root)
        };
        let root = laid_out().map_err(|error: FileError| not_written(&std::io::Error::other(error)))?;
        write_all(&git, &root, &entries)?;
        Ok(Self { folder })
    }

    /// The folder, which stands for the root of the repository.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// `mode type object size<tab>path`; nothing for a submodule, and for a path that would leave the folder.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let path = path_of(&line[tab + 1..]);
    let inside = |part: Component<'_>| matches!(part, Component::Normal(name) if name != OsStr::new(".git"));
    if !path.components().all(inside) {
        return None;
    }
    let mut words = line[..tab].split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let mode = match words.next()? {
        b"120000" => Mode::Link,
        b"100755" => Mode::Program,
        mode if mode.starts_with(b"100") => Mode::File,
        _ => return None,
    };
    let object = words.nth(1)?.to_vec();
    let size = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    Some(Entry { mode, object, size, path })
}

fn write_all(git: &Git, folder: &Root, entries: &[Entry]) -> Result<(), GitError> {
    let (wanted, large): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.size <= LARGEST);
    for entry in large {
        place(folder, entry, &[]).map_err(|error| not_written(&error))?;
    }
    let mut command = git.command(&["cat-file", "--batch"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(GitError::Start)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let written = std::thread::scope(|scope| {
        // From a thread of its own: both pipes are full at some time.
        scope.spawn(|| {
            let mut stdin = stdin.map(std::io::BufWriter::new);
            for entry in &wanted {
                // Where the command has ended, the reader below says why.
                let _gone = stdin
                    .as_mut()
                    .map(|stdin| stdin.write_all(&entry.object).and_then(|()| stdin.write_all(b"\n")));
            }
        });
        let mut stdout = BufReader::new(stdout.ok_or(std::io::ErrorKind::BrokenPipe)?);
        wanted.iter().try_for_each(|entry| place(folder, entry, &object(&mut stdout)?))
    });
    let ended = child.wait();
    written.map_err(|error| not_written(&error))?;
    ended.map(drop).map_err(GitError::Start)
}

fn not_written(error: &std::io::Error) -> GitError {
    let message = format!("the files of the commit cannot be laid out: {error}");
    GitError::Failed { command: "cat-file".to_owned(), message }
}

/// The next answer of `git cat-file --batch`: `object type size`, the bytes, a line end.
fn object(stdout: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut header = String::new();
    stdout.read_line(&mut header)?;
    let size = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
    let Some(size) = size else {
        let message = format!("an object is missing: {}", header.trim_end());
        return Err(std::io::Error::other(message));
    };
    let mut bytes = vec![0; size + 1];
    stdout.read_exact(&mut bytes)?;
    bytes.truncate(size);
    Ok(bytes)
}

/// Puts an entry where nothing is yet. A tree may name one entry twice, the first time as a link: nothing goes through it,
/// and what is there is not replaced.
fn place(folder: &Root, entry: &Entry, bytes: &[u8]) -> std::io::Result<()> {
    let done = if entry.mode == Mode::Link {
        folder.symlink(Path::new(OsStr::from_bytes(bytes)), &entry.path)
    } else {
        folder.create_new(&entry.path).and_then(|mut file| {
            file.write_all(bytes).map_err(FileError::on("write", &entry.path))?;
            if entry.mode == Mode::Program { folder.set_mode(&entry.path, PROGRAM) } else { Ok(()) }
        })
    };
    done.map_err(std::io::Error::other)
}
