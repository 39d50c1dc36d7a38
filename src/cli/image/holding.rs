//! What manifests are held to before a change of them is pushed.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::repository::{RepositoryArgs, wrong};
use crate::cli::follow::Reached;
use crate::cluster;
use crate::gitops::{CheckLevel, JudgeManifests, Repository};
use crate::launch::{CommandError, Target, Workspace};
use crate::manifests::{ClusterSchemas, FileSchemas, SchemaSource, Schemas};

/// What schemas are called that the cluster itself has.
const CLUSTER: &str = "cluster";

/// Whether manifests are held to rules.
#[derive(Args, Clone, Debug)]
pub(super) struct HoldArgs {
    /// What it means where manifests are wrong that would be pushed, or lie beside them [default: as in slipway.hcl, else warn]
    #[arg(long, value_enum, value_name = "HOW", env = "SLIPWAY_CHECK_MANIFESTS")]
    check_manifests: Option<CheckManifests>,

    /// What manifests are held to: cluster, an OpenAPI document, or a folder of JSON schemas; several with commas between, the first that
    /// has a kind decides [default: as in slipway.hcl, else the cluster with --wait]
    #[arg(long, value_name = "WHERE", value_delimiter = ',', env = "SLIPWAY_SCHEMA")]
    schema: Vec<String>,
}

/// What it means that manifests are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckManifests {
    /// In a file that is edited it refuses the change, but never a rollback; in other files of the application it is a warning.
    #[default]
    Warn,
    /// All of it refuses the change.
    Require,
    /// Nothing is looked at.
    Off,
}

impl HoldArgs {
    /// Whether a cluster is needed for it.
    pub(super) fn asks_cluster(&self) -> bool {
        self.check_manifests != Some(CheckManifests::Off) && self.schema.iter().any(|one| one == CLUSTER)
    }

    /// Has the repository hold manifests to what flags or slipway.hcl say, and says what it means that one is wrong.
    pub(super) async fn hold(
        &self,
        workspace: &Workspace,
        mut repository: Repository,
        named: &RepositoryArgs,
        reached: Option<&Reached>,
    ) -> Result<(CheckLevel, Repository), CommandError> {
        let level = self.level(workspace)?;
        let judge = if level == CheckLevel::Off {
            None
        } else {
            Box::pin(self.judge(workspace, named, reached)).await?
        };
        repository.check_manifests(level, judge);
        Ok((level, repository))
    }

    fn level(&self, workspace: &Workspace) -> Result<CheckLevel, CommandError> {
        let apps = &workspace.project.apps;
        let said = apps.check_manifests.as_deref();
        let of_apps = said.map(|text| CheckManifests::from_str(text, false)).transpose();
        let of_apps = of_apps.map_err(|_| {
            let text = said.unwrap_or_default();
            let problem = format!("check_manifests is {text:?}; it is warn, require or off");
            wrong(problem, apps.location.as_ref())
        })?;
        Ok(match self.check_manifests.or(of_apps).unwrap_or_default() {
            CheckManifests::Warn => CheckLevel::Warn,
            CheckManifests::Require => CheckLevel::Require,
            CheckManifests::Off => CheckLevel::Off,
        })
    }

    async fn judge(
        &self,
        workspace: &Workspace,
        named: &RepositoryArgs,
        reached: Option<&Reached>,
    ) -> Result<Option<Arc<dyn JudgeManifests>>, CommandError> {
        let project = &workspace.project;
        let beside = project.file.as_deref().and_then(Path::parent).unwrap_or(&workspace.working_dir);
        let (places, folder) = match &self.schema[..] {
            [] => (&project.apps.schemas, beside),
            _ => (&self.schema, &*workspace.working_dir),
        };
        let mut sources = Vec::new();
        for place in places {
            sources.push(match place.as_str() {
                CLUSTER => Box::pin(self.cluster(workspace, named, reached)).await?,
                path => SchemaSource::Files(
                    FileSchemas::read(path, folder).map_err(|error| CommandError::failed(error, None))?,
                ),
            });
        }
        let of_waiting = reached.filter(|_| sources.is_empty());
        sources.extend(of_waiting.map(|reached| SchemaSource::Cluster(Box::new(reached.schemas()))));
        if sources.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Schemas::new(sources))))
    }

    /// The schemas of the cluster that is meant. One that cannot be asked is told where something was to be held to them.
    async fn cluster(
        &self,
        workspace: &Workspace,
        named: &RepositoryArgs,
        reached: Option<&Reached>,
    ) -> Result<SchemaSource, CommandError> {
        if let Some(reached) = reached {
            return Ok(SchemaSource::Cluster(Box::new(reached.schemas())));
        }
        let target = Box::pin(Target::find(workspace, named.cluster.as_deref(), &named.tools.tools())).await;
        let target = match target {
            Ok(target) => target,
            // The repository was named, and slipway.hcl was not read for clusters.
            Err(error) if self.schema.is_empty() => return Ok(SchemaSource::Unreached(error.to_string())),
            Err(error) => return Err(error),
        };
        let name = &target.cluster.name;
        Ok(match cluster::reach(&target.aws, &target.cluster).await {
            Ok(client) => SchemaSource::Cluster(Box::new(ClusterSchemas::new(client, name))),
            Err(error) => SchemaSource::Unreached(error.to_string()),
        })
    }
}
