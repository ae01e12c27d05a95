//! A growing run of bytes that short texts are written to a word at a time.
//!
//! Most of what a report writes is a few bytes long, where a call to copy them costs more than
//! the copy: a whole word or block is stored, and as much of it counted as was meant. This module
//! refuses to know JSON.

use super::digits::{self, MILLION};
use std::io;

/// Bytes that were written. What stands behind them is spare room, always initialised.
#[derive(Debug, Default)]
pub(in crate::report) struct Page {
    space: Vec<u8>,
    len: usize,
}

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

    /// The next bytes of the spare room, where there are as many.
    #[inline]
    fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.space.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut)
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let room = (self.len + more).max(self.space.len() * 2).max(256);
        self.space.resize(room, 0);
    }

    #[cold]
    fn grown<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.grow(N);
        self.room()
    }

    /// Lets `write` fill the next bytes and say how many of them count. Whether there is room for
    /// them is asked once, however many steps it takes to write them.
    #[inline]
    pub(super) fn fill<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        let room = match self.room() {
            None => self.grown(),
            room => room,
        };
        if let Some(room) = room {
            self.len += write(room).min(N);
        }
    }

    /// Appends bytes. Inlined: where their number is known, this is a few instructions.
    #[inline]
    pub(in crate::report) fn put(&mut self, bytes: &[u8]) {
        let room = self.space.get_mut(self.len..).and_then(|space| space.get_mut(..bytes.len()));
        if let Some(room) = room {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        } else {
            self.put_grown(bytes);
        }
    }

    #[cold]
    fn put_grown(&mut self, bytes: &[u8]) {
        self.grow(bytes.len());
        if let Some(room) = self.space.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    #[inline]
    pub(in crate::report) fn push(&mut self, byte: u8) {
        self.fill(|room: &mut [u8; 1]| {
            *room = [byte];
            1
        });
    }

    /// Writes a byte over the last one.
    pub(super) fn replace_last(&mut self, byte: u8) {
        self.len = self.len.saturating_sub(1);
        self.push(byte);
    }

    /// Appends the first `count` bytes of a block.
    #[inline]
    pub(super) fn block<const N: usize>(&mut self, block: &[u8; N], count: usize) {
        self.fill(|room| {
            *room = *block;
            count
        });
    }

    /// Appends the first `count` bytes of a little-endian word.
    #[inline]
    pub(super) fn word(&mut self, word: u64, count: usize) {
        self.block(&word.to_le_bytes(), count);
    }

    /// Appends a number's digits.
    pub(super) fn number(&mut self, number: u64) {
        if number < MILLION {
            let (digits, count) = digits::of(number);
            self.word(digits, count);
        } else {
            self.number(number / MILLION);
            self.word(digits::six(number % MILLION), 6);
        }
    }
}

/// Stores a few bytes at their place in some room, if it reaches so far.
#[inline]
pub(super) fn store<const N: usize>(room: &mut [u8], at: usize, bytes: &[u8; N]) {
    if let Some(room) = room.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *room = *bytes;
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
