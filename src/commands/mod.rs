//! The subcommands, one file each: they understand their arguments and call the rooms.
//!
//! What the work is like is known elsewhere; here it is only asked for and reported.

mod bodies;
mod canaries;
mod cli;
pub mod client;
pub mod completions;
mod confine;
mod core;
pub mod demo;
mod evidence;
mod failure;
mod from_start;
mod gate;
pub mod guard;
mod hiding;
pub mod interfaces;
mod known;
pub mod man;
mod options;
mod output;
mod pipe;
mod plan;
pub mod redact;
pub mod replay;
mod reports;
mod rule_files;
pub mod rules;
mod scan_inputs;
mod secret_id;
pub mod server;
mod session;
mod shared_args;
mod signals;
pub mod sniff;
mod statistics;
mod streams;
mod units;
mod watch;

pub use cli::{Cli, main};
pub use failure::Failure;
