//! Links, pipes, sockets and folders where a file or a folder is expected.

use std::path::PathBuf;

use super::{Ingredient, Place};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("a link for a file", file_link),
    Ingredient::new("a device for a file", device),
    Ingredient::new("a pipe for a file", pipe),
    Ingredient::new("a folder or a socket for a file", other),
    Ingredient::new("a link for a folder of ours", home_link),
    Ingredient::new("a link for a folder of theirs", folder_link),
];

/// Every file that somebody reads without having been told its name.
pub const FILES: &[&str] = &[
    "live/a/terragrunt.hcl",
    "live/b/terragrunt.hcl",
    "live/a/main.tf",
    "live/a/more.auto.tfvars",
    "live/a/terraform.tfvars",
    "live/a/.terraform.lock.hcl",
    "live/a/.terraform-version",
    "live/a/terragrunt.values.hcl",
    "live/a/.terragrunt-source-manifest",
    "live/root.hcl",
    "live/states/a.tfstate",
    "live/.terragrunt-filters",
    "live/.terragrunt-excludes",
    ".terragrunt-filters",
    "infra/text/main.tf",
    "infra/text/main.tf.json",
    "infra/text/.terraform.lock.hcl",
    "infra/text/.terragrunt-excludes",
    "live/s/terragrunt.stack.hcl",
    "slipway.hcl",
    "manifests/app/deployment.yaml",
    "manifests/app/kustomization.yaml",
    ".gitignore",
    ".gitattributes",
    ".slipway/.gitignore",
    ".slipway/runs.lock",
    ".slipway/runs/20260101-000000-000000/journal.jsonl",
    ".slipway/runs/20260101-000000-000000/number",
    ".slipway/locks/guard",
    ".slipway/work/a/lock",
    ".slipway/work/a/module.brought",
    ".slipway/work/a/module/main.tf",
    ".slipway/work/a/module/backend.tf",
    ".slipway/units/a/.slipway-files",
];

fn file(place: &mut Place) -> &'static str {
    FILES[place.rng.below(FILES.len())]
}

fn file_link(place: &mut Place) {
    let path = file(place);
    let outside = place.outside();
    let targets: Vec<PathBuf> = vec![
        "nowhere".into(),
        path.rsplit('/').next().unwrap_or(path).into(),
        outside.join("secret.txt"),
        outside.join("main.tf"),
        outside.join("new.txt"),
        outside.join("folder"),
        outside.join("pipe"),
        "..".into(),
        "/".into(),
        "/proc/self/environ".into(),
        "/proc/self/fd/0".into(),
        "/dev/stdin".into(),
        "../".repeat(200).into(),
    ];
    let target = place.rng.pick(&targets).clone();
    place.link(path, target);
}

fn device(place: &mut Place) {
    let path = file(place);
    let target =
        *place.rng.pick(&["/dev/zero", "/dev/null", "/dev/full", "/dev/urandom", "/dev/tty", "/proc/kmsg"]);
    place.link(path, target);
}

fn pipe(place: &mut Place) {
    let path = file(place);
    place.pipe(path);
}

fn other(place: &mut Place) {
    let path = file(place);
    if place.rng.flip() { place.folder(path) } else { place.socket(path) }
}

fn home_link(place: &mut Place) {
    let folders = [
        ".slipway",
        ".slipway/runs",
        ".slipway/runs/20260101-000000-000000",
        ".slipway/runs/20260101-000000-000000/logs",
        ".slipway/units",
        ".slipway/work/a/module",
        ".slipway/work/a/module/.terraform",
        ".slipway/modules",
        ".slipway/providers",
        ".slipway/work",
        ".slipway/work/a",
        ".slipway/shims",
        ".slipway/argocd",
        ".slipway/locks",
    ];
    let path = *place.rng.pick(&folders);
    elsewhere(place, path);
}

fn folder_link(place: &mut Place) {
    let folders = [
        "live",
        "live/a",
        "live/up",
        "live/a/up",
        "live/states",
        "infra/text",
        "infra/text/conf",
        "manifests",
        "manifests/app",
        "live/s/.terragrunt-stack",
        "live/a/.terragrunt-cache",
        "live/a/.terraform",
        "plans",
    ];
    let path = *place.rng.pick(&folders);
    elsewhere(place, path);
}

fn elsewhere(place: &mut Place, path: &str) {
    let outside = place.outside();
    let targets: Vec<PathBuf> = vec![
        "nowhere".into(),
        path.rsplit('/').next().unwrap_or(path).into(),
        outside.clone(),
        outside.join("folder"),
        outside.join("new"),
        outside.join("secret.txt"),
        "..".into(),
        "../..".into(),
        "/dev/zero".into(),
    ];
    let target = place.rng.pick(&targets).clone();
    place.link(path, target);
}
