//! The command line from outside: what it prints where, and how it ends.
#![cfg(all(feature = "cli", unix))]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod baselines;
mod dash;
mod endings;
mod ends;
mod files;
mod incomplete;
#[path = "../kit/mod.rs"]
mod kit;
mod many_files;
mod messages;
mod private_outputs;
mod replay;
mod tool;
mod web_sockets;
