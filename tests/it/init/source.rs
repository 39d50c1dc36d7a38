//! An application's repository, held against actionlint and what the pipeline has to say.

use std::path::Path;

use serde_json::{Value, json};

use super::{assert_tidy, init, lint, paths, read};
use crate::documented::pipelines::yaml;
use crate::support::slipway::Slipway;
use crate::support::tool;

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

#[test]
fn only_the_environments_that_are_named_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let wait = ["--env", "dev,prod", "--wait", "dev=acme-dev@eu-west-1"];
    let answer = begun(folder.path(), "ghcr.io/acme/web", &wait);
    assert_eq!(paths(&answer, "written"), [".github/workflows/release.yml", "slipway.hcl"]);
    assert!(answer["next"].to_string().contains("DEPLOY_ROLE"), "{answer}");
    let workflow = workflow(folder.path());
    let (dev, prod) = (&workflow["jobs"]["deploy-dev"], &workflow["jobs"]["deploy-prod"]);
    assert_eq!(used(dev), ["actions/checkout", "aws-actions/configure-aws-credentials", "OWNER/slipway"]);
    assert_eq!(dev["steps"][2]["with"]["args"], "web=${{ env.IMAGE }} --wait --cluster dev");
    assert_eq!(dev["permissions"], json!({"contents": "read", "id-token": "write"}));
    assert_eq!((used(prod), &prod["permissions"]), (vec!["OWNER/slipway".to_owned()], &json!({})));
    // What it says of clusters is what slipway reads: it gets as far as AWS, which lets nobody in.
    let set = ["image", "set", "web=ghcr.io/acme/web:v2", "--wait", "--cluster", "dev", "--repo", "none.git"];
    Slipway::new(folder.path(), &tool("tofu")).run(&set).exits(1).says("none.git");
    let set = [&set[..5], &["prod", "--repo", "none.git"]].concat();
    Slipway::new(folder.path(), &tool("tofu")).run(&set).exits(64).says("prod");

    let folder = tempfile::tempdir().unwrap();
    begun(folder.path(), "ghcr.io/acme/web", &["--wait", "acme_1@eu-west-1", "--ci", "gitlab"]);
    let pipeline = yaml(&read(folder.path(), ".gitlab-ci.yml").replace("!reference ", ""));
    let script = json!(["slipway image set \"web=$IMAGE\" --wait --cluster acme_1"]);
    assert_eq!(pipeline["deploy"]["script"], script);
    assert_eq!(pipeline["deploy"]["variables"]["AWS_REGION"], "eu-west-1");
}

#[test]
fn a_cluster_that_is_of_no_environment_or_of_none_that_is_there_is_refused() {
    for (more, says) in [
        (&["--env", "dev", "--wait", "acme@eu-west-1"][..], "of which environment"),
        (&["--env", "dev", "--wait", "prod=acme@eu-west-1"], "there is no such environment"),
        (&["--wait", "dev=acme@eu-west-1"], "there is no such environment"),
        (&["--wait", "acme"], "is no AWS region"),
        (&["--wait", "a$b@eu-west-1"], "is no cluster"),
        (&["--wait", "a@eu-west-1,b@eu-west-1"], "second cluster"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let usual =
            ["source", "--app", "web", "--image", "ghcr.io/acme/web", "--manifests-repo", "https://a.b/c"];
        init(folder.path(), &[&usual, more].concat()).exits(64).says(says);
        assert!(!folder.path().join("slipway.hcl").exists());
    }
}
