//! Estates read again after something has changed: what comes out is what a reader finds that knows nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::Estate;
use super::Record;
use crate::terragrunt::tests::{Tree, told};
use crate::terragrunt::{Counts, OutlineStore, Reader, ReaderOptions};
use slipway_support::excluded::Excluded;

/// Longer than the steps in which file systems count time.
const STEP: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Memory(Mutex<HashMap<String, Vec<u8>>>);

impl Memory {
    fn contents(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().values().cloned().collect()
    }

    fn change(&self, change: impl Fn(&mut Vec<u8>)) {
        self.0.lock().unwrap().values_mut().for_each(change);
    }
}

impl OutlineStore for Memory {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn keep(&self, name: &str, content: &[u8]) {
        self.0.lock().unwrap().insert(name.to_owned(), content.to_vec());
    }
}

/// An estate, and what is kept of it.
struct Listed {
    tree: Tree,
    memory: Arc<Memory>,
}

impl Listed {
    /// Read once, long after it was made.
    fn new(files: &[(&str, &str)]) -> Self {
        let listed = Self { tree: Tree::new(files), memory: Arc::default() };
        listed.read(|options| options);
        listed
    }

    fn options(&self) -> ReaderOptions {
        ReaderOptions {
            outlines: Some(Arc::clone(&self.memory) as Arc<dyn OutlineStore>),
            ..self.tree.options("plan")
        }
    }

    /// What it is, by a reader with these options; it is the same by one that knows nothing.
    fn read(&self, told: impl Fn(ReaderOptions) -> ReaderOptions) -> (String, Counts) {
        let (text, counts) = self.look(&told, true);
        let anew = Reader::new(ReaderOptions { outlines: None, ..told(self.options()) });
        assert_eq!(text, shown(&Estate::discover(&self.tree.path("live"), &anew)));
        (text, counts)
    }

    /// `is_late`: whether it is read long after the last change.
    fn look(&self, told: impl Fn(ReaderOptions) -> ReaderOptions, is_late: bool) -> (String, Counts) {
        let reader = Reader::new(told(self.options()));
        let mut estate = Estate::discover(&self.tree.path("live"), &reader);
        if let Some(learnt) = estate.learnt.as_mut().filter(|_| is_late) {
            learnt.asked.began += Duration::from_mins(1);
        }
        estate.keep_more_than(1, &reader);
        (shown(&estate), reader.counts())
    }

    /// Nothing is read where nothing has changed; returns what it is.
    fn known(&self) -> String {
        let (text, counts) = self.read(|options| options);
        assert_eq!(counts, Counts::default());
        text
    }

    /// Changes something, and reads again: how many files were parsed for it. The time after that, none is.
    fn after(&self, change: impl FnOnce(&Tree)) -> (String, u64) {
        std::thread::sleep(STEP);
        change(&self.tree);
        let (text, counts) = self.read(|options| options);
        assert_eq!(self.known(), text);
        (text, counts.files_parsed)
    }
}

/// Everything of an estate that anybody sees.
fn shown(estate: &Estate) -> String {
    let mut text = String::new();
    for unit in &estate.units {
        let outline = &unit.outline;
        let _ = writeln!(text, "{} {} {}", unit.path.display(), unit.external, unit.template);
        let _ = writeln!(text, "  {:?} {:?}", outline.dir, outline.file);
        for block in &outline.dependencies {
            let own = (&block.name, &block.config_path, &block.written, block.enabled, block.skip_outputs);
            let _ = writeln!(text, "  {own:?} {}", block.location);
        }
        for only in &outline.order_only {
            let _ = writeln!(text, "  {:?} {} {}", only.path, only.written, only.location);
        }
        for edge in &unit.dependencies {
            let _ = writeln!(text, "  {:?} {:?} {}", edge.to, edge.name, edge.location);
        }
        let source = outline.source.as_ref().map(slipway_support::address::Address::expose);
        let others = (&outline.includes, source, &outline.exclude, outline.prevent_destroy);
        let _ = writeln!(text, "  {others:?} {:?}", outline.files_read);
    }
    for stack in &estate.stacks {
        let _ = writeln!(text, "{} {:?}", stack.path.display(), stack.units);
    }
    text + &told(&estate.diagnostics)
}

