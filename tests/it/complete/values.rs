//! The values of this estate.

use std::path::Path;
use std::process::Command;

use super::{ask, values};
use crate::sources::server::Server;
use crate::support::estate::Estate;
use crate::support::manifests::{bare, deployment};
use crate::support::slipway::Slipway;
use crate::support::tool;

fn units(estate: &Estate, names: &[&str]) {
    for name in names {
        estate.write(&format!("live/{name}/terragrunt.hcl"), "");
    }
}

fn git(dir: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let done = Command::new("git").current_dir(dir).args(identity).args(arguments).status().unwrap();
    assert!(done.success(), "git {arguments:?}");
}

#[test]
fn a_path_is_completed_a_level_at_a_time_here_and_under_the_estates_root() {
    let estate = Estate::new();
    units(&estate, &["dev/eu/vpc", "dev/eu/cluster", "dev/eu/cluster/below", "prod/vpc", ".hidden/x"]);
    estate.write("live/dev/modules/main.tf", "");
    let here = estate.path();
    // What has one way only is gone through.
    assert_eq!(values(here, &["plan", ""]), ["live/dev/", "live/prod/"]);
    assert_eq!(values(here, &["plan", "live/p"]), ["live/prod/vpc"]);
    let expected = ["dev/eu/cluster", "dev/eu/cluster/", "dev/eu/vpc"];
    for command in
        ["up", "down", "plan", "apply", "destroy", "output", "find", "graph", "render", "validate", "unlock"]
    {
        assert_eq!(values(here, &[command, "de"]), expected, "{command}");
    }
    assert_eq!(values(here, &["-C", "live/dev", "render", ""]), ["eu/cluster", "eu/cluster/", "eu/vpc"]);
    assert_eq!(values(&here.join("live/prod"), &["plan", "../dev/eu/v"]), ["../dev/eu/vpc"]);
    assert_eq!(values(here, &["stack", "generate", "live/.h"]), ["live/.hidden/x"]);
    assert_eq!(ask(here, &["plan", "live/prod/v"]), [("live/prod/vpc".to_owned(), "unit".to_owned())]);
    // Where nothing fits, nothing is said but the flags.
    assert!(values(here, &["plan", "nowhere/"]).iter().all(|value| value.starts_with('-')));
}

#[test]
fn flags_come_where_one_is_begun_and_values_where_none_is() {
    let estate = Estate::chain();
    assert!(values(estate.path(), &["plan", "--de"]).contains(&"--detail".to_owned()));
    assert!(!values(estate.path(), &["plan", ""]).iter().any(|value| value.starts_with('-')));
    assert_eq!(values(estate.path(), &["plan", "--format", ""]), ["text", "json"]);
    assert_eq!(values(estate.path(), &["graph", "--format=m"]), ["--format=mermaid"]);
    assert_eq!(values(estate.path(), &["plan", "--engine", "n"]), ["native"]);
    assert!(values(estate.path(), &["plan", "--experiment", "deep"]).contains(&"deep-merge".to_owned()));
    let commands = ask(estate.path(), &["va"]);
    assert_eq!(commands[0].0, "validate");
    assert!(!commands[0].1.is_empty(), "each with what it does");
}

#[test]
fn runs_are_offered_with_how_they_went_and_to_go_on_only_those_that_are_not_done() {
    let estate = Estate::new();
    estate.unit("one", &[]);
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["apply", "--yes"]).exits(0);
    let done = estate.newest_run().file_name().unwrap().to_str().unwrap().to_owned();
    estate.write(
        "infra/text/main.tf",
        "variable \"value\" {}\noutput \"value\" {\n  value = file(\"nowhere\")\n}\n",
    );
    slipway().run(&["plan"]).exits(1);
    let shown = ask(estate.path(), &["runs", "show", ""]);
    assert_eq!(shown.len(), 2, "{shown:?}");
    let (failed, how) = &shown[0];
    assert_eq!(how, "plan, 0 of 1 done, just now");
    assert_eq!(shown[1], (done.clone(), "apply, done, just now".to_owned()));
    assert_eq!(values(estate.path(), &["resume", "2"]), [failed.as_str()]);
    assert_eq!(values(estate.path(), &["runs", "unlock", &done[..18]]), [done]);
    // A journal that cannot be read keeps its id.
    std::fs::write(estate.newest_run().join("journal.jsonl"), "{\n").unwrap();
    assert_eq!(ask(estate.path(), &["resume", ""])[0], (failed.clone(), String::new()));
}

