//! What is saved is read again, whole, in turns, and after a full disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::capture::Files;
use crate::capture::save::output::Compression;
use crate::capture::save::output::{Output, Sink};
use crate::packet::PacketId;
use proptest::prelude::*;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

/// A packet of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    time: Timestamp,
    link_type: LinkType,
    data: Vec<u8>,
    original: u32,
    interface: u32,
}

impl Own {
    fn packet(&self, number: u64) -> Packet<'_> {
        Packet {
            id: PacketId::new(0, number),
            timestamp: self.time,
            link_type: self.link_type,
            data: &self.data,
            original_length: self.original,
            interface: self.interface,
        }
    }
}

fn own(micros: u32, data: &[u8]) -> Own {
    let (time, original) = (Timestamp::from_micros(7, micros), data.len() as u32);
    Own { time, link_type: LinkType::ETHERNET, data: data.to_vec(), original, interface: 0 }
}

fn read(mut files: Files) -> Vec<Own> {
    let mut all = Vec::new();
    while let Some(packet) = files.next().unwrap() {
        all.push(keep(&packet));
    }
    all
}

fn keep(packet: &Packet<'_>) -> Own {
    let (time, link_type, data) = (packet.timestamp, packet.link_type, packet.data.to_vec());
    Own { time, link_type, data, original: packet.original_length, interface: packet.interface }
}

/// A writer whose bytes can be looked at.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn saved(format: Format, options: Options, packets: &[Own]) -> Vec<u8> {
    let shared = Shared::default();
    let mut saver = Saver::to_writer(shared.clone(), format, options).unwrap();
    for (number, packet) in (1..).zip(packets) {
        saver.packet(&packet.packet(number)).unwrap();
    }
    assert_eq!(saver.finish().unwrap(), packets.len() as u64);
    shared.bytes()
}

fn read_bytes(bytes: Vec<u8>) -> Vec<Own> {
    read(Files::from_reader("saved", Cursor::new(bytes)))
}

prop_compose! {
    fn any_own()(
        seconds in 0_i64..4_000_000_000, nanos in 0_i64..1_000_000_000, digits in 0_u8..10,
        link_type in 0_u16..300, interface in 0_u32..5, more in 0_u32..3000,
        data in proptest::collection::vec(any::<u8>(), 0..200),
    ) -> Own {
        let unit = 10_i64.pow(9 - u32::from(digits));
        let time = Timestamp::from_nanos(seconds * 1_000_000_000 + nanos / unit * unit, digits);
        Own { time, link_type: LinkType(link_type), original: data.len() as u32 + more, data, interface }
    }
}

proptest! {
    #[test]
    fn pcapng_gives_back_everything_but_the_interfaces_numbers(packets in proptest::collection::vec(any_own(), 0..20)) {
        let bytes = saved(Format::Pcapng, Options::default(), &packets);
        prop_assert_eq!(&bytes, &saved(Format::Pcapng, Options::default(), &packets));
        let back = read_bytes(bytes);
        prop_assert_eq!(back.len(), packets.len());
        for (back, packet) in back.into_iter().zip(packets) {
            prop_assert_eq!(Own { interface: packet.interface, ..back }, packet);
        }
    }

    #[test]
    fn pcap_gives_back_everything_of_one_link(packets in proptest::collection::vec(any_own(), 1..20), nanos in any::<bool>()) {
        let digits = if nanos { 9 } else { 6 };
        let packets: Vec<_> = packets.into_iter().map(|packet| {
            let time = Timestamp::from_nanos(packet.time.nanos() / 1000 * 1000 + i64::from(nanos), digits);
            Own { time, link_type: LinkType::RAW, interface: 0, ..packet }
        }).collect();
        prop_assert_eq!(read_bytes(saved(Format::Pcap, Options::default(), &packets)), packets);
    }
}

