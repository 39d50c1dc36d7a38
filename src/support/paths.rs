//! Paths by their text: cleaned without asking the file system.

use std::path::{Component, Path, PathBuf};

/// `path` without `.`, and with `..` applied by text; relative paths may keep leading `..`.
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(".."),
            },
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

/// `path` seen from `base`, cleaned; an absolute one stays.
pub fn join(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    clean(&base.join(path))
}

/// The way from `base` to `path`, both absolute; `.` where they are the same.
pub fn relative(base: &Path, path: &Path) -> PathBuf {
    let (base, path) = (clean(base), clean(path));
    let mut from = base.components().peekable();
    let mut to = path.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let way: PathBuf = from.map(|_| Component::ParentDir).chain(to).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// The folder of a file; the file itself where it has none.
pub fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_by_their_text() {
        assert_eq!(clean(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(clean(Path::new("/..")), Path::new("/"));
        assert_eq!(clean(Path::new("../a/../..")), Path::new("../.."));
        assert_eq!(clean(Path::new("a/..")), Path::new("."));
    }

    #[test]
    fn the_way_between_two_folders() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/c/d")), Path::new("c/d"));
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/x")), Path::new("../../x"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new("."));
    }
}
