//! Names and messages that a terminal, a reader or a pipeline would obey: they are shown, never obeyed.
//!
//! Every run of the program is looked at for that, see `support/slipway.rs`; here are the runs that tempt it.

use std::path::Path;
use std::process::Command;

use super::world::git;
use crate::gitops::server::GitServer;
use crate::support::estate::Estate;
use crate::support::shown::assert_harmless;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

/// What a folder can be called.
const NAMES: &[&str] = &[
    "\u{1b}[2Jcleared",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31mred",
    "safe\u{202e}gpj.exe",
    "\u{2066}in\u{2069}",
    "back\u{8}\u{8}\u{8}",
    "car\rriage",
    "new\nline",
    "::error::x",
    "  ::set-output name=a::b",
    "##vso[task.setvariable variable=PATH]x",
    "##[command]rm",
    "section_start:1:x",
    "zero\u{200b}width\u{feff}",
    "tag\u{e0041}",
    "tab\tbed",
    "gone\u{7f}",
    "c1\u{80}\u{85}\u{9f}",
    "\u{2028}\u{2029}\u{61c}",
];

/// What a tool can be made to say.
const SAID: &str = r"printf '\033[2J\033]0;t\007\302\2331m\r\b\342\200\256 ::error::x ##vso[task.x]y\n::error file=a::b\n##[command]c\n\033[31mred\033[0m plain\n'";

fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("plain", &[]);
    let unit = std::fs::read_to_string(estate.path().join("live/plain/terragrunt.hcl")).unwrap();
    for name in NAMES {
        estate.write(&format!("live/{name}/terragrunt.hcl"), &unit);
    }
    estate
}

#[test]
fn names_of_folders_are_shown_and_not_obeyed_by_any_command() {
    let estate = estate();
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "-m", "one"]);
    let changed = NAMES.iter().map(|name| estate.path().join("live").join(name).join("terragrunt.hcl"));
    for file in changed {
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("# changed\n{text}")).unwrap();
    }
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).run(arguments);
    for format in ["text", "json", "dot", "mermaid", "svg", "html"] {
        run(&["graph", "--format", format]).exits(0).says("cleared");
    }
    for arguments in [
        &["find"][..],
        &["find", "--tree"],
        &["find", "--dag"],
        &["find", "--log-format", "json"],
        &["find", "--format", "json", "--log-format", "json"],
        &["find", "--why", "--affected=HEAD"],
        &["find", "--why", "--affected=HEAD", "--format", "json"],
        &["find", "--format", "json", "--dependencies", "--reading", "--include"],
        &["render", "--all"],
        &["render", "--all", "--format", "json"],
        &["validate"],
        &["plan"],
        &["plan", "--log-format", "json", "--format", "json"],
        &[
            "apply",
            "--yes",
            "--report-junit",
            "r.xml",
            "--report-markdown",
            "r.md",
            "--report-html",
            "r.html",
        ],
        &["output"],
        &["runs", "show", "--timeline", "--detail"],
        &["runs", "show", "--format", "json"],
        &["runs"],
        &["runs", "--format", "json"],
        &["destroy", "--yes"],
    ] {
        drop(run(arguments).exits(0));
    }
    for report in ["r.xml", "r.md", "r.html"] {
        let text = std::fs::read_to_string(estate.path().join(report)).unwrap();
        assert!(text.contains("cleared"));
        // Who shows a report obeys no order to a pipeline.
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{8}', '\u{7}']), "{report}");
    }
}

#[test]
fn what_tools_say_is_shown_and_not_obeyed_in_logs_and_messages() {
    for tool in terraforms() {
        let estate = Estate::new();
        estate.write(
            "infra/loud/main.tf",
            &format!(
                "resource \"terraform_data\" \"this\" {{\n  provisioner \"local-exec\" {{\n    command = <<-EOT\n      {SAID}\n      exit 1\n    EOT\n  }}\n}}\n"
            ),
        );
        estate.write(
            "live/loud/terragrunt.hcl",
            &format!(
                "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\nterraform {{\n  \
                 source = \"${{get_repo_root()}}/infra//loud\"\n  before_hook \"loud\" {{\n    commands = [\"apply\"]\n    \
                 execute  = [\"sh\", \"-c\", <<-EOT\n      {SAID}\n    EOT\n    ]\n  }}\n}}\n"
            ),
        );
        let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool).run(arguments);
        run(&["apply", "--yes"]).exits(1).says("local-exec");
        run(&["apply", "--yes", "--log-format", "json"]).exits(1).says("local-exec");
        run(&["runs", "show"]).exits(0).says("local-exec");
        for log in std::fs::read_dir(estate.newest_run().join("logs")).unwrap() {
            let text = std::fs::read_to_string(log.unwrap().path()).unwrap();
            assert!(text.contains("\\u{1b}[2J") && text.contains("red plain"), "{text}");
            assert_harmless(&text);
        }
    }
}

