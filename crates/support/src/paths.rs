//! Paths by their text: cleaned without asking the file system.

use std::path::{Component, Path, PathBuf};

/// `path` without `.`, and with `..` applied by text; relative paths may keep leading `..`.
pub fn clean(path: &Path) -> PathBuf {
    if is_clean(path) {
        return path.to_path_buf();
    }
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

/// Whether nothing is left to clean in a path, which holds for nearly every one; `..` counts as something.
fn is_clean(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let inner = bytes.strip_prefix(b"/").unwrap_or(bytes);
    if inner.is_empty() {
        return !bytes.is_empty();
    }
    inner.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

/// `path` seen from `base`, cleaned; an absolute one stays.
pub fn join(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut base = base;
    let mut path = path.as_ref();
    // Steps upwards go by the text where the base is clean, without joining first.
    if is_clean(base) && base.is_absolute() {
        while let (Ok(rest), Some(above)) = (path.strip_prefix(".."), base.parent()) {
            (base, path) = (above, rest);
        }
    }
    if path.as_os_str().is_empty() { clean(base) } else { clean(&base.join(path)) }
}

/// The way from `base` to `path`, both absolute; `.` where they are the same.
pub fn relative(base: &Path, path: &Path) -> PathBuf {
    if is_clean(base) && is_clean(path) {
        return way(base, path);
    }
    way(&clean(base), &clean(path))
}

fn way(base: &Path, path: &Path) -> PathBuf {
    if let Ok(inside) = path.strip_prefix(base)
        && !inside.as_os_str().is_empty()
    {
        return inside.to_path_buf();
    }
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
        assert_eq!(clean(Path::new("/a//b/")), Path::new("/a/b"));
        assert_eq!(clean(Path::new("")), Path::new("."));
    }

    #[test]
    fn joining_is_the_same_as_cleaning_what_is_joined() {
        for base in ["/a/b", "/a/../b", "/", "a/b", "."] {
            for path in ["c", "../c", "../../../c", "..", ".", "", "/x/../y", "./../c", "c/../..", "../.."] {
                let joined = join(Path::new(base), path);
                assert_eq!(joined, clean(&Path::new(base).join(path)), "{base} and {path}");
                assert_eq!(joined.as_os_str(), clean(&joined).as_os_str());
            }
        }
    }

    #[test]
    fn the_way_between_two_folders() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/c/d")), Path::new("c/d"));
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/x")), Path::new("../../x"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new("."));
    }
}
