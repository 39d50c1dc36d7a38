//! `--untrusted`: a repository that nobody trusts is looked at, and sees nothing but itself.

use std::path::Path;

use super::world::git;
use crate::support::estate::Estate;
use crate::support::skipped::skipped;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

/// What no fork may learn: what is in files of the machine, in the environment, and in states.
const CANARY: &str = "only-this-machine-knows-5e1d";

/// A fork with one unit, and a folder of the machine's outside of it.
struct Fork {
    estate: Estate,
    outside: tempfile::TempDir,
}

impl Fork {
    fn new() -> Self {
        let fork = Self { estate: Estate::new(), outside: tempfile::tempdir().unwrap() };
        let files = [
            ("secret", CANARY.to_owned()),
            ("secret.json", format!("{{\"a\": \"{CANARY}\"}}")),
            ("terragrunt.hcl", format!("inputs = {{ a = \"{CANARY}\" }}\n")),
            ("root.hcl", format!("inputs = {{ a = \"{CANARY}\" }}\n")),
            ("above.hcl", format!("inputs = {{ a = \"{CANARY}\" }}\n")),
            ("main.tf", format!("variable \"{CANARY}\" {{}}\n")),
            ("secret.tfvars", format!("\"{CANARY}\" = 1\n")),
            (CANARY, String::new()),
        ];
        for (name, text) in files {
            std::fs::write(fork.outside.path().join(name), text).unwrap();
        }
        fork
    }

    /// Tracks all that is there, as a checkout does.
    fn checked_out(&self) -> &Self {
        git(self.estate.path(), &["add", "--all"]);
        git(self.estate.path(), &["commit", "--quiet", "-m", "one"]);
        self
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut arguments = arguments.to_vec();
        arguments.push("--untrusted");
        Slipway::new(self.estate.path(), &tool("tofu")).env("CANARY", CANARY).run(&arguments)
    }

    fn link(&self, name: &str, target: &Path) {
        let link = self.estate.path().join(name);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }
}

/// Every look at a repository.
const LOOKS: &[&[&str]] = &[
    &["find"],
    &["find", "--format", "json", "--dependencies", "--reading", "--include", "--exclude"],
    &["find", "--expand-stacks"],
    &["graph"],
    &["graph", "--format", "mermaid"],
    &["render", "a"],
    &["render", "a", "--format", "json"],
    &["render", "--all"],
    &["validate"],
    &["validate", "--format", "json"],
];

#[test]
fn nothing_of_the_machine_is_told_to_a_repository_that_nobody_trusts() {
    // Each is a unit `a`, and the rest of its repository; OUT is the folder outside.
    let units: &[(&str, &str)] = &[
        ("a file", "inputs = { a = file(\"OUT/secret\") }"),
        ("a file by a way up", "inputs = { a = file(\"../../../../../../../../../..OUT/secret\") }"),
        ("a file over a link", "inputs = { a = file(\"link/secret\") }"),
        (
            "a file by its digest",
            "inputs = { a = filesha256(\"OUT/secret\"), b = fileexists(\"OUT/secret\") }",
        ),
        ("a template", "inputs = { a = templatefile(\"OUT/secret\", {}) }"),
        ("JSON", "locals { a = jsondecode(file(\"OUT/secret.json\")) }\ninputs = local.a"),
        ("a list of files", "inputs = { a = fileset(\"OUT\", \"*\") }"),
        ("a list of files over a link", "inputs = { a = fileset(\"link\", \"*\") }"),
        (
            "another configuration",
            "locals { a = read_terragrunt_config(\"OUT/terragrunt.hcl\") }\ninputs = local.a.inputs",
        ),
        ("variables", "locals { a = read_tfvars_file(\"OUT/secret.tfvars\") }\ninputs = { a = local.a }"),
        ("an include", "include \"a\" {\n  path = \"OUT/above.hcl\"\n}"),
        ("a file above", "include \"a\" {\n  path = find_in_parent_folders(\"above.hcl\")\n}"),
        (
            "a dependency",
            "dependency \"a\" {\n  config_path = \"OUT\"\n  mock_outputs = {}\n}\ninputs = { a = dependency.a.inputs }",
        ),
        ("a module", "terraform {\n  source = \"OUT\"\n}"),
        (
            "a variables file",
            "terraform {\n  source = \"../../module\"\n  extra_arguments \"a\" {\n    commands = [\"plan\"]\n    required_var_files = [\"OUT/secret.tfvars\"]\n  }\n}",
        ),
        ("the environment", "inputs = { a = get_env(\"CANARY\"), b = get_env(\"CANARY\", \"none\") }"),
        ("a program", "inputs = { a = run_cmd(\"sh\", \"-c\", \"echo $CANARY; touch OUT/ran\") }"),
        (
            "a state",
            "dependency \"b\" {\n  config_path = \"../b\"\n  mock_outputs = {}\n}\ninputs = { a = dependency.b.outputs }",
        ),
        ("Git's own files", "inputs = { a = file(\"../../.git/config\") }"),
        ("what Git does not track", "inputs = { a = file(\"../../credentials.json\") }"),
    ];
    for (what, text) in units {
        let fork = Fork::new();
        let out = fork.outside.path().display().to_string();
        fork.estate.write("live/a/terragrunt.hcl", &format!("{}\n", text.replace("OUT", &out)));
        fork.estate.write("module/main.tf", "variable \"a\" {}\n");
        fork.estate.write("live/b/terragrunt.hcl", "");
        let state = format!(
            "{{\"version\": 4, \"serial\": 1, \"lineage\": \"l\", \"outputs\": {{\"a\": {{\"value\": \"{CANARY}\", \"type\": \"string\"}}}}}}"
        );
        fork.estate.write("live/b/terraform.tfstate", &state);
        fork.link("live/a/link", fork.outside.path());
        fork.link("module/link.tf", &fork.outside.path().join("main.tf"));
        fork.checked_out();
        fork.estate.write("credentials.json", CANARY);
        git(fork.estate.path(), &["config", "fork.canary", CANARY]);
        for look in LOOKS {
            let ended = fork.run(look);
            // Told, or done: never torn.
            assert!([0, 3].contains(&ended.code), "{what}, {look:?}: {}\n{}", ended.code, ended.stderr);
            let all = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!all.contains(CANARY), "{what}, {look:?}:\n{all}");
        }
        assert!(!fork.outside.path().join("ran").exists(), "{what}");
    }
}

