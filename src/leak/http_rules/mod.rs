//! What HTTP itself gives away: credentials, tokens and keys in the places that its standards and
//! customs give them, and weaknesses of cookies, forms and redirects.
//!
//! Each file reads one such place of a message that is whole. They refuse to know how a message
//! came together and how findings are told.

mod authorization;
mod builtin;
mod cookie;
mod field;
mod html;
mod inspect;
mod json;
mod leak;
mod multipart;
mod query;
mod response_keywords;
mod saml;
pub(super) mod token;
mod url;
mod xml;

pub use builtin::{BUILTINS, Builtin};
pub(super) use inspect::{body, header, is_structured, target};
pub(super) use leak::{Found, Leak};
pub(super) use query::decode;
pub(super) use response_keywords::ROOTS;
