//! `repository` and `repo_creds` in an `argocd` block: how Argo CD comes to what it syncs.

use super::decode::Decode;
use super::fields::text;
use super::own_secrets::{SECRET, is_written_out};
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::value::{Fields, Value};
use crate::support::address::Address;
use crate::support::git::GitRemote;
use crate::support::secret::Secret;
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional, required};

/// The repository of the manifests.
pub(super) const REPOSITORY: &[Spec] = &[
    required("url", Kind::String),
    optional("username", Kind::String),
    optional("credentials", Kind::String),
    optional("ssh_private_key", Kind::String),
    optional("github_app_id", Kind::String),
    optional("github_app_installation_id", Kind::String),
    optional("github_app_private_key", Kind::String),
    optional("insecure", Kind::Bool),
    optional("forge", Kind::String),
    optional("api", Kind::String),
];
/// Another one.
pub(super) const SOURCE: &[Spec] = &[
    required("url", Kind::String),
    optional("type", Kind::String),
    optional("username", Kind::String),
    optional("credentials", Kind::String),
    optional("ssh_private_key", Kind::String),
    optional("github_app_id", Kind::String),
    optional("github_app_installation_id", Kind::String),
    optional("github_app_private_key", Kind::String),
    optional("insecure", Kind::Bool),
    optional("plain_http", Kind::Bool),
    optional("project", Kind::String),
    optional("api", Kind::String),
];
/// Logins for all repositories whose addresses begin alike.
pub(super) const REPO_CREDS: &[Spec] = &[
    required("url", Kind::String),
    optional("type", Kind::String),
    optional("username", Kind::String),
    optional("credentials", Kind::String),
    optional("ssh_private_key", Kind::String),
    optional("github_app_id", Kind::String),
    optional("github_app_installation_id", Kind::String),
    optional("github_app_private_key", Kind::String),
    optional("plain_http", Kind::Bool),
    optional("api", Kind::String),
];
/// How private keys begin, also where they are encrypted or of one algorithm.
const PEM: &str = "-----BEGIN ";

/// `repository`: that of the manifests.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where it is.
    pub url: Address,
    /// As whom it is read.
    pub username: Option<String>,
    /// The token or password; none where it is empty.
    pub credentials: Option<Secret>,
    /// What Argo CD comes in with instead.
    pub key: Option<Key>,
    /// Whether Argo CD takes the host for what it says it is.
    pub insecure: bool,
    /// Which forge has it: `github` or `gitlab`; none where its address tells.
    pub forge: Option<String>,
    /// The address of the forge's API; none where it is the usual one.
    pub api: Option<String>,
}

/// A private key as a login.
#[derive(Clone, Debug)]
pub enum Key {
    /// An SSH key, as its file is.
    Ssh(Secret),
    /// A GitHub App's.
    GithubApp {
        /// The number of the App.
        id: u64,
        /// The number of its installation; Argo CD asks for it where there is none.
        installation: Option<u64>,
        /// Its key, as its file is.
        key: Secret,
    },
}

/// `repository "…"` and `repo_creds`: what else Argo CD may sync from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The block's label.
    pub name: String,
    /// Where it is, or how the addresses begin.
    pub url: Address,
    /// Whether that is only how addresses begin.
    pub is_prefix: bool,
    /// What is there.
    pub kind: SourceKind,
    /// As whom it is read.
    pub username: Option<String>,
    /// The token or password.
    pub credentials: Option<Secret>,
    /// A key instead.
    pub key: Option<Key>,
    /// Whether the host is taken for what it says it is.
    pub insecure: bool,
    /// Whether a registry is asked without TLS.
    pub plain_http: bool,
    /// The one project that may use it.
    pub project: Option<String>,
    /// The address of a GitHub Enterprise API, for an App.
    pub api: Option<String>,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Git.
    Git,
    /// Charts, listed by an `index.yaml`.
    Helm,
    /// Charts in a registry of images.
    HelmOci,
    /// Manifests or charts as artifacts of a registry; Argo CD has this from 3.1 on.
    Oci,
}

