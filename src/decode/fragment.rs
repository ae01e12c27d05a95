//! Fragments: of IP and of IEEE 802.11.

use crate::packet::Place;
use std::net::IpAddr;

/// What fragments of one datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// RFC 791 §3.2, RFC 8200 §4.5.
    Ip {
        source: IpAddr,
        destination: IpAddr,
        identification: u32,
        /// The protocol; 0 in IPv6, where only the first fragment's counts.
        protocol: u8,
    },
    /// IEEE 802.11-2020 §10.5.
    Wireless {
        transmitter: [u8; 6],
        receiver: [u8; 6],
        sequence: u16,
        /// The traffic identifier, where the frame has one.
        traffic: Option<u8>,
    },
}

/// One fragment's header fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    pub(super) key: Key,
    /// The protocol of the payload, if this is the first fragment.
    pub(super) protocol: u8,
    /// Where its first byte stands in the payload of the whole.
    pub(super) offset: usize,
    /// Whether others follow.
    pub(super) more: bool,
}

/// A stretch of a datagram's payload that one packet brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) captured: u32,
    /// Where its bytes stand in the order of arrival.
    pub(super) stored: u32,
    pub(super) place: Place,
}

impl Piece {
    /// All of a payload that was made of a packet's bytes, and stands in none.
    pub(super) fn decoded(bytes: &[u8], place: Place) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { start: 0, length, captured: length, stored: 0, place: place.decoded() }
    }

    pub(super) const fn start(&self) -> usize {
        self.start as usize
    }

    pub(super) const fn end(&self) -> usize {
        self.start as usize + self.length as usize
    }

    pub(super) const fn captured_end(&self) -> usize {
        self.start as usize + self.captured as usize
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }
}
