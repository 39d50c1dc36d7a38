//! What a release consists of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use super::{NO_STATIC, REPOSITORY, TARGET, VERSION, archive, dist, packed, release, stand_in};
use crate::support::root;
use crate::support::skipped::{partly_skipped, skipped};

const OTHERS: [&str; 3] = ["aarch64-unknown-linux-musl", "aarch64-apple-darwin", "x86_64-apple-darwin"];

fn said(program: &str, arguments: &[&str], folder: &Path) -> String {
    let ended = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{program}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn an_archive_holds_the_program_its_pages_and_what_it_is_made_of() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let listed = said("tar", &["-tzf", &archive(TARGET)], release);
    let folder = format!("slipway-{VERSION}-{TARGET}/");
    let files: BTreeSet<&str> = listed.lines().map(|line| line.strip_prefix(&folder).unwrap()).collect();
    for file in
        ["slipway", "LICENSE", "README.md", "sbom.cdx.json", "man/slipway.1", "man/slipway-image-set.1"]
    {
        assert!(files.contains(file), "no {file} in {files:?}");
    }
    for file in ["slipway.bash", "_slipway", "slipway.fish"] {
        assert!(files.contains(format!("completions/{file}").as_str()), "no {file} in {files:?}");
    }
    said("sha256sum", &["--check", "--strict", "SHA256SUMS"], release);
    let summed = std::fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    for file in [archive(TARGET), archive(TARGET).replace(".tar.gz", ".cdx.json"), "install.sh".to_owned()] {
        assert!(summed.contains(&format!("  {file}\n")), "no {file} in {summed}");
    }
}

#[test]
fn the_bill_of_materials_names_what_is_linked_and_nothing_else() {
    let Some(release) = release() else { return skipped(NO_STATIC) };
    let file = release.join(archive(TARGET).replace(".tar.gz", ".cdx.json"));
    let bill: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(bill["metadata"]["component"]["purl"], format!("pkg:cargo/slipway@{VERSION}"));
    let components = bill["components"].as_array().unwrap();
    let named = |name: &str| components.iter().find(|component| component["name"] == name);
    for linked in ["rustls", "kube", "aws-lc-rs", "serde_json"] {
        let hash = &named(linked).unwrap()["hashes"][0];
        assert_eq!(hash["content"].as_str().unwrap().len(), 64, "{linked}");
    }
    // A test's, a build's, and another system's.
    for other in ["insta", "proptest", "cc", "cmake", "windows-sys", "security-framework"] {
        assert!(named(other).is_none(), "{other} is not in the program");
    }
    let refs: BTreeSet<&str> =
        components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(refs.len(), components.len(), "every reference is one component's");
    for dependency in bill["dependencies"].as_array().unwrap() {
        for other in dependency["dependsOn"].as_array().unwrap() {
            assert!(refs.contains(other.as_str().unwrap()), "{other} is no component");
        }
    }
}

#[test]
fn the_same_commit_packs_the_same_bytes() {
    let (Some(release), Some(program)) = (release(), stand_in()) else { return skipped(NO_STATIC) };
    let again = tempfile::tempdir().unwrap();
    packed(&["pack", "--target", TARGET, "--binary", program.to_str().unwrap()], again.path());
    let bytes = |folder: &Path| std::fs::read(folder.join(archive(TARGET))).unwrap();
    assert!(bytes(release) == bytes(again.path()));
}

#[test]
fn a_program_that_is_not_static_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let ended = dist(&["pack", "--target", TARGET, "--binary", env!("CARGO_BIN_EXE_slipway")], out.path());
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && stderr.contains("asks for the interpreter"), "{stderr}");
    if let Some(program) = stand_in() {
        let program = program.to_str().unwrap();
        let ended = dist(&["pack", "--target", OTHERS[0], "--binary", program], out.path());
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(
            !ended.status.success() && stderr.contains("is for another machine than aarch64"),
            "{stderr}"
        );
    } else {
        partly_skipped(NO_STATIC);
    }
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "nothing is packed of it");
}

/// A folder with builds for all targets, of which three are made up.
fn all_builds() -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    for target in OTHERS.iter().chain([&TARGET]) {
        std::fs::write(out.path().join(archive(target)), target).unwrap();
        std::fs::write(out.path().join(format!("slipway-{VERSION}-{target}.cdx.json")), "{}").unwrap();
    }
    out
}

