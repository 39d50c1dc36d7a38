//! Any bytes as a journal: it is read or refused, and cut off anywhere it has the events of its whole lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::read_journal;

fuzz_target!(|bytes: &[u8]| {
    let whole = read_journal(bytes);
    let lines = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    assert_eq!(whole, read_journal(&bytes[..lines]));
});
