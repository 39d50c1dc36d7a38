//! Links where we write: refused by their names, or replaced, and never gone through.

use super::world::World;

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
