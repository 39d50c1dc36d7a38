//! What slipway.hcl says, on small trees.

use std::path::PathBuf;

use super::fixture::{Tree, told};
use super::{Cluster, EngineChoice, Flavor, Project};
use crate::terragrunt::outputs::Outputs;

const PROJECT: &str = r#"
  estate { root = "live" }
  engine {
    use         = "native"
    parallelism = 4
  }
  cluster "dev" {
    unit   = "dev/cluster"
    name   = outputs.cluster_name
    region = "eu-west-1"
    verify {
      version         = "1.33"
      min_ready_nodes = 2
      addons          = ["coredns"]
    }
    argocd {
      version  = "v3.6.1"
      flavor   = "ha"
      manifest = get_env("MANIFEST", "")
      repository {
        url         = "https://git.example.com/manifests.git"
        username    = "slipway"
        credentials = get_env("TOKEN")
      }
      root { path = "manifests" }
    }
  }
"#;

fn find(tree: &Tree, from: &str, environment: &[(&str, &str)]) -> Result<Project, String> {
    let options = tree.options("").environment(environment.iter().copied());
    Project::find_with(&tree.path(from), options).map_err(|errors| told(&errors))
}

fn outputs() -> Outputs {
    Outputs::from([("cluster_name".into(), crate::hcl::value::Value::string("acme-dev"))])
}

fn dev(project: &Project) -> &Cluster {
    project.cluster("dev").unwrap()
}

#[test]
fn it_is_found_upwards_and_says_where_the_estate_is() {
    let tree = Tree::new(&[("slipway.hcl", PROJECT), ("live/dev/cluster/terragrunt.hcl", "")]);
    let project = find(&tree, "live/dev/cluster", &[]).unwrap();
    assert_eq!(project.estate_root, tree.path("live"));
    assert_eq!(project.engine, EngineChoice::Native);
    assert_eq!(project.parallelism, Some(4));
    assert_eq!(dev(&project).unit, Some(PathBuf::from("dev/cluster")));
}

#[test]
fn without_the_file_the_defaults_serve() {
    let tree = Tree::new(&[("live/app/terragrunt.hcl", "")]);
    let project = find(&tree, "live", &[]).unwrap();
    assert_eq!(project.estate_root, tree.root(), "one for the whole work tree");
    std::fs::create_dir_all(tree.path("live/.slipway/runs")).unwrap();
    assert_eq!(find(&tree, "live/app", &[]).unwrap().estate_root, tree.path("live"), "as it was used before");
    let alone = tempfile::tempdir().unwrap();
    let options = crate::terragrunt::ReaderOptions::new(alone.path(), "");
    assert_eq!(Project::find_with(alone.path(), options).unwrap().estate_root, alone.path());
    assert_eq!(project.engine, EngineChoice::Auto);
    assert!(project.file.is_none() && project.clusters.is_empty());
}

#[test]
fn a_cluster_is_resolved_by_the_outputs_of_its_unit_and_its_token_is_never_shown() {
    let tree = Tree::new(&[("slipway.hcl", PROJECT)]);
    let project = find(&tree, "", &[("TOKEN", "t0ken")]).unwrap();
    let cluster = dev(&project).resolve(Some(&outputs())).unwrap();
    assert_eq!(cluster.name, "acme-dev");
    assert_eq!(cluster.verify.min_ready_nodes, Some(2));
    let shown = format!("{cluster:?} {project:?}");
    assert!(!shown.contains("t0ken"), "{shown}");
    let argocd = cluster.argocd.unwrap();
    assert_eq!((argocd.flavor, &*argocd.namespace, argocd.manifest), (Flavor::Ha, "argocd", None));
    assert_eq!(argocd.root.unwrap().revision, "HEAD");
    let repository = argocd.repository.unwrap();
    assert_eq!(repository.credentials.unwrap().expose(), "t0ken");
}

