//! Reads off an expression what every match of it must have: how it begins, how long it can be,
//! and a run of letters that it cannot do without.
//!
//! All of it only ever rules out; what it cannot tell it leaves to the expression. It refuses
//! to run expressions.

mod beginning;
mod byte_set;
mod expression;
mod mark;
mod parts;
mod run;
mod token;

pub(super) use expression::Analysis;
pub(super) use token::{AROUND, LONG, LOOK_AHEAD, TOKEN, holds_token};
