//! Links where we write: refused by their names, or replaced, and never gone through.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::world::{World, git};

#[test]
fn a_link_of_a_module_is_not_written_through() {
    let world = World::new();
    world.link("modules/app/conf", world.outside());
    world.estate.write("live/app/conf/kept", "of the unit");
    let source = world.git_source("modules/app");
    world.unit("app", &source, "");
    world.run(&["plan"]).exits(1).says("conf is a symbolic link to").says("put a folder in the link's place");
    world.is_untouched();
    // One that stands in a folder deeper, leads up, or dangles.
    for (link, target) in
        [("deep/er/conf", "../../../../../.."), ("conf", "/nowhere/at/all"), ("conf", "conf")]
    {
        let world = World::new();
        world.link(&format!("modules/app/{link}"), target);
        world.estate.write(&format!("live/app/{link}/kept"), "of the unit");
        let source = world.git_source("modules/app");
        world.unit("app", &source, "");
        world.run(&["plan"]).exits(1).says("is a symbolic link to");
        world.is_untouched();
    }
}

#[test]
fn links_within_a_module_work_as_before() {
    let world = World::new();
    world
        .estate
        .write("modules/app/envs/defaults/main.tf", "output \"text\" {\n  value = file(\"values\")\n}\n");
    world.estate.write("modules/app/envs/defaults/values", "of the module");
    world.link("modules/app/envs/dev", "defaults");
    world.link("modules/app/envs/defaults/own", "../../main.tf");
    world.link("modules/app/envs/defaults/outside", world.outside());
    world.unit("copied", "${get_repo_root()}/modules/app//envs/dev", "");
    let source = world.git_source("modules/app");
    world.unit("shared", &format!("{source}//envs/dev"), "");
    for unit in ["copied", "shared"] {
        world.estate.write(&format!("live/{unit}/values"), &format!("of {unit}"));
    }
    world.run(&["apply", "--yes"]).exits(0);
    for unit in ["copied", "shared"] {
        world.run(&["output", unit]).exits(0).says(format!("of {unit}"));
    }
    world.is_untouched();
}

#[test]
fn what_a_tool_writes_is_no_link_of_a_module() {
    let world = World::new();
    for (place, target) in [
        (".terraform", "folder"),
        (".terraform.lock.hcl", "kept"),
        ("terraform.tfstate", "kept"),
        ("terraform.tfstate.backup", "kept"),
        (".terraform.tfstate.lock.info", "kept"),
        ("backend.tf", "main.tf"),
        ("error-signals.json", "kept"),
    ] {
        world.link(&format!("modules/app/{place}"), world.outside().join(target));
    }
    world.estate.write("modules/app/more.tf", "terraform {\n  required_version = \">= 1.0\"\n}\n");
    let source = world.git_source("modules/app");
    world.unit("app", &source, "");
    world.unit("without-backend", &source, "");
    world.estate.write(
        "live/without-backend/terragrunt.hcl",
        &format!("terraform {{\n  source = \"{source}\"\n}}\n"),
    );
    world.run(&["apply", "--yes"]).exits(0);
    world.run(&["apply", "--yes"]).exits(0).says("nothing to change");
    world.is_untouched();
}

#[test]
fn generated_files_stay_in_the_repository() {
    let world = World::new();
    let generate = |path: &str| {
        let block = format!(
            "generate \"x\" {{\n  path = \"{path}\"\n  if_exists = \"overwrite\"\n  contents = \"# x\"\n}}\n"
        );
        world.unit("app", "${get_repo_root()}/modules//app", &block);
    };
    let outside = world.outside().join("kept").display().to_string();
    world.link("live/app/out", world.outside());
    for path in [
        outside.as_str(),
        "../../../../../../../../../etc/slipway-was-here",
        "${get_terragrunt_dir()}/out/kept",
        "${get_repo_root()}/.git/hooks/post-checkout",
        "${get_repo_root()}/.slipway/units/other/main.tf",
    ] {
        generate(path);
        world.run(&["plan"]).exits(1);
        world.is_untouched();
        assert!(!world.path(".git/hooks/post-checkout").exists());
    }
    generate("${get_terragrunt_dir()}/.tool-versions");
    world.run(&["plan"]).exits(0);
    assert!(world.path("live/app/.tool-versions").is_file());
}

