//! The format of UNIX `compress` (`.Z`): LZW with codes of 9 to 16 bits.
//!
//! Refuses to know other LZW formats: GIF, TIFF and PDF pack their codes differently.
//!
//! A header of three bytes: 1f 9d, then the largest code width in the lower five bits and block
//! mode (code 256 clears the table) in the top bit. Codes stand lowest bit first. Of whichever
//! width, codes are written in groups of eight; when the width changes, or at a clear code, the
//! rest of the group is padding.

use super::decode::{Decode, Ending, Status, Step};

const FIRST_BITS: u32 = 9;
const CLEAR: u16 = 256;

#[derive(Debug)]
pub(super) struct Lzw {
    /// Header bytes seen.
    header: u8,
    block_mode: bool,
    max_bits: u32,
    bits: u32,
    /// Bits read and not used: at most 7 and one more byte than a code needs.
    buffer: u32,
    buffered: u32,
    /// Codes read in this group of eight.
    in_group: u32,
    /// Bits of padding still to be skipped.
    padding: u32,
    /// The code before, where there was one since the beginning.
    previous: Option<u16>,
    /// The first byte of the string of the code before.
    first: u8,
    /// For each code from 256 the code of all bytes but the last, and the last.
    entries: Vec<(u16, u8)>,
    /// Bytes decoded and not given yet, in reverse.
    pending: Vec<u8>,
}

impl Lzw {
    pub(super) fn new() -> Self {
        Self {
            header: 0,
            block_mode: false,
            max_bits: 0,
            bits: FIRST_BITS,
            buffer: 0,
            buffered: 0,
            in_group: 0,
            padding: 0,
            previous: None,
            first: 0,
            entries: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Takes one byte of the header.
    fn header(&mut self, byte: u8) -> bool {
        self.header += 1;
        match self.header {
            1 => byte == 0x1f,
            2 => byte == 0x9d,
            _ => {
                self.block_mode = byte & 0x80 != 0;
                // Those who ask compress for 9 bits get 10 from it.
                self.max_bits = u32::from(byte & 0x1f).max(FIRST_BITS + 1);
                // Code 256 means a clear in block mode, and its entry is never looked at.
                self.entries.extend(self.block_mode.then_some((0, 0)));
                byte & 0x60 == 0 && (FIRST_BITS..=16).contains(&u32::from(byte & 0x1f))
            }
        }
    }

    /// The code that is one more than the last in the table.
    fn next_code(&self) -> usize {
        usize::from(CLEAR) + self.entries.len()
    }

    /// The next code, if all its bits are there.
    fn code(&mut self) -> Option<u16> {
        // The width grows before the code that could not be written with fewer bits.
        if self.next_code() >= 1 << self.bits && self.bits < self.max_bits {
            self.pad();
            self.bits += 1;
        }
        let skip = self.padding.min(self.buffered);
        self.take(skip);
        self.padding -= skip;
        if self.padding > 0 || self.buffered < self.bits {
            return None;
        }
        self.in_group = (self.in_group + 1) % 8;
        Some(self.take(self.bits))
    }

    /// The rest of this group of eight codes is padding.
    fn pad(&mut self) {
        self.padding += (8 - self.in_group) % 8 * self.bits;
        self.in_group = 0;
    }

    fn take(&mut self, bits: u32) -> u16 {
        let value = self.buffer & ((1 << bits) - 1);
        self.buffer >>= bits;
        self.buffered -= bits;
        value as u16
    }

    /// Puts the string of `code` into `pending`; false if there can be no such code.
    fn expand(&mut self, code: u16) -> bool {
        let Some(previous) = self.previous else {
            self.first = code as u8;
            self.pending.push(self.first);
            self.previous = Some(code);
            return code < CLEAR;
        };
        if code == CLEAR && self.block_mode {
            self.pad();
            self.bits = FIRST_BITS;
            // The next code makes entry 256 again, which stands for the clear code's place.
            self.entries.clear();
            return true;
        }
        let mut at = code;
        if usize::from(code) >= self.next_code() {
            if usize::from(code) > self.next_code() {
                return false;
            }
            // The string that this very code completes: the one before and its first byte again.
            self.pending.push(self.first);
            at = previous;
        }
        while at >= CLEAR {
            // An entry's prefix is always an earlier one, so this comes to an end.
            let Some(&(prefix, byte)) = self.entries.get(usize::from(at - CLEAR)) else { return false };
            if prefix >= at {
                return false;
            }
            self.pending.push(byte);
            at = prefix;
        }
        self.first = at as u8;
        self.pending.push(self.first);
        if self.next_code() < 1 << self.max_bits {
            self.entries.push((previous, self.first));
        }
        self.previous = Some(code);
        true
    }

    /// Moves what is pending to `output`.
    fn give(&mut self, output: &mut [u8]) -> usize {
        let count = output.len().min(self.pending.len());
        let from = self.pending.drain(self.pending.len() - count..).rev();
        output.iter_mut().zip(from).for_each(|(to, from)| *to = from);
        count
    }
}

impl Decode for Lzw {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut consumed = 0;
        let mut produced = 0;
        loop {
            produced += self.give(output.get_mut(produced..).unwrap_or_default());
            if !self.pending.is_empty() {
                return Step { consumed, produced, status: Status::More };
            }
            if self.header == 3
                && let Some(code) = self.code()
            {
                if self.expand(code) {
                    continue;
                }
                self.pending.clear();
                return Step { consumed, produced, status: Status::Fault("content-corrupt") };
            }
            let Some(&byte) = input.get(consumed) else {
                return Step { consumed, produced, status: Status::More };
            };
            consumed += 1;
            if self.header < 3 {
                if !self.header(byte) {
                    return Step { consumed, produced, status: Status::Fault("content-corrupt") };
                }
            } else {
                self.buffer |= u32::from(byte) << self.buffered;
                self.buffered += 8;
            }
        }
    }

    /// The format has no end of its own: any is as good where no code was cut.
    fn ending(&mut self) -> Ending {
        // The last byte's upper bits are zero.
        if self.header == 3 && (self.padding > 0 || (self.buffered < 8 && self.buffer == 0)) {
            Ending::Whole
        } else {
            Ending::Cut
        }
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.entries.capacity() * size_of::<(u16, u8)>() + self.pending.capacity()
    }
}
