//! Fragments in any cut, order and multiplicity, and the bounds on them.

use super::*;
use proptest::prelude::*;

/// One fragment of an IPv4 packet.
fn fragment4(id: u16, protocol: u8, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = ip4(protocol, payload);
    bytes[4..6].copy_from_slice(&id.to_be_bytes());
    let field = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
    bytes[6..8].copy_from_slice(&field.to_be_bytes());
    bytes
}

/// One fragment of an IPv6 packet.
fn fragment6(id: u32, protocol: u8, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let field = offset as u16 | u16::from(more);
    ip6(44, &join(&[&[protocol, 0], &field.to_be_bytes(), &id.to_be_bytes(), payload]))
}

type Cut = fn(u32, u8, usize, bool, &[u8]) -> Vec<u8>;

const VERSIONS: [Cut; 2] =
    [|id, protocol, offset, more, payload| fragment4(id as u16, protocol, offset, more, payload), fragment6];

/// A TCP segment without its IP header.
fn tcp(flags: u8, payload: &[u8]) -> Vec<u8> {
    Segment::between((FROM, 40000), (TO, 80)).seq(1000).flags(flags).payload(payload).transport()
}

fn decode_all(packets: &[Vec<u8>]) -> (Vec<Got>, Decoder) {
    let packets: Vec<_> = packets.iter().map(|bytes| (101, bytes.clone())).collect();
    decode_with(Config::default(), &packets)
}

#[test]
fn each_byte_of_a_segment_keeps_its_packet() {
    // SYN, PSH, FIN with data: the SYN on the first, the FIN on the last, numbers between.
    let segment = tcp(0x0b, b"0123456789abcdefghij");
    for cut in VERSIONS {
        let packets = [
            cut(7, 6, 32, false, &segment[32..]),
            cut(7, 6, 0, true, &segment[..24]),
            cut(7, 6, 24, true, &segment[24..32]),
        ];
        let (units, decoder) = decode_all(&packets);
        let got: Vec<_> = units.iter().map(|u| (u.packet, u.sequence, u.flags, u.payload.as_slice())).collect();
        let want: [(u64, u32, u8, &[u8]); 3] =
            [(2, 1000, 0x0a, b"0123"), (3, 1005, 0x08, b"456789ab"), (1, 1013, 0x09, b"cdefghij")];
        assert_eq!(got, want);
        for unit in &units {
            let at = unit.offset.unwrap() as usize;
            assert_eq!(packets[unit.packet as usize - 1][at..at + unit.payload.len()], unit.payload);
        }
        let counters = decoder.counters();
        assert_eq!((counters.tcp, counters.fragments, counters.reassembled), (1, 2, 1));
        assert_eq!(decoder.memory(), 0);
    }
}

#[test]
fn a_header_may_be_split_too() {
    let segment = tcp(0x18, b"payload");
    for cut in VERSIONS {
        let packets: Vec<_> = (0..segment.len())
            .step_by(8)
            .map(|at| cut(7, 6, at, at + 8 < segment.len(), &segment[at..segment.len().min(at + 8)]))
            .collect();
        let (units, _) = decode_all(&packets);
        let joined: Vec<u8> = units.iter().flat_map(|unit| unit.payload.clone()).collect();
        assert_eq!(joined, b"payload");
        assert_eq!(units[0].sequence, 1000);
    }
}

#[test]
fn a_segment_without_payload_is_one_unit() {
    let segment = tcp(0x11, b"");
    let (units, _) =
        decode_all(&[fragment4(7, 6, 0, true, &segment[..16]), fragment4(7, 6, 16, false, &segment[16..])]);
    assert_eq!(units.len(), 1);
    assert_eq!((units[0].flags, units[0].payload.len()), (0x11, 0));
}

#[test]
fn a_datagram_is_joined_and_a_tunnel_followed() {
    let datagram = udp4(5, 6, &[b'x'; 100]).split_off(20);
    let (units, _) =
        decode_all(&[fragment4(7, 17, 0, true, &datagram[..64]), fragment4(7, 17, 64, false, &datagram[64..])]);
    assert_eq!(units.len(), 1);
    assert_eq!((units[0].payload.as_slice(), units[0].packet, units[0].offset), (&[b'x'; 100][..], 1, Some(28)));
    // A segment in fragments within a packet that came in fragments itself.
    let segment = tcp(0x18, b"0123456789abcdef");
    let inner = [fragment4(1, 6, 0, true, &segment[..24]), fragment4(1, 6, 24, false, &segment[24..])];
    let mut packets = Vec::new();
    for (id, inner) in (1..).zip(&inner) {
        packets.push(fragment4(id, 4, 0, true, &inner[..24]));
        packets.push(fragment4(id, 4, 24, false, &inner[24..]));
    }
    let (units, _) = decode_all(&packets);
    let got: Vec<_> = units.iter().map(|unit| (unit.packet, unit.payload.as_slice())).collect();
    let want: [(u64, &[u8]); 3] = [(2, b"0123"), (3, b"4567"), (4, b"89abcdef")];
    assert_eq!(got, want);
}

