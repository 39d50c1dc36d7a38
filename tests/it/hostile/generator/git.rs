//! Repositories whose objects, names and settings nobody means well with.

use std::io::Write as _;

use super::{Ingredient, Place};

pub const ALL: &[Ingredient] = &[
    Ingredient::last("settings of Git that start programs", settings),
    Ingredient::last("trees that Git does not make", trees),
    Ingredient::last("odd branches", branches),
    Ingredient::last("a broken repository", broken),
    Ingredient::last("attributes and submodules", attributes),
];

fn settings(place: &mut Place) {
    let program = place.tripwire("git_setting");
    let settings = [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "gpg.program",
        "gpg.ssh.program",
        "gpg.x509.program",
        "diff.external",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "interactive.diffFilter",
        "pager.log",
        "pager.diff",
        "alias.log",
        "alias.rev-parse",
    ];
    for name in settings {
        place.git(&["config", name, &program]);
    }
    place.git(&["config", "commit.gpgSign", "true"]);
    place.git(&["config", "log.showSignature", "true"]);
    let hooks = place.tree().join(".git/hooks");
    let names = [
        "post-checkout",
        "pre-commit",
        "post-index-change",
        "reference-transaction",
        "pre-push",
        "fsmonitor-watchman",
    ];
    for name in names {
        let _unlucky =
            std::fs::create_dir_all(&hooks).and_then(|()| std::fs::copy(&program, hooks.join(name)));
    }
    if place.rng.flip() {
        let worktree = place.outside().display().to_string();
        place.git(&["config", "core.worktree", &worktree]);
        place.note("core.worktree lies outside");
    }
    place.note("settings and hooks of Git that start programs");
}

/// One entry of a tree object.
fn entry(mode: &str, name: &[u8], id: &str) -> Vec<u8> {
    let id = (0..20).map(|index| u8::from_str_radix(&id[index * 2..index * 2 + 2], 16).unwrap());
    [mode.as_bytes(), b" ", name, b"\0"].concat().into_iter().chain(id).collect()
}

/// Writes an object that Git would refuse to make.
fn object(place: &Place, kind: &str, content: &[u8]) -> String {
    use sha1::Digest as _;
    let whole = [format!("{kind} {}\0", content.len()).as_bytes(), content].concat();
    let id = sha1::Sha1::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let folder = place.tree().join(".git/objects").join(&id[..2]);
    let Ok(()) = std::fs::create_dir_all(&folder) else { return id };
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&whole).unwrap();
    let _there_by_now = std::fs::write(folder.join(&id[2..]), packed.finish().unwrap());
    id
}

fn trees(place: &mut Place) {
    let outside = place.outside().display().to_string();
    let unit = object(place, "blob", b"inputs = { a = 2 }\n");
    let hostile = object(place, "blob", b"changed\n");
    let link = |place: &Place, to: &str| object(place, "blob", to.as_bytes());
    let out = link(place, &outside);
    let climbing = link(place, "../../../../../../../../outside");
    let folder = object(place, "tree", &entry("100644", b"secret.txt", &hostile));
    let inner: Vec<Vec<u8>> = match place.rng.below(10) {
        0 => vec![entry("120000", b"a", &out), entry("40000", b"a", &folder)],
        1 => vec![entry("40000", b"..", &folder)],
        2 => vec![entry("40000", b".git", &folder), entry("100644", b".GIT", &hostile)],
        3 => vec![entry("100644", format!("{outside}/secret.txt").as_bytes(), &hostile)],
        4 => vec![entry("100644", b"../../../outside/secret.txt", &hostile)],
        5 => vec![entry("120000", b"conf", &climbing), entry("100644", b"conf/secret.txt", &hostile)],
        6 => vec![
            entry("100644", b"new\nline", &hostile),
            entry("100644", b"", &hostile),
            entry("100644", b".", &hostile),
        ],
        7 => vec![
            entry("160000", b"module", &unit),
            entry("777777", b"mode", &hostile),
            entry("100644", b"gone", &"1".repeat(40)),
        ],
        8 => vec![
            entry("40000", b"blob", &unit),
            entry("100644", b"tree", &folder),
            entry("100644", b"esc\x1b[31m\xff", &hostile),
        ],
        _ => vec![entry("100644", b"terragrunt.hcl", &hostile), entry("40000", b"terragrunt.hcl", &folder)],
    };
    let note = inner.iter().map(|entry| entry.escape_ascii().to_string()).collect::<Vec<_>>().join("; ");
    let mut unit_tree = inner.concat();
    unit_tree.extend(entry("100644", b"terragrunt.hcl", &unit));
    let unit_tree = object(place, "tree", &unit_tree);
    let live =
        object(place, "tree", &[entry("40000", b"a", &unit_tree), entry("40000", b"x", &unit_tree)].concat());
    let root = object(place, "tree", &entry("40000", b"live", &live));
    for branch in ["main", "pr"] {
        let parent = place.git(&["rev-parse", branch]).unwrap_or_default();
        let commit = object(
            place,
            "commit",
            format!("tree {root}\nparent {parent}\nauthor \u{1b}[31mT <t@x> 1 +0000\ncommitter T <t@x> 1 +0000\n\n::error::x\n\u{1b}]0;x\u{7}\n").as_bytes(),
        );
        if place.rng.flip() {
            place.write(format!(".git/refs/heads/{branch}"), format!("{commit}\n"));
            place.note(format!("{branch} has a tree: {note}"));
        }
    }
}

