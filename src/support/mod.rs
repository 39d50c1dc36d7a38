//! What every floor uses: processes, files, Git.

#[cfg(feature = "program")]
pub mod aws;
pub mod capture;
pub mod children;
pub mod confined;
pub mod digest;
pub mod fs;
pub mod git;
pub mod glob;
pub mod interrupt;
pub mod parallel;
pub mod path_text;
pub mod paths;
pub mod process;
pub mod progress;
pub mod redact;
pub mod secret;
#[cfg(feature = "program")]
pub mod signals;
pub mod tool_files;
pub mod unit_name;
pub mod version;
pub mod workplace;
