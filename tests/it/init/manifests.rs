//! The manifests repository, held against Kustomize, a real API server, and `slipway image`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{assert_tidy, commit, init, lint, must, paths, push, read};
use crate::documented::pipelines::yaml;
use crate::support::bed::Bed;
use crate::support::slipway::Slipway;
use crate::support::tool;

const REPO: &str = "https://git.example.com/acme/manifests.git";
const APPS: &[&str] = &["--app", "web=ghcr.io/acme/web:1.4.0", "--app", "api"];
const ENVIRONMENTS: &[&str] = &["--env", "dev", "--env", "prod"];

/// One in a folder of its own, with a bare repository of it.
fn begun(arguments: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let all = [&["manifests", "--repo", REPO, "--format", "json"], APPS, arguments].concat();
    let answer = init(&work, &all).exits(0).json();
    assert_tidy(&work, &paths(&answer, "written").iter().map(String::as_str).collect::<Vec<_>>());
    commit(&work);
    push(&work, &folder.path().join("bare.git"));
    (folder, work)
}

fn built(work: &Path, folder: &str) -> String {
    must(work, &tool("kubectl"), &["kustomize", folder])
}

fn images(folder: &Path, manifests: &str) -> Value {
    let arguments = ["image", "list", "--repo", "bare.git", "--manifests", manifests, "--format", "json"];
    Slipway::new(folder, &tool("tofu")).run(&arguments).exits(0).json()
}

#[test]
fn an_api_server_takes_every_object() {
    let bed = Bed::start(&["kubernetes"]);
    let (_plain, plain) = begun(&[]);
    for app in ["web", "api"] {
        let folder = plain.join("manifests").join(app);
        bed.kubectl(&["create", "--dry-run=server", "-f", folder.to_str().unwrap()]);
    }
    let (overlays, work) = begun(ENVIRONMENTS);
    for environment in ["dev", "prod"] {
        for app in ["web", "api"] {
            let text = built(&work, &format!("manifests/{environment}/{app}"));
            let file = overlays.path().join("built.yaml");
            std::fs::write(&file, &text).unwrap();
            bed.kubectl(&["create", "--dry-run=server", "-f", file.to_str().unwrap()]);
        }
    }
}

