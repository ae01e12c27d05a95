//! From packets to streams: the decoder, the clock of quiet times and the split of memory, joined once for
//! whoever follows streams.

mod front;
mod memory;

pub(crate) use front::{Arrival, Front};
pub(crate) use memory::MemorySplit;
