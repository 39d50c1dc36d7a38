use regex::Regex;

use super::*;
use crate::hcl::source::{Location, SourceFile, Span};
use crate::support::secret::Secret;

fn place_of(url: &str, forge: Option<&str>) -> Place {
    let forge = forge.map(|forge| forge.parse().unwrap());
    Place::of(url, forge, None, &|_| None).unwrap()
}

fn notifications(login: StatusLogin, target: Option<Vec<Part>>) -> Notifications {
    let location = Location { file: SourceFile::new("slipway.hcl", ""), span: Span::default() };
    let context = vec![Part::Text("argocd/d\"v/".to_owned()), Part::Application];
    Notifications { context, target, login, location }
}

fn by_token() -> Notifications {
    notifications(StatusLogin::Token(Secret::new("canary-of-a-token")), None)
}

fn read(texts: &BTreeMap<String, String>, key: &str) -> Value {
    let text = texts.get(key).unwrap_or_else(|| panic!("no {key} in {texts:?}"));
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn every_spelling_of_the_repository_is_it_and_another_repository_is_not() {
    let pattern = pattern(&place_of("https://git.example.com:8443/org/m.n", Some("github")));
    assert!(!pattern.contains(['\'', '`', '\\']), "{pattern} would end the text that it stands in");
    let pattern = Regex::new(&pattern).unwrap();
    for same in [
        "https://git.example.com:8443/org/m.n",
        "https://GIT.example.com/Org/M.n.git",
        "https://user@git.example.com/org/m.n.git/",
        "git@git.example.com:org/m.n.git",
        "ssh://git@git.example.com:22/org/m.n",
        "ssh://git.example.com//org/m.n.git",
        "git.example.com:org/m.n",
    ] {
        assert!(pattern.is_match(same), "{same}");
    }
    for other in [
        "https://git.example.com/org/m.n2",
        "https://git.example.com/org/mxn",
        "https://git.example.com/an/org/m.n",
        "https://git.example.com.evil.example/org/m.n",
        "https://evil.example/git.example.com/org/m.n",
        "https://mirror.example/org/m.n",
    ] {
        assert!(!pattern.is_match(other), "{other}");
    }
    let github = super::pattern(&place_of("git@github.com:org/m.git", None));
    assert!(Regex::new(&github).unwrap().is_match("ssh://git@ssh.github.com:443/org/m.git"));
}

#[test]
fn the_secret_is_named_and_never_written_into_the_map() {
    for (forge, header) in [("github", "Authorization"), ("gitlab", "PRIVATE-TOKEN")] {
        let texts = texts(&by_token(), &place_of("https://git.example.com/org/m", Some(forge)));
        assert!(!format!("{texts:?}").contains("canary"), "{texts:?}");
        let service = read(&texts, "service.webhook.slipway");
        assert_eq!(service["headers"][0]["name"], header);
        assert!(service["headers"][0]["value"].as_str().unwrap().ends_with("$slipway-status-token"));
    }
    let key = Secret::new("-----BEGIN canary\n");
    let app = notifications(StatusLogin::GithubApp { id: 99, installation: 4711, key }, None);
    let own = texts(&app, &place_of("https://ghe.example.com/org/m", Some("github")));
    assert!(!format!("{own:?}").contains("canary"), "{own:?}");
    assert_eq!(
        read(&own, "service.github.slipway"),
        json!({
            "appID": 99, "installationID": 4711, "privateKey": "$slipway-status-app-key",
            "enterpriseBaseURL": "https://ghe.example.com/api/v3",
        })
    );
    let public = texts(&app, &place_of("git@github.com:org/m.git", None));
    assert!(read(&public, "service.github.slipway").get("enterpriseBaseURL").is_none());
    let template = read(&public, "template.slipway-failure");
    assert_eq!(template["github"]["repoURLPath"], "https://github.com/org/m");
    assert_eq!(template["github"]["status"]["state"], "failure");
}

#[test]
fn a_request_names_the_project_as_its_forge_wants_it() {
    let target = vec![Part::Text("https://a.example/".to_owned()), Part::Namespace];
    let told = notifications(StatusLogin::Token(Secret::new("x")), Some(target));
    let texts = texts(&told, &place_of("https://gitlab.com/group/sub/m.git", None));
    let webhook = read(&texts, "template.slipway-failure")["webhook"]["slipway"].clone();
    let (path, body) = (webhook["path"].as_str().unwrap(), webhook["body"].as_str().unwrap());
    assert!(path.ends_with("/projects/group%2Fsub%2Fm/statuses/{{ $revision }}"), "{path}");
    assert!(body.contains(r#""state": "failed""#), "{body}");
    // What somebody writes cannot end the text that it stands in.
    assert!(body.contains(r#""name": {{ toJson (print "argocd/d\"v/" $.app.metadata.name) }}"#), "{body}");
    assert!(body.contains(r#"toJson (print "https://a.example/" $.app.metadata.namespace)"#), "{body}");
}

#[test]
fn subscriptions_of_others_are_told_from_our_own() {
    let map = |manager: &str| -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": { "subscriptions": "- {}\n" },
            "metadata": { "name": MAP, "managedFields": [
                { "manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": { "f:data": { "f:trigger.x": {} } } },
                { "manager": manager, "operation": "Update", "fieldsV1": { "f:data": { "f:subscriptions": {} } } },
            ] },
        }))
        .unwrap()
    };
    assert_eq!(subscriptions_of_others(&map("helm")), Some(("helm".to_owned(), "- {}\n".to_owned())));
    assert_eq!(subscriptions_of_others(&map(FIELD_MANAGER)), None);
}