#[test]
fn the_first_copy_wins_and_a_differing_one_is_counted() {
    let segment = tcp(0x18, b"0123456789abcdef0123");
    let evil = [b'!'; 24];
    for (name, second, differs) in [
        ("teardrop: inside an earlier one", fragment4(7, 6, 8, true, &evil[..8]), 1),
        ("over two earlier ones", fragment4(7, 6, 16, true, &evil[..16]), 1),
        ("the same again", fragment4(7, 6, 0, true, &segment[..24]), 0),
    ] {
        let (units, decoder) = decode_all(&[
            fragment4(7, 6, 0, true, &segment[..24]),
            fragment4(7, 6, 24, true, &segment[24..32]),
            second,
            fragment4(7, 6, 32, false, &segment[32..]),
        ]);
        let joined: Vec<u8> = units.iter().flat_map(|unit| unit.payload.clone()).collect();
        assert_eq!(joined, b"0123456789abcdef0123", "{name}");
        assert_eq!(decoder.counters().fragments_differed, differs, "{name}");
    }
}

#[test]
fn impossible_fragments_are_refused() {
    for (bytes, reason) in [
        (fragment4(7, 17, 65_528, false, &[0; 100]), "ip: fragment beyond 65535 bytes"),
        (fragment4(7, 17, 8, true, &[0; 7]), "ip: empty fragment"),
        (fragment6(7, 17, 8, true, &[0; 9]), "ip: fragment length not a multiple of 8"),
    ] {
        assert_eq!(decode(101, &bytes), (vec![], reason.to_owned()));
    }
    let (_, decoder) = decode_all(&[fragment4(7, 17, 8, false, &[0; 8]), fragment4(7, 17, 16, true, &[0; 8])]);
    assert_eq!(decoder.counters().not_understood()["ip: fragments disagree on the end"], 1);
}

#[test]
fn what_has_no_stream_is_handed_out_whole() {
    let message: Vec<u8> = (0..60).collect();
    for protocol in [1, 2, 132, 136, 253] {
        let mut decoder = Decoder::default();
        let mut handed_out = Vec::new();
        let packets =
            [fragment4(7, protocol, 0, true, &message[..32]), fragment4(7, protocol, 32, false, &message[32..])];
        for (number, bytes) in (1..).zip(&packets) {
            decoder.packet(&packet(number, Timestamp::default(), LinkType::RAW, bytes), &mut |unit| {
                if let Unit::Datagram(datagram) = unit {
                    handed_out.push((number, datagram.four_tuple, datagram.payload.to_vec()));
                }
            });
        }
        assert_eq!(handed_out, [(2, None, message.clone())], "protocol {protocol}");
        assert!(decoder.counters().not_read().is_empty(), "protocol {protocol}");
    }
}

#[test]
fn a_cut_fragment_leaves_a_hole() {
    let segment = tcp(0x18, &[b'x'; 44]);
    let mut decoder = Decoder::default();
    let mut units = Vec::new();
    let packets = [fragment4(7, 6, 0, true, &segment[..32]), fragment4(7, 6, 32, false, &segment[32..])];
    for (number, bytes) in (1..).zip(&packets) {
        let whole = packet(number, Timestamp::default(), LinkType::RAW, bytes);
        let packet = Packet { data: &bytes[..bytes.len() - 2], ..whole };
        decoder.packet(&packet, &mut |unit| units.extend(Got::from(unit)));
    }
    let got: Vec<_> = units.iter().map(|u| (u.sequence, u.payload.len(), u.missing)).collect();
    assert_eq!(got, [(1000, 10, 2), (1012, 30, 2)]);
}

