//! Providers that the tools have installed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{listed, prune};
use crate::support::estate::{AWS_MODULE, Estate};
use crate::support::slipway::Slipway;
use crate::support::{root, tool};

const LONGEST: Duration = Duration::from_mins(2);

/// A mirror of archives: out of one of folders, the tools only link to it.
fn mirror(folder: &Path) {
    let provider = "terraform-provider-aws_v3.39.0_x5";
    let below = "registry.opentofu.org/hashicorp/aws";
    let place = folder.join(below);
    std::fs::create_dir_all(&place).unwrap();
    let file = std::fs::File::create(place.join("terraform-provider-aws_3.39.0_linux_amd64.zip")).unwrap();
    let mut archive = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    archive.start_file(provider, options).unwrap();
    let program = root().join(".tools/providers").join(below).join("3.39.0/linux_amd64").join(provider);
    std::io::copy(&mut std::fs::File::open(program).unwrap(), &mut archive).unwrap();
    archive.finish().unwrap();
    std::fs::write(
        folder.join("terraform.rc"),
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            folder.display()
        ),
    )
    .unwrap();
}

/// The provider's folder in the cache.
fn provider(estate: &Estate) -> PathBuf {
    estate.path().join(".slipway/providers/registry.opentofu.org/hashicorp/aws/3.39.0/linux_amd64")
}

#[test]
fn a_provider_goes_when_nobody_uses_it_and_the_next_run_installs_it_again() {
    let folder = tempfile::tempdir().unwrap();
    mirror(folder.path());
    let estate = Estate::new();
    let unit = |in_terraform: &str| {
        estate.write(
            "live/a/terragrunt.hcl",
            &format!("terraform {{\n  source = \"../../infra/aws\"\n{in_terraform}}}\n"),
        );
    };
    unit("");
    estate.write("infra/aws/main.tf", AWS_MODULE);
    let slipway = || {
        Slipway::new(estate.path(), &tool("tofu"))
            .env("TF_CLI_CONFIG_FILE", folder.path().join("terraform.rc"))
    };
    slipway().run(&["plan"]).exits(0).says("+1");
    let entries = listed(&estate)["entries"].clone();
    assert_eq!(entries[0]["kind"], "provider", "{entries}");
    assert_eq!(entries[0]["names"][0], "registry.opentofu.org/hashicorp/aws 3.39.0 (linux_amd64)");
    assert!(entries[0]["bytes"].as_u64().unwrap() > 1 << 20, "{entries}");

    // A run that has its `init` behind it uses it all the same.
    let (reached, go) = (estate.path().join("reached"), estate.path().join("go"));
    unit(&format!(
        "  before_hook \"wait\" {{\n    commands = [\"plan\"]\n    execute = [\"sh\", \"-c\", \"touch {}; while [ ! -e {} ]; \
         do sleep 0.05; done\"]\n  }}\n",
        reached.display(),
        go.display()
    ));
    let mut child =
        slipway().into_command(&["plan"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !reached.exists() {
        assert!(begun.elapsed() < LONGEST && child.try_wait().unwrap().is_none(), "it never came there");
        std::thread::sleep(Duration::from_millis(20));
    }
    prune(&estate, &["--max-size", "0"]).says("nothing removed").says("stays: a run uses it");
    // Killed, it leaves the hook, which holds the unit's place and with it the provider.
    child.kill().unwrap();
    child.wait().unwrap();
    prune(&estate, &["--max-size", "0"]).says("stays: a run uses it");
    assert!(provider(&estate).is_dir());
    std::fs::write(&go, "").unwrap();
    let ended = Instant::now();
    while !prune(&estate, &["--max-size", "0"]).stdout.contains("1 provider removed") {
        assert!(ended.elapsed() < LONGEST, "the place stays taken");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!provider(&estate).exists());
    // The lock beside it is the tool's, who may be waiting for it.
    let left = std::fs::read_dir(provider(&estate).parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|file| file.extension().is_some_and(|end| end == "lock")), "{left:?}");
    assert_eq!(listed(&estate)["entries"].as_array().unwrap().len(), 0);
    unit("");
    slipway().run(&["plan"]).exits(0).says("+1");
    assert!(provider(&estate).is_dir());
}

#[test]
fn a_provider_that_lies_in_a_mirror_of_folders_is_none_of_the_caches() {
    let estate = Estate::new();
    estate.write("live/a/terragrunt.hcl", "terraform {\n  source = \"../../infra/aws\"\n}\n");
    estate.write("infra/aws/main.tf", AWS_MODULE);
    let slipway = || {
        Slipway::new(estate.path(), &tool("tofu"))
            .env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
    };
    slipway().run(&["plan"]).exits(0).says("+1");
    assert_eq!(listed(&estate)["bytes"], 0);
    prune(&estate, &["--max-size", "0"]).says("nothing removed");
    slipway().run(&["plan"]).exits(0).says("+1");
}
