//! Docker Hub and ECR, by their own names: a proxy leads to registries on this machine, whose certificates are for those names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use super::Shop;
use crate::support::bed::Bed;
use crate::support::registry::{PASSWORD, Registry, login};
use crate::support::root;
use crate::support::slipway::Slipway;
use crate::support::tokens::{Gives, Tokens};

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// A proxy by which some hosts are on this machine, and no others are there.
fn proxy(hosts: &[(&str, &str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let hosts: Vec<(String, String)> =
        hosts.iter().map(|(host, there)| ((*host).to_owned(), (*there).to_owned())).collect();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { break };
            let hosts = hosts.clone();
            std::thread::spawn(move || tunnel(stream, &hosts));
        }
    });
    address
}

fn tunnel(mut stream: TcpStream, hosts: &[(String, String)]) -> Option<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).ok()? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let wanted = head.strip_prefix("CONNECT ")?.split(':').next()?;
    let Some((_, there)) = hosts.iter().find(|(host, _)| host == wanted) else {
        return stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").ok();
    };
    let there = TcpStream::connect(there).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut from, mut to) = (stream.try_clone().ok()?, there.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        to.shutdown(std::net::Shutdown::Write)
    });
    std::io::copy(&mut &there, &mut stream).ok()?;
    stream.shutdown(std::net::Shutdown::Both).ok()
}

fn certificates(folder: &Path, names: &str) {
    let program = "import sys; from pathlib import Path; from emulator.kubernetes.certificates import create; \
                   create(Path(sys.argv[1]), tuple(sys.argv[2].split(',')))";
    let python = root().join(".venv/bin/python");
    let made = Command::new(python).current_dir(root()).args(["-c", program]).arg(folder).arg(names).status();
    assert!(made.unwrap().success());
}

fn through(slipway: Slipway, proxy: &str, certificates: &Path) -> Slipway {
    slipway
        .env("HTTPS_PROXY", proxy)
        .env("NO_PROXY", "127.0.0.1")
        .env("SSL_CERT_FILE", certificates.join("ca.crt"))
        .env("SLIPWAY_CHECK_IMAGE", "require")
}

#[test]
fn an_image_without_a_registry_is_in_docker_hub() {
    let folder = tempfile::tempdir().unwrap();
    let certificates_in = folder.path().join("certificates");
    certificates(&certificates_in, "registry-1.docker.io,auth.docker.io");
    let digest =
        Registry::open(folder.path()).push_index("library/nginx", "1.28", &["linux/amd64", "linux/arm64"]);
    let tokens = Tokens::start_tls(Gives::Puller, &certificates_in);
    let realm = "https://auth.docker.io/token";
    let registry = Registry::with_tokens_tls(folder.path(), &certificates_in, realm);
    let hub = proxy(&[("registry-1.docker.io", &registry.address), ("auth.docker.io", &tokens.address)]);
    let shop = Shop::new("nginx:1.27");
    let set = |kept: Option<&Path>, image: &str| {
        let slipway = through(shop.slipway(), &hub, &certificates_in);
        let slipway = kept.iter().fold(slipway, |slipway, folder| slipway.env("DOCKER_CONFIG", folder));
        slipway.run(&["image", "set", &format!("app={image}"), "--pin", "--platform", "linux/arm64"])
    };
    set(None, "nginx:1.28").exits(1).says("docker login docker.io");
    // Docker keeps it by the address that the hub had first.
    let kept = login("https://index.docker.io/v1/", "puller", PASSWORD);
    set(Some(kept.path()), "nginx:1.29").exits(5).says("docker.io says MANIFEST_UNKNOWN");
    set(Some(kept.path()), "nginx:1.28").exits(0);
    assert_eq!(shop.written(), format!("nginx:1.28@{digest}"));
    assert!(tokens.asked().iter().any(|asked| asked.contains("scope=repository%3Alibrary%2Fnginx%3Apull")));
}

#[test]
fn ecr_takes_the_login_that_aws_gives() {
    let bed = Bed::start(&["aws"]);
    let folder = tempfile::tempdir().unwrap();
    let certificates_in = folder.path().join("certificates");
    certificates(&certificates_in, ECR);
    let digest = Registry::open(folder.path()).push("team/app", "v2", "linux/amd64");
    let registry = Registry::closed_tls(folder.path(), &certificates_in);
    let aws = proxy(&[(ECR, &registry.address)]);
    let shop = Shop::new(&format!("{ECR}/team/app:v1"));
    let slipway = || through(shop.slipway().bed(&bed), &aws, &certificates_in);
    let wanted = |tag: &str| format!("app={ECR}/team/app:{tag}");
    slipway().run(&["image", "set", &wanted("v3")]).exits(5).says("MANIFEST_UNKNOWN");
    // A login that Docker has kept for too long does not stand in the way.
    let old = login(ECR, "AWS", "canary-old");
    slipway().env("DOCKER_CONFIG", old.path()).run(&["image", "set", &wanted("v2"), "--pin"]).exits(0);
    assert_eq!(shop.written(), format!("{ECR}/team/app:v2@{digest}"));
    assert!(bed.requests().to_string().contains("GetAuthorizationToken"), "{}", bed.requests());

    // Nobody's credentials: what is missing is told, and nothing is pushed.
    let before = shop.head();
    let nobody = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let slipway = nobody.iter().fold(slipway(), |slipway, name| slipway.env_remove(name));
    let slipway = slipway.env("AWS_EC2_METADATA_DISABLED", "true");
    slipway.run(&["image", "set", &wanted("v1"), "--allow-older"]).exits(1).says("no AWS credentials");
    assert_eq!(shop.head(), before);
}
