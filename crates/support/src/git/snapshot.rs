//! The files of a commit in a folder of their own, without a work tree that Git would have to look after. Blocking.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use super::changes::{fields, path_of};
use super::{Git, GitError};
use crate::children::start_evaluation;
use crate::confined::{PRIVATE, PROGRAM, Root};
use crate::fs::FileError;
use crate::scratch::Scratch;

/// Larger files are there, but empty: no configuration is as large, and modules may bring whole archives.
const LARGEST: u64 = 4 << 20;

/// What stands before an object's bytes: its digest, a word and a number.
const LONGEST_HEADER: u64 = 8192;

/// The files of a commit, in a folder that is gone when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    folder: Scratch,
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
        let listing = Listing::read(&tree);
        let folder = Scratch::new("commit").map_err(|error| not_written(&error))?;
        // The folder is a root to whoever looks for one, and Git in it still answers.
        let git_dir = git.ask(&["rev-parse", "--absolute-git-dir"])?;
        let laid_out = || {
            let root = Root::at(folder.path())?;
            root.write(Path::new(".git"), format!("gitdir: {git_dir}").as_bytes(), PRIVATE)?;
            Ok(root)
        };
        let root = laid_out().map_err(|error: FileError| not_written(&std::io::Error::other(error)))?;
        write_all(&git, &root, &listing)?;
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
    let (words, path) = line.split_at_checked(tab)?;
    let path = path_of(path.strip_prefix(b"\t")?);
    let inside = |part: Component<'_>| matches!(part, Component::Normal(name) if name != OsStr::new(".git"));
    if !path.components().all(inside) {
        return None;
    }
    let mut words = words.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
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

/// The entries of a commit.
struct Listing {
    /// Those whose content is wanted.
    wanted: Vec<Entry>,
    /// Those that are too large for it.
    large: Vec<Entry>,
}

impl Listing {
    /// Reads what `git ls-tree -r -z -l` says.
    fn read(text: &[u8]) -> Self {
        let (wanted, large) = fields(text).filter_map(entry).partition(|entry| entry.size <= LARGEST);
        Self { wanted, large }
    }

    /// Puts all entries below a folder; `objects` is what `git cat-file --batch` says of the wanted ones.
    fn place(&self, objects: &mut impl BufRead, folder: &Root) -> std::io::Result<()> {
        self.large.iter().try_for_each(|entry| place(folder, entry, &[]))?;
        self.wanted.iter().try_for_each(|entry| place(folder, entry, &object(objects)?))
    }
}

/// Puts below a folder what Git lists of a commit (`ls-tree -r -z -l`) and tells of its objects (`cat-file --batch`).
pub fn lay_out(listing: &[u8], objects: &mut impl BufRead, folder: &Root) -> std::io::Result<()> {
    Listing::read(listing).place(objects, folder)
}

fn write_all(git: &Git, folder: &Root, listing: &Listing) -> Result<(), GitError> {
    let mut command = git.command(&["cat-file", "--batch"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let (mut child, _at_work) = start_evaluation(&mut command).map_err(GitError::Start)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let written = std::thread::scope(|scope| {
        // From a thread of its own: both pipes are full at some time.
        scope.spawn(|| {
            let mut stdin = stdin.map(std::io::BufWriter::new);
            for entry in &listing.wanted {
                // Where the command has ended, the reader below says why.
                let _gone = stdin
                    .as_mut()
                    .map(|stdin| stdin.write_all(&entry.object).and_then(|()| stdin.write_all(b"\n")));
            }
        });
        let mut stdout = BufReader::new(stdout.ok_or(std::io::ErrorKind::BrokenPipe)?);
        listing.place(&mut stdout, folder)
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
    stdout.take(LONGEST_HEADER).read_line(&mut header)?;
    let size = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
    let Some(size) = size.filter(|size| *size <= LARGEST) else {
        let message = format!("an object is missing: {}", header.trim_end());
        return Err(std::io::Error::other(message));
    };
    let mut bytes = Vec::new();
    stdout.take(size).read_to_end(&mut bytes)?;
    let mut end = [0];
    stdout.read_exact(&mut end)?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names as trees have them, and as only a tree has them that nobody made with Git.
    const NAMES: &[&[u8]] = &[
        b"a",
        b"a/b",
        b"a/b/c",
        b"link",
        b"link/x",
        b"..",
        b"../outside/mine",
        b"/etc/x",
        b".git",
        b"a/.git/config",
        b".",
        b"",
        b"a//b",
        b"a/./b",
        b"n\xff",
        b"new\nline",
        b"tab\tname",
        b"outside/mine",
    ];
    const TARGETS: &[&[u8]] = &[b"../outside", b"..", b"/", b"a", b"../outside/mine", b"", b"link", b"n\0ul"];

    const MODES: &[&str] = &["100644", "100755", "120000", "040000", "160000", "777777", "", "100"];
    const SIZES: &[&str] = &["0", "1", "5", "-", "99999999", "18446744073709551615"];

    fn listing_and_objects() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        let entry = (
            proptest::sample::select(MODES),
            proptest::sample::select(NAMES),
            proptest::sample::select(TARGETS),
            proptest::sample::select(SIZES),
            any::<bool>(),
        );
        proptest::collection::vec(entry, 0..8).prop_map(|entries| {
            let (mut listing, mut objects) = (Vec::new(), Vec::new());
            for (mode, name, content, size, honest) in entries {
                let length = content.len().to_string();
                let size = if honest { length.as_str() } else { size };
                listing
                    .extend([mode.as_bytes(), b" blob 0123 ", size.as_bytes(), b"\t", name, b"\0"].concat());
                objects.extend([b"0123 blob ".as_slice(), size.as_bytes(), b"\n", content, b"\n"].concat());
            }
            (listing, objects)
        })
    }

    fn lay_out_and_look(listing: &[u8], mut objects: &[u8]) {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["tree", "outside"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let mine = dir.path().join("outside/mine");
        std::fs::write(&mine, "mine").unwrap();
        let root = Root::at(&dir.path().join("tree")).unwrap();
        let _told = lay_out(listing, &mut objects, &root);
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
        assert_eq!(std::fs::read_dir(dir.path().join("outside")).unwrap().count(), 1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        assert!(!dir.path().join("tree/.git").exists(), "Git's own folder is ours to write");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_tree_is_laid_out_beyond_its_folder((listing, objects) in listing_and_objects()) {
            lay_out_and_look(&listing, &objects);
        }

        #[test]
        fn no_bytes_in_place_of_what_git_says_do_harm(
            (mut listing, mut objects) in listing_and_objects(),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), any::<bool>()), 0..8),
        ) {
            for (at, byte, in_listing) in changes {
                let bytes = if in_listing { &mut listing } else { &mut objects };
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            lay_out_and_look(&listing, &objects);
        }
    }
}
