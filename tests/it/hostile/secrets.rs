//! Secrets of every kind planted, and everything searched that the program says, writes and starts.
//!
//! The search goes with every run of the program, see `support/secrets.rs`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::gitops::server::GitServer;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::{terraforms, tool};

/// What a person or a pipeline has in the environment.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("ARM_CLIENT_SECRET", "canary-arm-K7x"),
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-K7x"),
    ("AWS_SESSION_TOKEN", "canary-session-K7x"),
    ("DB_PASS", "canary-pass-K7x"),
    ("DB_PASSWORD", "canary-password-K7x"),
    ("PGPASSWORD", "canary-pg-K7x"),
    ("MY_TOKEN", "canary-token-K7x"),
    ("MY_SECRET_THING", "canary-thing-K7x"),
    ("INFRACOST_API_KEY", "ico-canary-K7x9m2Q4"),
    ("DATABASE_URL", "postgres://app:canary-database-K7x@db:5432/x"),
    ("DSN", "Server=h;Password=canary-dsn-K7x;Encrypt=true"),
    ("TF_VAR_pin", "canary-pin-K7x"),
    ("SLIPWAY_MANIFESTS_TOKEN", "canary-manifests-K7x"),
    ("MANIFESTS_PAT", "canary-pat-K7x"),
];

/// A module whose variables only it calls sensitive, and which prints them.
const CARELESS: &str = r#"
variable "pin" {
  type      = string
  sensitive = true
}
variable "phrase" {
  type      = string
  sensitive = true
}
resource "terraform_data" "this" {
  input = "open"
  provisioner "local-exec" {
    command     = "echo \"with $PHRASE and $PIN and $DATABASE_URL\"; env"
    environment = { PHRASE = nonsensitive(var.phrase), PIN = nonsensitive(var.pin) }
  }
}
output "value" {
  value = terraform_data.this.output
}
"#;

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    let done = Command::new("git").current_dir(folder).args(identity).args(arguments).status().unwrap();
    assert!(done.success(), "git {arguments:?}");
}

/// A repository with the module in the folder `careless`, at the tag `v1`, behind a login.
fn server(folder: &Path) -> GitServer {
    let work = folder.join("work");
    std::fs::create_dir_all(work.join("careless")).unwrap();
    std::fs::write(work.join("careless/main.tf"), CARELESS).unwrap();
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    git(&work, &["add", "--all"]);
    git(&work, &["commit", "--quiet", "-m", "one"]);
    git(&work, &["tag", "v1"]);
    git(folder, &["clone", "--quiet", "--bare", "work", "modules.git"]);
    GitServer::start(folder, "canary-user-K7x", "canary-p@ss/K7x")
}

/// `address` of a server with a login in it.
fn with_login(address: &str, login: &str) -> String {
    address.replacen("://", &format!("://{login}@"), 1)
}

/// Units whose modules come from addresses with secrets in them: one that works, and some that do not.
fn estate(address: &str) -> Estate {
    let estate = Estate::new();
    let unit = |name: &str, source: &str, more: &str| {
        estate.write(
            &format!("live/{name}/terragrunt.hcl"),
            &format!(
                "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\
                 terraform {{\n  source = \"{source}\"\n{more}}}\n\
                 inputs = {{\n  phrase = \"canary-phrase-K7x\"\n}}\n"
            ),
        );
    };
    let hook = "  before_hook \"env\" {\n    commands = [\"plan\", \"apply\"]\n    execute  = [\"sh\", \"-c\", \"env; env >&2\"]\n  }\n";
    let login = "canary-user-K7x:canary-p%40ss%2FK7x";
    unit("good", &format!("git::{}/modules.git//careless?ref=v1", with_login(address, login)), hook);
    unit("wrong", &format!("git::{}/modules.git//careless?ref=v1", with_login(address, "canary-short")), "");
    unit("query", &format!("git::{address}/modules.git?ref=v1&access_token=canary-query-K7x"), "");
    unit("ssh", "git::ssh://git:canary-ssh-K7x@127.0.0.1:1/m.git?sshkey=canary-key-K7x", "");
    unit("archive", "http://u:canary-http-K7x@127.0.0.1:1/m.zip?X-Amz-Signature=canary-signature-K7x", "");
    unit("bucket", "s3::http://127.0.0.1:1/b/k.zip?aws_access_key_secret=canary-s3-K7x", "");
    estate
}

