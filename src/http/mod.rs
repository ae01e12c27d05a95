//! What the versions of HTTP share: messages, their bodies' codings and character sets, and what is
//! told of them. How the bytes of a stream become messages is the `protocol` room's business.

pub mod charset;
pub mod content;
mod message;
mod observer;
mod partial_message;
mod settings;

pub use message::{Body, Head, Message, Note};
pub(crate) use message::{Fields, Span, Start, add_note, span_in};
pub use observer::{BodyState, Context, Observer, ParsedExchange};
pub(crate) use partial_message::PartialMessage;
pub use settings::Settings;
