//! Commands of the tool, and any program, over units: `slipway run` and `slipway exec`.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::locks::signal;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::{terraforms, tool};

fn slipway(estate: &Estate, tool: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), tool).run(arguments)
}

fn run(estate: &Estate, arguments: &[&str]) -> Ended {
    slipway(estate, &tool("tofu"), arguments)
}

/// The chain, applied.
fn applied(tool: &Path) -> Estate {
    let estate = Estate::chain();
    slipway(&estate, tool, &["apply", "--yes"]).exits(0);
    estate
}

/// The names of units in front of what they have printed.
fn heads(ended: &Ended) -> Vec<String> {
    ended.stdout.lines().filter_map(|line| line.strip_prefix("── ")).map(str::to_owned).collect()
}

#[test]
fn a_command_is_run_over_the_units_in_the_order_of_the_graph() {
    for tool in terraforms() {
        let estate = applied(&tool);
        let list = slipway(&estate, &tool, &["run", "--", "state", "list"]).exits(0);
        assert_eq!(list.stdout.matches("terraform_data.this").count(), 4, "{}", list.stdout);
        let place = |name: &str| heads(&list).iter().position(|head| head == name).expect("it is there");
        assert!(place("networking") < place("cluster") && place("cluster") < place("identity"));
        let list = list.says("4 units: 4 done");
        assert!(!list.stdout.contains("units:"), "the answer is the tool's: {}", list.stdout);
        // One unit is answered as the tool answers.
        let alone = slipway(&estate, &tool, &["run", "cluster", "--", "output", "-raw", "value"]).exits(0);
        assert_eq!(alone.stdout.trim_end(), "cluster < networking");
        let two =
            slipway(&estate, &tool, &["run", "--filter", "cluster", "--filter", "bucket", "--", "validate"]);
        assert_eq!(heads(&two.exits(0)).len(), 2);
    }
}

#[test]
fn what_each_command_is_for_works_with_the_real_tools() {
    for tool in terraforms() {
        let estate = Estate::chain();
        let run = |arguments: &[&str]| slipway(&estate, &tool, arguments);
        run(&["run", "bucket", "--", "init", "-upgrade"]).exits(0);
        run(&["run", "bucket", "--", "validate"]).exits(0).says("Success!");
        run(&["run", "bucket", "--", "providers"]).exits(0).says("terraform.io/builtin/terraform");
        estate.write(
            "infra/text/main.tftest.hcl",
            "run \"it\" {\n  command = plan\n  assert {\n    condition     = var.value == \"bucket\"\n    \
             error_message = \"no\"\n  }\n}\n",
        );
        run(&["run", "bucket", "--", "test"]).exits(0).says("1 passed");
        let changes = run(&["run", "bucket", "--", "plan", "-detailed-exitcode"]).exits(2);
        // Only the tool's own code says so, whatever words somebody types.
        run(&["exec", "bucket", "--", "echo", "there are changes"]).exits(0);
        assert!(changes.stdout.contains("will be created"), "{}", changes.stdout);
        run(&["apply", "bucket", "--yes"]).exits(0);
        run(&["run", "bucket", "--", "plan", "-detailed-exitcode"]).exits(0).says("No changes");
        run(&["run", "bucket", "--yes", "--", "state", "rm", "terraform_data.this"]).exits(0);
        assert_eq!(run(&["run", "bucket", "--", "state", "list"]).exits(0).stdout, "");
        let import = ["run", "bucket", "--yes", "--", "import", "terraform_data.this", "an-id"];
        run(&import).exits(0);
        assert!(
            run(&["run", "bucket", "--", "state", "list"]).exits(0).stdout.contains("terraform_data.this")
        );
        run(&["run", "bucket", "--yes", "--", "taint", "terraform_data.this"]).exits(0);
        run(&["run", "bucket", "--", "plan"]).exits(0).says("tainted");
    }
}

#[test]
fn nothing_is_applied_and_no_state_is_changed_unasked() {
    let estate = applied(&tool("tofu"));
    let before = estate.applied("bucket");
    run(&estate, &["run", "bucket", "--", "apply", "-auto-approve"]).exits(5).says("slipway apply");
    run(&estate, &["run", "bucket", "--", "destroy", "-auto-approve"]).exits(5).says("slipway destroy");
    run(&estate, &["run", "bucket", "--", "plan", "-out=x"]).exits(5).says("slipway plan --out DIR");
    run(&estate, &["run", "bucket", "--", "state", "rm", "terraform_data.this"]).exits(5).says("pass --yes");
    run(&estate, &["exec", "bucket", "--", "tofu", "destroy", "-auto-approve"]).exits(5).says("slipway run");
    run(&estate, &["run", "bucket", "--", "aply"]).exits(64).says("no command \"aply\"");
    run(&estate, &["run", "bucket", "--untrusted", "--", "state", "list"]).exits(5);
    run(&estate, &["exec", "--untrusted", "--", "true"]).exits(5);
    assert_eq!(estate.applied("bucket"), before);
    assert!(before.is_some());
}

