//! What a fuzzer runs: the readers over arbitrary bytes.
//!
//! Nothing may panic, hang or allocate beyond the bytes; of the results no more is judged than that
//! they are the same on every way to them.

use super::file::Files;
use std::io::Cursor;

/// What is taken of compressed data, so that a decompression bomb ends.
const LIMIT: u64 = 16 << 20;

/// Reads all packets of `data` as a capture and gives how many there were, whatever is wrong.
///
/// # Panics
/// If a packet is longer than it was on the wire, or if finding records in one step where that can be
/// done gives other packets or another error than reading each of them stepwise.
pub fn fuzz_file(data: &[u8]) -> u64 {
    let open = || Files::from_reader("fuzz", Cursor::new(data.to_vec())).limited(LIMIT);
    let (mut files, mut stepwise) = (open(), open());
    let mut packets = 0;
    loop {
        let (found, wanted) = (files.next(), stepwise.next_stepwise());
        assert_eq!(format!("{found:?}"), format!("{wanted:?}"), "records in one step and stepwise differ");
        let Ok(Some(packet)) = found else { return packets };
        assert!(packet.original_length as usize >= packet.data.len(), "a packet longer than it was");
        packets += 1;
    }
}