#[test]
fn mistakes_in_hostile_files_are_shown_and_not_obeyed() {
    let estate = Estate::new();
    estate.write(
        "live/a/terragrunt.hcl",
        "inputs = {\n  a = \"\u{1b}[2J\u{202e} ::error::x\" + nonsense\n::error::y = 1\n##vso[task.x]z\n}\n",
    );
    estate.write(
        "live/b\u{1b}[2J/terragrunt.hcl",
        "dependency \"\u{9b}1m\" {\n  config_path = \"../\u{1b}]0;x\u{7}\"\n}\n",
    );
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).run(arguments);
    for arguments in [
        &["find"][..],
        &["validate"],
        &["validate", "--format", "json"],
        &["plan"],
        &["graph", "--format", "html"],
    ] {
        drop(run(arguments).exits(3));
    }
    estate.write("slipway.hcl", "estate {\n  root = \"\u{1b}[2Jx\"\n  \u{202e} = 1\n}\n");
    drop(run(&["plan"]).exits(3));
    drop(run(&["find", "\u{1b}[2J", "--non\u{1b}[2Jsense"]).exits(64));
}

#[test]
fn colours_are_ours_alone() {
    let estate = estate();
    let ended =
        Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_COLOR", "always").run(&["plan"]).exits(0);
    let colour = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert!(colour.is_match(&ended.stdout) || colour.is_match(&ended.stderr));
    for said in [&ended.stdout, &ended.stderr] {
        assert_harmless(&colour.replace_all(said, ""));
    }
}

#[test]
fn images_and_authors_of_commits_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir_all(work.join("manifests/app-a")).unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=\u{1b}[2JMallory\u{202e}", "-c", "user.email=::error::@example.com"];
        let done = Command::new("git").current_dir(&work).args(identity).args(arguments).status().unwrap();
        assert!(done.success(), "git {arguments:?}");
    };
    std::fs::write(
        work.join("manifests/app-a/deployment.yaml"),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"a\\e[2Jb\"\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: \"::error::c\"\n          image: \"registry.example/a:v1\\e[2J\\n::error::x\"\n",
    )
    .unwrap();
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    let trailers = "x: y\n\nSlipway-App: manifests/app-a\nSlipway-Container: Deployment/a/c\n\
                    Slipway-Image: r/a:v2\u{1b}[2J\nSlipway-Previous: ::error::r/a:v1\n";
    git(&["commit", "--quiet", "-m", trailers]);
    let run = |arguments: &[&str]| {
        let slipway = Slipway::new(folder.path(), Path::new("/nowhere/tofu"));
        slipway.env("SLIPWAY_MANIFESTS_URL", format!("file://{}", work.display())).run(arguments)
    };
    run(&["image", "list"]).exits(0).says("app-a");
    run(&["image", "list", "--format", "json"]).exits(0).says("app-a");
    run(&["image", "history", "app-a"]).exits(0).says("Mallory");
    run(&["image", "history", "app-a", "--format", "json"]).exits(0).says("Mallory");
    drop(run(&["image", "set", "app-a=registry.example/\u{1b}[2Ja:v2"]));
    drop(run(&["image", "set", "app-a/nothing=registry.example/a:v2"]).exits(1));
}

#[test]
fn a_server_that_answers_with_orders_is_told_with_its_words_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("git")
        .current_dir(&folder)
        .args(["init", "--quiet", "--bare", "--initial-branch=main", "m.git"])
        .status();
    assert!(status.unwrap().success());
    let hook = folder.path().join("m.git/hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\n{SAID} >&2\nexit 1\n")).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let done =
            Command::new("git").current_dir(folder.path()).args(identity).args(arguments).status().unwrap();
        assert!(done.success(), "git {arguments:?}");
    };
    std::fs::create_dir_all(folder.path().join("work/manifests/app-a")).unwrap();
    std::fs::write(
        folder.path().join("work/manifests/app-a/d.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n      image: r/a:v1\n",
    )
    .unwrap();
    git(&["-C", "work", "init", "--quiet", "--initial-branch=main"]);
    git(&["-C", "work", "add", "--all"]);
    git(&["-C", "work", "commit", "--quiet", "-m", "one"]);
    git(&["-C", "m.git", "fetch", "--quiet", "../work", "main:main"]);
    git(&["-C", "m.git", "config", "http.receivepack", "true"]);
    let server = GitServer::start(folder.path(), "u", "p");
    let slipway = Slipway::new(folder.path(), Path::new("/nowhere/tofu"));
    let slipway =
        slipway.env("SLIPWAY_MANIFESTS_URL", format!("{}/m.git", server.address.replace("://", "://u:p@")));
    slipway.run(&["image", "set", "app-a=r/a:v2"]).exits(1).says("\\u{1b}[2J");
}
