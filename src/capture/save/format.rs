//! How the records of a saved capture look, byte for byte.
//!
//! Little-endian always, so that the same packets give the same file on every machine. This
//! module refuses to know where the bytes go.

use crate::capture::file::{MAX_RECORD, ORDINARY_RECORD};
use crate::capture::interface::Interface;
use crate::packet::{LinkType, Packet, Timestamp};

const SECOND: i64 = 1_000_000_000;

/// The file format of a saved capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Classic pcap: one link type, micro- or nanoseconds.
    Pcap,
    /// pcapng: any number of interfaces, each with its link type and resolution.
    Pcapng,
}

/// A pcap file's header; nanoseconds where the times have more than six digits.
pub(super) fn pcap_header(out: &mut Vec<u8>, link_type: LinkType, snaplen: u32, nanos: bool) {
    let magic: u32 = if nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    out.extend(magic.to_le_bytes());
    out.extend([2, 0, 4, 0]);
    out.extend([0; 8]);
    out.extend(declared(snaplen).to_le_bytes());
    out.extend(u32::from(link_type.0).to_le_bytes());
}

/// A packet in a pcap file. Its seconds are unsigned and end in 2106.
pub(super) fn pcap_record(out: &mut Vec<u8>, packet: &Packet<'_>, nanos: bool) {
    let time = packet.timestamp.nanos();
    let seconds = u32::try_from(time.div_euclid(SECOND).max(0)).unwrap_or(u32::MAX);
    let fraction = u32::try_from(time.rem_euclid(SECOND)).unwrap_or(0) / if nanos { 1 } else { 1000 };
    let words = [seconds, fraction, length(packet), packet.original_length.max(length(packet))];
    out.extend(words.into_iter().flat_map(u32::to_le_bytes));
    out.extend(packet.data);
}

/// A pcapng section's header.
pub(super) fn section(out: &mut Vec<u8>) {
    block(out, 0x0a0d_0d0a, |out| {
        out.extend(0x1a2b_3c4d_u32.to_le_bytes());
        out.extend([1, 0, 0, 0]);
        out.extend([0xff; 8]); // its length is not known
    });
}

/// An interface's description in a pcapng file, with its times in units of 10^-`digits` seconds.
pub(super) fn interface(out: &mut Vec<u8>, interface: &Interface) {
    block(out, 1, |out| {
        out.extend(interface.link_type.0.to_le_bytes());
        out.extend([0, 0]);
        out.extend(declared(interface.snaplen).to_le_bytes());
        if let Some(name) = &interface.name {
            option(out, 2, name.as_bytes());
        }
        option(out, 9, &[interface.digits]);
        option(out, 0, b"");
    });
}

/// A packet in a pcapng file, of the interface with that number in the file.
pub(super) fn enhanced_packet(out: &mut Vec<u8>, packet: &Packet<'_>, interface: u32) {
    block(out, 6, |out| {
        let units = units(packet.timestamp);
        let words =
            [interface, (units >> 32) as u32, units as u32, length(packet), packet.original_length.max(length(packet))];
        out.extend(words.into_iter().flat_map(u32::to_le_bytes));
        out.extend(packet.data);
        pad(out, packet.data.len());
    });
}

/// A time in units of its own resolution; what is before 1970 cannot be said.
fn units(time: Timestamp) -> u64 {
    let unit = 10_i64.pow(9 - u32::from(time.digits()));
    u64::try_from(time.nanos().div_euclid(unit)).unwrap_or(0)
}

fn length(packet: &Packet<'_>) -> u32 {
    u32::try_from(packet.data.len()).unwrap_or(u32::MAX)
}

/// What is said of the snapshot length: never less than readers allow anyway, since files hold
/// longer packets than they declare and libpcap would cut those.
fn declared(snaplen: u32) -> u32 {
    if snaplen == 0 { MAX_RECORD } else { snaplen.clamp(ORDINARY_RECORD, MAX_RECORD) }
}

fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let total = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(total);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&total);
    }
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    pad(out, value.len());
}

/// Zeros up to the next multiple of four.
fn pad(out: &mut Vec<u8>, length: usize) {
    out.extend(std::iter::repeat_n(0, length.next_multiple_of(4) - length));
}
