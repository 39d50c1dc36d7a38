//! A cluster with a manifests repository, and the one Argo CD that a bed can have.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kube::Client;
use slipway::argocd::{
    Ancestry, ApplicationStatus, ArgoCdError, BootstrapSpec, Manifest, ManifestSpec, Wanted, wait_green,
};
use slipway::cluster::connect;
use slipway::project::{Flavor, Repository, RootApplication};
use slipway::support::secret::Secret;
use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::manifests;
use crate::support::slipway::Slipway;

/// Two installations on one API server would share their CRDs: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

pub struct World {
    pub bed: Arc<Bed>,
    pub client: Client,
    pub repository: PathBuf,
    name: &'static str,
    _turn: MutexGuard<'static, ()>,
}

/// The revision counts only where it is the commit itself.
pub struct Exactly;

#[async_trait]
impl Ancestry for Exactly {
    async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, String> {
        Ok(Some(revision == commit))
    }
}

const PROJECT: &str = r#"
cluster "dev" {
  name   = "THIS"
  region = "eu-west-1"
MORE
  argocd {
    version  = "v3.6.1"
    flavor   = "core"
    manifest = get_env("SLIPWAY_ARGOCD_MANIFEST")

    repository {
      url         = get_env("SLIPWAY_MANIFESTS_URL")
      username    = get_env("SLIPWAY_MANIFESTS_USERNAME")
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN")
    }

    root {
      path     = "manifests/apps"
      revision = "main"
    }
  }
}
"#;

impl World {
    /// The cluster and the repository are called by the name, so that no other test has them.
    pub async fn new(name: &'static str) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let bed = Bed::shared();
        let aws = bed_aws(&bed).await;
        cluster(&aws, name).await;
        let client = connect(&aws, name).await.unwrap().client;
        let repository = manifests::seed(&bed, name);
        Self { bed, client, repository, name, _turn: turn }
    }

    pub fn url(&self) -> String {
        manifests::url(&self.bed, self.name)
    }

    /// A `slipway.hcl` with the cluster, what else its block holds, and the core installation; its settings are variables.
    pub fn project(&self, more: &str) -> String {
        PROJECT.replace("THIS", self.name).replace("MORE", more)
    }

    /// Those variables.
    pub fn settings(&self) -> Vec<(String, String)> {
        manifests::settings(&self.bed, self.name)
    }

