use std::ffi::OsStr;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{EVERYBODY, FOLDER, Kind, PRIVATE, PRIVATE_FOLDER, Root};
use crate::fs::{FileError, Obstacle};

/// A root, and beside it a folder that nothing may come into.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("root")).unwrap();
        std::fs::create_dir(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/kept"), "kept").unwrap();
        Self { folder }
    }

    fn root(&self) -> Root {
        Root::at(&self.path("root")).unwrap()
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Fails unless the folder beside the root is as it was.
    fn is_untouched(&self) {
        let names = std::fs::read_dir(self.path("outside")).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["kept"]);
        assert_eq!(std::fs::read_to_string(self.path("outside/kept")).unwrap(), "kept");
    }

    /// Tries everything that changes something at a place, and fails unless each is refused.
    fn refuses_all(&self, root: &Root, below: &str) -> FileError {
        let place = Path::new(below);
        let from = self.path("root/own");
        std::fs::write(&from, "own").unwrap();
        let refused = [
            root.write(place, b"x", PRIVATE).unwrap_err(),
            root.write_if_changed(place, b"x", PRIVATE).unwrap_err(),
            root.copy_if_changed(&from, place, PRIVATE).unwrap_err(),
            root.append(place).unwrap_err(),
            root.update(place).unwrap_err(),
            root.create_new(place).unwrap_err(),
            root.symlink(Path::new("x"), place).unwrap_err(),
            FileError::on("link", place)(root.hard_link(&from, place).unwrap_err()),
            root.rename(Path::new("own"), place).unwrap_err(),
            root.set_mode(place, 0o777).unwrap_err(),
            root.create_dir_all(place, FOLDER).unwrap_err(),
        ];
        for error in [root.remove(place), root.remove_dir(place), root.remove_all(place)] {
            assert!(!error.unwrap_or_default(), "{below} was removed");
        }
        self.is_untouched();
        let [first, ..] = refused;
        first
    }
}

#[test]
fn files_are_written_with_the_folders_on_the_way_and_only_where_something_changes() {
    let world = World::new();
    let root = world.root();
    root.write(Path::new("deep/er/file"), b"one", EVERYBODY).unwrap();
    assert!(!root.write_if_changed(Path::new("deep/er/file"), b"one", EVERYBODY).unwrap());
    assert!(root.write_if_changed(&world.path("root/deep/er/file"), b"two", PRIVATE).unwrap());
    let file = world.path("root/deep/er/file");
    assert_eq!(std::fs::read(&file).unwrap(), b"two");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(root.copy_if_changed(&file, Path::new("./copy"), 0o755).unwrap());
    assert!(!root.copy_if_changed(&file, Path::new("copy"), 0o755).unwrap());
    assert_eq!(world.path("root/copy").metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let names = std::fs::read_dir(world.path("root/deep/er")).unwrap().count();
    assert_eq!(names, 1, "nothing is left of what was written beside it");
}

#[test]
fn a_link_on_the_way_is_refused_by_its_name_and_where_it_leads() {
    let world = World::new();
    symlink("../outside", world.path("root/conf")).unwrap();
    std::fs::create_dir(world.path("root/a")).unwrap();
    symlink(world.path("outside"), world.path("root/a/b")).unwrap();
    symlink("/nowhere/at/all", world.path("root/dangling")).unwrap();
    symlink("loop", world.path("root/loop")).unwrap();
    symlink(".", world.path("root/self")).unwrap();
    let root = world.root();
    for (place, link) in [
        ("conf/kept", "conf"),
        ("conf/new/deep", "conf"),
        ("a/b/kept", "a/b"),
        ("dangling/file", "dangling"),
        ("loop/file", "loop"),
        ("self/file", "self"),
    ] {
        let error = world.refuses_all(&root, place);
        let link = world.path("root").join(link);
        assert!(
            matches!(error.obstacle(), Some(Obstacle::Link { link: found, .. }) if *found == link),
            "{place}: {error}"
        );
        assert!(error.to_string().contains("is a symbolic link to"), "{error}");
        assert!(error.advice().unwrap().contains("put a folder in the link's place"));
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let world = World::new();
    let root = world.root();
    for place in ["../outside/kept", "a/../../outside/kept", "..", "/etc/passwd", "a/..", ".", ""] {
        let error = root.write(Path::new(place), b"x", PRIVATE).unwrap_err();
        assert!(matches!(error.obstacle(), Some(Obstacle::Outside(_))), "{place}: {error}");
    }
    world.refuses_all(&root, "../outside/kept");
    world.refuses_all(&root, world.path("outside/kept").to_str().unwrap());
    // The same beginning makes no folder of it.
    std::fs::create_dir(world.path("root-of-others")).unwrap();
    assert!(root.write(&world.path("root-of-others/x"), b"x", PRIVATE).is_err());
}

#[test]
fn a_link_in_the_place_itself_is_replaced_or_refused_and_never_followed() {
    let world = World::new();
    let root = world.root();
    let link = |name: &str| symlink(world.path("outside/kept"), world.path("root").join(name)).unwrap();
    ["written", "appended", "updated", "removed", "all", "moved", "mode"].into_iter().for_each(link);
    root.write(Path::new("written"), b"new", PRIVATE).unwrap();
    assert!(!world.path("root/written").is_symlink());
    for error in
        [root.append(Path::new("appended")).unwrap_err(), root.update(Path::new("updated")).unwrap_err()]
    {
        assert!(matches!(error.obstacle(), Some(Obstacle::Link { .. })), "{error}");
    }
    assert!(root.open(Path::new("appended")).is_err());
    assert!(root.set_mode(Path::new("mode"), 0o777).is_err());
    assert!(root.remove(Path::new("removed")).unwrap());
    assert!(root.remove_all(Path::new("all")).unwrap());
    root.rename(Path::new("written"), Path::new("moved")).unwrap();
    assert_eq!(std::fs::read(world.path("root/moved")).unwrap(), b"new");
    assert_eq!(root.kind(Path::new("appended")).unwrap(), Some(Kind::Link));
    world.is_untouched();
}

#[test]
fn a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere() {
    let world = World::new();
    let root = world.root();
    let conf = root.folder(Path::new("conf"), FOLDER).unwrap();
    root.write(Path::new("conf/file"), b"one", PRIVATE).unwrap();
    std::fs::rename(world.path("root/conf"), world.path("root/was")).unwrap();
    symlink(world.path("outside"), world.path("root/conf")).unwrap();
    world.refuses_all(&root, "conf/kept");
    // Whoever holds the folder writes into that folder, wherever it is now.
    conf.write(Path::new("file"), b"two", PRIVATE).unwrap();
    assert_eq!(std::fs::read(world.path("root/was/file")).unwrap(), b"two");
    world.is_untouched();
}

#[test]
fn folders_and_links_swapped_all_the_time_let_nothing_out() {
    let world = World::new();
    std::fs::create_dir(world.path("root/conf")).unwrap();
    symlink(world.path("outside"), world.path("root/link")).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let conf = world.path("root/conf");
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for name in ["was", "link"] {
                    let _raced = std::fs::rename(&conf, world.path("root/aside"));
                    let _raced = std::fs::rename(world.path("root").join(name), &conf);
                    let _raced = std::fs::rename(world.path("root/aside"), world.path("root/was"));
                    let _raced = std::fs::rename(&conf, world.path("root").join(name));
                    let _raced = std::fs::rename(world.path("root/was"), &conf);
                }
            }
        });
        let root = world.root().through_inner_links();
        for _ in 0..300 {
            let _raced = root.write(Path::new("conf/kept"), b"gone", PRIVATE);
            let _raced = root.write(Path::new("conf/new"), b"new", PRIVATE);
            let _raced = root.remove_all(Path::new("conf/kept"));
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    world.is_untouched();
}

