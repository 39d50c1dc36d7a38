//! One integration binary; a module a subject.

#![expect(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![expect(clippy::string_slice, reason = "a cut that does not fit fails the test that makes it")]

#[cfg(test)]
mod agree;
#[cfg(test)]
mod argocd;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod ci;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod complete;
#[cfg(test)]
mod debug_log;
#[cfg(test)]
mod destroy;
#[cfg(test)]
mod dialect;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod estate;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod gitops;
#[cfg(test)]
mod habits;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod image;
#[cfg(test)]
mod init;
#[cfg(test)]
mod install;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod stacks;
#[cfg(test)]
mod support;
#[cfg(test)]
mod validate;
