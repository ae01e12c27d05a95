//! One capture read in every way: the same packets, the same errors at the same places.

use super::{BIG, Files, Kept, LITTLE, gzip};
use crate::capture::file::buffer::Window;
use crate::kit::capture::Writer;
use proptest::prelude::*;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;

/// All that a capture says: packets and errors in their order, then its interfaces.
fn said(mut files: Files, stepwise: bool) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let next = if stepwise { files.next_stepwise() } else { files.next() };
        match next {
            Ok(Some(packet)) => all.push(format!("{:?} {:?}", packet.id.file(), Kept::from(packet))),
            Ok(None) => break,
            Err(error) => all.push(format!("{error:?}")),
        }
    }
    all.push(format!("{:?}", files.interfaces()));
    all
}

/// Gives a few bytes at a time, and is interrupted in between.
struct Trickle {
    input: Cursor<Vec<u8>>,
    most: usize,
    turn: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(5) {
            return Err(ErrorKind::Interrupted.into());
        }
        let most = into.len().min(1 + self.turn * 7 % self.most);
        self.input.read(&mut into[..most])
    }
}

/// Whether two ways gave the same.
fn same(way: &str, got: &[String], want: &[String]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got, want, "{}", way);
    Ok(())
}

/// Reads `bytes` in every way, by windows of about `size`, and from a file in `folder` where that is
/// not `None`.
fn every_way(bytes: &[u8], size: usize, folder: Option<&Path>) -> Result<Vec<String>, TestCaseError> {
    let whole = || Files::from_reader("a capture", Cursor::new(bytes.to_vec()));
    let window = Window { read: size, mapped: size };
    let want = said(whole(), true);
    same("in one step", &said(whole(), false), &want)?;
    for thorough in [false, true] {
        let trickle = Trickle { input: Cursor::new(bytes.to_vec()), most: size, turn: 0 };
        let mut files = Files::from_reader("a capture", trickle).thorough(thorough);
        files.window = window;
        same("little by little", &said(files, thorough), &want)?;
        let mut files = whole().thorough(thorough);
        files.window = window;
        same("by a small window", &said(files, !thorough), &want)?;
    }
    let is_plain = !matches!(bytes, [0x1f, 0x8b, ..] | [0x28, 0xb5, ..] | [0x50..=0x5f, 0x2a, ..]);
    // What is no capture is called what it looks like, and a compressed one that too.
    if is_plain && !want.iter().any(|one| one.starts_with("NotACapture")) {
        let mut files = Files::from_reader("a capture", Cursor::new(gzip(bytes)));
        files.window = window;
        same("compressed", &said(files, false), &want)?;
    }
    let Some(folder) = folder else { return Ok(want) };
    let path = folder.join("capture");
    std::fs::write(&path, bytes).unwrap();
    let twice: Vec<String> = want.iter().map(|one| one.replace("a capture", &path.display().to_string())).collect();
    for (stepwise, thorough, mapped) in
        [(false, false, true), (false, true, true), (true, false, true), (false, false, false)]
    {
        let files = Files::open([&path]).unwrap().thorough(thorough);
        let mut files = if mapped { files.mapped() } else { files };
        files.window = window;
        same("from a file", &said(files, stepwise), &twice)?;
    }
    // Of two files the second one does not depend on what became of the first.
    let both = [false, true].map(|stepwise| {
        let mut files = Files::open([&path, &path]).unwrap().mapped();
        files.window = window;
        said(files, stepwise)
    });
    prop_assert_eq!(&both[0], &both[1]);
    prop_assert_eq!(both[0].len() + 1, want.len() * 2);
    Ok(want)
}

fn order() -> impl Strategy<Value = Writer> {
    any::<bool>().prop_map(|big| if big { BIG } else { LITTLE })
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![1 => Just(0), 8 => 1..80_usize, 1 => 80..700_usize];
    (length, any::<u8>()).prop_map(|(length, first)| (0..length).map(|at| (at as u8).wrapping_add(first)).collect())
}

/// Another number in the place of one that is nearly always right.
fn instead() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![20 => Just(None), 1 => (0..100_u32).prop_map(Some), 1 => any::<u32>().prop_map(Some)]
}

fn snaplen() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(65_535), Just(40), any::<u32>()]
}

fn link_type() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(1), 1 => Just(101), 1 => Just(189), 1 => any::<u16>()]
}

fn pcap() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop::sample::select(&[0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xa1b2_cd34][..]);
    let version = prop_oneof![6 => Just((2, 4)), 1 => Just((2, 3)), 1 => Just((2, 2)), 1 => Just((543, 0))];
    let record = (any::<u32>(), prop_oneof![4 => 0..1_000_000_u32, 1 => any::<u32>()], data(), instead(), instead());
    let high = prop_oneof![4 => Just(0_u32), 1 => any::<u16>().prop_map(|high| u32::from(high) << 16)];
    (order(), magic, version, snaplen(), (link_type(), high), prop::collection::vec(record, 0..12)).prop_map(
        |(made, magic, version, snaplen, (link_type, high), records)| {
            let mut file = made.pcap(magic, version, snaplen, u32::from(link_type) | high);
            let extra: &[u8] = if magic == 0xa1b2_cd34 { &[7; 8] } else { b"" };
            for (seconds, fraction, data, captured, original) in records {
                let length = data.len() as u32;
                let lengths = (captured.unwrap_or(length), original.unwrap_or(length));
                file.extend(made.record(seconds, fraction, lengths, extra, &data));
            }
            file
        },
    )
}

