//! Any bytes as a manifest whose image is replaced: either that is refused, or the rest stays as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::edit_image;

fuzz_target!(|bytes: &[u8]| {
    let Some(edited) = edit_image(bytes) else { return };
    let same =
        |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| pairs.take_while(|(one, other)| one == other).count();
    let start = same(&mut bytes.iter().zip(&edited));
    let end = same(&mut bytes.iter().rev().zip(edited.iter().rev()));
    // What differs is within one image reference.
    assert!(bytes.len().saturating_sub(start + end) <= 1_024 || start + end >= bytes.len());
    // A second edit changes nothing more.
    assert_eq!(edit_image(&edited).as_deref().unwrap_or(&edited), edited);
});
