//! Which files of a work folder we brought there, so that those are taken away that are brought no longer.
//!
//! The list lies beside the folder that modules fill, where nothing of theirs comes. Whatever it says, what is removed
//! lies inside of that folder, is no link's target, and is nothing that a tool wrote.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::support::confined::{Kind, PRIVATE, Root};
use crate::support::fs::{FileError, read_whole};
use crate::support::tool_files::is_of_a_tool;

/// Where earlier versions kept the list: in the folder itself, a line each.
const EARLIER: &str = ".slipway-files";

/// What was brought the last time.
pub struct Brought {
    list: PathBuf,
    text: Vec<u8>,
    before: BTreeSet<PathBuf>,
}

impl Brought {
    /// The list of the folder `work`, which lies at `place` below `home`.
    pub fn of(home: &Root, place: &Path, work: &Root) -> Result<Self, FileError> {
        let list = list_of(place);
        let on = |error| FileError::on("read", &home.path().join(&list))(error);
        let mut text = match home.open(&list) {
            Ok(file) => read_whole(file).map_err(on)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(on(error)),
        };
        let mut before = listed(text.split(|byte| *byte == 0));
        if text.is_empty() && work.kind(Path::new(EARLIER))? == Some(Kind::File) {
            let earlier = work.open(Path::new(EARLIER)).and_then(read_whole);
            let earlier = earlier.map_err(FileError::on("read", &work.path().join(EARLIER)))?;
            before = listed(earlier.split(|byte| *byte == b'\n'));
            text = joined(&before);
            home.write(&list, &text, PRIVATE)?;
            work.remove(Path::new(EARLIER))?;
        }
        Ok(Self { list, text, before })
    }

    /// Takes away what was brought and is not wanted any more, with the folders that are empty then.
    pub fn remove_others(&self, work: &Root, wanted: &BTreeSet<PathBuf>) -> Result<(), FileError> {
        for file in self.before.difference(wanted) {
            if matches!(work.kind(file), Ok(Some(Kind::File | Kind::Link))) && work.remove(file)? {
                for above in file.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
                    if work.remove_dir(above).is_err() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes what is brought now.
    pub fn remember(self, home: &Root, now: &BTreeSet<PathBuf>) -> Result<(), FileError> {
        let text = joined(now);
        if text == self.text { Ok(()) } else { home.write(&self.list, &text, PRIVATE) }
    }
}

/// Whether a file of a module is left out: one by the name that earlier versions gave their list is none of theirs.
pub fn is_earlier_list(below: &Path) -> bool {
    below == Path::new(EARLIER)
}

/// The paths among these that can have been brought: relative ones, without any way out.
fn listed<'t>(paths: impl Iterator<Item = &'t [u8]>) -> BTreeSet<PathBuf> {
    let paths = paths.filter(|path| !path.is_empty()).map(|path| PathBuf::from(OsStr::from_bytes(path)));
    paths.filter(|path| is_below(path) && !is_of_a_tool(path)).collect()
}

fn is_below(path: &Path) -> bool {
    let mut parts = path.components();
    // `a/./b` and `a//b` are read as `a/b`, and are not what we wrote.
    parts.all(|part| matches!(part, Component::Normal(_)))
        && path.components().collect::<PathBuf>().as_os_str() == path.as_os_str()
}

/// Paths hold any byte but this one.
fn joined(paths: &BTreeSet<PathBuf>) -> Vec<u8> {
    let texts: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
    texts.join(&0)
}

/// Where the list of a folder is: beside it.
fn list_of(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(".brought");
    place.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::confined::PRIVATE_FOLDER;

    struct World {
        folder: tempfile::TempDir,
        home: Root,
        work: Root,
    }

    const PLACE: &str = "work/unit/module";

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("precious"), "").unwrap();
            let home = Root::own(&folder.path().join("home")).unwrap();
            let work = home.folder(Path::new(PLACE), PRIVATE_FOLDER).unwrap();
            Self { folder, home, work }
        }

        fn brought(&self) -> Brought {
            Brought::of(&self.home, Path::new(PLACE), &self.work).unwrap()
        }

        fn has(&self, file: impl AsRef<Path>) -> bool {
            self.work.path().join(file).symlink_metadata().is_ok()
        }

