//! The values of a head, and how findings name them.
//!
//! It refuses to know what was found in them.

use super::finding::{Side, Where};
use crate::http::Head;
use std::ops::Range;

/// Whose head it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A message's own.
    Head(Side),
    /// The fields after its body.
    Trailer(Side),
    /// An interim response's.
    Interim,
}

impl Origin {
    /// Who sent it.
    pub(super) const fn side(self) -> Side {
        match self {
            Self::Head(side) | Self::Trailer(side) => side,
            Self::Interim => Side::Response,
        }
    }
}

/// One value of a head.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// How findings name it.
    pub(super) location: Where,
    /// Where it stands in the head's buffer.
    pub(super) span: Range<usize>,
}

/// The value that the bytes `range` of the head's buffer are part of; `None` where they are part
/// of more than one, or of none.
pub(super) fn locate(head: &Head, origin: Origin, range: &Range<usize>) -> Option<Value> {
    let within = |span: &Range<u32>| span.start as usize <= range.start && range.end <= span.end as usize;
    let value = |location, span: &Range<u32>| Value { location, span: span.start as usize..span.end as usize };
    if let Some((location, span)) = head.start_spans().into_iter().flatten().find(|(_, span)| within(span)) {
        return Some(value(location, &span));
    }
    let before = head.fields.spans().partition_point(|(name, _)| name.start as usize <= range.start);
    let (name, field) = head.fields.spans().get(before.checked_sub(1)?)?;
    if within(name) {
        return Some(value(name_of(origin), name));
    }
    let text = String::from_utf8_lossy(head.slice(name)).to_ascii_lowercase();
    within(field).then(|| value(value_of(origin, text), field))
}

fn name_of(origin: Origin) -> Where {
    match origin.side() {
        Side::Request => Where::RequestHeaderName,
        Side::Response => Where::ResponseHeaderName,
    }
}

/// How findings name the value of the field `name`, in lower case.
pub(super) fn value_of(origin: Origin, name: String) -> Where {
    match origin {
        Origin::Head(Side::Request) => Where::RequestHeader(name),
        Origin::Head(Side::Response) => Where::ResponseHeader(name),
        Origin::Trailer(Side::Request) => Where::RequestTrailer(name),
        Origin::Trailer(Side::Response) => Where::ResponseTrailer(name),
        Origin::Interim => Where::ResponseInterim(name),
    }
}

impl Head {
    fn start_spans(&self) -> [Option<(Where, Range<u32>)>; 2] {
        let range = |text: &[u8]| self.range_of(text);
        match self.method() {
            Some(method) => [
                Some((Where::RequestMethod, range(method))),
                self.target().map(|target| (Where::RequestTarget, range(target))),
            ],
            None => [self.reason().map(|reason| (Where::ResponseReason, range(reason))), None],
        }
    }
}
