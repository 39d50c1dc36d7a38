//! The live display, on a pseudo terminal: what is really drawn, byte by byte.

use std::process::{Command, Stdio};

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// Runs a program on a terminal of a size and copies what it draws; types each answer when its text is seen, and
/// makes the terminal as narrow as asked when it has drawn something.
const ON_A_TERMINAL: &str = r#"
import fcntl, os, pty, signal, struct, sys, termios
rows, columns, narrow = map(int, sys.argv[1:4])
program = sys.argv[4:sys.argv.index("--")]
answers = sys.argv[sys.argv.index("--") + 1:]
def resize(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
child, terminal = pty.fork()
if child == 0:
    resize(0, columns)
    os.execv(program[0], program)
seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    sys.stdout.buffer.write(data)
    if narrow and b"\x1b[J" in seen:
        resize(terminal, narrow)
        narrow = 0
    if answers and answers[0].encode() in seen:
        os.write(terminal, answers[1].encode())
        seen, answers = b"", answers[2:]
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// What a terminal shows, and what was above it.
struct Shown {
    code: i32,
    raw: String,
    /// Every line, from the first that was written to the last.
    lines: Vec<String>,
    /// The most rows that were gone back at once: the height of the block.
    highest: usize,
    /// The widest line that was ever drawn.
    widest: usize,
}

fn on_a_terminal(
    estate: &Estate,
    size: (usize, usize, usize),
    arguments: &[&str],
    answers: &[&str],
) -> Shown {
    let slipway =
        Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_COLOR", "always").env("TERM", "xterm");
    let slipway = slipway.into_command(arguments);
    let mut command = Command::new("python3");
    command.args(["-c", ON_A_TERMINAL]).args([size.0, size.1, size.2].map(|number| number.to_string()));
    command.arg(slipway.get_program()).args(slipway.get_args()).arg("--").args(answers);
    command.current_dir(estate.path()).env_clear().stdin(Stdio::null());
    command.envs(slipway.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let raw = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let (mut highest, mut widest) = (0, 0);
    let mut rest = raw.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\r' => column = 0,
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['));
                let mut number = String::new();
                while let Some(digit) = rest.next_if(|next| next.is_ascii_digit() || *next == ';') {
                    number.push(digit);
                }
                let by = number.parse().unwrap_or(1);
                match rest.next() {
                    Some('A') => {
                        assert!(by <= row, "the display goes back before its beginning");
                        row -= by;
                        highest = highest.max(by);
                    }
                    Some('K') if number == "2" => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => {
                        lines[row].truncate(column);
                        lines.truncate(row + 1);
                    }
                    Some('m') => {}
                    other => panic!("the display writes {other:?}"),
                }
            }
            _ => {
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
                widest = widest.max(column);
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned());
    Shown { code: output.status.code().unwrap_or(-1), raw, lines: lines.collect(), highest, widest }
}

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
fn while_a_person_is_asked_the_other_units_go_on_and_are_told_of() {
    let estate = Estate::new();
    estate.unit("first", &[]).unit("second", &[]);
    // The answer comes only when the other unit's question would; both are asked one after the other.
    let answers = ["Apply +1 ~0 -0 to", "y\n", "Apply +1 ~0 -0 to", "n\n"];
    let shown = on_a_terminal(&estate, (24, 100, 0), &["apply", "-j", "2"], &answers);
    assert_eq!(shown.code, 5, "{}", shown.lines.join("\n"));
    let text = shown.lines.join("\n");
    assert_eq!(text.matches("[q]uit: ").count(), 2, "{text}");
    assert!(text.contains("[q]uit: y") && text.contains("[q]uit: n"), "{text}");
    assert!(text.contains("applied") && text.contains("declined"), "{text}");
    assert!(shown.widest <= 100 + 20, "{}", shown.widest);
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