        fn write(&self, files: &[&Path]) {
            for file in files {
                self.work.write(file, b"", PRIVATE).unwrap();
            }
        }
    }

    fn set(paths: &[&Path]) -> BTreeSet<PathBuf> {
        paths.iter().map(|path| path.to_path_buf()).collect()
    }

    #[test]
    fn what_is_brought_no_longer_goes_whatever_its_name_and_the_rest_stays() {
        let world = World::new();
        let odd =
            [&b"new\nline"[..], b"no\xffutf8", b" ", b"-x"].map(|name| Path::new(OsStr::from_bytes(name)));
        let deep = Path::new("conf/deep/gone.tf");
        let (kept, made) = (Path::new("conf/main.tf"), Path::new("conf/made-by-a-tool"));
        world.write(&[kept, deep, made]);
        world.write(&odd);
        let all: Vec<&Path> = odd.iter().copied().chain([kept, deep]).collect();
        world.brought().remember(&world.home, &set(&all)).unwrap();

        let brought = world.brought();
        brought.remove_others(&world.work, &set(&[kept])).unwrap();
        brought.remember(&world.home, &set(&[kept])).unwrap();
        assert!(odd.iter().chain([&deep]).all(|file| !world.has(file)));
        assert!(!world.has("conf/deep"), "nothing is left in it");
        assert!(world.has(kept) && world.has(made));
        assert_eq!(world.brought().before, set(&[kept]));
    }

    #[test]
    fn a_list_that_somebody_else_wrote_removes_nothing_outside_and_nothing_of_a_tool() {
        let world = World::new();
        let precious = world.folder.path().join("precious");
        let tools = [
            "terraform.tfstate",
            "terraform.tfstate.backup",
            ".terraform.lock.hcl",
            ".terraform/x",
            "a/.terraform/y",
        ];
        world.write(&tools.map(Path::new));
        world.work.symlink(world.folder.path(), Path::new("out")).unwrap();
        std::fs::create_dir(world.work.path().join("folder")).unwrap();
        let lines = [
            precious.to_str().unwrap(),
            "../../../../precious",
            "out/precious",
            "./x",
            "a//b",
            "folder",
            "",
            "/",
        ];
        let lines: Vec<&str> = lines.into_iter().chain(tools).collect();
        for (name, separator) in [(list_of(Path::new(PLACE)), "\0"), (Path::new(PLACE).join(EARLIER), "\n")] {
            world.home.remove(&list_of(Path::new(PLACE))).unwrap();
            world.home.write(&name, lines.join(separator).as_bytes(), PRIVATE).unwrap();
            let brought = world.brought();
            brought.remove_others(&world.work, &BTreeSet::new()).unwrap();
            brought.remember(&world.home, &BTreeSet::new()).unwrap();
            assert!(precious.is_file() && world.has("folder") && world.has("out"));
            assert!(tools.iter().all(|file| world.has(file)));
        }
    }

    #[test]
    fn the_list_of_an_earlier_version_is_taken_over_once() {
        let world = World::new();
        world.write(&[Path::new("old.tf"), Path::new("main.tf")]);
        world.work.write(Path::new(EARLIER), b"main.tf\nold.tf", PRIVATE).unwrap();
        let brought = world.brought();
        assert!(!world.has(EARLIER));
        brought.remove_others(&world.work, &set(&[Path::new("main.tf")])).unwrap();
        assert!(!world.has("old.tf") && world.has("main.tf"));
        // One that comes later is a module's.
        brought.remember(&world.home, &set(&[Path::new("main.tf")])).unwrap();
        world.work.write(Path::new(EARLIER), b"main.tf", PRIVATE).unwrap();
        assert_eq!(world.brought().before, set(&[Path::new("main.tf")]));
        assert!(world.has(EARLIER));
    }

    #[test]
    fn a_link_or_a_pipe_in_the_place_of_the_list_is_refused() {
        let world = World::new();
        let list = list_of(Path::new(PLACE));
        world.home.symlink(&world.folder.path().join("precious"), &list).unwrap();
        assert!(Brought::of(&world.home, Path::new(PLACE), &world.work).is_err());
        world.home.remove(&list).unwrap();
        nix::unistd::mkfifo(&world.home.path().join(&list), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(Brought::of(&world.home, Path::new(PLACE), &world.work).is_err());
    }
}
