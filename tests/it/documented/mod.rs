//! Pages of the documentation work as written: a test does what each says, on the files that it shows.
//!
//! `UPDATE_DOCS=1 cargo test --test it documented` writes anew what pages show of a command's answer.

mod page;
pub mod pipelines;
pub mod shell;
mod site;
mod terragrunt;
mod unprompted;

use self::shell::Shell;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::{manifests, root};

/// The pages that a test here follows.
const FOLLOWED: &[&str] = &[
    "howto/air-gap.md",
    "howto/many-accounts.md",
    "howto/monorepo.md",
    "init.md",
    "installation.md",
    "migration.md",
    "quick-start.md",
    "saved-plans.md",
    "tutorial.md",
];

#[test]
fn the_installation_works_as_written() {
    Shell::new().follow("installation.md");
}

/// Where three empty repositories are.
#[test]
fn the_page_on_beginning_works_as_written() {
    let mut shell = Shell::new();
    shell.must("git init --quiet infra && git init --quiet manifests && git init --quiet web");
    shell.must("git -C manifests remote add origin https://github.com/acme/manifests.git");
    shell.follow("init.md");
}

#[test]
fn the_quick_start_works_as_written() {
    Shell::new().follow("quick-start.md");
}

/// The estate is the project's own, before it had a slipway.hcl.
#[test]
fn the_tutorial_works_as_written() {
    let bed = Bed::start(&[]);
    let repository = "tutorial";
    manifests::seed(&bed, repository);
    let mut shell = Shell::new().bed(&bed).settings(manifests::settings(&bed, repository));
    for folder in ["live", "infra"] {
        shell.bring(&root().join(folder));
    }
    shell.must("git init --quiet && git add --all && git commit --quiet -m 'The estate'");
    shell.follow("tutorial.md");
}

/// In an estate that is applied, of somebody who has never heard of slipway.hcl.
#[test]
fn the_first_steps_from_terragrunt_work_as_written() {
    let estate = Estate::chain();
    let mut shell = Shell::new();
    for part in ["live", "infra"] {
        shell.bring(&estate.path().join(part));
    }
    shell.must("git init --quiet && slipway apply --yes && rm -r .slipway");
    shell.follow("migration.md");
}

#[test]
fn the_page_on_saved_plans_works_as_written() {
    let estate = Estate::new();
    estate.unit("one", &[]).unit("two", &[]);
    let mut shell = Shell::new();
    for part in ["live", "infra", "slipway.hcl"] {
        shell.bring(&estate.path().join(part));
    }
    shell.must(
        "git init --quiet && echo states/ > .gitignore && git add --all && git commit --quiet -m 'Two units'",
    );
    shell.follow("saved-plans.md");
    assert!(shell.read("states/two.tfstate").contains("two"));
}

#[test]
fn the_page_on_many_accounts_works_as_written() {
    Shell::new().follow("howto/many-accounts.md");
}

#[test]
fn the_page_on_a_monorepo_works_as_written() {
    Shell::new().follow("howto/monorepo.md");
}

/// The mirror is that of the bed; the credentials are nobody's, and nothing is asked with them.
#[test]
fn the_page_on_closed_networks_works_as_written() {
    let mirror = root().join(".tools/providers");
    assert!(mirror.is_dir(), "{} is missing; run `make setup`", mirror.display());
    let shell = Shell::new().place("/srv/providers", &mirror);
    shell
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nothing")
        .follow("howto/air-gap.md");
}

/// A command that is shown with a prompt is one that somebody types.
#[test]
fn no_page_with_commands_is_left_out() {
    let docs = root().join("docs");
    let mut folders = vec![docs.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "md") {
                continue;
            }
            let name = path.strip_prefix(&docs).unwrap().to_str().unwrap();
            let has_commands = std::fs::read_to_string(&path).unwrap().contains("\n```console\n");
            assert_eq!(has_commands, FOLLOWED.contains(&name), "{name}");
        }
    }
}
