//! Several interfaces as one capture.

use super::devices::{default_interface, devices};
use super::error::Error;
use super::options::Options;
use super::source::{self, Source};
use crate::capture::filter::message;
use crate::capture::interface::Interfaces;
use crate::packet::{LinkType, Packet, PacketId, Timestamp};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::SystemTime;

/// What there is to get.
#[derive(Debug)]
pub enum Poll<'a> {
    /// A packet, lent until the next call.
    Packet(Packet<'a>),
    /// Nothing now: everything that had arrived was given, or nothing arrived for a while, or a
    /// signal came. The moment to flush what was written, and to look whether to stop.
    Idle,
}

/// The time by the clock that packets are stamped with, in nanoseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// What became of an interface's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Packets given by [`Live::next`]. (libpcap counts each loopback packet twice.)
    pub received: u64,
    /// Packets that passed the filter and found the kernel's ring full.
    pub dropped_by_kernel: u64,
    /// Packets that the interface or its driver lost.
    pub dropped_by_interface: u64,
}

impl std::iter::Sum for Statistics {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            received: sum.received + one.received,
            dropped_by_kernel: sum.dropped_by_kernel + one.dropped_by_kernel,
            dropped_by_interface: sum.dropped_by_interface + one.dropped_by_interface,
        })
    }
}

/// A live capture.
///
/// With several interfaces packets come in the order of their times as far as they have arrived:
/// the kernel hands over blocks, so that between interfaces some milliseconds can be out of
/// order. Within an interface the order is the kernel's.
pub struct Live {
    sources: Vec<Source>,
    /// With several sources: the next packet of each, copied to be compared.
    heads: Vec<Head>,
    interfaces: Interfaces,
    idle: PollTimeout,
    /// Waits in a row that ended without anything.
    waits: u32,
    /// Packets given so far.
    number: u64,
}

/// A source's next packet.
#[derive(Default)]
struct Head {
    state: State,
    time: i64,
    original_length: u32,
    data: Vec<u8>,
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum State {
    /// To be asked for the next packet.
    #[default]
    Ask,
    /// The packet is here.
    Here,
    /// It had none when last asked.
    Drained,
}

/// How many packets libpcap is asked for at most.
const MOST: usize = 1 << 20;

/// After how many waits without anything the sources are asked nevertheless.
const ASK_ANYWAY: u32 = 10;

/// After how many packets a source that had none is asked again while others have some.
const ASK_AGAIN: u64 = 32;

impl Live {
    /// Opens all interfaces and begins to capture.
    ///
    /// # Errors
    /// Any of [`Error`] but the last two.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let devices = devices().unwrap_or_default();
        let names = if options.interfaces.is_empty() { vec![default_interface()?] } else { options.interfaces.clone() };
        let interfaces = Interfaces::default();
        let mut sources: Vec<Source> = Vec::new();
        for name in &names {
            if sources.iter().any(|source| source.name == *name) {
                continue;
            }
            let source = Source::open(name, options, &devices)?;
            interfaces.add(source.interface(options));
            sources.push(source);
        }
        let heads = sources.iter().map(|_| Head::default()).collect();
        let idle = PollTimeout::try_from(options.idle).unwrap_or(PollTimeout::MAX);
        Ok(Self { sources, heads, interfaces, idle, waits: 0, number: 0 })
    }

