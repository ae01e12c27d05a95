//! What a live capture says of itself from time to time: how fast it is, what it lost, how much
//! waits.
//!
//! It refuses to know where the numbers come from.

use crate::engine::Load;
use crate::report::Dropped;
use crate::report::text::figures::size;
use std::fmt::Write as _;
use std::fs::File;
use std::time::{Duration, Instant};

/// Tells when a line is due, and writes it.
pub(super) struct Statistics {
    every: Duration,
    /// When the last line was written, and what had come by then.
    last: Instant,
    packets: u64,
    bytes: u64,
    /// Where the system says how much memory this process has; open, since none can be opened
    /// later.
    status: Option<File>,
}

impl Statistics {
    pub(super) fn new(every: Duration) -> Self {
        let status = File::open("/proc/self/status").ok();
        Self { every, last: Instant::now(), packets: 0, bytes: 0, status }
    }

    /// Whether a line is due.
    pub(super) fn is_due(&self) -> bool {
        self.last.elapsed() >= self.every
    }

    /// The line, given how many packets and bytes have come.
    pub(super) fn line(&mut self, packets: u64, bytes: u64, dropped: Dropped, load: &Load) -> String {
        let seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        let came = (packets - self.packets, bytes - self.bytes);
        (self.packets, self.bytes) = (packets, bytes);
        let resident = self.status.as_ref().and_then(resident);
        line(came, seconds, dropped, load, resident)
    }
}

fn line((packets, bytes): (u64, u64), seconds: f64, dropped: Dropped, load: &Load, resident: Option<u64>) -> String {
    let rate = |count: u64| count as f64 / seconds.max(0.001);
    let mut line = format!(
        "{:.0} packets/s, {:.1} MB/s; dropped so far: {} by the kernel, {} by the interface, {} here",
        rate(packets),
        rate(bytes) / 1e6,
        dropped.kernel,
        dropped.interface,
        dropped.queue
    );
    if load.room > 0 {
        _ = write!(line, "; queue {} of {}", load.queued, load.room);
    }
    _ = write!(line, "; memory {} buffered", size(load.memory as u64));
    if let Some(resident) = resident {
        _ = write!(line, ", {} in all", size(resident));
    }
    line
}

/// How much memory the process has (proc(5), `VmRSS`), in bytes.
#[cfg(target_os = "linux")]
fn resident(status: &File) -> Option<u64> {
    use std::os::unix::fs::FileExt as _;
    let mut text = [0; 4096];
    let length = status.read_at(&mut text, 0).ok()?;
    let text = str::from_utf8(text.get(..length)?).ok()?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(kibibytes.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

#[cfg(not(target_os = "linux"))]
fn resident(_: &File) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line() {
        let dropped = Dropped { kernel: 3, interface: 0, queue: 9 };
        let alone = Load { memory: 1_500_000, ..Load::default() };
        let many = Load { queued: 4, room: 32, ..alone };
        for (load, resident, want) in [
            (
                alone,
                None,
                "500 packets/s, 2.0 MB/s; dropped so far: 3 by the kernel, 0 by the interface, 9 here; \
                 memory 1.5 MB buffered",
            ),
            (
                many,
                Some(20_000_000),
                "500 packets/s, 2.0 MB/s; dropped so far: 3 by the kernel, 0 by the interface, 9 here; \
                 queue 4 of 32; memory 1.5 MB buffered, 20.0 MB in all",
            ),
        ] {
            assert_eq!(line((1000, 4_000_000), 2.0, dropped, &load, resident), want);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_says_how_much_memory_there_is() {
        let status = File::open("/proc/self/status").unwrap();
        let bytes = resident(&status).unwrap();
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
    }
}
