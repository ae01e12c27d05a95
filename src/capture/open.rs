//! One saved capture by its path.

use super::error::Error;
use super::file::Files;
use std::path::Path;

/// Opens one saved capture: pcap or pcapng, plain or compressed with gzip or zstd;
/// `-` is standard input.
///
/// Nothing is read yet: what the file is shows with the first [`Files::next`].
///
/// # Errors
/// [`Error::Open`] where the file cannot be opened, [`Error::NotACapture`] for a directory.
pub fn open(path: impl AsRef<Path>) -> Result<Files, Error> {
    Files::open([path])
}
