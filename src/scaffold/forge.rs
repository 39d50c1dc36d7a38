//! Where pipelines run, and what they take from others: each action by its commit, since a tag can be moved.

use super::names::Action;

/// Whose pipelines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
}

/// Actions of others, by commit.
#[derive(Clone, Copy, Debug)]
pub struct Pins {
    /// Brings the repository.
    pub checkout: &'static str,
    /// Exchanges the job's token for credentials of AWS.
    pub aws: &'static str,
    /// Keeps a folder from one run to the next.
    pub cache: &'static str,
    /// Brings such a folder, and keeps nothing.
    pub restore: &'static str,
    /// Keeps one, and brings nothing.
    pub save: &'static str,
    /// Hands a file to other jobs.
    pub upload: &'static str,
    /// Installs OpenTofu.
    pub tofu: &'static str,
    /// Logs in to a registry.
    pub login: &'static str,
    /// Logs in to ECR.
    pub ecr: &'static str,
    /// Prepares builds of images.
    pub buildx: &'static str,
    /// Builds and pushes an image.
    pub build: &'static str,
}

/// Those that are written.
pub const PINS: Pins = Pins {
    checkout: "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
    aws: "aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502 # v4.0.2",
    cache: "actions/cache@5a3ec84eff668545956fd18022155c47e93e2684 # v4.2.3",
    restore: "actions/cache/restore@5a3ec84eff668545956fd18022155c47e93e2684 # v4.2.3",
    save: "actions/cache/save@5a3ec84eff668545956fd18022155c47e93e2684 # v4.2.3",
    upload: "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    tofu: "opentofu/setup-opentofu@9d84900f3238fab8cd84ce47d658d25dd008be2f # v1",
    login: "docker/login-action@74a5d142397b4f367a81961eba4e8cd7edddf772 # v3.4.0",
    ecr: "aws-actions/amazon-ecr-login@062b18b96a7aff071d4dc91bc00c4c1a7945b076 # v2.0.1",
    buildx: "docker/setup-buildx-action@b5ca514318bd6ebac0fb2aedd5d36ec1b5c232a2 # v3.10.0",
    build: "docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83 # v6.18.0",
};

/// Where pipelines take Slipway from.
#[derive(Clone, Debug)]
pub struct Slipway {
    action: Action,
}

impl Slipway {
    /// From a repository at a version.
    pub fn new(action: Action) -> Self {
        Self { action }
    }

    /// What a step of GitHub's uses.
    pub fn action(&self) -> &str {
        self.action.as_str()
    }

    /// What a pipeline of GitLab's includes.
    pub fn gitlab(&self) -> String {
        let (repository, reference) = self.parts();
        format!("https://github.com/{repository}/raw/{reference}/packaging/gitlab/slipway.yml")
    }

    /// Where that finds releases.
    pub fn releases(&self) -> String {
        format!("https://github.com/{}/releases", self.parts().0)
    }

    /// Which release it brings: that of a version, and of a commit or a branch this program's.
    pub fn version(&self) -> &str {
        let version = self
            .parts()
            .1
            .strip_prefix('v')
            .filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
        version.unwrap_or(env!("CARGO_PKG_VERSION"))
    }

    fn parts(&self) -> (&str, &str) {
        self.action.as_str().split_once('@').unwrap_or_default()
    }

    /// What a person has to do before it can be fetched.
    pub fn next(&self) -> Option<String> {
        let place = self.action.as_str().strip_prefix("OWNER/")?;
        Some(format!(
            "put the owner of Slipway's repository into the pipeline, in the place of OWNER in OWNER/{place}"
        ))
    }
}
