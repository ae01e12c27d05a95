//! The TCP and UDP headers, and the segments and datagrams behind them.
//!
//! It refuses to know what a stream is: each segment stands alone.

use super::counters::Reason;
use super::endpoint::{Endpoint, FourTuple};
use super::unit::{Datagram, Segment, TcpFlags, Unit};
use super::view::View;
use super::walk::{Found, Outcome, Walk};
use crate::packet::Place;
use etherparse::checksum::Sum16BitWords;
use etherparse::{TcpHeaderSlice, UdpHeaderSlice};
use std::net::IpAddr;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

/// Who an IP packet is from and for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
}

impl Addresses {
    #[inline]
    pub(super) const fn with_ports(self, source: u16, destination: u16) -> FourTuple {
        FourTuple {
            source: Endpoint { address: self.source, port: source },
            destination: Endpoint { address: self.destination, port: destination },
        }
    }
}

/// What a TCP header says (RFC 9293 §3.1), its length in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct TcpHeader {
    source: u16,
    destination: u16,
    sequence: u32,
    acknowledgment: u32,
    window: u16,
    flags: TcpFlags,
    length: usize,
}

impl TcpHeader {
    /// Reads the header at the start of `view`; by hand where the capture cut its options off, which
    /// `etherparse` refuses: the sequence numbers before them still tell the stream what is missing.
    fn parse(view: View<'_>) -> Result<Self, Reason> {
        let Ok(header) = TcpHeaderSlice::from_slice(view.bytes) else { return Self::read(view) };
        Ok(Self {
            source: header.source_port(),
            destination: header.destination_port(),
            sequence: header.sequence_number(),
            acknowledgment: header.acknowledgment_number(),
            window: header.window_size(),
            flags: TcpFlags(header.slice().get(13).copied().unwrap_or_default()),
            length: header.slice().len(),
        })
    }

    /// Reads the header at the start of `view` by hand.
    ///
    /// # Errors
    /// Where its fixed part was cut off, or it says that it is shorter than that.
    #[inline]
    pub(super) fn read(view: View<'_>) -> Result<Self, Reason> {
        let header: &[u8; 20] = view.bytes.first_chunk().ok_or(Reason::bad("tcp: header cut"))?;
        let &[s0, s1, d0, d1, n0, n1, n2, n3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = header;
        let length = usize::from(offset >> 4) * 4;
        if length < header.len() {
            return Err(Reason::bad("tcp: header length below 20"));
        }
        Ok(Self {
            source: u16::from_be_bytes([s0, s1]),
            destination: u16::from_be_bytes([d0, d1]),
            sequence: u32::from_be_bytes([n0, n1, n2, n3]),
            acknowledgment: u32::from_be_bytes([a0, a1, a2, a3]),
            window: u16::from_be_bytes([w0, w1]),
            flags: TcpFlags(flags),
            length,
        })
    }

    /// What follows the header in `view`.
    #[inline]
    pub(super) fn payload<'a>(&self, view: View<'a>) -> Result<View<'a>, Reason> {
        view.skip_cut(self.length).ok_or(Reason::bad("tcp: header longer than its segment"))
    }

    /// The segment with this header whose payload is at `place`.
    #[inline]
    pub(super) fn segment(self, addresses: Addresses, payload: &[u8], missing: usize, place: Place) -> Segment<'_> {
        Segment {
            four_tuple: addresses.with_ports(self.source, self.destination),
            sequence: self.sequence,
            acknowledgment: self.acknowledgment,
            window: self.window,
            flags: self.flags,
            payload,
            missing: u32::try_from(missing).unwrap_or(u32::MAX),
            place,
        }
    }
}

/// Whether the checksum over `view` and the pseudo-header is right, or can't be told
/// because the end was not captured.
pub(super) fn checksum_holds(protocol: u8, view: View<'_>, addresses: Addresses) -> bool {
    if view.missing > 0 {
        return true;
    }
    let mut sum = Sum16BitWords::new();
    match addresses.source {
        IpAddr::V4(address) => sum = sum.add_4bytes(address.octets()),
        IpAddr::V6(address) => sum = sum.add_16bytes(address.octets()),
    }
    match addresses.destination {
        IpAddr::V4(address) => sum = sum.add_4bytes(address.octets()),
        IpAddr::V6(address) => sum = sum.add_16bytes(address.octets()),
    }
    let length = u32::try_from(view.bytes.len()).unwrap_or(u32::MAX);
    sum = sum.add_4bytes(length.to_be_bytes()).add_2bytes([0, protocol]);
    sum.add_slice(view.bytes).ones_complement() == 0
}