    /// The program on the bed, in a folder, with those variables.
    pub fn slipway(&self, home: &Path) -> Slipway {
        let slipway = Slipway::new(home, Path::new("/nowhere/terraform")).bed(&self.bed);
        self.settings().iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value))
    }

    /// One of the bed's manifests, see `emulator/manifests.py`.
    pub async fn manifest(&self, name: &str) -> Manifest {
        let spec = ManifestSpec {
            version: "v3.6.1".to_owned(),
            flavor: if name.starts_with("core") { Flavor::Core } else { Flavor::Standard },
            location: Some(self.bed.text(&format!("/argocd/manifests/{name}")).into()),
            sha256: None,
            cache: PathBuf::from("/nowhere"),
        };
        Manifest::load(&spec).await.unwrap()
    }

    /// What `slipway.hcl` would say, with the core installation.
    pub async fn spec(&self, namespace: &str) -> BootstrapSpec {
        BootstrapSpec {
            namespace: namespace.to_owned(),
            manifest: self.manifest("core-lighter").await,
            repository: Some(Repository {
                url: self.url().into(),
                username: Some(self.bed.text("/git/username").to_owned()),
                credentials: Some(Secret::new(self.bed.text("/git/password"))),
                key: None,
                insecure: false,
                forge: None,
                api: None,
            }),
            root: Some(RootApplication {
                name: "root".to_owned(),
                path: "manifests/apps".to_owned(),
                revision: "main".to_owned(),
                clusters: None,
                namespace: None,
            }),
            sources: Vec::new(),
            notifications: None,
            ssh_known_hosts: None,
            labels: std::collections::BTreeMap::new(),
            clusters: Vec::new(),
            cluster: self.name.to_owned(),
            annotations: Some([("slipway/vpc_id".to_owned(), "vpc-1".to_owned())].into()),
            force: false,
            downgrade: false,
        }
    }

    /// Waits until all Applications are green at the tip of the repository.
    pub async fn green(
        &self,
        namespace: &str,
        timeout: Duration,
    ) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
        let (url, commit) = (self.url(), manifests::head(&self.repository));
        let wanted = Wanted::at(&url, &commit, timeout);
        wait_green(self.client.clone(), namespace, &wanted, &Exactly, &|_| ()).await
    }

    /// What keeps the Applications from being green, once it says all of `told`. How long Argo CD takes to see that depends
    /// on the machine, so that it is waited for again, longer each time; that they become green is wrong at any time.
    pub async fn stuck(&self, namespace: &str, told: &[&str]) -> String {
        let mut timeout = Duration::from_secs(8);
        loop {
            let error = self.green(namespace, timeout).await.unwrap_err().to_string();
            if told.iter().all(|part| error.contains(part)) {
                return error;
            }
            assert!(timeout < Duration::from_mins(6), "{error}\nand not {told:?}");
            timeout *= 2;
        }
    }

    /// An Application of two sources of the repository, one of them in another spelling, that somebody writes by hand.
    pub fn several_sources(&self, namespace: &str) {
        let more = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}"#;
        self.commit(|work| {
            std::fs::create_dir(work.join("manifests/more")).unwrap();
            std::fs::write(work.join("manifests/more/more.json"), more).unwrap();
        });
        let url = self.url();
        let text = format!(
            r#"{{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {{"name": "several"}},
            "spec": {{"project": "default", "destination": {{"server": "https://kubernetes.default.svc",
            "namespace": "default"}}, "sources": [{{"repoURL": "{url}", "targetRevision": "main", "ref": "values"}},
            {{"repoURL": "{}", "path": "manifests/more", "targetRevision": "main"}}],
            "syncPolicy": {{"automated": {{}}}}}}}}"#,
            url.trim_end_matches(".git")
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        self.bed.kubectl(&["-n", namespace, "apply", "-f", file.path().to_str().unwrap()]);
    }

    /// Pushes a commit that replaces a text in a file.
    pub fn push(&self, file: &str, from: &str, to: &str) {
        self.commit(|work| {
            let text = std::fs::read_to_string(work.join(file)).unwrap();
            assert!(text.contains(from), "{file} has no {from:?}");
            std::fs::write(work.join(file), text.replace(from, to)).unwrap();
        });
    }

    /// Pushes a commit that adds a file.
    pub fn add(&self, file: &str, text: &str) {
        self.commit(|work| {
            let file = work.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        });
    }

    /// Pushes a commit of what a program writes into a clone.
    pub fn begin(&self, write: impl FnOnce(&Path)) {
        self.commit(write);
    }

    /// Pushes a commit of what is done to a clone.
    fn commit(&self, change: impl FnOnce(&Path)) {
        self.commit_on("main", change);
    }

    /// The same on a branch, which begins at the tip of `main`.
    pub fn commit_on(&self, branch: &str, change: impl FnOnce(&Path)) {
        let work = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
            let mut command = Command::new("git");
            let status = command.current_dir(work.path()).args(identity).args(arguments).status();
            assert!(status.unwrap().success(), "git {arguments:?}");
        };
        git(&["clone", "--quiet", self.repository.to_str().unwrap(), "."]);
        change(work.path());
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "A change"]);
        git(&["push", "--quiet", "origin", &format!("HEAD:{branch}")]);
    }

    /// The names of all objects of a kind, wherever they are.
    pub fn names(&self, kind: &str) -> String {
        self.bed.kubectl(&["get", kind, "-A", "-o", "name", "--ignore-not-found"])
    }
}
