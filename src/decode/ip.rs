//! IPv4 and IPv6 with its extension headers, and what they carry.
//!
//! It refuses to know which link an IP packet came over.

use super::counters::Reason;
use super::fragment::{Fragment, Key};
use super::transport::{Addresses, TCP, UDP, checksum_holds};
use super::view::View;
use super::walk::{OrCut, Outcome, Walk};
use etherparse::checksum::Sum16BitWords;
use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    TcpHeaderSlice, UdpHeaderSlice, err::ipv4::HeaderSliceError,
};
use std::net::Ipv6Addr;

const HOP_BY_HOP: u8 = 0;
const ICMP: u8 = 1;
const IPV4: u8 = 4;
const IPV6: u8 = 41;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const GRE: u8 = 47;
const ESP: u8 = 50;
const AH: u8 = 51;
const ICMPV6: u8 = 58;
const DESTINATION_OPTIONS: u8 = 60;
const IPIP: u8 = 94;
const ETHER_IP: u8 = 97;
const IP_COMP: u8 = 108;
const L2TP: u8 = 115;
const MOBILITY: u8 = 135;
const MPLS: u8 = 137;
const HIP: u8 = 139;
const SHIM6: u8 = 140;
const ETHERNET: u8 = 143;

impl Walk<'_> {
    /// An IP packet of either version, as its first four bits say.
    pub(super) fn ip(&mut self, view: View<'_>) -> Outcome {
        self.deeper(|walk| match view.u8(0).map(|byte| byte >> 4) {
            Some(4) => walk.ipv4(view),
            Some(6) => walk.ipv6(view),
            Some(version) => Err(Reason::unknown("ip: version", version.into())),
            None => Err(Reason::bad("ip: empty")),
        })
    }

    /// An IP packet where nothing but a guess says that there is one.
    pub(super) fn plausible_ip(&mut self, view: View<'_>) -> Outcome {
        if is_plausible(view) { self.ip(view) } else { Err(Reason::bad("ip: implausible")) }
    }

    /// IPv4 (RFC 791).
    fn ipv4(&mut self, view: View<'_>) -> Outcome {
        let header = Ipv4HeaderSlice::from_slice(view.bytes).map_err(|error| match error {
            HeaderSliceError::Len(_) => Reason::bad("ip: header cut"),
            HeaderSliceError::Content(_) => Reason::bad("ip: header length below 20"),
        })?;
        let length = header.slice().len();
        // Segmentation offload leaves 0 for the card to fill in: the frame's length counts.
        let view = match usize::from(header.total_len()) {
            0 => view,
            total if total < length => return Err(Reason::bad("ip: length below its header")),
            total => view.limit(total),
        };
        if self.verify_checksums() && Sum16BitWords::new().add_slice(header.slice()).ones_complement() != 0 {
            return Err(Reason::checksum("ip: wrong checksum"));
        }
        let addresses =
            Addresses { source: header.source_addr().into(), destination: header.destination_addr().into() };
        let protocol = header.protocol().0;
        let payload = view.skip(length).or_cut("ip: header cut")?;
        if !header.is_fragmenting_payload() {
            return self.ip_payload(protocol, payload, addresses);
        }
        // A fragment that others follow ends on a unit of eight bytes; like Linux, cut to it.
        let more = header.more_fragments();
        let payload = if more { payload.limit(payload.wire_length() & !7) } else { payload };
        let key = Key::Ip {
            source: addresses.source,
            destination: addresses.destination,
            identification: header.identification().into(),
            protocol,
        };
        let offset = usize::from(header.fragments_offset().byte_offset());
        self.ip_fragment(Fragment { key, protocol, offset, more }, payload, addresses)
    }

    /// IPv6 (RFC 8200).
    fn ipv6(&mut self, view: View<'_>) -> Outcome {
        let header = Ipv6HeaderSlice::from_slice(view.bytes).map_err(|_| Reason::bad("ip: header cut"))?;
        let payload = view.skip(40).or_cut("ip: header cut")?;
        // 0 is a jumbogram's length (RFC 2675), and segmentation offload's.
        let payload = match usize::from(header.payload_length()) {
            0 => payload,
            length => payload.limit(length),
        };
        let addresses =
            Addresses { source: header.source_addr().into(), destination: header.destination_addr().into() };
        self.ip_payload(header.next_header().0, payload, addresses)
    }

    /// What an IP header says comes next, past the extension headers: as many as the packet
    /// has room for, at eight bytes or more each.
    pub(super) fn ip_payload(&mut self, protocol: u8, view: View<'_>, addresses: Addresses) -> Outcome {
        let (mut protocol, mut view, mut addresses) = (protocol, view, addresses);
        loop {
            let length = match protocol {
                TCP => return self.tcp(view, addresses),
                UDP => return self.udp(view, addresses),
                HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HIP | SHIM6 if addresses.source.is_ipv6() => {
                    let header = Ipv6RawExtHeaderSlice::from_slice(view.bytes)
                        .map_err(|_| Reason::bad("ip: extension header cut"))?;
                    if protocol == ROUTING
                        && let Some(destination) = final_destination(header.slice())
                    {
                        addresses.destination = destination.into();
                    }
                    protocol = header.next_header().0;
                    header.slice().len()
                }
                AH => {
                    let header = IpAuthHeaderSlice::from_slice(view.bytes)
                        .map_err(|_| Reason::bad("ip: authentication header cut"))?;
                    protocol = header.next_header().0;
                    header.slice().len()
                }
                FRAGMENT if addresses.source.is_ipv6() => {
                    let header = Ipv6FragmentHeaderSlice::from_slice(view.bytes)
                        .map_err(|_| Reason::bad("ip: fragment header cut"))?;
                    if header.is_fragmenting_payload() {
                        return self.ipv6_fragment(&header, view, addresses);
                    }
                    protocol = header.next_header().0;
                    header.slice().len()
                }
                _ => return self.tunnel(protocol, view, addresses),
            };
            view = view.skip(length).or_cut("ip: extension header cut")?;
        }
    }

    /// Everything that IP carries beside TCP and UDP.
    fn tunnel(&mut self, protocol: u8, view: View<'_>, addresses: Addresses) -> Outcome {
        if matches!(protocol, ICMP | ICMPV6) {
            // It quotes what it is about.
            self.note_checksum(view, 2, false);
        }
        match protocol {
            IPV4 | IPV6 | IPIP => self.ip(view),
            GRE => self.gre(view),
            ESP => self.esp_null(view, addresses),
            IP_COMP => self.ip_compressed(view, addresses),
            ETHER_IP => {
                let inner = view.skip(2).or_cut("etherip: header cut")?;
                self.ethernet(inner)
            }
            L2TP => self.l2tpv3(view),
            MPLS => self.mpls(view),
            ETHERNET => self.ethernet(view),
            other if has_no_stream(other) => Err(Reason::unknown("ip: protocol", other.into()).without_stream()),
            other => Err(nothing_for_us(other).unwrap_or(Reason::unknown("ip: protocol", other.into()))),
        }
    }

    fn ipv6_fragment(&mut self, header: &Ipv6FragmentHeaderSlice<'_>, view: View<'_>, addresses: Addresses) -> Outcome {
        let payload = view.skip(header.slice().len()).or_cut("ip: fragment header cut")?;
        let more = header.more_fragments();
        if more && payload.wire_length() % 8 != 0 {
            return Err(Reason::bad("ip: fragment length not a multiple of 8"));
        }
        let key = Key::Ip {
            source: addresses.source,
            destination: addresses.destination,
            identification: header.identification(),
            protocol: 0,
        };
        let offset = usize::from(header.fragment_offset().byte_offset());
        self.ip_fragment(Fragment { key, protocol: header.next_header().0, offset, more }, payload, addresses)
    }

    fn ip_fragment(&mut self, fragment: Fragment, view: View<'_>, addresses: Addresses) -> Outcome {
        if view.wire_length() == 0 {
            return Err(Reason::bad("ip: empty fragment"));
        }
        self.fragment(fragment, view, |walk, protocol, view| walk.ip_payload(protocol, view, addresses))
    }
}

