//! Which Terragrunt can be driven. Stand-ins answer for versions only.

use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::{Ended, Slipway, system_path};
use crate::support::{terraforms, terragrunt};

/// Plans with a program called Terragrunt that says what it is told to say.
fn plan(estate: &Estate, script: &str) -> Ended {
    estate.unit("a", &[]);
    let program = estate.write("bin/terragrunt", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", program.parent().unwrap().display(), system_path());
    let slipway = Slipway::new(estate.path(), &terraforms()[0]).env("SLIPWAY_ENGINE", "terragrunt");
    slipway.env("PATH", path).run(&["plan"])
}

#[test]
fn a_terragrunt_that_cannot_be_driven_is_refused_with_its_version_and_the_way_out() {
    let cases = [
        ("echo terragrunt version v0.87.4", "terragrunt 0.87.4 cannot be driven, 0.88.0 or newer is needed"),
        ("echo terragrunt version 0.35.0", "upgrade Terragrunt, or use --engine native"),
        (
            "echo terragrunt version v2.0.0-rc1",
            "terragrunt 2.0.0 cannot be driven, it has to be older than 2.0.0",
        ),
        ("echo terragrunt version three", "does not answer `--version` as Terragrunt does: it said"),
        (
            "echo command not found: terragrunt >&2; exit 127",
            "does not answer `--version` as Terragrunt does",
        ),
        (
            "head -c 4000 /dev/zero | tr '\\0' x",
            "put another Terragrunt first on PATH, or use --engine native",
        ),
    ];
    for (script, says) in cases {
        let estate = Estate::new();
        let ended = plan(&estate, script).exits(1).says(says);
        assert!(ended.stderr.len() < 2_000, "{}", ended.stderr);
        assert!(!estate.path().join("live/a/.terragrunt-cache").exists());
    }
}

#[test]
fn without_a_terragrunt_the_wrapping_engine_says_so() {
    let estate = Estate::new();
    estate.unit("a", &[]);
    let slipway = Slipway::new(estate.path(), &terraforms()[0]).env("SLIPWAY_ENGINE", "terragrunt");
    drop(slipway.run(&["plan"]).exits(1).says("terragrunt is not on PATH").says("--engine native"));
}

#[test]
fn builds_around_a_version_are_taken_by_what_they_say() {
    let Some(terragrunt) = terragrunt() else {
        skipped(NO_TERRAGRUNT);
        return;
    };
    // A real one that reports itself as others do: a pre-release, one built without a version, a noisy wrapper.
    for version in [
        "terragrunt version v0.99.1-beta2",
        "terragrunt version latest",
        "using 1.2\nterragrunt version v1.0.0",
    ] {
        let estate = Estate::new();
        let script = format!(
            "if [ \"$1\" = --version ]; then printf '{}\\n'; exit; fi\nexec '{}' \"$@\"",
            version.replace('\n', "\\n"),
            terragrunt.display()
        );
        drop(plan(&estate, &script).exits(0).says("planned"));
    }
}