#[test]
fn old_fragments_go_by_time_and_by_packets() {
    let segment = tcp(0x18, b"0123456789abcdef");
    let (first, last) = (fragment4(7, 6, 0, true, &segment[..24]), fragment4(7, 6, 24, false, &segment[24..]));
    let noise = (101, ip4(1, &[0; 8]));
    let by_time = Config { fragment_age_nanos: 5_000_000_000, ..Config::default() };
    let by_packets = Config { fragment_age_packets: 5, ..Config::default() };
    for config in [by_time, by_packets] {
        for (between, found) in [(4, 1), (5, 0)] {
            let mut packets = vec![(101, first.clone())];
            packets.extend(std::iter::repeat_n(noise.clone(), between));
            packets.push((101, last.clone()));
            let (units, decoder) = decode_with(config, &packets);
            assert_eq!(units.len(), 2 * found, "{between} between");
            let counters = decoder.counters();
            assert_eq!((counters.fragments_too_old, counters.fragments_lost_tcp), (1 - found as u64, 1 - found as u64));
        }
    }
}

#[test]
fn a_hundred_thousand_unfinished_datagrams_stay_within_the_bound() {
    let config = Config { fragment_memory: 1 << 20, ..Config::default() };
    let mut decoder = Decoder::new(config);
    let segment = tcp(0x18, &[b'x'; 100]);
    let mut found = 0;
    for number in 1..=100_000_u32 {
        let mut bytes = fragment4(number as u16, 6, 0, true, &segment[..64]);
        bytes[12..16].copy_from_slice(&number.to_be_bytes());
        let mut feed = |bytes: &[u8]| {
            let packet = packet(number.into(), Timestamp::default(), LinkType::RAW, bytes);
            decoder.packet(&packet, &mut |_| found += 1);
            assert!(decoder.memory() <= config.fragment_memory);
        };
        feed(&bytes);
        // A real one in between is still put together.
        if number % 10_000 == 0 {
            feed(&fragment4(9, 6, 64, false, &segment[64..]));
            feed(&fragment4(9, 6, 0, true, &segment[..64]));
        }
    }
    assert_eq!(found, 20);
    decoder.finish();
    let counters = decoder.counters();
    assert!(counters.fragments_evicted > 90_000);
    assert_eq!(counters.fragments_evicted + counters.fragments_unfinished, 100_000);
    assert_eq!(counters.fragments_lost_tcp, 100_000);
    assert_eq!(counters.accounted(), counters.packets);
}

proptest! {
    /// Any cutting, order and repetition of a packet's fragments gives its bytes.
    #[test]
    fn any_fragmentation_gives_the_same_bytes(
        payload in proptest::collection::vec(any::<u8>(), 0..600),
        cuts in proptest::collection::vec(1..80_usize, 1..20),
        order in proptest::collection::vec((any::<u16>(), 0..20_usize), 0..60),
        version in 0..2_usize,
        flags in any::<u8>(),
    ) {
        let segment = tcp(flags, &payload);
        let mut ends: Vec<usize> = cuts.iter().scan(0, |at, units| { *at += units * 8; Some(*at) })
            .filter(|&end| end < segment.len()).collect();
        ends.push(segment.len());
        let mut fragments = Vec::new();
        let mut start = 0;
        for end in ends {
            fragments.push(VERSIONS[version](7, 6, start, end < segment.len(), &segment[start..end]));
            start = end;
        }
        // Shuffled by sort, with some of them again; each at least once.
        let mut packets: Vec<(u16, usize)> = order.iter().map(|&(rank, n)| (rank, n % fragments.len())).collect();
        for index in 0..fragments.len() {
            if !packets.iter().any(|&(_, n)| n == index) {
                packets.push(((index as u16).wrapping_mul(40503), index));
            }
        }
        packets.sort_unstable();
        let packets: Vec<_> = packets.into_iter().map(|(_, index)| (101, fragments[index].clone())).collect();
        let roomy = Config { fragment_age_nanos: i64::MAX, ..Config::default() };
        let (units, _) = decode_with(roomy, &packets);
        // The whole may come more than once; each time with all its bytes.
        let mut whole = Vec::new();
        let mut times = 0;
        let syn = u32::from(flags & 2 != 0);
        for unit in &units {
            let position = if whole.is_empty() { 0 } else { whole.len() as u32 + syn };
            prop_assert_eq!(unit.sequence, 1000 + position);
            whole.extend_from_slice(&unit.payload);
            let at = unit.offset.unwrap() as usize;
            prop_assert_eq!(&packets[unit.packet as usize - 1].1[at..at + unit.payload.len()], &unit.payload[..]);
            if whole.len() == payload.len() {
                prop_assert_eq!(&whole, &payload);
                whole.clear();
                times += 1;
            }
        }
        prop_assert!(times >= 1);
        prop_assert!(whole.is_empty());
    }
}