#[test]
fn what_is_not_read_is_told_with_its_place() {
    let fork = Fork::new();
    let secret = fork.outside.path().join("secret");
    fork.estate.write("live/a/terragrunt.hcl", &format!("inputs = {{\n  a = file({secret:?})\n}}\n"));
    fork.checked_out();
    let ended = fork.run(&["render", "a"]).exits(3);
    let ended = ended.says("terragrunt::outside").says("it is outside of the repository");
    drop(ended.says("live/a/terragrunt.hcl:2").says("--untrusted"));
}

#[test]
fn an_ordinary_repository_is_looked_at_without_trust_as_with_it() {
    let estate = Estate::of_the_project();
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "-m", "one"]);
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).run(arguments).exits(0);
    for look in [&["find", "--dependencies"][..], &["graph"], &["validate"], &["render", "--all"]] {
        let untrusted = [look, &["--untrusted"]].concat();
        assert_eq!(run(look).stdout, run(&untrusted).stdout, "{look:?}");
    }
}

#[test]
fn a_slipway_hcl_above_the_work_tree_is_not_the_projects() {
    let above = tempfile::tempdir().unwrap();
    let ran = above.path().join("ran");
    let evil = format!("estate {{\n  root = run_cmd(\"touch\", {ran:?})\n}}\n");
    std::fs::write(above.path().join("slipway.hcl"), evil).unwrap();
    let work = above.path().join("work");
    std::fs::create_dir_all(work.join("vpc")).unwrap();
    std::fs::write(work.join("vpc/terragrunt.hcl"), "").unwrap();
    git(&work, &["init", "--quiet"]);
    for folder in [&work, &work.join("vpc")] {
        let found = Slipway::new(folder, &tool("tofu")).run(&["find"]).exits(0);
        assert!(!found.stdout.is_empty() && !ran.exists());
    }
    // Whoever names it means it.
    let named = Slipway::new(&work, &tool("tofu")).run(&["find", "--config", "../slipway.hcl"]);
    assert!(ran.exists(), "{}", named.stderr);
}

#[test]
fn a_slipway_hcl_of_another_user_is_refused_until_it_is_trusted() {
    if !nix::unistd::geteuid().is_root() {
        skipped("only root can give files away");
        return;
    }
    let estate = Estate::new();
    estate.unit("vpc", &[]);
    let file = estate.path().join("slipway.hcl");
    let run = |variables: &[(&str, &Path)], arguments: &[&str]| {
        let mut slipway = Slipway::new(estate.path(), &tool("tofu"));
        for (name, value) in variables {
            slipway = slipway.env(name, value);
        }
        slipway.run(arguments)
    };
    std::os::unix::fs::chown(&file, Some(4321), None).unwrap();
    for command in [&["find"][..], &["validate", "--no-exec"], &["runs"], &["plan"], &["find", "--untrusted"]]
    {
        drop(run(&[], command).exits(5).says("belongs to another user (4321)").says("safe.directory"));
    }
    drop(run(&[], &["find", "--config", "slipway.hcl"]).exits(0));
    // As Git has it: a repository that the user takes for safe.
    let own = estate.write("own.gitconfig", &format!("[safe]\n  directory = {}\n", estate.path().display()));
    drop(run(&[("GIT_CONFIG_GLOBAL", &own)], &["find"]).exits(0));
    // Whoever is root by sudo is still who they are.
    drop(run(&[("SUDO_UID", Path::new("4321"))], &["find"]).exits(0));
}