#[test]
fn clusters_are_those_of_slipway_hcl_also_of_a_broken_one() {
    let estate = Estate::new();
    let text = "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  name = \"x\"\n  region = \"eu-west-1\"\n}\n\
                cluster \"prod\" {\n  name = \"y\"\n  region = \"eu-west-1\"\n}\n";
    estate.write("slipway.hcl", text);
    for command in
        [&["verify"][..], &["argocd", "status"], &["argocd", "wait"], &["image", "list", "--cluster"]]
    {
        assert_eq!(values(estate.path(), &[command, &[""]].concat()), ["dev", "prod"], "{command:?}");
    }
    estate.write("slipway.hcl", &format!("{text}engine {{ use = \n"));
    assert_eq!(values(estate.path(), &["verify", "p"]), ["prod"]);
    estate.write("other.hcl", "cluster \"third\" {\n  name = \"z\"\n  region = \"eu-west-1\"\n}\n");
    assert_eq!(values(estate.path(), &["--config", "other.hcl", "verify", ""]), ["third"]);
}

#[test]
fn codes_of_diagnostics_are_offered_with_what_they_mean() {
    let estate = Estate::new();
    let offered = ask(estate.path(), &["explain", "hcl::s"]);
    assert_eq!(offered, [("hcl::syntax".to_owned(), "The text is not HCL".to_owned())]);
    assert!(values(estate.path(), &["explain", ""]).len() > 100);
}

#[test]
fn revisions_are_those_of_git_and_queries_go_on_behind_their_last_sign() {
    let estate = Estate::new();
    units(&estate, &["dev/vpc", "dev/cluster", "prod/vpc"]);
    git(estate.path(), &["checkout", "--quiet", "-b", "main"]);
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "-m", "one"]);
    git(estate.path(), &["branch", "feature/x"]);
    git(estate.path(), &["tag", "v1"]);
    let here = estate.path();
    assert_eq!(
        ask(here, &["plan", "--affected=f"]),
        [("--affected=feature/x".to_owned(), "branch".to_owned())]
    );
    let filter = |query: &str| values(here, &["find", "--filter", query]);
    assert_eq!(filter("./live/dev/v"), ["./live/dev/vpc"]);
    assert_eq!(filter("live/dev/"), ["live/dev/cluster", "live/dev/vpc", "live/dev/**"]);
    assert_eq!(filter("./live/** | !live/p"), ["./live/** | !live/prod/vpc"]);
    assert_eq!(filter("...live/prod/"), ["...live/prod/vpc", "...live/prod/**"]);
    assert_eq!(filter("[v"), ["[v1..."]);
    assert_eq!(filter("...[v1...fea"), ["...[v1...feature/x]"]);
    assert_eq!(filter("type="), ["type=unit", "type=stack"]);
    assert_eq!(filter("rea"), ["reading="]);
}