/// Runs it with secrets in its environment; how it ends is not the point.
fn run(estate: &Estate, tool: &Path, arguments: &[&str]) -> Ended {
    let mut slipway = Slipway::new(estate.path(), tool);
    for (name, value) in ENVIRONMENT {
        slipway = slipway.env(name, value);
    }
    slipway.run(arguments)
}

fn logs(estate: &Estate) -> String {
    let runs = std::fs::read_dir(estate.path().join(".slipway/runs")).unwrap();
    let logs = runs.flat_map(|run| std::fs::read_dir(run.unwrap().path().join("logs")).unwrap());
    logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect()
}

#[test]
fn no_secret_of_any_kind_is_shown_written_or_in_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    for tool in terraforms() {
        let estate = estate(&server.address);
        let run = |arguments: &[&str]| run(&estate, &tool, arguments);
        for format in ["text", "json", "dot", "mermaid", "svg", "html"] {
            drop(run(&["graph", "--format", format]).exits(0).says("good"));
        }
        for arguments in [
            &["find", "--format", "json", "--reading", "--dependencies", "--include"][..],
            &["validate"],
            &["validate", "--format", "json"],
            &["find", "--filter", "source=*nothing*"],
        ] {
            drop(run(arguments));
        }
        let reports = [
            "--report-junit=r.xml",
            "--report-markdown=r.md",
            "--report-html=r.html",
            "--report-file=r.json",
        ];
        run(&[&["apply", "--yes"], &reports[..]].concat()).exits(1).says("good");
        run(&["plan", "--detail", "--log-format", "json"]).exits(1).says("wrong");
        run(&["plan", "good", "--out", "saved"]).exits(0).says("good");
        run(&["runs", "show", "--detail", "--timeline"]).exits(0).says("good");
        run(&["runs", "show", "--format", "json"]).exits(0).says("good");
        run(&["resume"]).says("run");
        let logs = logs(&estate);
        assert!(logs.contains("with (sensitive) and (sensitive) and postgres://…:…@db:5432/x"), "{logs}");
        for (name, value) in ENVIRONMENT {
            let masked = value.starts_with("canary") && !name.contains("SLIPWAY_");
            assert!(!masked || logs.contains(&format!("{name}=(sensitive)")), "{name} is not in {logs}");
        }
        assert!(!logs.contains("SLIPWAY_MANIFESTS"), "nobody else gets the token");
    }
}

#[test]
fn the_login_in_an_address_lets_in_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let estate = estate(&server.address);
    run(&estate, &tool("tofu"), &["plan", "good"]).exits(0).says("planned");
}

#[test]
fn render_hides_logins_until_it_is_told_to_reveal_them() {
    let estate = estate("http://127.0.0.1:1");
    for format in ["text", "json"] {
        let shown = run(&estate, &tool("tofu"), &["render", "good", "--format", format]).exits(0);
        assert!(
            !shown.stdout.contains("canary-user") && !shown.stdout.contains("canary-p%40"),
            "{}",
            shown.stdout
        );
        assert!(shown.stdout.contains("git::http://…:…@127.0.0.1:1/modules.git//careless?ref=v1"));
        let all = run(&estate, &tool("tofu"), &["render", "good", "--reveal", "--format", format]).exits(0);
        assert!(all.stdout.contains("canary-user-K7x:canary-p%40ss%2FK7x@"), "{}", all.stdout);
    }
}

#[test]
fn errors_of_stacks_and_of_programs_show_no_secret_either() {
    let estate = Estate::new();
    let source = "git::https://canary-stack-K7x@127.0.0.1:1/m.git//unit?ref=v1";
    estate.write(
        "live/a/terragrunt.stack.hcl",
        &format!("unit \"vpc\" {{\n  source = \"{source}\"\n  path = \"vpc\"\n}}\n"),
    );
    let run = |arguments: &[&str]| {
        // Nothing here says that this one is a secret.
        let is_known = |name: &str| name != "TF_VAR_pin";
        let known = ENVIRONMENT.iter().filter(|(name, _)| is_known(name));
        let slipway = known.fold(Slipway::new(estate.path(), &tool("tofu")), |slipway, (name, value)| {
            slipway.env(name, value)
        });
        slipway.run(arguments)
    };
    run(&["stack", "generate"]).exits(3).says("unit \"vpc\"");
    run(&["stack", "generate", "--log-format", "json"]).exits(3).says("vpc");
    std::fs::remove_dir_all(estate.path().join("live/a")).unwrap();
    // The mistake stands on the very line of the address, which is shown with it.
    estate.write("live/b/terragrunt.hcl", &format!("terraform {{\n  source = \"{source}\" + nonsense\n}}\n"));
    run(&["validate"]).exits(3).says("nonsense");
    estate.write(
        "live/b/terragrunt.hcl",
        "locals {\n  x = run_cmd(\"sh\", \"-c\", \"env >&2; exit 3\")\n}\ninputs = { x = local.x }\n",
    );
    run(&["validate"]).exits(3).says("exit code 3");
    run(&["validate", "--log-format", "json"]).exits(3).says("exit code 3");
    run(&["validate", "--format", "json"]).exits(3).says("exit code 3");
    run(&["plan"]).says("exit code 3");
    run(&["find", "https://u:canary-argument@h/x", "--nonsense"]).says("nonsense");
}

