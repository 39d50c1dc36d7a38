//! What everything of Slipway stands on: processes, files, Git, addresses and secrets.
//!
//! Each module is one way to do a thing that is easy to do wrongly, and the only way in which it is done:
//!
//! | module | what it sees to |
//! |---|---|
//! | [`process`] | programs are started with an environment that is cleaned, bounded in time and output, and never outlive us |
//! | [`fs`] | files are regular ones, bounded in size, and reading them can be interrupted |
//! | [`confined`] | nothing is written outside of a folder, whatever links lie in the way |
//! | [`git`] | Git with none of the settings that a repository brings |
//! | [`address`] | an address shows itself without its secrets |
//! | [`secret`], [`redact`] | secrets reach no log, and are masked in what others say |
//! | [`shown`] | names and messages from outside are shown, and never obeyed |
//! | `web` | web servers are asked through proxies and TLS, bounded in size and time (with the feature `web`) |
//! | [`interrupt`], [`signals`] | Ctrl-C in three steps |
//! | [`otlp`] | the variables of OpenTelemetry mean what its specification says |
//!
//! # Example
//!
//! ```
//! use slipway_support::address::Address;
//! use slipway_support::shown;
//!
//! let address = Address::from("https://deploy:s3cr3t@git.example.com/live.git");
//! assert_eq!(address.to_string(), "https://…:…@git.example.com/live.git");
//! assert_eq!(shown::name("unit\u{1b}[2J"), "unit\\u{1b}[2J");
//! ```

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests lay out the files that are read"))]

pub mod address;
pub mod capture;
pub mod causes;
pub mod children;
pub mod confined;
pub mod counted;
pub mod digest;
pub mod environment;
pub mod excluded;
pub mod fs;
pub mod git;
pub mod glob;
pub mod go_regex;
pub mod interrupt;
pub mod otlp;
pub mod parallel;
pub mod path_text;
pub mod paths;
pub mod process;
pub mod progress;
pub mod redact;
pub mod scratch;
pub mod seal;
pub mod secret;
pub mod short;
pub mod shown;
pub mod signals;
pub mod slots;
pub mod tool_files;
pub mod unit_name;
pub mod version;
#[cfg(feature = "web")]
pub mod web;
pub mod work_folder;