#[test]
fn an_overlay_says_image_replicas_and_host_of_its_environment() {
    let (_folder, work) =
        begun(&[ENVIRONMENTS, &["--domain", "acme.dev", "--ingress-class", "nginx"]].concat());
    let text = built(&work, "manifests/prod/web");
    for line in
        ["image: ghcr.io/acme/web:1.4.0", "replicas: 3", "host: web.prod.acme.dev", "ingressClassName: nginx"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("alb.ingress"), "{text}");
    let text = built(&work, "manifests/dev/api");
    for line in ["image: registry.example/api:v1", "replicas: 1", "host: api.dev.acme.dev"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn an_application_leads_to_each_folder() {
    for (arguments, applications) in [
        (&[][..], vec![("apps/web.yaml", "manifests/web"), ("apps/api.yaml", "manifests/api")]),
        (
            ENVIRONMENTS,
            vec![("apps/dev/web.yaml", "manifests/dev/web"), ("apps/prod/api.yaml", "manifests/prod/api")],
        ),
    ] {
        let (_folder, work) = begun(arguments);
        for (file, path) in applications {
            let application = yaml(&read(&work, file));
            let source = &application["spec"]["source"];
            assert_eq!((&source["repoURL"], &source["path"]), (&REPO.into(), &path.into()), "{file}");
            assert!(work.join(path).is_dir(), "{path}");
        }
    }
}

#[test]
fn an_image_is_set_by_one_commit_in_a_plain_app_and_in_one_environment() {
    for (arguments, manifests, file) in [
        (&[][..], "manifests", "manifests/web/deployment.yaml"),
        (ENVIRONMENTS, "manifests/dev", "manifests/dev/web/kustomization.yaml"),
    ] {
        let (folder, work) = begun(arguments);
        let set =
            ["image", "set", "web=ghcr.io/acme/web:1.5.0", "--repo", "bare.git", "--manifests", manifests];
        Slipway::new(folder.path(), &tool("tofu")).run(&set).exits(0).says("1.4.0 → ghcr.io/acme/web:1.5.0");
        let git = Path::new("git");
        must(&work, git, &["pull", "--quiet", "../bare.git", "main"]);
        assert_eq!(must(&work, git, &["diff", "--name-only", "HEAD^", "HEAD"]), format!("{file}\n"));
        let listed = images(folder.path(), manifests);
        let listed: Vec<&str> =
            listed.as_array().unwrap().iter().filter_map(|image| image["image"].as_str()).collect();
        assert!(listed.contains(&"ghcr.io/acme/web:1.5.0"), "{listed:?}");
        if manifests == "manifests/dev" {
            assert!(built(&work, "manifests/dev/web").contains("image: ghcr.io/acme/web:1.5.0"));
            assert!(built(&work, "manifests/prod/web").contains("image: ghcr.io/acme/web:1.4.0"));
        }
    }
}

#[test]
fn an_image_is_promoted_from_one_environment_to_the_next() {
    let (folder, work) = begun(ENVIRONMENTS);
    let slipway = |arguments: &[&str]| {
        let all = [arguments, &["--repo", "bare.git"]].concat();
        Slipway::new(folder.path(), &tool("tofu")).run(&all).exits(0)
    };
    slipway(&["image", "set", "web=ghcr.io/acme/web:2.0.0", "--manifests", "manifests/dev"]);
    slipway(&["image", "promote", "web", "--from", "manifests/dev", "--to", "manifests/prod"]);
    must(&work, Path::new("git"), &["pull", "--quiet", "../bare.git", "main"]);
    assert!(built(&work, "manifests/prod/web").contains("image: ghcr.io/acme/web:2.0.0"));
}

/// What a runner would do in a pull request: the steps are run as they stand.
#[test]
fn the_pipeline_builds_and_reads_all_and_fails_where_something_is_broken() {
    for (arguments, ci) in [(&[][..], "github"), (ENVIRONMENTS, "github"), (ENVIRONMENTS, "gitlab")] {
        let (_folder, work) = begun(&[arguments, &["--ci", ci, "--owner", "@acme/platform"]].concat());
        assert_eq!(read(&work, "CODEOWNERS"), "* @acme/platform\n");
        let scripts: Vec<String> = if ci == "github" {
            lint(&work);
            let workflow = yaml(&read(&work, ".github/workflows/manifests.yml"));
            let steps = workflow["jobs"]["check"]["steps"].as_array().unwrap().clone();
            let ours = &steps[2]["with"];
            let command =
                format!("slipway {} {}", ours["command"].as_str().unwrap(), ours["args"].as_str().unwrap());
            vec![steps[1]["run"].as_str().unwrap().to_owned(), command]
        } else {
            let pipeline = yaml(&read(&work, ".gitlab-ci.yml"));
            let script = pipeline["check"]["script"].as_array().unwrap();
            script.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
        };
        let run = || scripts.iter().map(|script| ran(&work, script)).find(|code| *code != 0).unwrap_or(0);
        assert_eq!(run(), 0, "{ci} {arguments:?}");
        if !arguments.is_empty() {
            let file = work.join("manifests/prod/web/kustomization.yaml");
            let broken = std::fs::read_to_string(&file).unwrap().replace("base/web", "base/wbe");
            std::fs::write(&file, broken).unwrap();
            assert_ne!(run(), 0, "{ci}");
        }
    }
}

fn ran(folder: &Path, script: &str) -> i32 {
    let ours = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap();
    let tools = tool("kubectl");
    let path = format!("{}:{}:/usr/bin:/bin", ours.display(), tools.parent().unwrap().display());
    let script = format!("set -eo pipefail\n{script}");
    let mut bash = std::process::Command::new("bash");
    let ended = bash.args(["-c", &script]).current_dir(folder).env("PATH", path).output().unwrap();
    ended.status.code().unwrap()
}

/// The address is where the repository is pushed to, unless that has a login in it.
#[test]
fn its_address_is_that_of_origin() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| must(folder.path(), Path::new("git"), arguments);
    git(&["init", "--quiet"]);
    git(&["remote", "add", "origin", "git@git.example.com:acme/manifests.git"]);
    init(folder.path(), &["manifests", "--app", "web"]).exits(0);
    assert!(
        read(folder.path(), "apps/web.yaml").contains("repoURL: git@git.example.com:acme/manifests.git\n")
    );
    git(&["remote", "set-url", "origin", "https://ada:canary-origin@git.example.com/m.git"]);
    init(folder.path(), &["manifests", "--app", "api"]).exits(64).says("--repo URL");
    assert!(!folder.path().join("apps/api.yaml").exists());
}

/// A new app is added beside those that are there.
#[test]
fn another_app_is_added_later() {
    let (_folder, work) = begun(ENVIRONMENTS);
    let before = read(&work, "README.md");
    let more = [&["manifests", "--repo", REPO, "--app", "jobs"], ENVIRONMENTS].concat();
    init(&work, &more).exits(0).says("kept  README.md").says("wrote apps/dev/jobs.yaml");
    assert_eq!(read(&work, "README.md"), before);
    built(&work, "manifests/prod/jobs");
}

#[test]
fn a_set_takes_the_place_of_applications_and_another_app_is_added_to_it() {
    let (_folder, work) = begun(&[ENVIRONMENTS, &["--application-set"]].concat());
    for environment in ["dev", "prod"] {
        let set = yaml(&read(&work, &format!("apps/{environment}/applications.yaml")));
        let folder = format!("manifests/{environment}/*");
        assert_eq!(set["spec"]["generators"][0]["git"]["directories"][0]["path"], folder);
        assert!(!work.join(format!("apps/{environment}/web.yaml")).exists());
    }
    assert!(read(&work, "README.md").contains("apps/<environment>/applications.yaml"));
    init(&work, &["manifests", "--repo", REPO, "--app", "more", "--env", "dev"]).exits(0);
    assert!(work.join("manifests/dev/more/kustomization.yaml").exists());
    assert!(!work.join("apps/dev/more.yaml").exists());
}
