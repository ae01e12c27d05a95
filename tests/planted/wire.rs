//! Packets made by hand: what two ends say, in segments cut where the test wants them.

use std::ops::Range;

/// A capture in the making.
pub struct Wire {
    file: Vec<u8>,
    packets: u64,
    streams: u32,
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

/// A TCP connection.
pub struct Stream {
    pub number: u64,
    client: [u8; 4],
    port: u16,
    next: [u32; 2],
}

/// A part of what was sent, and the packet that brought it.
pub struct Sent {
    pub range: Range<usize>,
    pub packet: u64,
    /// Of its first byte in the packet.
    pub offset: usize,
}

const SERVER: [u8; 4] = [10, 255, 0, 1];
const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

const SYN: u8 = 2;
const ACK: u8 = 16;
const PUSH: u8 = 24;
const FIN: u8 = 17;

impl Wire {
    pub fn new() -> Self {
        let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        for field in [0x0004_0002_u32, 0, 0, 262_144, 1] {
            file.extend(field.to_le_bytes());
        }
        Self { file, packets: 0, streams: 0 }
    }

    pub fn file(&self) -> &[u8] {
        &self.file
    }

    fn packet(&mut self, ip: &[u8]) -> u64 {
        self.packets += 1;
        let length = (ETHERNET.len() + ip.len()) as u32;
        let micros = self.packets * 10;
        for field in [1_700_000_000 + (micros / 1_000_000) as u32, (micros % 1_000_000) as u32, length, length] {
            self.file.extend(field.to_le_bytes());
        }
        self.file.extend(ETHERNET);
        self.file.extend(ip);
        self.packets
    }

    /// Another client, who has said nothing yet.
    fn client(&mut self) -> ([u8; 4], u16) {
        self.streams += 1;
        let [_, a, b, c] = self.streams.to_be_bytes();
        ([10, a, b, c], 40_000)
    }

    /// Opens a connection.
    pub fn connect(&mut self) -> Stream {
        let number = u64::from(self.streams);
        let (client, port) = self.client();
        let mut stream = Stream { number, client, port, next: [1000, 5000] };
        for (from, flags) in [(From::Client, SYN), (From::Server, SYN | ACK), (From::Client, ACK)] {
            self.segment(&mut stream, from, flags, b"");
        }
        stream
    }

    fn segment(&mut self, stream: &mut Stream, from: From, flags: u8, payload: &[u8]) -> u64 {
        let me = usize::from(from == From::Server);
        let ports = if me == 0 { [stream.port, 80] } else { [80, stream.port] };
        let mut tcp = ports.map(u16::to_be_bytes).concat();
        tcp.extend(stream.next[me].to_be_bytes());
        tcp.extend(stream.next[1 - me].to_be_bytes());
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(payload);
        let virtual_bytes = u32::from(flags & (SYN | FIN & !ACK) != 0);
        stream.next[me] = stream.next[me].wrapping_add(payload.len() as u32 + virtual_bytes);
        let ip = ipv4(6, 0, if me == 0 { (stream.client, SERVER) } else { (SERVER, stream.client) }, &tcp);
        self.packet(&ip)
    }

    /// Says `bytes`, in segments that end at `cuts`.
    pub fn say(&mut self, stream: &mut Stream, from: From, bytes: &[u8], cuts: &[usize]) -> Vec<Sent> {
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
                let packet = self.segment(stream, from, PUSH, &bytes[start..stop]);
                sent.push(Sent { range: start..stop, packet, offset: ETHERNET.len() + 40 });
                start = stop;
            }
        }
        sent
    }

    /// Closes it from both ends.
    pub fn close(&mut self, mut stream: Stream) {
        for from in [From::Client, From::Server] {
            self.segment(&mut stream, from, FIN, b"");
        }
    }

    /// Sends a UDP datagram, in fragments that end at `cuts` (each a multiple of 8 in the datagram).
    pub fn datagram(&mut self, payload: &[u8], cuts: &[usize]) -> Vec<Sent> {
        // A client of its own, which opens no stream.
        let client = [172, 16, (self.packets >> 8) as u8, self.packets as u8];
        let mut udp = [40_000, 9999, 8 + payload.len() as u16, 0].map(u16::to_be_bytes).concat();
        udp.extend(payload);
        let mut ends: Vec<_> = cuts.iter().copied().filter(|cut| (8..udp.len()).contains(cut)).collect();
        ends.push(udp.len());
        let (mut sent, mut start) = (Vec::new(), 0);
        for end in ends {
            let more = if end < udp.len() { 0x2000 } else { 0 };
            let ip = ipv4(17, (start / 8) as u16 | more, (client, SERVER), &udp[start..end]);
            let packet = self.packet(&ip);
            let header = 8_usize.saturating_sub(start);
            sent.push(Sent {
                range: (start + header).saturating_sub(8)..end - 8,
                packet,
                offset: ETHERNET.len() + 20 + header,
            });
            start = end;
        }
        sent
    }
}

fn ipv4(protocol: u8, fragment: u16, (from, to): ([u8; 4], [u8; 4]), payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let mut ip = vec![0x45, 0, length[0], length[1], 0, 7, high, low, 64, protocol, 0, 0];
    ip.extend(from);
    ip.extend(to);
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    ip.extend(payload);
    ip
}
