//! Bodies as text.

use crate::http::{Message, charset};
use std::borrow::Cow;

/// The kept bytes of a body as text, up to the last whole character; `None` where they are
/// not text.
pub(super) fn body_text(message: &Message) -> Option<Cow<'_, str>> {
    let body = &message.body;
    charset::to_text(&body.kept, message.head.field("content-type"), body.truncated || !body.complete)
}
