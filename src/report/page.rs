//! A growing run of bytes that short texts are written to a word at a time.
//!
//! Most of what a report writes is a few bytes long, where a call to copy them costs more than
//! the copy: a whole word is stored, and as much of it counted as was meant. This module refuses
//! to know JSON.

use std::io;
use std::ops::Range;

/// Bytes that were written. What stands behind them is spare room, always initialised.
#[derive(Debug, Default)]
pub(in crate::report) struct Page {
    space: Vec<u8>,
    len: usize,
}

/// How much is stored at a time, in bytes.
pub(super) const WORD: usize = 8;

/// How much is copied at a time where there is more behind it, in bytes.
const BLOCK: usize = 32;

impl Page {
    pub(in crate::report) const fn len(&self) -> usize {
        self.len
    }

    pub(in crate::report) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(in crate::report) fn as_slice(&self) -> &[u8] {
        self.space.get(..self.len).unwrap_or_default()
    }

    pub(in crate::report) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Makes room for so many bytes more.
    #[inline]
    pub(in crate::report) fn reserve(&mut self, more: usize) {
        if self.space.len() - self.len < more {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let room = (self.len + more).max(self.space.len() * 2).max(256);
        self.space.resize(room, 0);
    }

    /// Appends bytes. Inlined: where their number is known, this is a few instructions.
    #[inline]
    pub(in crate::report) fn put(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        let end = self.len + bytes.len();
        if let Some(space) = self.space.get_mut(self.len..end) {
            space.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Appends a part of `source`. Where that goes on behind it, a whole block is stored at a time.
    #[inline]
    pub(super) fn part(&mut self, source: &[u8], part: Range<usize>) {
        self.reserve(part.len().max(BLOCK));
        let block = source.get(part.start..).and_then(<[u8]>::first_chunk::<BLOCK>);
        let space = self.space.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut::<BLOCK>);
        match (block, space) {
            (Some(block), Some(space)) if part.len() <= BLOCK => {
                *space = *block;
                self.len += part.len();
            }
            _ => self.put(source.get(part).unwrap_or_default()),
        }
    }

    /// Appends a short text whose length is known where it is written.
    #[inline]
    pub(super) fn short<const N: usize>(&mut self, text: [u8; N]) {
        const { assert!(N <= WORD) };
        let mut word = [0; WORD];
        word[..N].copy_from_slice(&text);
        self.word(u64::from_le_bytes(word), N);
    }

    #[inline]
    pub(in crate::report) fn push(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// Appends the first `count` bytes of a little-endian word.
    #[inline]
    pub(super) fn word(&mut self, word: u64, count: usize) {
        self.reserve(WORD);
        if let Some(space) = self.space.get_mut(self.len..self.len + WORD) {
            space.copy_from_slice(&word.to_le_bytes());
            self.len += count.min(WORD);
        }
    }

    /// Appends a number's digits.
    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        if number < EIGHT_DIGITS {
            let digits = eight_digits(number);
            // The last digit counts even where it is 0.
            let zeros = (digits.trailing_zeros() as usize / 8).min(WORD - 1);
            self.word((digits | ZEROS) >> (8 * zeros), WORD - zeros);
        } else {
            self.number(number / EIGHT_DIGITS);
            self.word(eight_digits(number % EIGHT_DIGITS) | ZEROS, WORD);
        }
    }

    /// Appends the digits of an octet and an ASCII character.
    #[inline]
    pub(super) fn octet(&mut self, octet: u8, then: u8) {
        let (digits, count) = OCTETS[octet as usize];
        self.word(u64::from(digits) | u64::from(then) << (8 * count), usize::from(count) + 1);
    }

    /// Appends the first `digits` of the nine decimal places of a second.
    pub(super) fn fraction(&mut self, nanos: u64, digits: u8) {
        self.word(eight_digits(nanos / 10) | ZEROS, usize::from(digits));
        if digits > 8 {
            self.word((nanos % 10) | ZEROS, 1);
        }
    }
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One more than the largest number of eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;

/// Added to digits makes text of them.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The digits of each octet, the first in the lowest byte, and how many they are.
const OCTETS: [(u32, u8); 256] = {
    let mut table = [(0, 0); 256];
    let mut octet = 0;
    while octet < table.len() {
        let digits = eight_digits(octet as u64);
        let zeros = match octet {
            0..10 => 7,
            10..100 => 6,
            _ => 5,
        };
        table[octet] = (((digits | ZEROS) >> (8 * zeros)) as u32, 8 - zeros);
        octet += 1;
    }
    table
};

/// The eight digits of a number, the first in the lowest byte. The number is halved into parts
/// of four, two and one digits, all parts at once; the products divide by 100 and by 10, exactly
/// for numbers this small.
const fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(number: u64) -> String {
        let mut page = Page::default();
        page.number(number);
        String::from_utf8(page.as_slice().to_vec()).unwrap()
    }

    #[test]
    fn numbers_at_their_edges() {
        for power in 0..20 {
            let number = 10_u64.pow(power);
            for number in [number - 1, number, number + 1] {
                assert_eq!(written(number), number.to_string());
            }
        }
        for number in (0..100_000).chain([u64::MAX]) {
            assert_eq!(written(number), number.to_string());
        }
    }

    #[test]
    fn parts_of_a_text() {
        let text = "It was a bright cold day in April, and the clocks were striking thirteen.".as_bytes();
        let (mut page, mut want) = (Page::default(), Vec::new());
        for from in 0..=text.len() {
            for to in from..=text.len() {
                page.part(text, from..to);
                page.short(*b"; ");
                want.extend_from_slice(&[&text[from..to], b"; "].concat());
            }
        }
        assert_eq!(page.as_slice(), want);
    }

    #[test]
    fn every_octet() {
        for octet in 0..=u8::MAX {
            let mut page = Page::default();
            page.octet(octet, b'.');
            assert_eq!(page.as_slice(), format!("{octet}.").as_bytes());
        }
    }

    proptest! {
        #[test]
        fn numbers_and_texts_in_a_row(parts in proptest::collection::vec((any::<u64>(), 0_u32..64, ".{0,40}"), 0..50)) {
            let (mut page, mut want) = (Page::default(), String::new());
            for (number, shift, text) in parts {
                page.number(number >> shift);
                page.put(text.as_bytes());
                want += &(number >> shift).to_string();
                want += &text;
            }
            prop_assert_eq!(page.as_slice(), want.as_bytes());
            prop_assert_eq!(page.len(), want.len());
            page.clear();
            prop_assert!(page.is_empty() && page.as_slice().is_empty());
        }
    }
}
