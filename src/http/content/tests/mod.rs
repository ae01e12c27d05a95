//! Every coding, whole and wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

mod codings;
mod encode;
mod limits;
mod properties;
mod samples;
mod wrong;

use super::{Content, Limits};

/// What came of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) name: String,
    pub(super) notes: Vec<&'static str>,
}

/// Decodes a body that comes in pieces of `piece` bytes.
pub(super) fn decode_by(header: &str, body: &[u8], piece: usize, complete: bool, limits: Limits) -> Decoded {
    let mut content = Content::new([header.as_bytes()], limits);
    let mut bytes = Vec::new();
    let mut sink = |slice: &[u8]| bytes.extend_from_slice(slice);
    body.chunks(piece).for_each(|piece| content.feed(piece, &mut sink));
    content.finish(complete, &mut sink);
    let notes = content.notes().map(|note| note.0).collect();
    Decoded { bytes, name: content.name().into_owned(), notes }
}

/// Decodes a whole body, and asserts that pieces of any size give the same.
pub(super) fn decode(header: &str, body: &[u8]) -> Decoded {
    let whole = decode_by(header, body, body.len().max(1), true, Limits::default());
    for piece in [1, 2, 3, 7, 63, 64, 65, 1460] {
        let pieces = decode_by(header, body, piece, true, Limits::default());
        assert!(pieces.bytes == whole.bytes, "{header} in pieces of {piece}: {}", show(&pieces.bytes));
        assert_eq!((pieces.name, &pieces.notes), (whole.name.clone(), &whole.notes), "{header} in pieces of {piece}");
    }
    whole
}

/// Asserts what a body labelled `header` decodes to.
#[track_caller]
pub(super) fn check(case: &str, header: &str, body: &[u8], expected: &[u8], name: &str, notes: &[&str]) {
    let decoded = decode(header, body);
    assert!(decoded.bytes == expected, "{case}: {} instead of {}", show(&decoded.bytes), show(expected));
    assert_eq!((decoded.name.as_str(), decoded.notes.as_slice()), (name, notes), "{case}");
}

fn show(bytes: &[u8]) -> String {
    format!("{} bytes \"{}\"", bytes.len(), bytes.get(..80).unwrap_or(bytes).escape_ascii())
}