const ROOT: &str = r#"
locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
}
terraform {
  source = "git::https://git.example.com/modules.git//${local.env.module}?ref=v1"
}
exclude {
  if      = local.env.name == "test"
  actions = ["apply"]
}
"#;

const UNIT: &str = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";

fn environment(name: &str) -> String {
    format!("locals {{\n  name   = \"{name}\"\n  module = \"service\"\n}}\n")
}

fn on(path: &str) -> String {
    format!("{UNIT}dependency \"one\" {{\n  config_path = \"{path}\"\n}}\n")
}

/// network ← cluster ← app, and one that only follows; two environments.
fn services() -> Listed {
    Listed::new(&[
        ("live/root.hcl", ROOT),
        ("live/dev/env.hcl", &environment("dev")),
        ("live/dev/network/terragrunt.hcl", &format!("{UNIT}prevent_destroy = true\n")),
        ("live/dev/cluster/terragrunt.hcl", &on("../network")),
        ("live/dev/app/terragrunt.hcl", &on("../cluster")),
        ("live/dev/dns/terragrunt.hcl", &format!("{UNIT}dependencies {{\n  paths = [\"../network\"]\n}}\n")),
        ("live/test/env.hcl", &environment("test")),
        ("live/test/network/terragrunt.hcl", UNIT),
        ("live/test/cluster/terragrunt.hcl", &on("../network")),
    ])
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let listed = services();
    let text = listed.known();
    assert!(text.contains("condition: true"), "{text}");
    // What is no part of it may change as it likes.
    let (after, parsed) = listed.after(|tree| {
        tree.write("live/README.md", "words");
        tree.write("live/dev/network/notes.txt", "more words");
        tree.write("live/dev/.terraform/modules/terragrunt.hcl", "not walked by");
        tree.write("infra/main.tf", "");
    });
    assert_eq!((after, parsed), (text, 0));
}

#[test]
fn a_file_with_another_content_is_read_again_with_what_rests_on_it_and_nothing_else() {
    let listed = services();
    let time = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    // As long as before, with the same time.
    let (text, parsed) = listed.after(|tree| {
        let file = tree.path("live/dev/app/terragrunt.hcl");
        let before = time(&file);
        tree.write("live/dev/app/terragrunt.hcl", &on("../network"));
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    });
    assert!(text.contains("dev/app false"), "{text}");
    // Itself, the root, and the file of its environment.
    assert_eq!(parsed, 3);
    // An editor writes a file beside it, and gives that its name.
    let (_, parsed) = listed.after(|tree| {
        tree.write("live/dev/app/terragrunt.hcl~", &on("../cluster"));
        std::fs::rename(tree.path("live/dev/app/terragrunt.hcl~"), tree.path("live/dev/app/terragrunt.hcl"))
            .unwrap();
    });
    assert_eq!(parsed, 3);
    let (text, parsed) = listed.after(|tree| tree.write("live/test/env.hcl", &environment("prod")));
    assert!(!text.contains("condition: true"), "{text}");
    // Two units, the root and the environment's file.
    assert_eq!(parsed, 4);
    let (text, parsed) = listed.after(|tree| tree.write("live/root.hcl", &ROOT.replace("ref=v1", "ref=v2")));
    assert!(text.contains("ref=v2") && !text.contains("ref=v1"), "{text}");
    assert_eq!(parsed, 9);
}

