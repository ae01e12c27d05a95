//! Zstandard (RFC 8878): any number of frames, windows bounded as RFC 9659 asks.
//!
//! Refuses to know dictionaries, and what is in a block.
//!
//! Frames are handed to the decoder part by part. Given more at once it decodes more in one step,
//! and forgets all that it decoded in a step that fails in the end. A raw block that is longer
//! than its frame is still cut somewhere between the bytes that fit and the first of them.

use super::decode::{Decode, Ending, Status, Step};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

/// The part of a frame that the next byte belongs to (RFC 8878 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Magic number.
    Magic,
    /// Frame header descriptor.
    Descriptor,
    /// Window descriptor, dictionary id, content size.
    Header,
    BlockHeader,
    /// A block's content; whether it is the last one.
    Block(bool),
    Checksum,
    /// A skippable frame's length.
    SkipLength,
    Skipped,
}

pub(super) struct Zstd {
    context: DCtx<'static>,
    part: Part,
    /// Bytes of the part still to come.
    left: u32,
    /// The part's bytes so far, where it is a number (little endian).
    number: u32,
    /// Whether blocks are followed by a checksum.
    checksum: bool,
    /// Whether a whole frame was seen.
    later: bool,
}

impl Zstd {
    pub(super) fn new(window_log: u32) -> Self {
        let mut context = DCtx::create();
        // Out of range it stays at zstd's own bound, which is finite too.
        let _ = context.set_parameter(DParameter::WindowLogMax(window_log));
        Self { context, part: Part::Magic, left: 4, number: 0, checksum: false, later: false }
    }

    /// Whether the next bytes go on with a magic number, as far as one is awaited.
    fn fits(&self, input: &[u8]) -> bool {
        if self.part != Part::Magic {
            return true;
        }
        let seen = (4 - self.left) as usize;
        let number = self.number.to_le_bytes();
        let first = if seen == 0 { input.first() } else { number.get(4 - seen) }.copied().unwrap_or_default();
        let magic = if first & 0xf0 == 0x50 { [first, 0x2a, 0x4d, 0x18] } else { [0x28, 0xb5, 0x2f, 0xfd] };
        magic.iter().skip(seen).zip(input).all(|(expected, byte)| expected == byte)
    }

    /// Follows the parts of the frame through `bytes`, which lie within one part.
    fn advance(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().take(4) {
            // Only numbers of up to four bytes are read, each from its start.
            self.number = self.number >> 8 | u32::from(*byte) << 24;
        }
        self.left = self.left.saturating_sub(bytes.len() as u32);
        while self.left == 0 {
            let number = self.number;
            (self.part, self.left) = match self.part {
                Part::Magic if number >> 4 == 0x0184_d2a5 => (Part::SkipLength, 4),
                Part::Magic => (Part::Descriptor, 1),
                Part::Descriptor => {
                    let descriptor = number >> 24;
                    self.checksum = descriptor & 4 != 0;
                    let single = descriptor & 0x20 != 0;
                    let dictionary = [0, 1, 2, 4].get((descriptor & 3) as usize).copied().unwrap_or(0);
                    let content = match descriptor >> 6 {
                        0 => u32::from(single),
                        power => 1 << power,
                    };
                    (Part::Header, u32::from(!single) + dictionary + content)
                }
                Part::Header | Part::Block(false) => (Part::BlockHeader, 3),
                Part::BlockHeader => {
                    let header = number >> 8;
                    let length = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
                    (Part::Block(header & 1 != 0), length)
                }
                Part::Block(true) if self.checksum => (Part::Checksum, 4),
                Part::SkipLength if number > 0 => (Part::Skipped, number),
                Part::Block(true) | Part::Checksum | Part::SkipLength | Part::Skipped => {
                    self.later = true;
                    (Part::Magic, 4)
                }
            };
        }
    }
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd").field("part", &self.part).field("left", &self.left).finish_non_exhaustive()
    }
}

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut consumed = 0;
        let mut produced = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            let rest = rest.get(..rest.len().min(self.left as usize)).unwrap_or_default();
            if !self.fits(rest) {
                let status = if self.later { Status::End } else { Status::Fault("content-corrupt") };
                return Step { consumed, produced, status };
            }
            let mut from = InBuffer::around(rest);
            let mut to = OutBuffer::around(output.get_mut(produced..).unwrap_or_default());
            let result = self.context.decompress_stream(&mut to, &mut from);
            let (used, given) = (from.pos(), to.pos());
            consumed += used;
            produced += given;
            self.advance(rest.get(..used).unwrap_or_default());
            let status = match result {
                Ok(_) if used + given > 0 && produced < output.len() && consumed < input.len() => continue,
                Ok(_) => Status::More,
                Err(code) => Status::Fault(match get_error_name(code) {
                    "Restored data doesn't match checksum" => "zstd-trailer-wrong",
                    "Frame requires too much memory for decoding" => "zstd-window-too-large",
                    _ => "content-corrupt",
                }),
            };
            return Step { consumed, produced, status };
        }
    }

    fn ending(&mut self) -> Ending {
        if self.part == Part::Magic && self.left == 4 && self.later { Ending::Whole } else { Ending::Cut }
    }

    fn memory(&self) -> usize {
        self.context.sizeof()
    }
}
