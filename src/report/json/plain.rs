//! Texts known to need no escape, copied a block at a time.
//!
//! A head is written in some thirty pieces of a few bytes each. This module refuses to know what
//! they mean.

use super::value::Buffer;
use crate::report::page::{Page, store};
use std::ops::Range;

impl Buffer {
    /// A string that is a part of `source`; `plain` is whether it is known that nothing in it needs
    /// a look. The answer is whether all of it was UTF-8.
    #[inline]
    pub(in crate::report) fn part(&mut self, separator: &str, source: &[u8], part: &Range<u32>, plain: bool) -> bool {
        if !plain {
            return self.string(separator, source.get(range(part)).unwrap_or_default());
        }
        self.raw(separator);
        enclosed(&mut self.bytes, b"\"", source, part, b"\"");
        true
    }

    /// `[["name","value"],["name","value"]]`, of plain names and values, at least one pair.
    pub(in crate::report) fn plain_pairs(&mut self, source: &[u8], pairs: &[(Range<u32>, Range<u32>)]) {
        self.bytes.push(b'[');
        for (name, value) in pairs {
            enclosed(&mut self.bytes, b"[\"", source, name, b"\",\"");
            enclosed(&mut self.bytes, b"", source, value, b"\"],");
        }
        self.bytes.replace_last(b']');
    }
}

#[inline]
fn range(part: &Range<u32>) -> Range<usize> {
    part.start as usize..part.end as usize
}

/// Appends a part of `source` and what stands before and behind it.
#[inline]
fn enclosed<const A: usize, const B: usize>(
    page: &mut Page,
    before: &[u8; A],
    source: &[u8],
    part: &Range<u32>,
    after: &[u8; B],
) {
    // Most names and values have at most 32 bytes, and nearly all others at most 64.
    if !in_block::<32, 40, A, B>(page, before, source, part, after)
        && !in_block::<64, 72, A, B>(page, before, source, part, after)
    {
        page.put(before);
        page.put(source.get(range(part)).unwrap_or_default());
        page.put(after);
    }
}

/// Appends the same at once, where the part is no longer than a block and the source goes on for as
/// long; says whether it did.
#[inline]
fn in_block<const BLOCK: usize, const ROOM: usize, const A: usize, const B: usize>(
    page: &mut Page,
    before: &[u8; A],
    source: &[u8],
    part: &Range<u32>,
    after: &[u8; B],
) -> bool {
    const { assert!(A + BLOCK + B <= ROOM) };
    let (part, len) = (range(part), range(part).len());
    match source.get(part.start..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        Some(block) if len <= BLOCK => page.fill(|room: &mut [u8; ROOM]| {
            store(room, 0, before);
            store(room, A, block);
            store(room, A + len, after);
            A + len + B
        }),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_part_of_a_text() {
        let text = "It was a bright cold day in April, and the clocks were striking thirteen, one after the other.";
        let (mut buffer, mut want) = (Buffer::default(), String::new());
        for from in 0..=text.len() {
            for to in from..=text.len() {
                buffer.part("; ", text.as_bytes(), &(from as u32..to as u32), true);
                want.extend(["; \"", &text[from..to], "\""]);
            }
        }
        assert_eq!(buffer.bytes.as_slice(), want.as_bytes());
    }

    proptest! {
        #[test]
        fn what_is_known_to_be_plain_is_written_alike(text in "[ !#-\\[\\]-~]{0,200}", cuts in proptest::collection::vec(0_u32..200, 4..40)) {
            let cut = |at: u32| at.min(text.len() as u32);
            let part = |from: u32, to: u32| cut(from.min(to))..cut(from.max(to));
            let pairs: Vec<_> = cuts.chunks_exact(4).map(|cuts| (part(cuts[0], cuts[1]), part(cuts[2], cuts[3]))).collect();
            let (mut buffer, mut want) = (Buffer::default(), Buffer::default());
            buffer.plain_pairs(text.as_bytes(), &pairs);
            let mut separator = "[[";
            for (name, value) in &pairs {
                want.part(separator, text.as_bytes(), name, false);
                want.part(",", text.as_bytes(), value, false);
                separator = "],[";
            }
            want.raw("]]");
            prop_assert_eq!(buffer.bytes.as_slice(), want.bytes.as_slice());
        }
    }
}
