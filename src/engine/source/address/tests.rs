use super::*;

fn place(text: &str) -> Place {
    Source::parse(text, Path::new("/live/vpc")).unwrap().place
}

/// Address, ref and folder of a source in Git.
fn git(text: &str) -> (String, Option<String>, String) {
    let address = Source::parse(text, Path::new("/live/vpc")).unwrap();
    let Place::Git(place) = address.place else { panic!("{text} is not in Git: {:?}", address.place) };
    (place.remote.url().to_owned(), place.reference, address.module.display().to_string())
}

#[test]
fn every_way_to_write_a_repository_leads_to_its_address() {
    let reference = || Some("v1".to_owned());
    let github = ("https://github.com/org/repo.git".to_owned(), reference(), "modules/x".to_owned());
    for text in [
        "git::https://github.com/org/repo.git//modules/x?ref=v1",
        "github.com/org/repo//modules/x?ref=v1",
        "github.com/org/repo/modules/x?ref=v1",
        "https://github.com/org/repo//modules/x?ref=v1",
        "git::https://github.com/org/repo.git//modules/x?ref=v1&depth=1",
    ] {
        assert_eq!(git(text), github, "{text}");
    }
    let ssh = ("ssh://git@example.com/org/repo.git".to_owned(), reference(), "x".to_owned());
    for text in [
        "git::ssh://git@example.com/org/repo.git//x?ref=v1",
        "git@example.com:org/repo.git//x?ref=v1",
        "git::git@example.com:org/repo.git//x?ref=v1",
        "ssh://git@example.com/org/repo.git//x?ref=v1",
    ] {
        assert_eq!(git(text), ssh, "{text}");
    }
    assert_eq!(git("gitlab.com/a/b").0, "https://gitlab.com/a/b.git");
    assert_eq!(git("git::file:///srv/modules.git").0, "file:///srv/modules.git");
    assert_eq!(git("git::../modules").0, "file:///live/modules");
}

#[test]
fn a_path_needs_no_dot_in_front_as_with_terragrunt() {
    for (text, root, module) in [
        ("../../infra//vpc", "/infra", "vpc"),
        ("/infra//vpc", "/infra", "vpc"),
        ("file:///infra//vpc", "/infra", "vpc"),
        ("modules/vpc", "/live/vpc/modules/vpc", "."),
        (".", "/live/vpc", "."),
    ] {
        let address = Source::parse(text, Path::new("/live/vpc")).unwrap();
        let Place::Local(path) = address.place else { panic!("{text}") };
        assert_eq!(
            (path.as_path(), address.module.as_path()),
            (Path::new(root), Path::new(module)),
            "{text}"
        );
    }
}

#[test]
fn a_registry_address_has_three_parts_and_an_exact_version() {
    let Place::Registry(found) = place("tfr:///org/vpc/aws//modules/x?version=3.3.0") else { panic!() };
    assert_eq!(
        (found.host, found.path.as_str(), found.version.as_deref()),
        (None, "org/vpc/aws", Some("3.3.0"))
    );
    let Place::Registry(found) = place("tfr://reg.example.com:8443/org/vpc/aws") else { panic!() };
    assert_eq!((found.host.as_deref(), found.version), (Some("reg.example.com:8443"), None));
    for wrong in [
        "tfr:///vpc/aws?version=1.0.0",
        "tfr:///o/v/aws?version=",
        "tfr:///o/v/aws?version=~>1",
        "tfr:///o/v/aws?version=1&version=2",
    ] {
        let error = Source::parse(wrong, Path::new("/")).unwrap_err();
        assert!(matches!(error, SourceError::Invalid { .. }), "{wrong}: {error}");
    }
}

#[test]
fn archives_lose_the_parameters_that_are_for_whoever_fetches() {
    let Place::Http(found) =
        place("https://u:p%40ss@h.example.com/m.zip//x?archive=zip&checksum=sha256:00&k=v")
    else {
        panic!()
    };
    assert_eq!(found.url.as_str(), "https://h.example.com/m.zip?k=v");
    assert_eq!(
        found.file,
        FileOptions { archive: Some("zip".to_owned()), checksum: Some("sha256:00".to_owned()) }
    );
    assert_eq!(found.login.unwrap().password.expose(), "p@ss");
}

