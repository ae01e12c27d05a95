//! plainsight shows what leaves a machine in plain sight: it captures packets or replays a
//! saved capture, reassembles TCP, parses HTTP, and points at every secret that crossed the
//! wire unencrypted.
//!
//! # The way of the data
//!
//! ```text
//! capture ──► decode ──► tcp ──► protocol ──► leak ──► report
//! packets     segments   streams  exchanges    findings  what people and programs read
//! ```
//!
//! Every arrow points one way; each module knows only those on its left. The core, from packet
//! to [`analyzer`], takes packets and gives events: it has no clock, opens no file and prints
//! nothing, and the same packets give the same events however they are fed.
//!
//! ```
//! use plainsight::{Analyzer, Config, Event, capture, leak};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let canaries = leak::Canaries::new(vec![leak::Canary::plain("fluffy tail")], false)?;
//! let config = Config { canaries, ..Config::default() };
//! let mut analyzer = Analyzer::new(&config);
//! let mut capture = capture::open("fixtures/lesson/http.pcap")?;
//! let mut leaks = Vec::new();
//! let mut sink = |event| {
//!     if let Event::Exchange(exchange) = event {
//!         leaks.extend(exchange.findings.iter().map(|finding| finding.place.packet.number()));
//!     }
//! };
//! while let Some(packet) = capture.next()? {
//!     analyzer.packet(&packet, &mut sink);
//! }
//! analyzer.finish(&mut sink);
//! assert_eq!(leaks, [6], "the secret stood in packet 6");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not believe
//!
//! Whatever stands in a packet may have been put there by somebody who knows that it is read
//! here. No bytes make the core panic; every buffer has a bound, every table lets go of
//! something when the memory given to it is used up, and [`Counters`] tell what was let go.
//! Text from the wire is escaped by whoever shows it, not here.

pub mod analyzer;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod capture;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod confine;
pub mod decode;
#[cfg(all(feature = "cli", unix))]
mod descriptors;
pub mod engine;
pub mod http;
#[cfg(feature = "cli")]
pub mod lab;
pub mod leak;
pub mod packet;
mod pipeline;
mod pool;
mod private_file;
mod processor;
pub mod protocol;
pub mod redact;
pub mod report;
pub mod tcp;

// The kit names the library as the test programs do.
#[cfg(test)]
extern crate self as plainsight;
#[cfg(test)]
#[path = "../tests/kit/mod.rs"]
mod kit;

pub use analyzer::{Analyzer, Config, Counters, Event};

/// README's Rust examples, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