#[test]
fn before_its_unit_is_applied_a_cluster_says_what_it_waits_for() {
    let tree = Tree::new(&[("slipway.hcl", PROJECT)]);
    let project = find(&tree, "", &[("TOKEN", "x")]).unwrap();
    let error = dev(&project).resolve(None).unwrap_err();
    assert_eq!(error.message, "the outputs of dev/cluster are not known yet");
    assert!(error.location.is_some());
}

#[test]
fn a_missing_token_is_told_only_where_it_is_needed() {
    let tree = Tree::new(&[("slipway.hcl", PROJECT)]);
    let project = find(&tree, "", &[]).unwrap();
    let error = dev(&project).resolve(Some(&outputs())).unwrap_err();
    assert!(error.message.contains("TOKEN is not set"), "{}", error.message);
}

#[test]
fn what_is_misspelt_is_refused_with_the_right_name() {
    let misspelt = PROJECT.replace("min_ready_nodes", "min_ready_node").replace("root {", "rot {");
    let tree = Tree::new(&[("slipway.hcl", &misspelt)]);
    let errors = find(&tree, "", &[]).unwrap_err();
    assert!(errors.contains("did you mean \"min_ready_nodes\"?"), "{errors}");
    assert!(errors.contains("there is no block \"rot\" in argocd"), "{errors}");
    assert!(errors.contains("slipway.hcl:13:"), "{errors}");
}

/// A cluster with such an `argocd` block, and a variable.
fn with_argocd(more: &str, value: &str) -> Result<crate::project::ResolvedCluster, String> {
    let text = format!(
        "cluster \"dev\" {{\n  name = \"dev\"\n  argocd {{\n    version = \"v3.6.1\"\n{more}\n  }}\n}}\n"
    );
    let tree = Tree::new(&[("slipway.hcl", &text)]);
    let project = find(&tree, "", &[("VALUE", value)])?;
    dev(&project).resolve(None).map_err(|error| error.message.clone())
}

#[test]
fn every_kind_of_login_is_read_and_what_cannot_be_one_is_refused() {
    use crate::project::{Key, SourceKind};
    let pem = "-----BEGIN KEY-----\\ncanary-key\\n-----END KEY-----";
    let block = |text: &str| format!("    repository \"x\" {{\n{text}\n    }}");
    let ssh = "url = \"git@h:a/b.git\"\nssh_private_key = get_env(\"VALUE\")";
    let cluster = with_argocd(&block(ssh), pem).unwrap();
    let source = &cluster.argocd.as_ref().unwrap().sources[0];
    let Some(Key::Ssh(key)) = &source.key else { panic!("{source:?}") };
    assert_eq!(key.expose(), "-----BEGIN KEY-----\ncanary-key\n-----END KEY-----\n");
    assert_eq!((source.kind, source.is_prefix), (SourceKind::Git, false));
    assert!(!format!("{cluster:?}").contains("canary-key"));

    for (text, value, wrong) in [
        ("url = \"https://h/b.git\"\nssh_private_key = get_env(\"VALUE\")", pem, "takes no SSH key"),
        (ssh, "hunter2", "is no private key"),
        (
            "url = \"git@h:b\"\nssh_private_key = get_env(\"VALUE\")\ncredentials = get_env(\"VALUE\")",
            pem,
            "several logins",
        ),
        (
            "url = \"https://h/b\"\ngithub_app_private_key = get_env(\"VALUE\")",
            pem,
            "github_app_id is missing",
        ),
        (
            "url = \"https://h/b\"\ngithub_app_id = \"x\"\ngithub_app_private_key = get_env(\"VALUE\")",
            pem,
            "is no number",
        ),
        ("url = \"https://u:p@h/b\"", "", "holds a login"),
        ("url = \"https://h/b\"\ntype = \"svn\"", "", "no such type"),
        ("url = \"oci://h/b\"\ntype = \"helm-oci\"", "", "has a scheme"),
        ("url = \"h/b\"\ntype = \"oci\"", "", "none of a registry"),
    ] {
        let error = with_argocd(&block(text), value).unwrap_err();
        assert!(error.contains(wrong) && !error.contains("hunter2"), "{text}: {error}");
    }
    let twice = format!("{}\n    repository \"y\" {{ url = \"git@h:a/b.git\" }}", block(ssh));
    assert!(with_argocd(&twice, pem).unwrap_err().contains("two blocks"));
    // One that stands in the file is refused before anything is evaluated, also by way of a local.
    for value in ["\"t0ken\"", "<<E\n  t0ken\nE"] {
        let text = format!("    repo_creds \"x\" {{\n url = \"https://h\"\n credentials = {value}\n }}");
        assert!(with_argocd(&text, "").unwrap_err().contains("credentials stands in slipway.hcl"));
    }
    let unknown = with_argocd("    cluster \"dv\" {}", "").unwrap_err();
    assert!(unknown.contains("looks after cluster \"dv\""), "{unknown}");
}

