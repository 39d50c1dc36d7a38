//! Which calls go to which process, and what becomes of it.

use std::time::{Duration, Instant};

use slipway_providers::{Pool, Wanted};

use super::tool::{Asking, aws, lives, message, processes_of, text, time, wanted};

/// What a plan and an apply of `time_sleep` are asked with: its type, nothing before, and how long it is to take.
fn sleeping(seconds: &str) -> Vec<u8> {
    // The attributes in MessagePack: two texts, and nothing known of the others.
    let create = [&[0xa0 + u8::try_from(seconds.len()).unwrap()], seconds.as_bytes()].concat();
    let of = |id: &[u8]| {
        let mut map = vec![0x84];
        for (name, value) in [
            ("create_duration", create.as_slice()),
            ("destroy_duration", &[0xc0]),
            ("id", id),
            ("triggers", &[0xc0]),
        ] {
            map.push(0xa0 + u8::try_from(name.len()).unwrap());
            map.extend_from_slice(name.as_bytes());
            map.extend_from_slice(value);
        }
        message(1, &map)
    };
    let (unknown, null): (&[u8], &[u8]) = (&[0xd4, 0, 0], &[0xc0]);
    let nothing = message(1, null);
    [message(1, b"time_sleep"), message(2, &nothing), message(3, &of(unknown)), message(4, &of(null))]
        .concat()
}

#[tokio::test]
async fn the_schema_is_asked_once_and_those_with_the_same_configuration_share_a_process() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (time(&pool, dir.path()).await, time(&pool, dir.path()).await);
    let (mut here, mut there) = (Asking::of(&one).await, Asking::of(&other).await);
    let schema = here.schema().await;
    assert!(text(&schema).contains("time_sleep"));
    assert_eq!(there.schema().await, schema);
    here.configure("1.11.4").await;
    there.configure("1.11.4").await;
    assert_eq!(pool.started(), 1, "who asked for the schema was then configured");

    let mut third = Asking::of(&one).await;
    third.configure("1.12.6").await;
    assert_eq!(pool.started(), 2, "another configuration is another process");
    let planned = here.ask("PlanResourceChange", &sleeping("1s")).await.unwrap();
    assert!(text(&planned).contains("create_duration"));
}

#[tokio::test]
async fn the_schema_is_told_of_the_types_that_a_tool_can_meet_and_may_be_kept() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let whole = Asking::of(&aws(&pool, dir.path()).await).await.schema().await;
    let types = Some(["aws_vpc", "aws_region"].map(str::to_owned).into());
    let narrowed = pool.serve(vec![Wanted { types, ..wanted("aws", dir.path()) }]).await.unwrap();
    let schema = Asking::of(&narrowed).await.schema().await;
    assert!(schema.len() * 20 < whole.len(), "{} of {}", schema.len(), whole.len());
    let told = text(&schema);
    assert!(told.contains("aws_vpc") && told.contains("aws_region") && !told.contains("aws_subnet"));
    assert!([&whole, &schema].iter().all(|schema| schema.ends_with(&[0x32, 2, 0x10, 1])), "capabilities");
    assert_eq!(pool.started(), 1, "it was asked once");
}

#[tokio::test]
async fn aliases_are_connections_and_each_has_the_configuration_that_it_was_given() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let lease = aws(&pool, dir.path()).await;
    let (mut west, mut east) = (Asking::of(&lease).await, Asking::of(&lease).await);
    west.schema().await;
    west.configure_aws("eu-west-1").await;
    east.configure_aws("us-east-1").await;
    assert_eq!(pool.started(), 2);
    // A data source without an attribute that has to be given says where it is.
    for (asking, region) in [(&mut west, "eu-west-1"), (&mut east, "us-east-1")] {
        let read = asking.region().await;
        assert!(text(&read).contains(region), "{}", text(&read));
    }
    let again = aws(&pool, dir.path()).await;
    let mut third = Asking::of(&again).await;
    third.configure_aws("us-east-1").await;
    assert!(text(&third.region().await).contains("us-east-1"));
    assert_eq!(pool.started(), 2, "another unit shares what was configured so");
}

