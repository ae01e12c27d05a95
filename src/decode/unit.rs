//! What decoding hands out.

use super::endpoint::FourTuple;
use crate::packet::Place;

/// The control bits of a TCP header (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer counts.
    pub const URG: u8 = 0x20;

    /// Whether any of `bits` is set.
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

/// One TCP segment. A segment that came in several IP fragments is handed out as
/// several of these, one a fragment, so that each byte keeps its own packet; the
/// flags SYN stands on the first and FIN and RST on the last of them only.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Sender and receiver.
    pub four_tuple: FourTuple,
    /// The sequence number of the first payload byte (of the SYN, where it is set).
    pub sequence: u32,
    /// The acknowledgement number; meaningful where [`TcpFlags::ACK`] is set.
    pub acknowledgment: u32,
    /// The window as in the header, not scaled.
    pub window: u16,
    /// The control bits.
    pub flags: TcpFlags,
    /// The payload as far as it was captured.
    pub payload: &'a [u8],
    /// How many payload bytes followed on the wire that the capture cut off.
    pub missing: u32,
    /// Where the first payload byte stands (for an empty payload: where it would).
    pub place: Place,
}

/// One UDP datagram, or the bytes of a packet in which there is neither that nor a TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Sender and receiver; `None` where the bytes are a whole packet's, or a payload put together from
    /// fragments, that holds no datagram of UDP.
    pub four_tuple: Option<FourTuple>,
    /// The payload as far as it was captured.
    pub payload: &'a [u8],
    /// How many payload bytes followed on the wire that the capture cut off.
    pub missing: u32,
    /// Where the first payload byte stands.
    pub place: Place,
}

/// What decoding a packet yields.
#[derive(Debug, Clone, Copy)]
pub enum Unit<'a> {
    /// A TCP segment, or the part of one that a fragment brought.
    Segment(Segment<'a>),
    /// A UDP datagram that was no tunnel, or bytes that are nothing else.
    Datagram(Datagram<'a>),
}