/// Protocols without a name here that wrap no other and carry no stream: gateways' and reservations' own
/// (GGP, EGP, IGP, RSVP, NARP), DCCP and UDP-Lite, whose datagrams stand alone, and experiments (RFC 3692).
const fn has_no_stream(protocol: u8) -> bool {
    matches!(protocol, 3 | 8 | 9 | 33 | 46 | 54 | 136 | 253..=255)
}

/// Protocols that carry no stream or datagram, by name.
const fn nothing_for_us(protocol: u8) -> Option<Reason> {
    Some(match protocol {
        1 => Reason::idle("icmp"),
        2 => Reason::idle("igmp"),
        58 => Reason::idle("icmpv6"),
        59 => Reason::idle("ip: no next header"),
        88 => Reason::idle("eigrp"),
        89 => Reason::idle("ospf"),
        103 => Reason::idle("pim"),
        112 => Reason::idle("vrrp"),
        132 => Reason::idle("sctp"),
        _ => return None,
    })
}

/// Where a packet with an unfinished routing header goes in the end, which is the
/// address that answers: the last of the list in types 0 and 2 (RFC 2460 §4.4,
/// RFC 6275 §6.4), the first in segment routing (RFC 8754 §2).
fn final_destination(header: &[u8]) -> Option<Ipv6Addr> {
    let (&kind, &left) = (header.get(2)?, header.get(3)?);
    if left == 0 {
        return None;
    }
    let addresses = header.get(8..)?;
    let address: [u8; 16] = match kind {
        0 | 2 => *addresses.last_chunk()?,
        4 => *addresses.first_chunk()?,
        _ => return None,
    };
    Some(address.into())
}

