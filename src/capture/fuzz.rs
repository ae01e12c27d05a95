//! What a fuzzer runs: the readers over arbitrary bytes.
//!
//! Nothing may panic, hang or allocate beyond the bytes; results are not judged.

use super::file::Files;
use std::io::Cursor;

/// What is taken of compressed data, so that a decompression bomb ends.
const LIMIT: u64 = 16 << 20;

/// Reads all packets of `data` as a capture and gives how many there were, whatever is wrong.
pub fn fuzz_file(data: &[u8]) -> u64 {
    let mut files = Files::from_reader("fuzz", Cursor::new(data.to_vec())).limited(LIMIT);
    let mut packets = 0;
    while let Ok(Some(packet)) = files.next() {
        assert!(packet.original_length as usize >= packet.data.len(), "a packet longer than it was");
        packets += 1;
    }
    packets
}
