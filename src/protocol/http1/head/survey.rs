//! Looks at a head's bytes sixteen at a time: where the head ends, and what httparse does not tell.

use memchr::memchr_iter;
use wide::u8x16;

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// Finds the end of a head: the index after its blank line. Lines may end with LF alone.
/// `from` is where an earlier search for the same bytes stopped.
pub(crate) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // The last three bytes of what was searched may be the start of the end.
    let from = from.saturating_sub(3);
    let (blocks, rest) = bytes.get(from..)?.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        let mut line_feeds = u8x16::from(*block).simd_eq(u8x16::splat(b'\n')).to_bitmask();
        while line_feeds != 0 {
            let next = from + number * BLOCK + line_feeds.trailing_zeros() as usize + 1;
            if let Some(length) = blank_line(bytes, next) {
                return Some(next + length);
            }
            line_feeds &= line_feeds - 1;
        }
    }
    let from = bytes.len() - rest.len();
    memchr_iter(b'\n', rest).find_map(|at| Some(from + at + 1 + blank_line(bytes, from + at + 1)?))
}

/// How long the blank line is that begins at `at`, if one does.
fn blank_line(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'\n' => Some(1),
        b'\r' if bytes.get(at + 1) == Some(&b'\n') => Some(2),
        _ => None,
    }
}

/// What a pass over the bytes of a head shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survey {
    /// All bytes are printable ASCII without quotes and backslashes, or end lines. Control
    /// characters that httparse refuses are not looked for.
    pub(super) plain: bool,
    /// A line ends with LF alone.
    pub(super) bare_lf: bool,
}

impl Survey {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Some((&first, rest)) = bytes.split_first() else { return Self { plain: true, bare_lf: false } };
        let (mut marks, mut bare) = (u8x16::splat(0), u8x16::splat(0));
        let mut look = |before: &[u8; BLOCK], now: &[u8; BLOCK]| {
            let (before, now) = (u8x16::from(*before), u8x16::from(*now));
            let is = |bytes: u8x16, byte: u8| bytes.simd_eq(u8x16::splat(byte));
            // A byte that is not ASCII has its highest bit set, and so have the lanes of a match.
            marks |= is(now, b'"') | is(now, b'\\') | is(now, b'\t') | now;
            bare |= is(now, b'\n') & !is(before, b'\r');
        };
        let before = bytes.get(..rest.len()).unwrap_or_default();
        let (Some(last_before), Some(last)) = (before.last_chunk(), rest.last_chunk()) else {
            return Self::byte_by_byte(bytes);
        };
        for (before, now) in before.as_chunks().0.iter().zip(rest.as_chunks().0) {
            look(before, now);
        }
        // The last block overlaps the one in front of it: to look twice changes nothing.
        look(last_before, last);
        Self { plain: marks.to_bitmask() == 0 && !is_mark(first), bare_lf: bare.to_bitmask() != 0 || first == b'\n' }
    }

    fn byte_by_byte(bytes: &[u8]) -> Self {
        let before = std::iter::once(&0).chain(bytes);
        let bare_lf = bytes.iter().zip(before).any(|(byte, before)| *byte == b'\n' && *before != b'\r');
        Self { plain: !bytes.iter().any(|byte| is_mark(*byte)), bare_lf }
    }
}

/// Whether a byte has to be escaped in JSON, or shows that text is not ASCII.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'\t' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_is_found_however_it_came() {
        for (bytes, want) in [
            (&b"A\r\n\r\nB"[..], Some(5)),
            (b"A\n\nB", Some(3)),
            (b"A\n\r\nB", Some(4)),
            (b"A\r\n\r", None),
            (b"A\r\n", None),
        ] {
            for from in 0..bytes.len() {
                if want.is_none_or(|want| from < want) {
                    assert_eq!(end(bytes, from), want, "{} from {from}", bytes.escape_ascii());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_is_found_in_blocks_as_byte_by_byte(
            text in "[a\r\n]{0,6}[ab:\r\n]{0,80}(\r\n\r\n|\n\n)?[a\n]{0,40}",
            from in 0..130_usize,
        ) {
            let bytes = text.as_bytes();
            let ends = |at: usize| bytes.get(..at).is_some_and(|head| head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n"));
            let slow = (0..=bytes.len()).find(|at| ends(*at));
            prop_assert_eq!(end(bytes, 0), slow, "{}", bytes.escape_ascii());
            if slow.is_none_or(|slow| from < slow) && from <= bytes.len() {
                prop_assert_eq!(end(bytes, from), slow, "{} from {}", bytes.escape_ascii(), from);
            }
        }

        #[test]
        fn blocks_show_what_single_bytes_show(
            bytes in prop::collection::vec(prop::sample::select(b"aaaa \r\n\r\n\"\\\t\x80\xff~".to_vec()), 0..90),
        ) {
            prop_assert_eq!(Survey::of(&bytes), Survey::byte_by_byte(&bytes), "{}", bytes.escape_ascii());
        }

        #[test]
        fn one_mark_is_seen_wherever_it_stands(length in 0..70_usize, at in 0..70_usize, byte in any::<u8>()) {
            let mut bytes = vec![b'a'; length];
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            prop_assert_eq!(Survey::of(&bytes), Survey::byte_by_byte(&bytes), "{}", bytes.escape_ascii());
        }
    }
}
