//! An application's repository, held against actionlint and what the pipeline has to say.

use std::path::Path;

use serde_json::{Value, json};

use super::{assert_tidy, init, lint, paths, read};
use crate::documented::pipelines::yaml;

fn begun(folder: &Path, image: &str, more: &[&str]) -> Value {
    let repo = "https://git.example.com/acme/manifests.git";
    let usual = ["source", "--app", "web", "--image", image, "--manifests-repo", repo, "--format", "json"];
    let answer = init(folder, &[&usual, more].concat()).exits(0).json();
    assert_tidy(folder, &paths(&answer, "written").iter().map(String::as_str).collect::<Vec<_>>());
    answer
}

fn workflow(folder: &Path) -> Value {
    lint(folder);
    yaml(&read(folder, ".github/workflows/release.yml"))
}

/// What a job uses, without versions.
fn used(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().unwrap().iter();
    steps.map(|step| step["uses"].as_str().unwrap().split('@').next().unwrap().to_owned()).collect()
}

#[test]
fn each_registry_is_logged_in_to_in_its_own_way() {
    for (image, logins, permissions, says) in [
        (
            "ghcr.io/acme/web",
            vec!["docker/login-action"],
            json!({"contents": "read", "packages": "write"}),
            "MANIFESTS_TOKEN",
        ),
        (
            "111111111111.dkr.ecr.eu-west-1.amazonaws.com/web",
            vec!["aws-actions/configure-aws-credentials", "aws-actions/amazon-ecr-login"],
            json!({"contents": "read", "id-token": "write"}),
            "PUSH_ROLE",
        ),
        (
            "registry.example:5000/acme/web",
            vec!["docker/login-action"],
            json!({"contents": "read"}),
            "REGISTRY_PASSWORD",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let answer = begun(folder.path(), image, &[]);
        assert!(answer["next"].to_string().contains(says), "{answer}");
        let workflow = workflow(folder.path());
        let job = &workflow["jobs"]["image"];
        let mut all = vec!["actions/checkout"];
        all.extend(logins);
        all.extend(["docker/setup-buildx-action", "docker/build-push-action"]);
        assert_eq!(used(job), all, "{image}");
        assert_eq!(job["permissions"], permissions, "{image}");
        assert_eq!(workflow["env"]["IMAGE"], format!("{image}:${{{{ github.sha }}}}"));
    }
}

/// Three lines are Slipway's.
#[test]
fn the_image_is_set_in_one_environment_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    begun(folder.path(), "ghcr.io/acme/web", &["--env", "dev,prod"]);
    let workflow = workflow(folder.path());
    for (job, after, path) in
        [("deploy-dev", "image", "manifests/dev"), ("deploy-prod", "deploy-dev", "manifests/prod")]
    {
        let job = &workflow["jobs"][job];
        assert_eq!((&job["needs"], &job["env"]["SLIPWAY_MANIFESTS_PATH"]), (&after.into(), &path.into()));
        assert_eq!(job["permissions"], json!({}));
        assert_eq!(used(job), ["OWNER/slipway"]);
        assert_eq!(job["steps"][0]["with"], json!({"command": "image set", "args": "web=${{ env.IMAGE }}"}));
    }
    assert!(workflow["jobs"]["deploy"].is_null());
}

#[test]
fn gitlab_logs_in_with_its_own_token_to_its_own_registry_only() {
    for (image, ours) in [("registry.gitlab.com/acme/web", true), ("ghcr.io/acme/web", false)] {
        let folder = tempfile::tempdir().unwrap();
        begun(folder.path(), image, &["--ci", "gitlab", "--env", "dev", "--slipway", "acme/slipway@v1.2.3"]);
        let text = read(folder.path(), ".gitlab-ci.yml");
        assert_eq!(text.contains("$CI_REGISTRY_PASSWORD"), ours, "{text}");
        assert!(
            text.contains("https://github.com/acme/slipway/raw/v1.2.3/packaging/gitlab/slipway.yml"),
            "{text}"
        );
        assert!(
            text.contains("releases: https://github.com/acme/slipway/releases, version: 1.2.3 }"),
            "{text}"
        );
        let pipeline = yaml(&text);
        assert_eq!(pipeline["stages"], json!(["image", "deploy-dev"]));
        assert_eq!(pipeline["deploy-dev"]["script"], json!(["slipway image set \"web=$IMAGE\""]));
    }
}

#[test]
fn a_dockerfile_is_written_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let answer = begun(folder.path(), "ghcr.io/acme/web", &[]);
    assert_eq!(paths(&answer, "written"), [".github/workflows/release.yml"]);
    let answer = begun(folder.path(), "ghcr.io/acme/web", &["--dockerfile"]);
    assert_eq!(paths(&answer, "written"), ["Dockerfile"]);
}
