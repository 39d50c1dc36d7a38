//! A hundred pipelines at once.

use std::collections::BTreeMap;

use slipway::forge::{Forge as Remote, Kind as Which, Place, RequestText, Wanted};
use slipway::gitops::{
    BumpOptions, GitOpsError, ImageAssignment, Repository, RepositorySpec, RequestBranch, set_images,
};
use slipway::support::secret::Secret;

use crate::support::forge::{Forge, Kind, TOKEN};

/// One pipeline: how often it had to push, and whether what it wanted is proposed, or something newer.
async fn propose(forge: &Forge, remote: &Remote, app: &str, version: usize) -> u32 {
    let spec = RepositorySpec {
        url: forge.url().into(),
        branch: Some("main".to_owned()),
        username: None,
        credentials: Some(Secret::new(TOKEN)),
        author: None,
    };
    let name = RequestBranch::name_of("manifests", &[app]);
    let branch = RequestBranch { name, allow_older: false, age: None };
    let repository = Repository::open(spec).await.unwrap();
    let mut repository = repository.by_request(branch).unwrap();
    let assignment: ImageAssignment = format!("{app}=registry.example/{app}:v{version}").parse().unwrap();
    match set_images(&mut repository, "manifests", &[assignment], &BumpOptions::default()).await {
        Ok(_) => {}
        Err(GitOpsError::OlderThanProposed { .. }) => return repository.attempts(),
        Err(error) => panic!("{app} v{version}: {error}"),
    }
    let attempts = repository.attempts();
    let mut proposed = repository.proposed().cloned().unwrap();
    let text = RequestText::of(&proposed.message, &[], None);
    let wanted = Wanted {
        head: &proposed.branch,
        commit: &proposed.commit,
        base: "main",
        text: &text,
        labels: &[],
        reviewers: &[],
        auto_merge: false,
    };
    let request = remote.propose(&wanted).await.unwrap();
    while let Some((commit, message)) = repository.proposed_now().await.unwrap()
        && commit != proposed.commit
    {
        remote.describe(request.number, &RequestText::of(&message, &[], None)).await.unwrap();
        proposed.commit = commit;
    }
    attempts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_bumps_at_once_become_one_request_an_app_with_the_newest_image() {
    let apps: Vec<String> = (0..20).map(|number| format!("app-{number}")).collect();
    let names: Vec<&str> = apps.iter().map(String::as_str).collect();
    let forge = Forge::start(Kind::GitHub, &names);
    forge.settings(&serde_json::json!({"push_seconds": 0.1}));
    let place = Place::of(&forge.url(), Some(Which::GitHub), None, &|_| None).unwrap();
    let remote = Remote::of(&place, Secret::new(TOKEN));
    let bumps = (0..100).map(|number| propose(&forge, &remote, names[number % 20], 2 + number / 20));
    let attempts = futures::future::join_all(bumps).await;
    let within_three = attempts.iter().filter(|attempts| **attempts <= 3).count();
    let requests = forge.requests();
    let titles: BTreeMap<&str, &str> =
        requests.iter().map(|one| (one["head"].as_str().unwrap(), one["title"].as_str().unwrap())).collect();
    assert_eq!((requests.len(), titles.len()), (20, 20), "one an app");
    for app in &apps {
        let branch = format!("slipway/{app}");
        assert_eq!(titles[branch.as_str()], format!("{app}: registry.example/{app}:v1 → v6"));
        assert_eq!(forge.git(&["rev-list", "--count", &format!("main..{branch}")]), "1");
        let file = forge.git(&["show", &format!("{branch}:manifests/{app}/deployment.yaml")]);
        assert!(file.contains(&format!("{app}:v6")), "{file}");
    }
    assert!(within_three >= 95, "{within_three} of 100 within three tries: {attempts:?}");
}
