//! Bytes that mean harm.

use super::*;
use crate::decode::fuzz::fuzz_decode;
use proptest::prelude::*;

/// The link types that are read.
pub(super) const LINK_TYPES: &[u16] = &[
    0, 1, 6, 7, 8, 9, 10, 12, 14, 50, 51, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 113, 117, 119, 122, 123,
    127, 129, 138, 143, 149, 163, 166, 178, 179, 180, 181, 192, 197, 204, 205, 206, 226, 228, 229, 239, 240, 241, 242,
    253, 258, 259, 274, 276, 281, 282, 284, 285,
];

/// The input of the fuzz target for `packets`.
fn fuzz_input(first: u8, packets: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut input = vec![first];
    for (link_type, bytes) in packets {
        input.extend_from_slice(&link_type.to_be_bytes());
        input.extend_from_slice(&[0, 1]);
        input.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        input.extend_from_slice(bytes);
    }
    input
}

#[test]
fn packets_cut_anywhere_are_counted() {
    let inner =
        udp4(50001, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &frame(0x8100, &join(&[&[0, 5, 8, 0], &tcp4()]))]));
    for &link_type in LINK_TYPES {
        for bytes in [&inner, &frame(0x0800, &inner), &snap(0x0800, &inner), &vec![0; 80], &vec![0xff; 80]] {
            let packets: Vec<_> = (0..bytes.len()).map(|end| (link_type, bytes[..end].to_vec())).collect();
            fuzz_decode(&fuzz_input(0, &packets));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_is_counted(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in any::<u8>()) {
        let packets: Vec<_> = LINK_TYPES.iter().map(|&link_type| (link_type, bytes.clone())).collect();
        fuzz_decode(&fuzz_input(first, &packets));
        fuzz_decode(&bytes);
    }

    /// Packets that were whole before a few of their bytes changed come further in.
    #[test]
    fn damaged_packets_are_counted(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        protocol in any::<u8>(),
        port in prop::sample::select(&[
            1701_u16, 2152, 2268, 3386, 3544, 4306, 4341, 4500, 4754, 4789, 4790, 5072, 6081, 6635, 30030, 37008,
        ][..]),
        ether_type in prop::sample::select(&[0x4305_u16, 0x892f, 0x893f, 0xd28b, 0xf1c1][..]),
        first in any::<u8>(),
    ) {
        let inner = tcp4();
        let mut packets = vec![
            (101, ip4(protocol, &inner)),
            (101, ip6(protocol, &tcp6())),
            (101, udp4(port, port, &join(&[&[8, 2, 0, 0, 0, 0, 0, 0], &frame(0x0800, &inner)]))),
            (105, join(&[&[0x88, 0, 0, 0], &[6; 18], &[0, 0, 0x80, 0], &[3; 12], &[0, 60], &snap(0x0800, &inner)])),
            (1, frame(0x8847, &join(&[&[0, 1, 1, 9], &frame(0x0800, &inner)]))),
            (1, frame(ether_type, &join(&[&[0x40, 15, 0, 0x10], &[8, 0], &[0; 8], &frame(0x0800, &inner)]))),
            (253, join(&[&[0, 4, 3, 56], &[0; 10], &[0, 12], &[80, 0, 0, 0, 0, 4], &[0; 14], &[2, 0, 9, 0], &inner])),
        ];
        for (_, bytes) in &mut packets {
            for (at, value) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
        }
        let again = packets.clone();
        packets.extend(again);
        fuzz_decode(&fuzz_input(first, &packets));
    }
}
