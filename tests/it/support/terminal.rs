//! A pseudo terminal: what is really drawn there, byte by byte, and what a person types.

use std::process::{Command, Stdio};

use super::estate::Estate;
use super::slipway::Slipway;
use super::tool;

/// Runs a program on a terminal of a size and copies what it draws; types each answer when its text is seen, and
/// makes the terminal as narrow as asked when it has drawn something. `2|y` waits two seconds before it types;
/// `@FILE` waits for a file instead of a text.
const ON_A_TERMINAL: &str = r#"
import fcntl, os, pty, signal, struct, sys, termios, time
rows, columns, narrow = map(int, sys.argv[1:4])
# The last one: the program may have one among its own arguments.
end = len(sys.argv) - 1 - sys.argv[::-1].index("--")
program, answers = sys.argv[4:end], sys.argv[end + 1:]
# Whoever waits for what never comes fails, and its terminal hangs up.
signal.alarm(300)
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
    if answers and (os.path.exists(answers[0][1:]) if answers[0][:1] == "@" else answers[0].encode() in seen):
        wait, _, answer = answers[1].rpartition("|")
        time.sleep(float(wait or 0))
        os.write(terminal, answer.encode())
        seen, answers = b"", answers[2:]
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// What a terminal shows, and what was above it.
pub struct Shown {
    /// The exit code.
    pub code: i32,
    /// As it came.
    pub raw: String,
    /// Every line, from the first that was written to the last.
    pub lines: Vec<String>,
    /// The most rows that were gone back at once: the height of the block.
    pub highest: usize,
}

impl Shown {
    /// All lines.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Expects an exit code.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text());
        self
    }

    /// Expects a text.
    pub fn says(self, text: &str) -> Self {
        assert!(self.text().contains(text), "{text:?} is not in\n{}", self.text());
        self
    }

    /// Expects that a text is not there.
    pub fn says_not(self, text: &str) -> Self {
        assert!(!self.text().contains(text), "{text:?} is in\n{}", self.text());
        self
    }
}

/// What runs a program on a terminal, in the folder and with the variables that are its own.
pub fn before_a_terminal(program: &Command, size: (usize, usize, usize), answers: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", ON_A_TERMINAL]).args([size.0, size.1, size.2].map(|number| number.to_string()));
    command.arg(program.get_program()).args(program.get_args()).arg("--").args(answers);
    command.current_dir(program.get_current_dir().unwrap()).env_clear().stdin(Stdio::null());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Runs slipway on a terminal of so many rows and columns, and that narrow later where that is not 0.
pub fn on_a_terminal(
    estate: &Estate,
    size: (usize, usize, usize),
    arguments: &[&str],
    answers: &[&str],
) -> Shown {
    let slipway =
        Slipway::new(estate.path(), &tool("tofu")).env("SLIPWAY_COLOR", "always").env("TERM", "xterm");
    shown(&slipway.into_command(arguments), size, answers)
}

/// Runs a command on a terminal, as it is.
pub fn shown(command: &Command, size: (usize, usize, usize), answers: &[&str]) -> Shown {
    let output = before_a_terminal(command, size, answers).output().unwrap();
    let raw = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut highest = 0;
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
                        // One that became narrower has broken the lines that were there into more; a real one
                        // stops at its first row.
                        assert!(by <= row || size.2 != 0, "the display goes back before its beginning");
                        row = row.saturating_sub(by);
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
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned());
    Shown { code: output.status.code().unwrap_or(-1), raw, lines: lines.collect(), highest }
}
