//! Packets made by hand: TCP segments, UDP datagrams, and the headers that carry them.
//!
//! Every length and checksum is right. A test that needs a malformed header changes its bytes.

use etherparse::{IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, TcpHeader, UdpHeader};
use std::net::{IpAddr, SocketAddr};

/// The bits of a TCP header's flags (RFC 9293 §3.1).
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const URG: u8 = 0x20;
pub(crate) const ECE: u8 = 0x40;
pub(crate) const CWR: u8 = 0x80;

/// The length in bytes of an Ethernet header.
pub(crate) const ETHERNET: usize = 14;
/// The length in bytes of an IPv4 header without options.
pub(crate) const IPV4: usize = 20;
/// The length in bytes of a TCP header without options.
pub(crate) const TCP: usize = 20;
/// The length in bytes of a UDP header.
pub(crate) const UDP: usize = UdpHeader::LEN;

/// The protocol numbers of IP.
const TCP_NUMBER: u8 = 6;
const UDP_NUMBER: u8 = 17;

/// A TCP segment without options: no flag, and 0 for each number, unless they are set.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    source: SocketAddr,
    destination: SocketAddr,
    sequence: u32,
    acknowledgment: u32,
    flags: u8,
    payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// An empty segment from `source` to `destination`.
    pub(crate) fn between(source: impl Into<SocketAddr>, destination: impl Into<SocketAddr>) -> Self {
        let (source, destination) = (source.into(), destination.into());
        Self { source, destination, sequence: 0, acknowledgment: 0, flags: 0, payload: b"" }
    }

    /// Sets the sequence number.
    pub(crate) fn seq(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Sets the acknowledgment number and the flag [`ACK`].
    pub(crate) fn ack(self, acknowledgment: u32) -> Self {
        Self { acknowledgment, flags: self.flags | ACK, ..self }
    }

    /// Sets flags beside those that are set.
    pub(crate) fn flags(self, flags: u8) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    /// Sets the payload.
    pub(crate) fn payload(self, payload: &'a [u8]) -> Self {
        Self { payload, ..self }
    }

    /// The TCP header and the payload.
    pub(crate) fn transport(self) -> Vec<u8> {
        let mut header = TcpHeader::new(self.source.port(), self.destination.port(), self.sequence, u16::MAX);
        header.acknowledgment_number = self.acknowledgment;
        let is_set = |flag| self.flags & flag != 0;
        (header.fin, header.syn, header.rst) = (is_set(FIN), is_set(SYN), is_set(RST));
        (header.psh, header.ack, header.urg) = (is_set(PSH), is_set(ACK), is_set(URG));
        (header.ece, header.cwr) = (is_set(ECE), is_set(CWR));
        let checksum = match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                header.calc_checksum_ipv4_raw(from.octets(), to.octets(), self.payload)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                header.calc_checksum_ipv6_raw(from.octets(), to.octets(), self.payload)
            }
            _ => panic!("both ends have one version of IP"),
        };
        header.checksum = checksum.expect("a payload that fits");
        [&header.to_bytes()[..], self.payload].concat()
    }

    /// The segment in an IP packet.
    pub(crate) fn packet(self) -> Vec<u8> {
        ip(self.source.ip(), self.destination.ip(), TCP_NUMBER, &self.transport())
    }

    /// The segment in an IP packet on Ethernet.
    pub(crate) fn frame(self) -> Vec<u8> {
        on_ethernet(&self.packet())
    }
}

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

/// A TCP connection that knows the next sequence number of each end.
pub(crate) struct Connection {
    client: SocketAddr,
    server: SocketAddr,
    /// Of the client and of the server.
    next: [u32; 2],
}

impl Connection {
    /// A connection in which the client and the server begin with these sequence numbers.
    pub(crate) fn between(client: impl Into<SocketAddr>, server: impl Into<SocketAddr>, first: [u32; 2]) -> Self {
        Self { client: client.into(), server: server.into(), next: first }
    }