#[test]
fn the_manifests_repository_is_known_without_the_keys_of_others() {
    let more = "    repository {\n url = \"https://h/m.git\"\n }\n    repository \"x\" {\n url = \"git@h:b\"\n ssh_private_key = file(\"gone.pem\")\n }";
    let text = format!(
        "cluster \"dev\" {{\n  name = \"dev\"\n  argocd {{\n    version = \"v3.6.1\"\n{more}\n  }}\n}}\n"
    );
    let tree = Tree::new(&[("slipway.hcl", &text)]);
    let project = find(&tree, "", &[]).unwrap();
    let argocd = dev(&project).argocd_without_outputs().unwrap().unwrap();
    assert_eq!(argocd.repository.unwrap().url.expose(), "https://h/m.git");
    assert!(dev(&project).resolve(None).is_err());
}

#[test]
fn notifications_have_a_login_and_somebody_who_sends_them() {
    use crate::project::StatusLogin;
    let block = |flavor: &str, text: &str| {
        format!(
            "    {flavor}\n    repository {{\n      url = \"https://h/a/b.git\"\n    }}\n    notifications {{\n{text}\n    }}"
        )
    };
    let standard = "flavor = \"standard\"";
    let by_token = "credentials = get_env(\"VALUE\")";
    let cluster = with_argocd(&block(standard, by_token), "canary-token").unwrap();
    assert!(!format!("{cluster:?}").contains("canary-token"));
    let notifications = cluster.argocd.unwrap().notifications.unwrap();
    assert!(matches!(notifications.login, StatusLogin::Token(token) if token.expose() == "canary-token"));
    let pem = "-----BEGIN KEY-----\\ncanary-key\\n-----END KEY-----";
    let app = "github_app_id = \"7\"\ngithub_app_private_key = get_env(\"VALUE\")";
    let installed = format!("{app}\ngithub_app_installation_id = \"9\"");
    let cluster = with_argocd(&block(standard, &installed), pem).unwrap();
    let login = cluster.argocd.unwrap().notifications.unwrap().login;
    assert!(matches!(login, StatusLogin::GithubApp { id: 7, installation: 9, .. }), "{login:?}");

    // Of a manifest of one's own only itself tells.
    let own = "manifest = \"install.yaml\"";
    with_argocd(&block(own, by_token), "x").unwrap();
    for (flavor, text, wrong) in [
        ("", by_token, "slipway.hcl:9:5: the core flavor of Argo CD has no notifications controller"),
        ("flavor = \"core\"", by_token, "has no notifications controller"),
        (standard, "", "notifications have no login"),
        (standard, app, "github_app_installation_id is missing"),
        (standard, "credentials = \"written\"", "credentials stands in slipway.hcl"),
        (standard, &format!("{installed}\n{by_token}"), "there are several logins"),
        (standard, &format!("{by_token}\ncontext = \"{{ap}}\""), "context: {ap} stands for nothing"),
        (standard, &format!("{by_token}\ntarget_url = \"argocd/{{app}}\""), "target_url is no address"),
    ] {
        let error = with_argocd(&block(flavor, text), pem).unwrap_err();
        assert!(error.contains(wrong), "{error}\nand not {wrong}");
    }
    let alone = format!("    {standard}\n    notifications {{\n{by_token}\n    }}");
    let error = with_argocd(&alone, "x").unwrap_err();
    assert!(error.contains("argocd names no such repository"), "{error}");
}