#[test]
fn what_comes_and_goes_is_seen() {
    let listed = services();
    let (text, _) = listed.after(|tree| tree.write("live/dev/cache/terragrunt.hcl", &on("../network")));
    assert!(text.contains("dev/cache false"), "{text}");
    let (text, _) = listed.after(|tree| std::fs::remove_dir_all(tree.path("live/dev/cache")).unwrap());
    assert!(!text.contains("dev/cache"), "{text}");
    let (text, _) =
        listed.after(|tree| std::fs::rename(tree.path("live/dev/dns"), tree.path("live/dev/names")).unwrap());
    assert!(text.contains("dev/names false") && !text.contains("dev/dns"), "{text}");
    // Further away than the one that was found before, and then nearer.
    let (text, _) = listed.after(|tree| {
        std::fs::remove_file(tree.path("live/test/env.hcl")).unwrap();
        tree.write("live/env.hcl", &environment("prod"));
    });
    assert!(!text.contains("condition: true"), "{text}");
    let (text, _) = listed.after(|tree| tree.write("live/test/env.hcl", &environment("test")));
    assert!(text.contains("condition: true"), "{text}");
    let (_, _) = listed.after(|tree| tree.write("live/dev/app/terragrunt.values.hcl", "size = 1\n"));
    let (text, _) = listed.after(|tree| {
        tree.write(
            "live/dev/app/terragrunt.autoinclude.hcl",
            "dependencies {\n  paths = [\"../network\"]\n}\n",
        );
    });
    assert!(text.contains("terragrunt.autoinclude.hcl"), "{text}");
    // Stacks are read by whoever wants their units, each time.
    std::thread::sleep(STEP);
    listed.tree.write("live/shared/terragrunt.stack.hcl", "");
    let (text, counts) = listed.read(|options| options);
    assert!(text.contains("shared []"), "{text}");
    assert_eq!(counts.files_parsed, 1);
    let gone = |tree: &Tree| std::fs::remove_file(tree.path("live/shared/terragrunt.stack.hcl")).unwrap();
    let (text, _) = listed.after(gone);
    assert!(!text.contains("shared"), "{text}");
}