    /// The next packet, or that there is none now.
    ///
    /// # Errors
    /// [`Error::Vanished`] or [`Error::Read`]; the interface's part of the capture is over then.
    #[allow(clippy::should_implement_trait)] // an iterator cannot lend
    #[inline]
    pub fn next(&mut self) -> Result<Poll<'_>, Error> {
        if self.heads.iter().all(|head| head.state == State::Drained) && !self.wait() {
            return Ok(Poll::Idle);
        }
        if self.sources.len() > 1 {
            return self.earliest();
        }
        let (Some(source), Some(head)) = (self.sources.first_mut(), self.heads.first_mut()) else {
            return Ok(Poll::Idle);
        };
        match source.capture.next_packet() {
            Ok(packet) => {
                self.number += 1;
                source.received += 1;
                Ok(Poll::Packet(lent(&packet, source.link_type, self.number)))
            }
            Err(pcap::Error::TimeoutExpired) => {
                head.state = State::Drained;
                Ok(Poll::Idle)
            }
            Err(error) => Err(Error::reading(&source.name, message(&error))),
        }
    }

    /// Gives what has arrived to `with`, up to `most` packets, and tells how many: straight out of
    /// the kernel's ring where there is one interface, which [`Live::next`] copies from.
    ///
    /// Fewer than `most` means that everything was given, as [`Poll::Idle`] does.
    ///
    /// # Errors
    /// As [`Live::next`]. Packets may have been given before.
    pub fn each(&mut self, most: usize, mut with: impl FnMut(&Packet<'_>)) -> Result<usize, Error> {
        if self.sources.len() > 1 {
            for count in 0..most {
                match self.next()? {
                    Poll::Packet(packet) => with(&packet),
                    Poll::Idle => return Ok(count),
                }
            }
            return Ok(most);
        }
        if self.heads.iter().all(|head| head.state == State::Drained) && !self.wait() {
            return Ok(0);
        }
        let (Some(source), Some(head)) = (self.sources.first_mut(), self.heads.first_mut()) else { return Ok(0) };
        let (link_type, number, received) = (source.link_type, &mut self.number, &mut source.received);
        let given = source.capture.dispatch(Some(most.min(MOST)), |packet| {
            *number += 1;
            *received += 1;
            with(&lent(&packet, link_type, *number));
        });
        match given {
            Ok(count) => {
                head.state = if count < most.min(MOST) { State::Drained } else { State::Ask };
                Ok(count)
            }
            Err(error) => Err(Error::reading(&source.name, message(&error))),
        }
    }

    /// Waits until a source has something; false where none has.
    #[cold]
    fn wait(&mut self) -> bool {
        let mut fds: Vec<_> =
            self.sources.iter().map(|source| PollFd::new(source.capture.as_fd(), PollFlags::POLLIN)).collect();
        // A signal ends the wait as well; any other error shows when the sources are asked.
        let result = nix::poll::poll(&mut fds, self.idle);
        if matches!(result, Ok(0) | Err(nix::errno::Errno::EINTR)) {
            self.waits += 1;
            if self.waits < ASK_ANYWAY {
                return false;
            }
            // Of an interface that went down first and away later only libpcap hears.
            self.heads.iter_mut().for_each(|head| head.state = State::Ask);
        }
        self.waits = 0;
        for (fd, head) in fds.iter().zip(&mut self.heads) {
            if fd.any().unwrap_or(true) {
                head.state = State::Ask;
            }
        }
        true
    }

    /// The earliest of the packets that the sources have next.
    fn earliest(&mut self) -> Result<Poll<'_>, Error> {
        let all = self.number.is_multiple_of(ASK_AGAIN);
        for (source, head) in self.sources.iter_mut().zip(&mut self.heads) {
            if head.state == State::Ask || all && head.state == State::Drained {
                head.fill(source)?;
            }
        }
        let here = self.heads.iter().enumerate().filter(|(_, head)| head.state == State::Here);
        let Some((at, _)) = here.min_by_key(|(_, head)| head.time) else { return Ok(Poll::Idle) };
        let (Some(head), Some(source)) = (self.heads.get_mut(at), self.sources.get_mut(at)) else {
            return Ok(Poll::Idle);
        };
        head.state = State::Ask;
        source.received += 1;
        self.number += 1;
        Ok(Poll::Packet(Packet {
            id: PacketId::new(0, self.number),
            timestamp: Timestamp::from_nanos(head.time, source::digits()),
            link_type: source.link_type,
            data: &head.data,
            original_length: head.original_length,
            interface: at as u32,
        }))
    }

    /// What became of each interface's packets so far, in the order of [`Live::interfaces`].
    pub fn statistics(&mut self) -> Vec<Statistics> {
        self.sources
            .iter_mut()
            .map(|source| {
                let (dropped_by_kernel, dropped_by_interface) = source.dropped();
                Statistics { received: source.received, dropped_by_kernel, dropped_by_interface }
            })
            .collect()
    }

    /// The descriptors that packets come through, for whoever confines the process: what is
    /// written to a packet socket would be sent.
    pub fn descriptors(&self) -> Vec<RawFd> {
        self.sources.iter().map(|source| source.capture.as_fd().as_raw_fd()).collect()
    }

    /// Each interface whose buffer in the kernel is smaller than was asked for by more than a
    /// sixteenth, which rounding may cost, with its size in bytes, as far as the system says.
    pub fn smaller_buffers(&self, wanted: usize) -> Vec<(String, u64)> {
        let least = (wanted - wanted / 16) as u64;
        let sizes = self.sources.iter().filter_map(|source| Some((source.name.clone(), source.buffer_size()?)));
        sizes.filter(|(_, size)| *size < least).collect()
    }

    /// The interfaces that are captured on.
    pub fn interfaces(&self) -> Interfaces {
        self.interfaces.clone()
    }
}

impl Head {
    fn fill(&mut self, source: &mut Source) -> Result<(), Error> {
        match source.capture.next_packet() {
            Ok(packet) => {
                self.state = State::Here;
                self.time = nanos(packet.header);
                self.original_length = packet.header.len.max(packet.header.caplen);
                self.data.clear();
                self.data.extend_from_slice(packet.data);
                Ok(())
            }
            Err(pcap::Error::TimeoutExpired) => {
                self.state = State::Drained;
                Ok(())
            }
            Err(error) => Err(Error::reading(&source.name, message(&error))),
        }
    }
}

/// A packet of the only source, as libpcap lends it.
#[inline]
fn lent<'a>(packet: &pcap::Packet<'a>, link_type: LinkType, number: u64) -> Packet<'a> {
    Packet {
        id: PacketId::new(0, number),
        timestamp: Timestamp::from_nanos(nanos(packet.header), source::digits()),
        link_type,
        data: packet.data,
        original_length: packet.header.len.max(packet.header.caplen),
        interface: 0,
    }
}

/// The time of a packet since 1970.
#[inline]
#[allow(clippy::useless_conversion)] // not on every system
fn nanos(header: &pcap::PacketHeader) -> i64 {
    let (seconds, fraction) = (i64::from(header.ts.tv_sec), i64::from(header.ts.tv_usec));
    seconds.saturating_mul(1_000_000_000).saturating_add(fraction.saturating_mul(source::unit()))
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live")
            .field("interfaces", &self.interfaces)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
