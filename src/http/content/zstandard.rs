//! Zstandard (RFC 8878): any number of frames, windows bounded as RFC 9659 asks.
//!
//! Refuses to know dictionaries.

use super::stage::{Decode, Ending, Status, Step};
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

pub(super) struct Zstd {
    context: DCtx<'static>,
    /// Bytes since the last frame's end, counted to 4.
    into_frame: usize,
    /// Whether the bytes of this frame's magic number are those of a skippable one.
    skippable: bool,
    /// Whether a whole frame was seen.
    later: bool,
}

impl Zstd {
    pub(super) fn new(window_log: u32) -> Self {
        let mut context = DCtx::create();
        // Out of range it stays at zstd's own bound, which is finite too.
        let _ = context.set_parameter(DParameter::WindowLogMax(window_log));
        Self { context, into_frame: 0, skippable: false, later: false }
    }

    /// Whether the next bytes can begin a frame (RFC 8878 §3.1.1 and §3.1.2).
    fn begins_frame(&mut self, input: &[u8]) -> bool {
        for &byte in input.iter().take(4 - self.into_frame.min(4)) {
            let expected = match self.into_frame {
                0 => {
                    self.skippable = byte & 0xf0 == 0x50;
                    self.skippable || byte == 0x28
                }
                1 => byte == if self.skippable { 0x2a } else { 0xb5 },
                2 => byte == if self.skippable { 0x4d } else { 0x2f },
                _ => byte == if self.skippable { 0x18 } else { 0xfd },
            };
            if !expected {
                return false;
            }
            self.into_frame += 1;
        }
        true
    }
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd").field("into_frame", &self.into_frame).field("later", &self.later).finish_non_exhaustive()
    }
}

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if !self.begins_frame(input) {
            let status = if self.later { Status::End } else { Status::Fault("content-corrupt") };
            return Step { consumed: 0, produced: 0, status };
        }
        if self.into_frame == 0 {
            return Step { consumed: 0, produced: 0, status: Status::More };
        }
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let result = self.context.decompress_stream(&mut to, &mut from);
        let (consumed, produced) = (from.pos(), to.pos());
        let status = match result {
            Ok(0) => {
                (self.into_frame, self.later) = (0, true);
                Status::More
            }
            Ok(_) => Status::More,
            Err(code) => Status::Fault(match get_error_name(code) {
                "Restored data doesn't match checksum" => "zstd-trailer-wrong",
                "Frame requires too much memory for decoding" => "zstd-window-too-large",
                _ => "content-corrupt",
            }),
        };
        Step { consumed, produced, status }
    }

    fn ending(&mut self) -> Ending {
        if self.into_frame == 0 && self.later { Ending::Whole } else { Ending::Cut }
    }

    fn memory(&self) -> usize {
        self.context.sizeof()
    }
}