/// A block of pcapng.
#[derive(Debug, Clone)]
enum Block {
    Section(Writer),
    Interface { link_type: u16, snaplen: u32, options: Vec<(u16, Vec<u8>)> },
    Enhanced { interface: u32, time: u64, original: Option<u32>, data: Vec<u8>, captured: Option<u32>, ends: bool },
    Obsolete { interface: u16, time: u64, original: Option<u32>, data: Vec<u8> },
    Simple { original: Option<u32>, data: Vec<u8> },
    Other { kind: u32, data: Vec<u8> },
}

fn block() -> impl Strategy<Value = Block> {
    let option = prop_oneof![
        2 => prop_oneof![0..20_u8, any::<u8>()].prop_map(|resolution| (9, vec![resolution])),
        2 => prop_oneof![
            Just([0; 8]),
            any::<i8>().prop_map(|by| i64::from(by).to_le_bytes()),
            any::<[u8; 8]>(),
        ].prop_map(|by| (14, by.to_vec())),
        2 => Just((2, b"eth0\0".to_vec())),
        // Of a wrong length.
        1 => (prop_oneof![Just(9), Just(14)], prop::collection::vec(any::<u8>(), 0..12)),
        1 => (any::<u16>(), data()),
    ];
    let interface = || prop_oneof![6 => 0..2_u32, 1 => 2..4_u32, 1 => any::<u32>()];
    // Of microseconds of today, and any.
    let time = || prop_oneof![3 => 0x0006_0000_0000_0000_u64..0x0006_4000_0000_0000, 1 => any::<u64>()];
    prop_oneof![
        1 => order().prop_map(Block::Section),
        2 => (link_type(), snaplen(), prop::collection::vec(option, 0..4))
            .prop_map(|(link_type, snaplen, options)| Block::Interface { link_type, snaplen, options }),
        12 => (interface(), time(), instead(), data(), instead(), any::<bool>()).prop_map(
            |(interface, time, original, data, captured, ends)|
                Block::Enhanced { interface, time, original, data, captured, ends }
        ),
        2 => (interface(), time(), instead(), data()).prop_map(|(interface, time, original, data)|
            Block::Obsolete { interface: interface as u16, time, original, data }),
        2 => (instead(), data()).prop_map(|(original, data)| Block::Simple { original, data }),
        2 => (prop_oneof![4..12_u32, any::<u32>()], data()).prop_map(|(kind, data)| Block::Other { kind, data }),
    ]
}

fn write(made: Writer, block: &Block) -> Vec<u8> {
    match block {
        Block::Section(made) => made.section(),
        Block::Interface { link_type, snaplen, options } => {
            let options: Vec<u8> = options.iter().flat_map(|(code, value)| made.option(*code, value)).collect();
            made.interface(*link_type, *snaplen, &options)
        }
        Block::Enhanced { interface, time, original, data, captured, ends } => {
            let length = data.len() as u32;
            let mut bytes = made.enhanced(*interface, *time, original.unwrap_or(length), data);
            if let Some(captured) = captured {
                bytes[20..24].copy_from_slice(&made.u32(*captured));
            }
            if !ends {
                // Without its comment and the end of its options.
                let body = 28 + data.len().next_multiple_of(4);
                bytes = made.block(6, &bytes[8..body]);
            }
            bytes
        }
        Block::Obsolete { interface, time, original, data } => {
            made.obsolete(*interface, *time, original.unwrap_or(data.len() as u32), data)
        }
        Block::Simple { original, data } => made.simple(original.unwrap_or(data.len() as u32), data),
        Block::Other { kind, data } => made.block(*kind, data),
    }
}

fn pcapng() -> impl Strategy<Value = Vec<u8>> {
    // The length of a block stands at both of its ends, and some writers leave its padding out.
    let wrong = || prop_oneof![60 => Just(None), 1 => (-40..40_i32).prop_map(Some), 3 => (-3..0_i32).prop_map(Some), 1 => any::<i32>().prop_map(Some)];
    let blocks = prop::collection::vec((block(), wrong(), wrong()), 0..14);
    (order(), link_type(), snaplen(), blocks).prop_map(|(made, link_type, snaplen, blocks)| {
        let mut made = made;
        let mut file = [made.section(), made.interface(link_type, snaplen, b"")].concat();
        for (block, at_start, at_end) in &blocks {
            let mut bytes = write(made, block);
            let length = bytes.len();
            for (by, at) in [(at_start, 4), (at_end, length - 4)] {
                if let Some(by) = by {
                    bytes[at..at + 4].copy_from_slice(&made.u32((length as u32).wrapping_add_signed(*by)));
                }
            }
            file.extend(bytes);
            if let Block::Section(other) = block {
                made = *other;
                file.extend(made.interface(link_type, snaplen, b""));
            }
        }
        file
    })
}

/// A capture, whole or damaged.
fn capture() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop_oneof![
        3 => Just(vec![]),
        1 => prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ];
    let cut = prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    (prop_oneof![pcap(), pcapng()], damage, cut).prop_map(|(mut file, damage, cut)| {
        for (at, value) in damage {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len() + 1));
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_capture_says_the_same_in_whatever_way_it_is_read(file in capture(), size in 1..300_usize) {
        let folder = tempfile::tempdir().unwrap();
        every_way(&file, size, Some(folder.path()))?;
    }
}

#[test]
fn the_fuzz_corpus_says_the_same_in_whatever_way_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/file")).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        for size in [1, 40, 1000] {
            packets += every_way(&input, size, Some(folder.path())).unwrap().len() - 1;
        }
    }
    assert!(packets > 300, "{packets} packets and errors in the corpus");
}