#[test]
fn applications_and_images_are_those_of_the_repository_on_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let one = deployment("app-a", &[("web", "registry.example/app-a:v1")]);
    let two =
        deployment("app-b", &[("api", "registry.example/b:v1"), ("proxy", "registry.example/proxy:v7")]);
    let files = [("manifests/app-a/deployment.yaml", one), ("manifests/app-b/deployment.yaml", two)];
    let repository = bare(folder.path(), &files);
    let repository = repository.to_str().unwrap();
    let here = folder.path();
    let image =
        |words: &[&str]| values(here, &[&["image", words[0], "--repo", repository], &words[1..]].concat());
    assert_eq!(image(&["set", ""]), ["app-a=", "app-b/api=", "app-b/proxy="]);
    assert_eq!(image(&["rollback", "app-b"]), ["app-b/api", "app-b/proxy"]);
    assert_eq!(image(&["history", ""]), ["app-a", "app-b"]);
    assert_eq!(
        image(&["set", "app-b/proxy="]),
        ["app-b/proxy=registry.example/proxy:v7", "app-b/proxy=registry.example/proxy:"]
    );
    let slipway = Slipway::new(here, Path::new("")).env_remove("SLIPWAY_TF_PATH");
    slipway.run(&["image", "set", "app-a=registry.example/app-a:v2", "--repo", repository]).exits(0);
    let asked = ask(here, &["image", "set", "--repo", repository, "app-a="]);
    let told: Vec<(&str, &str)> =
        asked.iter().map(|(value, is)| (value.as_str(), is.split(' ').next().unwrap())).collect();
    let expected = [
        ("app-a=registry.example/app-a:v2", "runs"),
        ("app-a=registry.example/app-a:v1", "until"),
        ("app-a=registry.example/app-a:", ""),
    ];
    assert_eq!(told, expected);
    let promote =
        |word: &str| values(here, &["image", "promote", "app-a", "--repo", repository, "--from", word]);
    assert_eq!(promote("man"), ["manifests"]);
    assert_eq!(promote("manifests/"), ["manifests/app-a", "manifests/app-b"]);
    assert_eq!(values(here, &["image", "list", "--repo", repository, "--branch", ""]), ["main"]);
    // Without a word on it, the one that slipway.hcl names, where that is on this machine.
    let hcl = format!(
        "cluster \"dev\" {{\n  name = \"x\"\n  region = \"eu-west-1\"\n  argocd {{\n    version = \"v3.6.1\"\n    \
         repository {{\n      url = \"{repository}\"\n    }}\n  }}\n}}\n"
    );
    std::fs::write(here.join("slipway.hcl"), hcl).unwrap();
    assert_eq!(values(here, &["image", "history", ""]), ["app-a", "app-b"]);
}

#[test]
fn nothing_is_started_fetched_or_locked_and_what_cannot_be_read_is_left_out() {
    let estate = Estate::new();
    units(&estate, &["dev/vpc", "dev/cluster"]);
    let server = Server::start();
    estate.write(
        "slipway.hcl",
        &format!(
            "estate {{\n  root = run_cmd(\"sh\", \"-c\", \"touch started; echo live\")\n}}\ncluster \"dev\" {{\n  \
             name   = run_cmd(\"touch\", \"started\")\n  region = \"eu-west-1\"\n  argocd {{\n    version = \"v3.6.1\"\n    \
             repository {{\n      url = \"{}/x.git\"\n    }}\n  }}\n}}\n",
            server.address
        ),
    );
    // Names that a terminal would obey, or that end a line.
    units(&estate, &["dev/\u{1b}[31mred", "dev/line\nfeed", "dev/\u{202e}back"]);
    let journal = estate.write(".slipway/runs/20260101-000000-000000/journal.jsonl", "");
    let held = std::fs::File::open(&journal).unwrap();
    held.lock().unwrap();
    let here = estate.path();
    assert_eq!(values(here, &["plan", "live/"]), ["live/dev/cluster", "live/dev/vpc"]);
    assert_eq!(values(here, &["verify", ""]), ["dev"]);
    assert_eq!(values(here, &["resume", "2"]), ["20260101-000000-000000"]);
    let remote = format!("{}/y.git", server.address);
    for words in [
        &["image", "set", "app"][..],
        &["image", "set", "--repo", &remote, "app"],
        &["image", "history", "a"],
    ] {
        assert!(values(here, words).is_empty(), "{words:?}");
    }
    assert!(!here.join("started").exists() && !here.join("live/started").exists());
    assert_eq!(server.asked("/y.git/info/refs") + server.asked("/x.git/info/refs"), 0);
    let broken = tempfile::tempdir().unwrap();
    std::fs::write(broken.path().join("slipway.hcl"), "estate {").unwrap();
    std::fs::create_dir(broken.path().join("unit")).unwrap();
    std::fs::write(broken.path().join("unit/terragrunt.hcl"), "}").unwrap();
    assert_eq!(values(broken.path(), &["plan", ""]), ["unit"]);
    for words in [
        &["resume", ""][..],
        &["runs", "show", "x"],
        &["--affected=x"],
        &["nonsense", ""],
        &["image", "set", "="],
    ] {
        ask(broken.path(), words);
    }
}
