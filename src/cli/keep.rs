//! This same program as the one beside a run that keeps its providers: no command of anybody's.

use super::exit::Exit;
use crate::engine::native::{KEEPING, keep_providers};

/// Keeps providers, where this process was started for that.
pub fn kept() -> Option<Exit> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != KEEPING) || arguments.next().is_some() {
        return None;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    // Whoever has started it sees that it ends.
    let is_done = runtime.is_ok_and(|runtime| runtime.block_on(keep_providers()).is_ok());
    Some(if is_done { Exit::Done } else { Exit::Failed })
}
