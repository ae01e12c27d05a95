//! One open interface: its handle, its filter and its counters.
//!
//! This module refuses to know that there may be others.

use super::devices::Device;
use super::error::Error;
use super::options::Options;
use crate::capture::filter::{self, from_dlt, message};
use crate::capture::interface::Interface;
use crate::packet::LinkType;
use pcap::{Active, Capture};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Linux stamps packets in nanoseconds; libpcap elsewhere gives microseconds.
const NANOSECONDS: bool = cfg!(target_os = "linux");
/// In milliseconds. Not immediate mode, which on Linux costs a wake-up and a slot of the full
/// snapshot length for each packet; with a timeout of 1 ms the kernel hands over blocks.
const READ_TIMEOUT: i32 = 1;

/// The largest snapshot length, which libpcap cuts larger ones to.
const MAX_SNAPLEN: u32 = 262_144;

pub(super) struct Source {
    pub(super) name: String,
    pub(super) capture: Capture<Active>,
    pub(super) link_type: LinkType,
    /// Packets handed over.
    pub(super) received: u64,
    drops: Drops,
}

impl Source {
    pub(super) fn open(name: &str, options: &Options, devices: &[Device]) -> Result<Self, Error> {
        let known = devices.iter().find(|device| device.name == name);
        let loopback = known.is_some_and(|device| device.loopback);
        let promiscuous = options.promiscuous && !loopback && name != "any";
        let activated = match activate(name, options, promiscuous) {
            Err(_) if promiscuous => activate(name, options, false),
            activated => activated,
        };
        let mut capture = activated.map_err(|error| {
            let there =
                || devices.iter().filter(|device| device.is_network()).map(|device| device.name.clone()).collect();
            Error::opening(name, message(&error), there)
        })?;
        let link_type = from_dlt(capture.get_datalink().0);
        if loopback {
            ignore_outgoing(&capture);
        }
        if let Some(text) = &options.filter {
            set_filter(&mut capture, text, link_type)?;
        }
        let capture =
            capture.setnonblock().map_err(|error| Error::Open { name: name.to_owned(), reason: message(&error) })?;
        Ok(Self { drops: Drops::of(name), name: name.to_owned(), capture, link_type, received: 0 })
    }

    pub(super) fn interface(&self, options: &Options) -> Interface {
        Interface {
            name: Some(self.name.clone()),
            link_type: self.link_type,
            snaplen: snaplen(options),
            digits: digits(),
        }
    }

    /// How large the kernel's buffer is, in bytes; `None` where that cannot be known.
    pub(super) fn buffer_size(&self) -> Option<u64> {
        buffer_size(&self.capture)
    }

    /// Packets dropped since the capture began: by the kernel for want of room in its buffer,
    /// and by the interface or its driver.
    pub(super) fn dropped(&mut self) -> (u64, u64) {
        if let Ok(now) = self.capture.stats() {
            self.drops.update(now.dropped, now.if_dropped);
        }
        (self.drops.kernel, self.drops.interface())
    }
}

/// The size of the ring that a packet socket shares with us. libpcap asks for less and less until
/// the kernel has that much; only the list of mappings (`proc_pid_maps(5)`) says what came of it.
#[cfg(target_os = "linux")]
fn buffer_size(capture: &Capture<Active>) -> Option<u64> {
    let socket = nix::sys::stat::fstat(capture).ok()?.st_ino;
    mapped(&std::fs::read_to_string("/proc/self/maps").ok()?, socket)
}

#[cfg(not(target_os = "linux"))]
fn buffer_size(_: &Capture<Active>) -> Option<u64> {
    None
}

/// How many bytes of a socket are mapped, by its number; `None` where none are.
#[cfg(target_os = "linux")]
fn mapped(maps: &str, socket: u64) -> Option<u64> {
    let name = format!("socket:[{socket}]");
    let sizes = maps.lines().filter(|line| line.ends_with(&name)).filter_map(|line| {
        let (from, to) = line.split_whitespace().next()?.split_once('-')?;
        u64::from_str_radix(to, 16).ok()?.checked_sub(u64::from_str_radix(from, 16).ok()?)
    });
    sizes.reduce(u64::saturating_add)
}

fn snaplen(options: &Options) -> u32 {
    if options.snaplen == 0 { MAX_SNAPLEN } else { options.snaplen.min(MAX_SNAPLEN) }
}

/// How many decimal places of the second live times have.
pub(super) const fn digits() -> u8 {
    if NANOSECONDS { 9 } else { 6 }
}

/// Nanoseconds in a unit of the second field of a live time.
pub(super) const fn unit() -> i64 {
    if NANOSECONDS { 1 } else { 1000 }
}

fn activate(name: &str, options: &Options, promiscuous: bool) -> Result<Capture<Active>, pcap::Error> {
    let capture = Capture::from_device(name)?
        .snaplen(i32::try_from(snaplen(options)).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(options.buffer_size).unwrap_or(i32::MAX))
        .promisc(promiscuous)
        .timeout(READ_TIMEOUT);
    let capture = if NANOSECONDS { capture.precision(pcap::Precision::Nano) } else { capture };
    capture.open()
}

