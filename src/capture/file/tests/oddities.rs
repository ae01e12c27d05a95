//! What pcapng forbids, some programs write, and Wireshark reads.

use super::{BIG, LITTLE, kept, read};
use crate::kit::capture::Writer;

/// The blocks of a section with one interface, without its options.
fn start(made: Writer) -> Vec<u8> {
    [made.section(), made.interface(1, 0, b"")].concat()
}

/// A block that gives these lengths at its start and its end, its body padded.
fn block_of(made: Writer, kind: u32, body: &[u8], lengths: [u32; 2]) -> Vec<u8> {
    let mut block = made.block(kind, body);
    let end = block.len() - 4;
    block[4..8].copy_from_slice(&made.u32(lengths[0]));
    block[end..].copy_from_slice(&made.u32(lengths[1]));
    block
}

/// An enhanced packet block's body without options, its packet not padded.
fn packet(made: Writer, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    [&[0, 0, 7, length, length].map(|number| made.u32(number)).concat(), data].concat()
}

#[test]
fn a_block_whose_length_leaves_out_its_padding_is_read() {
    for made in [LITTLE, BIG] {
        for length in 1..9_usize {
            let data = vec![7; length];
            let (short, padded) = (32 + length as u32, 32 + length.next_multiple_of(4) as u32);
            for lengths in [[short, short], [short, padded], [padded, short], [padded, padded]] {
                let block = block_of(made, 6, &packet(made, &data), lengths);
                let file = [start(made), block.clone(), block, made.enhanced(0, 9, 1, b"z")].concat();
                let (packets, error) = read(&file);
                assert!(error.is_none(), "{lengths:?}: {error:?}");
                let want = [kept(1, 7000, 6, &data), kept(2, 7000, 6, &data), kept(3, 9000, 6, b"z")];
                assert_eq!(packets, want, "{lengths:?}");
            }
        }
        // Of every kind.
        let option = [&made.u16(2)[..], &made.u16(5), b"lo:10"].concat();
        let interface = [&made.u16(1)[..], &[0, 0], &made.u32(0), &option].concat();
        let section = [&made.u32(0x1a2b_3c4d)[..], &made.u16(1), &made.u16(0), &[0xff; 8], &option].concat();
        let simple = [&made.u32(5)[..], b"abcde"].concat();
        let obsolete = [&[0; 12][..], &made.u32(5), &made.u32(5), b"vwxyz"].concat();
        let short = |kind, body: &[u8]| block_of(made, kind, body, [body.len() as u32 + 12; 2]);
        let file = [
            short(0x0a0d_0d0a, &section),
            short(1, &interface),
            short(3, &simple),
            short(0xbad, b"unknown"),
            short(2, &obsolete),
            made.enhanced(0, 9, 1, b"z"),
        ]
        .concat();
        let (packets, error) = read(&file);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(packets, [kept(1, 0, 0, b"abcde"), kept(2, 0, 6, b"vwxyz"), kept(3, 9000, 6, b"z")]);
    }
}

#[test]
fn a_block_without_its_padding_is_damage() {
    let body = packet(LITTLE, b"abcde");
    let length = LITTLE.u32(body.len() as u32 + 12);
    let block = [&LITTLE.u32(6)[..], &length, &body, &length].concat();
    let (packets, error) = read(&[start(LITTLE), block.clone(), block].concat());
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(packets.is_empty() && text.contains("at its end"), "{text}");
}

#[test]
fn a_resolution_or_an_offset_of_a_wrong_length_does_not_count() {
    for made in [LITTLE, BIG] {
        let resolution = made.option(9, &[9]);
        for length in 0..20_usize {
            for (code, right) in [(9, 1), (14, 8)] {
                if length == right {
                    continue;
                }
                let wrong = made.option(code, &vec![3; length]);
                for (before, after, nanos, digits) in
                    [(&b""[..], &b""[..], 7000, 6), (&resolution, b"", 7, 9), (b"", &resolution, 7, 9)]
                {
                    let options = [before, &wrong, after].concat();
                    let file = [made.section(), made.interface(1, 0, &options), made.enhanced(0, 7, 1, b"z")].concat();
                    let (packets, error) = read(&file);
                    assert!(error.is_none(), "option {code} of {length} bytes: {error:?}");
                    assert_eq!(packets, [kept(1, nanos, digits, b"z")], "option {code}, {length}");
                }
            }
        }
    }
}

#[test]
fn the_first_of_repeated_options_counts() {
    for made in [LITTLE, BIG] {
        let offset = |seconds: i64| if made.big { seconds.to_be_bytes() } else { seconds.to_le_bytes() };
        let options =
            [made.option(9, &[9]), made.option(9, &[3]), made.option(14, &offset(5)), made.option(14, &offset(6))];
        let file = [made.section(), made.interface(1, 0, &options.concat()), made.enhanced(0, 7, 1, b"z")].concat();
        let (packets, error) = read(&file);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(packets, [kept(1, 5_000_000_007, 9, b"z")]);
    }
}
