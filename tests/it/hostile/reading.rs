//! Files that are none: pipes, devices, sockets and what is larger than memory, in the place of everything that is read.

use std::path::Path;
use std::time::{Duration, Instant};

use super::world::{World, git};

/// What is in a file's place.
const KINDS: &[Kind] = &[Kind::Device, Kind::Pipe, Kind::Socket, Kind::Large];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A link to a device without end.
    Device,
    /// A pipe that nobody writes to.
    Pipe,
    /// A socket.
    Socket,
    /// 300 MB of nothing.
    Large,
}

/// How long a command may take that is refused at once, on a machine that does much else.
const AT_ONCE: Duration = Duration::from_secs(30);

/// Puts such a thing in the place of whatever is there.
fn put(path: &Path, kind: Kind) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _none = std::fs::remove_file(path);
    match kind {
        Kind::Device => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        Kind::Pipe => nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        Kind::Socket => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        Kind::Large => std::fs::File::create(path).unwrap().set_len(300_000_000).unwrap(),
    }
}

/// Runs commands in a world for each kind of thing in the place: each is refused at once, with the file's name.
fn refused(world: impl Fn() -> World, place: &str, commands: &[&[&str]]) {
    for kind in KINDS {
        let world = world();
        // The path of a socket may have a hundred bytes.
        put(&world.path(place), *kind);
        for command in commands {
            let began = Instant::now();
            let said = world.run(command);
            let name = Path::new(place).file_name().unwrap().to_str().unwrap();
            assert!(began.elapsed() < AT_ONCE, "{kind:?} as {place}, {command:?}: {:?}", began.elapsed());
            assert_ne!(said.code, 0, "{kind:?} as {place}, {command:?}: {}", said.text);
            assert!(said.text.contains(name), "{kind:?} as {place}, {command:?}: {}", said.text);
            world.is_untouched();
        }
    }
}

const WORK: &[&[&str]] = &[&["plan"], &["apply", "--yes"]];

#[test]
fn code_is_read_only_where_it_ends() {
    refused(World::new, "modules/app/main.tf", &[WORK, &[&["validate"]]].concat());
    refused(World::new, "modules/app/more.tf.json", &[WORK, &[&["validate"]]].concat());
    refused(World::new, "modules/app/data.bin.tofu", WORK);
    refused(World::new, "live/app/extra.tf", WORK);
}

#[test]
fn variable_files_are_read_only_where_they_end() {
    for place in
        ["modules/app/terraform.tfvars", "modules/app/x.auto.tfvars.json", "live/app/terraform.tfvars"]
    {
        refused(with_variable, place, &[WORK, &[&["validate"]]].concat());
    }
    for list in ["required_var_files", "optional_var_files"] {
        let world = || {
            let world = with_variable();
            world.unit("app", "${get_repo_root()}/modules//app", "");
            let more = format!(
                "extra_arguments \"x\" {{\n  commands = [\"plan\", \"apply\"]\n  {list} = [\"${{get_repo_root()}}/own.vars\"]\n}}\n"
            );
            let unit = world.path("live/app/terragrunt.hcl");
            let text = std::fs::read_to_string(&unit).unwrap();
            std::fs::write(&unit, text.replace("modules//app\"\n}", &format!("modules//app\"\n{more}}}")))
                .unwrap();
            world
        };
        refused(world, "own.vars", &[WORK, &[&["validate"]]].concat());
    }
}

/// With a variable that has no default.
fn with_variable() -> World {
    let world = World::new();
    world.estate.write("modules/app/variables.tf", "variable \"given\" {}\n");
    world
}

