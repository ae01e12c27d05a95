//! A copy of a capture without its secrets: each overwritten by marks of the same length in every
//! packet that brought it, so that the copy can be shared.
//!
//! It reads the capture several times: to find the secrets, to learn where in their streams they
//! stand, to find every packet with those bytes, and to write the copy; then the copy is read, to
//! see that none is left. This room refuses to know which files these are.

mod copy;
mod cover;
mod edit;
mod needles;
mod packet_search;
mod sites;
mod spans;
mod texts;
mod trace;
mod unsearched;

pub use copy::{Error, Outcome, Place, redact};
pub use texts::{MARK, Texts};
pub use unsearched::Unsearched;
