//! Brotli (RFC 7932), without the large windows that HTTP does not have.
//!
//! Refuses to know dictionaries from outside.
//!
//! What a broken stream gives before it fails may depend on how it was cut, but only where the
//! literals of one command run over their meta-block's end; the decoder then stops at whichever
//! comes first, the literals' end or the input's.

use super::decode::{Decode, Ending, Status, Step};
use brotli_decompressor::{
    BrotliDecoderTakeOutput, BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, SliceWrapper,
    StandardAlloc,
};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct Brotli {
    state: Box<State>,
    failed: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), failed: false }
    }
}

impl Brotli {
    /// Takes back what was decoded beyond the end of a meta-block, as far as it wasn't given yet.
    fn drop_excess(&mut self) {
        let state = &mut *self.state;
        let excess = u64::try_from(state.meta_block_remaining_len.saturating_neg()).unwrap_or(0);
        let turns = state.rb_roundtrips.saturating_mul(u64::try_from(state.ringbuffer_size).unwrap_or(0));
        let decoded = turns.saturating_add(u64::try_from(state.pos).unwrap_or(0));
        let wanted = decoded.saturating_sub(excess).max(state.partial_pos_out);
        if excess > 0 && turns <= wanted && wanted <= decoded {
            state.pos = i32::try_from(wanted - turns).unwrap_or(state.pos);
            state.meta_block_remaining_len = 0;
        }
    }

    /// Gives what was decoded before the failure, and stands in the decoder's window still.
    fn rescue(&mut self, output: &mut [u8], produced: usize) -> Step {
        let mut produced = produced;
        while let Some(room) = output.get_mut(produced..).filter(|room| !room.is_empty()) {
            let mut size = room.len();
            let bytes = BrotliDecoderTakeOutput(&mut self.state, &mut size);
            let bytes = bytes.get(..size).unwrap_or_default();
            if bytes.is_empty() {
                return Step { consumed: 0, produced, status: Status::Fault("content-corrupt") };
            }
            room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            produced += bytes.len();
        }
        Step { consumed: 0, produced, status: Status::More }
    }
}

impl std::fmt::Debug for Brotli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brotli").finish_non_exhaustive()
    }
}

impl Decode for Brotli {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.failed {
            return self.rescue(output, 0);
        }
        let sane = self.state.error_code;
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
            BrotliResult::ResultFailure => {
                self.failed = true;
                self.state.error_code = sane;
                self.drop_excess();
                return self.rescue(output, produced);
            }
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
