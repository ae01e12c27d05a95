//! The body of the fuzz target for content codings, and of its replay on stable.

use super::decoder::Content;
use super::limits::Limits;

const NAMES: [&[u8]; 8] =
    [b"gzip", b"deflate", b"br", b"zstd", b"compress", b"identity", b"gzip, deflate", b"br, gzip"];

/// Reads codings, cuts and limits from the first four bytes of `data` and decodes the rest whole
/// and in pieces: the results must be the same and within the limits, and nothing may panic.
pub fn fuzz_content(data: &[u8]) {
    let Some((&[names, cut, options, charset], body)) = data.split_first_chunk() else { return };
    let name = |bits: u8| NAMES.get(usize::from(bits & 7)).copied().unwrap_or_default();
    let two = [name(names), name(names >> 3)];
    let values = if names >> 6 == 0 { two.as_slice() } else { two.get(..1).unwrap_or_default() };
    let limits = Limits {
        bytes: 1 << (10 + u32::from(options & 7)),
        ratio: 1 << (options >> 3 & 7),
        grace: 1 << (4 + (options >> 6)),
        ..Limits::default()
    };
    let complete = cut & 1 == 0;
    let hole = (cut & 2 != 0).then_some(body.len() / 2);
    let whole = decode(values, limits, body, body.len().max(1), hole, complete);
    let pieces = decode(values, limits, body, usize::from(cut >> 2) % 67 + 1, hole, complete);
    // Where these two stop in broken data is not quite certain.
    let uncertain = ["br", "zstd"].iter().any(|name| whole.1.contains(name)) && whole.2.contains(&"content-corrupt");
    assert!(whole == pieces || uncertain, "decoded whole and in pieces are two things");
    assert!(whole.0.len() as u64 <= limits.bytes || whole.1 == "identity", "more than allowed was decoded");
    let content_type = match charset & 3 {
        0 => None,
        1 => Some(&b"text/html"[..]),
        _ => Some(&b"text/plain; charset=\"shift_jis\""[..]),
    };
    let _ = crate::http::charset::to_text(body, content_type, charset & 4 == 0);
    let _ = crate::http::charset::to_text(&whole.0, body.get(..body.len().min(64)), charset & 4 == 0);
}

/// What a body decodes to, its codings' names and the notes.
fn decode(
    values: &[&[u8]],
    limits: Limits,
    body: &[u8],
    piece: usize,
    hole: Option<usize>,
    complete: bool,
) -> (Vec<u8>, String, Vec<&'static str>) {
    let mut content = Content::new(values.iter().copied(), limits);
    let mut decoded = Vec::new();
    let mut sink = |bytes: &[u8]| decoded.extend_from_slice(bytes);
    let (before, after) = body.split_at(hole.unwrap_or(body.len()).min(body.len()));
    before.chunks(piece).for_each(|bytes| content.feed(bytes, &mut sink));
    if hole.is_some() {
        content.gap(&mut sink);
        after.chunks(piece).for_each(|bytes| content.feed(bytes, &mut sink));
    }
    content.finish(complete && hole.is_none(), &mut sink);
    let notes = content.notes().map(|note| note.0).collect();
    (decoded, content.name().into_owned(), notes)
}
