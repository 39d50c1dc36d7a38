use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::server::{Page, Server};
use super::{Modules, holds, unit};
use crate::gitops::server::GitServer;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

#[test]
fn a_unit_from_a_folder_of_a_repository_is_applied_at_its_tag() {
    let modules = Modules::new();
    for terraform in terraforms() {
        let estate = Estate::new();
        let repository = modules.path().display();
        unit(&estate, "tagged", &format!("git::file://{repository}//modules/text?ref=v1&depth=1"));
        let commit = modules.git(&["rev-parse", "v1^{commit}"]);
        unit(&estate, "committed", &format!("git::file://{repository}//modules/text?ref={commit}"));
        unit(&estate, "short", &format!("git::file://{repository}//modules/text?ref={}", &commit[..8]));
        unit(&estate, "default", &format!("git::file://{repository}//modules/text"));
        Slipway::new(estate.path(), &terraform).run(&["apply", "--yes"]).exits(0);
        for name in ["tagged", "committed", "short", "default"] {
            assert_eq!(estate.applied(name), Some(format!("{name}!")));
        }
        // Hidden files of a repository come along, as with Terragrunt; its history does not.
        let dir = estate.path().join(".slipway/work/tagged/module");
        assert!(dir.join("modules/text/.hidden").exists() && dir.join("README.md").exists());
        assert!(!dir.join(".git").exists());
    }
}

#[test]
fn a_repository_that_asks_for_a_login_gets_it_and_nobody_else_sees_it() {
    let modules = Modules::new();
    let folder = tempfile::tempdir().unwrap();
    modules.bare(folder.path());
    let server = GitServer::start(folder.path(), "robot", "canary-hunter2");
    let host = server.address.trim_start_matches("http://");
    let estate = Estate::new();
    unit(
        &estate,
        "a",
        &format!("git::http://robot:${{get_env(\\\"TOKEN\\\")}}@{host}/modules.git//modules/text?ref=v1")
            .replace("\\\"", "\""),
    );
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    let ended = slipway().env("TOKEN", "canary-hunter2").run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("a").as_deref(), Some("a!"));
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("canary-hunter2"));
    assert_eq!(holds(&estate.path().join(".slipway"), "canary-hunter2"), None);
    // The same by Git's own means, with nothing in the source.
    unit(&estate, "b", &format!("git::http://{host}/modules.git//modules/text?ref=main"));
    // Beside the estate: Git writes the file anew, and only what runs write is searched for secrets.
    let keys = tempfile::tempdir().unwrap();
    let store = keys.path().join("credentials");
    std::fs::write(&store, format!("http://robot:canary-hunter2@{host}\n")).unwrap();
    std::fs::set_permissions(&store, PermissionsExt::from_mode(0o600)).unwrap();
    estate.write(".gitconfig", &format!("[credential]\n\thelper = store --file={}\n", store.display()));
    slipway().env("TOKEN", "canary-hunter2").run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("b").as_deref(), Some("b!"));
    // And a wrong one is told as such, without showing it.
    unit(
        &estate,
        "c",
        &format!("git::http://robot:canary-wrong@{host}/modules.git//modules/text?ref=elsewhere"),
    );
    let refused =
        slipway().env("TOKEN", "canary-hunter2").run(&["plan", "c"]).exits(1).says("refuses the credentials");
    assert!(!format!("{}{}", refused.stdout, refused.stderr).contains("canary-wrong"));
}

