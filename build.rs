//! Links the program of debug builds to a fixed address.
//!
//! Its 400,000 pointers would have to be moved at each of the ten thousand starts of a test suite: that takes a third of what a
//! start takes, and a page of memory for each that holds one. What is released stays movable.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "debug") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
