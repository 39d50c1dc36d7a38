//! The live display, on a pseudo terminal: what is really drawn, byte by byte.

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terminal::on_a_terminal;
use crate::support::tool;

/// Units that all take a moment, in folders with long names.
fn busy(count: usize) -> Estate {
    let estate = Estate::new();
    for unit in 0..count {
        estate.unit(&format!("unit-{unit:02}-with-a-rather-long-name"), &[]);
    }
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", ": \"sleep 1\""));
    estate
}

#[test]
fn thirty_units_at_once_take_a_few_lines_and_leave_nothing_of_them_behind() {
    let estate = busy(30);
    let shown = on_a_terminal(&estate, (24, 80, 0), &["apply", "--yes", "-j", "30"], &[]);
    assert_eq!(shown.code, 0, "{}", shown.lines.join("\n"));
    assert!((5..=11).contains(&shown.highest), "{} lines at once", shown.highest);
    assert!(shown.raw.contains(" more"), "more ran than there is room for");
    assert!(shown.raw.contains("30 running") || shown.raw.contains("29 running"), "{}", shown.raw);
    let text = shown.lines.join("\n");
    for gone in ["━", "─", "⠋", "running", " more"] {
        assert!(!text.contains(gone), "{gone:?} is left behind in\n{text}");
    }
    for unit in 0..30 {
        let ended = format!("✓ unit-{unit:02}-with-a-rather-long-name applied");
        assert_eq!(shown.lines.iter().filter(|line| line.contains(&ended)).count(), 1, "{ended} in\n{text}");
    }
}

#[test]
fn a_low_and_narrow_terminal_gets_fewer_and_shorter_lines() {
    let estate = busy(12);
    let shown = on_a_terminal(&estate, (9, 40, 0), &["apply", "--yes", "-j", "12"], &[]);
    assert_eq!(shown.code, 0, "{}", shown.lines.join("\n"));
    assert!((2..=5).contains(&shown.highest), "{} lines at once", shown.highest);
    assert!(shown.raw.contains('…'), "long lines are cut: {}", shown.raw);
    let shown = on_a_terminal(&estate, (24, 80, 30), &["apply", "--yes", "-j", "12"], &[]);
    assert_eq!(shown.code, 0, "after the terminal became narrower:\n{}", shown.lines.join("\n"));
}

#[test]
fn where_nobody_looks_there_are_lines_without_any_codes() {
    let estate = Estate::new();
    estate.unit("first", &[]);
    let ended = Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_COLOR", "auto");
    let ended = ended.run(&["apply", "--yes"]).exits(0);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stdout.contains('\u{1b}'), "{}", ended.stderr);
    assert!(ended.stderr.contains("first applied"), "{}", ended.stderr);
}
