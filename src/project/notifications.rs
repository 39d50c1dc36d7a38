//! `notifications` in an `argocd` block: what Argo CD says to the forge of the commits that it syncs.

use super::decode::Decode;
use super::fields::text;
use super::repositories::{self, AppLogin};
use crate::hcl::ast::{Block, ExprKind};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::hcl::suggest;
use crate::support::secret::Secret;
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional};

pub(super) const NOTIFICATIONS: &[Spec] = &[
    optional("context", Kind::String),
    optional("target_url", Kind::String),
    optional("credentials", Kind::String),
    optional("github_app_id", Kind::String),
    optional("github_app_installation_id", Kind::String),
    optional("github_app_private_key", Kind::String),
];
/// What a status is called unless said otherwise: several clusters may follow one commit.
const CONTEXT: &str = "argocd/{cluster}/{app}";
/// The words that stand for something, beside `{cluster}`.
const WORDS: [(&str, Part); 4] = [
    ("app", Part::Application),
    ("namespace", Part::Namespace),
    ("project", Part::Project),
    ("revision", Part::Revision),
];

/// `notifications`.
#[derive(Clone, Debug)]
pub struct Notifications {
    /// What a status is called.
    pub context: Vec<Part>,
    /// Where it leads to.
    pub target: Option<Vec<Part>>,
    /// By what the forge lets it be set.
    pub login: StatusLogin,
    /// Where the block stands.
    pub location: Location,
}

/// Who sets statuses.
#[derive(Clone, Debug)]
pub enum StatusLogin {
    /// Whoever has the token.
    Token(Secret),
    /// A GitHub App.
    GithubApp {
        /// Its number.
        id: u64,
        /// The number of its installation.
        installation: u64,
        /// Its key, as its file is.
        key: Secret,
    },
}

/// A part of a text that differs from Application to Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same for all.
    Text(String),
    /// The Application's name.
    Application,
    /// Its namespace.
    Namespace,
    /// Its project.
    Project,
    /// The commit.
    Revision,
}

/// What is wrong with the block whatever it evaluates to; `argocd` is the one that it stands in.
pub(super) fn check(document: &Document, argocd: &Block, block: &Block, errors: &mut Vec<Diagnostic>) {
    document.check(&block.body, "notifications", NOTIFICATIONS, &[], &[], errors);
    repositories::check(document, block, errors);
    let at = || document.location(block.kind.span);
    if argocd.body.blocks("repository").all(|repository| !repository.labels.is_empty()) {
        let message = "notifications are statuses of the manifests repository's commits, and argocd names no such repository";
        let error = Diagnostic::error("project::cluster", message).at(at());
        errors.push(error.help("write its `repository` block beside it"));
    }
    let flavor = argocd.body.attribute("flavor").map(|attribute| &attribute.expr.kind);
    let is_core = match flavor {
        None => true,
        Some(ExprKind::String(flavor)) => &**flavor == "core",
        Some(_) => false,
    };
    if is_core && argocd.body.attribute("manifest").is_none() {
        errors.push(without_controller(at()));
    }
}

/// Nobody would send them.
fn without_controller(at: Location) -> Diagnostic {
    let message = "the core flavor of Argo CD has no notifications controller";
    let help = "write flavor = \"standard\" or \"ha\" into the argocd block, or leave notifications out";
    Diagnostic::error("project::cluster", message).at(at).help(help)
}

/// Evaluates the block; where nothing is installed that would send them, `has_controller` is false.
pub(super) fn notifications(
    decode: &Decode<'_>,
    block: &Block,
    has_controller: bool,
) -> Result<Notifications, Box<Diagnostic>> {
    let location = decode.document.location(block.kind.span);
    if !has_controller {
        return Err(Box::new(without_controller(location)));
    }
    let fields = decode.fields(block, "notifications", NOTIFICATIONS)?;
    let wrong = |message: &str, help: &str| Box::new(decode.error_at(block, message).help(help.to_owned()));
    let worded = |name: &str, written: &str| {
        parts(written, decode.label).map_err(|(message, help)| wrong(&format!("{name}: {message}"), &help))
    };
    let target = text(&fields, "target_url").map(|written| worded("target_url", &written)).transpose()?;
    let is_web = |target: &Vec<Part>| {
        let begins = |text: &String| text.starts_with("https://") || text.starts_with("http://");
        matches!(target.first(), Some(Part::Text(text)) if begins(text))
    };
    if target.as_ref().is_some_and(|target| !is_web(target)) {
        return Err(wrong("target_url is no address", "begin it with https://"));
    }
    let context = text(&fields, "context").unwrap_or_else(|| CONTEXT.to_owned());
    let context = worded("context", &context)?;
    let app = repositories::github_app(decode, block, &fields)?;
    let login = match (app, text(&fields, "credentials")) {
        (Some(_), Some(_)) => {
            return Err(wrong(
                "there are several logins",
                "leave one: credentials or github_app_private_key",
            ));
        }
        (Some(AppLogin { id, installation: Some(installation), key }), None) => {
            StatusLogin::GithubApp { id, installation, key }
        }
        (Some(_), None) => {
            let help = "the page of the installation has it: Argo CD finds it for repositories, not for notifications";
            return Err(wrong("github_app_installation_id is missing", help));
        }
        (None, Some(token)) => StatusLogin::Token(Secret::new(token)),
        (None, None) => {
            let help = "write credentials = get_env(\"NAME\"), a token that may set commit statuses, or github_app_id, \
                        github_app_installation_id and github_app_private_key";
            return Err(wrong("notifications have no login", help));
        }
    };
    Ok(Notifications { context, target, login, location })
}

/// A text with words such as `{app}` in it. The cluster's is put in at once.
fn parts(written: &str, cluster: &str) -> Result<Vec<Part>, (String, String)> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let known = || WORDS.iter().map(|(word, _)| *word).chain(["cluster"]);
        let Some((word, after)) = after.split_once('}') else {
            let help = "{app} and its like stand for something, and end with }";
            return Err(("a { is not closed".to_owned(), help.to_owned()));
        };
        rest = after;
        if word == "cluster" {
            text.push_str(cluster);
        } else if let Some((_, part)) = WORDS.iter().find(|(known, _)| *known == word) {
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(part.clone());
        } else {
            let help = match suggest::nearest(word, known()) {
                Some(near) => format!("did you mean {{{near}}}?"),
                None => format!("there are {{{}}}", known().collect::<Vec<_>>().join("}, {")),
            };
            return Err((format!("{{{word}}} stands for nothing"), help));
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_what_differs_and_what_stands_for_nothing_is_refused() {
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(parts(CONTEXT, "dev").unwrap(), [text("argocd/dev/"), Part::Application]);
        let address = "https://argocd.example/applications/{namespace}/{app}?at={revision}";
        assert_eq!(
            parts(address, "dev").unwrap(),
            [
                text("https://argocd.example/applications/"),
                Part::Namespace,
                text("/"),
                Part::Application,
                text("?at="),
                Part::Revision
            ]
        );
        let (message, help) = parts("{ap}", "dev").unwrap_err();
        assert_eq!((&*message, &*help), ("{ap} stands for nothing", "did you mean {app}?"));
        assert!(parts("{{.app.metadata.name}}", "dev").is_err() && parts("a{app", "dev").is_err());
    }
}
