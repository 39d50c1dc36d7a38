//! Commands that pages list without a prompt, as a reference has them: each is run as it stands there, in the order of the
//! page, in a place where it has something to do.

use super::shell::Shell;
use crate::argocd::world::World;
use crate::support::estate::Estate;
use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::{manifests, root};

/// The commands in the fences of a page that are neither a file nor a session; what may be left out of a command is left
/// out, and what only shows its form (`…`) is none.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(info) };
        } else if fence.is_some_and(|info| info.is_empty() || info == "sh") && line.starts_with("slipway ") {
            let command = line.split("  #").next().unwrap().trim_end();
            let words = command.split(' ').filter(|word| !(word.starts_with('[') && word.ends_with(']')));
            let command_alone = words.collect::<Vec<_>>().join(" ");
            // A page may come back to one.
            if !command.contains('…') && !found.contains(&command_alone) {
                found.push(command_alone);
            }
        }
    }
    assert!(!found.is_empty(), "{page} has no commands");
    found
}

/// The only command of a page whose output another program reads.
fn piped(page: &str) -> String {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let piped: Vec<&str> =
        text.lines().filter(|line| line.starts_with("slipway ") && line.contains(" | ")).collect();
    assert_eq!(piped.len(), 1, "{page}: {piped:?}");
    piped[0].to_owned()
}

/// Runs those of a page.
fn run(shell: &Shell, page: &str) {
    for command in commands(page) {
        shell.must(&command);
    }
}

fn estate() -> (Estate, Shell) {
    let estate = Estate::new();
    estate.unit("dev/network", &[]).unit("test/network", &[]).unit("dev/legacy/network", &[]);
    let shell = Shell::new();
    for part in ["live", "infra", "slipway.hcl"] {
        shell.bring(&estate.path().join(part));
    }
    shell.must(
        "git init --quiet && git add --all && git commit --quiet -m 'Three units' && slipway apply --yes",
    );
    (estate, shell)
}

#[test]
fn the_readme_and_the_pages_on_filters_and_runs() {
    let (_estate, shell) = estate();
    run(&shell, "README.md");
    run(&shell, "docs/filters.md");
    run(&shell, "docs/runs.md");
    let results = shell.runs(&piped("docs/events.md"), &[], 0);
    for unit in ["dev/network", "test/network", "dev/legacy/network"] {
        assert!(results.lines().any(|line| line == format!("{unit}\tunchanged")), "{results}");
    }
    // Its run is of another day: the one that is there takes its place.
    let unlock = commands("docs/signals-and-locks.md").pop().unwrap();
    let (command, run) = unlock.rsplit_once(' ').unwrap();
    assert!(run.starts_with("2026"), "{unlock}");
    shell.must(&format!("{command} $(ls .slipway/runs | head -1)"));
}

#[test]
fn the_page_on_stacks() {
    let (estate, shell) = estate();
    let unit = std::fs::read_to_string(estate.path().join("live/dev/network/terragrunt.hcl")).unwrap();
    estate.write("catalogue/app/terragrunt.hcl", &unit);
    let stack = "unit \"app\" {\n  source = \"${get_repo_root()}/catalogue/app\"\n  path   = \"app\"\n}\n";
    estate.write("live/shop/terragrunt.stack.hcl", stack);
    shell.bring(&estate.path().join("catalogue"));
    shell.bring(&estate.path().join("live"));
    run(&shell, "docs/stacks.md");
}

/// The app of the page's examples, which is in no Application here.
const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:v1
          env:
            - name: RUNNER
              value: registry.example/runner:v1
        - name: proxy
          image: registry.example/proxy:v6
";
const BUILD: &str = "\
apiVersion: example.com/v1
kind: Build
metadata:
  name: web
spec:
  args:
    - --quiet
    - --image=registry.example/task:v1
";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_on_the_manifests_repository() {
    let world = World::new("page-gitops").await;
    let shell = Shell::new().bed(&world.bed).settings(world.settings());
    std::fs::write(shell.start().join("slipway.hcl"), world.project("")).unwrap();
    for (place, image) in [("staging", "registry.example/app-a:v5"), ("prod", "registry.example/app-a:v4")] {
        world.add(
            &format!("manifests/{place}/app-a/deployment.yaml"),
            &manifests::deployment("app-a", &[("app-a", image)]),
        );
    }
    world.add("manifests/web/deployment.yaml", WEB);
    world.add("manifests/web/job.yaml", BUILD);
    shell.must("slipway argocd bootstrap && slipway argocd wait");
    let is_request = |command: &String| command.contains(" --pull-request") || command.contains(" --pr ");
    let (requests, pushes): (Vec<_>, Vec<_>) = commands("docs/gitops.md").into_iter().partition(is_request);
    for command in &pushes {
        shell.must(command);
    }
    shell.must("slipway argocd uninstall --yes");
    // Each against a forge of its own, where somebody has bumped before.
    assert!(requests.len() > 2, "{requests:?}");
    for command in requests {
        let forge = Forge::start(Kind::GitHub, &["app-a", "staging/app-a", "prod/app-a"]);
        forge.settings(&serde_json::json!({"allow_auto_merge": true}));
        let variables = [
            ("SLIPWAY_MANIFESTS_URL", forge.url()),
            ("SLIPWAY_MANIFESTS_TOKEN", TOKEN.to_owned()),
            ("SLIPWAY_FORGE", "github".to_owned()),
            ("SLIPWAY_CHECK_IMAGE", "off".to_owned()),
        ];
        let shell = variables.iter().fold(Shell::new(), |shell, (name, value)| shell.env(name, value));
        shell.must("slipway image set app-a=registry.example/app-a:v1.5");
        shell.must(&command);
        assert_eq!(forge.requests().len(), 1, "{command}");
    }
}