impl SourceKind {
    fn named(name: Option<&str>) -> Option<Self> {
        Some(match name {
            None | Some("git") => Self::Git,
            Some("helm") => Self::Helm,
            Some("helm-oci") => Self::HelmOci,
            Some("oci") => Self::Oci,
            Some(_) => return None,
        })
    }
}

/// Refuses secrets that stand in the file itself.
pub(super) fn check(document: &Document, block: &Block, errors: &mut Vec<Diagnostic>) {
    let secrets = block.body.attributes.iter().filter(|one| SECRET.contains(&&*one.name.name));
    // An address may hold a login; that it does is told when it is evaluated.
    for attribute in secrets.filter(|one| &*one.name.name != "url") {
        if is_written_out(document.body(), &attribute.expr) {
            let name = &attribute.name.name;
            let message =
                format!("{name} stands in slipway.hcl, where everybody reads it who has the repository");
            errors.push(
                Diagnostic::error("project::cluster", message)
                    .at(document.location(attribute.expr.span))
                    .help(format!(
                        "take it from a variable or a file, and make a new one: {name} = get_env(\"NAME\")"
                    )),
            );
        }
    }
}

/// The repository of the manifests; without its key where it is not `whole`.
pub(super) fn manifests(
    decode: &Decode<'_>,
    block: &Block,
    whole: bool,
) -> Result<Repository, Box<Diagnostic>> {
    let asked: Vec<Spec> =
        REPOSITORY.iter().filter(|spec| whole || !spec.name.ends_with("_private_key")).copied().collect();
    let fields = decode.fields(block, "repository", &asked)?;
    let url = Address::new(text(&fields, "url").unwrap_or_default());
    if let Err(problem) = GitRemote::new(&url, "") {
        return Err(Box::new(decode.error(&format!("the repository {url} cannot be used: {problem}"))));
    }
    Ok(Repository {
        username: text(&fields, "username"),
        credentials: text(&fields, "credentials").map(Secret::new),
        key: if whole { login(decode, block, &fields, &url)? } else { None },
        insecure: is_set(&fields, "insecure"),
        forge: text(&fields, "forge"),
        api: text(&fields, "api"),
        url,
    })
}

