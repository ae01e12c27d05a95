//! Runs the rules over text that streams: words first, expressions only where a word stands.
//!
//! What it finds does not depend on how the text was cut. It refuses to know HTTP.

mod analysis;
mod commonness;
mod index;
mod machine;
mod near;
mod packed;
mod prefilter;
mod search;
mod stream;
mod window;

pub(crate) use index::Hit;
pub(crate) use prefilter::Prefilter;
pub(crate) use search::Engine;
pub(crate) use stream::{Sighting, Stream};
pub(crate) use window::Window;
