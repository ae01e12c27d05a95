//! Packets of made-up HTTP conversations: the same at each run.

use etherparse::PacketBuilder;
use plainsight::packet::{LinkType, Packet, PacketId, Timestamp};

pub(crate) const REQUEST: &str = "GET /item/4711?page=2 HTTP/1.1\r\nHost: shop.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\nAccept: text/html,application/xhtml+xml\r\n\
    Accept-Language: en-US,en;q=0.5\r\nConnection: keep-alive\r\n\r\n";
pub(crate) const RESPONSE: &str = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 20:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 1000\r\nConnection: keep-alive\r\n\r\n";

/// A capture in memory.
pub(crate) struct Traffic(Vec<Vec<u8>>);

impl Traffic {
    /// `connections` of them in turns, with so many exchanges each: a request of some 250 bytes, a
    /// response of some 1,150. Where `reordered`, each second response comes in two segments, the
    /// second first.
    pub(crate) fn new(connections: u16, exchanges: usize, reordered: bool) -> Self {
        let mut frames = Vec::new();
        let response = [RESPONSE.as_bytes(), &[b'a'; 1000]].concat();
        for n in 0..exchanges {
            for connection in 0..connections {
                let (asked, told) = (1 + n * REQUEST.len(), 1 + n * response.len());
                if n == 0 {
                    frames.push(frame(connection, true, 0, None, b""));
                    frames.push(frame(connection, false, 0, Some(1), b""));
                }
                frames.push(frame(connection, true, asked, Some(told), REQUEST.as_bytes()));
                let asked = asked + REQUEST.len();
                if reordered && n % 2 == 1 {
                    let (front, back) = response.split_at(500);
                    frames.push(frame(connection, false, told + 500, Some(asked), back));
                    frames.push(frame(connection, false, told, Some(asked), front));
                } else {
                    frames.push(frame(connection, false, told, Some(asked), &response));
                }
            }
        }
        Self(frames)
    }

    /// How many bytes they are.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The packets, ten microseconds apart.
    pub(crate) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        (1..).zip(&self.0).map(|(number, data)| Packet {
            id: PacketId::new(0, number),
            timestamp: Timestamp::from_nanos(1_795_467_000_000_000_000 + number.cast_signed() * 10_000, 6),
            link_type: LinkType::ETHERNET,
            data,
            original_length: data.len() as u32,
            interface: 0,
        })
    }
}

/// A frame of a connection; SYN where it stands at 0.
fn frame(connection: u16, client: bool, at: usize, acknowledges: Option<usize>, payload: &[u8]) -> Vec<u8> {
    let (a, b) = ([10, 0, (connection >> 8) as u8, connection as u8], [10, 255, 0, 1]);
    let (from, to, source, destination) = if client { (a, b, 40_000, 80) } else { (b, a, 80, 40_000) };
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let mut builder = ethernet.ipv4(from, to, 64).tcp(source, destination, at as u32, 65_000);
    if at == 0 {
        builder = builder.syn();
    }
    if let Some(acknowledges) = acknowledges {
        builder = builder.ack(acknowledges as u32);
    }
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).unwrap();
    packet
}