/// Keeps loopback's packets from filling the kernel's ring twice: Linux shows each on its way
/// out and on its way in, and libpcap throws the first away. (The filter `inbound` would do the
/// same, but libpcap runs every filter over the first block itself, without knowing directions.)
#[cfg(target_os = "linux")]
fn ignore_outgoing(capture: &Capture<Active>) {
    // Since Linux 4.20; before that the ring just holds less.
    let _ = nix::sys::socket::setsockopt(capture, outgoing::Ignore, &true);
}

#[cfg(not(target_os = "linux"))]
fn ignore_outgoing(_: &Capture<Active>) {}

#[cfg(target_os = "linux")]
mod outgoing {
    use nix::libc; // the macro below names it
    use std::ffi::c_int;

    /// The level of options of packet sockets, `packet(7)`.
    const SOL_PACKET: c_int = 263;
    /// `linux/if_packet.h`
    const PACKET_IGNORE_OUTGOING: c_int = 23;

    #[derive(Clone, Copy)]
    pub(super) struct Ignore;
    nix::setsockopt_impl!(Ignore, SOL_PACKET, PACKET_IGNORE_OUTGOING, bool, nix::sys::socket::sockopt::SetBool);
}

/// Sets the filter, and tells a bad one from one that does not fit the link.
fn set_filter(capture: &mut Capture<Active>, text: &str, link_type: LinkType) -> Result<(), Error> {
    capture.filter(text, true).map_err(|error| match filter::Filter::new(text) {
        Err(invalid) => invalid.into(),
        Ok(_) => filter::Error::LinkType { text: text.to_owned(), link_type, reason: message(&error) }.into(),
    })
}

/// What was dropped, in counters that do not wrap.
struct Drops {
    last_kernel: u32,
    kernel: u64,
    last_interface: u32,
    libpcap_interface: u64,
    system: Option<SystemDrops>,
}

impl Drops {
    fn of(name: &str) -> Self {
        Self { last_kernel: 0, kernel: 0, last_interface: 0, libpcap_interface: 0, system: SystemDrops::open(name) }
    }

    /// libpcap's counters have 32 bits.
    fn update(&mut self, kernel: u32, interface: u32) {
        self.kernel += u64::from(kernel.wrapping_sub(self.last_kernel));
        self.last_kernel = kernel;
        self.libpcap_interface += u64::from(interface.wrapping_sub(self.last_interface));
        self.last_interface = interface;
    }

    fn interface(&mut self) -> u64 {
        match &mut self.system {
            Some(system) => system.since(),
            // On Linux libpcap opens files for that figure, which a confined process may not:
            // it would count backwards.
            None if cfg!(target_os = "linux") => 0,
            None => self.libpcap_interface,
        }
    }
}

/// Linux's own counters of what an interface lost, kept open.
struct SystemDrops {
    files: Vec<File>,
    before: u64,
    /// The largest seen: the counters go with the interface.
    last: u64,
}

impl SystemDrops {
    /// The two that libpcap sums up as well.
    const COUNTERS: [&str; 2] = ["rx_missed_errors", "rx_fifo_errors"];

    fn open(name: &str) -> Option<Self> {
        let folder = Path::new("/sys/class/net").join(name).join("statistics");
        let files: Vec<_> = Self::COUNTERS.iter().filter_map(|counter| File::open(folder.join(counter)).ok()).collect();
        let mut drops = Self { files, before: 0, last: 0 };
        drops.before = drops.now();
        (!drops.files.is_empty()).then_some(drops)
    }

    fn now(&self) -> u64 {
        self.files.iter().map(read_number).sum()
    }

    fn since(&mut self) -> u64 {
        self.last = self.last.max(self.now());
        self.last.saturating_sub(self.before)
    }
}

/// The number that stands in a file; 0 where it cannot be read, as when its interface is gone.
fn read_number(file: &File) -> u64 {
    let mut text = [0; 24];
    let length = file.read_at(&mut text, 0).unwrap_or(0);
    let text = text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_go_on_where_32_bits_end() {
        let mut drops = Drops { last_kernel: 0, kernel: 0, last_interface: 0, libpcap_interface: 0, system: None };
        for (seen, want) in [(5, 5), (u32::MAX, u64::from(u32::MAX)), (3, u64::from(u32::MAX) + 4)] {
            drops.update(seen, 0);
            assert_eq!(drops.kernel, want);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_sockets_mappings_are_those_with_its_number() {
        let maps = "7f00-7f80 rw-s 00000000 00:08 17    socket:[17]\n\
                    8000-8100 rw-s 00000000 00:08 117   socket:[117]\n\
                    9000-9100 rw-s 00000000 00:08 17    socket:[17]\n\
                    a000-a100 r--p 00000000 08:01 17    /lib/x.so\n";
        assert_eq!((mapped(maps, 17), mapped(maps, 117), mapped(maps, 7)), (Some(0x180), Some(0x100), None));
    }

    #[test]
    fn reads_the_systems_numbers_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counter");
        for text in ["17\n", "18\n"] {
            std::fs::write(&path, text).unwrap();
            let file = File::open(&path).unwrap();
            assert_eq!(
                (read_number(&file), read_number(&file)),
                (text.trim().parse().unwrap(), text.trim().parse().unwrap())
            );
        }
    }
}