#[test]
fn a_repository_over_ssh_is_fetched_with_the_users_own_ssh() {
    let modules = Modules::new();
    let served = tempfile::tempdir().unwrap();
    let bare = modules.bare(served.path());
    let estate = Estate::new();
    // The other end of the wire: runs what git wants run there, on this machine.
    let ssh = estate.write(
        "ssh",
        "#!/bin/sh\necho \"$@\" >> \"$0.log\"\nwhile [ $# -gt 1 ]; do shift; done\nexec sh -c \"$1\"\n",
    );
    std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).unwrap();
    unit(&estate, "a", &format!("git@example.invalid:{}//modules/text?ref=v1", bare.display()));
    let key = STANDARD.encode("not really a key");
    unit(
        &estate,
        "b",
        &format!("git::ssh://git@example.invalid{}//modules/text?ref=main&sshkey={key}", bare.display()),
    );
    let ended =
        Slipway::new(estate.path(), &tool("tofu")).env("GIT_SSH_COMMAND", &ssh).run(&["apply", "--yes"]);
    ended.exits(0);
    assert_eq!(estate.applied("a").as_deref(), Some("a!"));
    assert_eq!(estate.applied("b").as_deref(), Some("b!"));
    let log = std::fs::read_to_string(estate.path().join("ssh.log")).unwrap();
    assert!(log.contains("git@example.invalid") && log.contains("-oIdentitiesOnly=yes"), "{log}");
    assert_eq!(holds(&estate.path().join(".slipway"), &key), None);
}

#[test]
fn archives_are_unpacked_and_checked() {
    let modules = Modules::new();
    let server = Server::start();
    let zip = modules.archive("zip");
    let tar = modules.archive("tar.gz");
    server.put("/m.zip", Page::body(zip.clone()).header("ETag", "\"one\""));
    server.put(
        "/private/m.tar.gz",
        Page::body(tar).only_for(&format!("Basic {}", STANDARD.encode("ann:canary-hunter2"))),
    );
    server.put("/download", Page::body(zip.clone()));
    server.put("/vanity", Page::default().header("X-Terraform-Get", "/m.zip"));
    server.put(
        "/page",
        Page::body("<html><head><meta name=\"terraform-get\" content=\"/m.zip//modules\"></head></html>"),
    );
    let address = &server.address;
    let estate = Estate::new();
    let digest = sha256(&estate, &zip);
    estate.write(".netrc", "machine 127.0.0.1 login ann password canary-hunter2\n");
    unit(&estate, "zip", &format!("{address}/m.zip//modules/text?checksum=sha256:{digest}"));
    unit(&estate, "tar", &format!("{address}/private/m.tar.gz//modules/text"));
    unit(&estate, "named", &format!("{address}/download//modules/text?archive=zip"));
    unit(&estate, "vanity", &format!("{address}/vanity//modules/text"));
    unit(&estate, "page", &format!("{address}/page//text"));
    estate.write("infra/m.zip", "");
    std::fs::write(estate.path().join("infra/m.zip"), &zip).unwrap();
    unit(&estate, "local", "../../infra/m.zip//modules/text");
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    slipway().run(&["apply", "--yes"]).exits(0);
    for name in ["zip", "tar", "named", "vanity", "page", "local"] {
        assert_eq!(estate.applied(name), Some(format!("{name}!")));
    }
    assert_eq!(holds(&estate.path().join(".slipway"), "canary-hunter2"), None);

    let wrong = "0".repeat(64);
    unit(&estate, "wrong", &format!("{address}/m.zip//modules/text?checksum=sha256:{wrong}"));
    slipway().run(&["plan", "wrong"]).exits(1).says(&digest).says(&wrong);
    unit(&estate, "gone", &format!("{address}/gone.zip//modules/text"));
    slipway().run(&["plan", "gone"]).exits(1).says("status 404").says("check the name");
    unit(&estate, "folder", &format!("{address}/m.zip//modules/nothing"));
    slipway().run(&["plan", "folder"]).exits(1).says("has no folder modules/nothing");
}