#[test]
fn buckets_are_found_in_every_style_of_address() {
    for (text, region, endpoint) in [
        ("s3::https://s3.amazonaws.com/b/d/m.zip", "us-east-1", None),
        ("s3::https://s3-eu-west-1.amazonaws.com/b/d/m.zip", "eu-west-1", None),
        ("s3::https://s3.eu-west-1.amazonaws.com/b/d/m.zip", "eu-west-1", None),
        ("s3::https://b.s3.eu-west-1.amazonaws.com/d/m.zip", "eu-west-1", None),
        ("s3::https://b.s3-eu-west-1.amazonaws.com/d/m.zip", "eu-west-1", None),
        ("b.s3.amazonaws.com/d/m.zip", "us-east-1", None),
        ("s3::http://127.0.0.1:9000/b/d/m.zip?region=eu-west-1", "eu-west-1", Some("http://127.0.0.1:9000")),
    ] {
        let Place::S3(found) = place(text) else { panic!("{text}") };
        assert_eq!((found.bucket.as_str(), found.key.as_str()), ("b", "d/m.zip"), "{text}");
        assert_eq!((found.region.as_str(), found.endpoint.as_deref()), (region, endpoint), "{text}");
    }
    // With a scheme, everybody may read it.
    assert!(matches!(place("https://b.s3.amazonaws.com/d/m.zip"), Place::Http(_)));
}

#[test]
fn what_only_terragrunt_fetches_is_named_and_what_leads_out_is_refused() {
    let error = Source::parse("gcs::https://x/b/m.zip", Path::new("/")).unwrap_err();
    assert!(error.to_string().contains("Google Cloud Storage"), "{error}");
    assert!(error.advice().unwrap().contains("--engine terragrunt"));
    assert!(Source::parse("git::https://h/r.git//../../etc", Path::new("/")).is_err());
    assert!(Source::parse("git::https://h/r.git?ref=--upload-pack=x", Path::new("/")).is_err());
    assert!(Source::parse("git::ssh://git@host:org/repo.git", Path::new("/")).is_err());
}

#[test]
fn no_secret_of_an_address_is_ever_shown() {
    for text in [
        "git::https://user:hunter2@h.example.com/r.git?ref=v1",
        "git::https://hunter2-hunter2-hunter2@h.example.com/r.git",
        "git::https://hunter2@h.example.com/r.git",
        "git::ssh://git:hunter2@h.example.com/r.git",
        "git::git:hunter2@h.example.com:org/r.git",
        "git::ssh://git@h.example.com/r.git?sshkey=hunter2",
        "https://h.example.com/m.zip?X-Amz-Signature=hunter2",
        "https://u:hunter2@h.example.com/m.zip?checksum=md5:0",
    ] {
        // What the server needs is kept, and is not in what anybody is shown.
        let source = Source::parse(text, Path::new("/")).unwrap();
        assert!(!format!("{source:?} {}", source.place.shown()).contains("hunter2"), "{source:?}");
    }
}

#[test]
fn what_cannot_be_used_is_told_without_its_secrets() {
    for text in [
        "git::https://h.example.com/r.git?access_token=hunter2",
        "git::ssh://u:hunter2@h:org/r.git",
        "git::https://u:hunter2@h/r.git?ref=-x",
        "git::https://u:hunter2@h/r.git//../..",
        "tfr://u:hunter2@h/a/b?token=hunter2",
        "gcs::https://u:hunter2@h/b",
        "https://u:hunter2@h:x/m.zip",
        "s3::https://s3.amazonaws.com/b/k?aws_access_key_secret=hunter2",
        "s3::http://u:hunter2@127.0.0.1:9000/b/k",
        "github.com/x?token=hunter2",
    ] {
        let error = Source::parse(text, Path::new("/")).unwrap_err();
        let told = format!("{error} {error:?} {}", error.advice().unwrap_or_default());
        assert!(!told.contains("hunter2"), "{told}");
    }
}
