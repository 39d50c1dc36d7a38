//! Pipelines that pages show: their files are read, and the steps that a runner would run are run.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use super::page::{self, Step};
use super::shell::Shell;
use crate::support::estate::Estate;
use crate::support::program;
use crate::support::skipped::partly_skipped;

/// The text of a file that a page shows.
fn shown(name: &str, path: &str) -> String {
    let text = std::fs::read_to_string(page::file(name)).unwrap();
    let mut files = page::steps(&text).into_iter().filter_map(|step| match step {
        Step::File { path: found, text } if found == path => Some(text),
        _ => None,
    });
    files.next_back().unwrap_or_else(|| panic!("{name} shows no {path}"))
}

pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

/// The estate of somebody, on a branch that changes one unit of four; all of it is applied on `main`.
pub fn branch() -> Shell {
    let estate = Estate::chain();
    estate.write(".gitignore", "states/\n");
    let shell = Shell::new();
    for part in ["live", "infra", "slipway.hcl", ".gitignore"] {
        shell.bring(&estate.path().join(part));
    }
    shell.must("git init --quiet && git add --all && git commit --quiet -m 'All of it'");
    shell.must("git init --quiet --bare ../origin.git && git remote add origin ../origin.git");
    shell.must("git push --quiet origin main && git fetch --quiet && slipway apply --yes");
    shell.must("git checkout --quiet -b bigger && sed -i 's/\"bucket\"/\"bucket, bigger\"/' live/bucket/terragrunt.hcl");
    shell.must("git commit --quiet --all -m 'A bigger bucket'");
    shell
}

/// The scripts of a job of GitHub's, each with its variables; what a runner would put in for an expression is given.
pub fn github_steps(job: &Value, expressions: &[(&str, &str)]) -> Vec<(String, Vec<(String, String)>)> {
    let steps = job["steps"].as_array().unwrap().iter();
    let scripts = steps.filter_map(|step| {
        let script = step["run"].as_str()?.to_owned();
        assert!(
            !script.contains("${{"),
            "an expression in a script is code of whoever writes its value: {script}"
        );
        let variables = step["env"].as_object().into_iter().flatten().map(|(name, value)| {
            let value =
                expressions.iter().fold(value.as_str().unwrap().to_owned(), |text, (expression, value)| {
                    text.replace(&format!("${{{{ {expression} }}}}"), value)
                });
            assert!(!value.contains("${{"), "{name} is {value}");
            (name.clone(), value)
        });
        Some((script, variables.collect()))
    });
    scripts.collect()
}

#[test]
fn the_jobs_for_github_do_what_the_page_says() {
    let text = shown("howto/github.md", ".github/workflows/infrastructure.yml");
    let workflow = yaml(&text);
    let mut shell = branch();
    // A `gh` that keeps what it was told.
    shell.program("gh", "printf '%s\\n' \"$*\" > gh.txt; cat plan.md > comment.md");
    let told = [("github.base_ref", "main"), ("github.token", "token"), ("github.event.number", "7")];
    for job in ["look", "plan"] {
        for (script, variables) in github_steps(&workflow["jobs"][job], &told) {
            shell.runs(&script, &variables, 0);
        }
    }
    let comment = shell.read("comment.md");
    assert!(comment.starts_with("<!-- slipway plan -->"), "{comment}");
    assert!(comment.contains("bucket") && !comment.contains("networking"), "{comment}");
    assert_eq!(shell.read("gh.txt"), "pr comment 7 --body-file plan.md --edit-last --create-if-none\n");
    for (script, variables) in github_steps(&workflow["jobs"]["apply"], &[]) {
        shell.runs(&script, &variables, 0);
    }
    assert!(
        shell.read("run.html").contains("bucket") && shell.read("states/bucket.tfstate").contains("bigger")
    );
}