#[tokio::test]
async fn a_unit_whose_messages_name_files_of_its_folder_has_processes_that_work_there() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("3s"), "").unwrap();
    let lease = time(&pool, dir.path()).await;
    let mut asking = Asking::of(&lease).await;
    asking.schema().await;
    asking.configure("1.11.4").await;
    asking.ask("PlanResourceChange", &sleeping("1s")).await.unwrap();
    let shared = processes_of(dir.path());
    assert_eq!((pool.started(), shared.len()), (1, 0));
    asking.ask("PlanResourceChange", &sleeping("3s")).await.unwrap();
    assert_eq!(pool.started(), 2);
    let own = processes_of(dir.path());
    assert!(!own.is_empty(), "it works in the unit's folder");
    drop((asking, lease));
    wait_until("they go with the unit", || own.iter().all(|process| !lives(*process))).await;
}

#[tokio::test]
async fn a_provider_that_is_killed_is_named_and_the_next_connection_gets_another_one() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let lease = time(&pool, dir.path()).await;
    let mut asking = Asking::of(&lease).await;
    asking.configure("1.11.4").await;
    let before = pool.processes();
    assert_eq!(before.len(), 1);
    nix_kill(before[0]);
    let refused = asking.ask("PlanResourceChange", &sleeping("1s")).await.unwrap_err();
    assert!(refused.contains("registry.terraform.io/hashicorp/time does not answer"), "{refused}");
    assert!(refused.contains("it has ended, signal: 9"), "{refused}");
    let mut next = Asking::of(&lease).await;
    next.configure("1.11.4").await;
    next.ask("PlanResourceChange", &sleeping("1s")).await.unwrap();
    assert_eq!(pool.started(), 2);
}

#[tokio::test]
async fn it_stops_when_everybody_has_asked_and_an_apply_is_waited_for_until_then() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (time(&pool, dir.path()).await, time(&pool, dir.path()).await);
    let (mut here, mut there) = (Asking::of(&one).await, Asking::of(&other).await);
    here.configure("1.11.4").await;
    there.configure("1.11.4").await;
    assert_eq!(pool.started(), 1);
    let begun = Instant::now();
    let (first, second) = (here.another(), there.another());
    let apply = |mut asking: Asking| {
        tokio::spawn(async move {
            let apply = sleeping("300s");
            asking.ask("ApplyResourceChange", &apply).await
        })
    };
    let (first, second) = (apply(first), apply(second));
    wait_until("they do not begin", || pool.calls() == 2).await;
    here.ask("Stop", &[]).await.unwrap();
    let refused = here.ask("PlanResourceChange", &sleeping("1s")).await.unwrap_err();
    assert!(refused.contains("interrupted"), "{refused}");
    assert!(!first.is_finished(), "what may change something comes to its end");
    there.ask("PlanResourceChange", &sleeping("1s")).await.unwrap();
    there.ask("Stop", &[]).await.unwrap();
    // The provider's own words, by which the tool knows what has become of it.
    for applied in [first, second] {
        assert!(text(&applied.await.unwrap().unwrap()).contains("cancel"), "it was stopped");
    }
    assert!(begun.elapsed() < Duration::from_secs(100));
    let mut next = Asking::of(&other).await;
    next.configure("1.11.4").await;
    assert_eq!(pool.started(), 2, "nobody begins with one that was stopped");
}

#[tokio::test]
async fn none_is_left_when_the_pool_is_ended() {
    let pool = Pool::new(|_| ()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let lease = time(&pool, dir.path()).await;
    let mut asking = Asking::of(&lease).await;
    asking.configure("1.11.4").await;
    let processes = pool.processes();
    assert!(lives(processes[0]));
    drop((asking, lease));
    pool.end().await;
    assert!(pool.processes().is_empty() && !lives(processes[0]));
}

/// Waits for what comes soon.
async fn wait_until(what: &str, met: impl Fn() -> bool) {
    let begun = Instant::now();
    while !met() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn nix_kill(process: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
    assert!(killed.success());
}
