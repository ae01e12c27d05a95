//! Cuts, lengths beyond reason, bombs and garbage; and what comes in pieces or several files.

use super::super::Files;
use super::{BIG, LITTLE, gzip, read, read_from, small_pcap, small_pcapng, zstd};
use crate::capture::error::Error;
use crate::capture::fuzz::fuzz_file;
use crate::packet::PacketId;
use proptest::prelude::*;
use std::io::{Cursor, Read};

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
        (pcapng(&[&LITTLE.u32(9)[..], &LITTLE.u32(6)].concat()), "length 6"),
        (pcapng(&[&LITTLE.u32(9)[..], &LITTLE.u32(u32::MAX)].concat()), "length 4294967295"),
        (pcapng(&bad_end), "16 at its start and 20 at its end"),
        (pcapng(&huge), "claims 4294967292 bytes"),
        (pcapng(&inner), "claims 50 bytes in a block that has room for 0"),
        (pcapng(&LITTLE.enhanced(1, 0, 0, b"")), "interface 1"),
        (pcapng(&option), "beyond its block"),
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
        let made = if big { BIG } else { LITTLE };
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
        // What comes byte by byte goes the long way.
        let dripping = Files::from_reader("made", Dripping(Cursor::new(file.clone()), 1));
        let ((packets, error), (wanted, wanted_error)) = (read(&file), read_from(dripping));
        prop_assert_eq!(packets, wanted);
        let told = |error: Option<Error>| error.map(|error| error.to_string());
        prop_assert_eq!(told(error), told(wanted_error));
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
fn a_file_that_is_opened_later_is_the_one_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (change, error) in
        [("nothing", None), ("replace", Some("another file has taken its place")), ("remove", Some("No such file"))]
    {
        for name in ["a", "b", "c"] {
            std::fs::write(at(name), small_pcap()).unwrap();
        }
        let mut files = Files::open_with(["a", "b", "c"].map(at), 1, |file| Box::new(file)).unwrap();
        assert_eq!(files.opened_later(), ["b", "c"].map(at));
        match change {
            "replace" => {
                std::fs::write(at("new"), small_pcap()).unwrap();
                std::fs::rename(at("new"), at("b")).unwrap();
            }
            "remove" => std::fs::remove_file(at("b")).unwrap(),
            _ => {}
        }
        let (mut seen, mut errors) = (Vec::new(), Vec::new());
        loop {
            match files.next() {
                Ok(Some(packet)) => seen.push(packet.id.file()),
                Ok(None) => break,
                Err(error) => errors.push(error.to_string()),
            }
        }
        seen.dedup();
        assert_eq!(seen, if error.is_some() { vec![0, 2] } else { vec![0, 1, 2] }, "{change}: {errors:?}");
        assert_eq!(errors.len(), usize::from(error.is_some()), "{change}: {errors:?}");
        assert!(errors.iter().all(|said| said.contains(error.unwrap_or_default())), "{change}: {errors:?}");
    }
}