#[test]
fn the_name_says_how_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let packets: Vec<_> = (0..100).map(|n| own(n, &[n as u8; 50])).collect();
    for (name, magic) in [
        ("a.pcap", &b"\xd4\xc3\xb2\xa1"[..]),
        ("a.pcapng", b"\x0a\x0d\x0d\x0a"),
        ("a.pcap.gz", b"\x1f\x8b"),
        ("a.pcapng.zst", b"\x28\xb5\x2f\xfd"),
    ] {
        let path = folder.path().join(name);
        let mut saver = Saver::create(&path, Options::default()).unwrap();
        for packet in &packets {
            saver.packet(&packet.packet(1)).unwrap();
        }
        saver.finish().unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(magic), "{name}");
        assert_eq!(read(Files::open([&path]).unwrap()), packets, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_a_capture() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    Saver::create(&path, Options::default()).unwrap().finish().unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

fn interfaces(all: &[(&str, u16, u8)]) -> Interfaces {
    let interfaces = Interfaces::default();
    for (name, link_type, digits) in all {
        let (name, link_type) = (Some((*name).to_owned()), LinkType(*link_type));
        interfaces.add(Interface { name, link_type, snaplen: 262_144, digits: *digits });
    }
    interfaces
}

#[test]
fn known_interfaces_are_written_before_any_packet() {
    let known = interfaces(&[("lo", 1, 9), ("tun0", 101, 6)]);
    let shared = Shared::default();
    let options = Options { interfaces: known.clone(), ..Options::default() };
    let saver = Saver::to_writer(shared.clone(), Format::Pcapng, options.clone()).unwrap();
    let mut files = Files::from_reader("saved", Cursor::new(shared.bytes()));
    let described = files.interfaces();
    assert!(files.next().unwrap().is_none());
    assert_eq!(described.all(), known.all());
    drop(saver);
    let error = Saver::to_writer(shared, Format::Pcap, options).unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot save packets of ETHERNET and of RAW in one pcap file; name it .pcapng instead of standard output"
    );
}

#[test]
fn an_empty_pcap_has_the_link_type_and_resolution_that_are_known() {
    for (known, magic, link_type) in [
        (interfaces(&[]), 0xd4, 1),
        (interfaces(&[("a", 113, 9)]), 0x4d, 113),
        (interfaces(&[("a", 101, 6)]), 0xd4, 101),
    ] {
        let bytes = saved(Format::Pcap, Options { interfaces: known, ..Options::default() }, &[]);
        assert_eq!((bytes.len(), bytes[0], bytes[20]), (24, magic, link_type));
        assert!(read_bytes(bytes).is_empty());
    }
}

#[test]
fn a_second_link_type_in_pcap_is_refused_and_what_was_saved_stays() {
    let shared = Shared::default();
    let mut saver = Saver::to_writer(shared.clone(), Format::Pcap, Options::default()).unwrap();
    saver.packet(&own(1, b"a").packet(1)).unwrap();
    let other = Own { link_type: LinkType::LINUX_SLL2, ..own(2, b"b") };
    assert!(matches!(saver.packet(&other.packet(2)), Err(Error::SeveralLinkTypes { .. })));
    saver.packet(&own(3, b"c").packet(3)).unwrap();
    assert_eq!(saver.finish().unwrap(), 1);
    assert_eq!(read_bytes(shared.bytes()), [own(1, b"a")]);
}

#[test]
fn files_take_turns_by_size_and_by_time_and_the_oldest_go() {
    let packets: Vec<_> = (0..10).map(|n| own(n * 100_000, &[n as u8; 100])).collect();
    for (rotate, keep, want) in [
        (Rotate::Size(300), None, vec![2, 2, 2, 2, 2]),
        (Rotate::Size(1), None, vec![1; 10]),
        (Rotate::Time(std::time::Duration::from_millis(300)), None, vec![3, 3, 3, 1]),
        (Rotate::Size(300), NonZeroUsize::new(2), vec![2, 2]),
    ] {
        for extension in ["pcap", "pcap.gz"] {
            let folder = tempfile::tempdir().unwrap();
            let options = Options { rotate: Some(rotate), keep_files: keep, ..Options::default() };
            let mut saver = Saver::create(&folder.path().join(format!("x.{extension}")), options).unwrap();
            assert_eq!(saver.folder(), Some(folder.path()));
            for packet in &packets {
                saver.packet(&packet.packet(1)).unwrap();
            }
            assert_eq!(saver.finish().unwrap(), 10);
            let mut paths: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            let counts: Vec<_> = paths.iter().map(|path| read(Files::open([path]).unwrap()).len()).collect();
            assert_eq!(counts, want, "{rotate:?}");
            let newest = 10 - want.iter().sum::<usize>();
            assert_eq!(read(Files::open(&paths).unwrap()).len(), 10 - newest);
            let first = paths[0].file_name().unwrap().to_string_lossy().into_owned();
            let number = if keep.is_some() { 4 } else { 1 };
            assert_eq!(first, format!("x_{number:05}.{extension}"));
        }
    }
}

