//! Terragrunt's `auth-provider-cmd`: for each unit a program says who its commands are.

use std::os::unix::fs::PermissionsExt as _;

use super::{each, notes, unit};
use crate::hostile::world::git;
use crate::sources::holds;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Ended;

/// Two units of two accounts, each of which keeps who it is, by every way to ask for that.
fn of_two_accounts(estate: &Estate) {
    for name in ["a", "b"] {
        estate.unit(name, &[]);
        let hook = format!(
            "  before_hook \"who\" {{\n    commands = [\"apply\"]\n    execute  = [\"sh\", \"-c\", \
             \"echo $AWS_ACCESS_KEY_ID $TEAM $AWS_SESSION_TOKEN > ${{get_repo_root()}}/who-{name}\"]\n  }}"
        );
        let rest = "locals {\n  team = run_cmd(\"--terragrunt-quiet\", \"printenv\", \"TEAM\")\n}\n\n\
                    inputs = {\n  value = \"${get_aws_account_id()} ${get_env(\"TEAM\")} ${local.team}\"\n}";
        unit(estate, name, "text", &hook, rest);
    }
}

/// Writes the program, which lies beside the units' folders.
fn says(estate: &Estate, script: &str) {
    let file = estate.write("live/who.sh", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Neither said nor written down.
#[track_caller]
fn is_kept_from_everybody(estate: &Estate, ended: &Ended, secret: &str) {
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(secret));
    assert_eq!(holds(&estate.path().join(".slipway"), secret), None);
}

#[test]
fn each_unit_acts_as_who_the_program_says_when_it_is_read_and_when_it_is_run() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        of_two_accounts(&estate);
        says(
            &estate,
            r#"case "$(basename "$PWD")" in a) account=111111111111 ;; *) account=222222222222 ;; esac
printf '{"awsRole": {"roleARN": "arn:aws:iam::%s:role/deploy", "duration": 900}, "envs": {"TEAM": "team-of-%s"}}' $account $account"#,
        );
        let program = estate.path().join("live/who.sh");
        // Somebody else's team, whom the answer comes before.
        let slipway = || {
            let slipway = driver.slipway(&estate).bed(&bed).env("TEAM", "nobody");
            slipway.env("TG_AUTH_PROVIDER_CMD", format!("'{}' --plan", program.display()))
        };
        let ended = slipway().run(&["apply", "--yes"]).exits(0);
        for (name, account) in [("a", "111111111111"), ("b", "222222222222")] {
            let wanted = format!("{account} team-of-{account} team-of-{account}");
            assert_eq!(estate.applied(name), Some(wanted));
            let seen = notes(&estate, &format!("who-{name}")).remove(0);
            let [key, team, token] = seen.split(' ').collect::<Vec<_>>().try_into().unwrap();
            // Keys that are given out for a while begin with ASIA, everywhere.
            assert!(key.starts_with("ASIA") && team == format!("team-of-{account}"), "{seen}");
            is_kept_from_everybody(&estate, &ended, token);
        }
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0).says("nothing to change");
    });
}

#[test]
fn credentials_of_the_answer_come_before_those_of_the_environment() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        of_two_accounts(&estate);
        says(
            &estate,
            r#"printf '{"awsCredentials": {"ACCESS_KEY_ID": "AKIAOFTHEANSWER", "SECRET_ACCESS_KEY": "given-by-the-answer",
  "SESSION_TOKEN": "session-of-the-answer"}, "envs": {"TEAM": "t"}}'"#,
        );
        let slipway = driver.slipway(&estate).bed(&bed).env("TG_AUTH_PROVIDER_CMD", "../who.sh");
        let ended = slipway.run(&["apply", "--yes"]).exits(0);
        assert_eq!(notes(&estate, "who-a"), ["AKIAOFTHEANSWER t session-of-the-answer"]);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("-the-answer"));
        for secret in ["given-by-the-answer", "session-of-the-answer"] {
            is_kept_from_everybody(&estate, &ended, secret);
        }
    });
}

/// Terragrunt warns, and goes on as whoever started it.
#[test]
fn who_is_not_known_does_nothing_in_the_name_of_somebody_else() {
    let bed = Bed::shared();
    each(|driver| {
        let estate = Estate::new();
        of_two_accounts(&estate);
        for (script, cause) in [
            ("echo no session for you >&2; exit 3", "failed with exit code 3: no session for you"),
            ("echo '{\"awsCredentials\": {\"ACCESS_KEY_ID\": \"\"}}'", "have no ACCESS_KEY_ID"),
            ("echo '{\"awsrole\": {}}'", "awsRole is meant"),
            ("echo '{\"envs\": {\"AWS_PROFILE\": \"dev\"}}'", "answer with awsCredentials or an awsRole"),
            ("echo Logged in.", "is not the JSON that is expected"),
        ] {
            says(&estate, script);
            let slipway = driver.slipway(&estate).bed(&bed).env("TEAM", "nobody");
            let ended = slipway.env("TG_AUTH_PROVIDER_CMD", "../who.sh").run(&["apply", "--yes", "a"]);
            assert_ne!(ended.code, 0, "{script}: {}", ended.stdout);
            drop(ended.says(cause).says("../who.sh"));
            assert_eq!(estate.applied("a"), None);
        }
    });
}

#[test]
fn nobody_runs_it_for_a_repository_that_is_not_trusted() {
    let estate = Estate::new();
    of_two_accounts(&estate);
    says(&estate, "touch ../../ran; echo '{}'");
    git(estate.path(), &["add", "--all"]);
    let slipway = super::Slipway::new(estate.path(), &crate::support::tool("tofu"));
    let slipway = slipway.env("TG_AUTH_PROVIDER_CMD", "../who.sh");
    slipway.run(&["find", "--untrusted"]).exits(0).says("a");
    assert!(!estate.path().join("ran").exists());
}