fn branches(place: &mut Place) {
    let head = place.git(&["rev-parse", "HEAD"]).unwrap_or_default();
    let program = place.tripwire("git_branch");
    let names = [
        "-x",
        "--upload-pack=x",
        "--output=x",
        "a b",
        "HEAD",
        "main",
        "..",
        "esc\u{1b}[31m",
        "::error::x",
        "@{-1}",
        "\u{202e}x",
    ];
    for name in names {
        place.write(format!(".git/refs/heads/{name}"), format!("{head}\n"));
        place.write(format!(".git/refs/remotes/origin/{name}"), format!("{head}\n"));
        place.write(format!(".git/refs/tags/{name}"), format!("{head}\n"));
    }
    let name = *place.rng.pick(&names);
    place.write(".git/HEAD", format!("ref: refs/heads/{name}\n"));
    place.write(".git/refs/remotes/origin/HEAD", format!("ref: refs/remotes/origin/{name}\n"));
    place.git(&["config", "remote.origin.url", &format!("ext::{program}")]);
    place.git(&["config", "remote.origin.uploadpack", &program]);
    place.note(format!("HEAD is {name:?}, and branches of such names"));
}

fn broken(place: &mut Place) {
    let outside = place.outside().display().to_string();
    let kinds: &[(&str, &str)] = &[
        (".git/HEAD", "x\u{1b}[31m\n"),
        (".git/HEAD", ""),
        (".git/config", "[core\n\u{1b}[31m"),
        (".git/packed-refs", "zzz refs/heads/../../x\n"),
        (".git/index", "DIRC"),
        (".git/refs/heads/main", "0000000000000000000000000000000000000000\n"),
        (".git/refs/heads/main", "ref: refs/heads/main\n"),
        (".git/shallow", "x\n"),
    ];
    match place.rng.below(kinds.len() + 3) {
        0 => place.write(".git/objects/info/alternates", format!("{outside}\n/dev/zero\n")),
        1 => place.link(".git/HEAD", "/dev/zero"),
        2 => {
            let to = format!("gitdir: {outside}\n");
            place.write(".git", to);
        }
        kind => {
            let (path, text) = kinds[kind - 3];
            place.write(path, text);
            place.note(format!("{path} is {text:?}"));
        }
    }
    place.note("a broken repository");
}

fn attributes(place: &mut Place) {
    let program = place.tripwire("git_filter");
    place.git(&["config", "filter.x.clean", &program]);
    place.git(&["config", "filter.x.smudge", &program]);
    place.git(&["config", "filter.x.process", &program]);
    place.git(&["config", "diff.x.textconv", &program]);
    place.git(&["config", "diff.x.command", &program]);
    place.git(&["config", "merge.x.driver", &program]);
    place.git(&["config", "submodule.m.url", &format!("ext::{program}")]);
    place.git(&["config", "submodule.m.update", &format!("!{program}")]);
    place.write(".gitattributes", "* filter=x diff=x merge=x\n");
    place.write(
        ".gitmodules",
        format!("[submodule \"m\"]\n  path = live/m\n  url = ext::{program}\n  update = !{program}\n"),
    );
    place.write("live/a/changed.hcl", "# changed\n");
    place.note("attributes with filters, and a submodule that runs something");
}
