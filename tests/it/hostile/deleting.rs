//! Lists of files that were ours once: whatever they say, nothing outside goes, and nothing that a tool wrote.

use std::path::Path;

use super::world::World;

/// What a list could name, with its separator.
fn hostile(world: &World, separator: &str) -> String {
    let outside = world.outside().join("kept").display().to_string();
    let climbing = format!("{}{outside}", "../".repeat(30));
    let relative = "../".repeat(9) + "modules/app/main.tf";
    [&outside, &climbing, &relative, "out/kept", "terraform.tfstate", ".terraform.lock.hcl", "/"]
        .join(separator)
}

#[test]
fn a_module_cannot_have_files_deleted() {
    let world = World::new();
    world.estate.write("modules/app/.slipway-files", &hostile(&world, "\n"));
    world.estate.write("modules/app/module.brought", &hostile(&world, "\0"));
    world.link("modules/app/out", world.outside());
    world.unit("copied", "${get_repo_root()}/modules//app", "");
    world.unit("included", "${get_repo_root()}/modules//app", "");
    world.estate.write(
        "live/included/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"${get_repo_root()}/modules//app\"\n  include_in_copy = [\".slipway-files\"]\n}\n",
    );
    let source = world.git_source("modules/app");
    world.unit("shared", &source, "");
    for _ in 0..2 {
        world.run(&["plan"]).exits(0);
        world.is_untouched();
        assert!(world.path("modules/app/main.tf").is_file());
    }
}

#[test]
fn a_list_that_came_with_the_repository_deletes_nothing_outside_of_its_folder() {
    let world = World::new();
    world.estate.write("modules/app/extra.tf", "");
    world.run(&["apply", "--yes"]).exits(0);
    let lists = world.of_ours(".brought");
    assert!(!lists.is_empty(), "no list is kept");
    for list in &lists {
        std::fs::write(list, hostile(&world, "\0")).unwrap();
    }
    let modules = world.of_ours("extra.tf");
    assert_eq!(modules.len(), 1);
    let work = modules[0].parent().unwrap();
    std::os::unix::fs::symlink(world.outside(), work.join("out")).unwrap();
    world.run(&["plan"]).exits(0);
    world.is_untouched();
    // The same in the form of earlier versions.
    for list in &lists {
        std::fs::remove_file(list).unwrap();
    }
    for folder in [work, work.parent().unwrap()] {
        std::fs::write(folder.join(".slipway-files"), hostile(&world, "\n")).unwrap();
    }
    world.run(&["plan"]).exits(0);
    world.is_untouched();
    assert!(world.path("modules/app/main.tf").is_file());
}

#[test]
fn what_leaves_a_module_leaves_its_work_folder_and_what_a_tool_wrote_stays() {
    let world = World::new();
    world.estate.write("modules/app/gone/a.tf", "");
    world.estate.write("modules/app/swapped/b.txt", "");
    world.run(&["apply", "--yes"]).exits(0);
    let work = world.of_ours("b.txt")[0].parent().unwrap().parent().unwrap().to_owned();
    std::fs::write(work.join("made-by-a-tool"), "").unwrap();
    std::fs::remove_dir_all(world.path("modules/app/gone")).unwrap();
    std::fs::remove_dir_all(world.path("modules/app/swapped")).unwrap();
    world.estate.write("modules/app/swapped", "a file where a folder was");
    world.run(&["plan"]).exits(0);
    assert!(!work.join("gone").exists());
    assert!(work.join("swapped").is_file() && work.join("made-by-a-tool").is_file());
}

#[test]
fn a_state_that_lies_beside_a_module_is_brought_once_and_is_the_tools_from_then_on() {
    let world = World::new();
    let state = r#"{"version":4,"terraform_version":"1.8.0","serial":7,"lineage":"of-old","outputs":{},"resources":[]}"#;
    world.estate.write("live/alone/main.tf", "resource \"terraform_data\" \"alone\" {}\n");
    world.estate.write("live/alone/terragrunt.hcl", "");
    world.estate.write("live/alone/terraform.tfstate", state);
    world.run(&["apply", "alone", "--yes"]).exits(0);
    let serial = || {
        let states = world.of_ours("terraform.tfstate");
        let state = states.iter().find(|file| file.ends_with(Path::new("terraform.tfstate"))).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
        (json["lineage"].as_str().unwrap().to_owned(), json["serial"].as_u64().unwrap())
    };
    assert_eq!(serial(), ("of-old".to_owned(), 8));
    world.run(&["apply", "alone", "--yes"]).exits(0).says("nothing to change");
    assert_eq!(serial(), ("of-old".to_owned(), 8));
    assert_eq!(std::fs::read_to_string(world.path("live/alone/terraform.tfstate")).unwrap(), state);
}
