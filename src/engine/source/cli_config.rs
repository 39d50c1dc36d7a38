//! What the tools' own configuration says of registries: tokens, and addresses instead of discovery.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::hcl::ast::ExprKind;
use crate::hcl::parse;
use crate::hcl::source::SourceFile;
use crate::support::environment::variable;
use crate::support::fs::read_text;
use crate::support::secret::Secret;

/// Tokens and services by host.
#[derive(Debug, Default)]
pub(super) struct CliConfig {
    tokens: HashMap<String, Secret>,
    services: HashMap<String, HashMap<String, String>>,
    /// `TG_TF_REGISTRY_TOKEN`: for the hosts that have no token of their own.
    fallback: Option<Secret>,
}

impl CliConfig {
    /// That of whoever runs us. A file that cannot be read says nothing; the tools themselves complain about it.
    pub fn of_the_user() -> Self {
        let mut config = Self::default();
        for file in files() {
            if let Ok(text) = read_text(&file) {
                if file.extension().is_some_and(|end| end == "json") {
                    config.read_json(&text);
                } else {
                    config.read_hcl(&text);
                }
            }
        }
        // The environment goes before the files.
        // A token is text; a variable that is none is nobody's token.
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        for (name, value) in std::env::vars_os().filter_map(text) {
            if let Some(host) = name.strip_prefix("TF_TOKEN_") {
                // Neither dots nor hyphens can be in a variable's name.
                let host = host.replace("__", "-").replace('_', ".").to_ascii_lowercase();
                config.tokens.insert(host, Secret::new(value));
            }
        }
        config.fallback = variable("TG_TF_REGISTRY_TOKEN").map(Secret::new);
        config
    }

    /// The token for a host.
    pub fn token(&self, host: &str, port: Option<u16>) -> Option<Secret> {
        let with_port = port.map(|port| format!("{host}:{port}"));
        let own = with_port.and_then(|name| self.tokens.get(&name)).or_else(|| self.tokens.get(host));
        own.or(self.fallback.as_ref()).cloned()
    }

    /// The address of a service that a `host` block names.
    pub fn service(&self, host: &str, name: &str) -> Option<String> {
        self.services.get(host)?.get(name).cloned()
    }

    fn read_hcl(&mut self, text: &str) {
        let file = SourceFile::new("", text);
        let (body, errors) = parse(&file);
        if !errors.is_empty() {
            return;
        }
        for block in &body.blocks {
            let Some(host) = block.labels.first().map(|label| label.name.to_ascii_lowercase()) else {
                continue;
            };
            for attribute in &block.body.attributes {
                match (&*block.kind.name, &*attribute.name.name, &attribute.expr.kind) {
                    ("credentials", "token", ExprKind::String(token)) => {
                        self.tokens.insert(host.clone(), Secret::new(&**token));
                    }
                    ("host", "services", ExprKind::Object(services)) => {
                        let named = services.iter().filter_map(|service| {
                            match (&service.key.kind, &service.value.kind) {
                                (
                                    ExprKind::Variable(name) | ExprKind::String(name),
                                    ExprKind::String(value),
                                ) => Some((name.to_string(), value.to_string())),
                                _ => None,
                            }
                        });
                        self.services.entry(host.clone()).or_default().extend(named);
                    }
                    _ => {}
                }
            }
        }
    }

    /// `credentials.tfrc.json`, which `login` writes.
    fn read_json(&mut self, text: &str) {
        let Ok(whole) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let credentials = whole.get("credentials").and_then(serde_json::Value::as_object);
        for (host, value) in credentials.into_iter().flatten() {
            if let Some(token) = value.get("token").and_then(serde_json::Value::as_str) {
                self.tokens.insert(host.to_ascii_lowercase(), Secret::new(token));
            }
        }
    }
}

/// The files, the strongest last.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let home = std::env::home_dir();
    if let Some(home) = &home {
        files.push(home.join(".terraform.d/credentials.tfrc.json"));
    }
    let named = std::env::var_os("TF_CLI_CONFIG_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
    match (named, home) {
        (Some(named), _) => files.push(named),
        (None, Some(home)) => files.extend([home.join(".terraformrc"), home.join(".tofurc")]),
        (None, None) => {}
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_addresses_are_read_from_the_files_that_login_and_people_write() {
        let mut config = CliConfig::default();
        config.read_hcl(
            "credentials \"Reg.example.com\" {\n  token = \"one\"\n}\n\
             host \"other.example.com\" {\n  services = {\n    \"modules.v1\" = \"https://x.example.com/v1/\"\n  }\n}\n",
        );
        config.read_json(r#"{"credentials": {"json.example.com": {"token": "two"}}}"#);
        assert_eq!(config.token("reg.example.com", None).unwrap().expose(), "one");
        assert_eq!(config.token("json.example.com", Some(443)).unwrap().expose(), "two");
        assert!(config.token("else.example.com", None).is_none());
        assert_eq!(config.service("other.example.com", "modules.v1").unwrap(), "https://x.example.com/v1/");
    }
}
