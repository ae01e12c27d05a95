//! What the tests share: packets and captures made by hand, and a runner for tests without libtest.
//!
//! The unit tests (`src/lib.rs`), the test programs and the benchmarks include this file as a
//! module each, so that nothing of it is in the product.

// Each of them uses a part of it.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod capture;
pub(crate) mod program;
#[cfg(feature = "cli")]
pub(crate) mod rights;
#[cfg(feature = "cli")]
pub(crate) mod runner;
pub(crate) mod wire;
