//! Trees that are broken or meant to break: every unit is listed, what is wrong is told with its place, the exit code
//! says so, and nothing hangs.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// How long a command may take, on a machine that does much else.
const LONGEST: Duration = Duration::from_mins(1);

/// A tree with one sound unit, `good`.
struct Hostile {
    _guard: TempDir,
    root: PathBuf,
}

/// What a command said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// Fails unless every part was told, whatever the width of the lines.
    fn tells(&self, parts: &[&str]) {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = flat(&self.stderr.replace(['│', '╰', '─', '▶', '×'], " "));
        for part in parts {
            assert!(told.contains(&flat(part)), "{part:?} is not in:\n{}", self.stderr);
        }
    }
}

impl Hostile {
    fn new(files: &[(&str, &str)]) -> Self {
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let tree = Self { _guard: guard, root };
        std::fs::create_dir(tree.root.join(".git")).unwrap();
        tree.write("good/terragrunt.hcl", "inputs = { a = 1 }\n");
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let output = Command::cargo_bin("slipway")
            .unwrap()
            .args(arguments)
            .args(["--color", "never"])
            .current_dir(&self.root)
            .env("HOME", &self.root)
            .env("COLUMNS", "400")
            .timeout(LONGEST)
            .output()
            .unwrap();
        Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `find` and `validate` on a tree with something wrong in it.
    fn wrong(&self, units: &[&str], parts: &[&str]) {
        for command in ["find", "validate"] {
            let said = self.run(&[command]);
            assert_eq!(said.code, Some(3), "{command}: {}", said.stderr);
            if command == "find" {
                assert_eq!(said.lines(), units, "{}", said.stderr);
            }
            said.tells(parts);
        }
    }
}

#[test]
fn a_file_that_includes_itself_or_a_circle_of_includes_is_told_with_the_way() {
    let tree = Hostile::new(&[
        ("own/terragrunt.hcl", "include \"own\" {\n  path = \"./terragrunt.hcl\"\n}\n"),
        ("round/terragrunt.hcl", "include \"a\" {\n  path = \"../a.hcl\"\n}\n"),
        ("a.hcl", "include \"b\" {\n  path = \"../b.hcl\"\n}\n"),
        ("b.hcl", "include \"a\" {\n  path = \"../a.hcl\"\n}\n"),
    ]);
    tree.wrong(
        &["good", "own", "round"],
        &["own/terragrunt.hcl includes itself", "own/terragrunt.hcl:2:10", "a.hcl is included itself"],
    );
}

#[test]
fn locals_that_need_themselves_are_told_as_a_circle() {
    let tree = Hostile::new(&[
        ("one/terragrunt.hcl", "locals {\n  a = local.a\n}\ninputs = { a = local.a }\n"),
        ("two/terragrunt.hcl", "locals {\n  a = local.b\n  b = [local.a]\n}\ninputs = { a = local.a }\n"),
    ]);
    let said = tree.run(&["validate"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    said.tells(&["one/terragrunt.hcl:2", "two/terragrunt.hcl:"]);
    assert_eq!(tree.run(&["find"]).lines(), ["good", "one", "two"]);
}

#[test]
fn configurations_that_read_themselves_or_each_other_are_told_as_a_circle() {
    let tree = Hostile::new(&[
        (
            "own/terragrunt.hcl",
            "locals {\n  own = read_terragrunt_config(\"terragrunt.hcl\")\n}\ninputs = { a = local.own }\n",
        ),
        (
            "round/terragrunt.hcl",
            "locals {\n  a = read_terragrunt_config(\"../a.hcl\")\n}\ninputs = local.a\n",
        ),
        ("a.hcl", "locals {\n  b = read_terragrunt_config(\"../b.hcl\")\n}\n"),
        ("b.hcl", "locals {\n  a = read_terragrunt_config(\"../a.hcl\")\n}\n"),
    ]);
    let said = tree.run(&["validate"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    said.tells(&["read each other in a circle", "own/terragrunt.hcl:2"]);
    assert_eq!(tree.run(&["find"]).lines(), ["good", "own", "round"]);
}

#[test]
fn links_that_lead_round_in_circles_or_nowhere_are_not_followed_for_ever() {
    let tree = Hostile::new(&[]);
    std::os::unix::fs::symlink("..", tree.root.join("good/up")).unwrap();
    std::os::unix::fs::symlink("loop", tree.root.join("loop")).unwrap();
    let said = tree.run(&["find"]);
    assert_eq!((said.code, said.lines()), (Some(0), vec!["good"]), "{}", said.stderr);
    std::fs::create_dir(tree.root.join("dangling")).unwrap();
    std::os::unix::fs::symlink("nowhere", tree.root.join("dangling/terragrunt.hcl")).unwrap();
    std::fs::create_dir(tree.root.join("round")).unwrap();
    std::os::unix::fs::symlink("terragrunt.hcl", tree.root.join("round/terragrunt.hcl")).unwrap();
    tree.wrong(
        &["dangling", "good", "round"],
        &["dangling/terragrunt.hcl cannot be read", "round/terragrunt.hcl cannot be read"],
    );
}

#[test]
fn pipes_and_devices_are_refused_and_not_waited_for() {
    let tree = Hostile::new(&[
        ("reads/terragrunt.hcl", "inputs = { a = file(\"/dev/zero\"), b = file(\"pipe\") }\n"),
        ("includes/terragrunt.hcl", "include \"p\" {\n  path = \"../reads/pipe\"\n}\n"),
    ]);
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&tree.root.join("reads/pipe"), mode).unwrap();
    std::fs::create_dir(tree.root.join("pipe")).unwrap();
    nix::unistd::mkfifo(&tree.root.join("pipe/terragrunt.hcl"), mode).unwrap();
    tree.wrong(
        &["good", "includes", "pipe", "reads"],
        &["pipe/terragrunt.hcl cannot be read: it is a pipe or a device", "includes/terragrunt.hcl:2:10"],
    );
    tree.run(&["validate"])
        .tells(&["the file /dev/zero cannot be read: it is a pipe or a device", "reads/terragrunt.hcl:1:16"]);
}

#[test]
fn a_folder_where_a_file_is_expected_is_told() {
    let tree = Hostile::new(&[("a/terragrunt.hcl", "include \"f\" {\n  path = \"../good\"\n}\n")]);
    std::fs::create_dir_all(tree.root.join("folder/terragrunt.hcl")).unwrap();
    let said = tree.run(&["find"]);
    assert_eq!((said.code, said.lines()), (Some(3), vec!["a", "good"]), "{}", said.stderr);
    said.tells(&["good cannot be read: it is a folder, not a file", "a/terragrunt.hcl:2:10"]);
}

#[test]
fn names_with_spaces_quotes_newlines_and_other_alphabets_are_names() {
    let names = ["with space", "it's \"quoted\"", "日本語 élan", "new\nline", "-dash", "${x}", "a*b?[c]"];
    let tree = Hostile::new(&[]);
    for name in names {
        tree.write(Path::new(name).join("terragrunt.hcl"), "dependencies {\n  paths = [\"../good\"]\n}\n");
    }
    let said = tree.run(&["find", "--format", "json", "--dependencies"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let found: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    for name in names {
        let unit = found.as_array().unwrap().iter().find(|unit| unit["path"] == name);
        assert_eq!(unit.unwrap()["dependencies"], serde_json::json!(["good"]), "{name}");
    }
    for arguments in [["graph", "--format", "dot"], ["graph", "--format", "mermaid"]] {
        assert_eq!(tree.run(&arguments).code, Some(0), "{arguments:?}");
    }
    assert_eq!(tree.run(&["validate"]).code, Some(0));
}

#[test]
fn names_that_are_no_text_do_not_hide_a_unit() {
    let tree = Hostile::new(&[]);
    let name = std::ffi::OsStr::from_bytes(b"not\xffutf8");
    tree.write(Path::new(name).join("terragrunt.hcl"), "inputs = { a = nope }\n");
    let said = tree.run(&["find"]);
    assert_eq!(said.lines(), ["good", r"not\xffutf8"]);
    let said = tree.run(&["validate"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    said.tells(&["there is no `nope` here", "not\u{fffd}utf8/terragrunt.hcl:1:16"]);
}

#[test]
fn bytes_that_are_no_text_are_pointed_at_and_odd_ones_are_text() {
    let tree = Hostile::new(&[
        ("bom/terragrunt.hcl", "\u{feff}inputs = { a = 1 }\r\n"),
        ("nul/terragrunt.hcl", "inputs = {\n  a = \"x\u{0}y\"\n  b = \u{0}\n}\n"),
    ]);
    tree.write("latin/terragrunt.hcl", b"inputs = {\n  a = \"gr\xf6\xdfer\"\n}\n");
    tree.wrong(
        &["bom", "good", "latin", "nul"],
        &[
            "the file is not UTF-8 text: here is the byte 0xf6",
            "latin/terragrunt.hcl:2:10",
            "nul/terragrunt.hcl:3:7",
        ],
    );
}

#[test]
fn what_is_nested_deeper_than_any_stack_is_an_error_with_its_place() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("inputs = {{ a = {}1{} }}\n", open.repeat(levels), close.repeat(levels))
    };
    let tree = Hostile::new(&[
        ("parentheses/terragrunt.hcl", &nested("(", ")", 1_000_000)),
        ("lists/terragrunt.hcl", &nested("[", "]", 10_000)),
        ("signs/terragrunt.hcl", &nested("-", "", 1_000_000)),
        ("templates/terragrunt.hcl", &nested("\"${", "}\"", 10_000)),
        ("else/terragrunt.hcl", &nested("false ? 0 : ", "", 100_000)),
        ("blocks/terragrunt.hcl", &"b {\n".repeat(1_000_000)),
        ("json/terragrunt.hcl.json", &format!("{{\"inputs\": {}", "[".repeat(1_000_000))),
    ]);
    let units = ["blocks", "else", "good", "json", "lists", "parentheses", "signs", "templates"];
    tree.wrong(&units, &["levels deep", "parentheses/terragrunt.hcl:1:", "json/terragrunt.hcl.json:1:"]);
}

#[test]
fn what_would_fill_the_memory_is_an_error_with_its_place() {
    let doubling = |first: &str, next: &dyn Fn(usize) -> String| {
        let lines = (1..80).map(|index| format!("  l{index:02} = {}\n", next(index - 1)));
        format!("locals {{\n  l00 = {first}\n{}}}\ninputs = {{ a = local.l79 }}\n", lines.collect::<String>())
    };
    let chain = (1..100_000).map(|index| format!("  l{index:06} = local.l{:06}\n", index - 1));
    let tree = Hostile::new(&[
        (
            "text/terragrunt.hcl",
            &doubling("\"x\"", &|last| format!("\"${{local.l{last:02}}}${{local.l{last:02}}}\"")),
        ),
        ("list/terragrunt.hcl", &doubling("[1]", &|last| format!("[local.l{last:02}, local.l{last:02}]"))),
        (
            "merge/terragrunt.hcl",
            &doubling("{}", &|last| format!("merge({{ a = local.l{last:02} }}, {{ b = local.l{last:02} }})")),
        ),
        (
            "loop/terragrunt.hcl",
            "inputs = { a = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]] }\n",
        ),
        (
            "format/terragrunt.hcl",
            "inputs = { a = format(\"%99999999d\", 1), b = indent(99999999999, \"a\\nb\") }\n",
        ),
        ("number/terragrunt.hcl", "inputs = { a = 1e999999999, b = pow(9, 9999999) }\n"),
        (
            "chain/terragrunt.hcl",
            &format!(
                "locals {{\n  l000000 = 1\n{}}}\ninputs = {{ a = local.l099999 }}\n",
                chain.collect::<String>()
            ),
        ),
    ]);
    let said = tree.run(&["validate"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    said.tells(&[
        "the text has more than 64 MiB",
        "list/terragrunt.hcl:",
        "merge/terragrunt.hcl:",
        "loop/terragrunt.hcl:1:",
        "format/terragrunt.hcl:1:",
        "number/terragrunt.hcl:1:",
    ]);
    let units = ["chain", "format", "good", "list", "loop", "merge", "number", "text"];
    assert_eq!(tree.run(&["find"]).lines(), units);
}

#[test]
fn a_path_that_climbs_out_of_the_repository_is_followed_no_further_than_terragrunt_does() {
    let tree = Hostile::new(&[
        ("inside/terragrunt.hcl", "dependencies {\n  paths = [\"../../../../../../../../../nowhere\"]\n}\n"),
        ("reads/terragrunt.hcl", "inputs = { a = file(\"../../../../../../../../../../nowhere\") }\n"),
    ]);
    let said = tree.run(&["find"]);
    assert_eq!((said.code, said.lines()), (Some(3), vec!["good", "inside", "reads"]), "{}", said.stderr);
    said.tells(&["nowhere\" of inside does not exist", "inside/terragrunt.hcl:"]);
    tree.run(&["validate"]).tells(&["the file /nowhere does not exist", "reads/terragrunt.hcl:1:16"]);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_as_one_of_its_states() {
    let tree = Hostile::new(&[]);
    let path = tree.root.join("moving/terragrunt.hcl");
    tree.write("moving/terragrunt.hcl", "inputs = { a = 1 }\n");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut long = false;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                long = !long;
                let text = if long { "# long\n".repeat(10_000) } else { String::new() };
                // Also gone for a moment, and half written.
                let _ = std::fs::remove_file(&path);
                std::fs::write(&path, text).unwrap();
            }
        });
        for _ in 0..10 {
            let said = tree.run(&["find"]);
            assert!(matches!(said.code, Some(0 | 3)), "{:?} {}", said.code, said.stderr);
            assert!(said.lines().contains(&"good"), "{}", said.stderr);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
