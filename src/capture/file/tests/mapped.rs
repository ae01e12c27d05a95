//! Files that are mapped: the same packets as when they are read, whatever happens to the file meanwhile.

use super::{LITTLE, read, read_from};
use crate::capture::error::Error;
use crate::capture::file::Files;
use std::fs::OpenOptions;
use std::io::Write as _;

/// Records of about these lengths, no two alike, until there are so many bytes.
fn records(size: usize, lengths: &[usize], record: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    for number in 0_usize.. {
        if file.len() >= size {
            break;
        }
        let length = lengths[number % lengths.len()] + number % 7;
        let data: Vec<u8> = (0..length).map(|at| (at * 31 + number) as u8).collect();
        file.extend(record(&data));
    }
    file
}

fn pcap(size: usize, lengths: &[usize]) -> Vec<u8> {
    let record = |data: &[u8]| LITTLE.record(1, 2, (data.len() as u32, data.len() as u32), b"", data);
    [LITTLE.pcap(0xa1b2_c3d4, (2, 4), 0, 1), records(size, lengths, record)].concat()
}

fn pcapng(size: usize, lengths: &[usize]) -> Vec<u8> {
    let record = |data: &[u8]| LITTLE.enhanced(0, 5, data.len() as u32, data);
    [LITTLE.section(), LITTLE.interface(1, 0, b""), records(size, lengths, record)].concat()
}

#[test]
fn a_mapped_file_has_the_packets_of_one_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    for lengths in [&[60, 1514][..], &[0, 3], &[900, 300_000, 0], &[1_500_000], &[2_097_152]] {
        for whole in [pcap(5 << 20, lengths), pcapng(5 << 20, lengths)] {
            for cut in [0, 1, 500] {
                let file = &whole[..whole.len() - cut];
                std::fs::write(&path, file).unwrap();
                let files = Files::open([&path]).unwrap().mapped().thorough(cut == 0);
                let progress = files.progress();
                let (packets, error) = read_from(files);
                let (wanted, wanted_error) = read(file);
                assert!(packets == wanted && wanted.len() > 1, "{lengths:?} {cut}");
                let told = |error: Option<Error>, name: &str| {
                    error.map(|error| error.to_string().replace(name, "")).unwrap_or_default()
                };
                assert_eq!(told(error, &path.display().to_string()), told(wanted_error, "made"));
                assert_eq!(Some(progress.read()), progress.total());
            }
        }
    }
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_mapped_is_an_error_of_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    for (whole, left) in
        [(pcap(5 << 20, &[1000]), 1 << 20), (pcapng(5 << 20, &[1000]), 1 << 20), (pcap(5 << 20, &[90]), 0)]
    {
        std::fs::write(&path, &whole).unwrap();
        let mut files = Files::open([&path]).unwrap().mapped();
        let (mut packets, error) = (0, take_until(&mut files, 700_000));
        assert!(error.is_none());
        OpenOptions::new().write(true).open(&path).unwrap().set_len(left).unwrap();
        let error = loop {
            match files.next() {
                Ok(Some(packet)) => packets += usize::from(packet.data.len() > 80),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("became shorter while it was read"), "{told:?} after {packets} packets");
        assert!(packets < 6000, "what is gone was taken for packets");
        assert!(matches!(files.next(), Ok(None)));
    }
}

/// Takes packets until they hold so many bytes.
fn take_until(files: &mut Files, bytes: usize) -> Option<Error> {
    let mut sum = 0;
    while sum < bytes {
        match files.next() {
            Ok(Some(packet)) => sum += packet.data.len(),
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
    None
}

#[test]
fn what_is_added_to_a_file_while_it_is_read_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    let (first, more) = (pcap(3 << 20, &[1000]), pcap(3 << 20, &[500]));
    std::fs::write(&path, &first).unwrap();
    let mut files = Files::open([&path]).unwrap().mapped();
    assert!(take_until(&mut files, 2 << 20).is_none());
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&more[24..]).unwrap();
    let (rest, error) = read_from(files);
    assert!(error.is_none());
    let all = [&first[..], &more[24..]].concat();
    let wanted = read(&all).0;
    assert_eq!(rest, wanted[wanted.len() - rest.len()..]);
    assert_eq!(rest.last().unwrap().number, wanted.len() as u64);
}

#[test]
fn a_file_that_becomes_shorter_spares_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let whole = pcap(4 << 20, &[1000]);
    std::fs::write(&first, &whole).unwrap();
    std::fs::write(&second, &whole).unwrap();
    let mut files = Files::open([&first, &second]).unwrap().mapped();
    let progress = files.progress();
    assert!(take_until(&mut files, 700_000).is_none() && !progress.was_cut());
    OpenOptions::new().write(true).open(&first).unwrap().set_len(1 << 19).unwrap();
    let mut errors = 0;
    let mut packets = [0; 2];
    loop {
        match files.next() {
            Ok(Some(packet)) => packets[usize::from(packet.id.file())] += 1,
            Ok(None) => break,
            Err(_) => errors += 1,
        }
    }
    assert_eq!((errors, packets[1]), (1, read(&whole).0.len()));
    assert!(progress.was_cut());
}

#[test]
fn views_that_come_and_go_beside_one_that_is_hurt_stay_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    let whole = pcap(3 << 20, &[1000]);
    std::fs::write(&good, &whole).unwrap();
    let wanted = read(&whole).0.len();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..40 {
                let (packets, error) = read_from(Files::open([&good]).unwrap().mapped());
                assert!(error.is_none() && packets.len() == wanted);
            }
        });
        while !reader.is_finished() {
            std::fs::write(&bad, &whole).unwrap();
            let mut files = Files::open([&bad]).unwrap().mapped();
            assert!(take_until(&mut files, 300_000).is_none());
            OpenOptions::new().write(true).open(&bad).unwrap().set_len(1 << 18).unwrap();
            while let Ok(Some(_)) = files.next() {}
        }
        reader.join().unwrap();
    });
}
