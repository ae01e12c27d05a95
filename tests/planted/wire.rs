//! Packets made by hand: what two ends say, in segments cut where the test wants them.

use crate::kit::capture::{LITTLE, MICROS};
use crate::kit::wire::{ACK, Connection, ETHERNET, End, FIN, IPV4, PSH, TCP, UDP, datagram, fragments, on_ethernet};
use std::ops::Range;

/// A capture in the making.
pub struct Wire {
    file: Vec<u8>,
    packets: u64,
    streams: u32,
}

/// A TCP connection.
pub struct Stream {
    pub number: u64,
    connection: Connection,
}

/// A part of what was sent, and the packet that brought it.
pub struct Sent {
    pub range: Range<usize>,
    pub packet: u64,
    /// Of its first byte in the packet.
    pub offset: usize,
}

const SERVER: [u8; 4] = [10, 255, 0, 1];
const CLIENT_PORT: u16 = 40_000;

impl Wire {
    pub fn new() -> Self {
        Self { file: LITTLE.pcap(MICROS, (2, 4), 262_144, 1), packets: 0, streams: 0 }
    }

    pub fn file(&self) -> &[u8] {
        &self.file
    }

    fn frame(&mut self, frame: &[u8]) -> u64 {
        self.packets += 1;
        let micros = self.packets * 10;
        let second = 1_700_000_000 + (micros / 1_000_000) as u32;
        self.file.extend(LITTLE.whole_record(second, (micros % 1_000_000) as u32, frame));
        self.packets
    }

    /// Opens a connection of another client.
    pub fn connect(&mut self) -> Stream {
        let number = u64::from(self.streams);
        self.streams += 1;
        let [_, a, b, c] = self.streams.to_be_bytes();
        let mut connection = Connection::between(([10, a, b, c], CLIENT_PORT), (SERVER, 80), [1000, 5000]);
        for segment in connection.open() {
            self.frame(&segment.frame());
        }
        Stream { number, connection }
    }

    /// Says `bytes`, in segments that end at `cuts`.
    pub fn say(&mut self, stream: &mut Stream, from: End, bytes: &[u8], cuts: &[usize]) -> Vec<Sent> {
        let mut ends: Vec<_> = cuts.iter().copied().filter(|cut| (1..bytes.len()).contains(cut)).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        ends.dedup();
        let mut sent = Vec::new();
        let mut start = 0;
        for end in ends {
            // No larger than a network lets them be.
            while start < end {
                let stop = end.min(start + 1400);
                let packet = self.frame(&stream.connection.send(from, PSH | ACK, &bytes[start..stop]).frame());
                sent.push(Sent { range: start..stop, packet, offset: ETHERNET + IPV4 + TCP });
                start = stop;
            }
        }
        sent
    }

    /// Closes it from both ends.
    pub fn close(&mut self, mut stream: Stream) {
        for from in [End::Client, End::Server] {
            self.frame(&stream.connection.send(from, FIN | ACK, b"").frame());
        }
    }

    /// Sends a UDP datagram, in fragments that end at `cuts` (each a multiple of 8 in the datagram).
    pub fn datagram(&mut self, payload: &[u8], cuts: &[usize]) -> Vec<Sent> {
        // A client of its own, which opens no stream.
        let client = [172, 16, (self.packets >> 8) as u8, self.packets as u8];
        let datagram = datagram((client, CLIENT_PORT), (SERVER, 9999), payload);
        let end = datagram.len() - IPV4;
        let cuts = cuts.iter().copied().filter(|cut| (UDP..end).contains(cut));
        let (mut sent, mut start) = (Vec::new(), 0);
        for fragment in fragments(&datagram, 7, cuts) {
            let end = start + fragment.len() - IPV4;
            let packet = self.frame(&on_ethernet(&fragment));
            let header = UDP.saturating_sub(start);
            sent.push(Sent {
                range: (start + header).saturating_sub(UDP)..end - UDP,
                packet,
                offset: ETHERNET + IPV4 + header,
            });
            start = end;
        }
        sent
    }
}
