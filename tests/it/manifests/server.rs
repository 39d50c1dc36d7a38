//! What a real API server publishes, and what it says itself to the same manifests.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway::cluster::connect;
use slipway::gitops::{CheckLevel, ManifestRule};
use slipway::manifests::{ClusterSchemas, SchemaSource, Schemas};

use super::{WEB, held, rows, set};
use crate::cluster::on_bed::{bed_aws, cluster};
use crate::gitops::remote::Remote;
use crate::support::bed::Bed;
use crate::support::tool;

/// Whether `kubectl` succeeds, and what it says.
fn kubectl(bed: &Bed, arguments: &[&str]) -> (bool, String) {
    let kubeconfig = Path::new(bed.text("/kubernetes/kubeconfig"));
    let mut command = Command::new(tool("kubectl"));
    let output = command.arg("--kubeconfig").arg(kubeconfig).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// What the API server itself says to a file.
fn is_accepted(bed: &Bed, text: &str) -> (bool, String) {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    kubectl(bed, &["apply", "--dry-run=server", "--validate=strict", "-n", "default", "-f", path])
}

fn define(bed: &Bed) {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), rows::DEFINITION).unwrap();
    bed.kubectl(&["apply", "-f", file.path().to_str().unwrap()]);
    // It is published a moment after it is served.
    let published = ["get", "--raw", "/openapi/v3/apis/manifests.example.com/v1"];
    let deadline = Instant::now() + Duration::from_mins(1);
    while !kubectl(bed, &published).1.contains("colour") {
        assert!(Instant::now() < deadline, "the definition was not published");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_that_of_a_strict_dry_run_of_the_server() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "manifests-held").await;
    let client = connect(&aws, "manifests-held").await.unwrap().client;
    define(&bed);
    let (right, wrong) = (rows::right(), rows::wrong());
    let all = right.iter().map(|(name, text)| (*name, text));
    let all: Vec<(&str, &String)> = all.chain(wrong.iter().map(|(name, text, ..)| (*name, text))).collect();
    let files: Vec<(String, &str)> =
        all.iter().map(|(name, text)| (format!("manifests/{name}/all.yaml"), text.as_str())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let remote = Remote::empty();
    remote.commit("start", &files);
    let mut repository = remote.open().await;
    let schemas = SchemaSource::Cluster(Box::new(ClusterSchemas::new(client, "held")));
    repository.check_manifests(CheckLevel::Warn, Some(Arc::new(Schemas::new(vec![schemas]))));

    let mut differing = Vec::new();
    for (name, text) in &all {
        let (is_right, said) = is_accepted(&bed, text);
        let ours = set(&mut repository, name).await;
        if ours.as_ref().is_ok_and(Vec::is_empty) != is_right {
            differing.push(format!("{name}: {ours:?}\n{said}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    for (name, text, line, told) in &wrong {
        let problems = set(&mut repository, name).await.unwrap_err();
        let place = format!("manifests/{name}/all.yaml:{line}: ");
        if !problems.contains(&place) || !problems.contains(told) {
            differing.push(format!("{name}: {problems}\n{text}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_in_the_repository_is_enough_for_a_kind_that_is_yet_to_come() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "manifests-defined").await;
    let client = connect(&aws, "manifests-defined").await.unwrap().client;
    let schemas = || {
        let cluster = ClusterSchemas::new(client.clone(), "defined");
        vec![SchemaSource::Cluster(Box::new(cluster))]
    };
    let text = |colour: &str| {
        format!(
            "{WEB}---\napiVersion: later.example.com/v1\nkind: Widget\nmetadata: {{name: one}}\nspec: {{colour: {colour}}}\n"
        )
    };
    let (remote, mut repository) = held(&text("red"), schemas()).await;
    let refused = set(&mut repository, "web").await.unwrap_err();
    assert!(refused.contains("all.yaml:19: defined has no later.example.com/v1"), "{refused}");
    let definition = rows::DEFINITION.replace("manifests.example.com", "later.example.com");
    remote.commit("definition", &[("crds/widgets.yaml", &definition)]);
    let (mut repository, judge) = (remote.open().await, Arc::new(Schemas::new(schemas())));
    repository.check_manifests(CheckLevel::Warn, Some(judge));
    assert_eq!(set(&mut repository, "web").await.unwrap(), []);
    remote.commit("blue", &[("manifests/web/all.yaml", &text("blue"))]);
    let mut repository = remote.open().await;
    repository.check_manifests(CheckLevel::Warn, Some(Arc::new(Schemas::new(schemas()))));
    assert!(set(&mut repository, "web").await.unwrap_err().contains("spec.colour has to be one of"));

    // Of what lies beside only the kind is asked for.
    let beside = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndate: {}\n---\napiVersion: batch/v1\nkind: CronJobs\nmetadata: {name: a}\n";
    remote.commit("beside", &[("manifests/web/all.yaml", WEB), ("manifests/web/beside.yaml", beside)]);
    let mut repository = remote.open().await;
    repository.check_manifests(CheckLevel::Warn, Some(Arc::new(Schemas::new(schemas()))));
    let told = set(&mut repository, "web").await.unwrap();
    let told: Vec<_> = told.iter().map(|one| (one.line, one.rule)).collect();
    assert_eq!(told, [(7, ManifestRule::Known)]);
}