/// All packets; a compressed file may lack its end where there was no room even for that.
fn read_whole_or_cut(bytes: Vec<u8>) -> Vec<Own> {
    let compressed = bytes.starts_with(b"\x28\xb5\x2f\xfd");
    let mut files = Files::from_reader("saved", Cursor::new(bytes));
    let mut all = Vec::new();
    loop {
        match files.next() {
            Ok(Some(packet)) => all.push(keep(&packet)),
            Err(error) if compressed && error.is_truncated() => return all,
            end => {
                assert!(end.unwrap().is_none());
                return all;
            }
        }
    }
}

/// A disk with room for so many bytes.
#[derive(Clone)]
struct Disk(Shared, usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.1 - self.0.bytes().len();
        if room == 0 {
            return Err(io::Error::from_raw_os_error(28));
        }
        self.0.write(&bytes[..room.min(bytes.len())])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Disk {
    fn cut(&mut self, length: u64) {
        self.0.0.lock().unwrap().truncate(length as usize);
    }
}

#[test]
fn a_full_disk_leaves_whole_packets() {
    let packets: Vec<_> = (0..20).map(|n| own(n, &[n as u8; 30])).collect();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for every in [1, 7, 100] {
            for room in 24..700 {
                let disk = Disk(Shared::default(), room);
                let mut saver = Saver::to_writer(io::sink(), Format::Pcap, Options::default()).unwrap();
                saver.output = Some(Output::new(Box::new(disk.clone()), compression).unwrap());
                let mut result = Ok(());
                for (number, packet) in packets.iter().enumerate() {
                    result = saver.packet(&packet.packet(1));
                    if result.is_ok() && number % every == 0 {
                        let flushed = saver.output.as_mut().map_or(Ok(()), Output::hand_over);
                        result = flushed.map_err(|source| saver.failed(source));
                    }
                    if result.is_err() {
                        break;
                    }
                }
                let result = result.and_then(|()| saver.close());
                let bytes = disk.0.bytes();
                let there = if bytes.is_empty() { Vec::new() } else { read_whole_or_cut(bytes) };
                assert_eq!(there, packets[..there.len()]);
                match result {
                    Ok(()) => assert_eq!(there.len(), packets.len()),
                    Err(Error::Write { packets, source, .. }) => {
                        assert_eq!(packets, there.len() as u64);
                        assert_eq!(source.raw_os_error(), Some(28));
                    }
                    Err(other) => panic!("{other}"),
                }
                assert_eq!(saver.packets(), there.len() as u64);
            }
        }
    }
}

#[test]
fn what_cannot_be_created_is_named() {
    let error = Saver::create(Path::new("/no/such/folder/a.pcap"), Options::default()).unwrap_err().to_string();
    assert_eq!(error, "cannot create /no/such/folder/a.pcap: No such file or directory");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_told() {
    let mut saver = Saver::create(Path::new("/dev/full"), Options::default()).unwrap();
    saver.packet(&own(1, b"a").packet(1)).unwrap();
    let error = saver.flush().unwrap_err().to_string();
    assert_eq!(error, "cannot write to /dev/full: No space left on device; the 0 packets before are there");
    assert_eq!(saver.finish().unwrap(), 0);
}
