//! plainsight shows what leaves a machine in plain sight: it captures packets or replays a
//! saved capture, reassembles TCP, parses HTTP, and points at every secret that crossed the
//! wire unencrypted.
//!
//! # The way of the data
//!
//! ```text
//! capture ──► decode ──► tcp ──► http ──► leak ──► report
//! packets     segments   streams  exchanges findings  what people and programs read
//! ```
//!
//! Every arrow points one way; each module knows only those on its left.

#![allow(dead_code)] // until every room is furnished

pub mod analyzer;
pub mod capture;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod confine;
pub mod decode;
pub mod http;
#[cfg(feature = "cli")]
pub mod lab;
pub mod leak;
pub mod packet;
pub mod report;
pub mod tcp;
pub mod tls;

pub use analyzer::{Analyzer, Config, Counters, Event};
