//! The board on a store that can be made to fail, in a time that is nobody's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

use super::board::{Board, Standing};
use super::record::{End, Machine, Start, StartPlans, VERSION};
use super::store::{Mark, Store, StoreError};
use crate::run::event::{NodeInfo, NodeKind, Outcome};

const LEASE: Duration = Duration::from_mins(1);

/// Objects in memory, each with how often it was written.
#[derive(Default)]
struct Memory {
    objects: Mutex<BTreeMap<String, (Vec<u8>, u64)>>,
    /// Whether nobody gets an answer.
    is_down: AtomicBool,
    /// Whether the answer to the next write is lost.
    loses: AtomicBool,
    /// Whether it writes over what it should leave.
    is_careless: bool,
}

impl Memory {
    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            Err(StoreError::strange("memory", "no answer"))
        } else {
            Ok(answer)
        }
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

#[async_trait]
impl Store for Memory {
    fn address(&self) -> &'static str {
        "memory"
    }

    async fn create(&self, key: &str, body: Vec<u8>) -> Result<bool, StoreError> {
        self.answer(())?;
        let mut objects = self.objects.lock().unwrap();
        if objects.contains_key(key) && !self.is_careless {
            return Ok(false);
        }
        objects.insert(key.to_owned(), (body, 1));
        if self.loses.swap(false, Ordering::SeqCst) {
            return Err(StoreError::strange("memory", "the answer was lost"));
        }
        Ok(true)
    }

    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), StoreError> {
        self.answer(())?;
        let mut objects = self.objects.lock().unwrap();
        let times = objects.get(key).map_or(0, |(_, times)| *times);
        objects.insert(key.to_owned(), (body, times + 1));
        Ok(())
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.answer(self.objects.lock().unwrap().get(key).map(|(body, _)| body.clone()))
    }

    async fn list(&self) -> Result<BTreeMap<String, Mark>, StoreError> {
        let objects = self.objects.lock().unwrap();
        let mark = |times: &u64| Mark { version: times.to_string(), written: Timestamp::UNIX_EPOCH };
        self.answer(objects.iter().map(|(key, (_, times))| (key.clone(), mark(times))).collect())
    }
}

/// A clock that goes on when it is told to.
#[derive(Clone)]
struct Time(Arc<Mutex<Instant>>);

impl Time {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn advance(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }

    fn board(&self, store: &Arc<Memory>) -> Board {
        let time = self.clone();
        Board::at(Arc::<Memory>::clone(store), LEASE, Arc::new(move || *time.0.lock().unwrap()))
    }
}

fn start(run: &str, units: &[&str]) -> Start {
    let node = |name: &&str| NodeInfo { name: (*name).to_owned(), kind: NodeKind::Unit, after: Vec::new() };
    Start {
        version: VERSION,
        run: run.to_owned(),
        command: "apply".to_owned(),
        path: "live".to_owned(),
        commit: Some("0123456789".to_owned()),
        engine: "native".to_owned(),
        features: Vec::new(),
        experiments: Vec::new(),
        plans: None,
        nodes: units.iter().map(node).collect(),
        lease_seconds: 60.0,
        began: Timestamp::UNIX_EPOCH,
        by: Machine::ours(),
    }
}

fn end(board: &Board) -> End {
    End { machine: board.me().clone(), outcome: Outcome::Applied, seconds: 1.0, events: Vec::new() }
}

#[tokio::test]
async fn a_unit_is_one_machines_until_that_has_been_silent_for_a_lease_and_a_half() {
    let store = Arc::new(Memory::default());
    let time = Time::new();
    let (one, two) = (time.board(&store), time.board(&store));
    one.refresh().await.unwrap();
    two.refresh().await.unwrap();
    assert_eq!(one.standing("vpc"), Standing::Free(1));
    assert!(one.claim("vpc", 1).await.unwrap());
    assert!(!two.claim("vpc", 1).await.unwrap(), "it is written once");
    two.refresh().await.unwrap();
    assert_eq!(two.standing("vpc"), Standing::Theirs(one.me().clone()));
    assert_eq!(one.standing("vpc"), Standing::Ours(1));

    // Signs of life keep it, however long that takes.
    for _ in 0..20 {
        time.advance(LEASE / 2);
        one.refresh().await.unwrap();
        two.refresh().await.unwrap();
        assert_eq!(two.standing("vpc"), Standing::Theirs(one.me().clone()));
    }
    // Without them the machine itself is the first to know.
    time.advance(LEASE);
    two.refresh().await.unwrap();
    assert!(!one.is_sure() && two.is_sure());
    assert_eq!(two.standing("vpc"), Standing::Theirs(one.me().clone()));
    time.advance(LEASE * 3 / 4);
    two.refresh().await.unwrap();
    assert_eq!(two.standing("vpc"), Standing::Free(2));
    assert!(two.claim("vpc", 2).await.unwrap());

    // It wakes up, and sees that it was replaced.
    one.refresh().await.unwrap();
    one.lost("vpc", 1).await;
    assert_eq!(one.standing("vpc"), Standing::Theirs(two.me().clone()));
    assert_eq!(two.tell("vpc", &end(&two)).await.unwrap().map(|end| end.machine), None);
    let other = one.tell("vpc", &end(&one)).await.unwrap().unwrap();
    assert_eq!(other.machine, *two.me(), "the first end counts");
}