/// A program of the test's that writes its environment down.
fn spy(estate: &Estate, name: &str, more: &str) -> PathBuf {
    let seen = estate.path().join(".git/seen");
    let text = format!("#!/bin/sh\nenv | sed 's/^/{name} /' >> '{}'\n{more}\n", seen.display());
    let file = estate.write(&format!(".git/spies/{name}"), &text);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

#[test]
fn the_token_of_the_manifests_repository_reaches_no_other_program() {
    let real = tool("tofu");
    let estate = Estate::new();
    estate.unit("a", &[]);
    let [hook, command, policy, ssh] = ["hook", "command", "policy", "ssh"]
        .map(|name| spy(&estate, name, if name == "ssh" { "exit 1" } else { "" }));
    let tofu = spy(&estate, "tofu", &format!("exec '{}' \"$@\"", real.display()));
    let text = std::fs::read_to_string(estate.path().join("live/a/terragrunt.hcl")).unwrap();
    let hooks = format!(
        "text\"\n  before_hook \"spy\" {{\n    commands = [\"plan\"]\n    execute  = [\"{}\"]\n  }}",
        hook.display()
    );
    let text = text.replacen("text\"", &hooks, 1);
    let local = format!("locals {{\n  x = run_cmd(\"{}\")\n}}\n", command.display());
    estate.write("live/a/terragrunt.hcl", &format!("{local}{text}"));
    estate.write(
        "live/b/terragrunt.hcl",
        "terraform {\n  source = \"git::ssh://git@127.0.0.1:1/m.git?ref=v1\"\n}\n",
    );
    estate.write(
        "slipway.hcl",
        &format!(
            "estate {{\n  root = \"live\"\n}}\nlocals {{\n  token = get_env(\"MANIFESTS_PAT\", \"\")\n}}\n\
             policy \"spy\" {{\n  command = [\"{}\"]\n}}\n\
             cluster \"dev\" {{\n  name = \"dev\"\n  argocd {{\n    version = \"v3.6.1\"\n    repository {{\n      \
             url         = \"https://git.example.com/m.git\"\n      credentials = local.token\n    }}\n  }}\n}}\n",
            policy.display()
        ),
    );
    let mut slipway = Slipway::new(estate.path(), &tofu).env("GIT_SSH_COMMAND", &ssh);
    for (name, value) in ENVIRONMENT {
        slipway = slipway.env(name, value);
    }
    drop(slipway.run(&["plan"]).exits(1));
    let seen = std::fs::read_to_string(estate.path().join(".git/seen")).unwrap();
    for name in ["hook", "command", "policy", "ssh", "tofu"] {
        assert!(seen.contains(&format!("{name} PATH=")), "{name} did not run: {seen}");
    }
    assert!(seen.contains("canary-password-K7x"), "what tools need they get");
    for ours in ["canary-manifests-K7x", "canary-pat-K7x", "SLIPWAY_GIT_"] {
        assert!(!seen.contains(ours), "{ours} is in {seen}");
    }
}

#[test]
fn a_bump_whose_address_holds_a_login_shows_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "manifests.git"]);
    let server = GitServer::start(folder.path(), "canary-user-K7x", "canary-p@ss-K7x");
    for (login, said) in [
        ("canary-user-K7x:canary-p%40ss-K7x", "has no branch"),
        ("canary-short", "refuses the credentials"),
        ("canary-user-K7x:canary-wrong-K7x", "refuses the credentials"),
    ] {
        let url = format!("{}/manifests.git", with_login(&server.address, login));
        for format in ["pretty", "json"] {
            let slipway =
                Slipway::new(folder.path(), Path::new("/nowhere/tofu")).env("SLIPWAY_MANIFESTS_URL", &url);
            slipway.run(&["image", "set", "a=b:v2", "--log-format", format]).exits(1).says(said);
        }
    }
    for url in [
        "https://git.example.com/m.git?token=canary-query-K7x",
        "ssh://git:canary-ssh-K7x@127.0.0.1:1/m.git",
        "git:canary-scp-K7x@127.0.0.1:m.git",
    ] {
        let slipway =
            Slipway::new(folder.path(), Path::new("/nowhere/tofu")).env("SLIPWAY_MANIFESTS_URL", url);
        drop(slipway.env("GIT_SSH_COMMAND", "false").run(&["image", "list"]).exits(1));
    }
    let help = Slipway::new(folder.path(), Path::new("/nowhere/tofu"));
    let help =
        help.env("SLIPWAY_MANIFESTS_URL", "https://u:canary-help@h/m.git").run(&["image", "list", "--help"]);
    help.exits(0).says("SLIPWAY_MANIFESTS_URL");
}

