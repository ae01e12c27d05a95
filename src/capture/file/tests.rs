//! The readers over captures made by hand, in every variant, whole and broken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Files;
use crate::capture::error::Error;
use crate::capture::filter::Filter;
use crate::capture::fuzz::fuzz_file;
use crate::packet::{LinkType, PacketId, Timestamp};
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};

/// A packet as read, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    number: u64,
    nanos: i64,
    digits: u8,
    link_type: u16,
    data: Vec<u8>,
    original: u32,
    interface: u32,
}

fn read(bytes: &[u8]) -> (Vec<Kept>, Option<Error>) {
    read_from(Files::from_reader("made", Cursor::new(bytes.to_vec())))
}

fn read_from(mut files: Files) -> (Vec<Kept>, Option<Error>) {
    let mut all = Vec::new();
    loop {
        match files.next() {
            Ok(Some(packet)) => all.push(Kept {
                number: packet.id.number(),
                nanos: packet.timestamp.nanos(),
                digits: packet.timestamp.digits(),
                link_type: packet.link_type.0,
                data: packet.data.to_vec(),
                original: packet.original_length,
                interface: packet.interface,
            }),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy)]
struct Made {
    big: bool,
}

const LITTLE: Made = Made { big: false };
const BIG: Made = Made { big: true };

impl Made {
    fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u32(self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn pcap(self, magic: u32, version: (u16, u16), snaplen: u32, link_type: u32) -> Vec<u8> {
        let (major, minor) = version;
        let words = [self.u32(0), self.u32(0), self.u32(snaplen), self.u32(link_type)];
        [&self.u32(magic)[..], &self.u16(major), &self.u16(minor), &words.concat()].concat()
    }

    fn record(self, seconds: u32, fraction: u32, lengths: (u32, u32), extra: &[u8], data: &[u8]) -> Vec<u8> {
        let (first, second) = lengths;
        let head = [self.u32(seconds), self.u32(fraction), self.u32(first), self.u32(second)].concat();
        [&head[..], extra, data].concat()
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let total = self.u32(body.len() as u32 + 12);
        [&self.u32(kind)[..], &total, &body, &total].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn interface(self, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        self.block(1, &[&self.u16(link_type)[..], &[0, 0], &self.u32(snaplen), options].concat())
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut padded = value.to_vec();
        padded.resize(value.len().next_multiple_of(4), 0);
        [&self.u16(code)[..], &self.u16(value.len() as u16), &padded].concat()
    }

    fn enhanced(self, interface: u32, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [interface, (time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        let mut body = [&head.concat()[..], data].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.option(1, b"a comment"));
        body.extend([0; 4]);
        self.block(6, &body)
    }

    fn obsolete(self, interface: u16, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [(time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        self.block(2, &[&self.u16(interface)[..], &[0xff, 0xff], &head.concat(), data].concat())
    }

    fn simple(self, original: u32, data: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.u32(original)[..], data].concat())
    }
}

fn kept(number: u64, nanos: i64, digits: u8, data: &[u8]) -> Kept {
    Kept { number, nanos, digits, link_type: 1, data: data.to_vec(), original: data.len() as u32, interface: 0 }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

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

fn small_pcap() -> Vec<u8> {
    let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 65535, 1);
    for n in 0..5_u8 {
        file.extend(LITTLE.record(n.into(), 0, (n.into(), n.into()), b"", &vec![n; n.into()]));
    }
    file
}

fn small_pcapng() -> Vec<u8> {
    let mut file = [LITTLE.section(), LITTLE.interface(1, 0, b"")].concat();
    for n in 0..5_u8 {
        file.extend(LITTLE.enhanced(0, n.into(), n.into(), &vec![n; n.into()]));
    }
    file
}

#[test]
fn reads_compressed_captures_of_several_members() {
    for file in [small_pcap(), small_pcapng()] {
        let (want, _) = read(&file);
        assert_eq!(want.len(), 5);
        let (a, b) = file.split_at(file.len() / 2);
        let skippable = [&[0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9][..], &zstd(&file)].concat();
        for packed in [gzip(&file), zstd(&file), [gzip(a), gzip(b)].concat(), [zstd(a), zstd(b)].concat(), skippable] {
            let (packets, error) = read(&packed);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(packets, want);
        }
    }
}

#[test]
fn a_cut_anywhere_gives_all_whole_packets_before_it() {
    for file in [small_pcap(), small_pcapng()] {
        let (all, _) = read(&file);
        let mut whole = 0;
        for cut in 4..file.len() {
            let (packets, error) = read(&file[..cut]);
            assert!(packets.len() >= whole, "a longer file has fewer packets at {cut}");
            whole = packets.len();
            assert_eq!(packets, all[..whole]);
            match error {
                Some(Error::Truncated { packet, offset, .. }) => {
                    assert_eq!(packet, whole as u64 + 1);
                    assert!(offset < cut as u64);
                }
                // Between two records nobody can tell; before pcapng's magic it is no capture.
                None => assert!(file.len() - cut > 4),
                Some(Error::NotACapture { .. }) => assert!(cut < 12),
                Some(other) => panic!("{other}"),
            }
        }
        assert_eq!(whole, 4);
    }
}

#[test]
fn a_cut_compressed_file_gives_what_stood_before_the_cut() {
    let mut file = small_pcap();
    for n in 0..2000_u32 {
        file.extend(LITTLE.record(n, n, (4, 4), b"", &n.wrapping_mul(2_654_435_761).to_le_bytes()));
    }
    let (all, _) = read(&file);
    for packed in [gzip(&file), zstd(&file)] {
        let (packets, error) = read(&packed[..packed.len() - 9]);
        assert!(error.is_some_and(|error| error.is_truncated()));
        assert_eq!(packets, all[..packets.len()]);
    }
    let mut damaged = gzip(&file);
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let (packets, error) = read(&damaged);
    assert!(matches!(error, Some(Error::Read { .. } | Error::Malformed { .. })), "{error:?}");
    assert!(packets.len() < all.len());
}

#[test]
fn lengths_beyond_reason_are_errors_and_no_allocations() {
    let mut pcap = small_pcap();
    pcap.extend(LITTLE.record(0, 0, (u32::MAX, u32::MAX), b"", b"short"));
    let pcapng = |block: &[u8]| [&small_pcapng()[..], block].concat();
    let bad_end = {
        let mut block = LITTLE.block(0xbad, b"body");
        let last = block.len() - 4;
        block[last] ^= 4;
        block
    };
    let huge = [&LITTLE.u32(6)[..], &LITTLE.u32(0xffff_fffc)].concat();
    let inner = LITTLE.block(6, &[0, 0, 0, 50, 50].map(|n| LITTLE.u32(n)).concat());
    let option = LITTLE.interface(1, 0, &[&LITTLE.u16(2)[..], &LITTLE.u16(9), &[0; 4]].concat());
    for (file, what) in [
        (pcap, "claims 4294967295 bytes"),
        (pcapng(&LITTLE.block(6, b"")), "length 12"),
        (pcapng(&[&LITTLE.u32(9)[..], &LITTLE.u32(4)].concat()), "length 4"),
        (pcapng(&[&LITTLE.u32(9)[..], &LITTLE.u32(14)].concat()), "length 14"),
        (pcapng(&bad_end), "16 at its start and 20 at its end"),
        (pcapng(&huge), "claims 4294967292 bytes"),
        (pcapng(&inner), "claims 50 bytes in a block that has room for 0"),
        (pcapng(&LITTLE.enhanced(1, 0, 0, b"")), "interface 1"),
        (pcapng(&option), "beyond its block"),
        (pcapng(&LITTLE.interface(1, 0, &LITTLE.option(9, b"ab"))), "option 9"),
        (pcapng(&LITTLE.enhanced(0, 0, 0, &vec![0; 300_000])), ""),
    ] {
        let (packets, error) = read(&file);
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(packets.len() >= 5 && text.contains(what), "{what}: {text}");
    }
}

#[test]
fn says_what_a_file_is_that_is_no_capture() {
    for (bytes, want) in [
        (&b""[..], "made is no capture: it looks like an empty file; capture again: nothing was written to it"),
        (b"\x89PNG\r\n\x1a\n", "made is no capture: it looks like a PNG image"),
        (b"\xd4", "made is no capture: it looks like a file of 1 byte, too short for any capture"),
        (
            &gzip(b"<html>"),
            "made is no capture: it looks like gzip of an HTML page; perhaps a download that ended at a login or error page",
        ),
        (
            &gzip(&gzip(b"")),
            "made is no capture: it looks like gzip of gzip within a compressed file; unpack it once and give that",
        ),
        (&zstd(b"\x7fELF"), "made is no capture: it looks like zstd of an ELF program"),
    ] {
        assert_eq!(read(bytes).1.expect("an error").to_string(), want);
    }
    let error = Files::open([std::env::temp_dir()]).expect_err("a directory").to_string();
    assert!(error.ends_with("is no capture: it looks like a directory; give the files in it"), "{error}");
    let error = Files::open(["/no/such/file"]).expect_err("no file").to_string();
    assert_eq!(error, "cannot open /no/such/file: No such file or directory");
}

#[test]
fn says_where_a_capture_is_cut_off() {
    let file = small_pcap();
    for (length, want) in [
        (20, "made is cut off within its own header, before any packet"),
        (30, "made is cut off within packet 1, whose record starts at byte 24; there is none before it"),
        (56, "made is cut off within packet 2, whose record starts at byte 40; the one before it was read"),
        (109, "made is cut off within packet 5, whose record starts at byte 94; the 4 before it were read"),
    ] {
        assert_eq!(read(&file[..length]).1.expect("cut").to_string(), want);
    }
}

#[test]
fn several_files_are_one_capture_that_goes_on_after_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> =
        ["a.pcap", "b.pcap", "c.txt", "d.pcapng.gz"].iter().map(|name| folder.path().join(name)).collect();
    std::fs::write(&paths[0], small_pcap()).unwrap();
    std::fs::write(&paths[1], &small_pcap()[..60]).unwrap();
    std::fs::write(&paths[2], "no capture").unwrap();
    std::fs::write(&paths[3], gzip(&small_pcapng())).unwrap();
    let mut files = Files::open(&paths).unwrap();
    assert!(files.reads(&paths[1]) && !files.reads(&folder.path().join("e.pcap")));
    let progress = files.progress();
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    loop {
        match files.next() {
            Ok(Some(packet)) => ids.push((packet.id, packet.interface)),
            Ok(None) => break,
            Err(error) => errors.push(error),
        }
    }
    let want: Vec<_> = [(0, 5, 0), (1, 2, 1), (3, 5, 2)]
        .into_iter()
        .flat_map(|(file, count, interface)| (1..=count).map(move |number| (PacketId::new(file, number), interface)))
        .collect();
    assert_eq!(ids, want);
    assert!(matches!(errors[..], [Error::Truncated { packet: 3, .. }, Error::NotACapture { .. }]), "{errors:?}");
    assert_eq!(progress.total(), Some(paths.iter().map(|path| path.metadata().unwrap().len()).sum()));
    assert_eq!(Some(progress.read()), progress.total());
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

/// Gives a few bytes at a time, as pipes do.
struct Dripping(Cursor<Vec<u8>>, usize);

impl Read for Dripping {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(into.len());
        self.0.read(&mut into[..count])
    }
}

#[test]
fn decompression_bombs_end() {
    let mut bomb = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 0, 1);
    bomb.resize(64 << 20, 0);
    assert_eq!(fuzz_file(&gzip(&bomb)), ((16 << 20) - 24) / 16);
}

proptest! {
    #[test]
    fn bytes_that_come_in_pieces_are_the_same_capture(step in 1_usize..50, big in any::<bool>()) {
        let made = Made { big };
        let mut file = made.pcap(0xa1b2_3c4d, (2, 4), 0, 101);
        for length in [0, 1, 700, 3] {
            file.extend(made.record(1, 2, (length, length), b"", &vec![7; length as usize]));
        }
        let dripping = read_from(Files::from_reader("made", Dripping(Cursor::new(file.clone()), step)));
        prop_assert_eq!(dripping.0, read(&file).0);
    }

    #[test]
    fn garbage_never_panics(head in 0_usize..6, tail in proptest::collection::vec(any::<u8>(), 0..600)) {
        let heads = [
            Vec::new(),
            LITTLE.pcap(0xa1b2_c3d4, (2, 4), 0, 1),
            BIG.pcap(0xa1b2_cd34, (2, 3), 9, 1),
            [LITTLE.section(), LITTLE.interface(1, 0, b"")].concat(),
            BIG.section(),
            vec![0x1f, 0x8b, 8],
        ];
        fuzz_file(&[&heads[head][..], &tail].concat());
    }

    #[test]
    fn damage_never_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>(), ng in any::<bool>()) {
        let mut file = if ng { small_pcapng() } else { small_pcap() };
        let at = at.index(file.len());
        file[at] = byte;
        fuzz_file(&file);
        fuzz_file(&zstd(&file));
    }

    #[test]
    fn big_records_grow_the_buffer(length in 200_000_u32..262_145) {
        let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 0, 1);
        for _ in 0..3 {
            file.extend(LITTLE.record(0, 0, (length, length), b"", &vec![1; length as usize]));
        }
        file.extend(LITTLE.record(0, 0, (900_000, 900_000), b"", &vec![2; 900_000]));
        let (packets, error) = read(&file);
        prop_assert!(error.is_none());
        prop_assert_eq!(packets.iter().map(|packet| packet.data.len()).sum::<usize>(), length as usize * 3 + 900_000);
    }
}

#[test]
fn no_time_is_the_epoch() {
    let file = [LITTLE.section(), LITTLE.interface(1, 0, b""), LITTLE.simple(1, b"a")].concat();
    assert_eq!(read(&file).0[0].nanos, Timestamp::default().nanos());
}
