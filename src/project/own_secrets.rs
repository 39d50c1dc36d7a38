//! The variables that `slipway.hcl` reads for the manifests repository: nobody else gets them.

use std::collections::BTreeSet;

use crate::hcl::ast::{Body, Expr, ExprKind};
use crate::hcl::walk::expressions;
use crate::support::{environment, redact};

/// What of a `repository`, `repo_creds` or `notifications` block may be a secret.
pub(super) const SECRET: &[&str] = &["credentials", "github_app_private_key", "ssh_private_key", "url"];

/// Keeps them from programs that are started from now on, and what they hold from being shown: those whose names stand
/// in `get_env` in the block, or in locals that it uses. A name that is put together is not known without evaluating it.
pub fn withhold(file: &Body) {
    for name in names(file) {
        environment::withhold(&name);
        if let Some(value) = std::env::var_os(&name) {
            redact::known().add(&value.to_string_lossy());
        }
    }
}

/// Whether a value stands in the file itself: neither a function nor anything outside of the file has a part in it.
pub(super) fn is_written_out(file: &Body, expr: &Expr) -> bool {
    let locals: Vec<_> = file.blocks("locals").flat_map(|locals| &locals.body.attributes).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let (mut has_text, mut comes_from_elsewhere) = (false, false);
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        expressions(expr, &mut |inner| {
            match &inner.kind {
                ExprKind::String(text) => has_text |= !text.trim().is_empty(),
                ExprKind::Template(_) => has_text = true,
                ExprKind::Call { .. } => comes_from_elsewhere = true,
                ExprKind::GetAttr { target, name } if matches!(&target.kind, ExprKind::Variable(root) if &**root == "local") =>
                {
                    let used = locals.iter().filter(|local| local.name.name == name.name);
                    open.extend(used.filter(|local| seen.insert(&local.name.name)).map(|local| &local.expr));
                }
                ExprKind::Variable(root) => comes_from_elsewhere |= &**root != "local",
                _ => {}
            }
            true
        });
    }
    has_text && !comes_from_elsewhere
}

fn names(file: &Body) -> BTreeSet<String> {
    let repositories = file
        .blocks("cluster")
        .flat_map(|cluster| cluster.body.blocks("argocd"))
        .flat_map(|argocd| &argocd.body.blocks)
        .filter(|block| matches!(&*block.kind.name, "notifications" | "repo_creds" | "repository"));
    let secret = |attribute: &&str| SECRET.contains(attribute);
    let mut open: Vec<&Expr> = repositories
        .flat_map(|repository| &repository.body.attributes)
        .filter(|attribute| secret(&&*attribute.name.name))
        .map(|attribute| &attribute.expr)
        .collect();
    let locals: Vec<_> = file.blocks("locals").flat_map(|locals| &locals.body.attributes).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(expr) = open.pop() {
        expressions(expr, &mut |inner| {
            match &inner.kind {
                ExprKind::Call { name, arguments, .. } if &*name.name == "get_env" => {
                    if let Some(ExprKind::String(name)) = arguments.first().map(|first| &first.kind) {
                        found.insert(name.to_string());
                    }
                }
                ExprKind::GetAttr { target, name } if matches!(&target.kind, ExprKind::Variable(root) if &**root == "local") =>
                {
                    let used = locals.iter().filter(|local| local.name.name == name.name);
                    open.extend(used.filter(|local| seen.insert(&local.name.name)).map(|local| &local.expr));
                }
                _ => {}
            }
            true
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::source::SourceFile;

    #[test]
    fn variables_are_found_in_the_block_and_in_the_locals_that_it_uses() {
        let text = r#"
            locals {
              token = coalesce(local.first, get_env("SECOND", ""))
              first = get_env("FIRST", "")
              other = get_env("OTHER", "")
              again = local.again
            }
            cluster "dev" {
              name = get_env("CLUSTER")
              argocd {
                version = "v3"
                repository {
                  url         = "https://${get_env("HOST_TOKEN")}@h/m.git"
                  credentials = "${local.token}${local.again}"
                }
                notifications { credentials = get_env("STATUS") }
              }
            }
        "#;
        let (body, errors) = crate::hcl::parse(&SourceFile::new("slipway.hcl", text));
        assert!(errors.is_empty(), "{errors:?}");
        let names: Vec<String> = names(&body).into_iter().collect();
        assert_eq!(names, ["FIRST", "HOST_TOKEN", "SECOND", "STATUS"]);
    }
}
