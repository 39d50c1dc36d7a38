//! What a person types when asked.

use std::io::BufRead;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::support::interrupt::{Interrupts, Stop};

/// Milliseconds between two looks at whether someone wants to stop.
const LOOK_UP: u8 = 100;

/// The line that is typed; none where Ctrl-C comes first, which a plain read would not notice, or where the terminal
/// has gone.
pub fn typed(interrupts: &Interrupts) -> Option<String> {
    let stdin = std::io::stdin();
    while interrupts.step() == Stop::None {
        let mut waiting = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, LOOK_UP) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => {
                let mut line = String::new();
                return stdin.lock().read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line);
            }
            Err(_) => return None,
        }
    }
    None
}
