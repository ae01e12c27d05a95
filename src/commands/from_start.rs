//! Several readers of one open file.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Reads a file that others read as well, each from its own place in it.
pub(super) struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl FromStart {
    pub(super) const fn new(file: Arc<File>) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for FromStart {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