#[test]
fn links_to_other_parts_are_gone_through_only_where_that_is_asked_for() {
    let world = World::new();
    std::fs::create_dir_all(world.path("root/defaults/deep")).unwrap();
    symlink("defaults", world.path("root/conf")).unwrap();
    symlink("conf", world.path("root/twice")).unwrap();
    symlink("../outside", world.path("root/out")).unwrap();
    symlink("../root/defaults", world.path("root/around")).unwrap();
    assert!(world.root().write(Path::new("conf/file"), b"x", PRIVATE).is_err());
    let root = world.root().through_inner_links();
    for (name, place) in
        [("conf/file", "a"), ("twice/deep/file", "b"), ("conf/new/file", "c"), ("around/f", "d")]
    {
        root.write(Path::new(name), place.as_bytes(), PRIVATE).unwrap();
        assert_eq!(std::fs::read(world.path("root").join(name)).unwrap(), place.as_bytes());
    }
    assert!(world.path("root/conf").is_symlink());
    assert_eq!(std::fs::read(world.path("root/defaults/deep/file")).unwrap(), b"b");
    root.folder(Path::new("conf"), FOLDER).unwrap().write(Path::new("g"), b"g", PRIVATE).unwrap();
    assert!(world.path("root/defaults/g").is_file());
    assert!(root.remove(Path::new("conf/file")).unwrap());
    world.refuses_all(&root, "out/kept");
    world.refuses_all(&root, "out/new/file");
}

