//! Brotli (RFC 7932), without the large windows that HTTP does not have.
//!
//! Refuses to know dictionaries from outside.

use super::stage::{Decode, Ending, Status, Step};
use brotli_decompressor::{
    BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, SliceWrapper, StandardAlloc,
};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct Brotli {
    state: Box<State>,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())) }
    }
}

impl std::fmt::Debug for Brotli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brotli").finish_non_exhaustive()
    }
}

impl Decode for Brotli {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut available_in, mut consumed) = (input.len(), 0);
        let (mut available_out, mut produced) = (output.len(), 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut consumed,
            input,
            &mut available_out,
            &mut produced,
            output,
            &mut 0,
            &mut self.state,
        );
        let status = match result {
            BrotliResult::ResultSuccess => Status::End,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Status::More,
            BrotliResult::ResultFailure => Status::Fault("content-corrupt"),
        };
        Step { consumed, produced, status }
    }

    fn ending(&mut self) -> Ending {
        Ending::Cut
    }

    fn memory(&self) -> usize {
        let tables = size_of_val::<[HuffmanCode]>(self.state.context_map_table.slice());
        size_of::<State>() + self.state.ringbuffer.slice().len() + tables
    }
}