/// A module whose sensitive variables only files give values to, and which prints them.
const FROM_FILES: &str = r#"
%VARIABLES%
resource "terraform_data" "this" {
  provisioner "local-exec" {
    command     = "env | grep GIVEN_"
    environment = {
%GIVEN%    }
  }
}
"#;

#[test]
fn what_only_variable_files_or_sops_know_is_masked_in_what_tools_print() {
    let names = ["automatic", "own", "named", "optional", "json", "argument", "flag"];
    let all = |text: &str| names.map(|name| text.replace("NAME", name)).concat();
    let variables = all("variable \"NAME\" {\n  sensitive = true\n}\n");
    let given = all("      GIVEN_NAME = nonsensitive(var.NAME)\n");
    for tool in terraforms() {
        let estate = Estate::new();
        let module = FROM_FILES.replace("%VARIABLES%", &variables).replace("%GIVEN%", &given);
        estate.write("infra/files/main.tf", &module);
        estate.write("infra/files/terraform.tfvars", "automatic = \"canary-automatic-K7x\"\n");
        estate.write("live/a/own.auto.tfvars", "own = \"canary-own-K7x\"\n");
        estate.write("live/a/named.vars", "named = \"canary-named-K7x\"\n");
        estate.write("live/a/optional.vars", "optional = \"canary-optional-K7x\"\n");
        estate.write("live/a/more.tfvars.json", "{\"json\": \"canary-json-K7x\"}");
        estate.write("live/a/flag.vars", "flag = \"canary-flag-K7x\"\n");
        let sops = "#!/bin/sh\necho 'db:'\necho '  code: canary-sops-K7x'\n";
        let sops = estate.write(".git/bin/sops", sops);
        std::fs::set_permissions(&sops, std::fs::Permissions::from_mode(0o755)).unwrap();
        estate.write("live/a/secret.yaml", "db: ENC[]\n");
        estate.write(
            "live/a/terragrunt.hcl",
            r#"
include "root" {
  path = find_in_parent_folders("root.hcl")
}
locals {
  decrypted = yamldecode(sops_decrypt_file("secret.yaml"))
}
terraform {
  source = "${get_repo_root()}/infra//files"
  extra_arguments "files" {
    commands           = ["plan", "apply"]
    required_var_files = ["${get_terragrunt_dir()}/named.vars", "${get_terragrunt_dir()}/more.tfvars.json"]
    optional_var_files = ["${get_terragrunt_dir()}/optional.vars", "${get_terragrunt_dir()}/nowhere.vars"]
    arguments          = ["-var", "argument=of-nobody-argument-K7x", "-var-file=${get_terragrunt_dir()}/flag.vars"]
  }
  before_hook "told" {
    commands = ["apply"]
    execute  = ["sh", "-c", "echo told $(sops | sed -n 's/.*code: //p')"]
  }
}
"#,
        );
        let path = format!("{}:{}", sops.parent().unwrap().display(), crate::support::slipway::system_path());
        let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool).env("PATH", &path).run(arguments);
        run(&["apply", "--yes"]).exits(0).says("a");
        let logs = logs(&estate);
        for name in names {
            assert!(logs.contains(&format!("GIVEN_{name}=(sensitive)")), "{name} is not masked in {logs}");
        }
        assert!(logs.contains("told (sensitive)"), "{logs}");
    }
}

