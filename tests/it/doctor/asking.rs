//! Who is asked, for how long, and what ends it.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{assert_found, found, slipway, unique};
use crate::support::bed::Bed;
use crate::support::estate::Estate;

const JSON: &[&str] = &["doctor", "--format", "json"];
/// What it takes on a machine that does much else.
const SECONDS: Duration = Duration::from_secs(25);

/// An estate whose state and cluster are in AWS.
fn in_aws(bucket: &str) -> Estate {
    let estate = Estate::chain();
    estate.keep_states_in_s3(bucket);
    estate.write(
        "slipway.hcl",
        "estate {\n  root = \"live\"\n}\ncluster \"dev\" {\n  name = \"c\"\n  region = \"eu-west-1\"\n}\n",
    );
    estate
}

#[test]
fn an_endpoint_that_nobody_listens_on_is_told_in_seconds() {
    let bed = Bed::shared();
    let estate = in_aws(&unique("closed"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let begun = Instant::now();
    let ended = slipway(&estate, &bed).env("AWS_ENDPOINT_URL", &endpoint).run(JSON).exits(1);
    assert!(begun.elapsed() < SECONDS, "{:?}", begun.elapsed());
    assert_found(&ended, "credentials", "missing", &["does not answer", "check the network"]);
    assert_found(&ended, "state", "missing", &["refused", "AWS does not answer: check the network"]);
    assert_found(&ended, "cluster", "missing", &["does not answer"]);
}

#[test]
fn an_endpoint_that_never_answers_is_told_in_seconds_and_an_interrupt_ends_the_wait_at_once() {
    let bed = Bed::shared();
    let estate = in_aws(&unique("silent"));
    // It takes connections, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let begun = Instant::now();
    let ended = slipway(&estate, &bed).env("AWS_ENDPOINT_URL", &endpoint).run(JSON).exits(1);
    assert!(begun.elapsed() < SECONDS, "{:?}", begun.elapsed());
    for what in ["credentials", "state", "cluster"] {
        assert_found(&ended, what, "missing", &["answer"]);
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut command = slipway(&estate, &bed).env("AWS_ENDPOINT_URL", &endpoint).into_command(&["doctor"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It asks, and waits for the answer.
    let _asked = listener.accept().unwrap();
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    let interrupted = Instant::now();
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(interrupted.elapsed() < Duration::from_secs(20), "{:?}", interrupted.elapsed());
}

#[test]
fn nobody_is_asked_where_that_was_wanted() {
    let bed = Bed::start(&["aws"]);
    let estate = in_aws("b-${get_aws_account_id()}");
    // What Git does not track is not read without trust.
    let added = Command::new("git").current_dir(estate.path()).args(["add", "--all"]).status().unwrap();
    assert!(added.success());
    bed.forget_requests();
    for flag in ["--offline", "--untrusted"] {
        let ended = slipway(&estate, &bed).run(&[JSON, &[flag]].concat()).exits(0);
        assert_found(&ended, "credentials", "optional", &["not asked", flag]);
        assert_found(&ended, "cluster", "optional", &["not asked", flag]);
        assert!(found(&ended, "state").iter().all(|(verdict, _)| verdict != "ok"), "{}", ended.stdout);
    }
    assert_eq!(bed.requests()["total"], 0, "{}", bed.requests());
    // The same with a bucket that is known.
    let estate = in_aws("b");
    let ended = slipway(&estate, &bed).run(&[JSON, &["--offline"]].concat()).exits(0);
    assert_found(&ended, "state", "optional", &["s3://b", "4 units, not asked (--offline)"]);
    assert_eq!(bed.requests()["total"], 0, "{}", bed.requests());
}