impl Walk<'_> {
    /// A TCP segment: handed out whole, or, where fragments brought it, one a fragment.
    pub(super) fn tcp(&mut self, view: View<'_>, addresses: Addresses) -> Outcome {
        let mut header = TcpHeader::parse(view)?;
        let payload = header.payload(view)?;
        if self.verify_checksums() && !checksum_holds(TCP, view, addresses) {
            return Err(Reason::checksum("tcp: wrong checksum"));
        }
        self.note_checksum(view, 16, false);
        let mut left = payload.wire_length();
        let (origin, sink) = (self.origin, &mut *self.sink);
        origin.runs(payload, |run| {
            let length = run.bytes.len() + run.missing;
            left = left.saturating_sub(length);
            let held_back = if left == 0 { 0 } else { TcpFlags::FIN | TcpFlags::RST };
            let part = TcpHeader { flags: TcpFlags(header.flags.0 & !held_back), ..header };
            sink(Unit::Segment(part.segment(addresses, run.bytes, run.missing, run.place)));
            // The SYN itself takes a number before the payload's.
            header.sequence =
                header.sequence.wrapping_add(u32::from(header.flags.has(TcpFlags::SYN))).wrapping_add(length as u32);
            header.flags.0 &= !TcpFlags::SYN;
        });
        Ok(Found::Tcp)
    }

    /// A UDP datagram (RFC 768): what is tunnelled in it, or itself.
    pub(super) fn udp(&mut self, view: View<'_>, addresses: Addresses) -> Outcome {
        let header = UdpHeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad("udp: header cut"))?;
        // 0 is a jumbogram's length (RFC 2675 §4), and segmentation offload's.
        let view = match usize::from(header.length()) {
            0 => view,
            1..8 => return Err(Reason::bad("udp: length below 8")),
            length => view.limit(length),
        };
        if self.verify_checksums() && header.checksum() != 0 && !checksum_holds(UDP, view, addresses) {
            return Err(Reason::checksum("udp: wrong checksum"));
        }
        self.note_checksum(view, 6, true);
        let payload = view.skip(8).ok_or(Reason::bad("udp: header cut"))?;
        let (source, destination) = (header.source_port(), header.destination_port());
        if let Some(found) = self.udp_tunnel(source, destination, payload, addresses) {
            return found;
        }
        self.state.counters.bytes_cut += payload.missing as u64;
        (self.sink)(Unit::Datagram(Datagram {
            four_tuple: Some(addresses.with_ports(source, destination)),
            payload: payload.bytes,
            missing: u32::try_from(payload.missing).unwrap_or(u32::MAX),
            place: self.origin.place(payload),
        }));
        Ok(Found::Udp)
    }
}

#[cfg(test)]
mod tests {
    use super::{TcpHeader, View};
    use etherparse::TcpHeaderSlice;
    use proptest::prelude::*;

    proptest! {
        /// And what `etherparse` refuses and the other reads is nothing but cut options.
        #[test]
        fn tcp_headers_are_the_same_with_etherparse_and_by_hand(
            mut bytes in prop::collection::vec(any::<u8>(), 0..80),
            words in 0..16_u8,
            missing in 0..60_usize,
        ) {
            if let Some(offset) = bytes.get_mut(12) {
                *offset = words << 4;
            }
            let view = View { bytes: &bytes, start: 0, missing };
            let (parsed, by_hand) = (TcpHeader::parse(view), TcpHeader::read(view));
            prop_assert_eq!(format!("{parsed:?}"), format!("{by_hand:?}"));
            let is_cut = by_hand.is_ok_and(|header| header.length > bytes.len());
            prop_assert_eq!(TcpHeaderSlice::from_slice(&bytes).is_err(), parsed.is_err() || is_cut);
        }
    }
}
