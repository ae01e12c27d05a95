//! The engine against the plain analyzer, over inputs that nobody thought of: the same events in the
//! same order, whatever the number of threads.
#![allow(clippy::unwrap_used)]

use super::listener::Listener;
use super::load::OverloadPolicy;
use super::pipeline::Engine;
use crate::analyzer::{Analyzer, Config, Event};
use crate::decode::fuzz::Packets;
use crate::leak::{Canaries, Canary};
use crate::packet::{Packet, Shared};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const WORKERS: [usize; 4] = [1, 2, 3, 8];

/// Keeps what it hears.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Listener for Kept {
    fn event(&mut self, event: &mut Event) -> ControlFlow<()> {
        self.0.lock().unwrap().push(format!("{event:?}"));
        ControlFlow::Continue(())
    }
    fn pause(&mut self, _: bool) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// With so much memory that nothing is evicted: what is, depends on the number of threads.
fn config(verify_checksums: bool) -> Config {
    let canaries = Canaries::new(vec![Canary::plain("fluffy tail")], false).unwrap();
    Config { memory: 256 << 20, sha256: true, canaries, verify_checksums, ..Config::default() }
}

/// What the plain analyzer says of packets, with what it counts.
fn alone(config: &Config, packets: &[(Packet<'_>, Shared)]) -> Vec<String> {
    let mut said = Vec::new();
    let mut analyzer = Analyzer::new(config);
    for (packet, _) in packets {
        analyzer.packet(packet, |event| said.push(format!("{event:?}")));
    }
    analyzer.finish(|event| said.push(format!("{event:?}")));
    said.push(format!("{:?}", analyzer.counters()));
    said
}

/// What the engine says of them; `holds` says whether it holds the packets instead of copying them.
fn many(config: &Config, packets: &[(Packet<'_>, Shared)], workers: usize, holds: bool) -> Vec<String> {
    let kept = Kept::default();
    let mut engine = Engine::new(config, NonZeroUsize::new(workers).unwrap(), OverloadPolicy::Block, kept.clone());
    for (at, (packet, shared)) in packets.iter().enumerate() {
        if holds {
            engine.shared_packet(&Packet { data: (**shared).as_ref(), ..*packet }, Some(shared));
        } else {
            engine.packet(packet);
        }
        // The threads start, and get batches of several sizes.
        if at % 7 == 0 {
            engine.flush();
        }
    }
    engine.finish();
    let mut said = std::mem::take(&mut *kept.0.lock().unwrap());
    said.push(format!("{:?}", engine.counters()));
    said
}

/// Compares both; gives how many events there were.
fn both(name: &Path, config: &Config, packets: &[(Packet<'_>, Shared)], workers: &[usize]) -> usize {
    let want = alone(config, packets);
    for (turn, workers) in workers.iter().enumerate() {
        let got = many(config, packets, *workers, turn % 2 == 0);
        assert_eq!(got, want, "{workers} workers, {}", name.display());
    }
    want.len() - 1
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn shared(packet: Packet<'_>) -> (Packet<'_>, Shared) {
    (packet, Arc::new(packet.data.to_vec()))
}

#[test]
fn the_fuzz_corpus_says_the_same_to_any_number_of_threads() {
    let mut events = 0;
    for (at, path) in files("fuzz/corpus/analyzer").iter().enumerate() {
        let input = std::fs::read(path).unwrap();
        let Some((first, rest)) = input.split_first() else { continue };
        let packets: Vec<_> = Packets::new(rest).map(shared).collect();
        // Each input with two of the numbers, each number with half of the inputs.
        let workers = [WORKERS[at % 4], WORKERS[(at + 1) % 4]];
        events += both(path, &config(first & 1 != 0), &packets, &workers);
    }
    assert!(events > 10, "{events} events in the corpus");
}

#[test]
fn the_fixtures_say_the_same_to_any_number_of_threads() {
    for path in files("fixtures/lesson") {
        let mut capture = crate::capture::open(&path).unwrap();
        let mut owned: Vec<(Packet<'static>, Shared)> = Vec::new();
        while let Some(packet) = capture.next().unwrap() {
            let bytes: Shared = Arc::new(packet.data.to_vec());
            owned.push((Packet { data: &[], ..packet }, bytes));
        }
        let packets: Vec<_> = owned
            .iter()
            .map(|(packet, bytes)| (Packet { data: (**bytes).as_ref(), ..*packet }, Arc::clone(bytes)))
            .collect();
        both(&path, &config(false), &packets, &WORKERS);
    }
}
