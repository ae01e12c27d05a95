//! What pcap and pcapng say, in every byte order, version and unit.

use super::super::Files;
use super::{BIG, Kept, LITTLE, kept, read, read_from};
use crate::capture::filter::Filter;
use crate::packet::{LinkType, Timestamp};
use std::io::Cursor;

#[test]
fn reads_pcap_in_both_orders_resolutions_and_header_lengths() {
    for made in [LITTLE, BIG] {
        for (magic, extra, nanos, digits) in [
            (0xa1b2_c3d4, 0, 7_000_000_005_000, 6),
            (0xa1b2_3c4d, 0, 7_000_000_000_005, 9),
            (0xa1b2_cd34, 8, 7_000_000_005_000, 6),
        ] {
            let mut file = made.pcap(magic, (2, 4), 65535, 1);
            file.extend(made.record(7000, 5, (3, 3), &vec![0xee; extra], b"abc"));
            file.extend(made.record(7000, 5, (0, 0), &vec![0xee; extra], b""));
            let (packets, error) = read(&file);
            assert_eq!(packets, [kept(1, nanos, digits, b"abc"), kept(2, nanos, digits, b"")], "{magic:x}");
            assert!(error.is_none(), "{error:?}");
        }
    }
}

#[test]
fn old_versions_write_the_lengths_the_other_way_round() {
    for (version, lengths, want) in
        [((2, 4), (3, 9), 9), ((2, 2), (9, 3), 9), ((543, 0), (9, 3), 9), ((2, 3), (9, 3), 9), ((2, 3), (3, 9), 9)]
    {
        let mut file = LITTLE.pcap(0xa1b2_c3d4, version, 65535, 1);
        file.extend(LITTLE.record(0, 0, lengths, b"", b"abc"));
        let (packets, error) = read(&file);
        assert!(error.is_none(), "{version:?}: {error:?}");
        assert_eq!((packets[0].data.as_slice(), packets[0].original), (&b"abc"[..], want), "{version:?}");
    }
}

#[test]
fn reads_records_longer_than_the_snapshot_length_and_never_shorter_on_the_wire() {
    let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 2, 0x1400_0001);
    file.extend(LITTLE.record(0, 0, (5, 4), b"", b"abcde"));
    let (packets, error) = read(&file);
    assert!(error.is_none());
    assert_eq!(packets, [kept(1, 0, 6, b"abcde")], "the link type is the low half alone");
}

#[test]
fn times_after_2038_and_fractions_beyond_a_second_are_kept() {
    let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 0, 1);
    file.extend(LITTLE.record(u32::MAX, 1_500_000, (0, 0), b"", b""));
    assert_eq!(read(&file).0[0].nanos, (i64::from(u32::MAX) + 1) * 1_000_000_000 + 500_000_000);
}

#[test]
fn reads_pcapng_with_sections_interfaces_and_blocks_of_every_kind() {
    let mut file = Vec::new();
    let mut want = Vec::new();
    for (section, made) in [LITTLE, BIG].into_iter().enumerate() {
        let (base, first) = (section as u32 * 2, section as u64 * 4);
        file.extend(made.section());
        file.extend(made.block(0xbad, b"unknown")); // before any interface
        file.extend(made.interface(1, 0, &made.option(2, b"eth0")));
        file.extend(made.interface(113, 96, &[made.option(9, &[9]), vec![0; 4]].concat()));
        file.extend(made.enhanced(0, 1_000_001, 3, b"abc"));
        file.extend(made.enhanced(1, 1_000_001, 70, b"defgh"));
        file.extend(made.block(5, b"statistics"));
        file.extend(made.obsolete(1, 2, 1, b"z"));
        file.extend(made.simple(4, b"wxyz"));
        want.extend([
            Kept { interface: base, ..kept(first + 1, 1_000_001_000, 6, b"abc") },
            Kept { interface: base + 1, link_type: 113, original: 70, ..kept(first + 2, 1_000_001, 9, b"defgh") },
            Kept { interface: base + 1, link_type: 113, ..kept(first + 3, 2, 9, b"z") },
            Kept { interface: base, ..kept(first + 4, 0, 0, b"wxyz") },
        ]);
    }
    let mut files = Files::from_reader("made", Cursor::new(file.clone()));
    let interfaces = files.interfaces();
    while files.next().unwrap().is_some() {}
    assert_eq!(read(&file).0, want);
    let names: Vec<_> = interfaces.all().into_iter().map(|it| (it.name, it.link_type, it.snaplen)).collect();
    let eth = (Some("eth0".to_owned()), LinkType::ETHERNET, 0);
    let cooked = (None, LinkType::LINUX_SLL, 96);
    assert_eq!(names, [eth.clone(), cooked.clone(), eth, cooked]);
}

#[test]
fn simple_packets_are_cut_by_the_snapshot_length() {
    let file = [LITTLE.section(), LITTLE.interface(1, 5, b""), LITTLE.simple(900, b"abcde")].concat();
    assert_eq!(read(&file).0, [Kept { original: 900, ..kept(1, 0, 0, b"abcde") }]);
}

#[test]
fn interfaces_count_time_in_their_own_units() {
    for (resolution, offset, time, nanos, digits) in [
        (None, 0, 1_500_000, 1_500_000_000, 6),
        (Some(0), 0, 3, 3_000_000_000, 0),
        (Some(3), 0, 1_500, 1_500_000_000, 3),
        (Some(9), 0, 1_500, 1_500, 9),
        (Some(12), 0, 1_999_999, 1_999, 9),
        (Some(28), 0, u64::MAX, 1, 9),
        (Some(127), 0, u64::MAX, 0, 9),
        (Some(0x80), 0, 2, 2_000_000_000, 9),
        (Some(0x8a), 0, 1536, 1_500_000_000, 9),
        (Some(0xbf), 0, u64::MAX, 1_999_999_999, 9),
        (Some(0xff), 0, u64::MAX, 0, 9),
        (Some(6), 100, 1, 100_000_001_000, 6),
        (Some(6), -1, 0, -1_000_000_000, 6),
        (Some(0), 0, u64::MAX, i64::MAX, 0),
        (Some(0), i64::MIN, 0, i64::MIN, 0),
    ] {
        for made in [LITTLE, BIG] {
            let mut options = resolution.map(|byte| made.option(9, &[byte])).unwrap_or_default();
            let offset_bytes = if made.big { offset.to_be_bytes() } else { i64::to_le_bytes(offset) };
            options.extend(made.option(14, &offset_bytes));
            let file = [made.section(), made.interface(1, 0, &options), made.enhanced(0, time, 0, b"")].concat();
            let (packets, error) = read(&file);
            assert!(error.is_none(), "{error:?}");
            assert_eq!((packets[0].nanos, packets[0].digits), (nanos, digits), "{resolution:?} {offset} {time}");
        }
    }
}

#[test]
fn no_time_is_the_epoch() {
    let file = [LITTLE.section(), LITTLE.interface(1, 0, b""), LITTLE.simple(1, b"a")].concat();
    assert_eq!(read(&file).0[0].nanos, Timestamp::default().nanos());
}

#[test]
fn numbers_count_what_a_filter_drops() {
    let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 65535, 1);
    for length in [10, 60, 10, 60] {
        file.extend(LITTLE.record(0, 0, (length, length), b"", &vec![0; length as usize]));
    }
    let filter = Filter::new("greater 50").unwrap();
    let (packets, _) = read_from(Files::from_reader("made", Cursor::new(file)).filtered(Some(filter)));
    assert_eq!(packets.iter().map(|packet| packet.number).collect::<Vec<_>>(), [2, 4]);
}