/// The further ones, in the order of the file.
pub(super) fn sources(
    decode: &Decode<'_>,
    argocd: &Block,
    manifests: Option<&Repository>,
) -> Result<Vec<Source>, Box<Diagnostic>> {
    let mut sources: Vec<Source> = Vec::new();
    for block in &argocd.body.blocks {
        let (specs, is_prefix) = match &*block.kind.name {
            "repository" if !block.labels.is_empty() => (SOURCE, false),
            "repo_creds" => (REPO_CREDS, true),
            _ => continue,
        };
        let source = source(decode, block, specs, is_prefix)?;
        let is_same = |url: &Address| url.expose() == source.url.expose();
        let is_twice = sources.iter().any(|other| other.is_prefix == is_prefix && is_same(&other.url))
            || !is_prefix && manifests.is_some_and(|manifests| is_same(&manifests.url));
        if is_twice {
            let message = format!("there are two blocks for {}", source.url);
            let error = decode.error_at(block, &message);
            return Err(Box::new(error.help("Argo CD has one login for an address: leave one out")));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(
    decode: &Decode<'_>,
    block: &Block,
    specs: &[Spec],
    is_prefix: bool,
) -> Result<Source, Box<Diagnostic>> {
    let fields = decode.fields(block, &block.kind.name, specs)?;
    let url = Address::new(text(&fields, "url").unwrap_or_default());
    let wrong = |message: &str, help: &str| Box::new(decode.error_at(block, message).help(help.to_owned()));
    let kind = SourceKind::named(text(&fields, "type").as_deref())
        .ok_or_else(|| wrong("there is no such type of repository", "use git, helm, helm-oci or oci"))?;
    if kind == SourceKind::Git {
        let remote = GitRemote::new(&url, "")
            .map_err(|problem| wrong(&format!("the repository {url} cannot be used: {problem}"), ""))?;
        if remote.credentials().is_some() {
            let help = "write it without, and the login as username and credentials";
            return Err(wrong(&format!("the address {url} holds a login"), help));
        }
    }
    let has_scheme = url.expose().contains("://");
    match kind {
        SourceKind::HelmOci if has_scheme => {
            let help =
                "Argo CD wants host and path alone for helm-oci, such as \"registry.example.com/charts\"";
            return Err(wrong(&format!("the address {url} has a scheme"), help));
        }
        SourceKind::Oci if !url.expose().starts_with("oci://") => {
            return Err(wrong(&format!("the address {url} is none of a registry"), "begin it with oci://"));
        }
        _ => {}
    }
    Ok(Source {
        name: block.labels.first().map(|label| label.name.to_string()).unwrap_or_default(),
        is_prefix,
        kind,
        username: text(&fields, "username"),
        credentials: text(&fields, "credentials").map(Secret::new),
        key: login(decode, block, &fields, &url)?,
        insecure: is_set(&fields, "insecure"),
        plain_http: is_set(&fields, "plain_http"),
        project: text(&fields, "project"),
        api: text(&fields, "api"),
        url,
    })
}

/// The key of a block; more than one login is a mistake, since Argo CD would take one of them silently.
fn login(
    decode: &Decode<'_>,
    block: &Block,
    fields: &Fields,
    url: &Address,
) -> Result<Option<Key>, Box<Diagnostic>> {
    let wrong = |message: &str, help: &str| Box::new(decode.error_at(block, message).help(help.to_owned()));
    let ssh = private_key(decode, block, fields, "ssh_private_key")?;
    let app = github_app(decode, block, fields)?;
    let has_password = text(fields, "credentials").is_some();
    if usize::from(ssh.is_some()) + usize::from(app.is_some()) + usize::from(has_password) > 1 {
        let help = "leave one: credentials, ssh_private_key or github_app_private_key";
        return Err(wrong(&format!("there are several logins for {url}"), help));
    }
    let is_web = url.expose().starts_with("https://") || url.expose().starts_with("http://");
    match (ssh, app) {
        (Some(_), _) if is_web => {
            let help = "write it as git@HOST:PATH or ssh://git@HOST/PATH";
            Err(wrong(&format!("{url} takes no SSH key"), help))
        }
        (Some(key), _) => Ok(Some(Key::Ssh(key))),
        (None, Some(_)) if !is_web => {
            Err(wrong(&format!("{url} is not reached by a GitHub App"), "write its https address"))
        }
        (None, Some(AppLogin { id, installation, key })) => {
            Ok(Some(Key::GithubApp { id, installation, key }))
        }
        (None, None) => Ok(None),
    }
}

/// A GitHub App, as attributes of a block name it.
pub(super) struct AppLogin {
    pub id: u64,
    pub installation: Option<u64>,
    pub key: Secret,
}

/// The GitHub App of a block, where it has one.
pub(super) fn github_app(
    decode: &Decode<'_>,
    block: &Block,
    fields: &Fields,
) -> Result<Option<AppLogin>, Box<Diagnostic>> {
    let wrong = |message: &str| Box::new(decode.error_at(block, message).help("the App's page has it"));
    let number = |name: &str| -> Result<Option<u64>, Box<Diagnostic>> {
        let Some(text) = text(fields, name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| wrong(&format!("{name} is no number")))
    };
    let key = private_key(decode, block, fields, "github_app_private_key")?;
    match (key, number("github_app_id")?) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(wrong("github_app_id is missing")),
        (Some(key), Some(id)) => {
            Ok(Some(AppLogin { id, installation: number("github_app_installation_id")?, key }))
        }
    }
}

/// A private key, as variables hold it.
fn private_key(
    decode: &Decode<'_>,
    block: &Block,
    fields: &Fields,
    name: &str,
) -> Result<Option<Secret>, Box<Diagnostic>> {
    let Some(key) = text(fields, name) else { return Ok(None) };
    // With the end of its last line: ssh takes it for broken without.
    let key = Secret::new(format!("{}\n", key.replace("\\n", "\n").trim()));
    if key.expose().starts_with(PEM) {
        return Ok(Some(key));
    }
    let help = "it begins with -----BEGIN: give the content of its file, as by file(\"…\") or a variable";
    Err(Box::new(decode.error_at(block, &format!("{name} is no private key")).help(help)))
}

fn is_set(fields: &Fields, name: &str) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or_default()
}
