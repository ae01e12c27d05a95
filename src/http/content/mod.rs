//! Removes content codings (gzip, deflate, br, zstd, compress) from a body as it streams.
//!
//! This module refuses to know how a body was framed, and what its bytes mean.
//!
//! The codings are those of RFC 9110 §8.4 and of the IANA registry. Where a label lies, the
//! bytes decide: what was really there is removed, and a [`Note`](crate::http::Note) says so.
//!
//! ```
//! use plainsight::http::content::{Content, Limits};
//!
//! let mut content = Content::new([&b"br"[..]], Limits::default());
//! let mut text = Vec::new();
//! let mut sink = |bytes: &[u8]| text.extend_from_slice(bytes);
//! content.feed(b"\x0b\x05\x80fluff", &mut sink);
//! content.feed(b"y tail\x03", &mut sink);
//! content.finish(true, &mut sink);
//! assert_eq!(text, b"fluffy tail");
//! assert_eq!(content.name(), "br");
//! ```

mod brotli;
mod coding;
mod decode;
mod decoder;
mod fuzz;
mod gzip;
mod inflate;
mod kind;
mod limits;
mod lzw;
mod sniff;
mod stage;
#[cfg(test)]
mod tests;
mod zstandard;

pub use decoder::Content;
pub use fuzz::fuzz_content;
pub use limits::Limits;