/// An estate with a stack of one unit and a stack in it.
fn stacked() -> World {
    let world = World::new();
    let source = world.path("catalog/app").display().to_string();
    let unit =
        format!("unit \"app\" {{\n  source = \"{source}\"\n  path = \"app\"\n  values = {{ a = 1 }}\n}}\n");
    world.estate.write(
        "live/shop/terragrunt.stack.hcl",
        &format!("{unit}stack \"jobs\" {{\n  source = \"${{get_repo_root()}}/catalog/jobs\"\n  path = \"jobs\"\n}}\n"),
    );
    world.estate.write("catalog/jobs/terragrunt.stack.hcl", &unit);
    world.estate.write("catalog/app/terragrunt.hcl", "inputs = { a = values.a }\n");
    world.estate.write("catalog/app/conf/kept", "of the catalog");
    world.estate.write("catalog/app/main.tf", "");
    world
}

/// The message that Terragrunt's own format of a list of copied files would have for these.
fn manifest(entries: &[(PathBuf, bool)]) -> Vec<u8> {
    let number = |bytes: &mut Vec<u8>, number: usize| match u8::try_from(number) {
        Ok(small) if small < 128 => bytes.push(small),
        Ok(byte) => bytes.extend([0xff, byte]),
        Err(_) => bytes.extend([&[0xfe][..], &u16::try_from(number).unwrap().to_be_bytes()].concat()),
    };
    let mut bytes =
        b"\x31\x7f\x03\x01\x01\x11fileManifestEntry\x01\xff\x80\x00\x01\x02\x01\x04Path\x01\x0c\x00\x01\x05IsDir\x01\x02\x00\x00\x00".to_vec();
    for (path, is_dir) in entries {
        let path = path.as_os_str().as_encoded_bytes();
        let mut message = b"\xff\x80\x01".to_vec();
        number(&mut message, path.len());
        message.extend(path);
        message.extend(if *is_dir { &b"\x01\x01\x00"[..] } else { &b"\x00"[..] });
        number(&mut bytes, message.len());
        bytes.extend(message);
    }
    bytes
}

#[test]
fn a_link_where_a_stack_is_generated_is_refused_by_its_name() {
    for place in [
        ".terragrunt-stack",
        ".terragrunt-stack/app",
        ".terragrunt-stack/app/conf",
        ".terragrunt-stack/jobs",
        ".terragrunt-stack/jobs/.terragrunt-stack",
        ".terragrunt-stack/jobs/.terragrunt-stack/app/conf",
    ] {
        let world = stacked();
        let target =
            if place.ends_with("conf") { world.outside().to_owned() } else { world.outside().join("folder") };
        world.link(&format!("live/shop/{place}"), target);
        for command in [&["stack", "generate"][..], &["plan", "shop"], &["apply", "shop", "--yes"]] {
            let name = Path::new(place).file_name().unwrap().to_str().unwrap();
            world.run(command).exits(5).says(format!("{name} is a symbolic link to"));
            world.is_untouched();
        }
        world.run(&["stack", "clean", "--yes"]);
        world.is_untouched();
    }
    // Where a file goes, a link is replaced.
    let world = stacked();
    for file in ["terragrunt.hcl", "conf/kept", "terragrunt.values.hcl", ".terragrunt-stack-manifest"] {
        world.link(&format!("live/shop/.terragrunt-stack/app/{file}"), world.outside().join("kept"));
    }
    world.run(&["stack", "generate"]).exits(0);
    world.is_untouched();
    assert!(
        world.path("live/shop/.terragrunt-stack/app/terragrunt.hcl").symlink_metadata().unwrap().is_file()
    );
}

