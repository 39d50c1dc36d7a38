//! Units that act as somebody else, and failures that are none.

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// A unit whose module asks, by a program, who it is.
fn asking(estate: &Estate, extra: &str) {
    estate.unit("a", &[]);
    let file = "live/a/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    let hook = "before_hook \"who\" {\n    commands = [\"apply\"]\n    \
                execute  = [\"sh\", \"-c\", \"echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN > who\"]\n  }\n}";
    let text = text.replacen("text\"\n}", &format!("text\"\n  {hook}"), 1);
    estate.write(file, &format!("{text}\n{extra}"));
}

/// What the hook saw: key, secret and token.
fn seen(estate: &Estate) -> Vec<String> {
    let file = estate.path().join(".slipway/work/a/module/text/who");
    let text = std::fs::read_to_string(file).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_unit_with_a_role_runs_with_the_roles_credentials_and_they_are_written_nowhere() {
    let bed = Bed::shared();
    let role = "arn:aws:iam::111111111111:role/deployer";
    for extra in [
        format!("iam_role = \"{role}\"\niam_assume_role_duration = 900\n"),
        format!("iam_role = \"{role}\"\niam_web_identity_token = \"canary-token-of-the-pipeline\"\n"),
    ] {
        let estate = Estate::new();
        asking(&estate, &extra);
        let ended = Slipway::new(estate.path(), &tool("tofu")).bed(&bed).run(&["apply", "--yes"]).exits(0);
        let credentials = seen(&estate);
        assert_eq!(credentials.len(), 3, "{credentials:?}");
        // Keys that are given out for a while begin with ASIA, everywhere.
        assert!(credentials[0].starts_with("ASIA"), "{credentials:?}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        std::fs::remove_file(estate.path().join(".slipway/work/a/module/text/who")).unwrap();
        for secret in &credentials[1..] {
            assert!(!said.contains(secret.as_str()));
            assert_eq!(crate::sources::holds(&estate.path().join(".slipway"), secret), None);
        }
    }
}

#[test]
fn a_role_that_cannot_be_assumed_is_named() {
    let estate = Estate::new();
    asking(&estate, "iam_role = \"arn:aws:iam::111111111111:role/deployer\"\n");
    let slipway = Slipway::new(estate.path(), &tool("tofu"))
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "canary-hunter2")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let ended = slipway.run(&["plan"]).exits(1);
    drop(ended.says("role/deployer could not be assumed").says("check iam_role"));
}

#[test]
fn a_failure_that_an_ignore_block_covers_stops_nothing_and_leaves_its_signals() {
    let estate = Estate::new();
    estate.unit("a", &[]).unit("b", &[]);
    let file = "live/a/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    let errors = "errors {\n  ignore \"broken\" {\n    ignorable_errors = [\".*it broke.*\", \"!.*\"]\n    \
                  message = \"it breaks on Mondays\"\n    signals = {\n      alert = false\n    }\n  }\n}\n";
    estate.write(file, &format!("{}\n{errors}", text.replace("inputs = {", "inputs = {\n  fail = true")));
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    drop(slipway().run(&["apply", "--yes"]).exits(0).says("which is ignored: it breaks on Mondays"));
    assert_eq!(estate.applied("b").as_deref(), Some("b"));
    let signals = estate.path().join(".slipway/work/a/module/text/error-signals.json");
    assert_eq!(std::fs::read_to_string(signals).unwrap(), "{\n  \"alert\": false\n}");
    // Another failure is one.
    estate.write(
        file,
        &std::fs::read_to_string(estate.path().join(file)).unwrap().replace("it broke", "it is well"),
    );
    drop(slipway().run(&["apply", "a", "--yes"]).exits(1).says("it broke"));
}

#[test]
fn a_state_is_encrypted_where_the_unit_says_so() {
    let estate = Estate::new();
    let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
    let encryption = "  encryption = {\n    key_provider = \"pbkdf2\"\n    passphrase   = \"canary-horse-battery-staple\"\n  }\n}";
    let end = root.trim_end().rfind('}').unwrap();
    estate.write("live/root.hcl", &format!("{}{encryption}\n", &root[..end]));
    estate.unit("a", &[]).unit("b", &["a"]);
    let ended = Slipway::new(estate.path(), &tool("tofu")).run(&["up", "--yes"]).exits(0);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("canary-horse"));
    let state = std::fs::read_to_string(estate.path().join("states/b.tfstate")).unwrap();
    assert!(state.contains("encrypted_data") && !state.contains("b < a"), "{state}");
    // Nothing to change, so the outputs of a were read through the encryption.
    drop(Slipway::new(estate.path(), &tool("tofu")).run(&["plan"]).exits(0).says("nothing to change"));
}
