//! `--filter` and `--affected` as a user meets them, and side by side with Terragrunt where it is on PATH.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::{Ended, Slipway};

/// A Git repository with an estate.
struct Repository(TempDir);

impl Repository {
    /// web → service → db, cache → vpc; and units that read what lies elsewhere.
    fn new() -> Self {
        let repository = Self(TempDir::new().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.unit("live/vpc", "");
        repository.unit("live/db", "dependency \"v\" { config_path = \"../vpc\" }");
        repository.unit("live/cache", "dependencies { paths = [\"../vpc\"] }");
        let service = "dependency \"d\" { config_path = \"../db\" }\ndependencies { paths = [\"../cache\"] }";
        repository.unit("live/service", service);
        let web = "include \"root\" { path = find_in_parent_folders(\"root.hcl\") }\n\
                   terraform { source = \"git::https://git.example.com/acme/web.git//app?ref=v1\" }\n\
                   dependency \"s\" { config_path = \"../../service\" }";
        repository.unit("live/apps/web-1", web);
        let batch = "locals { env = read_terragrunt_config(find_in_parent_folders(\"env.hcl\")) }\n\
                     terraform { source = \"../../../modules//batch\" }\n\
                     inputs = { text = file(\"../../texts/batch.txt\") }";
        repository.unit("live/apps/batch", batch);
        repository
            .unit("live/sp ace/u (1)", "locals { g = mark_glob_as_read(\"${get_repo_root()}/conf/**\") }");
        repository.write("live/root.hcl", "locals { a = 1 }");
        repository.write("live/env.hcl", "locals { env = \"all\" }");
        repository.write("live/apps/env.hcl", "locals { env = \"apps\" }");
        repository.write("live/texts/batch.txt", "text");
        repository.write("conf/a/one.yaml", "a: 1");
        repository.write("modules/batch/main.tf", "module \"lib\" {\n  source = \"../lib\"\n}\n");
        repository.write("modules/lib/main.tf", "");
        repository.write("modules/lib/policy.json", "{}");
        repository.commit("first");
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn unit(&self, dir: &str, text: &str) {
        self.write(&format!("{dir}/terragrunt.hcl"), text);
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
        let git = Command::new("git").args(identity).args(arguments).current_dir(self.path()).status();
        assert!(git.unwrap().success());
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn slipway(&self, folder: &str, arguments: &[&str]) -> Ended {
        Slipway::new(&self.path().join(folder), Path::new("unused")).run(arguments)
    }

    /// What `find` lists, one after another.
    #[track_caller]
    fn found(&self, arguments: &[&str]) -> String {
        let found = self.slipway(".", &[&["find"], arguments].concat()).exits(0);
        found.stdout.lines().collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn units_that_differ_between_commits_are_selected_with_those_that_are_gone() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    repository.write("live/vpc/extra.txt", "beside the configuration");
    repository.write("live/root.hcl", "locals { a = 2 }");
    repository.write("conf/a/two.yaml", "read by a pattern");
    repository.remove("live/apps/env.hcl");
    repository.unit("live/new", "");
    repository.unit("live/cache", "");
    repository.remove("live/cache/terragrunt.hcl");
    repository.unit("live/service", "dependency \"d\" { config_path = \"../db\" }");
    repository.commit("second");
    let range = "[main...HEAD]";
    let changed =
        "live/apps/batch, live/apps/web-1, live/new, live/service, live/sp ace/u (1), live/vpc, live/cache";
    assert_eq!(repository.found(&["--filter", range]), changed);
    assert_eq!(repository.found(&["--filter", "[main]"]), changed);
    assert_eq!(
        repository.found(&["--filter", "[main...HEAD] | ./live/apps/*"]),
        "live/apps/batch, live/apps/web-1"
    );
    assert_eq!(repository.found(&["--filter", "[main...HEAD] | c*"]), "live/cache");
    assert_eq!(repository.found(&["--filter", "[main...HEAD]", "--filter", "!./live/**"]), "");
    assert_eq!(repository.found(&["--filter", "[HEAD...HEAD]"]), "");

    // What is not committed is not in the range.
    repository.unit("live/db", "dependency \"v\" { config_path = \"../vpc\" }\n# another\n");
    repository.unit("live/cache", "");
    assert_eq!(repository.found(&["--filter", "[HEAD~1...HEAD]"]), changed);
    // Looked at from the other side, what was new is gone.
    repository.git(&["checkout", "--quiet", "--force", "work"]);
    repository.git(&["clean", "--quiet", "--force", "-d"]);
    let back = repository.found(&["--filter", "[HEAD...main] | ./live/n*"]);
    assert_eq!(back, "live/new");
    repository
        .slipway(".", &["find", "--filter", "[nowhere]"])
        .exits(3)
        .says("there is no commit \"nowhere\"");
}

#[test]
fn affected_follows_every_file_that_a_unit_is_made_of() {
    let because = |change: &dyn Fn(&Repository)| {
        let repository = Repository::new();
        repository.git(&["checkout", "--quiet", "-b", "work"]);
        change(&repository);
        let all = repository.found(&["--affected", "--why"]);
        // Committed or not, it is the same.
        repository.commit("work");
        assert_eq!(repository.found(&["--affected", "--why"]), all);
        assert_eq!(repository.found(&["--affected=main~0", "--why"]), all);
        all
    };
    let changed =
        |path: &'static str, text: &'static str| because(&|repository| repository.write(path, text));
    assert_eq!(changed("README.md", "nobody's"), "");
    assert_eq!(
        changed("live/vpc/.terraform.lock.hcl", ""),
        "live/vpc,   new live/vpc/.terraform.lock.hcl: it lies in the unit's folder"
    );
    assert_eq!(
        changed("live/texts/batch.txt", "other"),
        "live/apps/batch,   changed live/texts/batch.txt: the unit reads it"
    );
    assert_eq!(
        changed("modules/lib/policy.json", "[]"),
        "live/apps/batch,   changed modules/lib/policy.json: it belongs to the unit's module"
    );
    assert_eq!(
        changed("live/root.hcl", "locals { a = 3 }"),
        "live/apps/web-1,   changed live/root.hcl: the unit reads it"
    );
    assert_eq!(changed("conf/b.yaml", ""), "live/sp ace/u (1),   new conf/b.yaml: the unit reads it");
    let removed = |path: &'static str| because(&|repository| repository.remove(path));
    assert_eq!(
        removed("live/apps/env.hcl"),
        "live/apps/batch,   removed live/apps/env.hcl: the unit reads it"
    );
    assert_eq!(removed("conf/a/one.yaml"), "live/sp ace/u (1),   removed conf/a/one.yaml: the unit reads it");
    assert_eq!(
        removed("modules/lib/main.tf"),
        "live/apps/batch,   removed modules/lib/main.tf: it belongs to the unit's module"
    );
    assert_eq!(
        removed("live/texts/batch.txt"),
        "live/apps/batch,   removed live/texts/batch.txt: the unit reads it"
    );
    assert_eq!(removed("live/apps/web-1/terragrunt.hcl"), "live/apps/web-1");
}

#[test]
fn what_modules_read_elsewhere_affects_the_units_that_run_them() {
    let repository = Repository::new();
    // A module that reads beside itself and calls one that does, and a unit whose inputs name what is read.
    repository.unit("live/own", "terraform { source = \"../../shared//own\" }");
    repository.write(
        "shared/own/main.tf",
        "module \"lib\" {\n  source = \"../lib\"\n  sets   = fileset(\"${path.root}/../set\", \"*\")\n}\n",
    );
    repository.write("shared/lib/main.tf", "locals {\n  base = \"${path.module}/../texts\"\n}\n");
    repository.write("shared/lib/more.tf", "locals {\n  a = file(\"${local.base}/a.txt\")\n}\n");
    repository.write("shared/texts/a.txt", "a");
    repository.write("shared/other/b.txt", "b");
    repository.write("shared/set/one", "1");
    let inputs = "terraform { source = \"../../modules//batch\" }\n\
                  inputs = { code = { dir = \"${get_repo_root()}/code/one\" }, tree = get_repo_root() }";
    repository.unit("live/lambda", inputs);
    repository.write("code/one/deep/main.py", "1");
    repository.write("code/two/main.py", "2");
    repository.commit("more");
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    let why = |path: &str| {
        repository.write(path, "changed");
        let found = repository.found(&["--affected=main", "--why"]);
        repository.git(&["checkout", "--quiet", "--", "."]);
        repository.git(&["clean", "--quiet", "--force", "-d"]);
        found
    };
    let reads = "the unit's module reads it";
    assert_eq!(why("shared/texts/a.txt"), format!("live/own,   changed shared/texts/a.txt: {reads}"));
    assert_eq!(why("shared/set/two"), format!("live/own,   new shared/set/two: {reads}"));
    assert_eq!(why("shared/other/b.txt"), "");
    let handed = "the unit's inputs name it";
    assert_eq!(
        why("code/one/deep/main.py"),
        format!("live/lambda,   changed code/one/deep/main.py: {handed}")
    );
    assert_eq!(why("code/two/main.py"), "");
    repository.remove("shared/texts/a.txt");
    assert_eq!(
        repository.found(&["--affected=main", "--why"]),
        format!("live/own,   removed shared/texts/a.txt: {reads}")
    );
}

#[test]
fn affected_is_narrowed_by_filters_and_can_be_followed_to_what_depends_on_it() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    repository.write("live/db/x.txt", "");
    repository.write("live/apps/batch/x.txt", "");
    assert_eq!(repository.found(&["--affected"]), "live/apps/batch, live/db");
    assert_eq!(repository.found(&["--affected", "--filter", "./live/apps/**"]), "live/apps/batch");
    assert_eq!(repository.found(&["--affected", "--filter", "!batch"]), "live/db");
    assert_eq!(repository.found(&["--filter", "...^[main...]"]), "live/apps/web-1, live/service");
    let told = repository.slipway(".", &["find", "--affected", "--format", "json", "--why"]).exits(0);
    assert!(told.stderr.contains("where this work left main"), "{}", told.stderr);
    assert_eq!(told.json()[1]["affected_by"][0]["path"], "live/db/x.txt");
    repository.git(&["branch", "--quiet", "--move", "main", "other"]);
    repository.slipway(".", &["find", "--affected"]).exits(64).says("--affected=BASE");
}

#[test]
fn files_of_filters_hold_until_they_are_turned_off() {
    let repository = Repository::new();
    repository.write(".terragrunt-excludes", "# not these\nlive/apps/*\n");
    let without_apps = "live/cache, live/db, live/service, live/sp ace/u (1), live/vpc";
    assert_eq!(repository.found(&[]), without_apps);
    assert_eq!(repository.found(&["--filter", "w*", "--allow-empty"]), "");
    assert_eq!(repository.found(&["--filter", "w*", "--no-filters-file"]), "live/apps/web-1");
    repository.write("mine", "vpc\ndb\n");
    assert_eq!(repository.found(&["--filters-file", "mine"]), "live/db, live/vpc");
    repository.write(".terragrunt-filters", "name=db | typ=unit");
    let refused = repository.slipway(".", &["find"]).exits(3);
    assert!(refused.stderr.contains(".terragrunt-filters:1:11"), "{}", refused.stderr);
    assert!(refused.stderr.contains("did you mean \"type\"?"), "{}", refused.stderr);
}

#[test]
fn other_commands_take_filters_as_well() {
    let repository = Repository::new();
    let graph = repository
        .slipway(".", &["graph", "--filter", "service...", "--filter", "!cache", "--format", "json"]);
    assert_eq!(
        graph.exits(0).json()["waves"],
        serde_json::json!([["live/vpc"], ["live/db"], ["live/service"]])
    );
    // Dependents are looked for in the whole repository.
    let above = repository.slipway("live/db", &["find", "--filter", "...db", "--relative"]).exits(0);
    assert_eq!(above.stdout, ".\n../apps/web-1\n../service\n");

    repository.unit("live/apps/broken", "inputs = {");
    repository.slipway(".", &["validate"]).exits(3);
    repository.slipway(".", &["validate", "--filter", "./live/db"]).exits(0).says("1 unit, 0 errors");
    repository.slipway(".", &["graph", "--filter", "db..."]).exits(0);
    repository.slipway(".", &["find", "--filter", "db"]).exits(0);
    // It may depend on what it is asked for.
    repository.slipway(".", &["find", "--filter", "...db"]).exits(3);
}

#[test]
fn nothing_is_destroyed_that_something_left_out_depends_on() {
    let repository = Repository::new();
    let destroy = |arguments: &[&str]| repository.slipway(".", &[&["destroy", "--yes"], arguments].concat());
    let refused = destroy(&["--filter", "db"]).exits(5);
    assert!(refused.stderr.contains("live/service would lose what they depend on"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--leave-dependents"), "{}", refused.stderr);
}

/// Queries of every kind that the grammar knows.
const QUERIES: &[&str] = &[
    "vpc",
    "w*",
    "web-?",
    "./live/apps/*",
    "live/apps/**",
    "{live/apps/web-1}",
    "{./live/s*/**}",
    "{./live/apps/web-[12]}",
    "{./live/apps/[!w]*}",
    "{./live/{db,vpc}",
    "{live/**/web-1}",
    "live/**/vpc",
    "**",
    "*",
    "./live/../live/vpc",
    ".",
    "../x",
    "*/vpc",
    "u*",
    "service...",
    "service...1",
    "...vpc",
    "1...vpc",
    "2...^vpc",
    "1...db...1",
    "^service...",
    "^vpc",
    "0...vpc",
    "...db...",
    "(./live/apps)...service",
    "service...(./live/db)",
    "live/service...",
    "...[main...HEAD]",
    "!vpc",
    "!./live/apps/**",
    "!vpc | db",
    "!vpc | !db",
    "!!vpc",
    "!...db",
    "!service...",
    "service... | !...db",
    "live/* | *c* | !cache",
    "type=unit",
    "type=stack",
    "!type=unit",
    "external=true",
    "external=false",
    "service... | external=false",
    "name=web-1",
    "name=w* | source=git**",
    "source=**acme**",
    "source=../../../modules//batch",
    "reading=live/root.hcl",
    "reading=./live/root.hcl",
    "reading=conf/**",
    "reading=**.yaml",
    "reading=modules/batch/main.tf",
    "reading=modules/lib/main.tf",
    "reading=live/texts/batch.txt",
    "[main...HEAD]",
    "[main]",
    "[HEAD~1...HEAD]",
    "[main...HEAD] | ./live/apps/**",
    "[main...HEAD] | !web-1",
    "[HEAD...main]",
];

#[test]
fn queries_select_what_terragrunt_selects() {
    if Command::new("terragrunt").arg("--version").output().is_err() {
        skipped(NO_TERRAGRUNT);
        return;
    }
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    repository.write("live/root.hcl", "locals { a = 2 }");
    repository.write("live/apps/batch/notes.md", "beside");
    repository.write("live/texts/batch.txt", "read by file(), which Terragrunt does not notice");
    repository.write("conf/two.yaml", "");
    repository.remove("live/apps/env.hcl");
    repository.unit("live/new", "");
    repository.commit("second");
    let pairs = [["live/*", "!live/[vd]*"], ["vpc", "db"], ["!cache", "service..."], ["!vpc", "!db"]];
    let several = pairs.iter().map(|pair| pair.to_vec());
    for queries in QUERIES.iter().map(|query| vec![*query]).chain(several) {
        let flags: Vec<&str> = queries.iter().flat_map(|query| ["--filter", *query]).collect();
        let theirs = Command::new("terragrunt")
            .args(["find", "--no-color", "--non-interactive", "--experiment", "bounded-discovery"])
            .args(&flags)
            .current_dir(repository.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        // Units of two commits come from two folders, in the order of these.
        let sorted = |text: &str| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        };
        let ours = repository.slipway(".", &[&["find", "--allow-empty"], flags.as_slice()].concat());
        let theirs = (sorted(&String::from_utf8_lossy(&theirs.stdout)), theirs.status.success());
        assert_eq!((sorted(&ours.stdout), ours.code == 0), theirs, "{queries:?}: ours on the left");
    }
}