#[test]
fn what_package_managers_want_is_filled_in() {
    let out = all_builds();
    packed(&["finish", "--repository", REPOSITORY, "--tag", &format!("v{VERSION}")], out.path());
    let read = |file: &str| std::fs::read_to_string(out.path().join(file)).unwrap();
    let sums = read("SHA256SUMS");
    let sum = |target: &str| {
        let line = sums.lines().find(|line| line.ends_with(&format!("  {}", archive(target)))).unwrap();
        line.split(' ').next().unwrap().to_owned()
    };
    let formula = read("slipway.rb");
    for target in OTHERS.iter().chain([&TARGET]) {
        let address = format!("{REPOSITORY}/releases/download/v{VERSION}/{}", archive(target));
        let expected = format!("url \"{address}\"\n      sha256 \"{}\"", sum(target));
        assert!(formula.contains(&expected), "{expected}\nis not in\n{formula}");
    }
    let aqua: Value = serde_saphyr::from_str(&read("aqua-registry.yaml")).unwrap();
    let package = &aqua["packages"][0];
    assert_eq!((&package["repo_owner"], &package["repo_name"]), (&"example".into(), &"slipway".into()));
    // As aqua puts a name together, for a machine of each kind.
    let replaced = |word: &str| package["replacements"][word].as_str().unwrap().to_owned();
    let asset = package["asset"].as_str().unwrap().replace("{{trimV .Version}}", VERSION);
    let asset = asset.replace("{{.Arch}}", &replaced("arm64")).replace("{{.OS}}", &replaced("darwin"));
    assert_eq!(asset, archive("aarch64-apple-darwin"));
    let mise = "import sys, tomllib; print(tomllib.load(open('mise.toml', 'rb'))['tools']['ubi:example/slipway']['version'])";
    assert_eq!(said("python3", &["-c", mise], out.path()).trim(), VERSION);
    for file in ["slipway.rb", "aqua-registry.yaml", "mise.toml", "install.sh"] {
        assert!(!read(file).contains("@REPOSITORY@") && !read(file).contains("@SHA256"), "{file}");
    }
    match crate::support::program("ruby") {
        Some(ruby) => {
            assert_eq!(said(ruby.to_str().unwrap(), &["-c", "slipway.rb"], out.path()).trim(), "Syntax OK");
        }
        None => partly_skipped("there is no ruby to read the formula"),
    }
}

#[test]
fn half_a_release_is_none() {
    let finish = |arguments: &[&str], out: &Path| {
        let ended = dist(&[&["finish", "--repository", REPOSITORY], arguments].concat(), out);
        assert!(!ended.status.success() && !out.join("SHA256SUMS").exists());
        String::from_utf8(ended.stderr).unwrap()
    };
    let all = all_builds();
    assert!(finish(&["--tag", "v99.0.0"], all.path()).contains("the tag is v99.0.0, and Cargo.toml says"));
    std::fs::remove_file(all.path().join(archive(OTHERS[1]))).unwrap();
    let missing = finish(&["--tag", &format!("v{VERSION}")], all.path());
    assert!(missing.contains(&format!("has no build of {}", OTHERS[1])), "{missing}");
    let empty = tempfile::tempdir().unwrap();
    assert!(finish(&[], empty.path()).contains("has no build of"));
}

#[test]
fn the_workflow_builds_all_targets_and_lets_one_job_sign() {
    let text = std::fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let workflow: Value = serde_saphyr::from_str(&text).unwrap();
    let built = workflow["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let built: BTreeSet<&str> = built.iter().map(|one| one["target"].as_str().unwrap()).collect();
    assert_eq!(built, OTHERS.into_iter().chain([TARGET]).collect());
    let signed = workflow["jobs"]["attest"]["strategy"]["matrix"]["target"].as_array().unwrap();
    assert_eq!(signed.iter().map(|one| one.as_str().unwrap()).collect::<BTreeSet<_>>(), built);
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        assert_eq!(job["permissions"]["id-token"] == "write", name == "attest", "{name}");
        assert_eq!(job["permissions"]["contents"] == "write", name == "publish", "{name}");
    }
}

/// What the program is made of, without its tests.
fn programs_sources() -> Vec<PathBuf> {
    let listed = said("git", &["ls-files", "--cached", "src/*.rs", "crates/*/src/*.rs"], root());
    let files: Vec<PathBuf> =
        listed.lines().map(|line| root().join(line)).filter(|file| file.is_file()).collect();
    assert!(files.len() > 300, "{}", files.len());
    files
        .into_iter()
        .filter(|file| !file.ends_with("tests.rs") && !file.iter().any(|part| part == "tests"))
        .collect()
}

#[test]
fn the_recipe_of_the_container_copies_what_is_there() {
    let recipe = std::fs::read_to_string(root().join("packaging/Dockerfile")).unwrap();
    let copied =
        recipe.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--"));
    let mut sources: Vec<&str> = copied.flat_map(|line| line.split(' ').rev().skip(1)).collect();
    sources.sort_unstable();
    assert!(sources.iter().all(|source| root().join(source).exists()), "{sources:?}");
    // Whatever is built into the program comes along.
    let all = [
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        "askama.toml",
        "crates",
        "docs/diagnostics.md",
        "docs/verify.md",
        "src",
        "templates",
        "tests/it/main.rs",
    ];
    assert_eq!(sources, all);
    let included = Regex::new(r#"include_(?:str|bytes)!\("([^"]+)"\)"#).unwrap();
    for file in programs_sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for named in included.captures_iter(text) {
            let path = file.parent().unwrap().join(&named[1]).canonicalize().unwrap();
            let path = path.strip_prefix(root()).unwrap().to_owned();
            assert!(
                sources.iter().any(|copied| path.starts_with(copied)),
                "{} is not copied",
                path.display()
            );
        }
    }
}
