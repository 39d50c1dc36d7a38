//! The commands around the manifests repository.

use super::{Situation, three_units};
use crate::support::estate::Estate;
use crate::support::manifests::{bare, deployment};

/// With two applications in a repository beside it.
fn estate() -> Estate {
    let estate = three_units("cluster");
    let files = [
        ("manifests/app-a/deployment.yaml", deployment("app-a", &[("app-a", "registry.example/app-a:v1")])),
        ("manifests/app-b/deployment.yaml", deployment("app-b", &[("app-b", "registry.example/app-b:v1")])),
    ];
    bare(estate.path(), &files);
    estate
}

#[test]
fn images_are_listed_set_and_taken_back() {
    let well = Situation::new("well", estate());
    for arguments in [&["image", "list"][..], &["image", "history", "app-a"]] {
        well.looks(arguments);
    }
    well.does(&["image", "set", "app-a=registry.example/app-a:v2", "app-b=registry.example/app-b:v2"]);
    super::run(&well.estate, &["image", "set", "app-a=registry.example/app-a:v2"], 0);
    let after = Situation::new("set", well.estate);
    after.does(&["image", "rollback", "app-a"]);
    after.looks(&["image", "history", "app-a"]);
    after.does(&["image", "set", "app-a=registry.example/app-a:v2"]);
    after.does(&["image", "set", "app-a=registry.example/app-a:v1"]);
    after.does(&["image", "set", "app-c=registry.example/app-c:v1"]);
}
