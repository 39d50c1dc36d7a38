//! Names that go into files of other programs: each is held to that program's rules when it is read.
//!
//! None of them can hold a quote, a space, a line break or the start of an expression, so that it means in YAML, HCL and a
//! shell what it says.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use crate::gitops::ImageReference;
use crate::support::address::Address;

/// A name that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}: {rule}")]
pub struct NameError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

/// A pattern, and how it is told.
struct Rule {
    pattern: LazyLock<Regex>,
    what: &'static str,
    told: &'static str,
}

impl Rule {
    fn hold(&self, text: &str) -> Result<String, NameError> {
        if self.pattern.is_match(text) {
            return Ok(text.to_owned());
        }
        Err(NameError { text: text.to_owned(), what: self.what, rule: self.told })
    }
}

/// A type of one text that is held to a rule.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                static RULE: Rule = Rule {
                    pattern: LazyLock::new(|| compiled($pattern)),
                    what: $what,
                    told: $rule,
                };
                RULE.hold(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

fn compiled(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "each pattern of this file is compiled by a test")]
    Regex::new(pattern).expect("a pattern of this file")
}

name!(
    /// A label of the DNS as Kubernetes takes it for a Service: of an organization, an environment, an app, a cluster.
    Label,
    "name",
    r"\A[a-z]([a-z0-9-]{0,61}[a-z0-9])?\z",
    "it takes up to 63 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen"
);
name!(
    /// A region of AWS.
    Region,
    "AWS region",
    r"\A[a-z]{2,5}(-[a-z]{2,12}){1,2}-[0-9]\z",
    "write it like eu-west-1"
);
name!(
    /// What a cluster is called in EKS.
    ClusterName,
    "cluster",
    r"\A[0-9A-Za-z][0-9A-Za-z_-]{0,99}\z",
    "EKS takes up to 100 letters, digits, hyphens and underscores, the first a letter or digit"
);
name!(
    /// The number of an AWS account.
    Account,
    "AWS account",
    r"\A[0-9]{12}\z",
    "it has twelve digits"
);
name!(
    /// A minor version of Kubernetes.
    KubernetesVersion,
    "Kubernetes version",
    r"\A1\.[0-9]{2}\z",
    "write the minor version, like 1.33; EKS chooses the patch"
);
name!(
    /// A domain under which applications are reached.
    Domain,
    "domain",
    r"\A([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\z",
    "write it like example.com, in lower case"
);
name!(
    /// A branch of Git, of the plainest kind.
    Branch,
    "branch",
    r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,99}([./][A-Za-z0-9][A-Za-z0-9_-]{0,99}){0,9}\z",
    "it takes letters, digits, and single . _ - / between them"
);
name!(
    /// Somebody who owns files: a person, a team or an address.
    Owner,
    "owner",
    r"\A(@[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9._-]{1,100})?|[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255})\z",
    "write it like @acme/platform or ada@example.com"
);
name!(
    /// The repository of Slipway that pipelines take, with a version: `OWNER/slipway@v1.2.3`.
    Action,
    "repository of Slipway",
    r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_.-]{1,100}@[A-Za-z0-9][A-Za-z0-9_./-]{0,99}\z",
    "write it like OWNER/slipway@v1.2.3, or with a commit in the place of the version"
);

name!(
    /// A role of IAM that a pipeline takes on.
    Role,
    "role of AWS",
    r"\Aarn:aws[a-z-]{0,16}:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}\z",
    "write it like arn:aws:iam::111111111111:role/infrastructure-plan"
);
name!(
    /// The label of the machines that jobs run on.
    Runner,
    "label of a runner",
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z",
    "it takes letters, digits and . _ -, as in ubuntu-24.04"
);
name!(
    /// An image that jobs run in.
    JobImage,
    "image of jobs",
    r"\A[A-Za-z0-9][A-Za-z0-9._:/@-]{0,499}\z",
    "write it like registry.example.com/platform/tofu:1.11"
);
name!(
    /// When something is done, as in a crontab.
    Schedule,
    "schedule",
    r"\A[0-9*/,-]{1,40}( [0-9A-Za-z*/,-]{1,40}){4}\z",
    "write minute, hour, day, month and day of the week, like 17 5 * * 1-5"
);
name!(
    /// A folder with units, from the estate's root; `.` is the root itself.
    UnitsFolder,
    "folder of units",
    r"\A(\.|[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,19})\z",
    "write it from the estate's root, like dev or accounts/dev, in letters, digits and . _ -"
);

/// The address of a Git repository: it has no login in it, since it goes into files that are committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitAddress(String);

impl FromStr for GitAddress {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        static RULE: Rule = Rule {
            pattern: LazyLock::new(|| {
                let host = r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}";
                let path = r"[A-Za-z0-9_.~%+/-]{1,1000}";
                let url =
                    format!(r"(https?://|ssh://([A-Za-z0-9_-]{{1,32}}@)?){host}(:[0-9]{{1,5}})?/{path}");
                let short = format!(r"[A-Za-z0-9_-]{{1,32}}@{host}:{path}");
                compiled(&format!(r"\A({url}|{short})\z"))
            }),
            what: "address of a Git repository",
            told: "write it like https://git.example.com/manifests.git or git@git.example.com:manifests.git, without a login",
        };
        // It masks what is a login from now on, before the text is in any message.
        let address = Address::new(text);
        let is_url_with_user = text.contains("://") && address.has_secrets();
        match RULE.hold(text) {
            Ok(text) if !is_url_with_user || text.starts_with("ssh://") => Ok(Self(text)),
            _ => Err(NameError { text: address.to_string(), what: RULE.what, rule: RULE.told }),
        }
    }
}

impl fmt::Display for GitAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Registry and repository of an image, and the tag where one is given; no digest, which nobody could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    /// Registry and repository.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
}

impl FromStr for ImageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refused = |rule| NameError { text: text.to_owned(), what: "image", rule };
        match text.parse::<ImageReference>() {
            Ok(ImageReference { digest: Some(_), .. }) => {
                Err(refused("a digest is set by `slipway image set`"))
            }
            // Without a host it would be Docker Hub's, which is hardly meant.
            Ok(image) if !image.name.split('/').next().is_some_and(|host| host.contains(['.', ':'])) => {
                Err(refused("begin it with the registry's host, like ghcr.io/acme/web"))
            }
            Ok(ImageReference { name, tag, .. }) => Ok(Self { repository: name, tag }),
            Err(_) => Err(refused("write it like ghcr.io/acme/web or ghcr.io/acme/web:v1")),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))
    }
}

impl ImageName {
    /// The registry's host.
    pub fn host(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }
}
