//! Providers of Terraform and `OpenTofu`, started once and shared by all tools of a run.
//!
//! A tool starts its providers anew for each command, and several times within one: to be told their schemas, to validate,
//! to plan. Most of what a plan takes is that. Both tools can be told to use a provider that runs already
//! (`TF_REATTACH_PROVIDERS`), but a provider holds one configuration, and a tool that is interrupted stops it for all. So
//! a tool gets sockets of ours, behind which each of its calls goes to the process that it may share:
//!
//! | what | by |
//! |---|---|
//! | the processes of a run | [`Pool`] |
//! | what one command of a tool is served by | [`Lease`], which names the variable that the tool gets |
//! | the same in a process of its own, which goes on where we are killed | [`Keeper`] and [`Served`]; that process is [`keep`] |
//! | which provider, and what it may see | [`Wanted`] |
//!
//! Until a connection configures its provider, its calls go to a process that nobody has configured; from then on to the
//! one that was configured by the same bytes, out of the same program, in the same environment. A process is configured
//! once. Messages are passed on as they are: nothing here knows a resource. Only of the schema tools are told less, where it is
//! known which types they can meet.
//!
//! It is a crate of its own so that it is compiled and tested without AWS and Kubernetes.
//!
//! # Example
//! A provider says on its first line where it is to be reached.
//!
//! ```
//! use slipway_providers::Handshake;
//!
//! let handshake: Handshake = "1|5|unix|/tmp/plugin123|grpc|".parse()?;
//! assert_eq!(handshake.protocol, 5);
//! assert_eq!(handshake.socket.to_str(), Some("/tmp/plugin123"));
//!
//! let refused = "1|4|unix|/tmp/plugin123|netrpc|".parse::<Handshake>().unwrap_err();
//! assert_eq!(refused.to_string(), "it speaks netrpc, and not gRPC");
//! # Ok::<(), slipway_providers::HandshakeError>(())
//! ```

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests lay out the files that are read"))]

mod connection;
mod error;
mod exchange;
mod handshake;
mod keeper;
mod kept;
mod lease;
mod methods;
mod place;
mod pool;
mod process;
mod program;
mod protobuf;
mod relative;
mod schema;
mod statics;
mod users;

pub use self::error::ProviderError;
pub use self::handshake::{Handshake, HandshakeError};
pub use self::keeper::keep;
pub use self::kept::{Keeper, Served};
pub use self::lease::{Lease, Wanted};
pub use self::pool::Pool;
pub use self::relative::works_in_its_folder;
