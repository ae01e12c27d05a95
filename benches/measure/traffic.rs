//! Packets of made-up HTTP conversations: the same at each run.

use super::kit::capture::packet;
use super::kit::wire::{ACK, Connection, End, SYN};
use plainsight::packet::{LinkType, Packet, Timestamp};

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
        let connection = |n: u16| {
            let [high, low] = n.to_be_bytes();
            Connection::between(([10, 0, high, low], 40_000), ([10, 255, 0, 1], 80), [0, 0])
        };
        let mut connections: Vec<_> = (0..connections).map(connection).collect();
        for n in 0..exchanges {
            for connection in &mut connections {
                let mut send = |sender, flags, bytes| connection.send(sender, flags, bytes).frame();
                if n == 0 {
                    frames.push(send(End::Client, SYN, b""));
                    frames.push(send(End::Server, SYN | ACK, b""));
                }
                frames.push(send(End::Client, ACK, REQUEST.as_bytes()));
                if reordered && n % 2 == 1 {
                    let (front, back) = response.split_at(500);
                    let front = send(End::Server, ACK, front);
                    frames.push(send(End::Server, ACK, back));
                    frames.push(front);
                } else {
                    frames.push(send(End::Server, ACK, &response));
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
        (1_u64..).zip(&self.0).map(|(number, data)| {
            let time = Timestamp::from_nanos(1_795_467_000_000_000_000 + number.cast_signed() * 10_000, 6);
            packet(number, time, LinkType::ETHERNET, data)
        })
    }
}
