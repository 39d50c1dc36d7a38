use jiff::Timestamp;

use super::*;
use crate::run::event::{NodeInfo, NodeKind, Outcome, RunStart};

/// A terminal that keeps what is written on it.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn event(kind: EventKind) -> Event {
    Event { time: Timestamp::UNIX_EPOCH, kind }
}

fn start(nodes: &[&str]) -> Event {
    let info = |name: &&str| NodeInfo { name: (*name).to_owned(), kind: NodeKind::Unit, after: Vec::new() };
    event(EventKind::RunStarted(RunStart {
        run: "r".to_owned(),
        command: "up".to_owned(),
        engine: "native".to_owned(),
        nodes: nodes.iter().map(info).collect(),
        parallelism: 2,
        commit: None,
        user: None,
        request: None,
    }))
}

#[test]
fn while_a_person_is_asked_the_run_goes_on_and_what_ends_is_told_after_the_answer() {
    let paper = Paper::default();
    let mut terminal = Terminal::on(Box::new(paper.clone()), Box::new(|| USUAL), Voice::default());
    terminal.on(&start(&["vpc", "dns"]));
    let display = terminal.display();
    let answer = display.ask("  + aws_vpc.main\n", "Apply it? ", || {
        // Another unit ends while nobody answers.
        let outcome = Outcome::Applied;
        let finished = EventKind::NodeFinished { node: "dns".to_owned(), outcome, seconds: 1.0 };
        terminal.on(&event(finished));
        std::thread::sleep(3 * TICK);
        let text = paper.text();
        assert!(
            text.ends_with("  + aws_vpc.main\nApply it? "),
            "something stands in between or below: {text:?}"
        );
        Some("y".to_owned())
    });
    assert_eq!(answer.as_deref(), Some("y"));
    let after = paper.text();
    let drawn = after.rsplit_once("Apply it? ").unwrap().1;
    assert!(drawn.contains("dns applied in 1.0s"), "it is told now: {drawn:?}");
    assert!(drawn.contains("1/2"), "it is drawn again: {drawn:?}");
    terminal.on(&event(EventKind::RunFinished { seconds: 1.0 }));
    assert!(paper.text().ends_with("\r\u{1b}[1A\u{1b}[J"), "{:?}", paper.text());
}
