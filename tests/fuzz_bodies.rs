//! The fuzz targets' bodies over their corpora and over seeded mutations of them: what
//! `cargo fuzz` runs, on stable and in seconds.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// A small generator of random numbers (splitmix64): the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Changes one thing: a bit, a byte, a number at its edge, a part left out, repeated, or
/// taken from `other`.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    let end = (at + 1 + random.below(24)).min(bytes.len());
    match random.below(7) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 if !bytes.is_empty() => bytes[at] = random.next() as u8,
        2 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'\r', b'\n', b' '][random.below(8)],
        3 => drop(bytes.drain(at.min(end)..end)),
        4 => {
            let part = bytes[at.min(end)..end].to_vec();
            bytes.splice(at..at, part);
        }
        5 => {
            let from = random.below(other.len());
            let part = &other[from.min(other.len())..(from + 1 + random.below(200)).min(other.len())];
            bytes.splice(at..end.max(at), part.iter().copied());
        }
        _ => bytes.truncate(at),
    }
}

/// Runs a target's body over its corpus and `rounds` mutations of it.
fn run(target: &str, rounds: usize, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "an empty corpus tests nothing");
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for input in &corpus {
        body(input);
    }
    let mut random = Random(target.bytes().map(u64::from).sum());
    for _ in 0..rounds {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            let other = random.below(corpus.len());
            mutate(&mut input, &corpus[other], &mut random);
        }
        body(&input);
    }
}

#[test]
fn reading_files_survives() {
    run("file", 3000, |data| {
        plainsight::capture::fuzz::fuzz_file(data);
    });
}

#[test]
fn decoding_survives() {
    run("decode", 10_000, plainsight::decode::fuzz::fuzz_decode);
}

#[test]
fn reassembly_keeps_its_promises() {
    run("tcp", 5000, plainsight::tcp::fuzz::fuzz_tcp);
}

#[test]
fn contents_are_the_same_however_they_are_cut() {
    run("content", 2000, plainsight::http::content::fuzz_content);
}

#[test]
fn http_is_the_same_however_it_is_cut() {
    run("http1", 5000, plainsight::protocol::http1::fuzz::fuzz_http1);
}

#[test]
fn the_whole_way_survives() {
    run("analyzer", 3000, plainsight::analyzer::fuzz::fuzz_analyzer);
}
