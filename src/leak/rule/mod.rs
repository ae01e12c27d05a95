//! The rules that say what a secret looks like, and how they are tried on text.
//!
//! A rule is data: an expression, words that must stand near it, and what to tell the user. This
//! module refuses to know where text comes from and which of it is worth a try.

mod definition;
mod expression;
mod file;
mod policy;

pub use definition::{Examples, MAX_REACH, Rule};
pub(in crate::leak) use expression::{named, parse_expression};
pub use file::{RuleError, defaults, parse, personal, with_examples};
pub(in crate::leak) use policy::{Evidence, Excuse, Required, Target};
