//! The decoder: one packet in, the segments and datagrams inside it out.
//!
//! What nearly every packet is goes a short way of its own; the layers themselves are not
//! known here.

use super::config::Config;
use super::counters::Counters;
use super::fragments::{Bounds, Fragments};
use super::layout::Layout;
use super::transport::{Addresses, TCP, TcpHeader};
use super::unit::{Segment, Unit};
use super::view::{Origin, View};
use super::walk::{Found, State, Walk};
use crate::packet::{LinkType, Packet, Place};
use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

/// Takes packets apart. Keeps nothing between packets but waiting fragments.
#[derive(Debug)]
pub struct Decoder {
    state: State,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl Decoder {
    /// A decoder that has seen no packet.
    pub fn new(config: Config) -> Self {
        let bounds = Bounds {
            memory: config.fragment_memory,
            age_nanos: config.fragment_age_nanos,
            age_packets: config.fragment_age_packets,
        };
        let (fragments, counters) = (Fragments::new(bounds), Counters::default());
        Self { state: State { config, fragments, counters, handed_out: false, layout: None } }
    }

    /// Decodes one packet, handing each segment and datagram in it to `sink`: most often
    /// one, the packet's own bytes as a datagram without ends for what is not understood (counted
    /// by reason), several for the fragments of a datagram that this packet completes.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(Unit<'_>)) {
        self.state.counters.packets += 1;
        if let Some(segment) = self.plain_segment(packet) {
            self.state.counters.tcp += 1;
            return sink(Unit::Segment(segment));
        }
        self.any_packet(packet, sink);
    }

    /// As [`Decoder::packet`] without its fast path, to compare the two.
    pub(super) fn layered_packet(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(Unit<'_>)) {
        self.state.counters.packets += 1;
        self.any_packet(packet, sink);
    }

    /// Writes down from now on where checksums and fragments stand, for [`Decoder::layout`].
    #[must_use]
    pub(crate) fn with_layout(mut self) -> Self {
        self.state.layout = Some(Box::default());
        self
    }

    /// What was written down of the latest packet, where that was asked for.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.state.layout.as_deref()
    }

    /// What was counted so far.
    pub const fn counters(&self) -> &Counters {
        &self.state.counters
    }

    /// Says that no packet follows: fragments that still wait are counted as let go.
    pub fn finish(&mut self) {
        self.state.fragments.finish(&mut self.state.counters);
    }

    /// What the waiting fragments cost, in bytes.
    pub const fn memory(&self) -> usize {
        self.state.fragments.memory()
    }

    /// The short way, for a whole TCP segment in one IP packet straight on the link. It
    /// decides nothing that the long way would decide otherwise, and counts nothing.
    #[inline]
    pub(super) fn plain_segment<'p>(&self, packet: &Packet<'p>) -> Option<Segment<'p>> {
        let data = packet.data;
        if self.state.config.verify_checksums || self.state.layout.is_some() {
            return None;
        }
        let start = match packet.link_type {
            LinkType::ETHERNET if is_ip(data.get(12..14)?) => 14,
            // From Ethernet and loopback devices.
            LinkType::LINUX_SLL2 if is_ip(data.get(..2)?) && matches!(data.get(8..10)?, [0, 1] | [3, 4]) => 20,
            LinkType::LINUX_SLL if is_ip(data.get(14..16)?) && matches!(data.get(2..4)?, [0, 1] | [3, 4]) => 16,
            LinkType::NULL if matches!(data.get(..4)?, [0, 0, 0, 2] | [2 | 30, 0, 0, 0]) => 4,
            LinkType::RAW => 0,
            _ => return None,
        };
        let missing = (packet.original_length as usize).saturating_sub(data.len());
        let ip = View { bytes: data, start: 0, missing }.skip(start)?;
        let (segment, addresses) = match ip.u8(0)? >> 4 {
            4 => {
                let header = Ipv4HeaderSlice::from_slice(ip.bytes).ok()?;
                let (total, length) = (usize::from(header.total_len()), header.slice().len());
                if header.protocol().0 != TCP || header.is_fragmenting_payload() || total < length {
                    return None;
                }
                let addresses =
                    Addresses { source: header.source_addr().into(), destination: header.destination_addr().into() };
                (ip.limit(total).skip(length)?, addresses)
            }
            6 => {
                let header = Ipv6HeaderSlice::from_slice(ip.bytes).ok()?;
                let length = usize::from(header.payload_length());
                if header.next_header().0 != TCP || length == 0 {
                    return None;
                }
                let addresses =
                    Addresses { source: header.source_addr().into(), destination: header.destination_addr().into() };
                (ip.skip(40)?.limit(length), addresses)
            }
            _ => return None,
        };
        let header = TcpHeader::read(segment).ok()?;
        let payload = header.payload(segment).ok()?;
        let offset = u32::try_from(payload.start).ok();
        let place = Place { packet: packet.id, time: packet.timestamp, offset };
        Some(header.segment(addresses, payload.bytes, payload.missing, place))
    }

    /// The long way, for everything.
    #[inline(never)]
    fn any_packet(&mut self, packet: &Packet<'_>, sink: &mut dyn FnMut(Unit<'_>)) {
        let missing = (packet.original_length as usize).saturating_sub(packet.data.len());
        if let Some(layout) = self.state.layout.as_deref_mut() {
            layout.clear();
        }
        self.state.handed_out = false;
        let mut walk = Walk {
            state: &mut self.state,
            origin: Origin::Packet(packet.id, packet.timestamp),
            time: packet.timestamp,
            sink,
            depth: 0,
        };
        let view = View { bytes: packet.data, start: 0, missing };
        let outcome = walk.link(packet.link_type, view);
        if outcome.is_err() {
            walk.hand_out(view);
        }
        let counters = &mut self.state.counters;
        match outcome {
            Ok(Found::Tcp) => counters.tcp += 1,
            Ok(Found::Udp) => counters.udp += 1,
            Ok(Found::Fragment) => counters.fragments += 1,
            Err(reason) => counters.refuse(reason),
        }
    }
}

/// Whether these two bytes are IP's `EtherType`, of either version.
#[inline]
fn is_ip(ether_type: &[u8]) -> bool {
    matches!(ether_type, [0x08, 0x00] | [0x86, 0xdd])
}