#[test]
fn lists_of_generated_files_delete_nothing_elsewhere() {
    let world = stacked();
    world.run(&["stack", "generate"]).exits(0);
    let app = world.path("live/shop/.terragrunt-stack/app");
    world.link("live/shop/.terragrunt-stack/app/out", world.outside());
    for file in ["terraform.tfstate", "copied-before"] {
        std::fs::write(app.join(file), "").unwrap();
    }
    let files = |names: &[&str]| names.iter().map(|name| (app.join(name), false)).collect::<Vec<_>>();
    let mut entries =
        files(&["terraform.tfstate", "copied-before", "out/kept", "../../terragrunt.stack.hcl"]);
    entries.push((world.outside().join("kept"), false));
    entries.extend([(app.join("out"), true), (app.join(".."), true), (world.outside().to_owned(), true)]);
    std::fs::write(app.join(".terragrunt-stack-manifest"), manifest(&entries)).unwrap();
    // One that the other lists lead to.
    std::fs::write(
        world.path("live/shop/.terragrunt-stack/.terragrunt-stack-manifest"),
        manifest(&files(&["../../terragrunt.stack.hcl"])),
    )
    .unwrap();
    world.run(&["stack", "generate"]).exits(0).says("1 removed");
    world.is_untouched();
    assert!(!app.join("copied-before").exists() && app.join("terraform.tfstate").exists());
    assert!(world.path("live/shop/terragrunt.stack.hcl").is_file());
    world.run(&["stack", "clean"]).exits(5);
    world.run(&["stack", "clean", "--yes"]).exits(0);
    world.is_untouched();
    assert!(!app.exists());
}

#[test]
fn an_estate_that_is_reached_by_links_works() {
    let world = stacked();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("live");
    std::os::unix::fs::symlink(world.estate.path(), &link).unwrap();
    world.run_in(&link, &["stack", "generate"]).exits(0);
    world.run_in(&link.join("live/shop"), &["stack", "generate"]).exits(0);
    world.run_in(&link, &["apply", "app", "--yes"]).exits(0);
    let by_flag = link.join("live/app").display().to_string();
    world.run_in(elsewhere.path(), &["-C", link.to_str().unwrap(), "plan", "app"]).exits(0);
    world.run_in(elsewhere.path(), &["-C", &by_flag, "plan", "--out", "plans"]).exits(0);
    assert!(world.path("live/app/plans/slipway-plans.json").is_file());
    // The estate's root itself is a link, within the project and out of it.
    let moved = elsewhere.path().join("data");
    std::fs::rename(world.path("live"), &moved).unwrap();
    world.link("live", &moved);
    git(&moved, &["init", "--quiet"]);
    world.run(&["stack", "generate"]).exits(0);
    assert!(moved.join("shop/.terragrunt-stack/app/terragrunt.hcl").is_file());
}

/// A tree that Git would not make: its entries are mode, name and object.
fn tree(folder: &Path, entries: &[(&str, &str, &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, object) in entries {
        bytes.extend(format!("{mode} {name}\0").bytes());
        let digits: Vec<char> = object.chars().collect();
        bytes.extend(
            digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()),
        );
    }
    object(folder, "tree", &bytes)
}