#[test]
fn the_workflow_for_github_is_one() {
    let Some(actionlint) = program("actionlint") else {
        partly_skipped("there is no actionlint; run `make setup`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("infrastructure.yml");
    std::fs::write(&file, shown("howto/github.md", ".github/workflows/infrastructure.yml")).unwrap();
    let output = Command::new(actionlint).args(["-shellcheck=", "-pyflakes="]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The variables of a job of GitLab's, those of all jobs first.
fn gitlab_variables(pipeline: &Value, job: &Value) -> Vec<(String, String)> {
    let all = [&pipeline["variables"], &job["variables"]].into_iter().filter_map(Value::as_object).flatten();
    all.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn the_jobs_for_gitlab_do_what_the_page_says() {
    let pipeline = yaml(&shown("howto/gitlab.md", ".gitlab-ci.yml"));
    let mut shell = branch();
    // The options that are read from standard input come before the others.
    shell.program("curl", "cat > curl.txt; printf '%s\\n' \"$*\" >> curl.txt; head -n 1 plan.md >> curl.txt");
    let base = shell.runs("git merge-base main HEAD", &[], 0);
    let given = [
        ("AWS_TOKEN", "of-this-job"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.trim()),
        ("NOTES_TOKEN", "of-notes"),
        ("CI_API_V4_URL", "https://gitlab.example.com/api/v4"),
        ("CI_PROJECT_ID", "3"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_BUILDS_DIR", "."),
    ];
    for (name, job) in ["plan", "apply"].map(|name| (name, &pipeline[name])) {
        assert_eq!(job["extends"], ".aws", "{name}");
        let mut variables: Vec<(String, String)> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (variable, value) in gitlab_variables(&pipeline, job) {
            variables.push((variable, value.replace("$CI_BUILDS_DIR", ".")));
        }
        let parts = [&pipeline[".aws"]["before_script"], &job["script"], &job["after_script"]];
        for script in parts.into_iter().filter_map(Value::as_array).flatten() {
            shell.runs(script.as_str().unwrap(), &variables, 0);
        }
        assert!(shell.read("slipway.xml").contains("<testcase"), "{name}");
    }
    let mut should = String::new();
    writeln!(should, "header = \"PRIVATE-TOKEN: of-notes\"").unwrap();
    writeln!(should, "--config - --fail --data-urlencode body@plan.md https://gitlab.example.com/api/v4/projects/3/merge_requests/7/notes").unwrap();
    writeln!(should, "<!-- slipway plan -->").unwrap();
    assert_eq!(shell.read("curl.txt"), should);
    assert!(shell.read("states/bucket.tfstate").contains("bigger"));
}

/// What Atlantis tells a step.
fn of_atlantis(shell: &Shell) -> Vec<(String, String)> {
    let dir = shell.start().join("live");
    let all = [
        ("BASE_REPO_NAME", "infrastructure".to_owned()),
        ("PULL_NUM", "7".to_owned()),
        ("PROJECT_NAME", "dev".to_owned()),
        ("PLANFILE", dir.join("dev-default.tfplan").display().to_string()),
        ("PLANS", shell.start().parent().unwrap().join("plans").display().to_string()),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

#[test]
fn the_workflow_for_atlantis_applies_what_was_planned() {
    let server = yaml(&shown("howto/atlantis.md", "repos.yaml"));
    let projects = yaml(&shown("howto/atlantis.md", "atlantis.yaml"));
    let workflow = projects["projects"][0]["workflow"].as_str().unwrap();
    assert!(server["repos"][0]["allowed_overrides"].as_array().unwrap().contains(&Value::from("workflow")));
    let shell = branch();
    let do_stage = |stage: &str| {
        let mut variables = of_atlantis(&shell);
        for step in server["workflows"][workflow][stage]["steps"].as_array().unwrap() {
            if let Some(variable) = step["env"]["name"].as_str() {
                let value = shell.runs(step["env"]["command"].as_str().unwrap(), &variables, 0);
                variables.push((variable.to_owned(), value.trim().to_owned()));
            } else {
                shell.runs(step["run"].as_str().unwrap(), &variables, 0);
            }
        }
        shell.runs("git ls-files . --others | grep 'tfplan$' || true", &[], 0)
    };
    // Atlantis takes each file of that name for a plan of its own.
    assert_eq!(do_stage("plan"), "live/dev-default.tfplan\n");
    assert_eq!(do_stage("apply"), "");
    assert!(shell.read("states/bucket.tfstate").contains("bigger"));
    assert!(shell.read("live/bucket/terragrunt.hcl").contains("bigger"));
}
