//! A frame that is coming in: its header, byte by byte, then what it holds.
//!
//! It refuses to know what a header says.

/// The longest header: a WebSocket's, with a long length and a key.
const LONGEST: usize = 14;

/// What came of a frame.
#[derive(Debug, Default)]
pub(super) struct Frame {
    header: [u8; LONGEST],
    length: usize,
    /// Bytes of the payload that are still to come.
    pub(super) left: u64,
}

impl Frame {
    /// Takes the next of `rest`: a part of the payload of at most `most` bytes, where some is left
    /// of it; else a byte of the header, and gives nothing.
    pub(super) fn next<'a>(&mut self, rest: &mut &'a [u8], most: usize) -> Option<&'a [u8]> {
        if self.left > 0 {
            let most = rest.len().min(most).min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let (part, after) = rest.split_at(most);
            self.left -= part.len() as u64;
            *rest = after;
            return Some(part);
        }
        if let Some((byte, after)) = rest.split_first()
            && let Some(free) = self.header.get_mut(self.length)
        {
            *free = *byte;
            self.length += 1;
            *rest = after;
        }
        None
    }

    /// What came of the header: the bytes, zero where they did not come yet, and how many did.
    pub(super) const fn header(&self) -> ([u8; LONGEST], usize) {
        (self.header, self.length)
    }

    /// The header is read: a payload of so many bytes comes next.
    pub(super) const fn begin(&mut self, left: u64) {
        self.length = 0;
        self.left = left;
    }
}
