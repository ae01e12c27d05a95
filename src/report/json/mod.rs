//! JSON Lines: one object a line, for programs.
//!
//! The keys, their order and their meaning are a contract: one may be added, none ever
//! changes. This module refuses to build a tree first; values go straight into a buffer.

pub(super) mod lines;
mod plain;
#[cfg(feature = "cli")]
mod serialize;
mod string;
mod time;
pub(super) mod value;

pub use lines::Json;
#[cfg(feature = "cli")]
pub(crate) use serialize::line as json_line;