#[test]
fn a_dry_run_says_what_would_be_run_where_and_runs_nothing() {
    let estate = Estate::chain();
    let told = run(&estate, &["run", "--dry-run", "--", "state", "rm", "a.b"]).exits(0);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", told.stdout);
    assert!(
        lines.iter().all(|line| line.contains(": tofu state rm a.b (in .slipway/work/")),
        "{}",
        told.stdout
    );
    let backwards = run(&estate, &["run", "--dry-run", "--", "plan", "-destroy"]).exits(0);
    let place = |name: &str| backwards.stdout.lines().position(|line| line.starts_with(name)).unwrap();
    assert!(place("identity") < place("cluster") && place("cluster") < place("networking"));
    let json =
        run(&estate, &["exec", "bucket", "--dry-run", "--format", "json", "--", "env"]).exits(0).json();
    assert_eq!((&json[0]["unit"], &json[0]["command"]), (&"bucket".into(), &"env".into()));
    assert!(!estate.path().join(".slipway/work").exists());
    assert!(!estate.path().join(".slipway/runs").exists());
}

#[test]
fn a_program_has_the_folder_the_inputs_and_the_environment_of_its_unit() {
    let estate = applied(&tool("tofu"));
    let said = run(
        &estate,
        &["exec", "cluster", "--", "sh", "-c", "pwd; ls; echo \"$TF_VAR_value\"; echo beside >&2"],
    );
    let said = said.exits(0).says("beside");
    assert!(said.stdout.contains(".slipway/work/") && said.stdout.contains("main.tf"), "{}", said.stdout);
    assert!(said.stdout.contains("cluster < networking"), "{}", said.stdout);
    assert!(!said.stdout.contains("beside"), "{}", said.stdout);
}

#[test]
fn what_fails_is_named_and_what_waits_for_it_is_not_begun() {
    let estate = applied(&tool("tofu"));
    let script = "case $TF_VAR_value in cluster*) echo it broke >&2; exit 7;; *) echo fine;; esac";
    let ended = run(&estate, &["exec", "--", "sh", "-c", script]).exits(1);
    let ended = ended.says("4 units: 2 done, 1 failed, 1 skipped").says("failed: cluster").says("it broke");
    assert!(ended.stderr.contains("logs: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("exit status: 7"), "{}", ended.stderr);
    let mut heads = heads(&ended);
    heads.sort();
    assert_eq!(heads, ["bucket", "networking"]);
    let json = run(&estate, &["exec", "--format", "json", "--", "sh", "-c", script]).exits(1).json();
    assert_eq!(json["command"], "exec");
    let failed = json["nodes"].as_array().unwrap().iter().filter(|node| node["result"] == "failed");
    assert_eq!(failed.count(), 1);
}

#[test]
fn what_is_sensitive_is_masked_in_what_a_command_prints() {
    let estate = Estate::new();
    estate.write(
        "live/app/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
    );
    estate.write(
        "live/app/main.tf",
        "output \"secret\" {\n  value     = \"canary-of-a-run-51e0\"\n  sensitive = true\n}\n",
    );
    run(&estate, &["apply", "--yes"]).exits(0);
    for command in [&["output", "-json"][..], &["state", "pull"]] {
        let said = run(&estate, &[&["run", "app", "--"], command].concat()).exits(0);
        assert!(said.stdout.contains("secret") && !said.stdout.contains("canary-of"), "{}", said.stdout);
    }
}

#[test]
fn the_second_interrupt_ends_what_runs_and_nothing_new_begins() {
    let estate = applied(&tool("tofu"));
    let started = estate.path().join("started");
    let script = format!("touch {}; sleep 60", started.display());
    let mut child = Slipway::new(estate.path(), &tool("tofu"))
        .into_command(&["exec", "--filter", "networking", "--filter", "cluster", "--", "sh", "-c", &script])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !started.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let began = Instant::now();
    for _ in 0..3 {
        signal(&child, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(30));
    let runs = run(&estate, &["runs", "show", "--format", "json"]).exits(0).json();
    let results: Vec<_> = runs["nodes"].as_array().unwrap().iter().map(|node| &node["result"]).collect();
    assert_eq!(results, ["interrupted", "interrupted"]);
}

#[test]
fn what_changes_states_takes_the_lock_of_a_run() {
    let estate = applied(&tool("tofu"));
    let slow = estate.path().join("slow");
    // Another run that changes the unit: a tool that waits.
    let script = "#!/bin/sh\ncase \"$1\" in taint) touch \"$BEGUN\"; while [ ! -e \"$GO\" ]; do sleep 0.05; done;; esac\nexec TOFU \"$@\"\n";
    std::fs::create_dir_all(&slow).unwrap();
    let wrapper = slow.join("tofu");
    std::fs::write(&wrapper, script.replace("TOFU", &tool("tofu").display().to_string())).unwrap();
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (begun, go) = (estate.path().join("begun"), estate.path().join("go"));
    let mut child = Slipway::new(estate.path(), &wrapper)
        .env("BEGUN", &begun)
        .env("GO", &go)
        .into_command(&["run", "bucket", "--yes", "--", "taint", "terraform_data.this"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !begun.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let other = ["run", "bucket", "--yes", "--", "untaint", "terraform_data.this"];
    run(&estate, &other).exits(5).says("changes bucket");
    std::fs::write(go, "").unwrap();
    assert!(child.wait().unwrap().success());
    run(&estate, &other).exits(0);
}
