//! DEFLATE (RFC 1951), bare and in zlib's wrapping (RFC 1950).
//!
//! Refuses to know gzip.

use super::decode::{Decode, Ending, Status, Step};
use flate2::{Decompress, FlushDecompress};
use std::cell::RefCell;

/// Decoders kept for the next body, in each thread.
const POOLED: usize = 16;

/// What a decoder takes: its window and its tables.
pub(super) const MEMORY: usize = 48 * 1024;

thread_local! {
    /// To make a decoder costs a microsecond and 48 KiB, to reset one a few nanoseconds.
    static POOL: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

/// A DEFLATE decoder from the pool.
#[derive(Debug)]
pub(super) struct Inflate(Option<Decompress>);

impl Inflate {
    /// With `zlib` the data have zlib's header and trailer.
    pub(super) fn new(zlib: bool) -> Self {
        let pooled = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
        Self(Some(match pooled {
            Some(mut decompress) => {
                decompress.reset(zlib);
                decompress
            }
            None => Decompress::new(zlib),
        }))
    }

    /// Ready for new data.
    pub(super) fn reset(&mut self, zlib: bool) {
        if let Some(decompress) = &mut self.0 {
            decompress.reset(zlib);
        }
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let Some(decompress) = &mut self.0 else {
            return Step { consumed: 0, produced: 0, status: Status::Fault("content-corrupt") };
        };
        let (before_in, before_out) = (decompress.total_in(), decompress.total_out());
        let status = match decompress.decompress(input, output, FlushDecompress::None) {
            Ok(flate2::Status::StreamEnd) => Status::End,
            Ok(flate2::Status::Ok | flate2::Status::BufError) => Status::More,
            Err(error) if error.message() == Some("incorrect data check") => Status::Fault("deflate-trailer-wrong"),
            Err(_) => Status::Fault("content-corrupt"),
        };
        let consumed = (decompress.total_in() - before_in) as usize;
        let produced = (decompress.total_out() - before_out) as usize;
        Step { consumed, produced, status }
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        let Some(decompress) = self.0.take() else { return };
        // During a thread's end there is no pool any more.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED {
                pool.push(decompress);
            }
        });
    }
}

/// The `deflate` coding.
#[derive(Debug)]
pub(super) struct Zlib {
    inflate: Inflate,
    wrapped: bool,
}

impl Zlib {
    pub(super) fn new(wrapped: bool) -> Self {
        Self { inflate: Inflate::new(wrapped), wrapped }
    }
}

impl Decode for Zlib {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        self.inflate.step(input, output)
    }

    fn ending(&mut self) -> Ending {
        if self.wrapped {
            // Where all content was there, four more bytes are taken for its checksum.
            let step = self.inflate.step(&[0; 4], &mut [0; 1]);
            if matches!(step.status, Status::End | Status::Fault("deflate-trailer-wrong")) && step.produced == 0 {
                return Ending::TrailerMissing("deflate-trailer-missing");
            }
        }
        Ending::Cut
    }

    fn memory(&self) -> usize {
        MEMORY
    }
}