#[tokio::test]
async fn what_is_given_back_is_free_at_once_and_what_has_ended_is_nobodys() {
    let store = Arc::new(Memory::default());
    let time = Time::new();
    let (one, two) = (time.board(&store), time.board(&store));
    for unit in ["a", "b"] {
        assert!(one.claim(unit, 1).await.unwrap());
    }
    one.release("a", 1).await.unwrap();
    one.tell("b", &end(&one)).await.unwrap();
    two.refresh().await.unwrap();
    assert_eq!((two.standing("a"), two.standing("b")), (Standing::Free(2), Standing::Ended));
    assert_eq!(two.ended(), 1);
    assert!(two.is_idle());
    assert!(two.claim("a", 2).await.unwrap() && !two.is_idle());
    Board::cancel(&*store, one.me()).await.unwrap();
    one.refresh().await.unwrap();
    assert!(one.is_cancelled());
}

#[tokio::test]
async fn a_store_that_loses_answers_costs_nothing_and_one_that_is_down_is_waited_for() {
    let store = Arc::new(Memory::default());
    let time = Time::new();
    let one = time.board(&store);
    one.refresh().await.unwrap();
    store.loses.store(true, Ordering::SeqCst);
    assert!(one.claim("a", 1).await.unwrap(), "our own claim is there");
    store.loses.store(true, Ordering::SeqCst);
    assert_eq!(one.tell("a", &end(&one)).await.unwrap().map(|end| end.machine), None, "and our own end");

    store.is_down.store(true, Ordering::SeqCst);
    assert!(one.claim("b", 1).await.is_err() && one.refresh().await.is_err());
    assert!(one.is_sure() && one.trouble().is_none(), "it was there a moment ago");
    time.advance(LEASE);
    assert!(!one.is_sure() && one.trouble().is_none());
    let telling = async {
        let end = end(&one);
        one.tell("b", &end).await
    };
    let back = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        time.advance(LEASE);
        store.is_down.store(false, Ordering::SeqCst);
    };
    assert!(tokio::join!(telling, back).0.unwrap().is_none(), "it is told when it is back");

    store.is_down.store(true, Ordering::SeqCst);
    time.advance(LEASE * 20);
    assert!(one.refresh().await.is_err() && one.trouble().is_some());
}

#[tokio::test]
async fn whoever_comes_first_says_what_the_run_is_and_others_are_held_to_it() {
    let store = Memory::default();
    let first = start("one", &["a", "b"]);
    assert_eq!(Board::begin(&store, &first).await.unwrap().run, "one");
    let second = start("two", &["a", "b"]);
    let begun = Board::begin(&store, &second).await.unwrap();
    assert_eq!((&*begun.run, begun.differs_from(&second)), ("one", None));
    let differs = |other: Start| begun.differs_from(&other).unwrap();
    assert_eq!(differs(start("x", &["a"])), "it has b, which is not part of it here");
    assert_eq!(differs(start("x", &["a", "b", "c"])), "it has no c, which is part of it here");
    assert_eq!(differs(start("x", &["b", "a"])), "it has another order");
    let elsewhere = Start { commit: Some("abcdef0123".to_owned()), ..second.clone() };
    assert_eq!(differs(elsewhere), "it began at 0123456789, and here is abcdef0123");
    let with = |start: &Start, manifest: &str, replan| {
        let plans = StartPlans { manifest: manifest.to_owned(), replan };
        Start { plans: Some(plans), ..start.clone() }
    };
    assert_eq!(differs(with(&second, "a", false)), "it plans what it applies, and these are saved plans");
    let saved = with(&first, "a", false);
    let differs_from_saved = |ours: &Start| saved.differs_from(ours);
    assert_eq!(differs_from_saved(&with(&second, "a", false)), None);
    assert_eq!(differs_from_saved(&second).unwrap(), "it applies saved plans");
    assert_eq!(differs_from_saved(&with(&second, "b", false)).unwrap(), "it applies other saved plans");
    let replanned = differs_from_saved(&with(&second, "a", true)).unwrap();
    assert_eq!(replanned, "it began without --replan, and this is with it");
    assert!(differs(Start { command: "destroy".to_owned(), ..second }).contains("`slipway destroy`"));
    assert!(store.keys().contains(&"run.json".to_owned()));

    let careless = Memory { is_careless: true, ..Memory::default() };
    let error = Board::begin(&careless, &first).await.unwrap_err();
    assert!(error.to_string().contains("If-None-Match"), "{error}");
    assert!(!careless.keys().contains(&"run.json".to_owned()), "nothing has begun there");
}
