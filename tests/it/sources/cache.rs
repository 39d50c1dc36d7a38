use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::server::{Page, Server};
use super::{Modules, trees, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// Twelve units of one archive on a server.
fn twelve(server: &Server) -> Estate {
    let modules = Modules::new();
    server.put("/m.zip", Page::body(modules.archive("zip")).header("ETag", "\"one\""));
    let estate = Estate::new();
    for index in 0..12 {
        unit(&estate, &format!("u{index}"), &format!("{}/m.zip//modules/text", server.address));
    }
    estate
}

#[test]
fn twelve_units_of_one_source_fetch_it_once_and_share_its_files() {
    let server = Server::start();
    let estate = twelve(&server);
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["apply", "--yes"]).exits(0);
    assert_eq!(server.asked("/m.zip"), 1);
    assert_eq!(trees(&estate).len(), 1, "{:?}", trees(&estate));
    let cached = trees(&estate)[0].join("modules/text/main.tf");
    let cached = std::fs::metadata(cached).unwrap();
    assert_eq!((cached.nlink(), cached.mode() & 0o777), (13, 0o444));
    for index in 0..12 {
        assert_eq!(estate.applied(&format!("u{index}")), Some(format!("u{index}!")));
        let file = estate.path().join(format!(".slipway/work/u{index}/module/modules/text/main.tf"));
        assert_eq!(std::fs::metadata(file).unwrap().ino(), cached.ino());
    }
    // The next run asks once whether it is still the same, and says nothing has changed.
    slipway().run(&["plan"]).exits(0).says("nothing to change");
    assert_eq!(server.asked("/m.zip"), 2);
}

#[test]
fn two_processes_at_once_fetch_once() {
    let server = Server::start();
    let estate = twelve(&server);
    let start = |name: &str| {
        let mut command = Slipway::new(estate.path(), &tool("tofu")).into_command(&["plan", name]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = ["u0", "u1", "u2"].map(start);
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(server.asked("/m.zip"), 1);
    assert_eq!(trees(&estate).len(), 1);
}

#[test]
fn a_run_killed_in_the_middle_of_a_fetch_leaves_nothing_that_is_taken_for_whole() {
    let server = Server::start();
    let estate = twelve(&server);
    let whole = Modules::new().archive("zip");
    server.put("/m.zip", Page { stalls: true, ..Page::body(whole.clone()) });
    let mut child = Slipway::new(estate.path(), &tool("tofu"))
        .into_command(&["plan", "u0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.asked("/m.zip") == 0 || trees(&estate).is_empty() {
        assert!(Instant::now() < deadline, "nothing was fetched");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.put("/m.zip", Page::body(whole));
    Slipway::new(estate.path(), &tool("tofu")).run(&["apply", "u0", "--yes"]).exits(0);
    assert_eq!(estate.applied("u0").as_deref(), Some("u0!"));
    assert_eq!(trees(&estate).len(), 1, "{:?}", trees(&estate));
}

#[test]
fn a_branch_is_followed_and_a_tag_and_a_commit_need_no_network() {
    let modules = Modules::new();
    let estate = Estate::new();
    let source =
        |reference: &str| format!("git::file://{}//modules/text?ref={reference}", modules.path().display());
    let commit = modules.git(&["rev-parse", "HEAD"]);
    unit(&estate, "branch", &source("main"));
    unit(&estate, "tag", &source("v1"));
    unit(&estate, "commit", &source(&commit));
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["apply", "--yes"]).exits(0);
    modules.set_suffix("?");
    slipway().run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("branch").as_deref(), Some("branch?"));
    assert_eq!(estate.applied("tag").as_deref(), Some("tag!"));
    assert_eq!(trees(&estate).len(), 2);

    // The same repository on a server that is down.
    let served = tempfile::tempdir().unwrap();
    modules.bare(served.path());
    let git_server = crate::gitops::server::GitServer::start(served.path(), "u", "p");
    let host = git_server.address.trim_start_matches("http://").to_owned();
    for (name, reference) in [("branch", "main"), ("tag", "v1"), ("commit", commit.as_str())] {
        unit(&estate, name, &format!("git::http://u:p@{host}/modules.git//modules/text?ref={reference}"));
    }
    slipway().run(&["plan"]).exits(0);
    let down = "127.0.0.1:9";
    estate.write(".gitconfig", &format!("[url \"http://{down}/\"]\n\tinsteadOf = http://{host}/\n"));
    slipway().run(&["plan", "tag"]).exits(0);
    slipway().run(&["plan", "commit"]).exits(0);
    slipway().run(&["plan", "branch"]).exits(1).says("was not reached");
    unit(&estate, "tag", &format!("git::http://u:p@{host}/modules.git//modules/text?ref=v2"));
    slipway().run(&["plan", "tag"]).exits(1).says("was not reached");
}

#[test]
fn a_ref_that_is_not_there_is_named() {
    let modules = Modules::new();
    let estate = Estate::new();
    unit(&estate, "a", &format!("git::file://{}//modules/text?ref=v9", modules.path().display()));
    unit(&estate, "b", &format!("git::file://{}//modules/text?ref=abcdef1", modules.path().display()));
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["plan", "a"]).exits(1).says("has no branch, tag or commit v9");
    slipway().run(&["plan", "b"]).exits(1).says("has no branch, tag or commit abcdef1");
}

#[test]
fn what_is_written_in_a_unit_never_reaches_the_cache_and_a_damaged_tree_is_fetched_anew() {
    let modules = Modules::new();
    modules.write("modules/text/backend.tf", "# the module's own\n");
    modules.write("modules/text/extra.tf", "locals {\n  of = \"module\"\n}\n");
    modules.commit("more files");
    let estate = Estate::new();
    unit(&estate, "a", &format!("git::file://{}//modules/text?ref=main", modules.path().display()));
    estate.write("live/a/extra.tf", "locals {\n  of = \"unit\"\n}\n");
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["apply", "--yes"]).exits(0);
    let tree = trees(&estate)[0].join("modules/text");
    let work = estate.path().join(".slipway/work/a/module/modules/text");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert!(read(&work.join("backend.tf")).contains("states/a.tfstate"));
    assert_eq!(read(&tree.join("backend.tf")), "# the module's own\n");
    assert!(read(&work.join("extra.tf")).contains("unit"));
    assert!(read(&tree.join("extra.tf")).contains("module"));

    // Somebody with all rights writes through a link.
    let main = work.join("main.tf");
    let whole = read(&main);
    std::fs::set_permissions(&main, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::write(&main, whole.replace("input = ", "input = # written\n")).unwrap();
    assert!(read(&tree.join("main.tf")).contains("# written"));
    slipway().run(&["plan"]).exits(0).says("nothing to change");
    assert_eq!(read(&tree.join("main.tf")), whole);
    assert_eq!(read(&main), whole);
}
