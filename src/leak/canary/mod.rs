//! Canaries: texts of the user's own that must never pass.
//!
//! Found wherever they stand in a run of bytes and in whatever they hide there: as they are, in
//! base64, hex, percent-encoding, JSON and HTML escapes, quoted-printable and UTF-16, two deep.
//! This module refuses to know what the bytes are of.
//!
//! Encodings that give a text one form are made beforehand, and all forms looked for in one pass.
//! Those that leave the sender a choice for each letter are removed where a sign of them stands,
//! and the pass done again over the few bytes around.

mod canaries;
mod forms;
mod lens;
mod stream;
mod text;

pub use canaries::Canaries;
pub(crate) use stream::{Sighting, Stream};
pub use text::{Canary, CanaryError};