#[test]
fn states_and_lock_files_are_read_only_where_they_end() {
    let commands = [WORK, &[&["output", "app"], &["destroy", "--yes"], &["plan", "--out", "plans"]]].concat();
    refused(World::new, "states/app.tfstate", &commands);
    refused(World::new, "live/app/.terraform.lock.hcl", WORK);
    refused(World::new, "modules/app/.terraform.lock.hcl", WORK);
    // One that the tool reads beside the module, and another's that is shown.
    let alone = || {
        let world = World::new();
        world.estate.write("live/alone/terragrunt.hcl", "");
        world.estate.write("live/alone/main.tf", "output \"a\" {\n  value = 1\n}\n");
        world.estate.write(
            "live/after/terragrunt.hcl",
            "dependency \"alone\" {\n  config_path = \"../alone\"\n}\ninputs = {\n  a = dependency.alone.outputs.a\n}\n",
        );
        world
    };
    refused(alone, "live/alone/terraform.tfstate", &[&["plan", "alone"], &["render", "after"]]);
}

#[test]
fn what_a_repository_configures_is_read_only_where_it_ends() {
    let all = [&["find"][..], &["plan"], &["validate"]];
    refused(World::new, "slipway.hcl", &all);
    refused(World::new, "live/app/terragrunt.hcl", &all);
    refused(World::new, "live/root.hcl", &all);
    refused(World::new, ".terragrunt-filters", &[&["find"], &["plan"]]);
    refused(World::new, ".terragrunt-excludes", &[&["find"]]);
    let with = |text: &'static str| {
        move || {
            let world = World::new();
            world.unit("app", "${get_repo_root()}/modules//app", text);
            world
        }
    };
    let read = [&["render", "live/app"][..], &["plan"], &["validate"]];
    refused(with("inputs = {\n  a = file(\"there.txt\")\n}\n"), "live/app/there.txt", &read);
    refused(with("inputs = {\n  a = filesha256(\"there.txt\")\n}\n"), "live/app/there.txt", &read);
    refused(
        with("inputs = {\n  a = read_tfvars_file(\"there.tfvars\")\n}\n"),
        "live/app/there.tfvars",
        &read,
    );
    refused(with("inputs = {\n  a = sops_decrypt_file(\"there.yaml\")\n}\n"), "live/app/there.yaml", &read);
    refused(with("locals {\n  a = read_terragrunt_config(\"there.hcl\")\n}\n"), "live/app/there.hcl", &read);
    refused(with("inputs = {\n  a = values.a\n}\n"), "live/app/terragrunt.values.hcl", &read);
}

#[test]
fn git_waits_for_no_pipe_in_the_place_of_its_own_files() {
    let world = || {
        let world = World::new();
        git(world.estate.path(), &["add", "--all"]);
        git(world.estate.path(), &["commit", "--quiet", "-m", "one"]);
        world
    };
    for name in [".gitignore", ".gitattributes"] {
        let world = world();
        put(&world.path(name), Kind::Pipe);
        let began = Instant::now();
        world.run(&["find", "--affected=HEAD"]).exits(3).says(name);
        // Whether there are changes is only noted.
        world.run(&["plan", "--out", "plans"]).exits(0);
        assert!(began.elapsed() < AT_ONCE);
    }
    let world = world();
    put(&world.path(".gitignore"), Kind::Device);
    world.run(&["find", "--affected=HEAD"]).exits(0);
}

#[test]
fn stacks_are_made_only_of_what_ends() {
    let stacked = || {
        let world = World::new();
        world.estate.write(
            "live/shop/terragrunt.stack.hcl",
            "unit \"app\" {\n  source = \"../../catalog/app\"\n  path = \"app\"\n}\n",
        );
        world.estate.write("catalog/app/terragrunt.hcl", "");
        world
    };
    refused(
        stacked,
        "live/shop/terragrunt.stack.hcl",
        &[&["stack", "generate"], &["find", "--expand-stacks"]],
    );
    for kind in KINDS.iter().filter(|kind| **kind != Kind::Large) {
        let world = stacked();
        put(&world.path("catalog/app/data"), *kind);
        world.run(&["stack", "generate"]).exits(5).says("catalog/app/data").says("pipe or a device");
        assert!(!world.path("live/shop/.terragrunt-stack").exists());
    }
    // What is only copied may be large.
    let world = stacked();
    put(&world.path("catalog/app/data"), Kind::Large);
    world.run(&["stack", "generate"]).exits(0);
    world.run(&["stack", "generate"]).exits(0).says("0 files written");
}