#[test]
fn a_file_in_the_place_of_a_folder_and_the_other_way_round() {
    let listed = services();
    listed.after(|tree| {
        std::fs::remove_dir_all(tree.path("live/dev/dns")).unwrap();
        tree.write("live/dev/dns", "no folder any more");
    });
    let (text, _) = listed.after(|tree| {
        std::fs::remove_file(tree.path("live/dev/dns")).unwrap();
        tree.write("live/dev/dns/terragrunt.hcl", UNIT);
        // The configuration itself is JSON now.
        std::fs::remove_file(tree.path("live/dev/app/terragrunt.hcl")).unwrap();
        tree.write("live/dev/app/terragrunt.hcl.json", r#"{"prevent_destroy": true}"#);
    });
    assert!(text.contains("terragrunt.hcl.json"), "{text}");
}

#[test]
fn links_are_followed_to_what_they_lead_to_now() {
    use std::os::unix::fs::symlink;
    let listed = Listed::new(&[
        ("shared/one.hcl", ROOT),
        ("shared/two.hcl", &ROOT.replace("ref=v1", "ref=v2")),
        ("live/dev/env.hcl", &environment("dev")),
        ("live/dev/network/terragrunt.hcl", UNIT),
        ("live/dev/app/terragrunt.hcl", &on("../../../elsewhere/thing")),
        ("elsewhere/thing/terragrunt.hcl", ""),
    ]);
    let (text, _) = listed.after(|tree| symlink("../shared/one.hcl", tree.path("live/root.hcl")).unwrap());
    assert!(text.contains("ref=v1"), "{text}");
    let (text, _) = listed.after(|tree| {
        std::fs::remove_file(tree.path("live/root.hcl")).unwrap();
        symlink("../shared/two.hcl", tree.path("live/root.hcl")).unwrap();
    });
    assert!(text.contains("ref=v2"), "{text}");
    let (text, _) = listed.after(|tree| tree.write("shared/two.hcl", &ROOT.replace("ref=v1", "ref=v3")));
    assert!(text.contains("ref=v3"), "{text}");
    // A link to a file that is not there, which comes later: the folder that the link is in does not change by that.
    listed.after(|tree| {
        std::fs::remove_file(tree.path("live/dev/env.hcl")).unwrap();
        tree.write("live/env.hcl", &environment("prod"));
        symlink("../../late/env.hcl", tree.path("live/dev/env.hcl")).unwrap();
    });
    let (text, _) = listed.after(|tree| tree.write("late/env.hcl", &environment("test")));
    assert!(text.contains("condition: true"), "{text}");
    let (text, _) = listed.after(|tree| std::fs::remove_dir_all(tree.path("late")).unwrap());
    assert!(!text.contains("condition: true"), "{text}");
    // A folder of the estate behind a link.
    let (text, _) = listed.after(|tree| symlink("elsewhere", tree.path("outside")).unwrap());
    assert!(text.contains("elsewhere/thing true"), "{text}");
}

#[test]
fn the_repository_may_become_another_one() {
    let source = "terraform {\n  source = \"${get_repo_root()}/infra/${get_path_from_repo_root()}\"\n}\n";
    let listed = Listed::new(&[("live/a/terragrunt.hcl", source), ("live/b/terragrunt.hcl", source)]);
    let before = listed.known();
    let (text, _) = listed.after(|tree| std::fs::create_dir(tree.path("live/.git")).unwrap());
    assert_ne!(text, before);
    let (text, _) = listed.after(|tree| std::fs::create_dir(tree.path("live/a/.git")).unwrap());
    assert!(text.contains("live/a/infra/."), "{text}");
    let (text, _) = listed.after(|tree| {
        std::fs::remove_dir(tree.path("live/a/.git")).unwrap();
        std::fs::remove_dir(tree.path("live/.git")).unwrap();
    });
    assert_eq!(text, before);
}

#[test]
fn an_estate_that_is_moved_into_another_repository_is_in_that_one() {
    use std::os::unix::fs::symlink;
    let source = "terraform {\n  source = \"${get_repo_root()}/infra\"\n}\n";
    let listed = Listed::new(&[("real/live/a/terragrunt.hcl", source)]);
    std::fs::create_dir(listed.tree.path("real/.git")).unwrap();
    std::fs::create_dir_all(listed.tree.path("moved/.git")).unwrap();
    symlink("real/live", listed.tree.path("live")).unwrap();
    assert!(listed.read(|options| options).0.contains("real/infra"));
    let (text, _) = listed.after(|tree| {
        std::fs::remove_file(tree.path("live")).unwrap();
        std::fs::rename(tree.path("real/live"), tree.path("moved/live")).unwrap();
        symlink("moved/live", tree.path("live")).unwrap();
    });
    assert!(text.contains("moved/infra"), "{text}");
}

#[test]
fn files_that_functions_read_and_look_for_count() {
    let reads = r#"
locals {
  names = jsondecode(file("${get_terragrunt_dir()}/names.json"))
  late  = fileexists("${get_terragrunt_dir()}/late.txt") ? "late" : "early"
  more  = try(jsondecode(read_tfvars_file("${get_terragrunt_dir()}/more.tfvars")).name, "none")
}
terraform {
  source = "./${local.names[0]}/${local.late}/${local.more}"
}
"#;
    let listed = Listed::new(&[("live/a/terragrunt.hcl", reads), ("live/a/names.json", r#"["one"]"#)]);
    assert!(listed.known().contains("./one/early/none"));
    let (text, _) = listed.after(|tree| tree.write("live/a/names.json", r#"["two"]"#));
    assert!(text.contains("./two/early/none"), "{text}");
    let (text, _) = listed.after(|tree| tree.write("live/a/late.txt", ""));
    assert!(text.contains("./two/late/none"), "{text}");
    let (text, _) = listed.after(|tree| tree.write("live/a/more.tfvars", "name = \"more\"\n"));
    assert!(text.contains("./two/late/more"), "{text}");
}

#[test]
fn what_is_another_answer_at_another_time_is_asked_again() {
    let unit = |source: &str| format!("terraform {{\n  source = \"./${{{source}}}\"\n}}\n");
    let listed = Listed::new(&[
        ("live/still/terragrunt.hcl", &unit("upper(\"still\")")),
        ("live/variable/terragrunt.hcl", &unit("get_env(\"PLACE\", \"none\")")),
        ("live/program/terragrunt.hcl", &unit("run_cmd(\"cat\", \"../../answer\")")),
        ("live/clock/terragrunt.hcl", &unit("formatdate(\"YYYY\", timestamp())")),
        ("live/list/terragrunt.hcl", &unit("join(\"-\", fileset(get_terragrunt_dir(), \"*.txt\"))")),
        ("live/marked/terragrunt.hcl", &unit("length(mark_glob_as_read(\"${get_terragrunt_dir()}/*.txt\"))")),
        ("live/template/terragrunt.hcl", &unit("templatefile(\"t\", {})")),
        ("live/template/t", "${join(\"-\", fileset(\".\", \"*.txt\"))}"),
        ("live/home/terragrunt.hcl", &unit("pathexpand(\"~/x\")")),
        ("live/at_home/terragrunt.hcl", &unit("try(file(\"~/surely/not/there\"), \"not\")")),
        ("answer", "42"),
    ]);
    let record = listed.memory.contents().concat();
    let record = Record::of(&record).unwrap();
    let kept: Vec<&str> = record.outlines.iter().map(|kept| record.files[kept.file as usize].path).collect();
    assert_eq!(kept, [listed.tree.path("live/still/terragrunt.hcl").to_str().unwrap()]);

    listed.tree.write("answer", "43");
    listed.tree.write("live/list/a.txt", "");
    listed.tree.write("live/marked/b.txt", "");
    let (text, _) =
        listed.read(|options| options.environment([("PLACE", "there"), ("PATH", "/usr/bin:/bin")]));
    for source in ["./there", "./43", "./a.txt", "./1", "./STILL"] {
        assert!(text.contains(&format!("{source}\"")), "{source}: {text}");
    }
}

#[test]
fn a_shared_file_hands_on_that_its_answer_is_fleeting() {
    let shared = "locals {\n  place = get_env(\"PLACE\", \"none\")\n}\nterraform {\n  source = \"./${local.place}\"\n}\n";
    let reads = "locals {\n  read = read_terragrunt_config(find_in_parent_folders(\"place.hcl\")).locals\n}\nterraform {\n  source = \"./${local.read.place}\"\n}\n";
    let listed = Listed::new(&[
        ("live/root.hcl", shared),
        ("live/place.hcl", "locals {\n  place = get_env(\"PLACE\", \"none\")\n}\n"),
        ("live/a/terragrunt.hcl", UNIT),
        ("live/b/terragrunt.hcl", UNIT),
        ("live/c/terragrunt.hcl", reads),
        ("live/d/terragrunt.hcl", reads),
    ]);
    let (text, _) = listed.read(|options| options.environment([("PLACE", "there")]));
    assert_eq!(text.matches("./there").count(), 4, "{text}");
}

#[test]
fn mistakes_and_warnings_are_told_each_time() {
    let listed = services();
    let told = |path: &str, text: &str, mistake: &str| {
        std::thread::sleep(STEP);
        listed.tree.write(path, text);
        for _ in 0..3 {
            let (text, _) = listed.read(|options| options);
            assert!(text.contains(mistake), "{text}");
        }
    };
    told("live/dev/app/terragrunt.hcl", "terraform {\n  source = lacking.name\n}\n", "lacking");
    told("live/dev/dns/terragrunt.hcl", &on("../gone"), "does not exist");
    // A configuration in both syntaxes.
    told("live/dev/dns/terragrunt.hcl.json", "{}", "beside");
}

#[test]
fn what_has_just_been_changed_is_not_kept_yet() {
    let listed = Listed { tree: services().tree, memory: Arc::default() };
    let looked = || listed.look(|options| options, false).1.files_parsed;
    assert_eq!([looked(), looked()], [9, 9]);
    listed.read(|options| options);
    assert_eq!(looked(), 0);
    std::thread::sleep(STEP);
    listed.tree.write("live/dev/app/terragrunt.hcl", &on("../network"));
    assert_eq!(looked(), 3);
    // Nothing of what the record held by then is older than that.
    assert_eq!(looked(), 9);
    listed.read(|options| options);
    assert_eq!(looked(), 0);
}

#[test]
fn other_options_are_another_reading() {
    let feature = "feature \"fast\" {\n  default = false\n}\nexclude {\n  if      = feature.fast.value\n  actions = [\"plan\"]\n}\n";
    let command = "terraform {\n  source = \"./${get_terraform_command()}\"\n}\n";
    let listed = Listed::new(&[("live/a/terragrunt.hcl", feature), ("live/b/terragrunt.hcl", command)]);
    let fast = |options: ReaderOptions| ReaderOptions {
        features: [("fast".to_owned(), "true".to_owned())].into(),
        ..options
    };
    assert!(listed.read(fast).0.contains("condition: true"));
    assert!(listed.known().contains("condition: false"));
    let apply = |options: ReaderOptions| ReaderOptions { terraform_command: "apply".to_owned(), ..options };
    assert!(listed.read(apply).0.contains("./apply"));
    let root = listed.tree.path("live");
    let without = |options: ReaderOptions| {
        let excluded = Arc::new(Excluded::new(&root, &["a"]).unwrap());
        ReaderOptions { excluded, ..options }
    };
    assert!(!listed.read(without).0.contains("live/a"));
    assert!(listed.known().contains("live/a"));
}

#[test]
fn what_is_kept_is_believed_only_where_it_is_whole() {
    let listed = services();
    let text = listed.known();
    listed.memory.change(|bytes| bytes.truncate(bytes.len() / 2));
    assert_eq!(listed.read(|options| options).0, text);
    assert_eq!(listed.known(), text);
    listed.memory.change(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    assert_eq!(listed.read(|options| options).0, text);
    assert_eq!(listed.known(), text);
    listed.memory.change(Vec::clear);
    assert_eq!(listed.read(|options| options).0, text);
}

#[test]
fn secrets_are_not_kept() {
    let unit = "terraform {\n  source = \"git::https://me:hunter2hunter2@git.example.com/m.git\"\n}\n";
    let listed = Listed::new(&[("live/a/terragrunt.hcl", unit), ("live/b/terragrunt.hcl", "")]);
    let kept = listed.memory.contents().concat();
    assert!(kept.windows(4).any(|part| part == b"live"));
    assert!(!kept.windows(7).any(|part| part == b"hunter2"));
}

#[test]
fn under_trees_that_change_at_random_it_is_always_what_is_there() {
    let listed = services();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    let folders = [
        "dev/network",
        "dev/cluster",
        "dev/app",
        "test/network",
        "test/cluster",
        "dev",
        "test",
        "new/one",
        "new",
    ];
    let names = [
        "terragrunt.hcl",
        "env.hcl",
        "root.hcl",
        "terragrunt.values.hcl",
        "notes.txt",
        "terragrunt.stack.hcl",
    ];
    let texts = [
        UNIT.to_owned(),
        on("../network"),
        on("../cluster"),
        environment("dev"),
        environment("test"),
        String::new(),
    ];
    let pick = |index: u64| usize::try_from(index).unwrap();
    for _ in 0..150 {
        std::thread::sleep(STEP);
        for _ in 0..=random(2) {
            let folder = listed.tree.path("live").join(folders[pick(random(9))]);
            let file = folder.join(names[pick(random(6))]);
            match random(8) {
                0 => drop(std::fs::remove_file(&file)),
                1 => drop(std::fs::remove_dir_all(&folder)),
                2 => drop(std::fs::rename(&folder, listed.tree.path("live").join(folders[pick(random(9))]))),
                3 => {
                    drop(std::fs::create_dir_all(&folder));
                    drop(std::os::unix::fs::symlink(listed.tree.path("live/dev/env.hcl"), &file));
                }
                _ => {
                    drop(std::fs::create_dir_all(&folder));
                    drop(std::fs::write(&file, &texts[pick(random(6))]));
                }
            }
        }
        listed.read(|options| options);
        listed.read(|options| options);
    }
}
