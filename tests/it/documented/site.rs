//! The site as it is built and published.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::pipelines::{github_steps, yaml};
use super::shell::Shell;
use crate::support::browser::Browser;
use crate::support::skipped::partly_skipped;
use crate::support::slipway::Slipway;
use crate::support::{program, root};

/// Builds it into a folder, where mdBook is there.
fn build(into: &Path) -> Option<PathBuf> {
    let Some(mdbook) = program("mdbook") else {
        partly_skipped("there is no mdbook; run `make site`");
        return None;
    };
    let site = into.join("site");
    let output = Command::new(mdbook).arg("build").arg(root()).arg("--dest-dir").arg(&site).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("WARN"), "{said}");
    Some(site)
}

#[test]
fn the_site_has_every_page_and_can_be_searched() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = build(folder.path()) else { return };
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let pages = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for page in pages {
        let built = page.replace("README.md", "index.md").replace(".md", ".html");
        assert!(site.join(&built).is_file(), "{built}");
    }
    // The address of a code as it was before each had a page, which leads there.
    let diagnostics = std::fs::read_to_string(site.join("diagnostics.html")).unwrap();
    assert!(diagnostics.contains(r#"id="estatemissing_dependency""#));
    assert!(diagnostics.contains(r#"href="diagnostics/estate-missing-dependency.html""#));

    let Some(mut browser) = Browser::start(1200, 900) else { return };
    browser.open(&site.join("index.html"), "?search=prevent_destroy");
    let found = "document.querySelectorAll('#searchresults li, #mdbook-searchresults li').length";
    let shown = format!(
        "new Promise((done) => {{ let left = 100; const look = () => ({found} > 0 || left-- === 0) \
         ? done({found}) : setTimeout(look, 50); look(); }})"
    );
    assert!(browser.evaluate(&shown).as_u64().unwrap() >= 3, "the search finds nothing");
    let asked = browser.requests();
    assert!(asked.iter().all(|url| url.starts_with("file:")), "a page asks others: {asked:?}");
}

#[test]
fn each_diagnostic_has_a_page_at_the_address_that_the_program_tells() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = build(folder.path()) else { return };
    let explained =
        Slipway::new(folder.path(), Path::new("")).run(&["explain", "--format", "json"]).exits(0).json();
    let all = explained["diagnostics"].as_array().unwrap();
    assert!(all.len() > 100, "{}", all.len());
    let list = std::fs::read_to_string(site.join("diagnostics.html")).unwrap();
    let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    for one in all {
        let (code, address) = (text(one, "code"), text(one, "page"));
        let file = site.join(&address);
        let page = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{address}: {error}"));
        assert!(page.contains(&format!("<code>{code}</code></a></h1>")), "{address}");
        assert!(list.contains(&format!("href=\"{address}\"")), "the list does not lead to {address}");
        // What leads away from it leads somewhere.
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = Path::new(link.split(['#', '?']).next().unwrap_or_default());
            if path.extension().is_some_and(|ending| ending == "html") && !link.contains("://") {
                assert!(file.parent().unwrap().join(path).is_file(), "{address} leads to {link}");
            }
        }
    }
    let syntax = std::fs::read_to_string(site.join("diagnostics/hcl-syntax.html")).unwrap();
    for told in ["The text is not HCL", "prevent_destroy = = true", "slipway explain hcl::syntax"] {
        assert!(syntax.contains(told), "{told:?} is not in\n{syntax}");
    }
}

/// A server of files, which ends with this.
struct Server(Child, String);

impl Server {
    fn of(folder: &Path) -> Self {
        let mut server = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("port ").nth(1).unwrap().split(' ').next().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        Self(server, url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn a_reader_changes_to_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = build(folder.path()) else { return };
    let published = folder.path().join("published");
    std::fs::create_dir(&published).unwrap();
    for version in ["v0.1.0", "v0.2.0", "main"] {
        let publish = root().join(".ci/publish-site");
        let output = Command::new(publish).arg(version).arg(&site).arg(&published).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let Some(mut browser) = Browser::start(1200, 900) else { return };
    let server = Server::of(&published);
    browser.open(&site.join("404.html"), "");
    browser.leave(&format!("void (location.href = '{}/v0.1.0/howto/github.html')", server.1));
    let list =
        "[...document.querySelectorAll('#mdbook-menu-bar select option')].map((each) => each.value).join()";
    let mut found = String::new();
    for _attempt in 0..100 {
        // The list is asked for once the page is there.
        found = browser.evaluate(list).as_str().unwrap_or_default().to_owned();
        if !found.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(found, "v0.2.0,v0.1.0,main");
    browser.leave("void (() => { const list = document.querySelector('#mdbook-menu-bar select'); list.value = 'v0.2.0'; list.dispatchEvent(new Event('change')); })()");
    assert_eq!(browser.evaluate("location.pathname.startsWith('/v0.2.0/')"), json!(true));
}

/// The steps of the workflow, in a clone of a repository that has never had a site, for three versions.
#[test]
fn each_version_is_published_beside_the_others() {
    let workflow = yaml(&std::fs::read_to_string(root().join(".github/workflows/site.yml")).unwrap());
    let shell = Shell::new();
    shell.must("git init --quiet --bare ../origin.git");
    shell.must("git init --quiet && git remote add origin ../origin.git && mkdir .ci");
    shell.must(&format!("cp {} .ci/", root().join(".ci/publish-site").display()));
    shell.must("git add --all && git commit --quiet -m 'One' && git push --quiet origin main");
    for version in ["v0.9.0", "v0.10.0", "main", "v0.9.0"] {
        // Each run of the workflow has a clone of its own.
        shell.must("rm -rf ../clone && git clone --quiet ../origin.git ../clone && mkdir ../clone/site");
        shell.must(&format!("echo {version} > ../clone/site/index.html"));
        for (script, variables) in github_steps(&workflow["jobs"]["publish"], &[("github.ref_name", version)])
        {
            shell.runs(&format!("cd ../clone\n{script}"), &variables, 0);
        }
    }
    shell.must("git clone --quiet --branch gh-pages ../origin.git published");
    let versions: Value = serde_json::from_str(&shell.read("published/versions.json")).unwrap();
    assert_eq!(versions, json!(["v0.10.0", "v0.9.0", "main"]));
    assert!(shell.read("published/index.html").contains("url=v0.10.0/"));
    assert_eq!(shell.read("published/v0.9.0/index.html"), "v0.9.0\n");
    assert!(!shell.start().join("published/.ci").exists(), "the site has nothing of the code");
    // Nothing is written outside of the folder of a version.
    shell.runs(".ci/publish-site ../elsewhere published published", &[], 64);
}