fn sha256(estate: &Estate, bytes: &[u8]) -> String {
    let file = estate.path().join("digest");
    std::fs::write(&file, bytes).unwrap();
    let output = std::process::Command::new("sha256sum").arg(&file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_module_of_a_registry_is_found_by_its_protocol_with_the_hosts_token() {
    let modules = Modules::new();
    let server = Server::start();
    let bearer = "Bearer canary-hunter2";
    let listed = r#"{"modules": [{"versions": [{"version": "1.0.0"}, {"version": "1.10.0"}, {"version": "1.9.0"}, {"version": "2.0.0-rc1"}]}]}"#;
    server.put("/v1/modules/org/text/null/versions", Page::body(listed).only_for(bearer));
    server.put("/v1.tar.gz", Page::body(modules.archive("tar.gz")));
    for version in ["1.0.0", "1.10.0"] {
        let page = Page::default().header("X-Terraform-Get", "/v1.tar.gz").only_for(bearer);
        server.put(&format!("/v1/modules/org/text/null/{version}/download"), page);
    }
    // A module that is a folder of an archive, as forges pack it, named in the body.
    server.put(
        "/v1/modules/org/inner/null/1.0.0/download",
        Page::body(r#"{"location": "../../../../../../packed.zip//*/text?archive=zip"}"#),
    );
    server.put("/packed.zip", Page::body(modules.archive("zip")));
    let estate = Estate::new();
    estate.write(
        "cli.tfrc",
        &format!("host \"modules.example.com\" {{\n  services = {{\n    \"modules.v1\" = \"{}/v1/modules/\"\n  }}\n}}\n", server.address),
    );
    unit(&estate, "exact", "tfr://modules.example.com/org/text/null//modules/text?version=1.0.0");
    unit(&estate, "newest", "tfr:///org/text/null//modules/text");
    unit(&estate, "inner", "tfr://modules.example.com/org/inner/null?version=1.0.0");
    let slipway = || {
        Slipway::new(estate.path(), &tool("tofu"))
            .env("TF_CLI_CONFIG_FILE", estate.path().join("cli.tfrc"))
            .env("TG_TF_DEFAULT_REGISTRY_HOST", "modules.example.com")
    };
    let refused = slipway().run(&["plan", "exact"]).exits(1);
    refused.says("status 401").says("TF_TOKEN_");
    let with_token = || slipway().env("TF_TOKEN_127_0_0_1", "canary-hunter2");
    let plan = with_token().run(&["plan", "inner"]);
    // Its neighbour is not in the folder that the registry named, and the tool says so.
    plan.exits(1).says("../suffix");
    std::fs::remove_dir_all(estate.path().join("live/inner")).unwrap();
    with_token().run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("exact").as_deref(), Some("exact!"));
    assert_eq!(estate.applied("newest").as_deref(), Some("newest!"));
    assert_eq!(server.asked("/v1/modules/org/text/null/1.10.0/download"), 1);
    assert_eq!(holds(&estate.path().join(".slipway"), "canary-hunter2"), None);
    // What is there by its version needs no registry any more.
    server.put("/v1/modules/org/text/null/1.0.0/download", Page::default());
    slipway().run(&["plan", "exact"]).exits(0);
}

#[test]
fn a_registry_says_once_and_over_https_where_its_modules_are() {
    let modules = Modules::new();
    let estate = Estate::new();
    let certificate = estate.path().join("registry.pem");
    let server = Server::start_secure(&certificate);
    server.put("/.well-known/terraform.json", Page::body(r#"{"modules.v1": "/modules/"}"#));
    for name in ["text", "other"] {
        let archive = Page::default().header("X-Terraform-Get", "../../../../../m.tar.gz//modules");
        server.put(&format!("/modules/org/{name}/null/1.0.0/download"), archive);
    }
    server.put("/m.tar.gz", Page::body(modules.archive("tar.gz")));
    let host = server.address.trim_start_matches("https://");
    unit(&estate, "a", &format!("tfr://{host}/org/text/null//text?version=1.0.0"));
    unit(&estate, "b", &format!("tfr://{host}/org/other/null//text?version=1.0.0"));
    let slipway = || Slipway::new(estate.path(), &tool("tofu"));
    // A certificate that nobody vouches for is no registry.
    slipway().run(&["plan", "a"]).exits(1).says("was not reached").says("certificate");
    slipway().env("SSL_CERT_FILE", &certificate).run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("a").as_deref(), Some("a!"));
    assert_eq!(estate.applied("b").as_deref(), Some("b!"));
    assert_eq!(server.asked("/.well-known/terraform.json"), 1);
    // Two modules, and the same files: they are kept once.
    assert_eq!(super::trees(&estate).len(), 1);
}

#[test]
fn a_server_that_names_what_is_on_this_machine_or_inside_the_network_is_not_followed() {
    let modules = Modules::new();
    let (server, inside) = (Server::start(), Server::start());
    inside.put("/m.zip", Page::body(modules.archive("zip")));
    let estate = Estate::new();
    estate.write(
        "cli.tfrc",
        &format!(
            "host \"modules.example.com\" {{\n  services = {{\n    \"modules.v1\" = \"{}/v1/\"\n  }}\n}}\n",
            server.address
        ),
    );
    let here = modules.path().display();
    let places = [
        (format!("git::file://{here}?ref=v1"), "a folder of this machine"),
        (format!("git::{here}"), "a folder of this machine"),
        (format!("file://{here}"), "a folder of this machine"),
        (format!("{here}"), ""),
        (format!("{}/m.zip", inside.address), "neither over https nor ssh"),
        (format!("git::{}/m.git", inside.address), "neither over https nor ssh"),
        (format!("s3::{}/bucket/m.zip", inside.address), "with your credentials"),
    ];
    for (number, (place, why)) in places.iter().enumerate() {
        let header = || Page::default().header("X-Terraform-Get", place.as_str());
        let meta = format!("<html><head><meta name=\"terraform-get\" content=\"{place}\"></head></html>");
        server.put(&format!("/v1/org/{number}/null/1.0.0/download"), header());
        server.put(&format!("/header/{number}"), header());
        server.put(&format!("/page/{number}"), Page::body(meta));
        for source in [
            format!("tfr://modules.example.com/org/{number}/null//modules/text?version=1.0.0"),
            format!("{}/header/{number}//modules/text", server.address),
            format!("{}/page/{number}//modules/text", server.address),
        ] {
            unit(&estate, "a", &source);
            let slipway = Slipway::new(estate.path(), &tool("tofu"));
            let slipway = slipway.env("TF_CLI_CONFIG_FILE", estate.path().join("cli.tfrc"));
            drop(slipway.run(&["plan", "a"]).exits(1).says(why));
            assert_eq!(holds(&estate.path().join(".slipway"), "suffix"), None, "{source} to {place}");
        }
    }
    assert_eq!((inside.asked("/m.zip"), inside.asked("/bucket/m.zip")), (0, 0));
}

#[test]
fn what_looks_like_a_registry_address_is_a_path_and_the_error_says_what_to_write() {
    let estate = Estate::new();
    unit(&estate, "a", "org/vpc/aws");
    let ended = Slipway::new(estate.path(), &tool("tofu")).run(&["plan", "a"]).exits(1);
    ended.says("live/a/org/vpc/aws is not a folder").says("tfr:///org/vpc/aws?version=");
}

#[test]
fn a_module_in_a_bucket_is_fetched_with_the_credentials_of_the_environment() {
    let bed = Bed::shared();
    let modules = Modules::new();
    let bucket = format!("modules-{}", std::process::id());
    let endpoint = bed.text("/aws/endpoint").to_owned();
    let put = |path: &str, body: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), body).unwrap();
        let status = std::process::Command::new("curl")
            .args(["-sS", "--fail-with-body", "-X", "PUT", "--data-binary"])
            .arg(format!("@{}", file.path().display()))
            .args(["-H", "Content-Type: application/octet-stream"])
            .args(["-H", "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"])
            .arg(format!("{endpoint}/{bucket}{path}"))
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    };
    put("", b"");
    put("/m.zip", &modules.archive("zip"));
    for name in ["modules/text/main.tf", "modules/text/check.sh", "modules/suffix/main.tf"] {
        put(&format!("/plain/{name}"), &std::fs::read(modules.path().join(name)).unwrap());
    }
    let estate = Estate::new();
    unit(&estate, "archive", &format!("s3::https://s3.amazonaws.com/{bucket}/m.zip//modules/text"));
    unit(&estate, "folder", &format!("s3::{endpoint}/{bucket}/plain//modules/suffix"));
    let slipway = || Slipway::new(estate.path(), &tool("tofu")).bed(&bed);
    slipway().run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("archive").as_deref(), Some("archive!"));
    assert_eq!(estate.applied("folder").as_deref(), Some("!"));
    // Unchanged, it is not downloaded again.
    slipway().run(&["plan"]).exits(0).says("nothing to change");
    unit(&estate, "gone", &format!("s3::https://s3.amazonaws.com/{bucket}/gone.zip"));
    slipway().run(&["plan", "gone"]).exits(1).says("gone.zip");
}