/// Whether `view` starts with an IP header that agrees with its length and its checksum
/// (or has none), for places where only a guess says that it is one.
fn is_plausible(view: View<'_>) -> bool {
    match view.u8(0).map(|byte| byte >> 4) {
        Some(4) => Ipv4HeaderSlice::from_slice(view.bytes).is_ok_and(|header| {
            let total = usize::from(header.total_len());
            let sum = Sum16BitWords::new().add_slice(header.slice()).ones_complement();
            (header.slice().len()..=view.wire_length()).contains(&total) && (sum == 0 || header.header_checksum() == 0)
        }),
        Some(6) => Ipv6HeaderSlice::from_slice(view.bytes).is_ok_and(|header| {
            let total = usize::from(header.payload_length()) + 40;
            let known = match header.next_header().0 {
                HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS | TCP | UDP | IPV4 | IPV6 | GRE | ESP | AH => {
                    true
                }
                other => nothing_for_us(other).is_some(),
            };
            known && (41..=view.wire_length()).contains(&total)
        }),
        _ => false,
    }
}

/// Whether the payload of an IP packet without a header of its own to check is what
/// `protocol` says, judged by everything that can be checked.
pub(super) fn payload_is_plausible(protocol: u8, view: View<'_>, addresses: Addresses) -> bool {
    match protocol {
        TCP => TcpHeaderSlice::from_slice(view.bytes).is_ok() && checksum_holds(TCP, view, addresses),
        UDP => UdpHeaderSlice::from_slice(view.bytes).is_ok_and(|header| {
            usize::from(header.length()) == view.bytes.len()
                && (header.checksum() == 0 || checksum_holds(UDP, view, addresses))
        }),
        IPV4 | IPV6 => is_plausible(view),
        _ => false,
    }
}