#[test]
fn a_login_that_the_user_gave_as_an_argument_is_in_no_argument_of_git() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "manifests.git"]);
    let server = GitServer::start(folder.path(), "canary-user-K7x", "canary-p@ss-K7x");
    let seen = folder.path().join("seen");
    // Git as a script that writes down what it is started with.
    let spy = folder.path().join("bin/git");
    std::fs::create_dir_all(spy.parent().unwrap()).unwrap();
    let text = format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec /usr/bin/git \"$@\"\n", seen.display());
    std::fs::write(&spy, text).unwrap();
    std::fs::set_permissions(&spy, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", spy.parent().unwrap().display(), crate::support::slipway::system_path());
    let url = format!("{}/manifests.git", with_login(&server.address, "canary-user-K7x:canary-p%40ss-K7x"));
    for arguments in [
        &["image", "list", "--repo", &url][..],
        &["image", "set", "a=b:v2", "--repo", &url],
        &["image", "history", "a", "--repo", &url],
    ] {
        let slipway = Slipway::new(folder.path(), Path::new("/nowhere/tofu")).env("PATH", &path);
        slipway.run(arguments).exits(1).says("has no branch");
    }
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("/manifests.git"), "{seen}");
    assert!(!seen.contains("user-K7x") && !seen.contains("ss-K7x"), "{seen}");
}

#[test]
fn what_a_killed_command_left_beside_its_answer_is_gone_after_the_next() {
    let estate = Estate::new();
    estate.unit("a", &[]);
    estate.write(
        "live/shop/terragrunt.stack.hcl",
        "unit \"b\" {\n  source = \"../../catalog/b\"\n  path = \"b\"\n}\n",
    );
    estate.write("catalog/b/terragrunt.hcl", "");
    let left =
        [".slipway-plans-1-0", "live/shop/.terragrunt-stack-new-1-0"].map(|name| estate.path().join(name));
    for folder in &left {
        std::fs::create_dir_all(folder.join("plans")).unwrap();
        std::fs::write(folder.join("plans/a.tfplan"), "x").unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let run = |arguments: &[&str]| Slipway::new(estate.path(), &tool("tofu")).run(arguments).exits(0);
    run(&["plan", "a", "--out", "saved"]).says("saved");
    assert!(!left[0].exists() && left[1].exists());
    run(&["stack", "generate"]).says("2 files written");
    assert!(!left[1].exists());
    // Also where there is nothing to be done.
    std::fs::create_dir(&left[1]).unwrap();
    std::fs::set_permissions(&left[1], std::fs::Permissions::from_mode(0o700)).unwrap();
    run(&["stack", "generate"]).says("0 files written");
    assert!(!left[1].exists());
}

#[test]
fn what_a_killed_command_left_in_the_temporary_folder_is_private_and_gone_after_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "manifests.git"]);
    let slow = folder.path().join("slow");
    std::fs::write(&slow, "#!/bin/sh\nsleep 30\n").unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let slipway = || {
        Slipway::new(folder.path(), Path::new("/nowhere/tofu"))
            .env("TMPDIR", &temporary)
            .env("SLIPWAY_MANIFESTS_URL", "ssh://git@127.0.0.1:1/m.git")
    };
    let mut command = slipway().env("GIT_SSH_COMMAND", &slow).into_command(&["image", "list"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let clones = || -> Vec<PathBuf> {
        let homes = std::fs::read_dir(&temporary).unwrap().flatten();
        homes
            .flat_map(|home| std::fs::read_dir(home.path()).unwrap().flatten())
            .map(|entry| entry.path())
            .collect()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while clones().is_empty() {
        assert!(Instant::now() < deadline, "it never cloned");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = clones();
    assert!(!left.is_empty(), "a kill leaves it");
    for folder in left.iter().flat_map(|clone| [clone.as_path(), clone.parent().unwrap()]) {
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", folder.display());
    }
    drop(slipway().env("GIT_SSH_COMMAND", "false").run(&["image", "list"]).exits(1));
    assert_eq!(clones(), Vec::<PathBuf>::new());
}

/// Every program gets the environment that is cleaned, because there is one place that starts any.
#[test]
fn programs_are_started_in_one_place() {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["src", "crates"] {
        files(&crate::support::root().join(folder), &mut found);
    }
    // What one file makes, the other may run: it takes the environment that was made.
    let starts = [
        ("Command::new(", "crates/support/src/process.rs"),
        ("duct::", "crates/support/src/short.rs"),
        ("cmd!(", "nowhere"),
    ];
    for file in found {
        let text = std::fs::read_to_string(&file).unwrap();
        let outside_of_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let is_test = file.iter().any(|part| part == "tests.rs" || part == "tests");
        let is_elsewhere =
            |(start, place): &(&str, &str)| outside_of_tests.contains(start) && !file.ends_with(place);
        assert!(is_test || !starts.iter().any(is_elsewhere), "{} starts programs", file.display());
    }
}
