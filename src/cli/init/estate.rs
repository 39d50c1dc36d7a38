//! `slipway init estate`.

use std::str::FromStr;

use clap::Args;

use super::asking::Asking;
use super::{Ci, CommonArgs, usage};
use crate::launch::CommandError;
use crate::scaffold::names::{Account, GitAddress, KubernetesVersion, Label, NameError, Region};
use crate::scaffold::{Environment, Estate, Scaffold};

/// Begin an infrastructure repository: a Terragrunt estate with a network and an EKS cluster an environment
///
/// What is there is kept, and named. Everything that is missing is written, or nothing.
#[derive(Args, Clone, Debug)]
pub(super) struct EstateArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    /// Whose it is: the beginning of the names of clusters, roles and buckets [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    organization: Option<Label>,

    /// An environment; given again, the next one, in the order in which they are applied [default: dev, prod]
    #[arg(long = "env", value_name = "NAME", value_delimiter = ',')]
    environments: Vec<Label>,

    /// A region of AWS in which each environment is; may be given several times [default: eu-west-1]
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',')]
    regions: Vec<Region>,

    /// The AWS account of an environment, or of all of them
    #[arg(long = "account", value_name = "[ENV=]ID", value_delimiter = ',')]
    accounts: Vec<AccountOf>,

    /// The Kubernetes version of the clusters [default: 1.33]
    #[arg(long = "kubernetes", value_name = "VERSION")]
    kubernetes: Option<KubernetesVersion>,

    /// The manifests repository that Argo CD follows; without one, Argo CD is not installed
    #[arg(long = "manifests-repo", value_name = "URL")]
    manifests: Option<GitAddress>,

    /// Whose pipeline is written
    #[arg(long, value_enum, default_value_t = Ci::GitHub)]
    ci: Ci,

    /// Have root.hcl speak to an emulator of AWS where `AWS_ENDPOINT_URL` names one, such as `LocalStack`
    #[arg(long)]
    emulator: bool,
}

/// `[ENV=]ID`.
#[derive(Clone, Debug)]
struct AccountOf {
    environment: Option<Label>,
    account: Account,
}

impl FromStr for AccountOf {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (environment, account) = match text.split_once('=') {
            Some((environment, account)) => (Some(environment.parse()?), account),
            None => (None, text),
        };
        Ok(Self { environment, account: account.parse()? })
    }
}

impl EstateArgs {
    pub(super) fn scaffold(&self, asking: &Asking) -> Result<Scaffold, CommandError> {
        let usual = |text: &str| text.parse::<Label>().map_err(usage);
        let organization = asking.value(
            "--organization NAME",
            self.organization.as_ref(),
            "the organization's name",
            asking.folder_name(),
        )?;
        let environments = [usual("dev")?, usual("prod")?];
        let environments = asking.several("--env NAME", &self.environments, "environments", &environments)?;
        let region = "eu-west-1".parse().map_err(usage)?;
        let regions = asking.several("--region REGION", &self.regions, "regions of AWS", &[region])?;
        let environments = self.with_accounts(asking, environments)?;
        let kubernetes = match &self.kubernetes {
            Some(kubernetes) => kubernetes.clone(),
            None => "1.33".parse().map_err(usage)?,
        };
        let manifests =
            asking.optional(self.manifests.as_ref(), "the manifests repository that Argo CD follows")?;
        let estate = Estate {
            organization,
            environments,
            regions,
            kubernetes,
            manifests,
            forge: self.ci.forge(),
            slipway: self.common.slipway()?,
            emulator: self.emulator,
        };
        estate.scaffold().map_err(usage)
    }

    fn with_accounts(&self, asking: &Asking, names: Vec<Label>) -> Result<Vec<Environment>, CommandError> {
        let of_other = self.accounts.iter().filter_map(|one| one.environment.as_ref());
        if let Some(unknown) = of_other.into_iter().find(|name| !names.contains(name)) {
            return Err(CommandError::usage(
                format!("--account is of {unknown}, and there is no such environment"),
                format!("name it with --env {unknown} as well"),
            ));
        }
        let with_account = |name: Label| {
            let own = self.accounts.iter().rfind(|one| one.environment.as_ref() == Some(&name));
            let given = own.or_else(|| self.accounts.iter().rfind(|one| one.environment.is_none()));
            let question = format!("the AWS account of {name}");
            let account = asking.optional(given.map(|one| &one.account), &question)?;
            Ok(Environment { name, account })
        };
        names.into_iter().map(with_account).collect()
    }
}
