//! A window over a file that is read from front to back: one buffer, used again and again.
//!
//! Reading through a small buffer costs less than mapping the file, whose page faults outweigh
//! the copy. This module refuses to know what the bytes mean.

use std::io::{self, ErrorKind, Read};

/// How much is asked of the system at a time: fits the second-level cache of most processors.
const SIZE: usize = 256 * 1024;

pub(super) type Input = Box<dyn Read + Send>;

pub(super) struct Buffer {
    input: Input,
    /// `bytes[start..end]` were read and are not used up; `start <= end <= bytes.len()`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `bytes[start]` stands in the file.
    offset: u64,
}

impl Buffer {
    pub(super) fn new(input: Input) -> Self {
        Self { input, bytes: vec![0; SIZE], start: 0, end: 0, offset: 0 }
    }

    /// What was read and is not used up.
    #[inline]
    pub(super) fn ahead(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Makes `wanted` bytes stand ahead, reading as needed; false where the file ends before.
    #[inline]
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.end - self.start >= wanted { Ok(true) } else { self.refill(wanted) }
    }

    #[cold]
    fn refill(&mut self, wanted: usize) -> io::Result<bool> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted {
            if self.end == self.bytes.len() {
                // Grown as the bytes arrive, so that a length alone makes nobody allocate.
                self.bytes.resize(self.bytes.len().saturating_mul(2), 0);
            }
            match self.input.read(self.bytes.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end = self.end.saturating_add(count).min(self.bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Uses up `count` of the bytes ahead and gives the place of the first of them for
    /// [`Buffer::at`], which holds until the next [`Buffer::fill`].
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> usize {
        let from = self.start;
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
        from
    }

    /// Uses up `count` bytes that need not be ahead; false where the file ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            if self.start == self.end && !self.fill(1)? {
                return Ok(false);
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(self.end - self.start);
            self.take(step);
            count -= step as u64;
        }
        Ok(true)
    }

    /// Bytes that were taken since the last fill.
    #[inline]
    pub(super) fn at(&self, from: usize, length: usize) -> &[u8] {
        self.bytes.get(from..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// Where the first byte ahead stands in the file.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The input, and what was read of it and not used up.
    pub(super) fn into_parts(self) -> (Vec<u8>, Input) {
        let Self { mut bytes, start, end, input, .. } = self;
        bytes.truncate(end);
        bytes.drain(..start);
        (bytes, input)
    }
}