#[test]
fn the_way_to_a_root_may_go_through_links_but_a_root_of_ours_is_none() {
    let world = World::new();
    std::fs::create_dir(world.path("data")).unwrap();
    symlink(world.path("data"), world.path("live")).unwrap();
    let home = Root::own(&world.path("live/.slipway")).unwrap();
    home.write(Path::new("runs/one/journal"), b"x", PRIVATE).unwrap();
    assert!(world.path("data/.slipway/runs/one/journal").is_file());
    assert_eq!(world.path("data/.slipway").metadata().unwrap().permissions().mode() & 0o777, 0o700);
    Root::at(&world.path("live")).unwrap().write(Path::new("file"), b"x", PRIVATE).unwrap();

    symlink(world.path("outside"), world.path("root/.slipway")).unwrap();
    let error = Root::own(&world.path("root/.slipway")).unwrap_err();
    assert!(matches!(error.obstacle(), Some(Obstacle::Link { .. })), "{error}");
    std::fs::write(world.path("root/file"), "").unwrap();
    let error = Root::own(&world.path("root/file")).unwrap_err();
    assert!(matches!(error.obstacle(), Some(Obstacle::NotAFolder(_))), "{error}");
    assert!(Root::own(&world.path("root/not/yet/there")).is_ok());
    world.is_untouched();
}

#[test]
fn folders_with_all_that_is_in_them_are_removed_however_deep_and_links_in_them_not_followed() {
    let world = World::new();
    let root = world.root();
    let mut deepest = root.folder(Path::new("deep"), PRIVATE_FOLDER).unwrap();
    for level in 0..450 {
        deepest.write(Path::new("file"), b"x", PRIVATE).unwrap();
        deepest.symlink(&world.path("outside"), Path::new("link")).unwrap();
        deepest = deepest.folder(Path::new(if level % 2 == 0 { "a" } else { "b" }), PRIVATE_FOLDER).unwrap();
    }
    assert!(root.remove_all(Path::new("deep")).unwrap());
    assert!(!root.remove_all(Path::new("deep")).unwrap());
    assert_eq!(std::fs::read_dir(world.path("root")).unwrap().count(), 0);
    world.is_untouched();
}

#[test]
fn what_is_no_file_is_not_opened_and_not_waited_for() {
    let world = World::new();
    let root = world.root();
    nix::unistd::mkfifo(&world.path("root/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::create_dir(world.path("root/folder")).unwrap();
    for name in ["pipe", "folder"].map(Path::new) {
        assert!(root.open(name).is_err());
        assert!(root.append(name).is_err());
        assert!(root.update(name).is_err());
        assert!(root.copy_if_changed(&world.path("root").join(name), Path::new("copy"), PRIVATE).is_err());
    }
    assert!(root.copy_if_changed(Path::new("/dev/zero"), Path::new("copy"), PRIVATE).is_err());
    assert_eq!(root.kind(Path::new("copy")).unwrap(), None);
    assert_eq!(root.kind(Path::new("pipe")).unwrap(), Some(Kind::Other));
    // A pipe in the place of a file is replaced by it.
    root.write(Path::new("pipe"), b"x", PRIVATE).unwrap();
    assert!(world.path("root/pipe").is_file());
    let error = root.write(Path::new("folder"), b"x", PRIVATE).unwrap_err();
    assert_eq!(error.source.kind(), ErrorKind::IsADirectory, "{error}");
    let error = root.write(Path::new("pipe/file"), b"x", PRIVATE).unwrap_err();
    assert!(matches!(error.obstacle(), Some(Obstacle::NotAFolder(_))), "{error}");
    assert_eq!(std::fs::read_dir(world.path("root")).unwrap().count(), 2);
}

#[test]
fn names_are_bytes() {
    let world = World::new();
    let root = world.root();
    for name in
        [&b"no\xff\xfeutf8"[..], b"new\nline", b"-rf", b"\\..\\..", b"...", b" ", "é\u{202e}".as_bytes()]
    {
        let place = Path::new("deep").join(OsStr::from_bytes(name)).join(OsStr::from_bytes(name));
        root.write(&place, name, PRIVATE).unwrap();
        assert_eq!(std::fs::read(world.path("root").join(&place)).unwrap(), name);
        assert!(root.remove(&place).unwrap());
    }
    let nul = Path::new(OsStr::from_bytes(b"a\0b"));
    assert!(root.write(nul, b"", PRIVATE).is_err());
    let long = PathBuf::from("x".repeat(300));
    assert!(root.write(&long, b"", PRIVATE).is_err());
}

#[test]
fn what_was_opened_is_read_and_written_in_its_place() {
    let world = World::new();
    let root = world.root();
    let mut file = root.append(Path::new("log")).unwrap();
    file.write_all(b"one").unwrap();
    root.append(Path::new("log")).unwrap().write_all(b"two").unwrap();
    let mut text = String::new();
    root.open(Path::new("log")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "onetwo");
    assert!(root.create_new(Path::new("log")).is_err());
    assert!(root.open_folder(Path::new("not/there")).unwrap().is_none());
    assert_eq!(root.kind(Path::new("log/below/a/file")).unwrap(), None);
    let staging = root.staging(".new-").unwrap();
    root.write(&staging.name().join("x"), b"x", PRIVATE).unwrap();
    root.rename(&staging.name().join("x"), Path::new("made/there")).unwrap();
}