#[test]
fn what_is_copied_into_a_work_folder_ends() {
    for kind in KINDS.iter().filter(|kind| **kind != Kind::Large) {
        let world = World::new();
        put(&world.path("modules/app/data"), *kind);
        world.run(&["plan"]).exits(1).says("modules/app/data").says("put a regular file in its place");
    }
    let world = World::new();
    put(&world.path("modules/app/data"), Kind::Large);
    world.run(&["plan"]).exits(0);
    // A fetched module holds links only.
    for name in ["main.tf", "x.auto.tfvars", "data"] {
        let world = World::new();
        put(&world.path("modules/app").join(name), Kind::Device);
        let source = world.git_source("modules/app");
        world.unit("app", &source, "");
        world.run(&["plan"]).exits(1).says(name).says("it is a pipe or a device");
    }
}

#[test]
fn a_token_is_read_only_where_its_file_ends() {
    let world = || {
        let world = World::new();
        let role = "iam_role = \"arn:aws:iam::123456789012:role/x\"\niam_web_identity_token = \"${get_repo_root()}/token.jwt\"\n";
        world.unit("app", "${get_repo_root()}/modules//app", role);
        world
    };
    refused(world, "token.jwt", WORK);
}

#[test]
fn what_we_left_ourselves_is_read_only_where_it_ends() {
    // A run and a unit's folder, as somebody else may have had them meanwhile.
    let after_a_run = || {
        let world = World::new();
        world.run(&["apply", "--yes"]).exits(0);
        world
    };
    let first = after_a_run();
    let ours = first.path(".slipway");
    let relative = |part: &str| {
        let found = first.of_ours(part);
        let below = found.first().unwrap().strip_prefix(&ours).unwrap();
        Path::new(".slipway").join(below).to_str().unwrap().to_owned()
    };
    refused(after_a_run, &relative(".brought"), &[&["plan"]]);
    // What is only locked is never read, so that its size says nothing.
    for place in [".slipway/runs.lock", ".slipway/locks/guard"] {
        for kind in KINDS.iter().filter(|kind| **kind != Kind::Large) {
            let world = after_a_run();
            put(&world.path(place), *kind);
            let name = Path::new(place).file_name().unwrap().to_str().unwrap();
            let said = world.run(&["apply", "--yes"]);
            assert!(said.code != 0 && said.text.contains(name), "{kind:?} as {place}: {}", said.text);
        }
    }
    for kind in KINDS {
        let world = after_a_run();
        let journal = world.estate.newest_run().join("journal.jsonl");
        put(&journal, *kind);
        for command in [&["runs", "show"][..], &["resume", "--yes"]] {
            let began = Instant::now();
            let said = world.run(command);
            assert!(said.code != 0 && said.text.contains("journal.jsonl"), "{kind:?}: {}", said.text);
            assert!(began.elapsed() < AT_ONCE);
        }
    }
    for kind in KINDS {
        let world = World::new();
        world.run(&["plan", "--out", "plans"]).exits(0);
        put(&world.path("plans/plans/app.tfplan"), *kind);
        let began = Instant::now();
        world.run(&["apply", "plans", "--yes"]).exits(5).says("app.tfplan");
        assert!(began.elapsed() < AT_ONCE);
    }
}

#[test]
fn an_archive_is_unpacked_only_where_it_ends() {
    let world = || {
        let world = World::new();
        world.unit("app", "${get_repo_root()}/modules.zip", "");
        world
    };
    refused(world, "modules.zip", &[&["plan"]]);
}
