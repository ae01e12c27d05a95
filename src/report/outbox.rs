//! Gathers what a report writes, so that it is handed on in pieces worth the way.
//!
//! This module refuses to know what is written.

use super::page::Page;
use std::io::{self, Write};

/// A writer and what waits for it.
#[derive(Debug)]
pub(super) struct Outbox<W> {
    out: W,
}

impl<W: Write> Outbox<W> {
    /// How much is gathered before it is written, in bytes.
    pub(super) const FULL: usize = 64 << 10;

    pub(super) const fn new(out: W) -> Self {
        Self { out }
    }

    /// What it was written to; what was not sent is lost.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    /// Writes `bytes` and empties them, where they are worth it.
    pub(super) fn offer(&mut self, bytes: &mut Page) -> io::Result<()> {
        if bytes.len() >= Self::FULL { self.send(bytes) } else { Ok(()) }
    }

    /// Writes `bytes` and empties them.
    pub(super) fn send(&mut self, bytes: &mut Page) -> io::Result<()> {
        let written = self.out.write_all(bytes.as_slice());
        bytes.clear();
        written
    }

    /// Writes and empties `bytes`, and hands on everything written so far.
    pub(super) fn flush(&mut self, bytes: &mut Page) -> io::Result<()> {
        if !bytes.is_empty() {
            self.send(bytes)?;
        }
        self.out.flush()
    }
}
