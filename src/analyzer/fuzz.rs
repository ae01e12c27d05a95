//! The body of the whole core's fuzz target, and of its replay on stable: a plain function over
//! bytes.
//!
//! It is meant for testing alone; what the packets say is not judged, only that it is told in
//! order and within bounds.

use super::{Analyzer, Config, Event};
use crate::decode::fuzz::Packets;
use crate::leak::{Canaries, Canary};

/// Hands packets from `data`, laid out as for the decoder's target, to an analyzer with little
/// memory.
///
/// The first byte tells whether checksums are verified (bit 0), how much memory there is (1 to
/// 3), and whether bodies are hashed (5) and secrets looked for (6).
///
/// # Panics
/// If exchanges are not counted in order, if counters do not add up, or if memory outgrows
/// its bound.
pub fn fuzz_analyzer(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let config = Config {
        memory: if first & 0b1110 == 0b1110 { 64 << 20 } else { 4096 << (first >> 1 & 7) },
        max_body: 256,
        sha256: first & 32 != 0,
        leaks: first & 64 != 0,
        canaries: Canaries::new(vec![Canary::plain("fluffy tail")], false).unwrap_or_default(),
        verify_checksums: first & 1 != 0,
        ..Config::default()
    };
    let mut analyzer = Analyzer::new(&config);
    let (mut packets, mut exchanges, mut findings) = (0, 0, 0);
    let mut sink = |event| match event {
        Event::Exchange(exchange) => {
            exchanges += 1;
            assert_eq!(exchange.id, exchanges, "exchanges are counted in output order");
            assert!(exchange.request.is_some() || exchange.response.is_some(), "an exchange of nothing");
            assert!(!exchange.to_string().contains(char::is_control), "{exchange:?}");
            findings += exchange.findings.len() as u64;
        }
        Event::Finding(_) => findings += 1,
        Event::Tls(_) => {}
    };
    for packet in Packets::new(rest) {
        packets += 1;
        analyzer.packet(&packet, &mut sink);
        assert!(analyzer.memory() <= config.memory, "{} of {} bytes", analyzer.memory(), config.memory);
    }
    analyzer.finish(&mut sink);
    let counters = analyzer.counters();
    assert_eq!((counters.packets, counters.exchanges), (packets, exchanges));
    assert_eq!(counters.findings.iter().sum::<u64>(), findings);
}