fn object(folder: &Path, kind: &str, bytes: &[u8]) -> String {
    let mut child = Command::new("git")
        .current_dir(folder)
        .args(["hash-object", "-t", kind, "--literally", "-w", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn a_commit_that_names_an_entry_twice_writes_nothing_outside() {
    let world = World::new();
    let repository = world.estate.path();
    git(repository, &["add", "--all"]);
    git(repository, &["commit", "--quiet", "-m", "main"]);
    git(repository, &["branch", "--force", "base"]);
    let blob = |text: &str| object(repository, "blob", text.as_bytes());
    let outside = world.outside().display().to_string();
    let (link, dangling) = (blob(&outside), blob(&format!("{outside}/new")));
    let (file, unit) = (blob("of the commit"), blob("inputs = {}\n"));
    let inner = tree(repository, &[("100644", "kept", &file), ("100755", "new", &file)]);
    let deep = tree(repository, &[("40000", "folder", &inner)]);
    let app = tree(repository, &[("100644", "terragrunt.hcl", &unit)]);
    for entries in [
        &[("120000", "conf", &*link), ("40000", "conf", &*inner), ("40000", "app", &*app)][..],
        &[("40000", "conf", &*inner), ("120000", "conf", &*link), ("40000", "app", &*app)],
        &[("120000", "conf", &*link), ("40000", "conf", &*deep), ("40000", "app", &*app)],
        &[("120000", "new", &*dangling), ("100644", "new", &*file), ("40000", "app", &*app)],
        &[("120000", "conf", &*link), ("120000", "conf", &*link), ("100644", "conf", &*file)],
    ] {
        let hostile = tree(repository, entries);
        let commit = git(repository, &["commit-tree", &hostile, "-p", "HEAD", "-m", "pr"]);
        git(repository, &["branch", "--force", "pr", &commit]);
        for range in ["[base...pr]", "[pr...base]"] {
            world.run(&["find", "--filter", range]);
            world.is_untouched();
        }
        world.run(&["find", "--filter", "[pr...base]"]).says("cannot be laid out");
    }
}

#[test]
fn a_work_folder_in_which_a_tool_would_write_through_a_link_is_refused() {
    for place in [
        "terraform.tfstate",
        ".terraform",
        ".terraform/modules",
        ".terraform/providers",
        ".terraform.lock.hcl",
    ] {
        let world = World::new();
        world.estate.write(
            "live/app/terragrunt.hcl",
            "terraform {\n  source = \"${get_repo_root()}/modules//app\"\n}\n",
        );
        world.estate.write("modules/app/marked.tf", "");
        world.run(&["plan"]).exits(0);
        let work = world.of_ours("marked.tf")[0].parent().unwrap().to_owned();
        let link = work.join(place);
        if link.is_dir() {
            std::fs::remove_dir_all(&link).unwrap();
        } else if link.exists() {
            std::fs::remove_file(&link).unwrap();
        }
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        let target = if place.contains("tfstate") || place.contains("lock") { "kept" } else { "folder" };
        std::os::unix::fs::symlink(world.outside().join(target), &link).unwrap();
        world.run(&["apply", "--yes"]).exits(1).says(format!("{place} is a symbolic link to"));
        world.is_untouched();
    }
}

/// What works on units, or on what runs have left.
const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["apply", "--yes"],
    &["plan", "--out", "plans"],
    &["output", "app"],
    &["destroy", "--yes"],
    &["up", "--yes"],
    &["resume", "--yes"],
    &["unlock", "app"],
    &["stack", "generate"],
    &["runs"],
    &["find"],
    &["validate"],
];

#[test]
fn a_folder_of_ours_that_is_a_link_is_refused_by_its_name() {
    for place in [
        "",
        "/runs",
        "/work",
        "/units",
        "/locks",
        "/modules",
        "/providers",
        "/shims",
        "/argocd",
        "/runs.lock",
    ] {
        let world = World::new();
        world.link(&format!(".slipway{place}"), world.outside().join("folder"));
        for command in COMMANDS {
            let said = world.run(command);
            world.is_untouched();
            if !["output", "stack", "find", "validate"].contains(&command[0]) {
                said.exits(5).says(format!(".slipway{place} is a symbolic link to"));
            }
        }
    }
}

/// Puts a link in the place of everything in a folder of ours in turn, and runs commands.
fn replaced_by_links(world: &World, wanted: impl Fn(&Path) -> bool, commands: &[&[&str]]) {
    let ours = world.path(".slipway");
    let places = world.of_ours("").into_iter().filter(|place| wanted(place.strip_prefix(&ours).unwrap()));
    for place in places.collect::<Vec<_>>() {
        // What an earlier turn has led to may be another by now.
        if !place.exists() || place == ours {
            continue;
        }
        let aside = world.path("aside");
        let target = world.outside().join(if place.is_dir() { "folder" } else { "kept" });
        std::fs::rename(&place, &aside).unwrap();
        std::os::unix::fs::symlink(target, &place).unwrap();
        for command in commands {
            world.run(command);
            world.is_untouched();
        }
        if place.is_symlink() {
            std::fs::remove_file(&place).unwrap();
        } else if place.is_dir() {
            std::fs::remove_dir_all(&place).unwrap();
        } else if place.exists() {
            std::fs::remove_file(&place).unwrap();
        }
        std::fs::rename(&aside, &place).unwrap();
    }
    world.run(&["plan"]).exits(0);
}

#[test]
fn links_deeper_in_our_folder_lead_nowhere() {
    let world = World::new();
    world.run(&["apply", "--yes"]).exits(0);
    // Of a run, the folder is new each time.
    let wanted = |below: &Path| !below.starts_with("runs");
    replaced_by_links(&world, wanted, &[&["plan"], &["apply", "--yes"], &["unlock", "app"]]);
}

#[test]
fn links_among_fetched_modules_lead_nowhere() {
    let world = World::new();
    let source = world.git_source("modules/app");
    git(&world.path("modules/app"), &["tag", "v1"]);
    world.unit("app", &format!("{source}?ref=v1"), "");
    world.run(&["plan"]).exits(0);
    replaced_by_links(&world, |below| below.starts_with("modules"), &[&["plan"]]);
}

#[test]
fn a_module_behind_a_link_out_of_its_repository_is_not_run() {
    let world = World::new();
    world.link("modules/app/env", world.outside());
    world.link("modules/app/latest", "v1");
    world.estate.write("modules/app/v1/main.tf", "");
    let source = world.git_source("modules/app");
    world.unit("app", &format!("{source}//latest"), "");
    world.run(&["plan"]).exits(0);
    world.unit("app", &format!("{source}//env"), "");
    world.run(&["plan"]).exits(1).says("env is a symbolic link to");
    world.is_untouched();
}

#[test]
fn a_run_that_came_with_the_repository_is_not_gone_on_with_through_links() {
    for place in ["", "/logs", "/plans", "/journal.jsonl", "/number", "/plans/app.tfplan", "/logs/app.log"] {
        let world = World::new();
        world.estate.write(
            "modules/app/main.tf",
            "resource \"terraform_data\" \"app\" {\n  input = file(\"there\")\n}\n",
        );
        world.run(&["apply", "--yes"]).exits(1);
        let run = world.estate.newest_run();
        let link = PathBuf::from(format!("{}{place}", run.display()));
        let moved = world.path("moved");
        let is_dir = link.is_dir();
        if link.exists() {
            std::fs::rename(&link, &moved).unwrap();
        } else {
            std::fs::write(&moved, "").unwrap();
        }
        world.estate.write("modules/app/there", "");
        // To a thing of ours outside, as somebody who wants it written would have it.
        let outside = world.outside().join(if is_dir { "folder" } else { "kept" });
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        for command in [&["resume", "--yes"][..], &["runs"], &["runs", "show"], &["plan"]] {
            world.run(command);
            world.is_untouched();
        }
    }
}

#[test]
fn what_the_user_names_is_written_there_and_not_through_links_of_the_repository() {
    let world = World::new();
    world.link("reports", world.outside());
    world.link("plans", world.outside().join("folder"));
    world.link("live/plans", world.outside());
    for arguments in [
        &["plan", "--out", "reports/new"][..],
        &["plan", "--out", "plans"],
        &["plan", "--out", "live/plans/new"],
        &["plan", "--report-junit", "reports/junit.xml"],
        &["plan", "--report-html", "reports/deep/page.html"],
        &["graph", "--output", "reports/graph.svg", "--format", "svg"],
    ] {
        world.run(arguments).exits(5).says("is a symbolic link to");
        world.is_untouched();
    }
    // From a folder within, and by the whole path.
    let whole = world.path("reports/junit.xml").display().to_string();
    for file in ["../reports/junit.xml", &whole] {
        world.run_in(&world.path("live"), &["plan", "--report-junit", file]).exits(5);
        world.is_untouched();
    }
    // A link in the place of the file is replaced.
    world.link("junit.xml", world.outside().join("kept"));
    world.run(&["plan", "--report-junit", "junit.xml"]).exits(0);
    world.is_untouched();
    assert!(world.path("junit.xml").symlink_metadata().unwrap().is_file());
    // What lies elsewhere is reached on the user's own way.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir(elsewhere.path().join("data")).unwrap();
    std::os::unix::fs::symlink("data", elsewhere.path().join("link")).unwrap();
    let named = |name: &str| elsewhere.path().join("link").join(name).display().to_string();
    let (plans, report, graph) = (named("new/plans"), named("new/junit.xml"), named("graph.svg"));
    world.run(&["plan", "--out", &plans, "--report-junit", &report]).exits(0);
    world.run(&["graph", "--output", &graph, "--format", "svg"]).exits(0);
    for file in ["new/plans/slipway-plans.json", "new/junit.xml", "graph.svg"] {
        assert!(elsewhere.path().join("data").join(file).is_file(), "{file}");
    }
}
