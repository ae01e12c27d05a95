//! What people and programs read: events written out as text, JSON Lines, SARIF, CSV or HAR.
//!
//! Each format is one [`Report`] in one file. This room refuses to know where the
//! packets came from and where its bytes go.

mod body;
mod csv;
mod digits;
pub mod escape;
mod format;
mod har;
mod json;
mod outbox;
mod page;
#[cfg(test)]
mod sample;
mod sarif;
mod sighting;
mod summary;
pub mod text;

pub use csv::Csv;
pub use format::Report;
pub use har::Har;
pub use json::Json;
#[cfg(feature = "cli")]
pub(crate) use json::json_line;
pub use sarif::Sarif;
pub use summary::{Dropped, Summary};
pub use text::{Layout, Text};
