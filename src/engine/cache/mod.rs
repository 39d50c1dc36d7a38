//! The caches in `.slipway`: modules that were fetched, providers that the tools have installed, and clones of manifests
//! repositories. How much is kept, what of it is used, and how it is taken away.
//!
//! Whatever is here can be had again. What a process uses it holds (see `hold`), and nobody takes that away. What goes is
//! moved out of the cache in one step before it is deleted, so that whoever is killed over it leaves nothing half in the
//! cache.

mod entries;
mod growth;
mod hold;
mod prune;

pub use self::entries::{Entry, Kind, entries, total};
pub(super) use self::growth::has_come;
pub use self::growth::has_grown;
pub(super) use self::hold::{hold, hold_providers};
pub use self::prune::{Pruned, Rules, prune};

/// How much is kept where nobody says: more than estates come to.
pub const USUAL: u64 = 10 << 30;

/// The folder of the tools' provider cache, in our own.
pub(super) const PROVIDERS: &str = "providers";
/// The lock by which runs know of each other at the provider cache.
pub(super) const PROVIDERS_LOCK: &str = "providers.lock";
/// Where what is taken away comes to lie before it is deleted.
const GONE: &str = "gone";
/// The folder in it: Terragrunt passes over folders of that name, in any other it would take the units of a fetched
/// catalogue for its own.
const GONE_FOR_TERRAGRUNT: &str = "gone/.terragrunt-cache";
/// Held by whoever takes something away.
const LOCK: &str = "prune.lock";

/// `2 modules and 1 provider`.
pub fn counted(entries: &[Entry]) -> String {
    let kinds = [
        (Kind::Module, "module", "modules"),
        (Kind::Provider, "provider", "providers"),
        (Kind::Repository, "repository", "repositories"),
        (Kind::Unfinished, "unfinished fetch", "unfinished fetches"),
    ];
    let counts: Vec<String> = kinds
        .iter()
        .filter_map(|(kind, one, many)| match entries.iter().filter(|entry| entry.kind == *kind).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        })
        .collect();
    match counts.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
