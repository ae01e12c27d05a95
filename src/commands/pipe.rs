//! A capture from standard input or another pipe, which someone may still be writing.
//!
//! Whenever it runs dry what was found is shown, and the wait for more ends when the run is to
//! end. This module refuses to know what is read.

use super::core::Workers;
use super::output::Shared;
use super::signals::stopped;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Reads a pipe. `output` is flushed whenever no more has arrived, or `workers` are told so.
pub(super) fn reader(input: File, output: Shared, workers: Workers, stop: Arc<AtomicBool>) -> Box<dyn Read + Send> {
    Box::new(Pipe { input, output, workers, stop })
}

struct Pipe {
    /// Unbuffered: what has arrived is known to the system alone.
    input: File,
    output: Shared,
    workers: Workers,
    stop: Arc<AtomicBool>,
}

impl Pipe {
    /// How long a wait is that a signal does not end, in milliseconds.
    const WAIT: u16 = 100;

    /// Whether something can be read, or an end is to be read, within so many milliseconds.
    fn is_ready(&self, within: u16) -> io::Result<bool> {
        let mut input = [PollFd::new(self.input.as_fd(), PollFlags::POLLIN)];
        match poll(&mut input, PollTimeout::from(within)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Pipe {
    /// The end is also where the run is to end, or nobody reads what it says.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.is_ready(0)? {
            if self.workers.flush().unwrap_or_else(|| self.output.lock().flush(true)).is_break() {
                return Ok(0);
            }
            while !self.is_ready(Self::WAIT)? {
                if stopped(&self.stop) {
                    return Ok(0);
                }
            }
        }
        self.input.read(into)
    }
}
