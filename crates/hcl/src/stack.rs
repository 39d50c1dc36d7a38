//! Room for recursion: what nests as deep as a file says must not end the process.

/// Below so much of the stack more of it is taken.
const RESERVE: usize = 128 * 1024;
/// So much at once.
const PIECE: usize = 2 * 1024 * 1024;

/// Does one step of a recursion with room for it.
pub fn with_room<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RESERVE, PIECE, step)
}