    /// The next segment of `sender`. It acknowledges all that the other end has sent if `flags` has [`ACK`].
    pub(crate) fn send<'a>(&mut self, sender: End, flags: u8, payload: &'a [u8]) -> Segment<'a> {
        let (own, other, segment) = match sender {
            End::Client => (0, 1, Segment::between(self.client, self.server)),
            End::Server => (1, 0, Segment::between(self.server, self.client)),
        };
        let segment = segment.seq(self.next[own]).flags(flags).payload(payload);
        let numbers = payload.len() as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        self.next[own] = self.next[own].wrapping_add(numbers);
        if flags & ACK == 0 { segment } else { segment.ack(self.next[other]) }
    }

    /// The three segments that open it.
    pub(crate) fn open(&mut self) -> [Segment<'static>; 3] {
        [(End::Client, SYN), (End::Server, SYN | ACK), (End::Client, ACK)]
            .map(|(sender, flags)| self.send(sender, flags, b""))
    }
}

/// A UDP datagram in an IP packet.
pub(crate) fn datagram(source: impl Into<SocketAddr>, destination: impl Into<SocketAddr>, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = (source.into(), destination.into());
    let length = u16::try_from(UDP + payload.len()).expect("a payload that fits");
    let mut header =
        UdpHeader { source_port: source.port(), destination_port: destination.port(), length, checksum: 0 };
    let checksum = match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload),
        (IpAddr::V6(from), IpAddr::V6(to)) => header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload),
        _ => panic!("both ends have one version of IP"),
    };
    header.checksum = checksum.expect("a payload that fits");
    ip(source.ip(), destination.ip(), UDP_NUMBER, &[&header.to_bytes()[..], payload].concat())
}

/// An IP packet without options and extension headers.
pub(crate) fn ip(source: impl Into<IpAddr>, destination: impl Into<IpAddr>, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a payload that fits");
    match (source.into(), destination.into()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let header = Ipv4Header::new(length, 64, IpNumber(protocol), from.octets(), to.octets());
            ipv4(header.expect("a payload that fits"), payload)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: length,
                next_header: IpNumber(protocol),
                hop_limit: 64,
                source: from.octets(),
                destination: to.octets(),
            };
            [&header.to_bytes()[..], payload].concat()
        }
        _ => panic!("both ends have one version of IP"),
    }
}

fn ipv4(mut header: Ipv4Header, payload: &[u8]) -> Vec<u8> {
    header.header_checksum = header.calc_header_checksum();
    [&header.to_bytes()[..], payload].concat()
}

/// The fragments of an IPv4 packet, which end at `cuts` of its payload, each a multiple of 8 bytes.
pub(crate) fn fragments(packet: &[u8], identification: u16, cuts: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let (header, payload) = Ipv4Header::from_slice(packet).expect("an IPv4 packet");
    let mut start = 0;
    let ends = cuts.into_iter().chain([payload.len()]);
    let fragment = |end: usize| {
        let mut header = header.clone();
        header.set_payload_len(end - start).expect("less than the whole");
        (header.identification, header.dont_fragment) = (identification, false);
        header.more_fragments = end < payload.len();
        assert!(start.is_multiple_of(8), "a fragment begins at {start}");
        header.fragment_offset = u16::try_from(start / 8).ok().and_then(|at| at.try_into().ok()).expect("within it");
        let fragment = ipv4(header, &payload[start..end]);
        start = end;
        fragment
    };
    ends.map(fragment).collect()
}

/// An IP packet on Ethernet.
pub(crate) fn on_ethernet(packet: &[u8]) -> Vec<u8> {
    let is_ipv6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
    frame(if is_ipv6 { 0x86dd } else { 0x0800 }, packet)
}

/// An Ethernet frame with any payload.
pub(crate) fn frame(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &ether_type.to_be_bytes()[..], payload].concat()
}

/// A frame of a WebSocket (RFC 6455 §5.2): `first` is its first byte, and `key` masks the payload.
pub(crate) fn web_socket(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    if payload.len() < 126 {
        frame.push(mask | payload.len() as u8);
    } else {
        frame.push(mask | 0x7e);
        frame.extend(u16::try_from(payload.len()).expect("less than 64 KiB").to_be_bytes());
    }
    frame.extend(key.iter().flatten());
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key.map_or(0, |key| key[at % 4])));
    frame
}
